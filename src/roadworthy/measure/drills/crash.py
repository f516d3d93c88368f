"""The crash drill: workers are killed while they work, and nothing may be lost, repeated or doubled."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.journal import Step
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.mirrored import (
    ACTOR,
    Mirrored,
    Progress,
    Traffic,
    answer_effects,
    await_settled,
    in_charge,
    settled,
    silent,
)
from roadworthy.measure.drills.tallies import tally_effects
from roadworthy.measure.fact import Fact
from roadworthy.operate.bookkeeping import sequence_all, verify_ledger
from roadworthy.ports.rehearsing import Sighting, WorkerProcess
from roadworthy.release import Release

MOST_WAIT_S = 0.05
"""After the victim was seen at work it lives on for up to so long."""
BUSY_S = 20.0
CUT_S = 0.002
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Crash:
    """How often, and how much work there is for each kill."""

    kills: int = 5
    cases: int = 20
    workers: int = 2
    seed: int = 7

    def check(self) -> None:
        """Errors: ``InputProblem`` RW-DRILL-008 for figures with which nothing can be measured."""
        wrong = [
            Problem("expected 1 or more", place=name)
            for name, value in (("kills", self.kills), ("cases", self.cases), ("workers", self.workers))
            if value < 1
        ]
        if wrong:
            raise InputProblem("RW-DRILL-008", wrong)


@dataclass(frozen=True, slots=True)
class _Kill:
    at: float
    pid: int


def crash_drill(
    mirror: Mirrored, release: Release, asked: Crash, *, progress: Progress = silent
) -> tuple[Fact, ...]:
    """Kill a worker ``kills`` times with SIGKILL at random moments while it works; each is replaced at once.

    What is lost, repeated and doubled is counted by what the simulated systems wrote down, against what the
    database says. The interrupted cases wait for the lease of the dead worker: that is the time until the work
    goes on.
    """
    asked.check()
    release = in_charge(mirror, release)
    traffic = Traffic(mirror, release, seed=asked.seed)
    crew: list[WorkerProcess] = [mirror.crew.start() for _ in range(asked.workers)]
    dead: list[_Kill] = []
    for number in range(asked.kills):
        progress("workers are killed", number, asked.kills)
        answer_effects(mirror, traffic.cases())
        victim = crew.pop(traffic.random.randrange(len(crew)))
        # It dies while cases still arrive: with all of them handed in, quick work would be over before.
        first = traffic.random.randint(-(-asked.cases // 3), asked.cases)
        since = time.time()
        traffic.send(first)
        _await_work(mirror, victim, since)
        time.sleep(traffic.random.uniform(0.0, MOST_WAIT_S))
        victim.kill()
        dead.append(_Kill(time.time(), victim.pid))
        traffic.send(asked.cases - first)
        crew.append(mirror.crew.start())
    # Approved effects begin to leave only now and then: a second look finds those that became due meanwhile.
    for _ in range(2):
        await_settled(
            traffic,
            within_s=PATIENCE_S,
            progress=progress,
            what="the others go on",
            meanwhile=lambda: answer_effects(mirror, traffic.cases()),
        )
        answer_effects(mirror, traffic.cases())
    await_settled(traffic, within_s=PATIENCE_S, progress=progress, what="effects leave")
    for worker in crew:
        worker.end()
    return _facts(mirror, asked, traffic, dead)


def _await_work(mirror: Mirrored, victim: WorkerProcess, since: float) -> None:
    """Until it begins something: a process killed while idle proves little."""
    until = time.monotonic() + BUSY_S
    while time.monotonic() < until:
        if any(one.process == victim.pid and one.at >= since for one in mirror.witness.sightings()):
            return
        time.sleep(0.01)


def _facts(mirror: Mirrored, asked: Crash, traffic: Traffic, dead: Sequence[_Kill]) -> tuple[Fact, ...]:
    deployment = mirror.deployment
    sequence_all(deployment)
    audit = verify_ledger(deployment, ACTOR)
    cases = traffic.cases()
    seen = mirror.witness.sightings()
    with deployment.store.read() as tx:
        steps = {
            (str(case.id), run): deployment.store.cases.steps(tx, case.id, run=run)
            for case in cases
            for run in range(1, case.run + 1)
        }
        effects = [one for case in cases for one in deployment.store.effects.of_case(tx, case.id)]
    lost = len(traffic.keys) - sum(settled(case) for case in cases)
    again = steps_run_again(seen, steps)
    tally = tally_effects(cases, effects, seen)
    ledger = sum(finding.is_fault for finding in audit.findings)
    waits, hit = _interrupted(cases, effects, seen, dead)
    detail: dict[str, object] = {
        "cases": len(traffic.keys), "kills": len(dead), "kills_that_hit_work": hit, "cases_lost": lost,
        "recorded_steps_run_again": again, "effects": tally.felt, "effects_doubled": tally.doubled,
        "effects_missing": tally.missing, "closed_with_effects_unsent": tally.unsent, "ledger_faults": ledger,
        "sends": sum(one.word == "sent" for one in seen), "steps_begun": sum(one.word == "step" for one in seen),
        "steps_recorded": sum(len(found) for found in steps.values()),
        "to_people": sum(case.state is State.WAITING for case in cases), "seed": asked.seed,
    }  # fmt: skip
    faults = Fact(
        kind="operation.crash_faults", value=float(lost + again + tally.faults + ledger),
        unit="faults", n=hit,
        method="workers killed with SIGKILL at random moments of their work: cases lost, recorded steps run again, effects doubled or missing, faults of the ledger",
        of_release=True, valid_days=90, simulated=mirror.simulated, detail=detail,
    )  # fmt: skip
    if not waits:
        return (faults,)
    went_on = Fact(
        kind="operation.crash_recovery_seconds", value=max(waits), unit="seconds", n=len(waits),
        method="from the kill until the last case in the dead worker's hands was over or with a person",
        of_release=True, valid_days=90, simulated=mirror.simulated,
    )  # fmt: skip
    return (faults, went_on)


def steps_run_again(seen: Sequence[Sighting], steps: Mapping[tuple[str, int], Sequence[Step]]) -> int:
    """How many steps began although their result, or that of a later one, was on record already.

    Steps of a run follow one another. A step that begins is the first one not yet recorded at that moment;
    anything else is one that ran before. An attempt that a kill cut short is no such thing.
    """
    again = 0
    for one in seen:
        if one.word != "step":
            continue
        case, _, run = one.about.rpartition("/")
        recorded = [
            step for step in steps.get((case, int(run)), ()) if not step.name.startswith(("act:", "ask"))
        ]
        ahead = [step for step in recorded if step.recorded_at.timestamp() >= one.at]
        # Stored times are cut to milliseconds: a step that took less seems to end before it began.
        just = [step for step in recorded if 0 < one.at - step.recorded_at.timestamp() < CUT_S]
        if not ahead and not any(step.name == one.what for step in recorded):
            continue  # it never came to its end, and the case went another way
        again += one.what not in {step.name for step in (*ahead[:1], *just)}
    return again


def _interrupted(
    cases: Sequence[CaseRecord],
    effects: Sequence[EffectRecord],
    seen: Sequence[Sighting],
    dead: Sequence[_Kill],
) -> tuple[list[float], int]:
    """How long the cases in a dead worker's hands took from the kill on, and how many kills hit any."""
    by_id = {str(case.id): case for case in cases}
    of_key = {one.key: str(one.case) for one in effects}
    waits, hit = [], 0
    for kill in dead:
        before, after = set(), set()
        for one in seen:
            # A step belongs to its run, an effect to its key: both go on elsewhere if they were in its hands.
            if one.process == kill.pid and one.at <= kill.at:
                before.add((one.word, one.about))
            elif one.process != kill.pid and one.at > kill.at:
                after.add((one.word, one.about))
        hands = {
            about.rpartition("/")[0] if word == "step" else of_key[about]
            for word, about in before & after
            if word == "step" or about in of_key
        }
        mine = [by_id[case].updated_at.timestamp() - kill.at for case in hands & by_id.keys()]
        waits += mine
        hit += bool(mine)
    return waits, hit
