"""Answers kept in memory, where the charter allows it: for exactly the same request of the same case."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import Final

import msgspec

from roadworthy.charter import seconds
from roadworthy.gateway.asking import Answered, Asking

LARGEST: Final = 64_000_000
"""Bytes that are kept in all."""
LARGEST_ANSWER: Final = 1_000_000


class Cache:
    """Least recently used answers go first. Nothing is shared between cases, and nothing outlives the process.

    Only what a model would say again is kept: embeddings, and answers at temperature 0.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, Answered]] = OrderedDict()
        self._size = 0

    def place(self, asking: Asking) -> bytes | None:
        """Where the answer would be; None where none may be kept."""
        plan, asked = asking.caller.plan, asking.asked
        if plan.cache != "exact" or not asking.case or not asked.repeatable or asked.stream:
            return None
        told = (asking.caller.use_case, asking.caller.release, asking.case, asked.wire, asked.fields)
        return hashlib.sha256(msgspec.json.encode(told, order="sorted")).digest()

    def get(self, place: bytes) -> Answered | None:
        """The answer that was kept there, if its time is not over."""
        found = self._kept.get(place)
        if found is None:
            return None
        until, answered = found
        if time.monotonic() >= until:
            self._forget(place)
            return None
        self._kept.move_to_end(place)
        return answered

    def keep(self, place: bytes, answered: Answered, asking: Asking) -> None:
        """Keep an answer for as long as the charter says."""
        if len(answered.body) > LARGEST_ANSWER:
            return
        self._forget(place)
        self._kept[place] = (time.monotonic() + seconds(asking.caller.plan.cache_for), answered)
        self._size += len(answered.body)
        while self._size > LARGEST:
            self._forget(next(iter(self._kept)))

    def _forget(self, place: bytes) -> None:
        if (found := self._kept.pop(place, None)) is not None:
            self._size -= len(found[1].body)
