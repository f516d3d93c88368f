"""Pace: how fast the effects of one tool leave, over all workers, and whether its receiver is left alone for now."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from roadworthy.routing import Circuit


class Rate(NamedTuple):
    """``burst`` calls may leave at once, then one every ``every_s`` seconds."""

    burst: int
    every_s: float

    @classmethod
    def of(cls, calls: int, seconds: float) -> Rate:
        """Never more than ``calls`` in any window of ``seconds``: a tenth of them at once, the others evenly."""
        burst = max(1, calls // 10)
        # In a half-open window: the burst, and one more for each time the bucket drips until its end.
        return cls(burst, seconds / (calls - burst + 1))


_REST = Circuit(rest_s=1.0, longest_s=60.0, trial_s=45.0)


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one tool of one use case. Times are seconds since 1970; every method gives the pace that follows.

    ``full_at``: when the bucket of its rate is full again. ``wakes_at``: when those that wait are looked at next.
    """

    use_case: str
    tool: str
    full_at: float = 0.0
    circuit: Circuit = _REST
    wakes_at: float = 0.0

    def wait_s(self, now: float, rate: Rate) -> float:
        """Seconds until one more may leave; 0: now."""
        return max(0.0, self.full_at - (rate.burst - 1) * rate.every_s - now)

    def took(self, now: float, rate: Rate) -> Pace:
        """One leaves."""
        return replace(self, full_at=max(self.full_at, now) + rate.every_s)

    def places(self, now: float, rate: Rate, *, within_s: float, most: int) -> list[float]:
        """After how many seconds each of the next ones may leave, as far as that is within ``within_s``."""
        first = max(self.full_at, now) - (rate.burst - 1) * rate.every_s - now
        if first > within_s:
            return []
        count = min(most, math.floor((within_s - first) / rate.every_s) + 1)
        return [max(0.0, first + number * rate.every_s) for number in range(count)]

    @property
    def clean(self) -> bool:
        """Its receiver does well, as far as anybody knows."""
        circuit = self.circuit
        return not (circuit.failures or circuit.rests or circuit.asked_until)

    def answered(self) -> Pace:
        """The receiver answered, whatever it said."""
        return replace(self, circuit=replace(self.circuit.succeeded(), asked_until=0.0))

    def failed(self, now: float) -> Pace:
        """The receiver did not answer."""
        return replace(self, circuit=self.circuit.failed(now))

    def asked(self, now: float, seconds: float) -> Pace:
        """The receiver takes no more for so many seconds. It is there: that is no failure."""
        circuit = self.circuit
        until = now + min(max(seconds, 0.0), circuit.most_asked_s)
        # A trial that was answered so is over.
        return replace(
            self, circuit=replace(circuit, asked_until=max(circuit.asked_until, until), trial_until=0.0)
        )
