"""The part of a charter that says how a release gets to production, and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, model_validator

from roadworthy.charter.parts import CostText, Duration, Part, ShareNumber, in_euro, seconds


class Shadow(Part):
    """What it takes to leave shadow."""

    min_cases: int = Field(default=100, gt=0, description="live cases watched")
    agreement_min: ShareNumber = Field(default=0.0, description="part of them concluded as people did")


class CanaryStep(Part):
    """One step of a canary."""

    share: float = Field(gt=0, lt=1, description="its part of the live cases")
    min_cases: int = Field(
        default=50, gt=0, description="canary cases of this step for which every metric is known"
    )
    min_duration: Duration = Field(default="0s", description="how long it lasts at least")


class Metric(Part):
    """A metric by which a canary is compared with the cases beside it."""

    margin: float = Field(
        default=0.03, ge=0, lt=1, description="halted once proven worse by more than this"
    )
    tolerance: float = Field(
        default=0.1, gt=0, lt=1, description="goes on once proven not worse by this much"
    )


class CostMetric(Metric):
    """What a case costs until it is decided, as a part of `limit`."""

    limit: CostText | None = Field(
        default=None,
        description="a case that costs as much or more counts fully; default: `budget.per_case`",
    )

    @model_validator(mode="after")
    def _in_euro(self) -> CostMetric:
        if self.limit is not None:
            in_euro(self.limit)
        return self


class LatencyMetric(Metric):
    """The part of the cases that are too slow, from being taken in to the first decision or question."""

    limit: Duration = Field(description="a case that takes longer is too slow")


class Metrics(Part):
    """What a canary is compared by, beside wrong automatic answers, which always count."""

    cost: CostMetric | None = Field(default=None, description="what cases cost")
    latency: LatencyMetric | None = Field(default=None, description="cases above a limit of time")
    review_rate: Metric | None = Field(
        default=None, description="part of the cases that people are asked about"
    )
    kpi: Metric | None = Field(
        default=None, description="the figure of single cases, `kpi.per_case`, between its two ends"
    )


class Canary(Part):
    """How much a canary works, and when its test ends."""

    share: float = Field(
        default=0.2, gt=0, lt=1, description="its part of the live cases; with `steps` that of the last one"
    )
    min_cases: int = Field(default=50, gt=0, description="cases with an outcome before production")
    min_duration: Duration = Field(default="0s", description="how long it lasts at least, without `steps`")
    margin: float = Field(
        default=0.03, ge=0, lt=1, description="halted once proven worse by more than this"
    )
    tolerance: float = Field(
        default=0.1, gt=0, lt=1, description="promoted once proven not worse by this much"
    )
    delta: float = Field(
        default=0.05, gt=0, lt=1, description="risk of a false rollback, whenever one looks"
    )
    steps: list[CanaryStep] = Field(
        default=[], max_length=20, description="growing parts of the live cases; none: one step of `share`"
    )
    advance: Literal["manual", "automatic"] = Field(
        default="manual",
        description="who moves it to its next step once one is passed; into production a person always does",
    )
    metrics: Metrics = Field(default=Metrics(), description="what it is compared by beside wrong answers")

    @model_validator(mode="before")
    @classmethod
    def _share_of_the_last_step(cls, data: Any) -> Any:
        steps = data.get("steps") if isinstance(data, Mapping) else None
        if isinstance(steps, list) and steps and "share" not in data:
            last = steps[-1]
            share = last.get("share") if isinstance(last, Mapping) else getattr(last, "share", None)
            return data if share is None else {**data, "share": share}
        return data

    @model_validator(mode="after")
    def _steps_grow(self) -> Canary:
        shares = [step.share for step in self.steps]
        if any(second <= first for first, second in pairwise(shares)):
            raise ValueError("the shares of `steps` grow from step to step")
        if shares and self.share != shares[-1]:
            raise ValueError("`share` is that of the last of `steps`; name one of the two")
        if shares and seconds(self.min_duration):
            raise ValueError("with `steps` each step has its own `min_duration`")
        return self

    @property
    def plan(self) -> tuple[CanaryStep, ...]:
        """Its steps; a single share is one."""
        only = CanaryStep(share=self.share, min_cases=self.min_cases, min_duration=self.min_duration)
        return tuple(self.steps) or (only,)


class ReleasePlan(Part):
    """How a release gets to production, and back."""

    shadow: Shadow = Field(default=Shadow(), description="watching live cases")
    canary: Canary = Field(default=Canary(), description="working a part of them")
    rollback_window: Duration = Field(
        default="7d", description="how long the release before stays fit to come back by one command"
    )
