"""A plan of repairs: what shall stand in which cell instead, why, and who said so.

A plan is proposed once and never changes in what it proposes; its digest covers exactly that, and who
approves names the digest of what they saw. Decisions are kept per cell. Applying touches only approved
cells, and only those that still hold what the plan saw.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from roadworthy.data.suspects import Suspect
from roadworthy.data.table import Texts
from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Digest, digest, digest_of

SCHEMA_VERSION = 1

Cell = tuple[int, str]


class Decision(StrEnum):
    """What became of a proposed repair."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Repair:
    """One cell: what stands there, what shall stand there, and what was decided about it.

    Units:  ``row`` counts from 0, without the header.
    Edge:   ``was`` is a digest of the old value, which a plan may carry without the value itself
            (``old`` None and ``shows_old`` False). The empty text as ``new`` means an honest gap.
    """

    row: int
    column: str
    was: Digest
    old: str | None
    shows_old: bool
    new: str
    reason: str
    rule: str
    confidence: float
    decision: Decision = Decision.PROPOSED
    who: str = ""
    at: datetime | None = None

    @property
    def cell(self) -> Cell:
        return self.row, self.column

    def as_json(self) -> dict[str, object]:
        """The cell as a plan's JSON has it; ``old`` is left out where the plan does not show it."""
        found: dict[str, object] = {"row": self.row, "column": self.column, "was": self.was}
        if self.shows_old:
            found["old"] = self.old
        return found | {
            "new": self.new,
            "reason": self.reason,
            "rule": self.rule,
            "confidence": self.confidence,
            "decision": self.decision.value,
            "who": self.who,
            "at": self.at.isoformat() if self.at else None,
        }


@dataclass(frozen=True)
class RepairPlan:
    """Repairs of one table as it was at one snapshot, in the order of rows."""

    source: str
    snapshot: Digest
    cells: tuple[Repair, ...]

    @cached_property
    def digest(self) -> Digest:
        """Of what is proposed, not of what was decided: the same before and after an approval."""
        proposed = [
            [one.row, _of(one.column), one.was, _of(one.new), _of(one.reason), one.rule, one.confidence]
            for one in self.cells
        ]
        return digest_of([SCHEMA_VERSION, _of(self.source), self.snapshot, proposed])

    @property
    def approved(self) -> tuple[Repair, ...]:
        return tuple(one for one in self.cells if one.decision is Decision.APPROVED)

    def as_json(self) -> dict[str, object]:
        """The plan as a JSON value that ``plan_of`` reads back to an equal plan."""
        return {
            "kind": "repair-plan",
            "schema_version": SCHEMA_VERSION,
            "source": self.source,
            "snapshot": self.snapshot,
            "digest": self.digest,
            "cells": [one.as_json() for one in self.cells],
        }


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of a repaired cell comes from."""

    row: int
    column: str
    rule: str
    reason: str
    confidence: float
    who: str
    at: datetime | None
    was: Digest

    def as_json(self) -> dict[str, object]:
        return {
            "row": self.row,
            "column": self.column,
            "rule": self.rule,
            "reason": self.reason,
            "confidence": self.confidence,
            "who": self.who,
            "at": self.at.isoformat() if self.at else None,
            "was": self.was,
        }


@dataclass(frozen=True, slots=True)
class Lineage:
    """Which cells of a repaired table are not the source's own, under which plan.

    ``cells`` has every approved cell of the plan, whenever it was changed; ``already`` counts those that
    held their new value before this time.
    """

    source: str
    snapshot: Digest
    plan: Digest
    cells: tuple[Origin, ...]
    already: int

    def as_json(self) -> dict[str, object]:
        return {
            "source": self.source,
            "snapshot": self.snapshot,
            "plan": self.plan,
            "already": self.already,
            "cells": [one.as_json() for one in self.cells],
        }


def propose(
    suspects: Iterable[Suspect],
    *,
    source: str,
    snapshot: Digest,
    at_least: float = 0.0,
    show_old: bool = True,
) -> RepairPlan:
    """A plan of all suspects that know a repair, nothing of it decided.

    ``show_old`` False keeps old values out of the plan: only their digests are in it. A digest of a
    value that is easily guessed is easily reversed, so it is no protection of personal data by itself.

    Errors: ``InputProblem`` RW-DATA-315 where one cell is named twice.
    """
    cells = []
    for one in suspects:
        if one.repair is None or one.confidence < at_least:
            continue
        old = one.value if show_old else None
        cells.append(
            Repair(
                one.row,
                one.column,
                _of(one.value),
                old,
                show_old,
                one.repair,
                one.reason,
                one.rule,
                one.confidence,
            )
        )
    cells.sort(key=lambda one: one.row)
    _no_twice(cells, "RW-DATA-315")
    return RepairPlan(source, snapshot, tuple(cells))


def approve(
    plan: RepairPlan,
    *,
    digest: Digest,
    who: str,
    at: datetime,
    cells: Collection[Cell] | None = None,
    rule: str | None = None,
    at_least: float | None = None,
) -> RepairPlan:
    """The plan with these repairs approved: cells by name, or all of a rule, or all as sure as this, or both.

    ``digest`` is that of the plan the person saw. Rules and confidences leave rejected cells rejected;
    a cell named is approved whatever was decided before. Approving twice keeps the first name and time.

    Errors: ``InputProblem`` RW-DATA-312 where the plan is another than the one seen, RW-DATA-313 for a
            choice of nothing, of cells the plan does not have, without a name, or at a time without zone.
    """
    chosen = _chosen(plan, digest=digest, who=who, at=at, cells=cells, rule=rule, at_least=at_least)
    return _decided(plan, chosen, Decision.APPROVED, who=who, at=at, named=cells is not None)


def reject(
    plan: RepairPlan,
    *,
    digest: Digest,
    who: str,
    at: datetime,
    cells: Collection[Cell] | None = None,
    rule: str | None = None,
    at_least: float | None = None,
) -> RepairPlan:
    """The plan with these repairs rejected; chosen as in ``approve``, whatever was decided before."""
    chosen = _chosen(plan, digest=digest, who=who, at=at, cells=cells, rule=rule, at_least=at_least)
    return _decided(plan, chosen, Decision.REJECTED, who=who, at=at, named=True)


def applied(texts: Texts, plan: RepairPlan) -> tuple[Texts, Lineage]:
    """The table with all approved repairs made, and where each of their values comes from.

    The given table stays as it is; columns without a repair are shared with it. Applied a second time the
    result is the same, and every cell counts as already done.

    Errors: ``InputProblem`` RW-DATA-311 where nothing is approved, RW-DATA-310 where rows or columns are
            not there or a cell holds neither what the plan saw nor what it wants, all of them at once.
    """
    approved = plan.approved
    if not approved:
        raise InputProblem(
            "RW-DATA-311",
            Problem(
                f"none of {len(plan.cells)} repairs is approved",
                place=plan.source,
                hint=f"approve repairs of the plan {plan.digest}",
            ),
        )
    changed: dict[str, list[str | None]] = {}
    problems: list[Problem] = []
    already = 0
    for one in approved:
        problem = _misfit(texts, one)
        if problem is not None:
            problems.append(problem)
            continue
        already += texts[one.column][one.row] == one.new
        column = changed.get(one.column)
        if column is None:
            column = changed[one.column] = list(texts[one.column])
        column[one.row] = one.new
    if problems:
        raise InputProblem(
            "RW-DATA-310",
            problems,
            hint="look for suspects again in the table as it is, and propose a new plan",
        )
    origins = tuple(
        Origin(one.row, one.column, one.rule, one.reason, one.confidence, one.who, one.at, one.was)
        for one in approved
    )
    whole: Texts = {name: changed.get(name, cells) for name, cells in texts.items()}
    return whole, Lineage(plan.source, plan.snapshot, plan.digest, origins, already)


def plan_of(value: object) -> RepairPlan:
    """The plan that a JSON value holds.

    Errors: ``InputProblem`` RW-DATA-314 with every field that is missing or of another kind, for a
            version that is not known, for a cell named twice, and where the proposals are not those that
            the plan's digest was made of.
    """
    problems: list[Problem] = []
    body = value if isinstance(value, Mapping) else {}
    if body.get("kind") != "repair-plan":
        problems.append(Problem("not a plan of repairs: `kind` is not `repair-plan`", place="kind"))
    if body.get("schema_version") != SCHEMA_VERSION:
        problems.append(
            Problem(
                f"only version {SCHEMA_VERSION} is known",
                place="schema_version",
                hint="propose the plan again",
            )
        )
    for name in ("source", "snapshot", "digest"):
        if not isinstance(body.get(name), str):
            problems.append(Problem("a text expected", place=name))
    listed = body.get("cells")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        problems.append(Problem("a list of cells expected", place="cells"))
        listed = []
    cells = [_repair_of(one, at, problems) for at, one in enumerate(listed)]
    if problems:
        raise InputProblem("RW-DATA-314", problems)
    kept = [one for one in cells if one is not None]
    _no_twice(kept, "RW-DATA-314")
    plan = RepairPlan(body["source"], Digest(body["snapshot"]), tuple(kept))
    if plan.digest != body["digest"]:
        raise InputProblem(
            "RW-DATA-314",
            Problem(
                "the proposals are not those of the plan's digest",
                place="digest",
                hint="propose the plan again",
            ),
        )
    return plan


def _misfit(texts: Texts, one: Repair) -> Problem | None:
    """Why this repair cannot be made in this table."""
    column = texts.get(one.column)
    if column is None:
        return Problem(f"no column `{one.column}`", place=one.column)
    if not 0 <= one.row < len(column):
        return Problem(
            f"row {one.row + 1} of {len(column)} is not there", place=one.column, line=one.row + 1, column=1
        )
    value = column[one.row]
    if value != one.new and _of(value) != one.was:
        return Problem(
            "the cell holds another value than the plan saw", place=one.column, line=one.row + 1, column=1
        )
    return None


def _chosen(
    plan: RepairPlan,
    *,
    digest: Digest,
    who: str,
    at: datetime,
    cells: Collection[Cell] | None,
    rule: str | None,
    at_least: float | None,
) -> set[Cell]:
    if digest != plan.digest:
        raise InputProblem(
            "RW-DATA-312",
            Problem(
                f"the decision is about another plan than {plan.digest}",
                place=plan.source,
                hint="look at the plan as it is now and decide again",
            ),
        )
    problems = []
    if not who.strip():
        problems.append(Problem("nobody is named", place="who", hint="say who decided"))
    if at.tzinfo is None:
        problems.append(Problem("a time without zone", place="at", hint="give a time with its zone"))
    known = {one.cell for one in plan.cells}
    if cells is None and rule is None and at_least is None:
        problems.append(
            Problem("nothing is chosen", place="cells", hint="name cells, a rule or a least confidence")
        )
    problems += [
        Problem("the plan has no repair for this cell", place=column, line=row + 1, column=1)
        for row, column in sorted(set(cells or ()) - known)
    ]
    chosen = {
        one.cell
        for one in plan.cells
        if (cells is None or one.cell in set(cells))
        and (rule is None or one.rule == rule)
        and (at_least is None or one.confidence >= at_least)
    }
    if not problems and not chosen:
        problems.append(Problem("no repair of the plan is meant by that", place="cells"))
    if problems:
        raise InputProblem("RW-DATA-313", problems)
    return chosen


def _decided(
    plan: RepairPlan, chosen: set[Cell], decision: Decision, *, who: str, at: datetime, named: bool
) -> RepairPlan:
    def one_decided(one: Repair) -> Repair:
        settled = one.decision is decision or (one.decision is Decision.REJECTED and not named)
        return one if one.cell not in chosen or settled else replace(one, decision=decision, who=who, at=at)

    return RepairPlan(plan.source, plan.snapshot, tuple(one_decided(one) for one in plan.cells))


def _repair_of(value: object, at: int, problems: list[Problem]) -> Repair | None:
    place = f"cells[{at}]"
    body: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    found: list[Problem] = []
    for name, kinds, wanted in _FIELDS:
        part = body.get(name)
        if not isinstance(part, kinds) or isinstance(part, bool):
            found.append(Problem(f"{wanted} expected", place=f"{place}.{name}"))
    if not isinstance(body.get("old"), str | None):
        found.append(Problem("a text or nothing expected", place=f"{place}.old"))
    if "old" in body and not found and _of(body["old"]) != body["was"]:
        found.append(Problem("not the value that `was` is the digest of", place=f"{place}.old"))
    if body.get("decision") not in list(Decision):
        found.append(Problem("`proposed`, `approved` or `rejected` expected", place=f"{place}.decision"))
    when = _time(body.get("at"))
    if when is None and body.get("at") is not None:
        found.append(Problem("a time with its zone expected", place=f"{place}.at"))
    if not found and body["decision"] != Decision.PROPOSED and (when is None or not body["who"].strip()):
        found.append(Problem("decided, but not by whom and when", place=f"{place}.decision"))
    if not found and not (body["row"] >= 0 and 0.0 <= body["confidence"] <= 1.0):
        found.append(Problem("a row from 0 and a confidence from 0 to 1 expected", place=place))
    if found:
        problems.extend(found)
        return None
    return Repair(
        row=body["row"],
        column=body["column"],
        was=Digest(body["was"]),
        old=body.get("old"),
        shows_old="old" in body,
        new=body["new"],
        reason=body["reason"],
        rule=body["rule"],
        confidence=float(body["confidence"]),
        decision=Decision(body["decision"]),
        who=body["who"],
        at=when,
    )


_FIELDS: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
    ("row", int, "a whole number"),
    ("column", str, "a text"),
    ("was", str, "a digest"),
    ("new", str, "a text"),
    ("reason", str, "a text"),
    ("rule", str, "a text"),
    ("confidence", (int, float), "a number"),
    ("who", str, "a text"),
)


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _no_twice(cells: Sequence[Repair], code: str) -> None:
    seen: set[Cell] = set()
    problems = []
    for one in cells:
        if one.cell in seen:
            problems.append(
                Problem("the cell is named twice", place=one.column, line=one.row + 1, column=1)
            )
        seen.add(one.cell)
    if problems:
        raise InputProblem(code, problems)


def _of(value: str | None) -> Digest:
    """Digest of a text; nothing at all has one of its own, unlike any text's."""
    if value is None:
        return digest(b"\x00null")
    return digest(b"\x01" + value.encode("utf-8", "surrogatepass"))
