"""The port ``Engine`` on DBOS: jobs are committed with the business, and run until they are done."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.adapters.dbos.dispatcher import Dispatcher
from roadworthy.adapters.dbos.jobs import JobTable, not_set_up
from roadworthy.adapters.dbos.lease import Lease
from roadworthy.errors import RoadworthyError, Unavailable
from roadworthy.ports import Engine, EngineHealth, Job, Transaction

if TYPE_CHECKING:
    from roadworthy.adapters.dbos.runtime import Runtime

RETRY_AFTER_S = (1.0, 5.0, 30.0, 120.0)
_PURGE_BATCH = 500
_log = logging.getLogger("roadworthy.engine")


class DeadLetter(Exception):
    """A job failed as often as it may. It is kept for a person to look at."""


class DbosEngine(Engine):
    """Runs jobs with DBOS in this process, or only adds them where ``start`` is never called.

    One DBOS workflow per job, without steps: the journal of steps is the business's own, and a
    handler must bear being run again. It is run again after a crash (by whoever notices, one
    ``lease_ttl_s`` later), and after an exception, ``retry_after_s`` later; an exception more than
    there are pauses, or ``MAX_STARTS`` dead processes, make the job a dead letter.

    ``connection_of`` gives the SQLAlchemy connection of a business transaction. The engine's pool
    needs ``workers`` + 4 connections. DBOS is one per process: a second engine cannot be started
    beside a running one; after ``stop`` it can. Jobs wait up to ``poll_s``, delayed ones a second more.
    """

    _started: ClassVar[DbosEngine | None] = None
    _starting: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        engine: sa.Engine,
        connection_of: Callable[[Transaction], sa.Connection],
        *,
        workers: int = 4,
        lease_ttl_s: float = 10.0,
        poll_s: float = 0.05,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        self._engine = engine
        self._connection_of = connection_of
        self._workers = workers
        self._lease_ttl_s = lease_ttl_s
        self._poll_s = poll_s
        self._retry_after_s = tuple(retry_after_s)
        self._table = JobTable(engine.dialect.name)
        self._handlers: Mapping[str, Callable[[str], None]] = {}
        self._parts: tuple[Lease, Runtime, Dispatcher] | None = None

    @staticmethod
    def migrate(engine: sa.Engine) -> None:
        """Set up the engine's tables, at set-up and never in a worker. Again: nothing happens.

        On Postgres they live in the schema ``dbos``. ``executor_lease`` comes with the store's tables.
        """
        # The package takes half a second to import, which processes that only enqueue need not spend.
        from roadworthy.adapters.dbos import runtime

        with _border():
            runtime.migrate(engine)

    @staticmethod
    def is_set_up(engine: sa.Engine) -> bool:
        """Its tables are there. Cheap: nothing of the package is imported."""
        schema = None if engine.dialect.name == "sqlite" else "dbos"
        with _border():
            return sa.inspect(engine).has_table("workflow_status", schema=schema)

    def enqueue(self, tx: Transaction, job: Job) -> None:
        """Visible when the transaction commits. The same key again: nothing happens, until it is purged.

        ``priority``: the lowest number first.
        """
        self._table.add(self._connection_of(tx), job)

    def start(self, handlers: Mapping[str, Callable[[str], None]]) -> None:
        """Begin to take jobs. Errors: ``Unavailable`` RW-ENGINE-001, or 002 if not migrated."""
        from roadworthy.adapters.dbos.runtime import Runtime

        with DbosEngine._starting:
            if DbosEngine._started is not None:
                raise RuntimeError("a durable engine runs in this process already")
            self._handlers = dict(handlers)
            lease = Lease(self._engine, self._table, ttl_s=self._lease_ttl_s)
            with _border():
                lease.begin()
                try:
                    runtime = Runtime(
                        self._engine, executor=lease.executor, workers=self._workers, work=self._work
                    )
                except BaseException:
                    lease.end()
                    raise
            dispatcher = Dispatcher(
                self._engine,
                self._table,
                executor=lease.executor,
                workers=self._workers,
                poll_s=self._poll_s,
                run=runtime.submit,
            )
            dispatcher.start()
            self._parts = (lease, runtime, dispatcher)
            DbosEngine._started = self

    def stop(self, *, grace_s: float) -> None:
        """Take nothing more, wait for what is in hand, give the rest back. Again: nothing happens.

        A handler that outlives the grace goes on in its thread, and its job is given to somebody else;
        Python does not end before that thread does, so a supervisor may have to kill it, which is safe.
        """
        with DbosEngine._starting:
            if self._parts is None:
                return
            lease, runtime, dispatcher = self._parts
            finished = dispatcher.stop(grace_s=grace_s)
            runtime.close()
            self._parts = None
            DbosEngine._started = None
            with _border():
                try:
                    if not finished:
                        self._give_back(lease.executor)
                finally:
                    lease.end()

    def health(self) -> EngineHealth:
        """How it stands with all jobs of the database. Delayed ones count as waiting once they are due."""
        with _border(), self._engine.connect() as connection:
            return self._table.health(connection)

    def purge(self, *, older_than_s: float) -> int:
        """Delete jobs that ended longer ago, dead letters too, in small transactions; returns how many.

        Their keys are forgotten: the same key is a new job then.
        """
        from roadworthy.adapters.dbos import runtime

        deleted = 0
        with _border():
            while True:
                with self._engine.connect() as connection:
                    keys = self._table.over(connection, older_than_s=older_than_s, limit=_PURGE_BATCH)
                if not keys:
                    return deleted
                runtime.delete(self._engine, keys)
                deleted += len(keys)

    def _give_back(self, executor: str) -> None:
        with self._engine.begin() as connection:
            given = self._table.give_back(connection, executor=executor)
        _log.warning("%d jobs outlived the grace and were given back", given)

    def _work(self, key: str, kind: str, reference: str, attempt: int) -> None:
        fault = self._failure(kind, reference)
        if fault is None:
            return
        # Neither the message nor the traceback's values: both may hold what people wrote.
        _log.warning("job %s failed, attempt %d: %s", key, attempt, _described(fault))
        if attempt > len(self._retry_after_s):
            raise DeadLetter(f"failed {attempt} times, last with {type(fault).__name__}")
        # A crash between this commit and the end of the workflow runs the handler once more, and the
        # next attempt is known by its key.
        again = f"{key.removesuffix(f':retry{attempt - 1}')}:retry{attempt}"
        with self._engine.begin() as connection:
            job = Job(kind, again, reference, delay_s=self._retry_after_s[attempt - 1])
            self._table.add(connection, job, attempt=attempt + 1)

    def _failure(self, kind: str, reference: str) -> BaseException | None:
        try:
            self._handlers[kind](reference)
        except BaseException as fault:  # noqa: BLE001  # a stray SystemExit would leave the job taken for ever
            return fault
        return None


@contextmanager
def _border() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as fault:
        if _lacks_tables(fault):
            raise not_set_up() from fault
        raise Unavailable(
            "RW-ENGINE-001",
            f"the database of the durable engine {_what_it_said(fault)}",
            retry_is_safe=True,
            hint="see that the database runs and can be written",
        ) from fault


def _what_it_said(fault: SQLAlchemyError) -> str:
    said = str(getattr(fault, "orig", None)).lower()
    for sign, words in (
        ("locked", "is locked"),
        ("full", "has no room left"),
        ("readonly", "cannot be written"),
    ):
        if sign in said:
            return words
    return "did not answer as expected"


def _lacks_tables(fault: SQLAlchemyError) -> bool:
    driver = getattr(fault, "orig", None)
    return getattr(driver, "sqlstate", "") == "42P01" or "no such table" in str(driver)


def _described(fault: BaseException) -> str:
    """Kind and place of a fault, without what it says."""
    frames = traceback.extract_tb(fault.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    code = f" {fault.code}" if isinstance(fault, RoadworthyError) else ""
    return f"{type(fault).__name__}{code}{place}"
