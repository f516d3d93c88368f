"""Proof of life: who runs jobs says so regularly, and the jobs of whoever falls silent are freed."""

from __future__ import annotations

import logging
import threading
import uuid

import sqlalchemy as sa

from roadworthy.adapters.dbos.jobs import JobTable

_log = logging.getLogger("roadworthy.engine")


class Lease:
    """One executor's lease, renewed three times per ``ttl_s`` in a thread of its own.

    Every beat also frees what others left behind. Times are the database's, so machines whose clocks
    differ agree about who is alive. An executor that was only frozen finds its jobs taken when it
    wakes: DBOS then refuses its results, and it goes on with others.
    """

    def __init__(self, engine: sa.Engine, table: JobTable, *, ttl_s: float) -> None:
        # Never used twice: a successor under the same name would keep its dead forerunner's jobs alive.
        self.executor = uuid.uuid4().hex
        self._engine = engine
        self._table = table
        self._ttl_s = ttl_s
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="job-lease", daemon=True)

    def begin(self) -> None:
        """Say so for the first time, before any job is taken, and keep saying so."""
        self._beat()
        self._thread.start()

    def end(self) -> None:
        self._ending.set()
        self._thread.join()
        with self._engine.begin() as connection:
            self._table.forget(connection, executor=self.executor)

    def _beat(self) -> None:
        with self._engine.begin() as connection:
            self._table.beat(connection, executor=self.executor, ttl_s=self._ttl_s)
            freed = self._table.take_over(connection)
        if freed:
            _log.warning("freed %d jobs of workers that fell silent", freed)

    def _keep(self) -> None:
        while not self._ending.wait(self._ttl_s / 3):
            try:
                self._beat()
            except Exception as fault:  # noqa: BLE001  # without this thread a living worker loses its jobs
                _log.warning("the lease of this worker could not be renewed: %s", type(fault).__name__)
