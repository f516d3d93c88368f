"""Agreement of any number of raters who need not all have rated everything."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.quantities import Interval, Share
from roadworthy.trust.intervals import USUAL, between, clopper_pearson


@dataclass(frozen=True, slots=True)
class Krippendorff:
    """Krippendorff's alpha of ``units`` things rated at least twice; ``unpaired`` ones say nothing.

    ``value`` is None where only one rating ever occurs, or nothing was rated twice.
    """

    value: float | None
    interval: Interval
    units: int
    unpaired: int


def krippendorff_alpha(
    units: Iterable[Sequence[Hashable | None]], *, seed: int, confidence: Share = USUAL, draws: int = 2000
) -> Krippendorff:
    """Agreement beyond chance of any number of raters, with gaps; the ratings are names without order.

    One entry for each thing rated: its ratings, None for whoever did not rate it. The interval resamples
    things; where nobody ever disagreed it comes from the exact bound on how many things are disputed.

    Source:  Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, nominal data.
    """
    between("confidence", confidence)
    rated = [[rating for rating in unit if rating is not None] for unit in units]
    paired = [unit for unit in rated if len(unit) > 1]
    unpaired = len(rated) - len(paired)
    unknown = Krippendorff(None, Interval(-1.0, 1.0), len(paired), unpaired)
    place = {
        rating: index for index, rating in enumerate(dict.fromkeys(r for unit in paired for r in unit))
    }
    if len(place) < 2:
        return unknown
    counts = np.zeros((len(paired), len(place)))
    for row, unit in enumerate(paired):
        for rating in unit:
            counts[row, place[rating]] += 1
    size = counts.sum(axis=1)
    apart = (size * size - (counts * counts).sum(axis=1)) / (size - 1)
    if not apart.any():
        # Every draw would agree too, and the draws would claim certainty.
        disputed = clopper_pearson(0, len(paired), confidence=confidence).high
        n, totals = size.sum(), counts.sum(axis=0)
        by_chance = float((n * n - (totals * totals).sum()) / (n * (n - 1)))
        return Krippendorff(1.0, Interval(max(-1.0, 1 - disputed / by_chance), 1.0), len(paired), unpaired)
    value = float(_alphas(np.ones((1, len(paired))), counts, apart)[0])
    # Whole blocks of draws, so that many things do not need much memory.
    generator, found = np.random.default_rng(seed), []
    block = max(1, 2_000_000 // len(paired))
    for start in range(0, draws, block):
        weights = generator.multinomial(
            len(paired), np.full(len(paired), 1 / len(paired)), size=min(block, draws - start)
        ).astype(np.float64)
        found.append(_alphas(weights, counts, apart))
    resampled = np.concatenate(found)
    resampled = resampled[np.isfinite(resampled)]
    if not resampled.size:
        return Krippendorff(value, Interval(-1.0, 1.0), len(paired), unpaired)
    tail = (1 - float(confidence)) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail]).tolist()
    return Krippendorff(value, Interval(min(low, value), max(high, value)), len(paired), unpaired)


def _alphas(
    weights: NDArray[np.float64], counts: NDArray[np.float64], apart: NDArray[np.float64]
) -> NDArray[np.float64]:
    totals = weights @ counts
    n = totals.sum(axis=1)
    by_chance = n * n - (totals * totals).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: NDArray[np.float64] = 1 - (n - 1) * (weights @ apart) / by_chance
    return alphas
