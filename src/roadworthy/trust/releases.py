"""Is the new release better, not worse, worse, or is it too early to say? Right at every look.

Several metrics share one risk of a false rollback. The new release is worse as soon as one metric is,
each at its part of the risk; it is not worse only once every metric has proven so at the whole of it
(Berger 1982: all have to err together). Nothing is concluded from silence: what is not proven yet is
inconclusive, and stays so when the horizon has passed. Then a rollout pauses, and never promotes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.arms import (
    Stratum,
    Values,
    difference_range,
    log_evidence_above,
    log_evidence_below,
)
from roadworthy.trust.confidence import DELTA
from roadworthy.trust.intervals import between
from roadworthy.trust.sequential import Arm

Kind = Literal["error", "share", "mean", "above"]
Finding = Literal["better", "not worse", "worse", "inconclusive"]
KINDS: tuple[Kind, ...] = ("error", "share", "mean", "above")


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing two releases are compared by, and how much worse is still borne.

    ``error``: wrong (1) or right (0), by a label. ``share``: yes (1) or no (0), such as sent to a person.
    ``mean``: an amount between ``low`` and ``high``, such as a cost; what lies beyond is counted as the end it
    is beyond, and the share of such cases is told. ``above``: an amount such as a latency of which it only
    counts whether it exceeds ``limit``.

    Worse means: worse by more than ``margin``. Not worse means: worse by less than ``tolerance``, which is
    the margin unless it is given. Both are in the metric's own unit, for ``above`` and the first two a share.

    Errors:  ``InputProblem`` RW-WATCH-002 with everything that does not fit.
    """

    name: str
    kind: Kind = "error"
    margin: float = 0.0
    tolerance: float | None = None
    higher_is_better: bool = False
    low: float = 0.0
    high: float = 1.0
    limit: float | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.kind not in KINDS:
            problems.append(Problem(f"is one of {', '.join(KINDS)}, found `{self.kind}`", place="kind"))
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            problems.append(
                Problem(f"`low` lies below `high`, found {self.low} and {self.high}", place="low")
            )
        elif self.kind != "mean" and (self.low, self.high) != (0.0, 1.0):
            problems.append(Problem("only a mean has `low` and `high`", place="low"))
        else:
            for place, value in (("margin", self.margin), ("tolerance", self.borne)):
                if not 0 <= value < self.high - self.low:
                    problems.append(
                        Problem(
                            f"lies between 0 and below {self.high - self.low:g}, found {value}", place=place
                        )
                    )
        if (self.kind == "above") != (self.limit is not None) or not math.isfinite(self.limit or 0.0):
            problems.append(Problem("`above` has a finite limit, and nothing else has one", place="limit"))
        if problems:
            raise InputProblem("RW-WATCH-002", problems)

    @property
    def borne(self) -> float:
        """How much worse still counts as not worse."""
        return self.margin if self.tolerance is None else self.tolerance

    @property
    def span(self) -> float:
        """What a loss of 1 is in the metric's unit."""
        return self.high - self.low

    def loss(self, value: float) -> tuple[float, bool]:
        """The value as a loss from 0 to 1, and whether it lay beyond the ends.

        Errors:  ``InputProblem`` RW-WATCH-003 for NaN, an infinity, or no 0 or 1 where one is due.
        """
        if not math.isfinite(value):
            raise InputProblem(
                "RW-WATCH-003", Problem(f"expected a number, found {value}", place=self.name)
            )
        if self.kind in ("error", "share") and value not in (0, 1):
            raise InputProblem(
                "RW-WATCH-003", Problem(f"expected 0 or 1, found {value:g}", place=self.name)
            )
        if self.limit is not None:
            share, beyond = float(value > self.limit), False
        else:
            within = min(self.high, max(self.low, value))
            share, beyond = (within - self.low) / self.span, within != value
        return (1 - share if self.higher_is_better else share), beyond


@dataclass(frozen=True, slots=True)
class Seen:
    """Both arms of one metric so far, and how many values on each were counted as an end."""

    strata: tuple[Stratum, ...] = (Stratum(),)
    beyond: tuple[int, int] = (0, 0)
    worse: float = 0.0
    better: float = 0.0
    not_worse: float = 0.0


@dataclass(frozen=True, slots=True)
class MetricLook:
    """One metric at one look. Means, difference (new minus old) and range are in the metric's unit."""

    name: str
    state: Finding
    candidate: float | None
    baseline: float | None
    difference: float | None
    interval: Interval
    cases: tuple[int, int]
    capped: tuple[float, float]
    evidence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReleaseLook:
    """Both releases at one look. ``pause`` says why nothing may be promoted though nothing is wrong."""

    state: Finding
    metrics: tuple[MetricLook, ...]
    pause: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseWatch:
    """Two releases side by side, by one or more metrics.

    ``alpha`` is the risk that a release which is not worse is ever called so, however often one looks; the
    same number bounds the risk that one which is worse is ever called not worse. ``least`` cases on each
    arm come before anything but `worse` is said; after ``horizon`` cases on both together nothing is waited for.

    Errors:  ``InputProblem`` RW-WATCH-002 for no metric, two of a name, or impossible settings.
    """

    metrics: tuple[Metric, ...]
    alpha: Share = DELTA
    least: int = 1
    horizon: int | None = None
    seen: tuple[Seen, ...] = field(default=())

    def __post_init__(self) -> None:
        between("alpha", self.alpha)
        problems = []
        names = [metric.name for metric in self.metrics]
        if not names or len(set(names)) < len(names):
            problems.append(Problem("at least one metric, each by its own name", place="metrics"))
        if self.least < 1 or (self.horizon is not None and self.horizon < 1):
            problems.append(Problem("`least` and `horizon` count cases from 1", place="least"))
        if not self.seen:
            object.__setattr__(self, "seen", tuple(Seen() for _ in self.metrics))
        if len(self.seen) != len(self.metrics):
            problems.append(Problem("one state for each metric", place="seen"))
        if problems:
            raise InputProblem("RW-WATCH-002", problems)

    def after(self, cases: Sequence[tuple[Arm, Mapping[str, float]]]) -> Self:
        """The state after these cases, whose order does not matter.

        A case may lack a metric that is not known yet; it is handed in again with only that one later,
        when its label comes. Nothing notices a value that is handed in twice.

        Errors:  ``InputProblem`` RW-WATCH-003 with every value that cannot be, RW-WATCH-002 for other names.
        """
        known = {metric.name for metric in self.metrics}
        strange = {name for _, values in cases for name in values} - known
        if strange:
            raise InputProblem(
                "RW-WATCH-002", [Problem("no such metric", place=name) for name in sorted(strange)]
            )
        problems: list[Problem] = []
        seen = []
        for metric, before in zip(self.metrics, self.seen, strict=True):
            losses: dict[Arm, list[float]] = {"candidate": [], "baseline": []}
            beyond = {"candidate": before.beyond[0], "baseline": before.beyond[1]}
            for arm, values in cases:
                if metric.name not in values:
                    continue
                try:
                    loss, outside = metric.loss(values[metric.name])
                except InputProblem as problem:
                    problems += problem.problems
                    continue
                losses[arm].append(loss)
                beyond[arm] += outside
            seen.append(_more(before, losses, (beyond["candidate"], beyond["baseline"])))
        if problems:
            raise InputProblem("RW-WATCH-003", problems)
        return replace(self, seen=tuple(seen))._looked()

    def counted(self, strata: Sequence[Stratum]) -> Self:
        """The state after what was counted elsewhere, for each metric in turn; it takes the place of the last stratum."""
        seen = [
            replace(each, strata=(*each.strata[:-1], stratum))
            for each, stratum in zip(self.seen, strata, strict=True)
        ]
        return replace(self, seen=tuple(seen))._looked()

    def next_step(self) -> Self:
        """The split between the arms changes from here on: what comes is not mixed with what came."""
        return replace(
            self, seen=tuple(replace(each, strata=(*each.strata, Stratum())) for each in self.seen)
        )

    def _looked(self) -> Self:
        seen = []
        for metric, each in zip(self.metrics, self.seen, strict=True):
            above = log_evidence_above(each.strata, [metric.margin / metric.span])
            below = log_evidence_below(each.strata, [metric.borne / metric.span, 0.0])
            seen.append(
                replace(
                    each,
                    worse=max(each.worse, float(above[0])),
                    not_worse=max(each.not_worse, float(below[0])),
                    better=max(each.better, float(below[1])),
                )
            )
        return replace(self, seen=tuple(seen))

    def look(self) -> ReleaseLook:
        """What is proven so far. What was proven once stays so, but proof of harm wins over all else."""
        looks = tuple(
            self._metric_look(metric, seen) for metric, seen in zip(self.metrics, self.seen, strict=True)
        )
        states = [each.state for each in looks]
        if "worse" in states:
            return ReleaseLook("worse", looks)
        if "inconclusive" not in states:
            return ReleaseLook("better" if "better" in states else "not worse", looks)
        open_ = ", ".join(each.name for each in looks if each.state == "inconclusive")
        over = self.horizon is not None and all(sum(each.cases) >= self.horizon for each in looks)
        why = f"the horizon of {self.horizon} cases has passed" if over else "not enough cases yet"
        return ReleaseLook("inconclusive", looks, f"{why}: {open_}")

    def _metric_look(self, metric: Metric, seen: Seen) -> MetricLook:
        candidate, baseline = _together(seen, "candidate"), _together(seen, "baseline")
        sign = -metric.span if metric.higher_is_better else metric.span
        lowest = metric.high if metric.higher_is_better else metric.low
        means = [None if arm.mean is None else lowest + sign * arm.mean for arm in (candidate, baseline)]
        ends = difference_range(seen.strata, alpha=Share(float(self.alpha) / len(self.metrics)))
        ends_in_unit = sorted((ends.low * sign, ends.high * sign))
        new, old = means
        return MetricLook(
            name=metric.name,
            state=self._state(seen, min(candidate.n, baseline.n)),
            candidate=new,
            baseline=old,
            difference=None if new is None or old is None else new - old,
            interval=Interval(*ends_in_unit),
            cases=(candidate.n, baseline.n),
            capped=(
                seen.beyond[0] / candidate.n if candidate.n else 0.0,
                seen.beyond[1] / baseline.n if baseline.n else 0.0,
            ),
            evidence={"worse": seen.worse, "not worse": seen.not_worse, "better": seen.better},
        )

    def _state(self, seen: Seen, fewest: int) -> Finding:
        whole = -math.log(float(self.alpha))
        part = whole + math.log(len(self.metrics))
        if seen.worse >= part:
            return "worse"
        if fewest < self.least:
            return "inconclusive"
        if seen.better >= part:
            return "better"
        return "not worse" if seen.not_worse >= whole else "inconclusive"


def _more(before: Seen, losses: Mapping[Arm, Sequence[float]], beyond: tuple[int, int]) -> Seen:
    last = before.strata[-1]
    grown = Stratum(
        last.candidate.added(Values.of(losses["candidate"])),
        last.baseline.added(Values.of(losses["baseline"])),
    )
    return replace(before, strata=(*before.strata[:-1], grown), beyond=beyond)


def _together(seen: Seen, arm: Arm) -> Values:
    both = Values()
    for stratum in seen.strata:
        both = both.added(stratum.candidate if arm == "candidate" else stratum.baseline)
    return both


def metric_fields(look: MetricLook) -> dict[str, object]:
    """One metric at one look, as JSON values."""
    return {
        "state": look.state,
        "difference": look.difference,
        "interval": [look.interval.low, look.interval.high],
        "means": {"new": look.candidate, "old": look.baseline},
        "cases": {"new": look.cases[0], "old": look.cases[1]},
        "capped": {"new": look.capped[0], "old": look.capped[1]},
    }
