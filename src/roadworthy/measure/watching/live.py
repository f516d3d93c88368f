"""What is known of a running canary, from the watch that its outcomes feed."""

from __future__ import annotations

from dataclasses import dataclass

from roadworthy.quantities import Interval
from roadworthy.trust.arms import Stratum, Values, difference_range
from roadworthy.trust.releases import Finding
from roadworthy.trust.sequential import CanaryWatch


@dataclass(frozen=True, slots=True)
class Standing:
    """A canary against the cases beside it: wrong automatic answers, cases with an outcome, what is proven."""

    state: Finding
    difference: float
    interval: Interval
    means: tuple[float, float]
    cases: tuple[int, int]
    pause: str


def standing(watch: CanaryWatch) -> Standing | None:
    """The canary's watch as every look shows it; None before both arms have an outcome.

    The state is the watch's own, which knows by what chance each case came to the canary. The range is
    reckoned from the counts, by ``difference_range``.
    """
    new, old = watch.harm.candidate, watch.harm.baseline
    if new.mean is None or old.mean is None:
        return None
    # Losses of a canary are 0 or 1: their sum is the number of ones.
    stratum = Stratum(*(Values.counted(round(arm.total), arm.cases) for arm in (new, old)))
    state: Finding = "inconclusive" if watch.state == "cannot tell yet" else watch.state
    return Standing(
        state=state,
        difference=new.mean - old.mean,
        interval=difference_range([stratum], alpha=watch.harm.delta),
        means=(new.mean, old.mean),
        cases=(new.cases, old.cases),
        pause="not enough outcomes yet" if state == "inconclusive" else "",
    )


def standing_fields(found: Standing | None) -> dict[str, object]:
    """As JSON values; where nothing is known yet nothing is ruled out."""
    if found is None:
        return {"state": "inconclusive", "difference": None, "interval": [-1.0, 1.0]}
    return {
        "state": found.state,
        "difference": found.difference,
        "interval": [found.interval.low, found.interval.high],
        "means": {"new": found.means[0], "old": found.means[1]},
        "cases": {"new": found.cases[0], "old": found.cases[1]},
    }
