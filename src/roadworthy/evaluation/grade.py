"""Grades: what one grader says of one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadworthy.quantities import Cost

NOTHING = Cost(0)


@dataclass(frozen=True, slots=True)
class Grader:
    """How an answer is graded. ``kind`` names the rule, ``options`` are its own.

    ``passes_at`` is the lowest value that counts as passed. ``name`` tells graders of one suite apart.
    """

    name: str
    kind: str
    options: Mapping[str, object] = field(default_factory=dict)
    passes_at: float = 1.0


@dataclass(frozen=True, slots=True)
class Grade:
    """``value`` from 0 (wrong) to 1 (right); None where the answer could not be graded, with the reason.

    Ungraded is never 0 and never left out: it is counted as what it is.
    """

    grader: str
    value: float | None
    passed: bool | None
    reason: str
    detail: Mapping[str, object] = field(default_factory=dict)
    cost: Cost = NOTHING

    @classmethod
    def of(
        cls, grader: Grader, value: float, reason: str, *, cost: Cost = NOTHING, **detail: object
    ) -> Grade:
        """A value, and whether it passes."""
        return cls(grader.name, value, value >= grader.passes_at, reason, detail, cost)

    @classmethod
    def ungraded(cls, grader: Grader, reason: str, *, cost: Cost = NOTHING, **detail: object) -> Grade:
        """No value, and why."""
        return cls(grader.name, None, None, reason, detail, cost)
