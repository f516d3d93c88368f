"""A job engine without a database or threads: jobs run when a test says so, always in the same order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from roadworthy.ports import Engine, EngineHealth, Job, Transaction


class SettableClock(Protocol):
    """A clock that a test moves, such as ``FixedClock``."""

    def now(self) -> datetime: ...

    def advance(self, by: timedelta) -> object: ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job
    due: datetime
    number: int
    attempt: int


class MemoryEngine(Engine):
    """The port ``Engine`` in memory. Nothing runs by itself: call ``drain``.

    ``enqueue`` needs a transaction whose ``on_commit(callback)`` calls back after the commit, and
    never after a rollback. Handlers are tried again as the durable engine does it; what fails once
    more than there are pauses is a dead letter.
    """

    def __init__(
        self, clock: SettableClock, *, retry_after_s: Sequence[float] = (1.0, 5.0, 30.0, 120.0)
    ) -> None:
        self._clock = clock
        self._retry_after_s = tuple(retry_after_s)
        self._handlers: Mapping[str, Callable[[str], None]] | None = None
        self._known: set[str] = set()
        self._waiting: list[_Waiting] = []
        self._running = 0
        self._numbers = 0
        self.dead: list[Job] = []

    def enqueue(self, tx: Transaction, job: Job) -> None:
        if not job.key.strip():
            raise ValueError("a job needs a key")
        tx.on_commit(lambda: self._arrive(job, attempt=1))

    def start(self, handlers: Mapping[str, Callable[[str], None]]) -> None:
        if self._handlers is not None:
            raise RuntimeError("the engine runs already")
        self._handlers = dict(handlers)

    def stop(self, *, grace_s: float) -> None:
        self._handlers = None

    def health(self) -> EngineHealth:
        now = self._clock.now()
        due = [waiting.due for waiting in self._waiting if waiting.due <= now]
        oldest_s = (now - min(due)).total_seconds() if due else 0.0
        executors = 0 if self._handlers is None else 1
        return EngineHealth(len(due), self._running, len(self.dead), oldest_s, executors)

    def drain(self, until: datetime | None = None) -> int:
        """Run every job that is due, and what those enqueue; returns how many handlers were called.

        With ``until`` the clock is moved on from one due time to the next, and to ``until`` at last.
        Of those that are due the lowest priority number runs first, then the oldest.
        """
        if self._handlers is None:
            raise RuntimeError("the engine was not started")
        calls = 0
        while True:
            self._move_to_next(until)
            job = self._next()
            if job is None:
                return calls
            self._run(job)
            calls += 1

    def _arrive(self, job: Job, *, attempt: int) -> None:
        if job.key in self._known:
            return
        self._known.add(job.key)
        self._numbers += 1
        due = self._clock.now() + timedelta(seconds=max(0.0, job.delay_s))
        self._waiting.append(_Waiting(job, due, self._numbers, attempt))

    def _move_to_next(self, until: datetime | None) -> None:
        now = self._clock.now()
        if until is None or any(waiting.due <= now for waiting in self._waiting):
            return
        target = min((waiting.due for waiting in self._waiting), default=until)
        if min(target, until) > now:
            self._clock.advance(min(target, until) - now)

    def _next(self) -> _Waiting | None:
        now = self._clock.now()
        due = [waiting for waiting in self._waiting if waiting.due <= now]
        first = min(due, key=lambda waiting: (waiting.job.priority, waiting.number), default=None)
        if first is not None:
            self._waiting.remove(first)
        return first

    def _run(self, waiting: _Waiting) -> None:
        assert self._handlers is not None
        job, attempt = waiting.job, waiting.attempt
        self._running += 1
        try:
            self._handlers[job.kind](job.reference)
        except Exception:  # noqa: BLE001  # whatever a handler raises, the durable engine tries again
            self._fail(job, attempt)
        finally:
            self._running -= 1

    def _fail(self, job: Job, attempt: int) -> None:
        if attempt > len(self._retry_after_s):
            self.dead.append(job)
            return
        again = f"{job.key.removesuffix(f':retry{attempt - 1}')}:retry{attempt}"
        delay_s = self._retry_after_s[attempt - 1]
        self._arrive(Job(job.kind, again, job.reference, delay_s), attempt=attempt + 1)
