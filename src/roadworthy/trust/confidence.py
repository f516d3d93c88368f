"""Range for a mean that may be looked at after every value, and is right at all looks together.

For every possible mean m two fortunes are kept. One bets that the values lie above m, the other that
they lie below. If m is the true mean neither is likely to grow: a fortune ever reaches ``2 / delta``
in at most a share ``delta / 2`` of the streams (Ville 1939). Means at which one did are ruled out; what
remains is the range. Source: Waudby-Smith and Ramdas 2024 (JRSS-B 86, arXiv 2010.09686), hedged
capital with predictable plug-in bets, their theorem 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.errors import Corrupt, InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.intervals import between

DELTA = Share(0.05)
POINTS = 199
# Invariant: sorted, without 0 and 1. Denser towards the ends, where a mean is known more exactly.
_GRID: NDArray[np.float64] = (1 - np.cos(np.pi * np.arange(1, POINTS + 1) / (POINTS + 1))) / 2
# At most half a fortune is at stake in one bet, as in the paper.
_CAUTION = 0.5
_MOST_ABOVE, _MOST_BELOW = _CAUTION / _GRID, _CAUTION / (1 - _GRID)
# Fortunes are kept to a millionth of their logarithm, rounded down: that can only widen the range.
_STEP = 1e6


@dataclass(frozen=True, slots=True)
class ConfidenceSequence:
    """What is known about the mean of values between 0 and 1 that arrive one after the other.

    The range holds at all times together with probability ``1 - delta``, as long as the mean stays what
    it is. Where the mean changes the range follows slowly: use an ``Alarm`` to notice that.

    Values may carry weights between 0 and 1. The range is then for the number R with
    ``E[weight * (value - R)] = 0``: with weights in proportion to 1/q the mean of all cases, though
    each was looked at with its own probability q only.

    State: 2 * 199 numbers, whatever has been seen.
    """

    delta: Share = DELTA
    n: int = 0
    weight: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    above: tuple[float, ...] = field(default=(0.0,) * POINTS, repr=False)
    below: tuple[float, ...] = field(default=(0.0,) * POINTS, repr=False)

    def __post_init__(self) -> None:
        between("delta", self.delta)
        if not (len(self.above) == len(self.below) == POINTS and self.n >= 0):
            raise InputProblem("RW-TRUST-033", f"a state holds twice {POINTS} numbers")

    @property
    def mean(self) -> float | None:
        """Weighted mean of what was seen; None before the first value."""
        return self.total / self.weight if self.weight else None

    @property
    def interval(self) -> Interval:
        """Means that are not ruled out, rounded outward to the grid. Nothing seen → [0, 1].

        Edge:  a mean that changed can rule out everything; then the range between the two ends.
        """
        enough = math.log(2 / float(self.delta))
        low, high = self._low(enough), self._high(enough)
        return Interval(min(low, high), max(low, high))

    @property
    def upper(self) -> float:
        """One-sided: the mean is at most this at all times together, with probability ``1 - delta``."""
        return self._high(math.log(1 / float(self.delta)))

    # Invariant: each factor of ``above`` falls and each of ``below`` rises with m, because the bet is the
    # same for all m up to its cap and stays so where the cap holds. So the means that are ruled out
    # form two ends of the grid, and taking the innermost ruled-out point is right between points too.
    def _low(self, enough: float) -> float:
        out = np.flatnonzero(np.asarray(self.above) >= enough)
        return float(_GRID[out[-1]]) if out.size else 0.0

    def _high(self, enough: float) -> float:
        out = np.flatnonzero(np.asarray(self.below) >= enough)
        return float(_GRID[out[0]]) if out.size else 1.0

    def update(self, value: float, *, weight: float = 1.0) -> ConfidenceSequence:
        """The next state, after one more value; see ``extend``."""
        return self.extend([value], weights=[weight])

    def extend(self, values: ArrayLike, *, weights: ArrayLike | None = None) -> ConfidenceSequence:
        """The next state, after these values in their order. The same as one ``update`` for each.

        Errors:  ``InputProblem`` RW-TRUST-033 for values outside 0 to 1, for weights that are not above
                 0 and at most 1, and for another number of weights than of values.
        """
        seen, weighed = _checked(values, weights)
        above, below = np.array(self.above), np.array(self.below)
        n, weight, total, squares = self.n, self.weight, self.total, self.squares
        enough = 2 * math.log(2 / float(self.delta))
        for value, part in zip(seen.tolist(), weighed.tolist(), strict=True):
            n += 1
            # Everything in the bet is known before the value: that makes it fair.
            bet = math.sqrt(enough / ((0.25 + squares) * math.log(n + 1)))
            gap = part * (value - _GRID)
            above += np.log1p(np.minimum(bet, _MOST_ABOVE) * gap)
            below += np.log1p(-np.minimum(bet, _MOST_BELOW) * gap)
            np.floor(above * _STEP, out=above)
            np.floor(below * _STEP, out=below)
            above /= _STEP
            below /= _STEP
            weight += part
            total += part * value
            # Half a right and half a wrong value are believed beforehand, as in the paper.
            mean = (0.5 + total) / (1 + weight)
            squares += (part * (value - mean)) ** 2
        return ConfidenceSequence(
            self.delta, n, weight, total, squares, tuple(above.tolist()), tuple(below.tolist())
        )

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values; about 4 kB."""
        return {
            "delta": self.delta.value,
            "n": self.n,
            "weight": self.weight,
            "total": self.total,
            "squares": self.squares,
            "above": list(self.above),
            "below": list(self.below),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> ConfidenceSequence:
        """Read what ``as_json`` wrote. Errors: ``Corrupt`` RW-TRUST-032 when it is anything else."""
        try:
            return cls(
                delta=Share(number(stored["delta"])),
                n=int(number(stored["n"])),
                weight=number(stored["weight"]),
                total=number(stored["total"]),
                squares=number(stored["squares"]),
                above=_numbers(stored["above"]),
                below=_numbers(stored["below"]),
            )
        except (KeyError, TypeError, ValueError, InputProblem) as problem:
            raise unreadable(problem) from None


def number(value: object) -> float:
    """A finite number out of stored JSON. Errors: ``TypeError`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("a number expected, found something else")
    return value


def unreadable(problem: Exception) -> Corrupt:
    """A stored watch that does not hold together."""
    missing = f"`{problem.args[0]}` is missing" if isinstance(problem, KeyError) else str(problem)
    return Corrupt(
        "RW-TRUST-032",
        f"the stored state of a spot-check watch cannot be read: {missing}",
        broken=("the watch of the spot checks",),
        intact="the spot checks themselves",
        hint="replay the spot checks in the order in which their results came",
    )


def _numbers(value: object) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != POINTS:
        raise TypeError(f"a list of {POINTS} numbers expected, found something else")
    return tuple(number(part) for part in cast("list[object]", value))


def _checked(
    values: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    seen = np.atleast_1d(np.asarray(values, dtype=np.float64))
    weighed = np.ones_like(seen) if weights is None else np.asarray(weights, dtype=np.float64)
    problems = []
    if seen.ndim != 1 or seen.shape != weighed.shape:
        problems.append(Problem(f"{seen.size} values and {weighed.size} weights, expected one for each"))
    problems += _outside("values", seen[~((seen >= 0) & (seen <= 1))], "between 0 and 1")
    problems += _outside("weights", weighed[~((weighed > 0) & (weighed <= 1))], "above 0 and at most 1")
    if problems:
        raise InputProblem("RW-TRUST-033", problems)
    return seen, weighed


def _outside(place: str, bad: NDArray[np.float64], expected: str) -> Sequence[Problem]:
    if not bad.size:
        return ()
    return (Problem(f"every entry lies {expected}, found {bad[0]:g}", place=place),)
