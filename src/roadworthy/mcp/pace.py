"""How fast one key may call: a bucket that fills again, for each key of one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from roadworthy.errors import Unavailable

PER_SECOND: Final = 20.0
AT_ONCE: Final = 100.0
"""Calls that a key may make without a pause."""
_MOST_KEYS: Final = 10_000


class Pace:
    """Asked from one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Note one call. Errors: ``Unavailable`` RW-MCP-015 for a key that calls too fast."""
        now = self._clock()
        left, at = self._left.get(key, (AT_ONCE, now))
        left = min(AT_ONCE, left + max(0.0, now - at) * PER_SECOND)
        self._left[key] = (max(0.0, left - 1), now)
        self._left.move_to_end(key)
        if len(self._left) > _MOST_KEYS:
            self._left.popitem(last=False)
        if left < 1:
            raise Unavailable(
                "RW-MCP-015",
                f"this key makes more than {PER_SECOND:.0f} calls a second",
                retry_is_safe=True,
                asked_s=1.0,
                hint="wait a second, then call again",
            )
