"""Arrivals: a gap longer than clean history allows is an alarm of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from roadworthy.errors import InputProblem, Problem

_LEAST_GAPS = 100
_TAIL = 0.02
_SPARE = 2.0


@dataclass(frozen=True, slots=True)
class Gaps:
    """The longest gap that is borne, and the latest arrival. ``backwards`` counts clocks that jumped back."""

    longest: float
    usual: float
    latest: datetime | None = None
    backwards: int = 0

    def after(self, at: datetime) -> tuple[Gaps, float | None]:
        """The next state, and the gap in seconds where it was too long.

        An arrival before the latest one is counted and says nothing of gaps.
        """
        gap = 0.0 if self.latest is None else seconds_between(self.latest, at)
        if gap < 0:
            return replace(self, backwards=self.backwards + 1), None
        return replace(self, latest=at), gap if gap > self.longest else None


def usual_gaps(times: Sequence[datetime], *, rows_per_false_alarm: float) -> Gaps:
    """The gap that one arrival in so many exceeds, from clean history.

    Beyond what was seen the tail is taken for a power law (Hill 1975); never less than twice the longest
    gap that was seen.

    Errors:  ``InputProblem`` RW-WATCH-021 for fewer than 100 gaps.
    """
    between = [seconds_between(a, b) for a, b in pairwise(times)]
    gaps = np.sort([gap for gap in between if gap >= 0])
    if len(gaps) < _LEAST_GAPS:
        raise InputProblem(
            "RW-WATCH-021",
            Problem(f"{len(gaps)} arrivals in order, gaps need at least {_LEAST_GAPS}", place="reference"),
        )
    most = gaps[-max(10, int(_TAIL * len(gaps))) :]
    start = max(float(most[0]), 1e-9)
    index = float(np.mean(np.log(np.maximum(most, start) / start)))
    rarer = max(1.0, len(most) / len(gaps) * rows_per_false_alarm)
    reach = start * math.exp(min(700.0, index * math.log(rarer)))
    longest = max(_SPARE * float(gaps[-1]), reach)
    return Gaps(longest=longest, usual=float(np.median(gaps)))


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Seconds from one to the other; a time without a zone is read in the other's zone."""
    if (earlier.tzinfo is None) != (later.tzinfo is None):
        earlier, later = earlier.replace(tzinfo=None), later.replace(tzinfo=None)
    return (later - earlier).total_seconds()
