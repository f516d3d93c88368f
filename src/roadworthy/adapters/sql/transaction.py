"""The transaction that everything sharing this database is handed."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

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


def connection(tx: Transaction) -> sa.Connection:
    """The connection that the transaction runs on."""
    return opened(tx).connection
