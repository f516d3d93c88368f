"""What tokens cost: whole numbers, compiled once, multiplied on every call."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.quantities import Cost
from roadworthy.usage.tokens import Tokens

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-units of one currency: for a million tokens of each kind, and for a request as such.

    ``source`` says where it was read (the charter, the price file, the shipped list with its version).
    """

    read: int
    written: int
    cached: int = -1
    """Negative: cached tokens cost what others cost."""
    stored: int = -1
    request: int = 0
    currency: str = "EUR"
    source: str = "charter"

    def nano(self, tokens: Tokens) -> int:
        """What these tokens cost, rounded up to a whole nano-unit."""
        if not tokens.cached and not tokens.stored:
            return -(-(tokens.read * self.read + tokens.written * self.written) // MILLION) + self.request
        cached = self.read if self.cached < 0 else self.cached
        stored = self.read if self.stored < 0 else self.stored
        plain = tokens.read - tokens.cached - tokens.stored
        total = (
            plain * self.read
            + tokens.cached * cached
            + tokens.stored * stored
            + tokens.written * self.written
        )
        return -(-total // MILLION) + self.request

    def cost(self, tokens: Tokens) -> Cost:
        """The same as a ``Cost``."""
        return Cost(self.nano(tokens), self.currency)

    def most(self, read: int, written: int) -> int:
        """Nano-units that a call can cost at most that reads and writes at most so many tokens."""
        dearest = max(self.read, self.cached, self.stored)
        return -(-(read * dearest + written * self.written) // MILLION) + self.request
