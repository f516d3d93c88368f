"""Tokens of a call, as bills tell them apart."""

from __future__ import annotations

import msgspec


class Tokens(msgspec.Struct, frozen=True):
    """What a call read and wrote.

    ``read`` counts everything that was sent, ``cached`` (read again from the provider's cache) and
    ``stored`` (put there, where that costs extra) are parts of it. ``written`` counts everything that came
    back, ``reasoning`` (thoughts that nobody is shown) is a part of it.

    Errors: ``ValueError`` for a negative count, or a part larger than its whole.
    """

    read: int = 0
    written: int = 0
    cached: int = 0
    stored: int = 0
    reasoning: int = 0

    def __post_init__(self) -> None:
        if min(self.read, self.written, self.cached, self.stored, self.reasoning) < 0:
            raise ValueError("tokens are counted upwards from 0")
        if self.cached + self.stored > self.read or self.reasoning > self.written:
            raise ValueError("a part of the tokens is larger than all of them")

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.read + other.read,
            self.written + other.written,
            self.cached + other.cached,
            self.stored + other.stored,
            self.reasoning + other.reasoning,
        )
