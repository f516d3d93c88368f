"""What SQLite and Postgres have in common: two calls, a connection for each thread, words for trouble."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from roadworthy.adapters.sqltools.statement import Statement
from roadworthy.errors import InputProblem, Problem, Unavailable

LOCK_WAIT_S = 2.0
"""How long a statement waits for somebody else's transaction before it is tried again later."""


class Database(Protocol):
    """Both calls are one short transaction. Errors: RW-SQL-002 to 008, see ``Trouble``."""

    @property
    def place(self) -> str:
        """Where it is, in words that hold no secret."""

    def rows(
        self, statement: Statement, values: Mapping[str, object], *, limit: int
    ) -> list[dict[str, Any]]:
        """At most ``limit`` rows."""

    def change(self, statement: Statement, values: Mapping[str, object]) -> None: ...

    def close(self) -> None:
        """Close the connections of all threads, at a moment when none is in use. Used again, new ones open."""


class Closable(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


class _Held(Generic[C]):
    """Closes its connection when the thread that holds it ends."""

    __slots__ = ("__weakref__", "connection", "generation")

    def __init__(self, connection: C, generation: int) -> None:
        self.connection = connection
        self.generation = generation

    def __del__(self) -> None:
        self.connection.close()


class PerThread(Generic[C]):
    """A connection for each thread that asks for one."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: WeakSet[_Held[C]] = WeakSet()
        self._lock = threading.Lock()
        self._generation = 0

    def get(self) -> C | None:
        held: _Held[C] | None = getattr(self._local, "held", None)
        return held.connection if held is not None and held.generation == self._generation else None

    def put(self, connection: C) -> C:
        """Keep this one for the thread and close the one before."""
        with self._lock:
            held = _Held(connection, self._generation)
            self._all.add(held)
        self._local.held = held
        return connection

    def close(self) -> None:
        with self._lock:
            self._generation += 1
            for held in self._all:
                held.connection.close()


class Trouble:
    """What went wrong with a database, in our words. None of them carries a value that was bound.

    RW-SQL-002 the statement is wrong · 004 the database refuses the change for good · 005 it cannot
    be reached · 006 it is locked · 007 it takes too long · 008 it is no sound database, or closed to us.
    """

    def __init__(self, place: str) -> None:
        self._place = place

    def statement(self, statement: Statement, message: str, *, hint: str = "") -> InputProblem:
        problem = Problem(f"{message}, in `{statement.shown}`", place=statement.place, hint=hint)
        return InputProblem("RW-SQL-002", problem, hint=f"the statement was put to {self._place}")

    def refused(self, statement: Statement, message: str) -> InputProblem:
        hint = f"look at the constraints of the table in {self._place}"
        return InputProblem("RW-SQL-004", Problem(message, place=statement.place, hint=hint))

    def unreachable(self, message: str, hint: str) -> Unavailable:
        return Unavailable("RW-SQL-005", message, retry_is_safe=True, hint=hint)

    def locked(self) -> Unavailable:
        return Unavailable(
            "RW-SQL-006",
            f"{self._place} is locked by another transaction",
            retry_is_safe=True,
            hint="try again; if it stays so, look for a program that keeps a transaction open",
        )

    def slow(self, timeout_s: float) -> Unavailable:
        return Unavailable(
            "RW-SQL-007",
            f"{self._place} did not answer within {timeout_s:g} s",
            retry_is_safe=True,
            hint="ask for less, or add an index",
        )

    def unsound(self, message: str, hint: str) -> InputProblem:
        return InputProblem("RW-SQL-008", Problem(message, place=self._place, hint=hint))
