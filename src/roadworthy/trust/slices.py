"""One proof for every slice of the traffic, so that a good average hides no bad slice.

The risk ``delta`` of all proofs together is split evenly over the slices that are tried. Which ones are
tried follows from scores and counts alone: were the labels looked at first, the split would be too kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Share
from roadworthy.trust.intervals import between
from roadworthy.trust.threshold import (
    PLANNED_PART,
    START,
    Calibration,
    InsufficientEvidence,
    Threshold,
    certify,
    fewest,
    labels_needed,
    starting_threshold,
)


@dataclass(frozen=True, slots=True)
class SliceProof:
    """What is proven of one slice. A slice that was not tried was too thin, and goes to people."""

    name: str
    outcome: Threshold | InsufficientEvidence
    tried: bool

    @property
    def threshold(self) -> Threshold | None:
        return self.outcome if isinstance(self.outcome, Threshold) else None


@dataclass(frozen=True, slots=True)
class SliceProofs:
    """The proofs of all slices. With certainty ``1 - delta`` all of them hold at once.

    ``each`` is the part of ``delta`` that every slice tried had; ``automation`` the share of all traffic
    that lies at or above the threshold of its slice.
    """

    slices: tuple[SliceProof, ...]
    delta: Share
    each: Share
    automation: Share


def certify_slices(
    calibrations: Mapping[str, Calibration],
    *,
    traffic_scores: Mapping[str, ArrayLike],
    alpha: Share,
    delta: Share,
    start: Share = START,
    steps: int = 200,
) -> SliceProofs:
    """A threshold of its own for every slice with labels enough to have a chance; see ``certify``.

    Both mappings name slices; one that only the traffic has is a slice without labels. A slice without
    a proof says how many further labelled cases *of that slice* would probably prove one.

    Errors:  ``InputProblem`` RW-TRUST-015 for no traffic at all and for slices that are labelled and
             have none; as ``certify``.
    """
    between("alpha", alpha)
    between("delta", delta)
    traffic = {name: np.asarray(scores, dtype=np.float64) for name, scores in traffic_scores.items()}
    strange = sorted(name for name in calibrations if not traffic.get(name, np.empty(0)).size)
    problems = [
        Problem(f"slice `{name}` has labelled cases and no traffic to lay thresholds on", place="traffic")
        for name in strange
    ]
    if not any(scores.size for scores in traffic.values()):
        problems.append(Problem("no scores, expected those of recent traffic", place="traffic"))
    if problems:
        raise InputProblem("RW-TRUST-015", problems)
    labelled = {name: calibrations.get(name, Calibration([], [])) for name in traffic}
    reached = {name: _at_start(labelled[name], scores, start) for name, scores in traffic.items()}
    tried = _tried({name: accepted for name, (accepted, _) in reached.items()}, alpha=alpha, delta=delta)
    each = Share(float(delta) / max(1, len(tried)))
    found = []
    for name in sorted(traffic):
        if name in tried:
            outcome = certify(
                labelled[name],
                traffic_scores=traffic[name],
                alpha=alpha,
                delta=each,
                start=start,
                steps=steps,
            )
            found.append(SliceProof(name, outcome, tried=True))
        else:
            # Were it tried too, the risk would be split once more.
            then = Share(float(delta) / (len(tried) + 1))
            thin = _thin(name, len(labelled[name]), reached[name], traffic[name], alpha, then, start)
            found.append(SliceProof(name, thin, tried=False))
    automatic = sum(
        int((traffic[proof.name] >= proof.threshold.value).sum()) for proof in found if proof.threshold
    )
    everything = sum(scores.size for scores in traffic.values())
    return SliceProofs(tuple(found), delta, each, Share(automatic / everything))


def _at_start(calibration: Calibration, traffic: NDArray[np.float64], start: Share) -> tuple[int, int]:
    """(accepted, wrong) at the starting threshold; only the first decides anything."""
    accepted, wrong = calibration.counts(np.array([starting_threshold(traffic, start=start)]))
    return int(accepted[0]), int(wrong[0])


def _tried(reached: Mapping[str, int], *, alpha: Share, delta: Share) -> frozenset[str]:
    """As many slices as have a chance at the part of delta that is theirs if so many are tried."""
    fullest = sorted(reached, key=lambda name: (-reached[name], name))
    for many in range(len(fullest), 0, -1):
        least = fewest(0, alpha=alpha, delta=Share(float(delta) / many))
        if reached[fullest[many - 1]] >= least:
            return frozenset(fullest[:many])
    return frozenset()


def _thin(
    name: str,
    n: int,
    seen: tuple[int, int],
    traffic: NDArray[np.float64],
    alpha: Share,
    delta: Share,
    start: Share,
) -> InsufficientEvidence:
    if not traffic.size:
        reason = f"slice `{name}` is empty: no case of it was seen"
        return InsufficientEvidence(reason, None, 0, 0, 0)
    accepted, wrong = seen
    least = fewest(0, alpha=alpha, delta=delta)
    needed = labels_needed(alpha=alpha, delta=delta, true_error=Share(PLANNED_PART * float(alpha)))
    share = float((traffic >= starting_threshold(traffic, start=start)).mean())
    further = None if needed is None else max(1, math.ceil((needed - accepted) / share))
    reason = (
        f"slice `{name}` has {accepted} labelled cases at or above its starting threshold, "
        f"at least {least} are needed even without an error"
    )
    return InsufficientEvidence(reason, further, n, accepted, wrong)
