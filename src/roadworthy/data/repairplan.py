"""What a plan of repairs consists of, and how it is written to JSON and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

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
            [
                one.row,
                digest_of_value(one.column),
                one.was,
                digest_of_value(one.new),
                digest_of_value(one.reason),
                one.rule,
                one.confidence,
            ]
            for one in self.cells
        ]
        return digest_of([SCHEMA_VERSION, digest_of_value(self.source), self.snapshot, proposed])

    @property
    def approved(self) -> tuple[Repair, ...]:
        """Repairs that may be made."""
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
        """One line of a lineage."""
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
        """The lineage as a JSON value."""
        return {
            "source": self.source,
            "snapshot": self.snapshot,
            "plan": self.plan,
            "already": self.already,
            "cells": [one.as_json() for one in self.cells],
        }


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
    refuse_twice(kept, "RW-DATA-314")
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
    if "old" in body and not found and digest_of_value(body["old"]) != body["was"]:
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


def refuse_twice(cells: Sequence[Repair], code: str) -> None:
    """Errors: ``InputProblem`` of this code where a cell is named more than once."""
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


def digest_of_value(value: str | None) -> Digest:
    """Digest of a cell; nothing at all has one of its own, unlike any text's."""
    if value is None:
        return digest(b"\x00null")
    return digest(b"\x01" + value.encode("utf-8", "surrogatepass"))
