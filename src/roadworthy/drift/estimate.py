"""How many answers are probably right, judged from the model's confidence alone: an estimate, no evidence.

It says what the error rate would be if confidence still meant what it meant in the reference. It is
blind to the world changing what is right, so that it may raise a question and never settle one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share

USUAL = Share(0.95)
BINS = 20
LEAST = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """Share of right answers that confidences suggest, with its range, over ``n`` answers."""

    value: float
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class Calibrated:
    """How often answers were right, by how sure the model was, in the reference (as CBPE: NannyML 2023)."""

    edges: tuple[float, ...]
    right: tuple[float, ...]
    cases: tuple[int, ...]

    def place(self, confidence: float) -> int:
        """In which bin a confidence lies."""
        return int(np.searchsorted(self.edges, confidence, side="left"))


@dataclass(frozen=True, slots=True)
class Tallied:
    """How many answers fell in each bin."""

    calibrated: Calibrated
    counts: tuple[int, ...]

    def estimate(self, *, confidence: Share = USUAL) -> Estimate | None:
        """What the answers so far suggest; None before the first.

        The range has two parts: these answers are a sample, and so was the reference. It has none for what
        confidence cannot know.
        """
        n = sum(self.counts)
        if not n:
            return None
        shares = np.asarray(self.counts) / n
        right, cases = np.asarray(self.calibrated.right), np.asarray(self.calibrated.cases)
        value = float(shares @ right)
        spread = right * (1 - right)
        variance = float((shares * spread).sum() / n + (shares**2 * spread / cases).sum())
        half = float(special.ndtri((1 + float(confidence)) / 2)) * math.sqrt(variance)
        return Estimate(value, Interval(max(0.0, value - half), min(1.0, value + half)), n)


def calibrated(confidences: Sequence[float], right: Sequence[bool]) -> Calibrated:
    """What confidence meant in the reference.

    Errors:  ``InputProblem`` RW-WATCH-022 for fewer than 200 answers or confidences that are no numbers.
    """
    sure, were = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    problems = []
    if len(sure) != len(were) or len(sure) < LEAST:
        problems.append(Problem(f"{len(sure)} answers with a result, an estimate needs {LEAST}"))
    if not np.isfinite(sure).all():
        problems.append(Problem("a confidence is a finite number"))
    if problems:
        raise InputProblem("RW-WATCH-022", problems)
    edges = np.unique(np.quantile(sure, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    edges = edges[edges < sure.max()]
    places = np.searchsorted(edges, sure, side="left")
    cases = np.bincount(places, minlength=len(edges) + 1)
    wins = np.bincount(places, weights=were, minlength=len(edges) + 1)
    # Half a right and half a wrong answer are believed beforehand, so that no bin is sure of itself.
    shares = (wins + 0.5) / (cases + 1)
    return Calibrated(tuple(edges.tolist()), tuple(shares.tolist()), tuple(int(n) for n in cases))
