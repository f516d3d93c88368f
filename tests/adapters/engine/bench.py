"""Engines to test: the one in memory, and the durable one on SQLite and on a real Postgres."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql.engine import begin_write, open_engine
from roadworthy.ports import Engine, Transaction
from roadworthy.testing.engine import MemoryEngine
from roadworthy.testing.fixed import FixedClock

PATIENCE_S = 30.0
LEASES = "CREATE TABLE executor_lease (executor_id text PRIMARY KEY, beat double precision NOT NULL, ttl double precision NOT NULL)"


@dataclass
class Tx:
    """The least that a transaction offers to engines."""

    connection: Any = None
    callbacks: list[Callable[[], None]] = field(default_factory=list)

    def on_commit(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)


class Bench(Protocol):
    """An engine with what a test needs around it. Retries come soon."""

    engine: Engine

    def write(self) -> AbstractContextManager[Transaction]: ...

    def now(self) -> float:
        """Seconds on the clock that delays are counted by."""

    def settle(self) -> None:
        """Until nothing is waiting or running that is due now."""

    def until(self, happened: Callable[[], bool]) -> None:
        """Let time pass and jobs run until something happened."""

    def pass_time(self, seconds: float) -> None:
        """Let time pass; jobs that become due may run."""


RETRY_AFTER_S = (0.1, 0.0, 0.0, 0.0)


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, f"in vain waited until {what}"
        threading.Event().wait(0.01)


class MemoryBench:
    def __init__(self) -> None:
        self._clock = FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.engine = MemoryEngine(self._clock, retry_after_s=RETRY_AFTER_S)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        tx = Tx()
        yield tx
        for callback in tx.callbacks:
            callback()

    def now(self) -> float:
        return self._clock.now().timestamp()

    def settle(self) -> None:
        self.engine.drain()

    def until(self, happened: Callable[[], bool]) -> None:
        self.engine.drain(self._clock.now() + timedelta(minutes=1))
        assert happened()

    def pass_time(self, seconds: float) -> None:
        self._clock.advance(timedelta(seconds=seconds))


def set_up(url: str) -> None:
    """What wiring does before workers start, with the one table of the store that the engine uses."""
    database = open_engine(url)
    DbosEngine.migrate(database)
    with begin_write(database) as connection:
        connection.exec_driver_sql(LEASES)
    database.dispose()


class DbosBench:
    def __init__(self, url: str) -> None:
        self.url = url
        self.database = open_engine(url)
        self.engine = self.another()

    def another(self, *, workers: int = 1, lease_ttl_s: float = 10.0) -> DbosEngine:
        return DbosEngine(
            self.database,
            lambda tx: tx.connection,
            workers=workers,
            lease_ttl_s=lease_ttl_s,
            poll_s=0.02,
            retry_after_s=RETRY_AFTER_S,
        )

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with begin_write(self.database) as connection:
            yield Tx(connection)

    def execute(self, statement: str, **values: object) -> list[Any]:
        """SQL with ``{s}`` where the schema of DBOS goes."""
        schema = "dbos." if self.database.dialect.name == "postgresql" else ""
        with begin_write(self.database) as connection:
            result = connection.execute(sa.text(statement.format(s=schema)), values)
            return list(result.all()) if result.returns_rows else []

    def now(self) -> float:
        return time.time()

    def settle(self) -> None:
        def is_quiet() -> bool:
            health = self.engine.health()
            return health.waiting == health.running == 0

        until(is_quiet, "all jobs that are due have run")

    def until(self, happened: Callable[[], bool]) -> None:
        until(happened, "it happened")

    def pass_time(self, seconds: float) -> None:
        threading.Event().wait(seconds)
