#!/usr/bin/env python3
"""Does every range we show hold the truth as often as it says?

Cases are drawn again and again from a source whose truth is known. Ranges for a share are not simulated:
the chance of every count is summed, which leaves no Monte Carlo error. Beside the range for few clusters
stand those of the usual ways on the same samples: standard error as in Miller 2024, pairs cluster bootstrap.

    benchmarks/trust/intervals.py [--quick] [--json]

An exact range has to cover at least as often as stated everywhere; an approximate one on average over its
settings, give or take half a point, and nowhere more than two points less (few clusters: five).
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import Bar, arguments, at_least, report

from roadworthy.evaluation.estimating import estimate
from roadworthy.quantities import Interval, Share
from roadworthy.trust import (
    Paired,
    clopper_pearson,
    compare_paired,
    corrected_share,
    upper_bound,
    wilson,
    worst_slice,
)

NOMINAL = Share(0.95)
SEED = 20261121
SIZES = (20, 50, 200, 2000)

Random = np.random.Generator
Found = tuple[str, float, int]  # setting, coverage, rounds simulated (0: summed exactly)
Ways = dict[str, list[Found]]


@dataclass(frozen=True)
class Claim:
    """A kind of range with its coverage in each setting, and how much less than stated is let pass."""

    name: str
    found: list[Found]
    worst_less: float
    mean_less: float


def _share(way: Callable[[int, int], Interval], *, exact: bool, name: str) -> Claim:
    found = []
    for n in SIZES:
        ranges = [way(count, n) for count in range(n + 1)]
        for rate in (0.02, 0.05, 0.2, 0.5):
            covers = np.array([rate in one for one in ranges])
            chance = float(stats.binom.pmf(np.arange(n + 1), n, rate)[covers].sum())
            found.append((f"n {n}, rate {rate}", chance, 0))
    # Wilson's range is right on average over the rates; where a rate is near 0 it dips further.
    return Claim(name, found, 0.0 if exact else 0.03, 0.0 if exact else 0.005)


def _bound(wrong: int, n: int) -> Interval:
    return Interval(0.0, upper_bound(wrong, n, delta=Share(0.05)))


def _of(gained: int, lost: int, n: int) -> Paired:
    a, b = np.ones(n), np.ones(n)
    b[:gained], a[gained : gained + lost] = 0, 0
    names = tuple(map(str, range(n)))
    return Paired(names, names, a, b)


def binary(random: Random, rounds: int) -> Claim:
    """Right and wrong, every case alone; the rarest settings seldom hold a pair that differs."""
    found = []
    for n in SIZES:
        for differ, difference in ((0.01, 0.01), (0.02, 0.0), (0.1, 0.0), (0.1, 0.05), (0.3, 0.1)):
            up, down = (differ + difference) / 2, (differ - difference) / 2
            drawn = random.multinomial(n, [up, down, 1 - up - down], size=4 * rounds)
            covered = 0
            for (gained, lost, _), count in zip(*np.unique(drawn, axis=0, return_counts=True), strict=True):
                interval = compare_paired(_of(int(gained), int(lost), n), margin=0.0).interval
                covered += int(count) * (interval is not None and difference in interval)
            found.append(_counted(f"n {n}, {differ} differ by {difference}", covered, 4 * rounds))
    return Claim("comparison of right and wrong", found, 0.02, 0.005)


def graded(random: Random, rounds: int) -> Claim:
    """Values of any kind, every case alone: even, skewed, and mostly without a difference."""
    found = []
    for n in (20, 50, 200):
        names = tuple(map(str, range(n)))
        for kind in ("normal", "skewed", "nine in ten alike"):
            covered = 0
            for _ in range(rounds):
                b = random.random(n)
                if kind == "normal":
                    a = b + random.normal(0, 0.3, n)
                elif kind == "skewed":
                    a = b + random.exponential(0.3, n) - 0.3
                else:
                    a = np.where(random.random(n) < 0.1, random.random(n), b)
                interval = compare_paired(Paired(names, names, a, b), margin=0.0).interval
                covered += interval is not None and 0.0 in interval
            found.append(_counted(f"n {n}, {kind}", covered, rounds))
    return Claim("comparison of values, cases alone", found, 0.04, 0.01)


def _clustered(random: Random, clusters: int, *, equal: bool, kind: str) -> tuple[Paired, float]:
    size = np.full(clusters, 5) if equal else 1 + random.geometric(0.15, size=clusters)
    cluster = np.repeat(np.arange(clusters), size)
    n = len(cluster)
    if kind in ("normal", "skewed"):
        effect = random.normal(size=clusters) if kind == "normal" else random.exponential(size=clusters) - 1
        a, b, truth = effect[cluster] + random.normal(size=n), np.zeros(n), 0.0
    else:
        differ = float(kind.split()[0])
        chances = [0.7 * differ, 0.3 * differ, 1 - differ]
        of_cluster, of_case = (random.choice([1, -1, 0], p=chances, size=some) for some in (clusters, n))
        difference = np.where(random.random(n) < 0.7, of_cluster[cluster], of_case)
        a, b = (difference > 0).astype(float), (difference < 0).astype(float)
        truth = 0.4 * differ
    names = tuple(map(str, range(n)))
    return Paired(names, tuple(map(str, cluster)), a, b), truth


def _miller(
    values: NDArray[np.float64], cluster: NDArray[np.int64], count: int, random: Random
) -> Interval:
    sums = np.bincount(cluster, weights=values - values.mean())
    error = math.sqrt((sums**2).sum() * count / (count - 1)) / len(values)
    reach = float(stats.t.ppf(0.975, count - 1)) * error
    return Interval(values.mean() - reach, values.mean() + reach)


def _bootstrap(
    values: NDArray[np.float64], cluster: NDArray[np.int64], count: int, random: Random
) -> Interval:
    sums, sizes = np.bincount(cluster, weights=values), np.bincount(cluster)
    drawn = random.integers(count, size=(400, count))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return Interval(*np.quantile(means, [0.025, 0.975]).tolist())


def clusters(
    random: Random, rounds: int, *, counts: tuple[int, ...], kinds: tuple[str, ...]
) -> dict[str, list[Found]]:
    """Coverage of ours and of the usual ways, on the same samples."""
    ways: Ways = {"ours": [], "Miller 2024": [], "pairs cluster bootstrap": []}
    for count in counts:
        for equal in (True, False):
            for kind in kinds:
                covered = dict.fromkeys(ways, 0)
                for _ in range(rounds):
                    paired, truth = _clustered(random, count, equal=equal, kind=kind)
                    interval = compare_paired(paired, margin=0.0).interval
                    covered["ours"] += interval is not None and truth in interval
                    numbers, _ = paired.cluster_numbers()
                    for name, way in (("Miller 2024", _miller), ("pairs cluster bootstrap", _bootstrap)):
                        covered[name] += truth in way(paired.a - paired.b, numbers, count, random)
                sizes = "equal" if equal else "unequal"
                for name, hits in covered.items():
                    ways[name].append(_counted(f"{count} {sizes} clusters, {kind}", hits, rounds))
    return ways


UNEQUAL = ("half in one", "lognormal", "a thousand and thirty", "three of 300")


def _sizes(random: Random, kind: str) -> NDArray[np.int64]:
    if kind == "half in one":
        return np.array([100] + [5] * 20)
    if kind == "a thousand and thirty":
        return np.array([1000] + [1] * 30)
    if kind == "three of 300":
        return np.array([300] * 3 + [2] * 40)
    return 1 + random.lognormal(1, 1.5, 30).astype(np.int64)


def unequal(random: Random, rounds: int) -> Iterator[Claim]:
    """Clusters of very unequal size that pass or fail as one: how often an end is on the wrong side.

    What deceives is a lower end above the truth. It is counted alone, and may be so half as often as a range
    misses: the figure is 1 less twice its rate, so that it is held against the same certainty.
    """
    shares, compared, graded_ones = [], [], []
    for kind in UNEQUAL:
        above = [0, 0, 0]
        for _ in range(rounds):
            size = _sizes(random, kind)
            lost = random.random(len(size)) < 0.1
            cluster = np.repeat(np.arange(len(size)), size)
            names = tuple(map(str, cluster.tolist()))
            values = list(zip(names, (1.0 - lost[cluster]).tolist(), strict=True))
            found = estimate(values, counted=True)
            above[0] += found is not None and found.interval.low > 0.9
            cases = tuple(map(str, range(len(cluster))))
            ones, a = np.ones(len(cluster)), 1.0 - lost[cluster]
            interval = compare_paired(Paired(cases, names, a, ones), margin=0.0).interval
            above[1] += interval is not None and interval.low > -0.1
            a = random.normal(size=len(size))[cluster] + random.normal(size=len(cluster))
            interval = compare_paired(Paired(cases, names, a, 0 * ones), margin=0.0).interval
            above[2] += interval is not None and interval.low > 0
        for rows, count in zip((shares, compared, graded_ones), above, strict=True):
            rows.append((kind, 1 - 2 * count / rounds, rounds))
    for name, rows in (
        ("share passed", shares),
        ("comparison of right and wrong", compared),
        ("comparison of values", graded_ones),
    ):
        yield Claim(f"{name}, very unequal clusters, lower end", rows, 0.02, 0.005)


def near_one(random: Random, rounds: int) -> Claim:
    """The share corrected by people where nearly all is right: lower ends above the truth, as above."""
    found = []
    for rate, n, sensitivity, specificity in (
        (0.95, 40, 1.0, 0.0),
        (0.95, 60, 0.95, 0.5),
        (0.95, 150, 0.97, 0.7),
        (0.98, 60, 1.0, 1.0),
    ):
        above = counted = 0
        for _ in range(2 * rounds):
            people = random.random(600) < rate
            judge = np.where(people, random.random(600) < sensitivity, random.random(600) >= specificity)
            labels = Counter(judge[:n].tolist())
            if any(labels[verdict] < 2 for verdict in set(judge.tolist())):
                continue
            counted += 1
            pairs = zip(people[:n].tolist(), judge[:n].tolist(), strict=True)
            above += corrected_share(pairs, Counter(judge.tolist())).interval.low > rate
        setting = f"true {rate}, {n} labels, sensitivity {sensitivity}, specificity {specificity}"
        found.append((setting, 1 - 2 * above / max(1, counted), counted))
    return Claim("share corrected by people near 1, lower end", found, 0.02, 0.005)


def slices(random: Random, rounds: int) -> Claim:
    """The lower bounds of all slices at once."""
    found = []
    for many in (3, 10):
        rates, sizes = random.uniform(0.7, 0.99, many), random.integers(10, 300, many)
        covered = 0
        for _ in range(rounds):
            right = random.binomial(sizes, rates)
            bounds = worst_slice({str(at): (int(right[at]), int(sizes[at])) for at in range(many)})
            covered += all(one.lower <= rates[int(one.name)] for one in bounds.slices)
        found.append(_counted(f"{many} slices", covered, rounds))
    return Claim("lower bounds of all slices at once", found, 0.0, 0.0)


def corrected(random: Random, rounds: int) -> Iterator[Claim]:
    """The judge's mean corrected by people's labels, and the range that may be watched."""
    try:
        from roadworthy.trust import ConfidenceSequence, corrected_mean
    except ImportError:
        return
    found = []
    for n in (30, 100, 500):
        for agrees in (0.6, 0.9):
            covered = 0
            for _ in range(rounds):
                truth = (random.random(n + 2000) < 0.8).astype(float)
                judge = np.where(random.random(n + 2000) < agrees, truth, 1 - truth)
                shown = corrected_mean(truth[:n], judge[:n], judge[n:])
                covered += 0.8 in shown.interval
            found.append(_counted(f"{n} labels, agreement {agrees}", covered, rounds))
    yield Claim("judge corrected by people", found, 0.02, 0.005)
    found = []
    streams = max(60, rounds // 5)
    for rate in (0.02, 0.05, 0.3):
        covered = 0
        for _ in range(streams):
            sequence, held = ConfidenceSequence(), True
            values = (random.random(1000) < rate).astype(float)
            for start in range(0, 1000, 20):
                sequence = sequence.extend(values[start : start + 20])
                held = held and rate in sequence.interval
            covered += held
        found.append(_counted(f"rate {rate}, looked at 50 times in 1,000", covered, streams))
    yield Claim("confidence sequence, watched all the time", found, 0.0, 0.0)


def _counted(setting: str, covered: int, rounds: int) -> Found:
    return setting, covered / rounds, rounds


def _error(rate: float, rounds: int) -> float:
    return math.sqrt(rate * (1 - rate) / rounds) if rounds else 0.0


def bars(claim: Claim) -> list[Bar]:
    """The coverage in the worst setting and on average, the noise of the simulation granted."""
    worst, nominal = min(claim.found, key=lambda one: one[1]), float(NOMINAL)
    each = _error(nominal, worst[2])
    mean = sum(one[1] for one in claim.found) / len(claim.found)
    # The worst of many settings lies lower by chance alone: three errors there, two for the mean.
    return [
        at_least(
            f"{claim.name}: coverage in the worst of {len(claim.found)} settings ({worst[0]})",
            round(worst[1], 4),
            round(nominal - claim.worst_less - 3 * each, 4),
        ),
        at_least(
            f"{claim.name}: coverage on average",
            round(mean, 4),
            round(nominal - claim.mean_less - 2 * each / math.sqrt(len(claim.found)), 4),
        ),
    ]


def measured(*, quick: bool) -> tuple[dict[str, object], list[Bar]]:
    """All figures and bars."""
    random, rounds = np.random.default_rng(SEED), 150 if quick else 1000
    claims = [
        _share(lambda k, n: wilson(k, n), exact=False, name="Wilson"),
        _share(lambda k, n: clopper_pearson(k, n), exact=True, name="Clopper-Pearson"),
        _share(_bound, exact=True, name="one-sided exact bound"),
        binary(random, rounds),
        graded(random, rounds),
    ]
    kinds = ("0.3 differ", "0.1 differ", "0.03 differ")
    figures: dict[str, object] = {"nominal": float(NOMINAL)}
    for name, counts, which, worst, mean in (
        ("right and wrong in many clusters", (40, 100), kinds, 0.02, 0.005),
        ("right and wrong in few clusters", (5, 10, 20), kinds, 0.02, 0.005),
        ("values in many clusters", (40, 100), ("normal", "skewed"), 0.03, 0.01),
        ("values in few clusters", (5, 10, 20), ("normal", "skewed"), 0.05, 0.02),
    ):
        ways = clusters(random, rounds // 2, counts=counts, kinds=which)
        claims.append(Claim(name, ways.pop("ours"), worst, mean))
        figures[f"{name}: the usual ways"] = {
            way: {
                "mean": round(float(np.mean([one[1] for one in rows])), 4),
                "worst": min(one[1] for one in rows),
            }
            for way, rows in ways.items()
        }
    claims += unequal(random, 2 * rounds)
    claims.append(near_one(random, rounds))
    claims.append(slices(random, rounds))
    claims += corrected(random, rounds)
    for claim in claims:
        figures[claim.name] = {
            setting: {"coverage": round(rate, 4), "monte_carlo_error": round(_error(rate, of), 4)}
            for setting, rate, of in claim.found
        }
    if not any("judge" in claim.name for claim in claims):
        figures["note"] = "the corrected judge and the confidence sequence are missing, and not measured"
    return figures, [bar for claim in claims for bar in bars(claim)]


def main() -> int:
    options = arguments("Does every range hold the truth as often as it says?").parse_args()
    figures, all_bars = measured(quick=options.quick)
    if not options.json:
        for name, rows in figures.items():
            print(name, rows if not isinstance(rows, dict) else "")
            for setting, row in rows.items() if isinstance(rows, dict) else ():
                print(f"  {setting:40}", "  ".join(f"{key} {value:.4f}" for key, value in row.items()))
        for bar in all_bars:
            print(
                "holds      " if bar.holds else "FALLS SHORT",
                f"{bar.figure:.4f} >= {bar.bar:.4f}",
                bar.name,
            )
    return report("trust-intervals", figures, all_bars, packages=("numpy", "scipy"))


if __name__ == "__main__":
    sys.exit(main())
