"""What sums of settled days come to, kept in memory: most days of the cost books do not change any more.

A day is settled where no change of it waits to be added to the sums. Whatever adds changes to the sums of a day says so
in the same transaction, by the day's number in ``cost_day``: as long as the numbers of some days are what they were,
what was added up over them is what it was. All other days, and the newest ones, are added up anew each time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.schema.costs import BOOKS
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.ports import Transaction

MOST_KEPT: Final = 50_000
"""Rows of answers about settled days that are kept for each database: some ten megabytes."""
NEWEST: Final = 2
"""Days at the end that are never taken as settled: work changes them all the time."""

Row = tuple[Any, ...]
T = TypeVar("T")
_day, _release = schema.cost_day, schema.release


class Asked(NamedTuple):
    """Use cases and days, the first one and the one after the last, counted from 1970."""

    use_cases: tuple[str, ...]
    first: int
    after: int


class _State(NamedTuple):
    """Days that are not settled, and what stands for all that the others depend on."""

    lively: tuple[int, ...]
    mark: Hashable


def of_days(table: sa.Table, *, settled: bool) -> sa.ColumnElement[bool]:
    """The rows that a question is about: those of settled days, or of all others."""
    lively = sa.bindparam("lively", expanding=True, type_=sa.BigInteger)
    days = table.c.day.not_in(lively) if settled else table.c.day.in_(lively)
    return sa.and_(_within(table), days)


def _within(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(
        _mine(table),
        table.c.day >= sa.bindparam("first"),
        table.c.day < sa.bindparam("after"),
    )


def _mine(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.use_case.in_(sa.bindparam("use_cases", expanding=True))


def _of(kind: str, day: sa.ColumnElement[int], number: sa.ColumnElement[int]) -> sa.Select[str, int, int]:
    told: sa.ColumnElement[str] = sa.literal_column(f"'{kind}'")
    return sa.select(told.label("kind"), day.label("day"), sa.cast(number, sa.BigInteger).label("number"))


_NOTHING: sa.ColumnElement[int] = sa.literal_column("0")
# Calls name releases by their number: which ones there are is a part of what they come to.
_STATE = sa.union_all(
    _of("changed", _day.c.day, sa.func.sum(_day.c.version)).where(_within(_day)).group_by(_day.c.day),
    _of("newest", sa.func.max(_day.c.day), _NOTHING).where(_mine(_day)),
    _of("releases", _NOTHING, sa.func.count()).select_from(_release).where(_mine(_release)),
    *(
        _of("pending", book.changes.c.day, _NOTHING).where(_within(book.changes)).distinct()
        for book in BOOKS
    ),
)


class SettledDays:
    """What was added up over settled days, by database. Any number of threads may ask at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: WeakKeyDictionary[sa.Engine, dict[Hashable, Sequence[Any]]] = WeakKeyDictionary()
        self._states: WeakKeyDictionary[sa.Connection, dict[Asked, _State]] = WeakKeyDictionary()

    def together(
        self,
        tx: Transaction,
        name: Hashable,
        asked: Asked,
        read: Callable[[Mapping[str, object], bool], Sequence[T]],
        add: Callable[[Sequence[T], Sequence[T]], Sequence[T]],
    ) -> Sequence[T]:
        """The answer over all days that are asked for.

        ``name`` says what is asked beside the days. ``read`` answers it of settled days or of all others, with the
        values that ``of_days`` binds; ``add`` makes one answer of both.
        """
        values = {"use_cases": list(asked.use_cases), "first": asked.first, "after": asked.after}
        connection = opened(tx).connection
        if opened(tx).writable:  # what it wrote may never have been
            return read({**values, "lively": list(range(asked.first, asked.after))}, False)
        state = self._state(tx, connection, asked, values)
        place = (name, asked, state)
        with self._lock:
            kept = self._kept.setdefault(connection.engine, {})
            found: Sequence[T] | None = kept.pop(place, None)
        if found is None:
            found = read({**values, "lively": list(state.lively)}, True)
        with self._lock:
            kept[place] = found  # the newest at the end
            many = sum(1 + len(rows) for rows in kept.values())
            while many > MOST_KEPT:
                many -= 1 + len(kept.pop(next(iter(kept))))
        if not state.lively:
            return found
        return add(found, read({**values, "lively": list(state.lively)}, False))

    def _state(
        self, tx: Transaction, connection: sa.Connection, asked: Asked, values: Mapping[str, Any]
    ) -> _State:
        with self._lock:
            states = self._states.setdefault(connection, {})
        if asked not in states:
            found: dict[str, dict[int, int]] = {}
            for kind, day, number in execute(tx, _STATE, values):
                if day is not None:
                    found.setdefault(kind, {})[day] = number
            lively = set(found.get("pending", ()))
            for newest in found.get("newest", ()):
                lively |= {
                    day
                    for day in range(newest - NEWEST + 1, newest + 1)
                    if asked.first <= day < asked.after
                }
            # Invariant: numbers only grow, so that their sum over the same days names all of them.
            settled = sum(n for day, n in found.get("changed", {}).items() if day not in lively)
            states[asked] = _State(tuple(sorted(lively)), (settled, found["releases"][0]))
        return states[asked]


def beside(first: Sequence[T], second: Sequence[T]) -> Sequence[T]:
    """Both answers, where days are told apart: no row of the one is in the other."""
    return [*first, *second]


def summed(first: Sequence[Row], second: Sequence[Row], *, width: int) -> Sequence[Row]:
    """Both answers as one, where rows are sums by their first ``width`` columns."""
    found = {row[:width]: row for row in first}
    for row in second:
        known = found.get(row[:width])
        if known is not None:
            row = (*row[:width], *map(sum, zip(known[width:], row[width:], strict=True)))
        found[row[:width]] = row
    return list(found.values())
