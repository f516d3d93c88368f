"""What could be cheaper, by how much in a year, and what is known about the quality it would cost.

Nothing here is applied. Each is an offer: a release to build and to bring through the gate like any other.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from scipy import special

from roadworthy.business.costs.rows import OneCase, Repeats, StepCost, Work
from roadworthy.quantities import Cost
from roadworthy.trust import Comparison

DAYS_OF_A_YEAR: Final = 365
LEAST_OF_SLICE: Final = 30
NEXT: Final = "to be tested as a release"
# Answers of systems change under the hand; a cache would show yesterday's.
_READS = "call:"


@dataclass(frozen=True, slots=True)
class Advice:
    """One offer. ``yearly`` is what it would save at the volume seen, at most; ``ready``: evidence says that
    quality stands, else ``risk`` says what is to be measured first. ``evaluation`` is the one that the risk rests
    on, empty where none does."""

    kind: str
    subject: str
    yearly: Cost
    evidence: str
    risk: str
    ready: bool
    next_step: str = NEXT
    evaluation: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; money as text."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "yearly": str(self.yearly),
            "evidence": self.evidence,
            "risk": self.risk,
            "ready": self.ready,
            "next": self.next_step,
            "evaluation": self.evaluation,
        }


def fewer_retries(steps: Iterable[StepCost], *, days: int) -> list[Advice]:
    """Steps whose live attempts are interrupted, and what that costs."""
    lost: dict[tuple[str, str], tuple[int, int, Cost]] = {}
    for row in steps:
        if row.work is Work.LIVE and row.interrupted.nano:
            key = (row.step, row.interrupted.currency)
            calls, again, cost = lost.get(key, (0, 0, Cost(0, row.interrupted.currency)))
            lost[key] = (
                calls + row.calls,
                again + row.attempts - row.calls,
                cost + row.interrupted,
            )
    return [
        Advice(
            "fewer retries",
            step,
            yearly(cost, days),
            f"{again} attempts beyond the first of {calls} calls in {days} days were paid at their reserve",
            "none is expected: an attempt without a result decides nothing",
            ready=True,
            next_step=f"find out why `{step}` is interrupted (time limits, restarts), then {NEXT}",
        )
        for (step, _), (calls, again, cost) in sorted(lost.items())
    ]


def cached(repeats: Iterable[Repeats], *, days: int, least: float = 0.02) -> list[Advice]:
    """Steps that were asked the same again for the same subject, if at least a share ``least`` was.

    Equal arguments are seen by keyed digests, which differ from subject to subject: answers are never
    shared between subjects, and erasing one leaves nothing behind. Tools that read systems are left
    out: the charter promises how fresh data are, and a cache would break that.
    """
    return [
        Advice(
            "cache",
            f"{one.step} of {one.release.removeprefix('sha256:')[:12]}",
            yearly(one.cost, days),
            f"{one.repeated} of {one.calls} live calls in {days} days repeated equal arguments of the same subject",
            "the same release gives the same answer up to chance; compare answers with and without in a mirror",
            ready=False,
        )
        for one in repeats
        if not one.step.startswith(_READS) and one.cost.nano and one.repeated >= least * one.calls
    ]


@dataclass(frozen=True, slots=True)
class Rival:
    """Another release beside the running one, answered the same tests. Costs are nano-units an answer.

    ``evaluation`` is the release's own, ``beside`` that of the running one.
    """

    release: str
    suite: str
    cost: float
    running_cost: float
    quality: Comparison
    currency: str = "EUR"
    evaluation: str = ""
    beside: str = ""


def cheaper_release(rivals: Iterable[Rival], *, usage: Cost, days: int) -> list[Advice]:
    """Releases whose answers to the same tests were cheaper, with what the tests say about their quality.

    ``usage`` is what live cases cost within ``days``. One that is proven worse is no offer.
    """
    found = []
    for one in rivals:
        if one.running_cost <= 0 or one.cost >= one.running_cost or one.quality.verdict == "worse":
            continue
        part = 1 - one.cost / one.running_cost
        saved = Cost(int(usage.nano * part), usage.currency)
        proven = one.quality.verdict in {"better", "not worse"}
        found.append(
            Advice(
                "cheaper release",
                one.release,
                yearly(saved, days),
                f"{part:.0%} cheaper an answer on {one.quality.n} tests of `{one.suite}`: "
                f"{one.cost / 1e9:.6f} against {one.running_cost / 1e9:.6f} {one.currency}",
                _quality(one.quality),
                ready=proven,
                next_step=NEXT if proven else _more(one.quality),
                evaluation=one.evaluation,
            )
        )
    return found


def _quality(found: Comparison) -> str:
    span = (
        "no range" if found.interval is None else f"{found.interval.low:+.3f} to {found.interval.high:+.3f}"
    )
    return f"{found.verdict} by a margin of {found.margin:g}: the difference in quality is {span} at {found.confidence}"


def _more(found: Comparison) -> str:
    if found.cases_needed is None:
        return "no number of tests in reach tells whether it is worse"
    return f"about {found.cases_needed} more tests tell whether it is worse; then {NEXT}"


def dear_slices(
    cases: Sequence[OneCase], *, days: int, confidence: float = 0.95, currency: str = "EUR"
) -> list[Advice]:
    """Slices whose cases cost more than all others, proven for all slices at once.

    Method:  difference of means by day, Welch's interval over days, Bonferroni over slices; days and not
             cases are the sample, because the cases of a day resemble each other.
    Edge:    slices with fewer than LEAST_OF_SLICE cases or two days are passed over.
    """
    by_slice: dict[str, dict[date, list[int]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        by_slice[case.slice][case.day].append(case.nano)
    sizes = {name: sum(map(len, of_day.values())) for name, of_day in by_slice.items()}
    if len(by_slice) < 2:
        return []
    found = []
    for name in sorted(name for name in by_slice if name and sizes[name] >= LEAST_OF_SLICE):
        own = _means(by_slice[name])
        rest: dict[date, list[int]] = defaultdict(list)
        for other, of_day in by_slice.items():
            if other != name:
                for day, costs in of_day.items():
                    rest[day] += costs
        others = _means(rest)
        if min(len(own), len(others)) < 2:
            continue
        gap, low = _least_gap(own, others, risk=(1 - confidence) / len(by_slice))
        if low > 0:
            found.append(
                Advice(
                    "expensive slice",
                    name,
                    yearly(Cost(int(gap * sizes[name]), currency), days),
                    f"{sizes[name]} cases cost {gap / 1e9:.6f} {currency} more each than the other "
                    f"{len(cases) - sizes[name]}, at least {low / 1e9:.6f}, at {confidence:.0%} for all slices at once",
                    "not measured: look at the errors of this slice before its road is made shorter",
                    ready=False,
                )
            )
    return found


def _means(of_day: Mapping[date, list[int]]) -> np.ndarray:
    return np.array([sum(of_day[day]) / len(of_day[day]) for day in sorted(of_day)])


def _least_gap(own: np.ndarray, others: np.ndarray, *, risk: float) -> tuple[float, float]:
    gap = float(own.mean() - others.mean())
    a, b = float(own.var(ddof=1)) / len(own), float(others.var(ddof=1)) / len(others)
    if not a + b:
        return gap, gap
    freedom = (a + b) ** 2 / (a * a / (len(own) - 1) + b * b / (len(others) - 1))
    return gap, gap - float(special.stdtrit(freedom, 1 - risk)) * math.sqrt(a + b)


def yearly(cost: Cost, days: int) -> Cost:
    """What was spent in so many days, as much in a year of 365."""
    return Cost(cost.nano * DAYS_OF_A_YEAR // max(1, days), cost.currency)


def ranked(advice: Iterable[Advice]) -> list[Advice]:
    """What saves most first."""
    return sorted(advice, key=lambda one: (-one.yearly.nano, one.kind, one.subject))
