"""Threads that ask and grade, and the bounded queue their results come through."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Final

from roadworthy.errors import Unavailable
from roadworthy.measure.suites.answering import Answered
from roadworthy.measure.suites.asks import Ask
from roadworthy.measure.suites.pacing import Pace

_LOOKS_S: Final = 0.1
"""How soon a thread that can do nothing notices that it was halted."""


class Crew:
    """So many threads over a list of asks. Results come in the order in which they are ready.

    The first ``Unavailable`` halts the crew; what is under way is still answered and handed out.
    Threads are daemons: a target that never returns does not keep a program from ending.
    """

    def __init__(
        self, asks: Sequence[Ask], work: Callable[[Ask], Answered], *, size: int, pace: Pace
    ) -> None:
        self._left = deque(asks)
        self._work = work
        self._pace = pace
        self._ready: Queue[Answered | BaseException | None] = Queue(maxsize=max(64, 2 * size))
        self._halted = threading.Event()
        self._abandoned = threading.Event()
        self.unavailable: Unavailable | None = None
        self._threads = [
            threading.Thread(target=self._run, name=f"suite-{number}", daemon=True)
            for number in range(min(size, len(asks)))
        ]
        self._at_work = len(self._threads)

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def halt(self) -> None:
        """Ask nothing more; what is under way is still handed out."""
        self._halted.set()

    def abandon(self) -> None:
        """Nobody takes results any more."""
        self._halted.set()
        self._abandoned.set()

    @property
    def over(self) -> bool:
        """Every thread has ended and everything was handed out."""
        return self._at_work == 0

    def take(self, timeout_s: float) -> Answered | None:
        """The next result; None if none came in time, or no more will come. Raises a fault of our own."""
        if self.over:
            return None
        try:
            found = self._ready.get(timeout=timeout_s)
        except Empty:
            return None
        return self._seen(found)

    def at_hand(self) -> Iterator[Answered]:
        """Results that are ready now, without waiting."""
        with suppress(Empty):
            while True:
                found = self._seen(self._ready.get_nowait())
                if found is not None:
                    yield found

    def _seen(self, found: Answered | BaseException | None) -> Answered | None:
        if found is None:
            self._at_work -= 1
            return None
        if isinstance(found, Unavailable):
            self.unavailable = self.unavailable or found
            return None
        if isinstance(found, BaseException):
            raise found
        if found.problem is not None:
            self.unavailable = self.unavailable or found.problem
        return found

    def _run(self) -> None:
        try:
            while not self._halted.is_set():
                try:
                    one = self._left.popleft()
                except IndexError:
                    return
                if not self._pace.wait(self._halted):
                    return
                found = self._work(one)
                if found.problem is not None:
                    self._halted.set()
                self._hand_over(found)
        except BaseException as fault:  # noqa: BLE001 - told by the thread that takes results
            self._halted.set()
            self._hand_over(fault)
        finally:
            self._hand_over(None)

    def _hand_over(self, found: Answered | BaseException | None) -> None:
        while not self._abandoned.is_set():
            with suppress(Full):
                self._ready.put(found, timeout=_LOOKS_S)
                return
