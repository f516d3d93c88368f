"""Ranges for the mean difference of paired values: cases that stand alone, and cases in clusters.

A range here is found from a quantile, not from a confidence: the same functions answer how wide a range
would be if more of the same were seen, which takes a larger quantile and other counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.quantities import Interval

Floats = NDArray[np.float64]

_HALVINGS = 50


def tango(gained: float, lost: float, n: float, *, quantile: float) -> Interval:
    """Score range of (gained - lost) / n, where so many of n pairs of 0 and 1 went up and down.

    Counts need not be whole: they may stand for fewer cases than were seen.

    Edge:    no pair that differs → ``quantile² / (n + quantile²)`` to either side, never a point.
    Source:  Tango 1998, Statistics in Medicine 17:891-908; checked in tests against the likelihood,
             maximised numerically.
    """
    found = (gained - lost) / n
    ends = []
    for low, high, level in ((-1.0, found, quantile), (found, 1.0, -quantile)):
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if score_statistic(gained, lost, n, difference=middle) > level:
                low = middle
            else:
                high = middle
        ends.append((low + high) / 2)
    return Interval(*ends)


def score_statistic(gained: float, lost: float, n: float, *, difference: float) -> float:
    """How many standard errors the pairs lie above a stated difference, were that the true one.

    Falls as the stated difference rises; grows with the square root of how often the same is seen.

    Source:  Tango 1998: the variance is that of the likeliest pairs with the stated difference.
    """
    slope = -gained - lost + (2 * n - gained + lost) * difference
    mixed = difference * (1 - difference)
    root = math.sqrt(max(slope * slope + 8 * n * lost * mixed, 0.0))
    variance = n * ((root - slope) / (2 * n) + mixed)
    return (gained - lost - n * difference) / math.sqrt(max(variance, 1e-300))


@dataclass(frozen=True, slots=True)
class Spread:
    """How far the mean of clustered values may be from the truth.

    ``error`` is the standard error; ``freedom`` the degrees of freedom of its t distribution;
    ``design`` how many times larger the variance is than if the cases stood alone.
    """

    error: float
    freedom: float
    design: float


def clustered(values: Floats, cluster: NDArray[np.int64]) -> Spread:
    """Standard error of the mean with cases that belong together, honest with few clusters too.

    Shape:   ``values`` (n,), ``cluster`` (n,) whole numbers from 0 up, at least two different ones.
    Source:  cluster-robust variance as in Miller 2024 (arXiv 2411.00640), with the correction for few
             clusters (CR2) and degrees of freedom of Bell and McCaffrey 2002; of the working models
             "cases of a cluster are unrelated" and "they are all the same" the one with fewer of them.
    """
    n = len(values)
    size = np.bincount(cluster).astype(np.float64)
    part = size / n
    residual = np.bincount(cluster, weights=values - values.mean())
    variance = float((residual**2 / (1 - part)).sum()) / n**2
    alone = float(values.var()) / max(n - 1, 1)
    # Where no value differs nothing shows how alike the cases of a cluster are: as alike as can be.
    design = variance / alone if alone > 0 else float((size**2).sum()) / n
    return Spread(float(np.sqrt(variance)), _freedom(size, part), design)


def _freedom(size: Floats, part: Floats) -> float:
    weight = size / (1 - part)
    # Unrelated cases: the sums of a cluster vary by its size.
    apart = size.sum() ** 2 / ((size**2).sum() + (weight * part).sum() ** 2 - ((weight * part) ** 2).sum())
    # Cases of a cluster all the same: by its square.
    weight = size**2 / (1 - part)
    squares = float((part**2).sum())
    trace = float((weight * (1 - 2 * part + squares)).sum())
    zeroth, first, second = (float((weight * part**power).sum()) for power in range(3))
    crossed = squares**2 * zeroth**2 + 2 * zeroth * second - 4 * squares * zeroth * first + 2 * first**2
    crossed += float((weight**2 * (1 + 2 * (squares - 2 * part))).sum())
    return max(1.0, min(float(apart), trace**2 / crossed))


def of_clusters(values: Floats, cluster: NDArray[np.int64]) -> float:
    """Standard error of the mean where one cluster holds much of it, each having its own word on how they vary.

    The mean leans to a large cluster, and so does what is left around it: the usual error shrinks. Here
    small clusters that lie far off say how far the next large one may.

    Shape:   as ``clustered``, with at least two clusters.
    Source:  variance between clusters from their unweighted means (Searle, Casella and McCulloch 1992, 3.6),
             of which a mean weighted by size carries Σm²/n².
    """
    n, size = len(values), np.bincount(cluster).astype(np.float64)
    means = np.bincount(cluster, weights=values) / size
    within = float(((values - means[cluster]) ** 2).sum()) / max(1, n - len(size))
    between = max(0.0, float(means.var(ddof=1)) - within * float((1 / size).mean()))
    return math.sqrt(between * float((size**2).sum()) / n**2 + within / n)


def t_quantile(confidence: float, freedom: float) -> float:
    """The two-sided quantile of Student's t."""
    return float(special.stdtrit(freedom, (1 + confidence) / 2))
