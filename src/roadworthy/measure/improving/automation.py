"""How much a model could do without a person: its threshold proven on the part that nothing else has seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.casework.label import Label
from roadworthy.measure.improving.answering import Answered
from roadworthy.measure.improving.parts import CERTIFY, SHARES
from roadworthy.quantities import Interval, Share
from roadworthy.trust import Calibration, InsufficientEvidence, Threshold, certify, upper_bound
from roadworthy.trust.planning import labels_for_automation
from roadworthy.trust.threshold import START

RESAMPLES: Final = 300
MORE: Final = 0.1
"""More automation that the labels still missing are told for, as a part of the traffic."""
_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class Automation:
    """What one promise of the charter would let a model do alone. ``share`` is 0 where nothing is proven.

    ``labels_needed`` further labels would prove the promise about four times in five; 0 where it is
    proven, None where no number of them would. ``more_labels`` would prove it for ``more`` of the cases.
    Both count all labels, of which only a part serves to certify.
    """

    kind: str
    share: float
    threshold: float | None
    n: int
    accepted: int
    wrong: int
    upper: float
    labels_needed: int | None
    reason: str = ""
    more: float = 0.0
    more_labels: int | None = None

    def as_json(self) -> dict[str, object]:
        """All of it as plain JSON values."""
        return {
            "kind": self.kind, "share": self.share, "threshold": self.threshold, "n": self.n,
            "accepted": self.accepted, "wrong": self.wrong, "bound": self.upper,
            "labels_needed": self.labels_needed, "reason": self.reason,
            "more": {"share": self.more, "labels": self.more_labels},
        }  # fmt: skip


def one_per_cluster(rows: Sequence[Label]) -> tuple[Label, ...]:
    """The oldest case of every cluster: the proof takes cases that were drawn independently."""
    found: dict[str, Label] = {}
    for row in sorted(rows, key=lambda row: row.case):
        found.setdefault(row.cluster, row)
    return tuple(found.values())


def automation(kind: str, answered: Answered, *, alpha: Share, delta: Share) -> Automation:
    """The proven threshold of a model and the part of the cases at or above it.

    Holds for traffic like these cases. It is an expectation for a release, not its certificate: that is
    given by the pilot, for what the whole workflow decides.
    """
    outcome = _certified(answered.scores, ~answered.right, answered.proposes, alpha=alpha, delta=delta)
    proposing = float(answered.proposes.mean()) if len(answered.rows) else 0.0
    if isinstance(outcome, InsufficientEvidence):
        return Automation(
            kind, 0.0, None, len(answered.rows), outcome.accepted, outcome.wrong, 1.0,
            _of_all(outcome.labels_needed), outcome.reason,
        )  # fmt: skip
    wanted = min(1.0, float(outcome.automation) + MORE)
    proposed = answered.scores[answered.proposes]
    plan = labels_for_automation(
        Calibration(proposed, ~answered.right[answered.proposes]),
        wanted=Share(wanted),
        traffic_scores=proposed,
        alpha=alpha,
        delta=delta,
        steps=_STEPS,
    )
    return Automation(
        kind, float(outcome.automation) * proposing, outcome.value, len(answered.rows), outcome.accepted,
        outcome.wrong, outcome.upper, 0, more=wanted * proposing, more_labels=_of_all(plan.labels),
    )  # fmt: skip


def _of_all(labels: int | None) -> int | None:
    """So many labels of all, for so many in the part to certify with."""
    return None if labels is None else math.ceil(labels / SHARES[CERTIFY])


def gain(
    old: Answered, new: Answered, *, alpha: Share, delta: Share, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Range of how much more the new model could do alone, both seen on the same cases.

    The whole proof is done again on cases drawn anew (bootstrap, 95 %): where a threshold falls is
    chance too, and most of it. The seed decides the draws.
    """
    random = np.random.default_rng(seed)
    cases = len(old.rows)
    differences = np.empty(resamples)
    for draw in range(resamples):
        chosen = random.integers(0, cases, cases)
        differences[draw] = _share(new, chosen, alpha, delta) - _share(old, chosen, alpha, delta)
    low, high = np.quantile(differences, (0.025, 0.975))
    return Interval(float(low), float(high))


def _share(answered: Answered, chosen: NDArray[np.int64], alpha: Share, delta: Share) -> float:
    proposes = answered.proposes[chosen]
    scores, wrong = answered.scores[chosen], ~answered.right[chosen]
    if not _begins(scores[proposes], wrong[proposes], alpha=alpha, delta=delta):
        return 0.0
    outcome = _certified(scores, wrong, proposes, alpha=alpha, delta=delta)
    return float(outcome.automation) * float(proposes.mean()) if isinstance(outcome, Threshold) else 0.0


def _begins(scores: NDArray[np.float64], wrong: NDArray[np.bool_], *, alpha: Share, delta: Share) -> bool:
    """Whether the first test of the sequence passes; where it does not, planning more labels would take long."""
    if not len(scores):
        return False
    place = max(0, math.ceil(float(START) * len(scores) - 1e-9) - 1)
    sure = scores >= np.sort(scores)[::-1][place]
    return upper_bound(int(wrong[sure].sum()), int(sure.sum()), delta=delta) <= float(alpha)


def _certified(
    scores: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    proposes: NDArray[np.bool_],
    *,
    alpha: Share,
    delta: Share,
) -> Threshold | InsufficientEvidence:
    if not proposes.any():
        return InsufficientEvidence("the model answers none of the cases", None, 0, 0, 0)
    proposed = scores[proposes]
    return certify(
        Calibration(proposed, wrong[proposes]),
        traffic_scores=proposed,
        alpha=alpha,
        delta=delta,
        steps=_STEPS,
    )
