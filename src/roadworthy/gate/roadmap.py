"""The way to production: what stands, what is missing, in which order, by whom and until when.

The rows are those of the gate. Nothing here asks anything on its own: a roadmap and a verdict on the
same evidence cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from roadworthy.charter import Charter
from roadworthy.gate.decide import Finding, Mark, Verdict
from roadworthy.gate.requirement import CHECKLIST, Requirement, RequirementSet
from roadworthy.gate.scaling import Scale
from roadworthy.stage import ROAD, Stage

HOURS_A_WEEK: Final = 8.0
"""What one person is thought to have for this, where nobody said otherwise."""

PHASES: Final = ("discovery", "strategy", "prototype", "engineering", "production", "optimisation")
DAYS_A_MONTH: Final = 365.25 / 12
_FRAME: Final = frozenset({"business", "data", "knowledge", "compliance"})
_STANDING: Final = frozenset({Mark.PASS, Mark.WAIVED})


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the gate on one subject, as work.

    ``stage``    the next stage that asks for it; ``phase`` the part of the project it belongs to.
    ``account``  who owes it, by the charter's ``owner``.
    ``hours``    work that is left; ``waits`` days in which evidence arises by itself after that.
    ``after``    what is missing and comes before it.
    ``begins``, ``done``  by the hours that its owner has; None where there are none.
    """

    requirement: str
    subject: str
    checklist: str
    phase: str
    stage: Stage
    asks: str
    mark: Mark
    reason: str
    owner: str
    account: str
    hours: float
    waits: float
    next_step: str
    question: str
    valid_until: datetime | None
    measurement: str
    after: tuple[str, ...] = ()
    begins: date | None = None
    done: date | None = None

    @property
    def name(self) -> str:
        """The row, and its subject where it has one."""
        return f"{self.requirement} {self.subject}".strip()

    @property
    def stands(self) -> bool:
        """It passed, or a waiver holds."""
        return self.mark in _STANDING

    def as_json(self) -> Mapping[str, object]:
        """The step as every door shows it."""
        return {
            "requirement": self.requirement,
            "subject": self.subject,
            "checklist": self.checklist,
            "phase": self.phase,
            "stage": self.stage,
            "asks": self.asks,
            "mark": self.mark,
            "reason": self.reason,
            "owner": self.owner,
            "account": self.account,
            "hours": 0.0 if self.stands else self.hours,
            "waits_days": 0.0 if self.stands else round(self.waits, 1),
            "after": list(self.after),
            "begins": self.begins.isoformat() if self.begins else None,
            "done": self.done.isoformat() if self.done else None,
            "next_step": self.next_step,
            "question": self.question,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }


@dataclass(frozen=True, slots=True)
class Part:
    """A phase or a point of the checklist: how much of it stands, and what is left."""

    name: str
    stands: int
    missing: int
    hours: float
    done: date | None
    """None where nothing is missing, or where somebody has no hours."""


@dataclass(frozen=True, slots=True)
class Roadmap:
    """What stands, and what is missing in the order in which it is best worked off."""

    use_case: str
    release: str
    stage: Stage
    target: Stage
    policy_version: str
    at: datetime
    stands: tuple[Step, ...]
    missing: tuple[Step, ...]
    scale: Scale
    notes: tuple[str, ...] = ()
    since_assessed: tuple[str, ...] | None = None
    """What differs from the assessment it came from; None where it was not compared with one."""

    @property
    def hours(self) -> float:
        """Work that is left, of all owners."""
        return sum(step.hours for step in self.missing)

    @property
    def ready(self) -> date | None:
        """The day on which everything is done; None where somebody has no hours for it."""
        return _last(self.missing) if self.missing else self.at.date()

    @property
    def to_renew(self) -> tuple[Step, ...]:
        """What stands today, and runs out before everything else is done."""
        ready = self.ready
        return tuple(
            step
            for step in self.stands
            if step.valid_until is not None
            and step.mark is Mark.PASS
            and (ready is None or step.valid_until.date() <= ready)
            and step.valid_until - self.at > timedelta(days=1)
        )

    @property
    def phases(self) -> tuple[Part, ...]:
        """Discovery to optimisation, those that ask for anything."""
        return self._parts(PHASES, "phase")

    @property
    def points(self) -> tuple[Part, ...]:
        """The points of the production checklist; rows that name none come last."""
        return self._parts((*CHECKLIST, ""), "checklist")

    @property
    def sentence(self) -> str:
        """The roadmap in a line."""
        rows = len(self.stands) + len(self.missing)
        if not self.missing:
            return f"{self.use_case} has all of the {rows} rows that {self.target} asks for"
        day = f"done by {self.ready:%Y-%m-%d}" if self.ready else "no day, somebody has no hours for it"
        return (
            f"{self.use_case} is {len(self.missing)} of {rows} rows away from {self.target}: "
            f"{self.hours:,.1f} hours of work, {day}; next: {self.missing[0].next_step or self.missing[0].asks}"
        )

    def _parts(self, names: Iterable[str], field: str) -> tuple[Part, ...]:
        parts = []
        for name in names:
            missing = [step for step in self.missing if getattr(step, field) == name]
            stands = sum(getattr(step, field) == name for step in self.stands)
            if missing or stands:
                hours = sum(step.hours for step in missing)
                parts.append(Part(name, stands, len(missing), hours, _last(missing)))
        return tuple(parts)


def roadmap(
    charter: Charter,
    verdicts: Sequence[Verdict],
    requirements: RequirementSet,
    *,
    stage: Stage,
    scale: Scale,
    hours_a_week: Mapping[str, float] | None = None,
    since_assessed: Iterable[str] | None = None,
) -> Roadmap:
    """Order and date what the verdicts of the stages ahead leave open.

    Shape:   one verdict per stage ahead, along the road, all on the same evidence and moment;
             ``hours_a_week`` by account, HOURS_A_WEEK for everybody else.
    Edge:    a row that several stages ask for counts as the last of them sees it, and is due for the first.
    Errors:  ``ValueError`` without a verdict, or for hours below zero.
    """
    if not verdicts or any(not 0 <= hours < math.inf for hours in (hours_a_week or {}).values()):
        raise ValueError("a roadmap takes a verdict, and hours of 0 or more")
    target = verdicts[-1]
    rows = {row.id: row for row in requirements.requirements}
    due: dict[tuple[str, str], Stage] = {}
    found: dict[tuple[str, str], Finding] = {}
    for verdict in verdicts:
        for finding in verdict.findings:
            due.setdefault((finding.requirement, finding.subject), verdict.stage)
            found[finding.requirement, finding.subject] = finding
    steps = [
        _step(finding, rows.get(finding.requirement), due[key], charter, target.decided_at)
        for key, finding in found.items()
    ]
    open_steps = [step for step in steps if not step.stands]
    ordered = _in_order(open_steps, {step.name: _before(step, open_steps, rows) for step in open_steps})
    return Roadmap(
        use_case=target.use_case,
        release=target.release,
        stage=stage,
        target=target.stage,
        policy_version=target.policy_version,
        at=target.decided_at,
        stands=tuple(step for step in steps if step.stands),
        missing=_dated(ordered, hours_a_week or {}, target.decided_at.date()),
        scale=scale,
        notes=tuple(dict.fromkeys(note for verdict in verdicts for note in verdict.notes)),
        since_assessed=None if since_assessed is None else tuple(since_assessed),
    )


def stages_ahead(stage: Stage, target: Stage = Stage.PRODUCTION) -> tuple[Stage, ...]:
    """The stages still to enter, up to the target. One that is reached already is asked for again.

    Edge: a release that has ended stands at the beginning of the road.
    """
    reached = ROAD.index(stage) if stage in ROAD else 0
    return ROAD[reached + 1 : ROAD.index(target) + 1] or (target,)


def as_json(made: Roadmap) -> Mapping[str, object]:
    """The roadmap as every door shows it."""

    def parts(found: Iterable[Part]) -> list[dict[str, object]]:
        return [
            {"name": part.name, "stands": part.stands, "missing": part.missing, "hours": part.hours,
             "done": part.done.isoformat() if part.done else None}
            for part in found
        ]  # fmt: skip

    return {
        "use_case": made.use_case,
        "release": made.release,
        "stage": made.stage,
        "target": made.target,
        "sentence": made.sentence,
        "complete": not made.missing,
        "hours": made.hours,
        "ready": made.ready.isoformat() if made.ready else None,
        "policy_version": made.policy_version,
        "at": made.at.isoformat(),
        "missing": [step.as_json() for step in made.missing],
        "stands": [step.as_json() for step in made.stands],
        "to_renew": [step.name for step in made.to_renew],
        "phases": parts(made.phases),
        "checklist": parts(made.points),
        "scale": made.scale.as_json(),
        "since_assessed": None if made.since_assessed is None else list(made.since_assessed),
        "notes": list(made.notes),
    }


def _step(finding: Finding, row: Requirement | None, due: Stage, charter: Charter, at: datetime) -> Step:
    owner = row.owner if row else "risk"
    reason = finding.reason
    if row and row.question and finding.mark is Mark.NOT_EVALUATED:
        reason = "the answer has run out" if "expired" in reason else "nobody has answered"
    return Step(
        requirement=finding.requirement,
        subject=finding.subject,
        checklist=row.checklist if row else "",
        phase=_phase(finding, row, due),
        stage=due,
        asks=finding.asks,
        mark=finding.mark,
        reason=reason,
        owner=owner,
        account=str(getattr(charter.owners, owner)),
        hours=row.hours if row else finding.minutes / 60,
        waits=_waits(finding, due, charter),
        next_step=finding.next_step,
        question=row.question if row else "",
        # What is read anew for every decision, such as an approval, has no end of its own.
        valid_until=None if finding.measured_at == at else finding.valid_until,
        measurement=finding.measurement,
    )


def _phase(finding: Finding, row: Requirement | None, due: Stage) -> str:
    """The part of the project in which the row is first asked for, whether that is over or not."""
    if row and row.checklist == "optimisation":
        return "optimisation"
    first = min(row.stages, key=ROAD.index) if row else due
    if first is Stage.SHADOW:
        return "strategy" if finding.theme in _FRAME else "prototype"
    return {Stage.CANARY: "engineering", Stage.PRODUCTION: "production"}.get(first, "discovery")


def _waits(finding: Finding, due: Stage, charter: Charter) -> float:
    """Days until enough cases came, at the expected volume. What production asks for is gathered by a canary."""
    if finding.unit != "cases" or finding.threshold is None:
        return 0.0
    part = charter.release.canary.share if due is Stage.PRODUCTION else 1.0
    missing = max(0.0, finding.threshold - (finding.value or 0.0))
    return missing / (charter.value.cases_per_month / DAYS_A_MONTH * part)


def _before(step: Step, steps: Sequence[Step], rows: Mapping[str, Requirement]) -> tuple[str, ...]:
    """What is missing and has to come first: rows named, and all that the stage of its evidence asks for."""
    row = rows.get(step.requirement)
    if row is None:
        return ()
    first = []
    for other in steps:
        same = other.subject == step.subject
        named = other.requirement in row.after and (same or not _alike(rows, row, other.requirement))
        entered = row.during is not None and ROAD.index(other.stage) <= ROAD.index(row.during)
        if other is not step and (named or (entered and ROAD.index(step.stage) > ROAD.index(other.stage))):
            first.append(other.name)
    return tuple(first)


def _alike(rows: Mapping[str, Requirement], row: Requirement, other: str) -> bool:
    """Both run over the same list: then only the same member of it comes first."""
    return bool(row.each) and rows[other].each == row.each


def _in_order(steps: Collection[Step], before: Mapping[str, tuple[str, ...]]) -> list[Step]:
    """Each after what it needs; of those that may come next the one needed earliest, then the cheapest."""
    left = sorted(
        steps, key=lambda step: (ROAD.index(step.stage), step.hours, step.requirement, step.subject)
    )
    ordered: list[Step] = []
    waiting = {step.name for step in left}
    while left:
        free = (step for step in left if not waiting.intersection(before[step.name]))
        # Rows of one's own policy file may need each other across stages: then the cheapest begins.
        chosen = next(free, left[0])
        left.remove(chosen)
        waiting.discard(chosen.name)
        ordered.append(replace(chosen, after=before[chosen.name]))
    return ordered


def _dated(ordered: Sequence[Step], hours_a_week: Mapping[str, float], today: date) -> tuple[Step, ...]:
    """Each step in the first gap of its owner that is long enough, once what it needs is done."""
    taken: dict[str, list[tuple[float, float]]] = {}
    ends: dict[str, float] = {}
    dated = []
    for step in ordered:
        ready = max((ends.get(name, 0.0) for name in step.after), default=0.0)
        hours = hours_a_week.get(step.account, HOURS_A_WEEK)
        length = step.hours / hours * 7 if hours else (math.inf if step.hours else 0.0)
        if not math.isfinite(ready + length):
            ends[step.name] = math.inf
            dated.append(step)
            continue
        busy = taken.setdefault(step.account, [])
        start = _gap(busy, ready, length)
        busy.append((start, start + length))
        busy.sort()
        ends[step.name] = start + length + step.waits
        begins = today + timedelta(days=math.floor(start))
        dated.append(replace(step, begins=begins, done=today + timedelta(days=math.ceil(ends[step.name]))))
    return tuple(dated)


def _gap(busy: Sequence[tuple[float, float]], ready: float, length: float) -> float:
    start = ready
    for begins, ends in busy:
        if start + length <= begins:
            break
        start = max(start, ends)
    return start


def _last(steps: Sequence[Step]) -> date | None:
    days = [step.done for step in steps]
    return max((day for day in days if day is not None), default=None) if None not in days else None
