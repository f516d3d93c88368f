"""Does the new way do better than the old one, told from cases that were given to either by lot?

Every case goes to the new way with a known probability and to the old way otherwise. Its figure, put in
proportion to that probability, is a fair guess of the difference between the two whatever else moved
the figures meanwhile: a season that lifts both lifts neither above the other. For every possible
difference two fortunes bet that the true one lies above it, or below. A fortune ever reaches
``2 / delta`` in at most a share ``delta / 2`` of the streams if the difference is the true one (Ville
1939), so differences at which one did are ruled out, however often one looks. Source: Waudby-Smith and
Ramdas 2024 (JRSS-B 86, arXiv 2010.09686), predictable plug-in bets; weighting by 1/probability: Horvitz
and Thompson 1952.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.confidence import ConfidenceSequence, number
from roadworthy.trust.intervals import between
from roadworthy.trust.sequential import Tally

DELTA = Share(0.05)
POINTS = 401
STRAY = Share(0.01)
"""Risk of saying that the parts stray from their shares although they do not."""

Finding = Literal["improved", "not improved", "cannot tell yet"]

_HALF = (POINTS + 1) // 2
# Invariant: sorted, within (-1, 1), with 0 in it: whether it improved is decided at 0 itself. Denser
# around 0, where the differences lie that one doubts.
_GRID: NDArray[np.float64] = np.array(
    [math.copysign((step / _HALF) ** 2, step) for step in range(1 - _HALF, _HALF)]
)
_ZERO = _HALF - 1
_CAUTION = 0.5
# Fortunes are kept to a millionth of their logarithm, rounded down: that can only widen the range.
_STEP = 1e6
# Both parts are first believed alike, with the weight of five cases in the middle of the range.
_PRIOR_CASES, _PRIOR_MEAN = 5.0, 0.5
_MOST_MORE = 10_000_000
_NONE, _NO_SHARES = Tally(), ConfidenceSequence(STRAY)


class Case(NamedTuple):
    """One case whose figure is known: to which part the lot gave it, and how likely the new way was."""

    new: bool
    figure: float
    share: float


@dataclass(frozen=True, slots=True)
class HoldOut:
    """What is known about the difference of the two parts' mean figures, new minus old.

    Units:   figures from 0 to 1, more is better: whoever has others brings them there.
    State:   2 * 401 numbers and a watch over the shares, whatever has been seen. A case counts once, when
             its figure comes; handing it in twice is wrong, and not noticed here.
    Edge:    the range holds for the mean difference as long as that stays what it is. ``strayed`` says
             that figures come from the two parts in another proportion than the lot gave them: then the
             cases seen are not those drawn, and nothing is told from them.
    """

    delta: Share = DELTA
    new: Tally = _NONE
    old: Tally = _NONE
    squares: float = 0.0
    total: float = 0.0
    above: tuple[float, ...] = field(default=(0.0,) * POINTS, repr=False)
    below: tuple[float, ...] = field(default=(0.0,) * POINTS, repr=False)
    shares: ConfidenceSequence = _NO_SHARES

    def __post_init__(self) -> None:
        between("delta", self.delta)
        if not len(self.above) == len(self.below) == POINTS:
            raise InputProblem("RW-KPI-001", f"a state holds twice {POINTS} numbers")

    @property
    def n(self) -> int:
        """Cases seen, of both parts."""
        return self.new.cases + self.old.cases

    @property
    def difference(self) -> float | None:
        """Mean of the new part minus mean of the old one; None before both have a case."""
        if self.new.mean is None or self.old.mean is None:
            return None
        return self.new.mean - self.old.mean

    @property
    def interval(self) -> Interval:
        """Differences that are not ruled out, rounded outward to the grid. Nothing seen → [-1, 1]."""
        enough = math.log(2 / float(self.delta))
        lows = np.flatnonzero(np.asarray(self.above) >= enough)
        highs = np.flatnonzero(np.asarray(self.below) >= enough)
        low = float(_GRID[lows[-1]]) if lows.size else -1.0
        high = float(_GRID[highs[0]]) if highs.size else 1.0
        return Interval(min(low, high), max(low, high))

    @property
    def strayed(self) -> bool:
        """Figures come from the two parts in another proportion than the cases were given to them."""
        return 0.5 not in self.shares.interval

    def finding(self, *, least: float = 0.0) -> Finding:
        """What is proven: better at all, or not better by at least ``least`` (0: not better at all)."""
        if self.strayed:
            return "cannot tell yet"
        span = self.interval
        if span.low >= 0 and self.above[_ZERO] >= math.log(2 / float(self.delta)):
            return "improved"
        return "not improved" if span.high <= max(0.0, least) else "cannot tell yet"

    def more(self, *, least: float = 0.0) -> int | None:
        """About how many more cases it takes to tell, if they go on as they did.

        A rough guess, and early a poor one: it takes the difference seen so far for the true one. None
        where it cannot be said: too little is known of one part yet, the shares strayed, or the difference
        seen lies so close to where the finding turns that ten million would not do. Already told → 0.
        """
        if self.finding(least=least) != "cannot tell yet":
            return 0
        seen = self.difference
        if seen is None or self.strayed or min(self.new.cases, self.old.cases) < 2:
            return None
        span, edge = self.interval, max(0.0, least)
        # What has to happen: the range leaves 0 behind, or falls below what was asked for.
        better = (seen, seen - span.low) if seen > 0 else None
        worse = (edge - seen, span.high - seen) if seen < edge else None
        ratios = [gap / reach for gap, reach in filter(None, (better, worse)) if reach > 0]
        wanted = max(ratios, default=0.0) * _reach(self.n)
        low, high = self.n, _MOST_MORE
        if wanted <= 0 or _reach(high) > wanted:
            return None
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _reach(middle) <= wanted else (middle, high)
        return high - self.n

    def update(self, case: Case) -> HoldOut:
        """The next state, after one more case."""
        return self.extend([case])

    def extend(self, cases: Iterable[Case]) -> HoldOut:
        """The next state, after these cases in the order in which their figures came.

        Errors:  ``InputProblem`` RW-KPI-001 for a figure outside 0 to 1, or a share of 0 or 1: a case that
                 could not have gone to either part says nothing about the difference.
        """
        above, below = np.array(self.above), np.array(self.below)
        new, old, squares, total, n = self.new, self.old, self.squares, self.total, self.n
        enough = 2 * math.log(2 / float(self.delta))
        strays: list[float] = []
        for one in cases:
            share = _checked(one)
            n += 1
            # Everything in the bet is known before the figure: that makes it fair. Whatever the centre,
            # the gap has the difference of the parts as its mean; this one takes out most of its spread.
            centre = (1 - share) * _guess(new) + share * _guess(old)
            worst = max(centre / share, (1 - centre) / (1 - share))
            best = max((1 - centre) / share, centre / (1 - share))
            bet = math.sqrt(enough / ((0.25 + squares) * math.log(n + 1)))
            gap = (one.figure - centre) / share if one.new else (centre - one.figure) / (1 - share)
            # Invariant: each factor of ``above`` falls and each of ``below`` rises along the grid, because the
            # bet is the same everywhere up to its cap: what is ruled out forms two ends of it.
            above += np.log1p(np.minimum(bet, _CAUTION / (worst + _GRID)) * (gap - _GRID))
            below += np.log1p(-np.minimum(bet, _CAUTION / (best - _GRID)) * (gap - _GRID))
            above = np.floor(above * _STEP) / _STEP
            below = np.floor(below * _STEP) / _STEP
            total += gap
            squares += (gap - total / (n + 1)) ** 2
            new, old = (new.add(one.figure), old) if one.new else (new, old.add(one.figure))
            strays.append(0.5 + (one.new - share) / 2)
        shares = self.shares.extend(strays) if strays else self.shares
        return HoldOut(
            self.delta, new, old, squares, total, tuple(above.tolist()), tuple(below.tolist()), shares
        )

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values; about 12 kB."""
        return {
            "delta": self.delta.value,
            "new": asdict(self.new),
            "old": asdict(self.old),
            "squares": self.squares,
            "total": self.total,
            "above": list(self.above),
            "below": list(self.below),
            "shares": self.shares.as_json(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> HoldOut:
        """Read what ``as_json`` wrote. Errors: ``Corrupt`` RW-KPI-002 when it is anything else."""
        try:
            shares = stored["shares"]
            if not isinstance(shares, Mapping):
                raise TypeError("an object expected, found something else")
            return cls(
                delta=Share(number(stored["delta"])),
                new=_tally(stored["new"]),
                old=_tally(stored["old"]),
                squares=number(stored["squares"]),
                total=number(stored["total"]),
                above=_numbers(stored["above"]),
                below=_numbers(stored["below"]),
                shares=ConfidenceSequence.from_json(shares),
            )
        except (KeyError, TypeError, ValueError, InputProblem, Corrupt) as problem:
            raise Corrupt(
                "RW-KPI-002",
                "the stored count of a hold-out cannot be read",
                broken=[
                    f"`{problem.args[0]}` is missing" if isinstance(problem, KeyError) else str(problem)
                ],
                intact="the cases and the lot that each of them drew; the count begins anew without it",
            ) from None


def _reach(n: int) -> float:
    """How wide the range is after ``n`` cases, but for a factor: it narrows like sqrt(log n / n)."""
    return math.sqrt(math.log(n + 2) / (n + 1))


def _guess(tally: Tally) -> float:
    return (tally.total + _PRIOR_CASES * _PRIOR_MEAN) / (tally.cases + _PRIOR_CASES)


def _checked(case: Case) -> float:
    if not 0 <= case.figure <= 1:
        raise InputProblem("RW-KPI-001", f"a figure lies between 0 and 1, found {case.figure}")
    if not 0 < case.share < 1:
        raise InputProblem(
            "RW-KPI-001",
            f"with a share of {case.share} there is no second part to compare with",
            hint="leave out cases that could not have gone to either part",
        )
    return case.share


def _tally(value: object) -> Tally:
    if not isinstance(value, Mapping):
        raise TypeError("an object expected, found something else")
    return Tally(int(number(value["cases"])), number(value["total"]), number(value["squares"]))


def _numbers(value: object) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise TypeError("a list of numbers expected, found something else")
    return tuple(number(one) for one in value)
