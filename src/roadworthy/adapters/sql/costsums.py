"""The cost books read from their sums, which triggers keep up with everything that costs anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.adapters.sql.schema.costs import BOOKS, Book
from roadworthy.adapters.sql.transaction import execute
from roadworthy.business.costs.rows import CaseCost, ReviewCount, StepCost, Work
from roadworthy.ports import Transaction
from roadworthy.ports.metering import CallTotal
from roadworthy.quantities import Cost

FOLDED_AT_ONCE: Final = 1_000
_FIRST = date(1970, 1, 1)
_DAY = timedelta(days=1)


_touched = insert(schema.cost_day)
_TOUCH = _touched.on_conflict_do_update(
    index_elements=[schema.cost_day.c.use_case, schema.cost_day.c.day],
    set_={"version": schema.cost_day.c.version + 1},
)


def _asked(book: Book, order: Sequence[str]) -> sa.Select[Any]:
    """Sums and changes of a period together, by everything in which rows differ."""
    parts = [
        sa.select(*(table.c[name] for name in (*book.apart, *book.summed))).where(
            table.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
            table.c.day >= sa.bindparam("first"),
            table.c.day < sa.bindparam("last"),
        )
        for table in (book.sums, book.changes)
    ]
    both = sa.union_all(*parts).subquery("both")
    alike = [both.c[name] for name in order]
    return (
        sa.select(*alike, *(sa.func.sum(both.c[name]).label(name) for name in book.summed))
        .group_by(*alike)
        # The first sum counts the rows behind: where there is none any more, nothing is told.
        .having(sa.func.sum(both.c[book.summed[0]]) != 0)
        .order_by(*alike)
    )


def _ordered(book: Book) -> tuple[str, ...]:
    """As the books tell rows apart: the day first."""
    return ("day", *(name for name in book.apart if name != "day"))


_STEPS, _CASES, _REVIEWS, _CALLS = (_asked(book, _ordered(book)) for book in BOOKS)


class SqlSums(SqlCosts):
    """The port ``Costs``: steps, cases and reviews from their sums, the rest as the rows themselves say.

    A period that does not begin and end at midnight (UTC) is counted from the rows.
    """

    def steps(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[StepCost, ...]:
        if not whole_days(start, end):
            return super().steps(tx, use_cases, start, end)
        return tuple(
            StepCost(
                _date(row.day), row.use_case, row.release, Work(row.work), row.name, int(row.calls),
                int(row.attempts), int(row.unpriced), Cost(int(row.nano), row.currency),
                Cost(int(row.lost), row.currency),
            )
            for row in execute(tx, _STEPS, _period(use_cases, start, end))
        )  # fmt: skip

    def cases(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CaseCost, ...]:
        if not whole_days(start, end):
            return super().cases(tx, use_cases, start, end)
        return tuple(
            CaseCost(
                _date(row.day), row.use_case, row.release, Work(row.work), row.slice, row.handled_by,
                bool(row.closed), int(row.cases), Cost(int(row.nano), row.currency),
            )
            for row in execute(tx, _CASES, _period(use_cases, start, end))
        )  # fmt: skip

    def reviews(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[ReviewCount, ...]:
        if not whole_days(start, end):
            return super().reviews(tx, use_cases, start, end)
        return tuple(
            ReviewCount(
                _date(row.day), row.use_case, row.release, Work(row.work), row.kind, int(row.reviews)
            )
            for row in execute(tx, _REVIEWS, _period(use_cases, start, end))
        )

    def fold(self, tx: Transaction) -> int:
        days: set[tuple[str, int]] = set()
        rows = sum(_folded(tx, book, days) for book in BOOKS)
        if days:
            execute(
                tx, _TOUCH, [{"use_case": name, "day": day, "version": 1} for name, day in sorted(days)]
            )
        return rows


def whole_days(start: datetime, end: datetime) -> bool:
    """The period begins and ends at midnight in UTC."""
    return all(at.astimezone(UTC).time() == time() for at in (start, end))


def call_totals(
    tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
) -> tuple[CallTotal, ...]:
    """Calls of whole days, from their sums."""
    apart = len(schema.cost_call.apart)
    found = (tuple(row) for row in execute(tx, _CALLS, _period(use_cases, start, end)))
    # Invariant: a total names the same fields in the same order as the book, which a test compares.
    return tuple(
        CallTotal(_date(row[0]), *row[1:apart], *(int(number) for number in row[apart:])) for row in found
    )


def _folded(tx: Transaction, book: Book, days: set[tuple[str, int]]) -> int:
    """Add the oldest changes to the sums, and say how many, and of which days. Two at once take different ones."""
    changes = book.changes
    oldest = (
        sa.select(changes.c.id)
        .order_by(changes.c.id)
        .limit(FOLDED_AT_ONCE)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    taken = (
        sa.delete(changes)
        .where(changes.c.id.in_(oldest))
        .returning(*(changes.c[name] for name in (*book.apart, *book.summed)))
    )
    width, rows = len(book.apart), 0
    found: dict[tuple[Any, ...], list[int]] = {}
    for row in execute(tx, taken):
        told = tuple(row)
        sums = found.setdefault(told[:width], [0] * len(book.summed))
        for place, number in enumerate(told[width:]):
            sums[place] += number
        days.add((told[book.apart.index("use_case")], told[book.apart.index("day")]))
        rows += 1
    if found:
        # In one order, so that two that fold at once never wait for each other.
        execute(
            tx,
            _added(book),
            [
                dict(zip((*book.apart, *book.summed), (*key, *found[key]), strict=True))
                for key in sorted(found)
            ],
        )
    return rows


def _added(book: Book) -> sa.Executable:
    new = insert(book.sums)
    return new.on_conflict_do_update(
        index_elements=[book.sums.c[name] for name in book.apart],
        set_={name: book.sums.c[name] + new.excluded[name] for name in book.summed},
    )


def _period(use_cases: Sequence[str], start: datetime, end: datetime) -> dict[str, object]:
    return {"use_cases": list(use_cases), "first": _days(start), "last": _days(end)}


def _days(at: datetime) -> int:
    return (at.astimezone(UTC).date() - _FIRST).days


def _date(days: int) -> date:
    return _FIRST + timedelta(days=int(days))
