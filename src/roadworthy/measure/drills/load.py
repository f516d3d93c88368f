"""The load drill: cases arrive at a rate that nobody waits for, and the time until each is decided counts."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.mirrored import (
    Mirrored,
    Progress,
    Traffic,
    crew_of,
    in_charge,
    settled,
    silent,
)
from roadworthy.measure.fact import Fact
from roadworthy.ports.rehearsing import Used
from roadworthy.release import Release

MONTH_S = 30 * 86_400
PEAK = 10.0
"""So many times the mean of the month: what a busy hour of a use case with office hours comes to, and some more."""
FEWEST = 100
"""So many cases arrive at least: a 95th percentile of fewer says little."""


@dataclass(frozen=True, slots=True)
class Load:
    """How hard. ``factor`` times the mean rate that the charter promises, or ``rate`` cases a second."""

    seconds: float = 20.0
    factor: float = PEAK
    rate: float = 0.0
    workers: int = 2
    seed: int = 7

    def check(self) -> None:
        """Errors: ``InputProblem`` RW-DRILL-008 for figures with which nothing can be measured."""
        wrong = [
            Problem("expected more than 0", place=name)
            for name, value in (
                ("seconds", self.seconds),
                ("factor", self.factor),
                ("workers", self.workers),
            )
            if not (math.isfinite(value) and value > 0)
        ]
        if not (math.isfinite(self.rate) and self.rate >= 0):
            wrong.append(Problem("expected 0 or more cases a second", place="rate"))
        if wrong:
            raise InputProblem("RW-DRILL-008", wrong)


def load_drill(
    mirror: Mirrored, release: Release, asked: Load, *, progress: Progress = silent
) -> tuple[Fact, ...]:
    """What the rate of the charter, times a factor, does to the time until a case is decided.

    Arrivals are drawn beforehand (exponential gaps, seeded) and never wait for anything; the time counts from
    the drawn moment, so that a queue before the door counts too, until the case is over or with a person.
    What is not decided in the end counts with the time it has waited so far.
    """
    asked.check()
    charter = mirror.deployment.loader.charter(release.digest)
    release = in_charge(mirror, release)
    mean = charter.value.cases_per_month / MONTH_S
    rate = asked.rate or max(mean * asked.factor, FEWEST / asked.seconds)
    traffic = Traffic(mirror, release, seed=asked.seed)
    crew = crew_of(mirror, asked.workers, progress)
    _warm(traffic)
    due: dict[str, float] = {}
    at = 0.0
    begun, begun_at = time.monotonic(), mirror.deployment.now().timestamp()
    while (at := at + traffic.random.expovariate(rate)) <= asked.seconds:
        time.sleep(max(0.0, begun + at - time.monotonic()))
        due[traffic.send()[0]] = begun_at + at
        progress("cases arrive", round(at), round(asked.seconds))
    time.sleep(max(0.0, begun + asked.seconds - time.monotonic()))
    queue = sum(not settled(case) for case in traffic.cases() if case.key in due)
    limit = charter.slo.p95_seconds
    until = time.monotonic() + max(limit, 10.0)
    while (left := traffic.left()) and time.monotonic() < until:
        progress("the queue empties", len(traffic.keys) - left, len(traffic.keys))
        time.sleep(0.1)
    now = mirror.deployment.now().timestamp()
    waits, undecided = [], 0
    for case in traffic.cases():
        if case.key in due:
            undecided += not settled(case)
            waits.append((case.updated_at.timestamp() if settled(case) else now) - due[case.key])
    used = [took for worker in crew if (took := worker.end())]
    return _facts(mirror, asked, sorted(waits), limit, mean, rate, queue, undecided, used)


def _warm(traffic: Traffic) -> None:
    """The first case of every process loads the release: that is a start and no load."""
    traffic.send(8)
    until = time.monotonic() + 60
    while traffic.left() and time.monotonic() < until:
        time.sleep(0.05)


def _facts(
    mirror: Mirrored,
    asked: Load,
    waits: list[float],
    limit: float,
    mean: float,
    rate: float,
    queue: int,
    undecided: int,
    used: list[Used],
) -> tuple[Fact, ...]:
    n = len(waits)
    in_time = sum(wait <= limit for wait in waits)
    detail: dict[str, object] = {
        "arrivals_per_second": round(rate, 4), "charter_per_second": round(mean, 6),
        "p50_seconds": round(nearest(waits, 0.50), 3), "p99_seconds": round(nearest(waits, 0.99), 3),
        "seconds": asked.seconds, "workers": asked.workers, "seed": asked.seed, "queue_at_end": queue,
        "undecided": undecided, "cpu_seconds": round(sum(one.cpu_s for one in used), 2),
        "peak_mb_a_worker": round(max((one.peak_mb for one in used), default=0.0)),
    }  # fmt: skip
    method = f"open-loop arrivals for {asked.seconds:g} s, from drawn arrival until over or with a person"
    held = in_time / asked.seconds
    return (
        Fact(
            kind="operation.load_p95_seconds", value=nearest(waits, 0.95), unit="seconds", n=n, method=method,
            of_release=True, valid_days=90, simulated=mirror.simulated, detail=detail,
        ),
        Fact(
            kind="operation.load_held", value=held / mean, unit="times the charter's rate", n=n,
            method=f"cases decided within slo.p95_seconds, a second of {asked.seconds:g} s of arrivals",
            of_release=True, valid_days=90, simulated=mirror.simulated,
            detail={"per_second": round(held, 4), "in_time": in_time},
        ),
    )  # fmt: skip


def nearest(ascending: list[float], part: float) -> float:
    """The nearest-rank percentile; no number where there is nothing."""
    if not ascending:
        return math.nan
    return ascending[max(0, math.ceil(part * len(ascending)) - 1)]
