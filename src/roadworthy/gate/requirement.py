"""Requirements as data: what the gate asks for, read from a versioned policy file.

A new requirement is a new row, never a new branch: it names the kind of measurement that answers
it, over which subjects, how the value is compared, where the threshold stands (in the charter or
in the row), and for which tiers and stages it counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from roadworthy.charter import LISTS, TIERS
from roadworthy.errors import InputProblem, Problem
from roadworthy.placed import YAML_FAULTS
from roadworthy.stage import ROAD, Stage

_PATH = re.compile(r"[a-z_]+(\.([a-z_]+|\{subject\}))+", re.ASCII)
_FIELDS = {"id", "theme", "asks", "measured_by", "each", "compare", "threshold", "bound", "unit", "stages",
           "tiers", "min_n", "real_parts", "next_step", "minutes", "waivable"}  # fmt: skip


class Compare(StrEnum):
    """Which side of the threshold is good."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the policy file.

    ``each``       names the list in the charter whose members are the subjects; empty: one subject "".
    ``threshold``  a number, or a dotted path into the charter (``{subject}`` is replaced).
    ``min_n``      so many cases at least, or a path to their number.
    ``bound``      compare the pessimistic end of the interval rather than the value.
    ``real_parts`` in production, parts that were simulated do not count.
    ``minutes``    how long the next step is thought to take: the order of work.
    """

    id: str
    theme: str
    asks: str
    measured_by: str
    each: str
    compare: Compare
    threshold: float | str
    bound: bool
    unit: str
    stages: frozenset[Stage]
    tiers: frozenset[str]
    min_n: int | str
    real_parts: bool
    next_step: str
    minutes: int
    waivable: bool


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """All requirements of one version of the policy file."""

    version: str
    requirements: tuple[Requirement, ...]


def parse_requirements(text: str, *, place: str) -> RequirementSet:
    """Read the policy file. Errors: ``InputProblem`` RW-GATE-001 with every problem of the file."""
    try:
        document = yaml.safe_load(text)
    except YAML_FAULTS as problem:
        raise InputProblem("RW-GATE-001", Problem(f"not YAML: {problem}", place=place)) from None
    if (
        not isinstance(document, Mapping)
        or not isinstance(document.get("requirements"), list)
        or not isinstance(document.get("version"), str)
    ):
        raise InputProblem(
            "RW-GATE-001", Problem("expected `version`, a text, and `requirements`, a list", place=place)
        )
    problems: list[Problem] = []
    rows: list[Requirement] = []
    for number, row in enumerate(document["requirements"], start=1):
        where = f"{place}: requirement {number}"
        if not isinstance(row, Mapping):
            problems.append(Problem("expected a mapping", place=where))
            continue
        unknown = sorted(str(name) for name in set(row) - _FIELDS)
        missing = sorted(
            {"id", "theme", "asks", "measured_by", "compare", "threshold", "stages"} - set(row)
        )
        problems += [Problem(f"unknown field `{name}`", place=where) for name in unknown]
        problems += [Problem(f"field `{name}` is missing", place=where) for name in missing]
        if missing or unknown:
            continue
        fields = _Fields(row)
        requirement = _read(fields)
        problems += [Problem(wrong, place=where) for wrong in fields.wrong]
        if not fields.wrong:
            rows.append(requirement)
    names = [row.id for row in rows]
    problems += [
        Problem(f"`{name}` stands twice", place=place)
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise InputProblem("RW-GATE-001", problems)
    return RequirementSet(document["version"], tuple(rows))


class _Fields:
    """Reads the fields of one row and keeps every one that is not what it has to be."""

    def __init__(self, row: Mapping[str, object]) -> None:
        self._row = row
        self.wrong: list[str] = []

    def take(self, name: str, expected: str, right: Callable[[Any], bool], absent: Any = None) -> Any:
        """The field's value, or ``absent`` where it is missing or wrong."""
        value = self._row.get(name, absent)
        if name in self._row and not right(value):
            shown = f"`{value}`" if isinstance(value, str | int | float) else f"a {type(value).__name__}"
            self.wrong.append(f"`{name}`: expected {expected}, found {shown}")
            return absent
        return value

    def text(self, name: str) -> str:
        return str(
            self.take(name, "a text", lambda value: isinstance(value, str) and bool(value.strip()), "")
        )

    def one_of(self, name: str, known: Sequence[str], absent: str) -> str:
        return str(self.take(name, f"one of {', '.join(known)}", lambda value: value in known, absent))

    def yes(self, name: str, *, absent: bool) -> bool:
        return bool(self.take(name, "true or false", lambda value: isinstance(value, bool), absent))

    def count(self, name: str, absent: int) -> int:
        return int(self.take(name, "a whole number, 0 or more", _is_count, absent))

    def count_or_path(self, name: str, absent: int) -> int | str:
        expected = "a whole number, 0 or more, or a path into the charter"
        count: int | str = self.take(
            name, expected, lambda value: _is_count(value) or _is_path(value), absent
        )
        return count


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_path(value: object) -> bool:
    return isinstance(value, str) and _PATH.fullmatch(value) is not None


def _is_threshold(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value))


def _are_tiers(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(tier in TIERS for tier in value)


_FROM = (*ROAD, *(f"{stage}+" for stage in ROAD))


def _read(fields: _Fields) -> Requirement:
    threshold = fields.take(
        "threshold", "a finite number or a path into the charter", _is_threshold, "nowhere"
    )
    stages = fields.one_of("stages", _FROM, Stage.PRODUCTION)
    first = Stage(stages.removesuffix("+"))
    following = frozenset(ROAD[ROAD.index(first) :]) if stages.endswith("+") else frozenset({first})
    return Requirement(
        id=fields.text("id"),
        theme=fields.text("theme"),
        asks=fields.text("asks"),
        measured_by=fields.text("measured_by"),
        each=fields.one_of("each", LISTS, ""),
        compare=Compare(fields.one_of("compare", tuple(Compare), Compare.AT_LEAST)),
        threshold=threshold if isinstance(threshold, str) else float(threshold),
        bound=fields.yes("bound", absent=False),
        unit=fields.text("unit"),
        stages=following,
        tiers=frozenset(fields.take("tiers", f"a list of {', '.join(TIERS)}", _are_tiers, [])),
        min_n=fields.count_or_path("min_n", 0),
        real_parts=fields.yes("real_parts", absent=False),
        next_step=fields.text("next_step"),
        minutes=fields.count("minutes", 30),
        waivable=fields.yes("waivable", absent=True),
    )
