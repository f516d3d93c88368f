"""What was spent: the cost books, read from what steps, cases, reviews and evaluations left behind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.business.costs.rows import (
    CallUse,
    CaseCost,
    ContextUse,
    EvaluationCost,
    OneCase,
    Repeats,
    ReviewCount,
    StepCost,
)

if TYPE_CHECKING:
    from roadworthy.ports.state import Transaction

MOST_CASES = 20_000
"""Single cases that are ever handed out at once."""


class Costs(Protocol):
    """Every answer is grouped by the store and grows with days and names, not with cases.

    A period begins with ``start`` and ends before ``end``, both aware. Days are those of UTC.
    """

    def steps(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[StepCost, ...]:
        """By day, use case, release, work and step. A step counts on the day of its newest attempt."""

    def cases(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CaseCost, ...]:
        """Cases taken in within the period, by all that a row tells apart."""

    def reviews(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[ReviewCount, ...]:
        """Answered reviews that were asked within the period."""

    def evaluations(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[EvaluationCost, ...]:
        """Evaluations that began within the period."""

    def single(
        self, tx: Transaction, use_case: str, start: datetime, end: datetime, *, most: int = MOST_CASES
    ) -> tuple[OneCase, ...]:
        """Closed live cases taken in within the period, newest first, at most ``MOST_CASES``."""

    def called(
        self, tx: Transaction, use_case: str, start: datetime, end: datetime, *, most: int = MOST_CASES
    ) -> tuple[OneCase, ...]:
        """Live cases that a program elsewhere called models for within the period, newest first, at most
        ``MOST_CASES``: each on the day of its first call, with what all of them cost."""

    def repeats(
        self, tx: Transaction, use_case: str, start: datetime, end: datetime
    ) -> tuple[Repeats, ...]:
        """By release and step, only recorded live steps; steps without repeats are told too."""

    def contexts(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[ContextUse, ...]:
        """Live calls to models that were answered, by release, step, task and model."""

    def counted(self, tx: Transaction, use_case: str, month: date) -> int:
        """Nano-units that the budget of the month (its first day) holds against effects."""

    def fold(self, tx: Transaction) -> int:
        """Add some of the noted changes to the sums that answers are read from; how many, 0 at the end.

        No answer changes by it. Several may do it at once.
        """


class CostParts(Protocol):
    """The same books for pages: added up by the store over everything that a question does not tell apart.

    Days are those of UTC, ``first`` and ``last`` included. ``by`` names fields of the rows; a field that it does
    not name is empty (the day: ``first``; the work: live). How many cases and calls there are makes no difference.
    """

    def steps(
        self,
        tx: Transaction,
        use_cases: Sequence[str],
        first: date,
        last: date,
        *,
        by: Collection[str],
        named: Collection[str] = (),
    ) -> tuple[StepCost, ...]:
        """By some of day, use case, release, work and step; always by currency. ``named``: these steps alone."""

    def calls(
        self,
        tx: Transaction,
        use_cases: Sequence[str],
        first: date,
        last: date,
        *,
        by: Collection[str],
        of_steps: bool = True,
    ) -> tuple[CallUse, ...]:
        """By some of day, use case, release, work, step, task and model.

        The cost of a call of a step is here its part of what that step cost, day by day: it never exceeds it, and
        what failed attempts cost stays with them. Without those ``of_steps``: calls through the gateway alone.
        """

    def cases(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date
    ) -> tuple[CaseCost, ...]:
        """Cases taken in, by use case, work, who handled them and whether they are closed."""

    def reviews(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date
    ) -> tuple[ReviewCount, ...]:
        """Answered reviews by use case and work."""
