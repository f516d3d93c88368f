"""A worker: takes jobs, keeps the books, and says what it obeys."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from roadworthy.errors import RoadworthyError, Unavailable
from roadworthy.operate.bookkeeping import sequence
from roadworthy.operate.delivering import deliver
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.pacing import wake_waiting
from roadworthy.operate.logged import about
from roadworthy.operate.outside.carrying import carry_on
from roadworthy.operate.reviewing import escalate_due, let_leave
from roadworthy.operate.rollout import look_at_canary
from roadworthy.operate.segments import run_segment
from roadworthy.operate.slips import adopt
from roadworthy.operate.stopping import ACKNOWLEDGE_EVERY, acknowledge, unpark
from roadworthy.operate.taking_back import roll_back
from roadworthy.operate.undos import carry_out_undo
from roadworthy.telemetry import case_trace

BOOKS_EVERY_S = 0.2
PATIENCE_S = 120.0
_log = logging.getLogger("roadworthy.worker")


def handlers(deployment: Deployment) -> Mapping[str, Callable[[str], None]]:
    """What each kind of job does. Every handler may run again after a crash."""
    made: dict[str, Callable[[str], object]] = {
        "segment": lambda reference: run_segment(deployment, reference),
        "deliver": lambda reference: deliver(deployment, reference),
        "due": lambda reference: escalate_due(deployment, reference),
        "leave": lambda reference: let_leave(deployment, reference),
        "rollback": lambda reference: roll_back(deployment, reference),
        "canary": lambda reference: _look_at_canary(deployment, reference),
        "pace": lambda reference: wake_waiting(deployment, reference),
        "undo": lambda reference: carry_out_undo(deployment, reference),
        "unpark": lambda reference: unpark(deployment, reference),
        "agent": lambda reference: carry_on(deployment, reference),
    }
    return {kind: _told(kind, handle) for kind, handle in made.items()}


def _told(kind: str, handle: Callable[[str], object]) -> Callable[[str], None]:
    """The handler, with lines of its log that tell what it worked on."""

    def handled(reference: str) -> None:
        case, _, rest = reference.partition("/")
        run = rest.partition("/")[0] if kind == "segment" else ""
        trace = case_trace(case, int(run)) if run.isdecimal() else ""
        of_case = case if kind in {"segment", "deliver", "undo", "agent"} else ""
        with about(job=kind, case=of_case, run=run, trace=trace):
            handle(reference)

    return handled


def _look_at_canary(deployment: Deployment, use_case: str) -> None:
    look_at_canary(deployment, use_case)


def wait_for(
    left: Callable[[], int],
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Wait until the count is 0, telling how far it is. What counts down is others' work.

    Errors: ``Unavailable`` RW-WORK-001 if the count does not change for ``patience_s``.
    """
    total = before = left()
    moved_at = time.monotonic()
    while before > 0:
        time.sleep(0.05)
        now = left()
        progress(total - now, total)
        if now != before:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > patience_s:
            raise Unavailable(
                "RW-WORK-001", f"{now} cases no longer move", retry_is_safe=True, hint="`roadworthy doctor`"
            )
        before = now


@dataclass(frozen=True, slots=True)
class Duty:
    """What a worker does again and again beside its jobs, from its start on, ``every_s`` seconds after the last time.

    Every worker does it: doing it twice must do no harm.
    """

    name: str
    every_s: float
    do: Callable[[Deployment], object]


class Worker:
    """Runs jobs, books and duties in this process between ``start`` and ``stop``.

    A duty that fails is logged by its code and done again when it is due; the books never wait for one.
    """

    def __init__(self, deployment: Deployment, *, name: str, duties: Sequence[Duty] = ()) -> None:
        self._deployment = deployment
        self._name = name
        self._ending = threading.Event()
        self._books = threading.Thread(target=self._keep_books, name="books", daemon=True)
        self._duties = [
            threading.Thread(target=self._keep_up, args=(duty,), name=f"duty {duty.name}", daemon=True)
            for duty in duties
        ]

    def start(self) -> None:
        """Begin to take jobs and to keep the books. Once only."""
        self._deployment.clearance.speaks(self._name)
        self._deployment.engine.start(handlers(self._deployment))
        self._books.start()
        for duty in self._duties:
            duty.start()

    def stop(self, *, grace_s: float = 30.0) -> None:
        """Take no more jobs, finish those in hand, write down what waits. Again: nothing happens.

        A duty in hand is waited for as long as the books are; one that takes longer ends with the process.
        """
        if self._ending.is_set():
            return
        self._deployment.engine.stop(grace_s=grace_s)
        self._ending.set()
        until = time.monotonic() + grace_s
        for thread in (self._books, *self._duties):
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _keep_books(self) -> None:
        """Sequence the outbox, write down stops left in slips, and say which stops it obeys when they change."""
        seen: object = None
        said_at: datetime | None = None
        complained = ""
        while True:
            ending = self._ending.wait(BOOKS_EVERY_S)
            try:
                adopt(self._deployment)
                now = self._deployment.now()
                with self._deployment.store.read() as tx:
                    active = {thrown.id for thrown in self._deployment.store.switches.active(tx)}
                if active != seen or said_at is None or abs(now - said_at) >= ACKNOWLEDGE_EVERY:
                    # It says that it obeys what its clearance has read, and nothing newer.
                    self._deployment.clearance.renew()
                    acknowledge(self._deployment, self._name, at=now)
                    seen, said_at = active, now
                while sequence(self._deployment):
                    pass
                complained = ""
            except RoadworthyError as problem:
                if problem.code != complained:
                    _log.warning("books wait: %s", problem.code, extra={"code": problem.code})
                complained = problem.code
            if ending:
                self._say_goodbye()
                return

    def _keep_up(self, duty: Duty) -> None:
        while not self._ending.is_set():
            try:
                duty.do(self._deployment)
            except RoadworthyError as problem:
                _log.warning("%s waits: %s", duty.name, problem.code, extra={"code": problem.code})
            except Exception as fault:  # noqa: BLE001 - a mistake in one round must not end the duty for good
                _log.error("%s failed: %s", duty.name, type(fault).__name__)
            self._ending.wait(duty.every_s)

    def _say_goodbye(self) -> None:
        """A worker that ended on purpose is not waited for by the next stop drill."""
        try:
            acknowledge(self._deployment, self._name, at=datetime.fromtimestamp(0, UTC))
        except RoadworthyError as problem:
            self._deployment.clearance.falls_silent(self._name)
            _log.warning("the books could not be closed: %s", problem.code)
