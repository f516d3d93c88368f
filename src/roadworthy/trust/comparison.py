"""Is one release better than another, not worse, or worse; and how many cases until that can be told?

Values are compared case by case: what two releases find hard alike cancels out, so that far fewer
cases tell them apart than two separate averages would need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.differences import Spread, clustered, of_clusters, score_statistic, t_quantile, tango
from roadworthy.trust.intervals import USUAL, between
from roadworthy.trust.paired import Paired, Scored, pair
from roadworthy.trust.threshold import POWER

Verdict = Literal["better", "not worse", "worse", "cannot tell yet"]

_OUT_OF_REACH = 1_000_000
# Below this a square overflows; no number of cases in reach tells such a difference.
_NEXT_TO_NOTHING = 1e-100
# Where fewer clusters than this differ at all, their spread says little about the next ones.
_FEW_DIFFERENT = 10
# A cluster of more than this part of the cases decides the mean, and nothing shows how the next one as
# large would come out. Below it there are ten clusters at least.
_HEAVY = 0.1


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found of ``a`` against ``b``, on the same cases.

    ``difference`` is mean(a) - mean(b) and ``interval`` its range at the stated confidence; None where
    nothing bounds it, as with a single cluster. ``gained`` and ``lost`` count the cases in which a is
    above and below b. ``p_value`` is that of no difference at all, two-sided: exact McNemar for cases
    of 0 and 1 that stand alone, else from the standard error; None where there is none.
    ``cases_needed`` further cases of the same kind would settle it about four times in five if the
    difference is as it looks: 0 once it is settled, None where no number in reach does.
    """

    verdict: Verdict
    difference: float
    interval: Interval | None
    n: int
    clusters: int
    gained: int
    lost: int
    p_value: float | None
    cases_needed: int | None
    confidence: Share
    margin: float
    higher_is_better: bool
    method: str
    left_out: int = 0

    @property
    def lower(self) -> float:
        """The worst that ``a`` may be against ``b``, counted so that more is better."""
        if self.interval is None:
            return -math.inf
        return self.interval.low if self.higher_is_better else -self.interval.high

    @property
    def upper(self) -> float:
        """The best that ``a`` may be against ``b``, counted so that more is better."""
        if self.interval is None:
            return math.inf
        return self.interval.high if self.higher_is_better else -self.interval.low


def compare(
    a: Scored,
    b: Scored,
    *,
    margin: float,
    confidence: Share = USUAL,
    higher_is_better: bool = True,
    common_only: bool = False,
) -> Comparison:
    """Bring the values together by case and compare them: see ``pair`` and ``compare_paired``."""
    return compare_paired(
        pair(a, b, common_only=common_only),
        margin=margin,
        confidence=confidence,
        higher_is_better=higher_is_better,
    )


def compare_paired(
    paired: Paired, *, margin: float, confidence: Share = USUAL, higher_is_better: bool = True
) -> Comparison:
    """Whether ``a`` is better, not worse by ``margin``, worse by more than it, or cannot be told yet.

    Holds:   for cases like these, if clusters were drawn independently of each other. Each of the
             verdicts is mistaken in at most half of 1 - confidence of the samples, to the accuracy of
             the range (`benchmarks/trust/intervals.py`). Looked at again and again as cases come in it
             is mistaken more often: for that there is ``CanaryWatch``.
    Edge:    values that differ in no case give a range all the same, never a point.
    Errors:  ``InputProblem`` RW-TRUST-012 for a margin that is negative or not a number, RW-TRUST-002
             for the confidence, RW-TRUST-011 for no case at all.
    """
    between("confidence", confidence)
    if not (math.isfinite(margin) and margin >= 0):
        raise InputProblem(
            "RW-TRUST-012",
            Problem(
                f"a margin is a number from 0 up, found {margin}",
                place="margin",
                hint="state how much worse still counts as not worse, such as 0.02",
            ),
        )
    if not len(paired):
        raise InputProblem("RW-TRUST-011", Problem("no case is in both, nothing can be compared"))
    differences = paired.a - paired.b
    seen = _Seen.of(paired, differences)
    difference = float(differences.mean())
    found = seen.interval(float(confidence))
    low, high = (found.low, found.high) if found else (-math.inf, math.inf)
    if not higher_is_better:
        low, high = -high, -low
    verdict = _verdict(low, high, margin)
    return Comparison(
        verdict=verdict,
        difference=difference,
        interval=found,
        n=len(paired),
        clusters=seen.clusters,
        gained=seen.gained,
        lost=seen.lost,
        p_value=seen.p_value(),
        cases_needed=0
        if verdict != "cannot tell yet"
        else seen.needed(float(confidence), margin, higher_is_better),
        confidence=confidence,
        margin=margin,
        higher_is_better=higher_is_better,
        method=seen.method(confidence),
        left_out=paired.left_out,
    )


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if low > 0:
        return "better"
    if low > -margin:
        return "not worse"
    return "worse" if high < -margin else "cannot tell yet"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a range is computed from.

    ``worth`` is how many clusters of one size the clusters are worth (Kish 1965: n²/Σm²); ``heavy``: one
    of them holds so much that the cases are worth no more than the clusters. ``spread`` is None where there
    is one cluster, or cases of 0 and 1 in clusters worth fewer than two: that shows none.
    """

    binary: bool
    n: int
    clusters: int
    worth: float
    heavy: bool
    mean: float
    gained: int
    lost: int
    spread: Spread | None
    different: int
    reach: float

    @classmethod
    def of(cls, paired: Paired, differences: NDArray[np.float64]) -> _Seen:
        numbers, clusters = paired.cluster_numbers()
        values, counts = np.unique(differences, return_counts=True)
        usual = values[np.argmax(counts)]
        size = np.bincount(numbers)
        worth = len(paired) ** 2 / float((size.astype(np.float64) ** 2).sum())
        heavy = bool(size.max() > _HEAVY * len(paired))
        return cls(
            binary=paired.binary,
            n=len(paired),
            clusters=clusters,
            worth=worth,
            heavy=heavy,
            mean=float(differences.mean()),
            gained=int((differences > 0).sum()),
            lost=int((differences < 0).sum()),
            spread=_spread(differences, numbers, worth, binary=paired.binary, heavy=heavy),
            different=len(np.unique(numbers[differences != usual])),
            reach=float(np.ptp(np.concatenate((paired.a, paired.b)))),
        )

    @property
    def alone(self) -> bool:
        return self.clusters == self.n

    @property
    def poor(self) -> bool:
        """So few differ that their spread would promise too much: a wider range is added."""
        return not self.binary and self.different < min(_FEW_DIFFERENT, self.clusters / 2)

    def interval(self, confidence: float) -> Interval | None:
        quantile = self.quantile(confidence)
        if self.binary:
            if not self.alone and self.spread is None:
                return Interval(-1.0, 1.0)
            return tango(*self.effective(), quantile=quantile)
        if self.spread is None or (self.poor and not self.reach):
            return None
        half = quantile * self.spread.error
        if self.poor:
            half = max(half, self.reach * quantile**2 / (self.worth + quantile**2))
        return Interval(self.mean - half, self.mean + half)

    def quantile(self, confidence: float) -> float:
        if self.binary and self.alone:
            return float(special.ndtri((1 + confidence) / 2))
        if self.spread is None:
            return math.inf
        return t_quantile(confidence, self.worth - 1 if self.binary else self.spread.freedom)

    def p_value(self) -> float | None:
        if self.binary and self.alone:
            fewer, both = min(self.gained, self.lost), self.gained + self.lost
            return min(1.0, 2 * float(special.bdtr(fewer, both, 0.5))) if both else 1.0
        if self.spread is None or not self.spread.error:
            return None
        freedom = self.worth - 1 if self.binary else self.spread.freedom
        return 2 * float(special.stdtr(freedom, -abs(self.mean) / self.spread.error))

    def needed(self, confidence: float, margin: float, higher_is_better: bool) -> int | None:
        """Further cases until the range would leave the margin to one side, were they like these."""
        boundary = -margin if higher_is_better else margin
        quantile = self.quantile(confidence) + float(special.ndtri(float(POWER)))
        if self.binary and (self.alone or self.spread):
            statistic = abs(score_statistic(*self.effective(), difference=boundary))
            # The statistic grows with the square root of the number of cases.
            times = (quantile / statistic) ** 2 if statistic > _NEXT_TO_NOTHING else math.inf
        elif self.spread is None or (self.poor and not self.reach):
            return None
        else:
            gap = abs(self.mean - boundary)
            times = (quantile * self.spread.error / gap) ** 2 if gap > _NEXT_TO_NOTHING else math.inf
            if self.poor and gap > _NEXT_TO_NOTHING:
                times = max(times, quantile**2 * (self.reach / gap - 1) / self.worth)
        if not self.n * (times - 1) <= _OUT_OF_REACH:
            return None
        return max(1, math.ceil(self.n * (times - 1)))

    def effective(self) -> tuple[float, float, float]:
        """Gained, lost and number of pairs, had as much been learnt from cases that stand alone."""
        return self.gained / self.design, self.lost / self.design, self.n / self.design

    @property
    def design(self) -> float:
        """How many cases count for one that stands alone."""
        if self.alone or self.spread is None:
            return 1.0
        return max(1.0, self.spread.design, self.n / self.worth if self.heavy else 1.0)

    def method(self, confidence: Share) -> str:
        if self.binary and self.alone:
            return f"paired by case, score interval of Tango at {confidence}, exact McNemar test"
        if self.spread is None:
            told = "a single cluster" if self.clusters == 1 else "one cluster holds most of the cases and"
            return f"paired by case; {told} shows no spread between clusters"
        if self.binary:
            return (
                f"paired by case in {self.clusters} clusters, score interval of Tango at {confidence} on the "
                f"effective number of cases (design effect {self.design:.3g}), t quantile"
            )
        kind = "t interval" if self.alone else f"cluster-robust t interval (CR2, {self.clusters} clusters)"
        freedom = f"{self.spread.freedom:.3g} degrees of freedom"
        added = "; so few cases differ that the range is widened" if self.poor and self.reach else ""
        return f"paired by case, {kind} at {confidence}, {freedom}{added}"


def _spread(
    differences: NDArray[np.float64], numbers: NDArray[np.int64], worth: float, *, binary: bool, heavy: bool
) -> Spread | None:
    if numbers.max() < 1 or (binary and worth < 2):
        return None
    spread = clustered(differences, numbers)
    if binary or not heavy:
        return spread
    return replace(spread, error=max(spread.error, of_clusters(differences, numbers)))
