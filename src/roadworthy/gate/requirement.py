"""Requirements as data: what the gate asks for, read from a versioned policy file.

A new requirement is a new row, never a new branch: it names the kind of measurement that answers
it, over which subjects, how the value is compared, where the threshold stands (in the charter or
in the row), and for which tiers and stages it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import yaml

from roadworthy.errors import InputProblem, Problem
from roadworthy.stage import ROAD, Stage

_FIELDS = {"id", "theme", "asks", "measured_by", "each", "compare", "threshold", "bound", "unit", "stages",
           "tiers", "min_n", "real_parts", "next_step", "minutes", "waivable"}  # fmt: skip


class Compare(StrEnum):
    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the policy file.

    ``each``       names the list in the charter whose members are the subjects; empty: one subject "".
    ``threshold``  a number, or a dotted path into the charter (``{subject}`` is replaced).
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
    min_n: int
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
    except yaml.YAMLError as problem:
        raise InputProblem("RW-GATE-001", Problem(f"not YAML: {problem}", place=place)) from None
    if not isinstance(document, Mapping) or not isinstance(document.get("requirements"), list):
        raise InputProblem("RW-GATE-001", Problem("expected `version` and `requirements`", place=place))
    problems: list[Problem] = []
    rows: list[Requirement] = []
    for number, row in enumerate(document["requirements"], start=1):
        where = f"{place}: requirement {number}"
        if not isinstance(row, Mapping):
            problems.append(Problem("expected a mapping", place=where))
            continue
        unknown = sorted(set(row) - _FIELDS)
        missing = sorted(
            {"id", "theme", "asks", "measured_by", "compare", "threshold", "stages"} - set(row)
        )
        problems += [Problem(f"unknown field `{name}`", place=where) for name in unknown]
        problems += [Problem(f"field `{name}` is missing", place=where) for name in missing]
        if missing or unknown:
            continue
        try:
            rows.append(_read(row))
        except (ValueError, TypeError) as problem:
            problems.append(Problem(str(problem), place=where))
    names = [row.id for row in rows]
    problems += [
        Problem(f"`{name}` stands twice", place=place)
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise InputProblem("RW-GATE-001", problems)
    return RequirementSet(str(document.get("version", "")), tuple(rows))


def _read(row: Mapping[str, object]) -> Requirement:
    threshold = row["threshold"]
    if isinstance(threshold, bool) or not isinstance(threshold, int | float | str):
        raise ValueError("a threshold is a number or a path into the charter")
    stages = row["stages"]
    first = Stage(str(stages).removesuffix("+"))
    following = frozenset(ROAD[ROAD.index(first) :]) if str(stages).endswith("+") else frozenset({first})
    tiers = row.get("tiers", [])
    if not isinstance(tiers, list):
        raise ValueError("tiers are a list of risk tiers; leave it out for all of them")
    return Requirement(
        id=str(row["id"]),
        theme=str(row["theme"]),
        asks=str(row["asks"]),
        measured_by=str(row["measured_by"]),
        each=str(row.get("each", "")),
        compare=Compare(str(row["compare"])),
        threshold=float(threshold) if isinstance(threshold, int | float) else threshold,
        bound=bool(row.get("bound", False)),
        unit=str(row.get("unit", "")),
        stages=following,
        tiers=frozenset(str(tier) for tier in tiers),
        min_n=int(str(row.get("min_n", 0))),
        real_parts=bool(row.get("real_parts", False)),
        next_step=str(row.get("next_step", "")),
        minutes=int(str(row.get("minutes", 30))),
        waivable=bool(row.get("waivable", True)),
    )
