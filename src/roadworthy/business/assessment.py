"""An assessed idea: every answer with its owner and source, ranges and "unknown" allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final, TypeAlias

from roadworthy.business.questions import BY_ID, QUESTIONS, Kind
from roadworthy.quantities import Cost

FORM: Final = 1
"""Version of the file form."""


class Unknown(Enum):
    """Somebody was asked and does not know. A field that nobody answered is simply not there."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Range:
    """What a figure may be: one in ten below ``p10``, one in two below ``p50``, nine in ten below ``p90``.

    A single figure has three equal ends; how sure it is depends on who says it, see the policy.
    """

    p10: float
    p50: float
    p90: float

    @property
    def single(self) -> bool:
        return self.p10 == self.p90

    def times(self, factor: float) -> Range:
        """The same range, moved by a factor."""
        return Range(self.p10 * factor, self.p50 * factor, self.p90 * factor)


Row: TypeAlias = Mapping[str, "str | bool | date | Unknown"]
Held: TypeAlias = "str | bool | float | date | Range | tuple[str, ...] | tuple[Row, ...] | Unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one question, by whom, and from where they know."""

    owner: str
    source: str
    fields: Mapping[str, Held]

    @property
    def known(self) -> bool:
        """At least one field says something."""
        return any(value is not UNKNOWN for value in self.fields.values())


@dataclass(frozen=True, slots=True)
class Assessment:
    """One idea and the answers about it. ``currency`` is that of every amount; empty without amounts."""

    idea: str
    title: str
    currency: str
    answers: Mapping[str, Answer]

    def held(self, question: str, field: str) -> Held:
        """What a field holds; ``UNKNOWN`` where nobody knows and where nobody answered.

        Errors: ``KeyError`` for a question or field that does not exist.
        """
        BY_ID[question].field(field)
        answer = self.answers.get(question)
        return answer.fields.get(field, UNKNOWN) if answer else UNKNOWN

    def text(self, question: str, field: str) -> str | None:
        """A text or a choice, or None."""
        value = self.held(question, field)
        return value if isinstance(value, str) else None

    def yes(self, question: str, field: str) -> bool | None:
        """Yes, no, or None where it is not known."""
        value = self.held(question, field)
        return value if isinstance(value, bool) else None

    def number(self, question: str, field: str) -> float | None:
        """A plain number, or None."""
        value = self.held(question, field)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def range(self, question: str, field: str) -> Range | None:
        """A range, or None."""
        value = self.held(question, field)
        return value if isinstance(value, Range) else None

    def rows(self, question: str, field: str) -> tuple[Row, ...] | None:
        """Rows of a list; empty where there are none; None where it is not known."""
        value = self.held(question, field)
        return value if isinstance(value, tuple) else None  # type: ignore[return-value]

    def ticks(self, question: str, field: str) -> frozenset[str] | None:
        """Ticked entries; empty where somebody looked and ticked none; None where nobody looked."""
        value = self.held(question, field)
        return frozenset(str(one) for one in value) if isinstance(value, tuple) else None

    def told(self, question: str) -> str:
        """Who said it and from where, for showing beside a figure."""
        answer = self.answers.get(question)
        return f"{answer.owner}, {answer.source}" if answer and answer.known else "nobody"

    @property
    def answered(self) -> tuple[str, ...]:
        """Questions of which at least one field is known."""
        return tuple(one.id for one in QUESTIONS if (a := self.answers.get(one.id)) and a.known)

    @property
    def open(self) -> tuple[str, ...]:
        """Fields that nobody answered or knows, as `question.field`, in the order of the questions."""
        return tuple(
            f"{question.id}.{field.id}"
            for question in QUESTIONS
            for field in question.fields
            if self.held(question.id, field.id) is UNKNOWN
        )

    def with_field(self, question: str, field: str, value: Held) -> Assessment:
        """The same assessment with one field answered otherwise."""
        old = self.answers.get(question) or Answer("", "", {})
        changed = Answer(old.owner, old.source, {**old.fields, field: value})
        return Assessment(self.idea, self.title, self.currency, {**self.answers, question: changed})

    def as_json(self) -> dict[str, object]:
        """The assessment in the form of its file; ``from_json`` reads it back to the same value."""
        return {
            "assessment": FORM,
            "idea": self.idea,
            "title": self.title,
            "answers": self.answers_as_json(),
        }

    def answers_as_json(self) -> dict[str, dict[str, Any]]:
        """Every answer in the form of the file, by its question."""
        answers: dict[str, dict[str, Any]] = {}
        for question in QUESTIONS:
            answer = self.answers.get(question.id)
            if answer is None:
                continue
            fields = {
                field.id: _plain(answer.fields[field.id], field.kind, self.currency)
                for field in question.fields
                if field.id in answer.fields
            }
            answers[question.id] = {"owner": answer.owner, "source": answer.source, **fields}
        return answers


def _plain(value: Held, kind: Kind, currency: str) -> object:
    if isinstance(value, Unknown):
        return "unknown"
    if isinstance(value, Range):
        ends = [amount_text(end, currency) if kind is Kind.MONEY else _short(end) for end in _ends(value)]
        return ends[0] if value.single else dict(zip(("p10", "p50", "p90"), ends, strict=True))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        if not value:
            return "none"
        return [_row(one) if isinstance(one, Mapping) else one for one in value]
    return _short(value) if isinstance(value, float) else value


def _row(row: Row) -> dict[str, object]:
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Unknown):
            shown[name] = "unknown"
        else:
            shown[name] = value.isoformat() if isinstance(value, date) else value
    return shown


def _ends(value: Range) -> tuple[float, float, float]:
    return value.p10, value.p50, value.p90


def _short(number: float) -> float | int:
    return int(number) if math.isfinite(number) and number == int(number) else number


def amount_text(amount: float, currency: str) -> str:
    """An amount as files hold it, such as ``49.90 EUR``: at least two decimals, at most nine."""
    return str(Cost(round(amount * 1e9), currency))
