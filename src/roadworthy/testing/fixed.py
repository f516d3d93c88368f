"""Time and randomness that repeat."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from hashlib import sha256

from roadworthy.ports import Clock, Entropy


class FixedClock(Clock):
    """A clock that stands still until it is told to go on. ``at`` is aware, in UTC."""

    def __init__(self, at: datetime) -> None:
        if at.utcoffset() != timedelta(0):
            raise ValueError("a clock shows an aware time in UTC")
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> datetime:
        """Go on, also backward, and say what the time is now."""
        self._at += by
        return self._at


class SeededEntropy(Entropy):
    """Bytes that look random and are the same for the same seed and the same order of asking."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._asked = itertools.count()

    def bytes(self, count: int) -> bytes:
        start = f"{self._seed}/{next(self._asked)}/".encode()
        blocks = (sha256(start + str(number).encode()).digest() for number in range(-(-count // 32)))
        return b"".join(blocks)[:count]
