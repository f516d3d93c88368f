"""The lowest confidence at which automatic outcomes are proven right often enough.

Learn-then-Test with a fixed sequence (Angelopoulos, Bates, Candès, Jordan, Lei 2021, arXiv
2110.01052). The thresholds to test are laid out beforehand on traffic nobody has labelled; the
sequence begins at the surest ``start`` of it and goes down until the first test fails. Each test is
an exact binomial tail at level ``delta``, and stopping at the first failure makes all of them
together err in at most ``delta`` of the samples, without a correction for their number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.intervals import between, upper_bound, wilson

# At the very top a sample holds too few cases to prove anything, and one unlucky error there ends
# the sequence: beginning at 35 % automates 78 % of CLINC150 with 1,000 labels, at the top 74 %.
START = Share(0.35)
POWER = Share(0.8)
OUT_OF_REACH = 100_000
# Error rate to plan for where too little has been seen: this part of what is promised.
PLANNED_PART = 0.4


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Calibration:
    """Labelled cases drawn from the traffic at random: how sure the model was, and whether it was wrong.

    Shape:   ``scores`` floats (n,), higher is surer; ``wrong`` booleans (n,). Both are copied.
    Edge:    no cases at all is a sample like any other: it proves nothing.
    Errors:  ``InputProblem`` RW-TRUST-003 for other shapes, scores that are not finite, and
             ``wrong`` that is not yes or no.
    """

    scores: NDArray[np.float64]
    wrong: NDArray[np.bool_]

    def __init__(self, scores: ArrayLike, wrong: ArrayLike) -> None:
        surely, errors = np.array(scores, dtype=np.float64), np.array(wrong)
        problems = _not_finite("scores", surely)
        if errors.size and not np.isin(errors, (0, 1)).all():
            problems.append(Problem("every entry is yes or no", place="wrong"))
        if errors.shape != surely.shape:
            problems.append(
                Problem(f"{surely.size} scores and {errors.size} labels, expected one label a score")
            )
        if problems:
            raise InputProblem("RW-TRUST-003", problems)
        object.__setattr__(self, "scores", surely)
        object.__setattr__(self, "wrong", errors.astype(np.bool_))

    def __len__(self) -> int:
        return len(self.scores)

    def counts(self, thresholds: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How many cases lie at or above each threshold, and how many of those are wrong."""
        order = np.argsort(self.scores)
        below = np.searchsorted(self.scores[order], thresholds, side="left")
        wrong_below = np.concatenate(([0], np.cumsum(self.wrong[order])))
        return len(self) - below, int(self.wrong.sum()) - wrong_below[below]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A proven threshold: cases with ``score >= value`` may be automatic.

    Of ``n`` labelled cases ``accepted`` lie there, ``wrong`` of them wrong; ``upper <= alpha`` is the
    bound that follows at certainty ``1 - delta``. ``automation`` is the share of the unlabelled traffic
    there, ``automation_range`` its Wilson interval at 95 %.
    """

    value: float
    alpha: Share
    delta: Share
    n: int
    accepted: int
    wrong: int
    upper: float
    automation: Share
    automation_range: Interval


@dataclass(frozen=True, slots=True)
class InsufficientEvidence:
    """No threshold is proven, and why. Never a reason to fall back on an unproven one.

    ``labels_needed`` further labelled cases, drawn from all traffic, would prove the starting threshold
    about four times in five if the error rate there is as it looks; None where no number of them would.
    """

    reason: str
    labels_needed: int | None
    n: int
    accepted: int
    wrong: int


def certify(
    calibration: Calibration,
    *,
    traffic_scores: ArrayLike,
    alpha: Share,
    delta: Share,
    start: Share = START,
    steps: int = 200,
) -> Threshold | InsufficientEvidence:
    """The lowest confidence at which at most ``alpha`` of the automatic cases are wrong, with its proof.

    Shape:   ``traffic_scores`` floats (m,), of cases chosen without looking at their labels.
    Holds:   for traffic like the calibration sample, if each labelled case was drawn independently
             (one per customer or thread) and served neither training nor tuning.
    Edge:    ties in the scores are accepted or left together. Testing again after more labels came in
             is a second look at the same promise: divide ``delta`` by the number of looks planned.
    Errors:  ``InputProblem`` RW-TRUST-002 for shares of 0 or 1, RW-TRUST-004 for traffic scores
             that are empty or not finite, RW-TRUST-005 for fewer than one step.
    """
    between("alpha", alpha)
    between("delta", delta)
    traffic = checked_traffic(traffic_scores)
    grid = thresholds(traffic, start=start, steps=steps)
    accepted, wrong = calibration.counts(grid)
    proven = special.bdtr(wrong, accepted, float(alpha)) <= float(delta)
    passed = len(grid) if proven.all() else int(np.argmin(proven))
    if passed == 0:
        share = float((traffic >= grid[0]).mean())
        return _insufficient(len(calibration), int(accepted[0]), int(wrong[0]), alpha, delta, share)
    last = passed - 1
    automatic = int((traffic >= grid[last]).sum())
    return Threshold(
        value=float(grid[last]),
        alpha=alpha,
        delta=delta,
        n=len(calibration),
        accepted=int(accepted[last]),
        wrong=int(wrong[last]),
        upper=upper_bound(int(wrong[last]), int(accepted[last]), delta=delta),
        automation=Share(automatic / len(traffic)),
        automation_range=wilson(automatic, len(traffic)),
    )


def labels_needed(*, alpha: Share, delta: Share, true_error: Share, power: Share = POWER) -> int | None:
    """Accepted labelled cases that prove ``alpha`` with probability ``power``, at this true error rate.

    Edge:    None when the error rate is not below ``alpha``, and beyond a hundred thousand cases. The
             answer is the smallest such number; by the saw-tooth of the binomial a few more can do a
             little worse.
    Errors:  ``InputProblem`` RW-TRUST-002 for an ``alpha``, ``delta`` or ``power`` of 0 or 1.
    """
    between("alpha", alpha)
    between("delta", delta)
    between("power", power)
    if float(true_error) >= float(alpha):
        return None
    first, chunk, most = 0, 64, 0
    while most <= OUT_OF_REACH:
        wrong = np.arange(first, first + chunk)
        n = fewest_each(wrong, alpha=alpha, delta=delta)
        strong = special.bdtr(wrong, n, float(true_error)) >= float(power)
        enough = n[strong & (n <= OUT_OF_REACH)]
        if enough.size:
            return int(enough[0])
        first, chunk, most = first + chunk, 2 * chunk, int(n[-1])
    return None


def fewest(wrong: int, *, alpha: Share, delta: Share) -> int:
    """Fewest accepted cases that prove ``alpha`` in spite of so many wrong ones."""
    return int(fewest_each(np.array([wrong]), alpha=alpha, delta=delta)[0])


def fewest_each(wrong: NDArray[np.int64], *, alpha: Share, delta: Share) -> NDArray[np.int64]:
    """Fewest accepted cases that prove ``alpha`` in spite of so many wrong ones.

    Between two of these numbers the power only falls, so that no other number needs to be looked at.
    """
    rate, level = float(alpha), float(delta)
    n = np.ceil(special.bdtrin(wrong.astype(np.float64), level, rate)).astype(np.int64)
    # The inverse is a root search and may land a case or two off.
    while (short := special.bdtr(wrong, n, rate) > level).any():
        n = n + short
    while (spare := (n - 1 > wrong) & (special.bdtr(wrong, n - 1, rate) <= level)).any():
        n = n - spare
    return n


def planned_error(wrong: int, accepted: int, *, alpha: Share, delta: Share) -> float:
    """The error rate to plan with. Few cases say little of it: it is drawn towards a usual one."""
    weight = fewest(0, alpha=alpha, delta=delta)
    return (wrong + PLANNED_PART * float(alpha) * weight) / (accepted + weight)


def starting_threshold(traffic: NDArray[np.float64], *, start: Share) -> float:
    """The score that accepts ``start`` of the traffic, at which a sequence of tests begins."""
    return float(thresholds(traffic, start=start, steps=1)[0]) if traffic.size else math.inf


def thresholds(traffic: NDArray[np.float64], *, start: Share, steps: int) -> NDArray[np.float64]:
    """Scores that accept ``start`` to all of the traffic, surest first, each once. Labels play no part."""
    if steps < 1:
        raise InputProblem("RW-TRUST-005", f"a sequence of tests has at least one step, found {steps}")
    surest_first = np.sort(traffic)[::-1]
    shares = np.linspace(float(start), 1.0, steps)
    # 0.35 * 100 is a hair above 35 in floating point, and would take one case too many.
    last_in = np.ceil(shares * len(traffic) - 1e-9).astype(np.int64) - 1
    return np.unique(surest_first[np.maximum(last_in, 0)])[::-1]


def _insufficient(
    n: int, accepted: int, wrong: int, alpha: Share, delta: Share, share: float
) -> InsufficientEvidence:
    least = fewest(0, alpha=alpha, delta=delta)
    rate = planned_error(wrong, accepted, alpha=alpha, delta=delta)
    needed = labels_needed(alpha=alpha, delta=delta, true_error=Share(rate))
    seen = f"{wrong} of {accepted} labelled cases at or above the starting threshold are wrong"
    if needed is None:
        reason = f"{seen}: too many for a promise of {alpha}, whatever the number of labels"
        if rate < float(alpha):
            reason = f"{seen}: a promise of {alpha} would take more than {OUT_OF_REACH} of them"
        return InsufficientEvidence(reason, None, n, accepted, wrong)
    if accepted < least:
        reason = f"{seen}: even without an error a promise of {alpha} takes {least} of them"
    else:
        reason = f"{seen}: not enough to prove a promise of {alpha} at {Share(1 - float(delta))} certainty"
    further = max(1, math.ceil((needed - accepted) / share))
    return InsufficientEvidence(reason, further, n, accepted, wrong)


def checked_traffic(scores: ArrayLike) -> NDArray[np.float64]:
    """The scores of the traffic as an array. Errors: RW-TRUST-004 where empty or not finite."""
    traffic = np.asarray(scores, dtype=np.float64)
    problems = _not_finite("traffic_scores", traffic)
    if not traffic.size:
        problems.append(Problem("no scores, expected those of recent traffic", place="traffic_scores"))
    if problems:
        raise InputProblem("RW-TRUST-004", problems)
    return traffic


def _not_finite(place: str, scores: NDArray[np.float64]) -> list[Problem]:
    problems = []
    if scores.ndim != 1:
        problems.append(Problem(f"one row of scores expected, found {scores.ndim} dimensions", place=place))
    if bad := int((~np.isfinite(scores)).sum()):
        problems.append(
            Problem(
                f"{bad} of {scores.size} scores are not finite numbers",
                place=place,
                hint="give a case without a confidence the lowest score",
            )
        )
    return problems
