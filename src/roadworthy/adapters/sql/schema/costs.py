"""The sums that the cost books are read from, and the changes that are not added to them yet.

Each book has two tables. Triggers of the database write what a change of a step, a case, a review or a call adds
to the books (and, below zero, what it takes away) into the table of changes, in the same transaction; nobody
waits for anybody there. From time to time changes are added to the sums. What was spent is the sums and the
changes together, at every moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Counter, Json, Moment, Number, Text
from roadworthy.adapters.sql.schema import costtriggers
from roadworthy.adapters.sql.schema.words import has, key, metadata, table


@dataclass(frozen=True, slots=True)
class Book:
    """One book: what its rows are told apart by, beginning with use case and day, and what is summed up."""

    sums: sa.Table
    changes: sa.Table
    apart: tuple[str, ...]
    summed: tuple[str, ...]


def _book(name: str) -> Book:
    apart, summed = costtriggers.BOOKS[name]
    kinds: dict[str, Any] = dict.fromkeys(apart, Text) | dict.fromkeys(costtriggers.NUMBERS, Number)
    return Book(
        table(name, *(key(each, kinds[each]) for each in apart), *(has(each, Number) for each in summed)),
        table(
            f"{name}_change",
            sa.Column("id", Counter, primary_key=True, autoincrement=True),
            *(has(each, kinds[each]) for each in apart),
            *(has(each, Number) for each in summed),
        ),
        apart,
        summed,
    )


cost_step = _book("cost_step")
cost_case = _book("cost_case")
cost_review = _book("cost_review")
cost_call = _book("cost_call")

BOOKS = (cost_step, cost_case, cost_review, cost_call)

cost_day = table("cost_day", key("use_case"), key("day", Number), has("version", Number))
"""A number of each day that grows whenever its sums in any of the books do."""

outlook = table("outlook", key("use_case"), key("subject"), has("at", Moment), has("body", Json))


@sa.event.listens_for(metadata, "after_create")
def _follow(_target: object, connection: sa.Connection, **_: object) -> None:
    """Tables made from the metadata have the triggers that migrated ones have."""
    for statement in costtriggers.made(connection.dialect.name):
        connection.exec_driver_sql(statement)
