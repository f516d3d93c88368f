"""Grades: what one grader says of one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadworthy.errors import Problem
from roadworthy.evaluation.strict import Fields, refuse
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

    def as_json(self) -> dict[str, object]:
        """Everything that decides its grades, as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "options": dict(self.options),
            "passes_at": self.passes_at,
        }

    @classmethod
    def read(cls, fields: Fields) -> Grader:
        """The grader that ``as_json`` wrote; what is wrong is told to the fields."""
        read = cls(
            fields.text("name"),
            fields.text("kind"),
            fields.mapping("options"),
            float(fields.number("passes_at", 1.0)),
        )
        fields.done()
        return read


@dataclass(frozen=True, slots=True)
class Grade:
    """``value`` from 0 (wrong) to 1 (right); None where the answer could not be graded, with the reason.

    Ungraded is never 0 and never left out: it is counted as what it is. ``reason`` and ``detail`` may
    quote the answer and what was expected: whoever keeps them keeps content.
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
        """A value, and whether it passes.

        Errors: ``ValueError`` for what is no number from 0 to 1: NaN would fail every comparison silently.
        """
        if not 0 <= value <= 1:
            raise ValueError(f"a grade lies between 0 and 1, found {value}")
        return cls(grader.name, value, value >= grader.passes_at, reason, detail, cost)

    @classmethod
    def ungraded(cls, grader: Grader, reason: str, *, cost: Cost = NOTHING, **detail: object) -> Grade:
        """No value, and why."""
        return cls(grader.name, None, None, reason, detail, cost)

    @property
    def advisory(self) -> bool:
        """Of an instrument that was not shown to agree with people: it may be read, and decides nothing."""
        return self.detail.get("advisory") is True

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        found: dict[str, object] = {
            "grader": self.grader,
            "value": self.value,
            "passed": self.passed,
            "reason": self.reason,
        }
        if self.detail:
            found["detail"] = dict(self.detail)
        if self.cost != NOTHING:
            found["cost"] = str(self.cost)
        return found

    @classmethod
    def from_json(cls, stored: object, *, place: str = "grade") -> Grade:
        """Read what ``as_json`` wrote. Errors: ``InputProblem`` RW-EVAL-020 with everything that is wrong."""
        problems: list[Problem] = []
        read = cls.read(Fields(stored, place, problems))
        if problems:
            raise refuse("RW-EVAL-020", problems)
        return read

    @classmethod
    def read(cls, fields: Fields) -> Grade:
        """The grade that stands in some fields; what is wrong is told to them."""
        grader = fields.text("grader")
        value = fields.maybe_number("value")
        passed = fields.any("passed")
        if value is not None and not 0 <= value <= 1:
            fields.say(f"`value`: expected a number from 0 to 1, found {value}")
        if value is not None and not isinstance(passed, bool):
            fields.say("`passed`: expected true or false beside a value")
        elif value is None and passed is not None:
            fields.say("`passed`: an answer without a value neither passes nor fails")
        read = cls(
            grader,
            value,
            passed if isinstance(passed, bool) else None,
            fields.text("reason", ""),
            fields.mapping("detail"),
            fields.cost("cost"),
        )
        fields.done()
        return read
