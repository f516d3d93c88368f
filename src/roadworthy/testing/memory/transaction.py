"""Transactions over plain dictionaries.

A transaction sees the state of the moment it began. A writing one copies a table before it first
changes it; committing puts the copies in place of the originals, a rollback forgets them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from roadworthy.ports import Transaction

State = Mapping[str, Mapping[Any, Any]]
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class MemoryTransaction:
    """One transaction of a ``MemoryStore``."""

    def __init__(self, before: State, *, writable: bool) -> None:
        self._before = before
        self._changed: dict[str, dict[Any, Any]] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._over = False
        self.writable = writable

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the transaction is committed, in the order of asking; never after a rollback."""
        self._callbacks.append(callback)

    def table(self, name: str) -> Mapping[Any, Any]:
        """Rows by their key, as this transaction sees them."""
        if self._over:
            raise RuntimeError("this transaction is over")
        if name in self._changed:
            return self._changed[name]
        return self._before.get(name, _NOTHING)

    def change(self, name: str) -> dict[Any, Any]:
        """The same, to be written."""
        if self._over or not self.writable:
            raise RuntimeError("this transaction is over" if self._over else "a read transaction wrote")
        if name not in self._changed:
            self._changed[name] = dict(self._before.get(name, _NOTHING))
        return self._changed[name]

    def end(self) -> State:
        """For the store alone: the state with what was changed. The transaction is of no use any more."""
        self._over = True
        return {**self._before, **self._changed}

    def committed(self) -> None:
        """For the store alone: the transaction stands."""
        for callback in self._callbacks:
            callback()


def opened(tx: Transaction) -> MemoryTransaction:
    """The transaction as this store made it. Errors: ``TypeError`` for one of another store."""
    if not isinstance(tx, MemoryTransaction):
        raise TypeError("this transaction was opened by another store")
    return tx
