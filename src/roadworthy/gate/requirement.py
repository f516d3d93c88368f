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

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Libyaml's where it is there: every command reads the file, and the other loader takes a quarter of a second."""
_DEEPEST = 50
_PATH = re.compile(r"[a-z_]+(\.([a-z_]+|\{subject\}))+", re.ASCII)
_FIELDS = {"id", "theme", "asks", "measured_by", "each", "compare", "threshold", "bound", "unit", "stages",
           "tiers", "min_n", "real_parts", "next_step", "minutes", "waivable", "checklist", "effort_hours",
           "owner", "after", "during", "question", "valid_days"}  # fmt: skip

CHECKLIST = (
    "objectives", "kpi", "data", "architecture", "security", "monitoring", "review", "cost", "recovery",
    "optimisation",
)  # fmt: skip
"""The production checklist of the trade; every row answers for one of its ten points."""

OWNERS = ("business", "technical", "risk", "support")
"""Who owes a row: the owners that a charter names."""

ANSWER = "answer."
"""What measures rows that only a person can answer begins so."""


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
    ``checklist``  the point of the production checklist it answers for; empty: none of them.
    ``effort_hours``  work of its owner until it passes, waiting not counted; None: ``minutes``.
    ``owner``      which owner of the charter does the work.
    ``after``      rows that have to pass before the work on this one makes sense.
    ``during``     the stage in which its evidence arises: after everything that stage asks for.
    ``question``   what its owner is asked, where only a person can answer; then ``measured_by`` begins
                   with ``answer.``.
    ``valid_days`` how long an answer is believed at most.
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
    checklist: str = ""
    effort_hours: float | None = None
    owner: str = "technical"
    after: tuple[str, ...] = ()
    during: Stage | None = None
    question: str = ""
    valid_days: int = 0

    @property
    def hours(self) -> float:
        """Work of its owner until it passes."""
        return self.minutes / 60 if self.effort_hours is None else self.effort_hours


@dataclass(frozen=True, slots=True)
class RequirementSet:
    """All requirements of one version of the policy file."""

    version: str
    requirements: tuple[Requirement, ...]


def _document(text: str) -> Any:
    """Errors: ``YAML_FAULTS``. The loader in C recurses without a limit and would end the process: depth first."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"nested deeper than {_DEEPEST}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    loader = _LOADER(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def parse_requirements(text: str, *, place: str) -> RequirementSet:
    """Read the policy file. Errors: ``InputProblem`` RW-GATE-001 with every problem of the file."""
    try:
        document = _document(text)
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
    answers = [row.measured_by for row in rows if row.question]
    problems += [
        Problem(f"`{name}` answers two rows, expected one question for one answer", place=place)
        for name in sorted({n for n in answers if answers.count(n) > 1})
    ]
    problems += [Problem(wrong, place=place) for wrong in _wrong_order(rows)]
    if problems:
        raise InputProblem("RW-GATE-001", problems)
    return RequirementSet(document["version"], tuple(rows))


def _wrong_order(rows: Sequence[Requirement]) -> list[str]:
    """Rows that come after a row that is not there, or in the end after themselves."""
    after = {row.id: row.after for row in rows}
    wrong = [
        f"`{row.id}`: `after` names `{other}`, which is no requirement"
        for row in rows
        for other in row.after
        if other not in after
    ]
    left = dict(after)
    while ready := [name for name, others in left.items() if not any(other in left for other in others)]:
        for name in ready:
            del left[name]
    return wrong + [f"`{name}`: `after` leads back to it" for name in sorted(left)]


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

    def number(self, name: str) -> float | None:
        value: float | None = self.take(name, "a number, 0 or more", _is_amount)
        return value

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(self.take(name, "a list of ids", _are_names, []))

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


def _is_amount(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and value >= 0
    )


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


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
    during = fields.one_of("during", tuple(str(stage) for stage in ROAD[1:]), "")
    row = Requirement(
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
        checklist=fields.one_of("checklist", CHECKLIST, ""),
        effort_hours=fields.number("effort_hours"),
        owner=fields.one_of("owner", OWNERS, "technical"),
        after=fields.names("after"),
        during=Stage(during) if during else None,
        question=fields.text("question"),
        valid_days=fields.count("valid_days", 0),
    )
    fields.wrong += _unanswerable(row)
    return row


def _unanswerable(row: Requirement) -> list[str]:
    """What is wrong with a row that people answer, or with one that pretends to be one."""
    if not row.measured_by.startswith(ANSWER):
        asked = bool(row.question or row.valid_days)
        return (
            ["`question` and `valid_days`: only where `measured_by` begins with `answer.`"] if asked else []
        )
    if not (row.question and row.valid_days):
        return ["a row that is answered needs a `question` and `valid_days` of at least 1"]
    if (row.each, row.compare, row.threshold, row.unit) != ("", Compare.AT_LEAST, 1.0, "yes"):
        return [
            'an answer is a yes: expected `compare: at least`, `threshold: 1`, `unit: "yes"`, no `each`'
        ]
    return []
