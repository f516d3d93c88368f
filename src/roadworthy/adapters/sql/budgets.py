"""Sums of budgets: held and spent, changed for many of them at once."""

# ruff: noqa: S608 - the texts of statements are made of numbers; every value is bound

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Final

import sqlalchemy as sa

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.transaction import execute, execute_plain, opened
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
        if execute_plain(tx, _holding(_room(rows)), _filled(rows)).rowcount != len(rows):
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
        execute_plain(tx, _moving(_room(rows)), _filled(rows))


def lock(tx: Transaction, ids: Iterable[str]) -> None:
    """Lock budgets in the order of their ids. Errors: ``NotFound`` RW-BUDGET-003."""
    for part in parts(sorted(ids)):
        found = execute(tx, _LOCKED, {"ids": part}).scalars().all()
        if len(found) < len(part):
            raise unknown(min(set(part) - set(found)))


def leased(tx: Transaction, owner: str, ids: Iterable[str]) -> dict[str, int]:
    """Lock budgets in the order of their ids; what this owner leases of each, as far as it does.

    Errors: ``NotFound`` RW-BUDGET-003.
    """
    found: dict[str, int | None] = {}
    wait = "" if opened(tx).connection.dialect.name == "sqlite" else " FOR UPDATE OF budget"
    for part in parts(sorted(ids)):
        rows = [(id_,) for id_ in part]
        here = execute_plain(tx, _leased(_room(rows), wait), (owner, *_filled(rows)))
        before = len(found)
        found.update((id_, amount) for id_, amount in here)
        if len(found) - before < len(part):
            raise unknown(min(set(part) - found.keys()))
    return {id_: amount for id_, amount in found.items() if amount is not None}


def lower(tx: Transaction, owner: str, amounts: Mapping[str, int]) -> None:
    """Take so much from what an owner leases of each budget, of which more is left."""
    for part in parts(sorted(amounts)):
        rows = [(id_, amounts[id_]) for id_ in part]
        execute_plain(tx, _lowering(_room(rows)), (*_filled(rows), owner))


def kept_calls(tx: Transaction, ids: Sequence[str]) -> set[str]:
    """Those of these calls that have a row."""
    found: set[str] = set()
    for part in parts(ids):
        rows = [(id_,) for id_ in part]
        found.update(id_ for (id_,) in execute_plain(tx, _known(_room(rows)), _filled(rows)))
    return found


def parts(ids: Sequence[str]) -> list[Sequence[str]]:
    """The same in parts that one statement takes."""
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def _room(rows: Sequence[object]) -> int:
    """Rows of the statement: few sizes, so that few texts are compiled. No budget has the empty id of the rest."""
    return 1 << (len(rows) - 1).bit_length()


def _filled(rows: Sequence[tuple[str | int, ...]]) -> tuple[str | int, ...]:
    """The values of these rows and of the rest, one after another."""
    blank: tuple[str | int, ...] = ("", *[0] * (len(rows[0]) - 1))
    return tuple(chain.from_iterable([*rows, *[blank] * (_room(rows) - len(rows))]))


@cache
def _holding(rows: int) -> str:
    return (
        f"UPDATE budget SET held = held + v.column2 FROM (VALUES {_values(rows, 1)}) AS v"
        ' WHERE budget.id = v.column1 AND spent + held + v.column2 <= "limit"'
    )


@cache
def _moving(rows: int) -> str:
    return (
        "UPDATE budget SET spent = spent + v.column2, held = held - v.column3"
        f" FROM (VALUES {_values(rows, 2)}) AS v WHERE budget.id = v.column1"
    )


@cache
def _lowering(rows: int) -> str:
    return (
        f"UPDATE budget_lease SET amount = amount - v.column2 FROM (VALUES {_values(rows, 1)}) AS v"
        " WHERE budget_lease.owner = ? AND budget_lease.budget = v.column1"
    )


@cache
def _leased(rows: int, lock: str) -> str:
    marks = ", ".join("?" * rows)
    return (
        "SELECT budget.id, budget_lease.amount FROM budget LEFT JOIN budget_lease"
        " ON budget_lease.owner = ? AND budget_lease.budget = budget.id"
        f" WHERE budget.id IN ({marks}) ORDER BY budget.id{lock}"
    )


@cache
def _known(rows: int) -> str:
    return f"SELECT id FROM model_call WHERE id IN ({', '.join('?' * rows)})"


def _values(rows: int, numbers: int) -> str:
    row = ", ".join(["?", *["CAST(? AS BIGINT)"] * numbers])
    return ", ".join([f"({row})"] * rows)
