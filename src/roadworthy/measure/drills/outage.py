"""The outage drill: what a release asks of others goes away while cases arrive, and comes back."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectRecord
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.mirrored import (
    ACTOR,
    Mirrored,
    Progress,
    Traffic,
    answer_effects,
    await_settled,
    crew_of,
    in_charge,
    must_settle,
    settled,
    silent,
)
from roadworthy.measure.drills.tallies import tally_effects
from roadworthy.measure.fact import Fact
from roadworthy.operate.bookkeeping import sequence_all, verify_ledger
from roadworthy.ports.rehearsing import Gone, Outages, Sighting
from roadworthy.release import Release

CALM: Final = 24
"""So many cases are worked before anything goes away: they show what the release asks, and whom first."""
FEWEST: Final = 60
"""So many cases arrive during the outages, at least."""
PATIENCE_S: Final = 180.0
METHOD: Final = "parts went away under load: connections refused, then status 500, then silence"


@dataclass(frozen=True, slots=True)
class Outage:
    """How long each part is away in each of the three ways, and how many cases a second arrive; 0: enough."""

    seconds: float = 4.0
    rate: float = 0.0
    workers: int = 2
    seed: int = 7

    def check(self) -> None:
        """Errors: ``InputProblem`` RW-DRILL-008 for figures with which nothing can be measured."""
        wrong = []
        if not (math.isfinite(self.seconds) and self.seconds > 0):
            wrong.append(Problem("expected more than 0", place="seconds"))
        if not (math.isfinite(self.rate) and self.rate >= 0):
            wrong.append(Problem("expected 0 or more cases a second", place="rate"))
        if self.workers < 1:
            wrong.append(Problem("expected 1 or more", place="workers"))
        if wrong:
            raise InputProblem("RW-DRILL-008", wrong)


@dataclass(frozen=True, slots=True)
class Detour:
    """How a case got past a part that was away: by another ``route``, with ``people``, or it ``waited``.

    ``seconds`` count from the first try that failed, ``at`` is the moment it was past it; ``lost`` is one that
    never was.
    """

    case: str
    part: str
    way: str
    seconds: float
    at: float = math.nan


def outage_drill(
    mirror: Mirrored, release: Release, asked: Outage, *, progress: Progress = silent
) -> tuple[Fact, ...]:
    """What the release asks first of its models goes away, comes back, and then its tools do.

    Where a release asks no language model the tools alone go away; what runs inside the worker (local
    models, knowledge, templates) cannot.
    Errors: ``InputProblem`` RW-DRILL-008, and RW-DRILL-014 where it asks nothing that could go away;
    ``Unavailable`` RW-DRILL-016 where its cases do not move even before that.
    """
    asked.check()
    outages = mirror.outages
    assert outages is not None, "a mirrored environment whose parts may go away"
    release = in_charge(mirror, release)
    charter = mirror.deployment.loader.charter(release.digest)
    traffic = Traffic(mirror, release, seed=asked.seed)
    crew = crew_of(mirror, asked.workers, progress)
    traffic.send(CALM)
    must_settle(traffic, within_s=PATIENCE_S, progress=progress, what="all is well")
    _all_done(mirror, traffic, progress, "all is well")
    parts = parts_asked(mirror.witness.sightings())
    groups = [found for kind in ("model:", "tool:") if (found := [p for p in parts if p.startswith(kind)])]
    if not groups:
        raise InputProblem(
            "RW-DRILL-014",
            Problem("its recorded cases ask no language model and no tool: nothing can go away"),
            hint="`roadworthy drill crash` takes away what it has: its workers",
        )
    rate = asked.rate or FEWEST / (len(groups) * len(Gone) * asked.seconds)
    ended: dict[str, float] = {}
    for group in groups:
        _away(traffic, outages, group, asked, rate, progress)
        ended |= dict.fromkeys(group, time.time())
        _all_done(mirror, traffic, progress, "what waited goes on")
    for worker in crew:
        worker.end()
    return _facts(mirror, charter, asked, traffic, ended)


def parts_asked(seen: Sequence[Sighting]) -> list[str]:
    """Parts that are asked first: of the models of a step the one before all others, and every tool."""
    first: dict[tuple[str, str], str] = {}
    for one in seen:
        if one.word == "tried":
            first.setdefault((one.about, one.digest), one.what)
    return sorted(set(first.values()))


def detours(seen: Sequence[Sighting], states: Mapping[str, CaseRecord]) -> list[Detour]:
    """How each case got past each step whose part was away. ``states`` has the case of what a try is about."""
    begun: dict[tuple[int, str, str, str], float] = {}
    open_: dict[tuple[str, str], tuple[str, float]] = {}
    found: list[Detour] = []
    for one in seen:
        attempt, step = (one.process, one.about, one.digest, one.what), (one.about, one.digest)
        if one.word == "tried":
            begun[attempt] = one.at
        elif one.word == "missed":
            open_.setdefault(step, (one.what, begun.get(attempt, one.at)))
        elif one.word == "answered" and step in open_:
            part, since = open_.pop(step)
            way = "waited" if one.what == part else "route"
            found.append(Detour(one.about, part, way, one.at - since, one.at))
    for (about, _), (part, since) in open_.items():
        case = states.get(about)
        if case is not None and (case.state is State.WAITING or case.handled_by == "person"):
            at = case.updated_at.timestamp()
            found.append(Detour(about, part, "people", max(0.0, at - since), at))
        else:
            found.append(Detour(about, part, "lost", math.inf))
    return found


def _away(
    traffic: Traffic,
    outages: Outages,
    group: Sequence[str],
    asked: Outage,
    rate: float,
    progress: Progress,
) -> None:
    """One group goes away in each way in turn, while cases arrive in even gaps."""
    try:
        for how in Gone:
            outages.begin(group, how)
            begun, sent = time.monotonic(), 0
            while (passed := time.monotonic() - begun) < asked.seconds:
                progress(f"{', '.join(group)} {how}"[:60], round(passed), round(asked.seconds))
                if sent <= passed * rate:
                    traffic.send()
                    sent += 1
                else:
                    time.sleep(min(0.05, 1 / rate))
    finally:
        outages.end()


def _all_done(mirror: Mirrored, traffic: Traffic, progress: Progress, what: str) -> None:
    # Approved effects leave only now and then: a second look finds those that became due meanwhile.
    for _ in range(2):
        await_settled(
            traffic,
            within_s=PATIENCE_S,
            progress=progress,
            what=what,
            meanwhile=lambda: answer_effects(mirror, traffic.cases()),
        )
        answer_effects(mirror, traffic.cases())
    await_settled(traffic, within_s=PATIENCE_S, progress=progress, what=what)


def _facts(
    mirror: Mirrored,
    charter: Charter,
    asked: Outage,
    traffic: Traffic,
    ended: Mapping[str, float],
) -> tuple[Fact, ...]:
    deployment = mirror.deployment
    sequence_all(deployment)
    ledger = sum(finding.is_fault for finding in verify_ledger(deployment, ACTOR).findings)
    cases, seen = traffic.cases(), mirror.witness.sightings()
    with deployment.store.read() as tx:
        effects = [one for case in cases for one in deployment.store.effects.of_case(tx, case.id)]
    found = detours(seen, _states(cases, effects))
    tally = tally_effects(cases, effects, seen)
    lost = len(traffic.keys) - sum(settled(case) for case in cases)
    lost += sum(one.way == "lost" for one in found)
    met = len({one.case for one in found})
    detail: dict[str, object] = {
        "cases": len(traffic.keys), "went_away": list(ended),
        "ways": [how.value for how in Gone], "seconds_in_each_way": asked.seconds,
        "met_it": met, "by_another_route": _count(found, "route"), "to_people": _count(found, "people"),
        "waited_until_it_was_back": _count(found, "waited"), "cases_lost": lost, "effects": tally.felt,
        "effects_doubled": tally.doubled, "effects_missing": tally.missing,
        "closed_with_effects_unsent": tally.unsent, "ledger_faults": ledger,
        "does_not_apply": _not_applicable(charter, ended), "workers": asked.workers, "seed": asked.seed,
    }  # fmt: skip
    simulated = (*mirror.simulated, "outages")
    if any(part.startswith("model:") for part in ended):
        simulated = (*simulated, "servers of language models, stand-ins on this machine")
    past = [one.seconds for one in found if one.way != "lost"]
    faults = Fact(
        kind="operation.outage_faults", value=float(lost + tally.faults + ledger), unit="faults", n=met,
        method=f"{METHOD}: cases lost, effects doubled or missing, faults of the ledger",
        of_release=True, valid_days=90, simulated=simulated, detail=detail,
    )  # fmt: skip
    if not past:
        return (faults,)
    # What was past it before it was back needed no recovery.
    again = max([0.0, *(one.at - ended[one.part] for one in found if one.way == "waited")])
    return (
        faults,
        Fact(
            kind="operation.outage_fallback_seconds", value=max(past), unit="seconds", n=len(past),
            method=f"{METHOD}: from a case's first failed try until another route, a person or the part itself went on with it; the longest",
            of_release=True, valid_days=90, simulated=simulated, detail=_by_way(found),
        ),
        Fact(
            kind="operation.outage_recovery_seconds", value=again, unit="seconds", n=len(past),
            method="from the end of the outage until the last case that had waited for the part was served by it",
            of_release=True, valid_days=90, simulated=simulated,
        ),
    )  # fmt: skip


def _states(cases: Sequence[CaseRecord], effects: Sequence[EffectRecord]) -> dict[str, CaseRecord]:
    """The case of everything that a try can be about: its runs, and the keys of its effects."""
    by_id = {case.id: case for case in cases}
    runs = {f"{case.id}/{run}": case for case in cases for run in range(1, case.run + 1)}
    return runs | {one.key: by_id[one.case] for one in effects}


def _count(found: Sequence[Detour], way: str) -> int:
    return sum(one.way == way for one in found)


def _by_way(found: Sequence[Detour]) -> dict[str, object]:
    told: dict[str, object] = {}
    for way, name in (
        ("route", "longest_by_another_route"),
        ("people", "longest_to_people"),
        ("waited", "longest_wait_for_it_to_be_back"),
    ):
        if seconds := [one.seconds for one in found if one.way == way]:
            told[name] = round(max(seconds), 3)
    return told


def _not_applicable(charter: Charter, parts: Mapping[str, float]) -> list[str]:
    told = []
    if not any(part.startswith("model:") for part in parts):
        told.append("language models of others: its recorded cases ask none")
    if not any(part.startswith("tool:") for part in parts):
        told.append("tools: its recorded cases ask none")
    if any(not task.prompt for task in charter.tasks.values()):
        told.append("local models: they run inside the worker and cannot go away alone")
    if charter.knowledge:
        told.append("knowledge: the index lies in the workspace")
    return told
