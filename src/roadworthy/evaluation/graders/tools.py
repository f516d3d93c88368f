"""Graders of what was done: read tools that were called, and effects that were proposed and disposed of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import Field

from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders.reading import (
    NoValue,
    Options,
    expected,
    includes,
    kind_of,
    quoted,
    same,
)
from roadworthy.evaluation.strict import MAX_DEPTH, depth, fit
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Called, Proposed, Transcript

MOST_COMPARED = 200
"""Calls or effects of one answer that are compared; matching them takes their square."""
DISPOSITIONS = ("execute", "review", "refuse")
W = TypeVar("W")
F = TypeVar("F")
Arguments = Literal["subset", "equal", "ignore"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One call or effect as a test describes it; an empty ``dispositions`` means any."""

    tool: str
    arguments: Mapping[str, Any]
    dispositions: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = self.tool + (f"({_arguments(self.arguments)})" if self.arguments else "")
        return f"{text} → {' or '.join(self.dispositions)}" if self.dispositions else text


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={quoted(value)}" for name, value in list(arguments.items())[:5])


class ToolCalls(Options):
    """Options of `tool_calls`. A test expects a list of tools, or of `{tool, arguments}`."""

    order: Literal["exact", "any", "subsequence", "includes"] = Field(
        default="exact",
        description="`exact`: these calls in this order and no others; `any`: these in any order and no "
        "others; `subsequence`: these in this order, others between them; `includes`: at least these",
    )
    arguments: Arguments = Field(
        default="subset",
        description="`subset`: those the test names; `equal`: these and no others; `ignore`",
    )
    forbidden: list[str] = Field(default_factory=list, description="tools that must not be called")
    expected_field: str = Field(default="", description="part of what is expected")


def tool_calls(options: ToolCalls, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Were the expected tools called, in the order that was asked for, and no forbidden ones?

    The value is the part of the calls that match: of the expected ones, or of the longer list where no
    others are allowed. A forbidden call is 0.
    """
    called = transcript.calls
    wrong = [one.tool for one in called if one.tool in options.forbidden]
    if wrong:
        return Grade.of(grader, 0.0, f"called {_listed(wrong)}, which is forbidden")
    if test.expected is None and options.forbidden:
        return Grade.of(grader, 1.0, "called nothing that is forbidden")
    wanted = _wanted(grader, expected(grader, test, options.expected_field), dispositions=False)
    _comparable(grader, called, wanted)

    def fits(one: Wanted, call: Called) -> bool:
        return one.tool == call.tool and _agree(options.arguments, one.arguments, call.arguments)

    if options.order in ("exact", "subsequence"):
        matched = _in_order(wanted, called, fits)
    else:
        matched = _in_any_order(wanted, called, fits)
    closed = options.order in ("exact", "any")
    size = max(len(wanted), len(called)) if closed else len(wanted)
    # Without what was expected there is nothing to divide by: expecting no call is kept by calling none.
    value = len(matched) / size if size else 1.0
    missing = [one for place, one in enumerate(wanted) if place not in matched]
    extra = [one.tool for place, one in enumerate(called) if place not in set(matched.values())]
    return Grade.of(
        grader, value, _told("called", missing, extra if closed else [], called, fits_tool=options.order)
    )


class Effects(Options):
    """Options of `effects`.

    A test expects a list of `{tool, disposition, arguments}` (disposition one, a list of them, or none
    for any), or `{"effects": […], "forbidden": […]}`. An empty list says: nothing may be proposed.
    """

    arguments: Arguments = Field(default="subset", description="how arguments are compared")
    others: Literal["forbidden", "allowed"] = Field(
        default="forbidden", description="effects that the test does not name"
    )
    forbidden: list[str | dict[str, Any]] = Field(
        default_factory=list,
        description="effects that must not be proposed; with a `disposition`, must not be disposed of so",
    )
    expected_field: str = Field(default="", description="part of what is expected")


def effects(options: Effects, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Were the expected effects proposed and disposed of as they should, and no others?

    The value is the part of the effects that match; a forbidden one is 0. Where a disposition is
    expected and nobody disposed, the answer is ungraded.
    """
    forbidden = _wanted(grader, list(options.forbidden), dispositions=True)
    wanted: list[Wanted] | None = None
    if test.expected is not None or not options.forbidden:
        told = expected(grader, test, options.expected_field)
        if isinstance(told, Mapping) and set(told) <= {"effects", "forbidden"}:
            forbidden += _wanted(grader, told.get("forbidden", []), dispositions=True)
            told = told.get("effects")
        wanted = None if told is None else _wanted(grader, told, dispositions=True)
    proposed = transcript.effects
    _comparable(grader, proposed, (*forbidden, *(wanted or ())))

    def fits(one: Wanted, effect: Proposed) -> bool:
        if one.tool != effect.tool or not _agree(options.arguments, one.arguments, effect.arguments):
            return False
        if one.dispositions and not effect.disposition:
            raise NoValue(Grade.ungraded(grader, f"nobody disposed of `{fit(effect.tool, 60)}`"))
        return not one.dispositions or effect.disposition in one.dispositions

    for ban in forbidden:
        for effect in proposed:
            if fits(ban, effect):
                return Grade.of(grader, 0.0, f"proposed {ban}, which is forbidden")
    if wanted is None:
        return Grade.of(grader, 1.0, "proposed nothing that is forbidden")
    matched = _in_any_order(wanted, proposed, fits)
    closed = options.others == "forbidden"
    size = max(len(wanted), len(proposed)) if closed else len(wanted)
    missing = [one for place, one in enumerate(wanted) if place not in matched]
    extra = [
        f"{one.tool} → {one.disposition or 'nobody disposed'}"
        for place, one in enumerate(proposed)
        if place not in set(matched.values())
    ]
    value = len(matched) / size if size else 1.0
    return Grade.of(grader, value, _told("proposed", missing, extra if closed else [], proposed))


def _wanted(grader: Grader, told: object, *, dispositions: bool) -> list[Wanted]:
    """Read what a test describes. Errors: ``NoValue``, ungraded, for what cannot be read."""
    if not isinstance(told, list | tuple):
        raise NoValue(Grade.ungraded(grader, f"expected a list in the test, found {kind_of(told)}"))
    return [_one_wanted(grader, one, dispositions=dispositions) for one in told]


def _one_wanted(grader: Grader, one: object, *, dispositions: bool) -> Wanted:
    if isinstance(one, str) and one:
        return Wanted(one, {})
    known = {"tool", "arguments"} | ({"disposition"} if dispositions else set())
    if isinstance(one, Mapping) and isinstance(one.get("tool"), str) and set(one) <= known:
        arguments, said = one.get("arguments", {}), one.get("disposition", [])
        several = tuple(said) if isinstance(said, list | tuple) else (said,)
        if isinstance(arguments, Mapping) and all(word in DISPOSITIONS for word in several):
            return Wanted(str(one["tool"]), arguments, several)
    raise NoValue(
        Grade.ungraded(
            grader, f"the test describes {quoted(one)}, expected a tool or {{{', '.join(sorted(known))}}}"
        )
    )


def _comparable(grader: Grader, found: Sequence[Called | Proposed], wanted: Sequence[Wanted]) -> None:
    if max(len(found), len(wanted)) > MOST_COMPARED:
        raise NoValue(Grade.ungraded(grader, f"more than {MOST_COMPARED} calls cannot be compared"))
    if any(depth(one.arguments) > MAX_DEPTH for one in found):
        raise NoValue(Grade.ungraded(grader, f"arguments are nested deeper than {MAX_DEPTH}"))


def _agree(how: Arguments, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    if how == "ignore":
        return True
    return includes(found, wanted) if how == "subset" else same(dict(found), dict(wanted))


def _in_order(wanted: Sequence[W], found: Sequence[F], fits: Callable[[W, F], bool]) -> dict[int, int]:
    """Longest common subsequence: place in ``wanted`` → place in ``found``."""
    rows, columns = len(wanted), len(found)
    agree = [[fits(one, other) for other in found] for one in wanted]
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            best[row][column] = max(best[row + 1][column], best[row][column + 1])
            if agree[row][column]:
                best[row][column] = max(best[row][column], best[row + 1][column + 1] + 1)
    matched: dict[int, int] = {}
    row = column = 0
    while row < rows and column < columns:
        if agree[row][column] and best[row][column] == best[row + 1][column + 1] + 1:
            matched[row] = column
            row, column = row + 1, column + 1
        elif best[row + 1][column] >= best[row][column + 1]:
            row += 1
        else:
            column += 1
    return matched


def _in_any_order(wanted: Sequence[W], found: Sequence[F], fits: Callable[[W, F], bool]) -> dict[int, int]:
    """Largest matching (augmenting paths): one call can fit several descriptions, and counts for one."""
    agree = [[place for place, other in enumerate(found) if fits(one, other)] for one in wanted]
    taken: dict[int, int] = {}
    for start in range(len(wanted)):
        # Breadth first, because a path can be as long as the list.
        came: dict[int, int] = {}
        queue, end = [start], -1
        while queue and end < 0:
            row = queue.pop(0)
            for column in agree[row]:
                if column in came:
                    continue
                came[column] = row
                if column not in taken:
                    end = column
                    break
                queue.append(taken[column])
        while end >= 0:
            row = came[end]
            before = next((column for column, owner in taken.items() if owner == row), -1)
            taken[end] = row
            end = before if row != start else -1
    return {row: column for column, row in taken.items()}


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(f"`{fit(name, 60)}`" for name in names[:5])
    return told + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _told(
    verb: str,
    missing: Sequence[Wanted],
    extra: Sequence[str],
    found: Sequence[Called | Proposed],
    *,
    fits_tool: str = "",
) -> str:
    if not missing and not extra:
        return f"{verb} what was expected"
    told = []
    tools = [one.tool for one in found]
    for one in missing[:5]:
        if one.tool not in tools:
            told.append(f"{one} is missing")
        elif fits_tool in ("exact", "subsequence"):
            told.append(f"{one} is missing, or stands in another place or with other arguments")
        else:
            told.append(f"{one} is missing; `{fit(one.tool, 60)}` was {verb} otherwise")
    if extra:
        told.append(f"{verb} {_listed(extra)} beyond what was expected")
    return "; ".join(told)
