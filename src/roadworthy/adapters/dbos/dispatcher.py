"""Taking jobs: as many at once as there are free workers, and none while all are busy."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from roadworthy.adapters.dbos.jobs import Claim, JobTable

_log = logging.getLogger("roadworthy.engine")
_OUTAGE_PAUSE_S = 1.0


class Dispatcher:
    """Looks for jobs every ``poll_s``, and at once when half of the workers of a full claim are free.

    DBOS's own queue thread always waits out its interval and spends 2 ms CPU on each look; a look
    here costs a tenth of a millisecond, so that an idle worker can look often.
    """

    def __init__(
        self,
        engine: sa.Engine,
        table: JobTable,
        *,
        executor: str,
        workers: int,
        poll_s: float,
        run: Callable[[Claim], Future[None]],
    ) -> None:
        self._engine = engine
        self._table = table
        self._executor = executor
        self._workers = workers
        self._poll_s = poll_s
        self._run = run
        self._changed = threading.Condition()
        self._ending = False
        self._running: set[Claim] = set()
        self._unfinished: list[Claim] = []
        self._doubtful: list[str] = []
        self._thread = threading.Thread(target=self._serve, name="job-dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, grace_s: float) -> bool:
        """Take nothing more and wait for what is in hand. False if some of it outlives the grace."""
        deadline = time.monotonic() + grace_s
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, deadline - time.monotonic())

    def _serve(self) -> None:
        while not self._ending:
            try:
                self._pause(full=self._take())
            except Exception as fault:  # noqa: BLE001  # a worker that looked no more would still hold its lease
                _log.warning("no jobs can be taken: %s", type(fault).__name__)
                self._wait(lambda: self._ending, _OUTAGE_PAUSE_S)

    def _take(self) -> bool:
        """Claim what fits. True if there may be more where it came from."""
        self._give_back_unfinished()
        with self._engine.connect() as connection:
            if not self._table.is_ready(connection):
                return False
        room = self._workers - len(self._running)
        owner = uuid.uuid4().hex
        try:
            with self._engine.begin() as connection:
                claims = self._table.claim(connection, executor=self._executor, owner=owner, room=room)
        except SQLAlchemyError:
            # The commit may have happened all the same.
            self._doubtful.append(owner)
            raise
        for claim in claims:
            self._begin(claim)
        return len(claims) == room

    def _begin(self, claim: Claim) -> None:
        with self._changed:
            self._running.add(claim)
        try:
            future = self._run(claim)
        except Exception as fault:  # noqa: BLE001
            # DBOS has written down what can never run; anything else is tried again.
            _log.error("job %s could not be started: %s", claim.key, type(fault).__name__)
            self._end(claim, finished=False)
        else:
            future.add_done_callback(lambda done: self._end(claim, finished=_is_finished(done)))

    def _end(self, claim: Claim, *, finished: bool) -> None:
        with self._changed:
            self._running.discard(claim)
            if not finished:
                self._unfinished.append(claim)
            self._changed.notify_all()

    def _give_back_unfinished(self) -> None:
        """Otherwise a job whose result could not be written stays taken for as long as this process lives."""
        while self._doubtful:
            with self._engine.begin() as connection:
                self._table.give_back_claim(connection, owner=self._doubtful[-1])
            self._doubtful.pop()
        while self._unfinished:
            claim = self._unfinished[-1]
            with self._engine.begin() as connection:
                self._table.give_back_one(connection, claim)
            self._unfinished.remove(claim)

    def _pause(self, *, full: bool) -> None:
        if not full:
            self._wait(lambda: self._ending, self._poll_s)
            return
        # Several jobs in one claim cost hardly more than one, so a busy worker waits for some room.
        self._wait(lambda: self._ending or len(self._running) <= self._workers // 2, self._poll_s)
        self._wait(lambda: self._ending or len(self._running) < self._workers, None)

    def _wait(self, for_what: Callable[[], bool], at_most_s: float | None) -> None:
        with self._changed:
            self._changed.wait_for(for_what, at_most_s)


def _is_finished(done: Future[None]) -> bool:
    return not done.cancelled() and done.exception() is None
