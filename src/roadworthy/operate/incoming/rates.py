"""How many messages of one sender are taken, counted in this process."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

from roadworthy.charter.incoming import rate_of

MOST_SENDERS: Final = 10_000
"""Counted apart. Whoever is one too many displaces the one that was heard of longest ago."""


class Rates:
    """Counts in windows that begin with the first message. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def allows(self, who: str, rate: str, *, at: float) -> bool:
        """Count one more, if there is room for it. ``at``: seconds."""
        most, within_s = rate_of(rate)
        with self._lock:
            begun, count = self._windows.pop(who, (at, 0))
            if not begun <= at < begun + within_s:
                begun, count = at, 0
            self._windows[who] = (begun, min(count + 1, most + 1))
            while len(self._windows) > MOST_SENDERS:
                self._windows.popitem(last=False)
        return count < most
