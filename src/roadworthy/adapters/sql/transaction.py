"""The transaction that everything sharing this database is handed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Transaction


class SqlTransaction:
    """One transaction on one connection. ``writable`` is False inside ``SqlStore.read``."""

    __slots__ = ("_callbacks", "connection", "writable")

    def __init__(self, connection: sa.Connection, *, writable: bool) -> None:
        self.connection = connection
        self.writable = writable
        self._callbacks: list[Callable[[], None]] = []

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the transaction is committed, in the order of asking; never after a rollback."""
        self._callbacks.append(callback)

    def committed(self) -> None:
        """For the store alone: the transaction is over and stands."""
        for callback in self._callbacks:
            callback()


def opened(tx: Transaction) -> SqlTransaction:
    """The transaction as this store made it. Errors: ``TypeError`` for one of another store."""
    if not isinstance(tx, SqlTransaction):
        raise TypeError("this transaction was opened by another store")
    return tx


def execute(
    tx: Transaction,
    statement: sa.Executable,
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
) -> sa.CursorResult[*tuple[Any, ...]]:
    """Run one statement. Errors: ``InputProblem`` RW-STORE-014 for a value that no column can hold."""
    with _fitting():
        return opened(tx).connection.execute(statement, values)


def add_rows(
    tx: Transaction,
    table: sa.Table,
    columns: Sequence[str],
    rows: list[tuple[Any, ...]],
    *,
    unless_there: bool = False,
) -> None:
    """Insert many rows whose values are as the database holds them: a third of the time that ``execute`` takes.

    ``unless_there`` passes over rows whose key is taken. Errors: as ``execute``.
    """
    if not rows:
        return
    names, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    where = " ON CONFLICT DO NOTHING" if unless_there else ""
    execute_plain(tx, f"INSERT INTO {table.name} ({names}) VALUES ({marks}){where}", rows)  # noqa: S608 - names of the schema


def execute_plain(
    tx: Transaction, text: str, values: tuple[Any, ...] | list[tuple[Any, ...]]
) -> sa.CursorResult[*tuple[Any, ...]]:
    """Run the text of a statement whose values are as the database holds them; ``?`` stands for each of them.

    What a statement of many values costs in ``execute`` is mostly the way of its values there. Errors: as ``execute``.
    """
    connection = opened(tx).connection
    if connection.dialect.paramstyle != "qmark":
        text = _with_percents(text)
    with _fitting():
        return connection.exec_driver_sql(text, values)


@lru_cache(maxsize=256)
def _with_percents(text: str) -> str:
    """The same statement as drivers of the other kind write it."""
    return text.replace("%", "%%").replace("?", "%s")


@contextmanager
def _fitting() -> Iterator[None]:
    try:
        yield
    except (OverflowError, UnicodeError, sa.exc.DataError) as fault:
        raise InputProblem(
            "RW-STORE-014",
            Problem(
                "a value does not fit into the database",
                hint="expected whole numbers below 2^63 and text without NUL or halves of surrogate pairs",
            ),
        ) from fault
