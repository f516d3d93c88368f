"""Two arms of which nobody knows with what chance a case went to which, compared at every look.

``trust.sequential`` needs the chance with which each case was given to the candidate, and bears with
cases that get harder for both arms at once. Here the chance is not needed: what arrives on an arm is
compared with what arrives on the other, whatever their split, and whatever part of either is labelled,
as long as being labelled says nothing about being wrong.

For every common level m at which both arms could just differ by d, two bets are made at once: that the
candidate lies above ``m + d``, and that the baseline lies below m. The wealth at the level that pays worst
is evidence against "the candidate exceeds the baseline by at most d": where that is true it ever reaches
``1 / delta`` in at most a share ``delta`` of the streams (Ville 1939; Waudby-Smith and Ramdas 2024, arXiv
2010.09686; Turner, Ly and Grünwald 2024 for two arms). Each bet is a fixed mixture, so that the wealth
depends on which values were seen and not on their order. So a trend that both arms share does no harm
while the split stays; where the split changes, a new stratum begins, and the wealths of strata multiply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share

# How far the odds of an arm may be from those of the level, as a logarithm, and how much of the stake each
# gets: log-normal about 0.5 (odds that change by two thirds) and a factor of e to either side. A tenth is never
# bet: an arm that lies at the level, as the larger of two usually does, must not lose all there is.
_SHIFTS: NDArray[np.float64] = np.concatenate([[0.0], np.geomspace(0.02, 5.0, 12)])
_STAKES = np.exp(-0.5 * np.log(_SHIFTS[1:] / 0.5) ** 2)
_LOG_STAKES: NDArray[np.float64] = np.log(np.concatenate([[0.1], 0.9 * _STAKES / _STAKES.sum()]))
_FURTHER = np.expm1(_SHIFTS)
_EDGE = 1e-9
# Levels at which the wealth is reckoned: between both means, and outward to the ends on either side.
_WITHIN: NDArray[np.float64] = np.linspace(0, 1, 16)
_OUTWARD: NDArray[np.float64] = np.geomspace(1e-3, 1.0, 8)
_INWARD = 1 - _OUTWARD[::-1]
_LATTICE = 2000
"""Ends of ranges are rounded outward to a two-thousandth of the range of values."""


@dataclass(frozen=True, slots=True)
class Values:
    """What is kept of the values of one arm: how many, their sum, and what each bet has made of them.

    ``above`` are the logarithms of ``prod (1 + x F)`` for the bets that the mean is high, ``below`` the same of ``1 - x``.
    """

    n: int = 0
    total: float = 0.0
    above: tuple[float, ...] = (0.0,) * len(_SHIFTS)
    below: tuple[float, ...] = (0.0,) * len(_SHIFTS)

    def __post_init__(self) -> None:
        if (
            len(self.above) != len(_SHIFTS)
            or len(self.below) != len(_SHIFTS)
            or not 0 <= self.total <= self.n
        ):
            raise InputProblem("RW-WATCH-001", Problem("these are not the sums of values from 0 to 1"))

    @property
    def mean(self) -> float | None:
        """Mean value; None before the first case."""
        return self.total / self.n if self.n else None

    @classmethod
    def of(cls, values: ArrayLike) -> Values:
        """These values, in any order. Errors: ``InputProblem`` RW-WATCH-001 for any outside 0 to 1, or NaN."""
        seen = np.asarray(values, dtype=np.float64).reshape(-1)
        bad = seen[~((seen >= 0) & (seen <= 1))]
        if bad.size:
            raise InputProblem("RW-WATCH-001", Problem(f"a value lies between 0 and 1, found {bad[0]:g}"))
        return cls(
            len(seen),
            float(seen.sum()),
            tuple(np.log1p(seen[:, None] * _FURTHER).sum(axis=0).tolist()),
            tuple(np.log1p((1 - seen)[:, None] * _FURTHER).sum(axis=0).tolist()),
        )

    @classmethod
    def counted(cls, wrong: int, n: int) -> Values:
        """So many ones among n zeros and ones. Errors: ``InputProblem`` RW-WATCH-001 for other counts."""
        if not 0 <= wrong <= n:
            raise InputProblem("RW-WATCH-001", Problem(f"{wrong} of {n} is not a count of cases"))
        return cls(
            n, float(wrong), tuple((wrong * _SHIFTS).tolist()), tuple(((n - wrong) * _SHIFTS).tolist())
        )

    @classmethod
    def summed(cls, total: float, n: int) -> Values:
        """Values of which only number and sum are known: taken as far apart as they can be.

        A bet gains least from the same sum where it is made of zeros and ones (its logarithm is concave), so
        that a range made of it is never too narrow. Errors: ``InputProblem`` RW-WATCH-001 for another sum.
        """
        held = max(0.0, min(total, float(n)))
        if not math.isclose(held, total, abs_tol=1e-6):
            raise InputProblem("RW-WATCH-001", Problem(f"{n} values from 0 to 1 never add up to {total:g}"))
        return cls(n, held, tuple((held * _SHIFTS).tolist()), tuple(((n - held) * _SHIFTS).tolist()))

    def added(self, more: Values) -> Values:
        """Both together."""
        return Values(
            self.n + more.n,
            min(self.total + more.total, float(self.n + more.n)),
            tuple(a + b for a, b in zip(self.above, more.above, strict=True)),
            tuple(a + b for a, b in zip(self.below, more.below, strict=True)),
        )

    def mirrored(self) -> Values:
        """One minus every value."""
        return Values(self.n, max(0.0, self.n - self.total), self.below, self.above)


@dataclass(frozen=True, slots=True)
class Stratum:
    """What both arms showed while the split between them stayed the same."""

    candidate: Values = Values()
    baseline: Values = Values()


def log_evidence_above(strata: Sequence[Stratum], margins: Sequence[float]) -> NDArray[np.float64]:
    """Logarithm of the evidence that the candidate's mean exceeds the baseline's by more than each margin.

    Reject at level ``delta`` once it reaches ``log(1 / delta)``, at any look.
    """
    found = np.zeros(len(margins))
    for stratum in strata:
        if stratum.candidate.n and stratum.baseline.n:
            found += _of_stratum(stratum, np.asarray(margins, dtype=np.float64))
    return found


def log_evidence_below(strata: Sequence[Stratum], margins: Sequence[float]) -> NDArray[np.float64]:
    """The same for: the candidate exceeds the baseline by less than each margin."""
    swapped = [Stratum(each.baseline, each.candidate) for each in strata]
    return log_evidence_above(swapped, [-margin for margin in margins])


def difference_range(strata: Sequence[Stratum], *, alpha: Share) -> Interval:
    """Differences of means, candidate minus baseline, that are not ruled out at this look.

    The true one is ever left out in at most a share ``alpha`` of the streams, half of it at either end.

    Edge:    an arm without cases: the whole range, -1 to 1.
    """
    enough = math.log(2 / float(alpha))
    swapped = [Stratum(each.baseline, each.candidate) for each in strata]
    low, high = _end(strata, enough), -_end(swapped, enough)
    return Interval(min(low, high), max(low, high))


def _end(strata: Sequence[Stratum], enough: float) -> float:
    """The largest margin of the lattice that is exceeded for sure; -1 where none is."""
    low, high = -_LATTICE, _LATTICE
    start = max(low, min(high, round(_guess(strata, enough) * _LATTICE)))
    # Around a guess; then between what was ruled out and what was not: evidence only falls as the
    # margin grows.
    places = [start + gap for gap in (-128, -32, -8, -1, 0, 1, 8, 32, 128)]
    while high - low > 1:
        places = [place for place in places if low < place < high]
        found = log_evidence_above(strata, [place / _LATTICE for place in places]) >= enough
        for place, ruled_out in zip(places, found.tolist(), strict=True):
            low, high = (max(low, place), high) if ruled_out else (low, min(high, place))
        places = sorted({low + (high - low) * part // 8 for part in range(1, 8)})
    return low / _LATTICE


def _guess(strata: Sequence[Stratum], enough: float) -> float:
    """Where the lower end of the range probably lies: it only saves steps."""
    both = [sum(each.candidate.n for each in strata), sum(each.baseline.n for each in strata)]
    if not all(both):
        return -1.0
    a = sum(each.candidate.total for each in strata) / both[0]
    b = sum(each.baseline.total for each in strata) / both[1]
    variance = (a * (1 - a) + 0.25 / both[0]) / both[0] + (b * (1 - b) + 0.25 / both[1]) / both[1]
    return a - b - math.sqrt(2 * variance * (enough + 2.0))


def _of_stratum(stratum: Stratum, margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """The wealth at the level that pays worst, for each margin."""
    lowest = np.maximum(0.0, -margins) + _EDGE
    highest = np.minimum(1.0, 1.0 - margins) - _EDGE
    possible = lowest < highest
    highest = np.maximum(lowest, highest)
    a, b = stratum.candidate.mean or 0.0, stratum.baseline.mean or 0.0
    first = np.minimum(highest, np.maximum(lowest, np.minimum(a - margins, b)))
    last = np.minimum(highest, np.maximum(first, np.maximum(a - margins, b)))
    levels = np.concatenate(
        [
            lowest[:, None] + (first - lowest)[:, None] * _INWARD,
            first[:, None] + (last - first)[:, None] * _WITHIN,
            last[:, None] + (highest - last)[:, None] * _OUTWARD,
        ],
        axis=1,
    )
    mirrored = stratum.baseline.mirrored()
    wealth = _wealth(stratum.candidate, mirrored, levels, margins)
    worst = wealth.argmin(axis=1)
    rows = np.arange(len(margins))
    left = levels[rows, np.maximum(worst - 1, 0)]
    right = levels[rows, np.minimum(worst + 1, levels.shape[1] - 1)]
    closer = left[:, None] + (right - left)[:, None] * _WITHIN
    least = np.minimum(
        wealth[rows, worst], _wealth(stratum.candidate, mirrored, closer, margins).min(axis=1)
    )
    # A margin that no two means can differ by more than is never exceeded; one below -1 always is.
    return np.where(possible, least, np.where(margins > 0, -np.inf, np.inf))


def _wealth(
    candidate: Values, mirrored: Values, levels: NDArray[np.float64], margins: NDArray[np.float64]
) -> NDArray[np.float64]:
    above = np.minimum(1 - _EDGE, np.maximum(_EDGE, levels + margins[:, None]))
    return _bet_above(candidate, above) + _bet_above(mirrored, 1 - levels)


def _bet_above(values: Values, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of what a mixture of bets on "the mean lies above the level" has become.

    Each bet multiplies by ``x p/m + (1-x)(1-p)/(1-m)`` with p above m: a mean of at most 1 where the mean
    of x is at most m, and never below 0. Where p has the odds of m times ``1 + F`` that is
    ``(1 + x F) / (1 + m F)``, so that a few sums stand for all values.
    """
    grown = np.asarray(values.above) + _LOG_STAKES - values.n * np.log1p(levels[..., None] * _FURTHER)
    most = grown.max(axis=-1)
    summed: NDArray[np.float64] = most + np.log(np.exp(grown - most[..., None]).sum(axis=-1))
    return summed
