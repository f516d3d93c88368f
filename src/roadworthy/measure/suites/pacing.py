"""Not more than so many questions a second, whoever asks."""

from __future__ import annotations

import threading
import time


class Pace:
    """Gives out moments at even distances. Called from several threads at once.

    ``per_second`` None sets no pace. Time that passed unused is not made up for by a burst.
    """

    def __init__(self, per_second: float | None) -> None:
        self._distance = 1 / per_second if per_second else 0.0
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, halted: threading.Event) -> bool:
        """Wait for the next moment. False if it was halted before."""
        if not self._distance:
            return not halted.is_set()
        with self._lock:
            now = time.monotonic()
            moment = max(now, self._next)
            self._next = moment + self._distance
        return not halted.wait(max(0.0, moment - now))
