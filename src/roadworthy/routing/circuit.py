"""A model that keeps failing is left alone for a while: a circuit breaker, as a value that is told the time."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Circuit:
    """Closed, it lets requests through. After ``after`` failures in a row it opens for ``rest_s`` seconds, then
    lets a single request through to see: success closes it, failure opens it for twice as long, up to
    ``longest_s``. A server that asks to wait opens it for that long at once, up to ``most_asked_s``.

    A trial that nobody tells the end of counts as lost after ``trial_s``: then another one may go. Whatever
    request answers or fails meanwhile is taken for the trial: nobody has to remember which one it was. Requests
    that were on their way when it opened, and fail later, do not prolong the rest; what a server asked for is
    waited for even if an older request succeeds meanwhile.

    Times are seconds of one steady clock. Every method gives the circuit that follows.
    """

    failures: int = 0
    open_until: float = 0.0
    asked_until: float = 0.0
    trial_until: float = 0.0
    rests: int = 0
    after: int = 5
    rest_s: float = 5.0
    longest_s: float = 300.0
    most_asked_s: float = 3_600.0
    trial_s: float = 120.0

    @property
    def is_open(self) -> bool:
        """It failed, and no request has succeeded since it opened."""
        return self.rests > 0

    def why_not(self, now: float) -> str:
        """Empty: go ahead (and say ``taken``). Otherwise why not."""
        if now < self.asked_until:
            return f"its server asks to wait for {self.asked_until - now:.0f} s more"
        if now < self.open_until:
            return f"failed {self.failures} times in a row, rests for {self.open_until - now:.0f} s more"
        if self.is_open and now < self.trial_until:
            return "one request is on its way to see whether it is back"
        return ""

    def left_s(self, now: float) -> float:
        """Seconds until it may be asked again; 0 where ``why_not`` is empty."""
        trial = self.trial_until if self.is_open else 0.0
        return max(0.0, max(self.asked_until, self.open_until, trial) - now)

    def taken(self, now: float) -> Circuit:
        """A request goes through."""
        if self.is_open and not self.why_not(now):
            return replace(self, trial_until=now + self.trial_s)
        return self

    def succeeded(self) -> Circuit:
        """It answered."""
        if not (self.failures or self.rests):
            return self
        return replace(self, failures=0, rests=0, open_until=0.0, trial_until=0.0)

    def failed(self, now: float, *, asked_s: float = 0.0) -> Circuit:
        """It did not answer, or asked to wait ``asked_s``."""
        failures = self.failures + 1
        asked = now + min(asked_s, self.most_asked_s) if asked_s > 0 else 0.0
        told = replace(self, failures=failures, asked_until=max(self.asked_until, asked))
        if now < self.open_until:
            return told
        if failures < self.after and not asked and not self.is_open:
            return told
        rest = min(self.longest_s, self.rest_s * 2.0 ** min(self.rests, 16))
        return replace(told, open_until=now + rest, trial_until=0.0, rests=self.rests + 1)
