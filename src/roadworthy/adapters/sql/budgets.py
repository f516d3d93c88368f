"""Sums of budgets: held and spent, changed for many of them at once."""

# ruff: noqa: S608 - the texts of statements are made of numbers; every value is bound

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.transaction import execute
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Transaction
from roadworthy.ports.metering import unknown

AT_ONCE: Final = 512
"""Values in one question or statement."""

_budget = schema.budget
NAMED = _budget.c.id.in_(sa.bindparam("ids", expanding=True))
_LOCKED = sa.select(_budget.c.id).where(NAMED).order_by(_budget.c.id).with_for_update()


def hold(tx: Transaction, leased: Mapping[str, int]) -> None:
    """Hold so much more of each budget: the database itself compares with the limit.

    Errors: ``Conflict`` RW-BUDGET-004 where one has too little left; the transaction must not commit then.
    """
    for part in parts(sorted(leased)):
        rows = [(id_, leased[id_]) for id_ in part]
        if execute(tx, _holding(_room(rows)), _bound(rows)).rowcount != len(rows):
            raise Conflict(
                "RW-BUDGET-004",
                Problem(
                    "another change was faster: a budget has less left than was seen", hint="ask again"
                ),
            )


def move(tx: Transaction, *, spent: Mapping[str, int], freed: Mapping[str, int]) -> None:
    """Add to what is spent and take from what is held. The rows are locked."""
    moved = sorted({id_ for amounts in (spent, freed) for id_, amount in amounts.items() if amount})
    for part in parts(moved):
        rows = [(id_, spent.get(id_, 0), freed.get(id_, 0)) for id_ in part]
        execute(tx, _moving(_room(rows)), _bound(rows))


def lock(tx: Transaction, ids: Iterable[str]) -> None:
    """Lock budgets in the order of their ids. Errors: ``NotFound`` RW-BUDGET-003."""
    for part in parts(sorted(ids)):
        found = execute(tx, _LOCKED, {"ids": part}).scalars().all()
        if len(found) < len(part):
            raise unknown(min(set(part) - set(found)))


def parts(ids: Sequence[str]) -> list[Sequence[str]]:
    """The same in parts that one statement takes."""
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def _room(rows: Sequence[object]) -> int:
    """Rows of the statement: few sizes, so that few texts are compiled. No budget has the empty id of the rest."""
    return 1 << (len(rows) - 1).bit_length()


def _bound(rows: Sequence[tuple[str | int, ...]]) -> dict[str, Any]:
    filled = [*rows, *[("", *[0] * (len(rows[0]) - 1))] * (_room(rows) - len(rows))]
    return {f"v{n}_{m}": value for n, row in enumerate(filled) for m, value in enumerate(row)}


@cache
def _holding(rows: int) -> sa.TextClause:
    return sa.text(
        f"UPDATE budget SET held = held + v.column2 FROM (VALUES {_values(rows, 1)}) AS v"
        ' WHERE budget.id = v.column1 AND spent + held + v.column2 <= "limit"'
    )


@cache
def _moving(rows: int) -> sa.TextClause:
    return sa.text(
        "UPDATE budget SET spent = spent + v.column2, held = held - v.column3"
        f" FROM (VALUES {_values(rows, 2)}) AS v WHERE budget.id = v.column1"
    )


def _values(rows: int, numbers: int) -> str:
    told = [", ".join(f"CAST(:v{n}_{m} AS BIGINT)" for m in range(1, numbers + 1)) for n in range(rows)]
    return ", ".join(f"(:v{n}_0, {told[n]})" for n in range(rows))
