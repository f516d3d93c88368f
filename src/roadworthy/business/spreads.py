"""Distributions that reproduce what people said: ranges of amounts, ranges of shares, counts.

Every spread is a monotone function of a standard normal number, so that figures are correlated by
correlating those numbers (a Gaussian copula).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Z90: Final = 1.2815515655446004
"""The 90 % point of the standard normal distribution."""
_GRID: Final = np.concatenate(([-8.0, -6.0, -5.0], np.linspace(-4.2, 4.2, 97), [5.0, 6.0, 8.0]))


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same."""

    value: float

    def at(self, normal: Floats) -> Floats:
        """The value for every normal number."""
        return np.full(normal.shape, self.value)


@dataclass(frozen=True, slots=True)
class Positive:
    """An amount, 0 or more: below the middle one lognormal, above it another.

    It reproduces all three stated quantiles exactly, and is the usual lognormal where p50/p10 = p90/p50.
    A skewed range, which no lognormal fits, keeps its median and both of its ends: a two-piece
    distribution in the sense of Fechner 1897, joined at the median. ``reach`` is the normal number that
    the ends stand for, 1.28 for p10 and p90.

    Edge: a lower end of 0 makes the lower half a straight line to 0, a middle of 0 the upper one.
    """

    low: float
    middle: float
    high: float
    reach: float = Z90

    def at(self, normal: Floats) -> Floats:
        """The amount for every normal number."""
        steps = normal / self.reach
        if self.low > 0:
            # One exponential for both halves: the exponent alone depends on the side.
            down, up = math.log(self.middle / self.low), math.log(self.high / self.middle)
            return self.middle * np.exp(np.where(steps < 0, down, up) * steps)
        below = self.middle * np.maximum(1 + steps, 0)
        if self.middle > 0:
            above = self.middle * np.exp(math.log(self.high / self.middle) * np.maximum(steps, 0))
        else:
            above = self.high * np.maximum(steps, 0)
        return np.where(steps < 0, below, above)


@dataclass(frozen=True, slots=True)
class BetaShare:
    """A share: below the middle one Beta distribution, above it another, both with this median.

    It reproduces all three stated quantiles; where one Beta fits them all, both halves are that one.
    A half of which none is given stays at the middle.
    """

    middle: float
    below: tuple[float, float] | None
    above: tuple[float, float] | None

    def at(self, normal: Floats) -> Floats:
        """The share for every normal number, interpolated between exact quantiles."""
        half = len(_GRID) // 2
        quantiles = np.full(_GRID.shape, self.middle)
        if self.below:
            quantiles[:half] = special.betaincinv(*self.below, special.ndtr(_GRID[:half]))
        if self.above:
            quantiles[half:] = special.betaincinv(*self.above, special.ndtr(_GRID[half:]))
        found: Floats = np.interp(normal, _GRID, quantiles)
        return found


Spread = Fixed | Positive | BetaShare


def amount(low: float, middle: float, high: float, *, reach: float = Z90) -> Spread:
    """The distribution of an amount with these quantiles; a single figure is fixed."""
    return Fixed(middle) if low == high else Positive(low, middle, high, reach)


def share(low: float, middle: float, high: float, *, within: float = 0.8) -> Spread:
    """A distribution of a share with this median and these ends, ``within`` of its mass between them.

    Edge: equal ends are fixed. An end at 0 or 1, which no Beta distribution reaches, leaves the other
    one to say how wide that half is; an end that is the middle itself makes that half stay there.
    """
    if low == high:
        return Fixed(middle)
    tail = (1 - within) / 2
    centre = min(max(middle, 1e-4), 1 - 1e-4)
    lower = _half(centre, low, tail) if 0 < low < centre else None
    upper = _half(centre, high, 1 - tail) if centre < high < 1 else None
    alone = lower or upper or _with_median(centre, 2.0)
    return BetaShare(
        centre, None if low == middle else lower or alone, None if high == middle else upper or alone
    )


def counted(successes: int, others: int) -> Spread:
    """What is known of a share after counting: Beta(1 + successes, 1 + others), from an even prior."""
    posterior = (1.0 + successes, 1.0 + others)
    return BetaShare(float(special.betaincinv(*posterior, 0.5)), posterior, posterior)


@lru_cache(maxsize=4096)
def _half(middle: float, end: float, mass: float) -> tuple[float, float]:
    """The Beta distribution with this median and this mass below ``end``: bisection on its concentration."""
    least, most = math.log(0.02), math.log(1e8)
    for _ in range(34):
        half = (least + most) / 2
        found = _with_median(middle, math.exp(half))
        below = float(special.betainc(*found, end))
        # The more concentrated, the less mass lies beyond the end, on whichever side that is.
        wider = below < mass if end > middle else below > mass
        least, most = (half, most) if wider else (least, half)
    return _with_median(middle, math.exp((least + most) / 2))


def _with_median(middle: float, concentration: float) -> tuple[float, float]:
    """The Beta distribution of a concentration (a + b) whose median is this: Newton in the mean's logit."""
    # Start from the usual approximation of the median, (a - 1/3) / (a + b - 2/3).
    mean = middle
    if concentration > 1:
        mean = (middle * (concentration - 2 / 3) + 1 / 3) / concentration
    mean = min(max(mean, 1e-9), 1 - 1e-9)
    low, high = 0.0, 1.0
    for _ in range(60):
        gap = float(special.betainc(mean * concentration, (1 - mean) * concentration, middle)) - 0.5
        if abs(gap) < 1e-12:
            break
        low, high = (mean, high) if gap > 0 else (low, mean)
        step = min(1e-6, mean / 2, (1 - mean) / 2)
        other = mean + step
        slope = (
            float(special.betainc(other * concentration, (1 - other) * concentration, middle)) - 0.5 - gap
        ) / step
        proposed = mean - gap / slope if slope < 0 else -1.0
        mean = proposed if low < proposed < high else (low + high) / 2
    return mean * concentration, (1 - mean) * concentration
