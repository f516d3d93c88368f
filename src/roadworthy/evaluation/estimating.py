"""A mean over tests with a range that knows which tests belong together."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from roadworthy.errors import Problem
from roadworthy.evaluation.strict import Fields
from roadworthy.quantities import Interval

CONFIDENCE = 0.95
Method = Literal["wilson", "wilson, clustered", "t, clustered", "one cluster"]
METHODS: tuple[Method, ...] = ("wilson", "wilson, clustered", "t, clustered", "one cluster")

_HEAVY = 0.1
"""Part of the tests from which on one cluster decides a figure. Below it there are ten clusters at least."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval, over ``tests`` tests of ``clusters`` clusters, and how it was found."""

    value: float
    interval: Interval
    tests: int
    clusters: int
    method: Method

    def as_json(self) -> dict[str, object]:
        """As every door shows it."""
        return {
            "value": self.value,
            "interval": [self.interval.low, self.interval.high],
            "tests": self.tests,
            "clusters": self.clusters,
            "method": self.method,
        }

    @classmethod
    def read(cls, stored: object, place: str, problems: list[Problem]) -> Estimate | None:
        """The estimate that stands in a JSON value, None for null; what is wrong is added to the problems."""
        if stored is None:
            return None
        fields = Fields(stored, place, problems)
        ends = fields.items("interval")
        if (
            len(ends) != 2
            or not all(isinstance(one, int | float) for one in ends)
            or not ends[0] <= ends[1]
        ):
            fields.say("`interval`: expected two numbers that run upward")
            ends = [0.0, 1.0]
        method = fields.text("method")
        if method not in METHODS:
            fields.say(f"`method`: expected one of {', '.join(METHODS)}")
        read = cls(
            float(fields.number("value")),
            Interval(float(ends[0]), float(ends[1])),
            fields.whole("tests"),
            fields.whole("clusters"),
            method if method in METHODS else "wilson",
        )
        fields.done()
        return read


def estimate(values: Sequence[tuple[str, float]], *, counted: bool = False) -> Estimate | None:
    """Mean of values from 0 to 1, one (cluster, value) for each test; None where there is none.

    0 and 1 only, every test its own cluster: Wilson. 0 and 1 in clusters, and shares of repeats
    (``counted``): Wilson with the number of independent tests that has the same clustered standard error
    (never more than there are tests; the number of clusters where nothing varies), widened for few
    clusters as t is (Korn and Graubard 1998). A standard error alone would call thirty passes certain.
    Other values: clustered standard error with t (Miller 2024, arXiv 2411.00640).

    Clusters count by their size: n²/Σm² of them (Kish 1965). Where one holds over a tenth of the tests
    the spread that was seen says nothing of the next cluster as large: the tests are then worth no more
    than the clusters. Fewer than two clusters say nothing: the whole range.
    """
    n = len(values)
    if not n:
        return None
    from roadworthy.trust import wilson  # scipy takes a moment to load, and only figures need it

    mean = min(1.0, max(0.0, math.fsum(value for _, value in values) / n))
    binary = all(value in (0.0, 1.0) for _, value in values)
    size = Counter(cluster for cluster, _ in values)
    away: dict[str, float] = defaultdict(float)
    for cluster, value in values:
        away[cluster] += value - mean
    clusters = len(size)
    if binary and clusters == n:
        return Estimate(mean, wilson(round(mean * n), n), n, n, "wilson")
    worth = n**2 / sum(one * one for one in size.values())
    if worth < 2:
        return Estimate(mean, Interval(0.0, 1.0), n, clusters, "one cluster")
    from scipy import special

    error = math.sqrt(math.fsum(one * one for one in away.values()) * worth / (worth - 1)) / n
    heavy = max(size.values()) > _HEAVY * n
    t = float(special.stdtrit(worth - 1, (1 + CONFIDENCE) / 2))
    if error > 1e-12 and not binary and not counted:
        if heavy:
            import numpy as np

            from roadworthy.trust.differences import of_clusters

            number = {cluster: place for place, cluster in enumerate(size)}
            graded = np.array([value for _, value in values])
            error = max(error, of_clusters(graded, np.array([number[cluster] for cluster, _ in values])))
        low, high = max(0.0, mean - t * error), min(1.0, mean + t * error)
        return Estimate(mean, Interval(low, high), n, clusters, "t, clustered")
    z = float(special.ndtri((1 + CONFIDENCE) / 2))
    alone = min(float(n), mean * (1 - mean) / error**2) if error > 1e-12 else worth
    if heavy:
        alone = min(alone, worth)
    return Estimate(mean, _wilson(mean, alone * (z / t) ** 2, z), n, clusters, "wilson, clustered")


def _wilson(rate: float, n: float, z: float) -> Interval:
    """Wilson's interval for a rate seen in ``n`` independent tests, whole or not."""
    weight = z * z / n
    centre = (rate + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(rate * (1 - rate) / n + weight / (4 * n))
    low = 0.0 if rate <= 0 else max(0.0, centre - reach)
    high = 1.0 if rate >= 1 else min(1.0, centre + reach)
    return Interval(low, high)
