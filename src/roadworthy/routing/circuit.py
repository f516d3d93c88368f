"""A model that keeps failing is left alone for a while: a circuit breaker, as a value that is told the time."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Circuit:
    """Closed, it lets requests through. After ``after`` failures in a row it opens for ``rest_s`` seconds, then
    lets a single request through to see: success closes it, failure opens it for twice as long, up to
    ``longest_s``. A server that asks to wait opens it for that long at once.

    Times are seconds of one steady clock. Every method gives the circuit that follows.
    """

    failures: int = 0
    open_until: float = 0.0
    trying: bool = False
    rests: int = 0
    after: int = 5
    rest_s: float = 5.0
    longest_s: float = 300.0

    def why_not(self, now: float) -> str:
        """Empty: go ahead (and say ``taken``). Otherwise why not."""
        if now < self.open_until:
            return f"failed {self.failures} times in a row, rests for {self.open_until - now:.0f} s more"
        if self.open_until and self.trying:
            return "one request is on its way to see whether it is back"
        return ""

    def taken(self, now: float) -> Circuit:
        """A request goes through."""
        return replace(self, trying=True) if self.open_until and now >= self.open_until else self

    def succeeded(self) -> Circuit:
        """It answered."""
        if not (self.failures or self.open_until):
            return self
        return replace(self, failures=0, open_until=0.0, trying=False, rests=0)

    def failed(self, now: float, *, asked_s: float = 0.0) -> Circuit:
        """It did not answer, or asked to wait ``asked_s``."""
        failures = self.failures + 1
        opens = failures >= self.after or asked_s > 0 or self.trying
        if not opens:
            return replace(self, failures=failures)
        rest = min(self.longest_s, self.rest_s * 2 ** min(self.rests, 16))
        until = max(self.open_until, now + max(rest, asked_s))
        return replace(self, failures=failures, open_until=until, trying=False, rests=self.rests + 1)
