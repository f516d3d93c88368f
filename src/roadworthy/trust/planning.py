"""How many further labelled cases a stricter promise takes, or more automation under the same one.

Both questions start from the labels there are: how often the model was wrong above each threshold, and
how many more cases must be looked at until an exact test would probably say yes. Where it is wrong more
often than is promised no number helps, and the answer says so.

The labels are pooled with the old ones and looked at once more: a second look at the same promise, for
which ``delta`` is divided by the number of looks planned (see ``certify``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Share
from roadworthy.trust.intervals import between, clopper_pearson
from roadworthy.trust.threshold import (
    OUT_OF_REACH,
    POWER,
    START,
    Calibration,
    checked_traffic,
    fewest,
    fewest_each,
    planned_error,
    thresholds,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What it would take: a number of further labelled cases, or the sentence why none helps.

    ``labels`` further cases drawn from all traffic would prove it about four times in five if errors
    are as frequent as planned with; 0 where it is proven already, None where no number in reach helps.
    ``threshold`` is the one they are for and ``share`` the part of the traffic at or above it.
    ``accepted``, ``wrong`` and ``error``, the rate planned with, are those of the hardest threshold on
    the way there. ``reach`` is the largest share of traffic for which some number helps.
    """

    labels: int | None
    sentence: str
    threshold: float
    share: Share
    accepted: int
    wrong: int
    error: float
    reach: Share


def labels_for_promise(
    calibration: Calibration,
    *,
    threshold: float,
    traffic_scores: ArrayLike,
    alpha: Share,
    delta: Share,
    power: Share = POWER,
) -> Plan:
    """Labels missing for another (usually stricter) ``alpha`` at the same threshold.

    Edge:    a threshold that no traffic reaches: no number helps.
    Errors:  ``InputProblem`` RW-TRUST-002 for shares of 0 or 1, RW-TRUST-004 for the traffic,
             RW-TRUST-016 for a threshold that is not a number.
    """
    _check(alpha, delta, power)
    if not math.isfinite(threshold):
        raise InputProblem("RW-TRUST-016", Problem("expected a number", place="threshold"))
    traffic = checked_traffic(traffic_scores)
    return _plan(calibration, np.array([threshold]), traffic, alpha, delta, power)


def labels_for_automation(
    calibration: Calibration,
    *,
    wanted: Share,
    traffic_scores: ArrayLike,
    alpha: Share,
    delta: Share,
    power: Share = POWER,
    start: Share = START,
    steps: int = 200,
) -> Plan:
    """Labels missing until ``wanted`` of the traffic is automatic under the same promise.

    Every threshold of the sequence down to the wanted one has to be proven: the answer is that of the
    hardest of them.

    Errors:  ``InputProblem`` RW-TRUST-002 for shares of 0 or 1, RW-TRUST-004 for the traffic,
             RW-TRUST-005 for fewer than one step, RW-TRUST-016 for a wanted share of 0.
    """
    _check(alpha, delta, power)
    if not wanted.value:
        raise InputProblem("RW-TRUST-016", Problem("no automation needs no labels", place="wanted"))
    traffic = checked_traffic(traffic_scores)
    first = min(float(start), float(wanted))
    until = thresholds(traffic, start=wanted, steps=1)[0]
    grid = thresholds(traffic, start=Share(first), steps=steps)
    grid = np.append(grid[grid > until], until)
    return _plan(calibration, grid, traffic, alpha, delta, power)


def _check(alpha: Share, delta: Share, power: Share) -> None:
    for name, share in (("alpha", alpha), ("delta", delta), ("power", power)):
        between(name, share)


def _plan(
    calibration: Calibration,
    grid: NDArray[np.float64],
    traffic: NDArray[np.float64],
    alpha: Share,
    delta: Share,
    power: Share,
) -> Plan:
    accepted, wrong = calibration.counts(grid)
    above = np.sort(traffic)
    shares = 1 - np.searchsorted(above, grid, side="left") / len(above)
    hardest, most, reach = 0, 0, 0.0
    for place, share in enumerate(shares):
        further = None
        if share > 0:
            further = _further(int(wrong[place]), int(accepted[place]), alpha, delta, power)
        if further is None:
            hardest, labels = place, None
            break
        reach, labels = float(share), math.ceil(further / share)
        if labels >= most:
            hardest, most = place, labels
    else:
        labels = most
    counts = int(accepted[hardest]), int(wrong[hardest])
    error = _error(counts[1], counts[0], alpha, delta)
    return Plan(
        labels=labels,
        sentence=_sentence(labels, *counts, float(shares[hardest]), error, alpha),
        threshold=float(grid[-1]),
        share=Share(float(shares[-1])),
        accepted=counts[0],
        wrong=counts[1],
        error=error,
        reach=Share(reach),
    )


def _error(wrong: int, accepted: int, alpha: Share, delta: Share) -> float:
    """What to plan with: drawn towards a usual rate, and where enough was seen never below what was."""
    planned = planned_error(wrong, accepted, alpha=alpha, delta=delta)
    enough = accepted >= fewest(0, alpha=alpha, delta=delta)
    return max(planned, wrong / accepted) if enough else planned


def _further(wrong: int, accepted: int, alpha: Share, delta: Share, power: Share) -> int | None:
    """Further accepted cases after which the exact test on all of them passes with probability ``power``.

    Between two of the numbers looked at the power only falls, as in ``labels_needed``.
    """
    if special.bdtr(wrong, accepted, float(alpha)) <= float(delta) and accepted > wrong:
        return 0
    error = _error(wrong, accepted, alpha, delta)
    if error >= float(alpha):
        return None
    first, chunk, most = wrong, 64, 0
    while most <= OUT_OF_REACH:
        allowed = np.arange(first, first + chunk)
        total = fewest_each(allowed, alpha=alpha, delta=delta)
        further = np.maximum(total - accepted, 0)
        strong = special.bdtr(allowed - wrong, np.maximum(further, allowed - wrong), error) >= float(power)
        reached = further[strong & (further > 0) & (total <= OUT_OF_REACH)]
        if reached.size:
            return int(reached[0])
        first, chunk, most = first + chunk, 2 * chunk, int(total[-1])
    return None


def _sentence(
    labels: int | None, accepted: int, wrong: int, share: float, error: float, alpha: Share
) -> str:
    part = Share(share)
    seen = f"{wrong} of {accepted} labelled cases among the surest {part} of the traffic are wrong"
    if not share:
        return "no traffic reaches this threshold, so that no label can say anything about it"
    if labels == 0:
        return f"{seen}: a promise of {alpha} is proven already"
    if labels is not None:
        return (
            f"{seen}: {labels} further labelled cases would probably prove a promise of {alpha}, "
            f"if {Share(error)} are wrong there"
        )
    if error < float(alpha):
        return f"{seen}: so close to a promise of {alpha} that it would take more than {OUT_OF_REACH}"
    surely = accepted > 0 and clopper_pearson(wrong, accepted).low > float(alpha)
    is_above = "lies" if surely else "seems to lie"
    return f"{seen}: the error there {is_above} above {alpha}, and no number of labels changes that"
