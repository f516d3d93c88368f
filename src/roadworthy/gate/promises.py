"""What a charter promises of what the gate reads, and the same charter had it promised something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from roadworthy.charter import TIERS, Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.gate.requirement import RequirementSet
from roadworthy.stage import Stage

AUTONOMY: Final = ("suggest", "approve", "automatic")
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {"risk.tier": TIERS, "autonomy": AUTONOMY}
"""What decides which requirements are asked at all, and what it may be."""


@dataclass(frozen=True, slots=True)
class Promise:
    """A value of the charter by its dotted path, as the charter writes it, and the requirements that read it.

    ``value`` is empty where the charter says nothing. ``choices``: all it may be, none where it is a figure.
    """

    path: str
    value: str
    read_by: tuple[str, ...]
    choices: tuple[str, ...] = ()


def promises(charter: Charter, requirements: RequirementSet, stage: Stage) -> tuple[Promise, ...]:
    """What of this charter the gate reads for the stage: what decides who is asked, then figures by their path."""
    said = charter.model_dump(mode="json")
    readers: dict[str, list[str]] = {}
    for row in requirements.requirements:
        if stage not in row.stages or (row.tiers and charter.risk.tier not in row.tiers):
            continue
        for subject in charter.subjects(row.each) if row.each else ("",):
            for path in (row.threshold, row.min_n):
                if isinstance(path, str):
                    readers.setdefault(path.replace("{subject}", subject), []).append(row.id)
    asked = tuple(row.id for row in requirements.requirements if row.tiers)
    lists = tuple(row.id for row in requirements.requirements if row.each == "automatic_errors")
    return (
        Promise("risk.tier", charter.risk.tier, asked, CHOICES["risk.tier"]),
        Promise("autonomy", charter.autonomy, lists, CHOICES["autonomy"]),
        *(
            Promise(path, _written(_at(said, path)), tuple(dict.fromkeys(readers[path])))
            for path in sorted(readers)
            if _holder(said, path) is not None
        ),
    )


def promised(charter: Charter, changes: Mapping[str, str]) -> Charter:
    """The charter, had it said this. Values are written as in the file: `0.9`, `4h`, `0.0050 EUR`.

    Errors: ``InputProblem`` RW-GATE-011 with every value that a charter could not hold, and every path that leads
            nowhere.
    """
    said = charter.model_dump(mode="json")
    problems = []
    for path, text in changes.items():
        holder, name = _holder(said, path), path.rpartition(".")[2]
        if holder is None:
            problems.append(Problem("the charter has no such value", place=path))
            continue
        try:
            holder[name] = _typed(holder.get(name), text.strip())
        except ValueError as problem:
            problems.append(Problem(str(problem), place=path))
    if not problems:
        try:
            return Charter.model_validate(said)
        except ValidationError as invalid:
            problems += _told(invalid, changes)
    raise InputProblem(
        "RW-GATE-011", problems, hint="write values as the charter does: `0.9`, `4h`, `0.0050 EUR`"
    )


def _told(invalid: ValidationError, changes: Iterable[str]) -> list[Problem]:
    """What the form of the charter says of each value, in the words of its field."""
    found = []
    for error in invalid.errors(include_url=False, include_context=False):
        path = ".".join(str(part) for part in error["loc"])
        # An entry of a list is named by its id where it was changed, and by its place here.
        place = path if path in changes else next(iter(changes), path)
        found.append(Problem(str(error["msg"]).removeprefix("Value error, "), place=place))
    return found


def _holder(said: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    """The part of the charter whose field the path names; None where there is no such field."""
    *parents, name = path.split(".")
    value: Any = said
    for part in parents:
        value = _entry(value, part)
    return value if isinstance(value, dict) and name in value else None


def _at(said: Mapping[str, Any], path: str) -> Any:
    holder = _holder(said, path)
    return None if holder is None else holder[path.rpartition(".")[2]]


def _entry(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return next((one for one in value if isinstance(one, dict) and one.get("id") == part), None)
    return value.get(part) if isinstance(value, dict) else None


def _written(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return "" if value is None else str(value)


def _typed(before: Any, text: str) -> Any:
    """The text as what stands there is. Errors: ``ValueError`` where a number was expected."""
    if isinstance(before, str):
        return text
    if not text:
        return None
    try:
        # A figure without a fraction may stand for one that has it; which of the two it is, the charter says itself.
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        if before is None:
            return text
        raise ValueError(f"expected a number, found `{text[:60]}`") from None
