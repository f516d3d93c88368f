"""Steps of a canary, and whether the one it is in is passed. Nothing is promoted on a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from roadworthy.quantities import Share


class Word(StrEnum):
    """What a comparison says."""

    BETTER = "better"
    NOT_WORSE = "not worse"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"


_IF_WORSE = {
    "error": "more wrong automatic answers",
    "cost": "higher cost",
    "latency": "more cases that are too slow",
    "review_rate": "more cases that people are asked about",
    "kpi": "a worse KPI",
}
PASSED = frozenset({Word.BETTER, Word.NOT_WORSE})


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the live cases, and for how long at least."""

    share: Share
    min_cases: int
    min_duration: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of the canary against the cases beside it. Means are of losses from 0 to 1.

    ``in_step``: the canary's cases that were taken in since the step began and have this metric.
    """

    metric: str
    state: Word
    cases: int
    beside: int
    mean: float | None
    mean_beside: float | None
    margin: float
    tolerance: float
    in_step: int

    @property
    def sentence(self) -> str:
        """The comparison as people read it."""
        mean, beside = (
            f"{value:.1%}" if value is not None else "nothing" for value in (self.mean, self.mean_beside)
        )
        worse = self.state is Word.WORSE
        told = (
            _IF_WORSE.get(self.metric, f"{self.metric} is worse")
            if worse
            else f"{self.metric} is {self.state}"
        )
        margin = f" (margin {self.margin:.1%})" if worse else ""
        return f"{told}: {mean} of {self.cases} cases against {beside} of {self.beside} beside it{margin}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a canary stands in its step; ``missing`` says what is still asked for, in words."""

    step: int
    of: int
    state: Word
    missing: tuple[str, ...]
    metrics: tuple[Compared, ...]

    @property
    def passed(self) -> bool:
        """It may go on. What is inconclusive pauses."""
        return self.state in PASSED

    @property
    def sentence(self) -> str:
        """The standing as people read it."""
        why = f": {'; '.join(self.missing)}" if self.missing else ""
        return f"step {self.step} of {self.of} is {self.state}{why}"


def stand(
    number: int, steps: Sequence[Step], compared: Sequence[Compared], *, since: datetime, now: datetime
) -> Standing:
    """What holds of step ``number`` (from 1) that began at ``since``.

    One metric that is worse makes the whole worse; it passes only if every metric is proven better or not
    worse, on enough cases of the step, after its time. A clock that went back has waited for nothing.
    """
    step = steps[number - 1]
    missing = [
        f"{one.metric} is known of {one.in_step} of the canary's cases in this step, asked {step.min_cases}"
        for one in compared
        if one.in_step < step.min_cases
    ]
    waited = max(timedelta(0), now - since)
    if waited < step.min_duration:
        missing.append(f"{_spoken(waited)} have passed, asked {_spoken(step.min_duration)}")
    missing += [
        f"{one.metric} is not yet proven not worse by {one.tolerance:.1%} ({one.cases} cases against {one.beside})"
        for one in compared
        if one.state is Word.INCONCLUSIVE
    ]
    worse = [one for one in compared if one.state is Word.WORSE]
    if worse:
        said = tuple(one.sentence for one in worse)
        return Standing(number, len(steps), Word.WORSE, said, tuple(compared))
    if missing or not compared:
        said = tuple(missing) or ("nothing is compared",)
        return Standing(number, len(steps), Word.INCONCLUSIVE, said, tuple(compared))
    every = Word.BETTER if all(one.state is Word.BETTER for one in compared) else Word.NOT_WORSE
    return Standing(number, len(steps), every, (), tuple(compared))


def _spoken(span: timedelta) -> str:
    seconds = span.total_seconds()
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.0f} seconds"
