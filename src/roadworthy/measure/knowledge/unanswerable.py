"""Is it noticed that nothing answers a question? How well, from which score on, and at which price in false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.evaluation.estimating import Estimate, estimate
from roadworthy.knowledge.answerable import threshold_at
from roadworthy.measure.knowledge.evaluating import Evaluated
from roadworthy.quantities import Interval, digest_of
from roadworthy.trust import wilson

FALSE_ALARMS: Final = 0.1
"""Part of the answerable questions that may be taken for unanswerable."""

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Scored:
    """A question with the score of what was found for it."""

    cluster: str
    score: float
    answerable: bool


@dataclass(frozen=True, slots=True)
class Separation:
    """How often an answerable question scores above one that is not: the area under the ROC curve."""

    auroc: float
    interval: Interval
    answerable: int
    unanswerable: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Detection:
    """How well unanswerable questions are noticed.

    ``threshold`` is set on one half of the clusters and checked on the other: ``false_alarms`` is the share of
    answerable questions below it there, ``noticed`` that of unanswerable ones. None where there are too few
    questions. ``held_out``: no labelled question was unanswerable, so that each answerable one stands for one
    as well, with every document that answers it taken out of what was found.
    """

    separation: Separation | None
    threshold: float | None
    wanted: float
    false_alarms: Estimate | None
    noticed: Estimate | None
    held_out: bool


def scored_of(evaluated: Evaluated) -> tuple[tuple[Scored, ...], bool]:
    """Answerable and unanswerable questions with their scores; whether the latter are held-out ones."""
    own = [Scored(one.question.cluster, one.score, one.question.answerable) for one in evaluated.outcomes]
    if not all(one.answerable for one in own):
        return tuple(own), False
    held = [
        Scored(one.question.cluster, one.score_without, False)
        for one in evaluated.outcomes
        if one.score_without is not None
    ]
    return (*own, *held), True


def detection(
    scored: Sequence[Scored], *, held_out: bool = False, false_alarms: float = FALSE_ALARMS
) -> Detection:
    """Separation over all questions, and a threshold that one half of them set and the other half checked.

    The halves are told by a digest of the cluster: the same questions fall the same way every time.
    """
    set_by = [one for one in scored if _half(one.cluster)]
    checked = [one for one in scored if not _half(one.cluster)]
    threshold = threshold_at([one.score for one in set_by if one.answerable], false_alarms)
    below: dict[bool, Estimate | None] = {True: None, False: None}
    if threshold is not None:
        for kind in below:
            below[kind] = estimate(
                [(one.cluster, float(one.score < threshold)) for one in checked if one.answerable is kind]
            )
    return Detection(separation(scored), threshold, false_alarms, below[True], below[False], held_out)


def separation(scored: Sequence[Scored]) -> Separation | None:
    """The area under the ROC curve with its 95 % interval; None where a kind of question is missing.

    Ties count half. The interval is on the logit scale and knows that questions of one cluster, and a question
    with its held-out twin, belong together.

    Edge:    where nothing overlaps, or a single cluster is all there is, the spread says nothing: the range is
             Wilson's for as many pairs as the smaller kind has clusters.
    Source:  Obuchowski 1997, Biometrics 53:567-578; with every case a cluster of its own it is DeLong,
             DeLong and Clarke-Pearson 1988.
    """
    high = [one for one in scored if one.answerable]
    low = [one for one in scored if not one.answerable]
    if not high or not low:
        return None
    x, y = np.array([one.score for one in high]), np.array([one.score for one in low])
    above, below = _placements(x, y), 1 - _placements(y, x)
    area = float(above.mean())
    numbers = {name: at for at, name in enumerate(dict.fromkeys(one.cluster for one in scored))}
    of_high = np.array([numbers[one.cluster] for one in high])
    of_low = np.array([numbers[one.cluster] for one in low])
    away_high = np.bincount(of_high, weights=above - area, minlength=len(numbers))
    away_low = np.bincount(of_low, weights=below - area, minlength=len(numbers))
    groups = len(set(of_high.tolist())), len(set(of_low.tolist()))
    variance = 0.0
    if min(groups) > 1:
        many = len(numbers)
        variance = groups[0] / (groups[0] - 1) * float((away_high**2).sum()) / len(high) ** 2
        variance += groups[1] / (groups[1] - 1) * float((away_low**2).sum()) / len(low) ** 2
        variance += 2 * many / (many - 1) * float((away_high * away_low).sum()) / (len(high) * len(low))
    return Separation(area, _interval(area, variance, min(groups)), len(high), len(low), len(numbers))


def _placements(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each x the part of y below it, ties half."""
    order = np.sort(y)
    left, right = np.searchsorted(order, x, side="left"), np.searchsorted(order, x, side="right")
    return (left + right) / (2 * len(y))


def _interval(area: float, variance: float, pairs: int) -> Interval:
    if variance <= 1e-15 or not 0 < area < 1:
        return wilson(round(area * pairs), pairs) if pairs > 1 else Interval(0.0, 1.0)
    centre, reach = math.log(area / (1 - area)), _Z * math.sqrt(variance) / (area * (1 - area))
    return Interval(1 / (1 + math.exp(reach - centre)), 1 / (1 + math.exp(-reach - centre)))


def _half(cluster: str) -> bool:
    return int(digest_of({"half of": cluster}).removeprefix("sha256:")[:8], 16) % 2 == 0
