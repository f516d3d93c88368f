"""The drift drill: more and more cases arrive that are not like the usual ones, until the watch says so."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.mirrored import (
    Mirrored,
    Progress,
    Traffic,
    crew_of,
    in_charge,
    must_settle,
    silent,
)
from roadworthy.measure.fact import Fact
from roadworthy.measure.watching import inputs
from roadworthy.measure.watching.duty import suspend
from roadworthy.operate.deployment import Deployment
from roadworthy.quantities import canonical
from roadworthy.release import Release

PATIENCE_S: Final = 180.0
LEAST: Final = 100
LOOK_EVERY: Final = 25
"""So many cases arrive from one look of the watch to the next."""
FEWEST_STRANGE: Final = 5
_TAIL: Final = 0.1
_MONTH_HOURS: Final = 720.0
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Drift:
    """``usual`` clean cases are learnt, ``clean`` more have to stay quiet; then ``added`` of all cases are strange
    ones beside those that are anyway, for at most ``most`` cases."""

    added: float = 0.15
    usual: int = 400
    clean: int = 200
    most: int = 1_000
    workers: int = 2
    seed: int = 7

    def check(self) -> None:
        """Errors: ``InputProblem`` RW-DRILL-008 for figures with which nothing can be measured."""
        wrong = [
            Problem(f"expected {least} or more", place=name)
            for name, value, least in (
                ("usual", self.usual, LEAST),
                ("clean", self.clean, 0),
                ("most", self.most, LOOK_EVERY),
                ("workers", self.workers, 1),
            )
            if value < least
        ]
        if not (math.isfinite(self.added) and 0 < self.added < 1):
            wrong.append(
                Problem("expected a part of all cases, more than 0 and less than 1", place="added")
            )
        if wrong:
            raise InputProblem("RW-DRILL-008", wrong)


@dataclass(frozen=True, slots=True)
class Noticed:
    """An alarm: after how many cases of the stream, and in whose words."""

    row: int
    sentence: str


class _Watch:
    """The watch that workers keep over live cases, fed with those of a drill.

    A use case is watched once ``inputs.USUAL`` cases have told what is usual. A drill works fewer, and draws so
    many from these.
    """

    def __init__(self, deployment: Deployment, release: Release, traffic: Traffic) -> None:
        self._deployment, self._release, self._traffic = deployment, release, traffic
        self._names = inputs.names_for(deployment, release.digest)
        self._known = inputs.Known()
        self._seen: set[str] = set()
        rows = self._fresh()
        if not self._names or not any(any(row[1:]) for row in rows):
            raise InputProblem(
                "RW-DRILL-015",
                Problem("no task of it classifies: nothing tells how strange a case is"),
                hint="the watch over live cases has nothing to look at either",
            )
        usual = sorted(traffic.random.choices(rows, k=inputs.USUAL))
        self._state = inputs.Inputs("", self._names).with_rows(usual)
        self.rows = 0

    def look(self) -> list[Noticed]:
        """Take in what was decided since, and suspend what an alarm speaks of, as workers do."""
        rows = self._fresh()
        self._state = self._state.with_rows(rows)
        self.rows += len(rows)
        found = inputs.alarms(self._state, self._known, self._release.digest)
        told = dict(inputs.told(found))
        before = self._state.seen - len(self._state.recent)
        noticed = [
            Noticed(before + alarm.row, told[alarm.column]) for alarm in found if alarm.column in told
        ]
        for one in noticed:
            suspend(self._deployment, self._release, one.sentence)
        return noticed

    def _fresh(self) -> list[tuple[str, ...]]:
        cases = [case for case in self._traffic.cases() if case.id not in self._seen]
        self._seen |= {case.id for case in cases}
        deployment, rows = self._deployment, []
        for start in range(0, len(cases), _AT_ONCE):
            ids = [case.id for case in cases[start : start + _AT_ONCE]]
            with deployment.store.read() as tx:
                facts = deployment.store.observed.facts(tx, ids, edges=False)
                rows += [inputs.cells_of(deployment, tx, one, self._names) for one in facts.values()]
        return sorted(rows)


@dataclass(frozen=True, slots=True)
class Strange:
    """Recorded inputs that are strange to a release, why they are taken for that, and their usual part."""

    inputs: Sequence[Mapping[str, object]]
    why: str
    usual: float


def drift_drill(
    mirror: Mirrored, release: Release, asked: Drift, *, progress: Progress = silent
) -> tuple[Fact, ...]:
    """Cases until the watch over live cases raises its alarm, and whether the certificates were suspended by it.

    The watch is the one that workers keep, with the same thresholds; here it looks every ``LOOK_EVERY``
    cases. What is usual is learnt from clean cases of the drill itself.
    Errors: ``InputProblem`` RW-DRILL-008, and RW-DRILL-015 where nothing of its inputs is watched or no
    recorded case is strange; ``Unavailable`` RW-DRILL-016.
    """
    asked.check()
    release = in_charge(mirror, release)
    charter = mirror.deployment.loader.charter(release.digest)
    traffic = Traffic(mirror, release, seed=asked.seed)
    crew = crew_of(mirror, asked.workers, progress)
    traffic.send(asked.usual)
    must_settle(traffic, within_s=PATIENCE_S, progress=progress, what="what is usual is learnt")
    strange = strange_inputs(charter, traffic.sent, traffic.cases())
    watch = _Watch(mirror.deployment, release, traffic)
    false_alarms: list[Noticed] = []
    for sent in range(0, asked.clean, LOOK_EVERY):
        progress("clean cases arrive", sent, asked.clean)
        traffic.send(min(LOOK_EVERY, asked.clean - sent))
        false_alarms += _looked(watch, traffic)
    held = _in_force(mirror.deployment, release)
    # As many more as the usual part leaves room for: from 5 to 20 in 100 where 5 in 100 are strange anyway.
    more = min(1.0, asked.added / max(1e-9, 1.0 - strange.usual))

    def drawn() -> Mapping[str, object]:
        among = strange.inputs if traffic.random.random() < more else traffic.inputs
        return traffic.random.choice(among)

    rung: list[Noticed] = []
    before, drifted = watch.rows, 0
    while not rung and drifted < asked.most:
        progress("strange cases arrive", drifted, asked.most)
        traffic.send(LOOK_EVERY, drawn=drawn)
        drifted += LOOK_EVERY
        rung += [one for one in _looked(watch, traffic) if one.row > before]
    for worker in crew:
        worker.end()
    left = _in_force(mirror.deployment, release)
    found = min(one.row for one in rung) - before if rung else 0
    return _facts(mirror, charter, asked, strange, false_alarms, rung, found, drifted, (held, left))


def strange_inputs(
    charter: Charter, sent: Mapping[str, Mapping[str, object]], cases: Sequence[CaseRecord]
) -> Strange:
    """Which recorded inputs a release takes for out of scope; where it takes none so, those it is least sure of.

    Errors: ``InputProblem`` RW-DRILL-015 where all cases look alike to it.
    """
    told = frozenset(label for task in charter.tasks.values() for label in task.abstain)
    outside = [case for case in cases if case.answer in told]
    why = "answered as out of scope"
    if len(_distinct(outside, sent)) < FEWEST_STRANGE:
        sure = sorted(
            (case for case in cases if not math.isnan(case.confidence)), key=lambda case: case.confidence
        )
        outside = sure[: max(FEWEST_STRANGE, round(_TAIL * len(sure)))]
        why = "the tenth that it is least sure of"
        if not outside or outside[-1].confidence >= sure[-1].confidence:
            raise InputProblem(
                "RW-DRILL-015",
                Problem("all recorded cases look alike to the release: none is strange to it"),
                hint="its decisions name neither a confidence that varies nor an answer to abstain with",
            )
    return Strange(_distinct(outside, sent), why, len(outside) / max(1, len(cases)))


def _distinct(
    cases: Sequence[CaseRecord], sent: Mapping[str, Mapping[str, object]]
) -> list[Mapping[str, object]]:
    return list({canonical(sent[case.key]): sent[case.key] for case in cases}.values())


def _looked(watch: _Watch, traffic: Traffic) -> list[Noticed]:
    must_settle(traffic, within_s=PATIENCE_S, progress=silent, what="")
    return watch.look()


def _in_force(deployment: Deployment, release: Release) -> int:
    now = deployment.now()
    with deployment.store.read() as tx:
        given = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    return sum(one.suspended_at is None and now < one.expires_at for one in given)


def _facts(
    mirror: Mirrored,
    charter: Charter,
    asked: Drift,
    strange: Strange,
    false_alarms: Sequence[Noticed],
    rung: Sequence[Noticed],
    found: int,
    drifted: int,
    in_force: tuple[int, int],
) -> tuple[Fact, ...]:
    held, left = in_force
    simulated = (*mirror.simulated, "drift: recorded cases, the strange ones more often")
    share = strange.usual + (1 - strange.usual) * min(1.0, asked.added / max(1e-9, 1 - strange.usual))
    detail: dict[str, object] = {
        "strange": strange.why, "distinct_strange_inputs": len(strange.inputs),
        "usual_share": round(strange.usual, 4), "injected_share": round(share, 4),
        "learnt_from": asked.usual, "clean_cases": asked.clean, "false_alarms": len(false_alarms),
        "strange_cases_sent": drifted, "noticed": bool(rung),
        "alarm": rung[0].sentence if rung else "none",
        "hours_at_the_charters_volume": round(found / charter.value.cases_per_month * _MONTH_HOURS, 2),
        "certificates_in_force_before": held, "certificates_suspended": held - left if rung else 0,
        "workers": asked.workers, "seed": asked.seed,
    }  # fmt: skip
    if not held:
        detail["does_not_apply"] = ["suspending certificates: none was in force"]
    faults = float(len(false_alarms) + (not rung) + (left if rung else 0))
    method = f"strange cases {strange.usual:.0%} to {share:.0%}, watched by class, confidence and likeness"
    return (
        Fact(
            kind="operation.drift_faults", value=faults, unit="faults", n=drifted,
            method=f"{method}: false alarms before, drift not noticed, certificates still in force after the alarm",
            of_release=True, valid_days=90, simulated=simulated, detail=detail,
        ),
        Fact(
            # What was not noticed took more cases than were sent.
            kind="operation.drift_cases", value=float(found if rung else drifted + 1), unit="cases", n=drifted,
            method=f"{method}: cases from its beginning until the alarm" + ("" if rung else ", which was never raised"),
            of_release=True, valid_days=90, simulated=simulated, detail={"noticed": bool(rung)},
        ),
    )  # fmt: skip
