"""What a figure must be: the operators of the standard."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Operator(StrEnum):
    """How a figure is compared. ``BETWEEN`` includes both ends."""

    IS = "mustBe"
    IS_NOT = "mustNotBe"
    ABOVE = "mustBeGreaterThan"
    AT_LEAST = "mustBeGreaterOrEqualTo"
    BELOW = "mustBeLessThan"
    AT_MOST = "mustBeLessOrEqualTo"
    BETWEEN = "mustBeBetween"
    NOT_BETWEEN = "mustNotBeBetween"


_WORDS = {
    Operator.IS: "exactly {}",
    Operator.IS_NOT: "anything but {}",
    Operator.ABOVE: "more than {}",
    Operator.AT_LEAST: "at least {}",
    Operator.BELOW: "less than {}",
    Operator.AT_MOST: "at most {}",
    Operator.BETWEEN: "{} to {}",
    Operator.NOT_BETWEEN: "outside {} to {}",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must be. ``value`` may be a text with ``IS`` and ``IS_NOT`` only."""

    operator: Operator
    value: Any
    high: float | int | None = None
    percent: bool = False

    def holds(self, figure: Any) -> bool:
        """Whether a figure is as promised.

        Edge: a number and a text are never the same; nothing but a number is more or less than one.
        """
        operator, value = self.operator, self.value
        if operator is Operator.IS:
            return _same(figure, value)
        if operator is Operator.IS_NOT:
            return not _same(figure, value)
        if not _is_number(figure) or not _is_number(value):
            return False
        if operator is Operator.ABOVE:
            return bool(figure > value)
        if operator is Operator.AT_LEAST:
            return bool(figure >= value)
        if operator is Operator.BELOW:
            return bool(figure < value)
        if operator is Operator.AT_MOST:
            return bool(figure <= value)
        inside = self.high is not None and value <= figure <= self.high
        return bool(inside if operator is Operator.BETWEEN else not inside)

    def __str__(self) -> str:
        words = _WORDS[self.operator].format(_shown(self.value), _shown(self.high))
        return f"{words} %" if self.percent else words


NONE_AT_ALL = Bound(Operator.IS, 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _same(one: Any, other: Any) -> bool:
    if _is_number(one) and _is_number(other):
        return bool(one == other)
    return type(one) is type(other) and bool(one == other)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def bound_of(document: Mapping[str, Any]) -> Bound | None:
    """The bound a rule declares, None where it has none, several, or one of another form."""
    there = [operator for operator in Operator if operator.value in document]
    if len(there) != 1:
        return None
    operator, value = there[0], document[there[0].value]
    percent = str(document.get("unit", "")).casefold() in ("percent", "%")
    if operator in (Operator.BETWEEN, Operator.NOT_BETWEEN):
        if not isinstance(value, Sequence) or len(value) != 2 or not all(map(_is_number, value)):
            return None
        return Bound(operator, value[0], value[1], percent)
    if operator not in (Operator.IS, Operator.IS_NOT) and not _is_number(value):
        return None
    return Bound(operator, value, None, percent)
