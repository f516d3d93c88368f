"""How ideas are judged: thresholds and assumptions, read from a versioned policy file."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from roadworthy.business.page import ordered
from roadworthy.charter.parts import Part
from roadworthy.errors import InputProblem
from roadworthy.placed import Page, near

_Positive = Annotated[float, Field(gt=0, le=1e6)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Between = Annotated[float, Field(gt=0, lt=1)]
BLOCKERS = (
    "data.owner_missing",
    "data.permission_missing",
    "data.permission_unknown",
    "data.personal_unknown",
    "data.protection_not_assessed",
    "data.readiness_low",
    "people.unchecked",
    "people.affected_unknown",
    "people.no_impact_assessment_owner",
    "autonomy.unknown",
    "tools.irreversible_without_rule",
    "tools.without_rule",
    "tools.effect_unknown",
    "review.unknown",
    "review.overload",
    "fallback.missing",
    "operation.nobody_runs_it",
)
"""Everything that holds a good idea back until it is settled."""


WAITS = (
    "task.unknown",
    "owner.missing",
    "owner.may_not_change_process",
    "kpi.no_baseline",
    "value.unpriced",
    "value.too_small",
    "value.too_uncertain",
    "labels.none",
    "integration.open",
)
"""Everything for which an idea waits."""


class Assumed(Part):
    """A range taken where nobody knows; with ``of`` as a part of a figure that is known."""

    of: Literal["minutes", "case", "build"] | None = None
    p10: _Positive
    p50: _Positive
    p90: _Positive

    @model_validator(mode="after")
    def _runs_upward(self) -> Assumed:
        if not self.p10 <= self.p50 <= self.p90:
            raise ValueError("a range runs upward")
        return self


class Assumptions(Part):
    """One assumed range per figure that may be unknown."""

    minutes_left: Assumed
    review_minutes: Assumed
    automation_share: Assumed
    error_share: Assumed
    price_per_case: Assumed
    infrastructure: Assumed
    people: Assumed
    exit: Assumed

    @model_validator(mode="after")
    def _shares_are_shares(self) -> Assumptions:
        for name in ("automation_share", "error_share"):
            if getattr(self, name).p90 >= 1 or getattr(self, name).of:
                raise ValueError(f"`{name}` is a share below 1, of nothing else")
        return self


class Governance(Part):
    """Hours a month that a tier takes to keep."""

    minimal: float = Field(ge=0)
    limited: float = Field(ge=0)
    high: float = Field(ge=0)

    @model_validator(mode="after")
    def _a_higher_tier_is_no_cheaper(self) -> Governance:
        if not self.minimal <= self.limited <= self.high:
            raise ValueError("a higher tier takes no fewer hours")
        return self


class Policy(Part):
    """One version of the policy file. Times in months or weeks as named, shares 0 to 1."""

    version: str = Field(min_length=1)
    horizon_months: int = Field(gt=1, le=120)
    build_months: int = Field(ge=0, le=36)
    ramp_months: int = Field(ge=1, le=36)
    discount_per_year: float = Field(ge=0, le=1)
    month_noise: float = Field(ge=0, le=1)
    figure_spread: float = Field(ge=1, le=10)
    repeated_calls: float = Field(ge=0, le=10)
    spot_check_share: _Share
    draws: int = Field(ge=100, le=200_000)
    moves_with_volume: dict[str, Annotated[float, Field(ge=-1, le=1)]]
    assumed: Assumptions
    governance_hours_per_month: Governance
    fund_probability: _Between
    stand_probability: _Between
    stage_share: _Between
    stage_weeks: int = Field(gt=0, le=104)
    readiness_bar: _Share
    review_load_bar: _Positive
    alpha: _Between
    delta: _Between
    hours_per_week: _Positive
    hours: dict[str, Annotated[float, Field(ge=0, le=1e4)]]
    gate_passed: dict[Literal["fund", "govern first"], _Share]

    @model_validator(mode="after")
    def _is_whole(self) -> Policy:
        if self.stand_probability > self.fund_probability:
            raise ValueError("`stand_probability` is at most `fund_probability`")
        if self.build_months >= self.horizon_months:
            raise ValueError("`build_months` is less than `horizon_months`")
        if missing := {*BLOCKERS, *WAITS} - set(self.hours):
            raise ValueError(f"`hours` lacks {', '.join(sorted(missing))}")
        if unknown := sorted(set(self.hours) - {*BLOCKERS, *WAITS}):
            raise ValueError(f"`hours`: no reason `{unknown[0]}`; {near(unknown[0], (*BLOCKERS, *WAITS))}")
        if lost := sorted(set(self.moves_with_volume) - set(FIGURES)):
            raise ValueError(f"`moves_with_volume`: no figure `{lost[0]}`; {near(lost[0], FIGURES)}")
        if len(self.gate_passed) < 2:
            raise ValueError("`gate_passed` holds `fund` and `govern first`")
        return self


FIGURES = (
    "volume",
    "minutes",
    "hourly",
    "error_cost",
    "build",
    "automation_share",
    "error_share",
    "minutes_left",
    "review_minutes",
    "price_per_case",
    "infrastructure",
    "people",
    "exit",
    "worth",
)
"""What the value of an idea is reckoned from."""


def parse_policy(text: str, *, place: str) -> Policy:
    """Read a policy file.

    Errors: ``InputProblem`` RW-BUSINESS-010 with every problem of the file.
    """
    page = Page(place)
    data = page.read(text, expected="expected a mapping with `version`, thresholds and assumptions")
    if data is not None:
        try:
            found = Policy.model_validate(data)
        except ValidationError as invalid:
            for error in islice(invalid.errors(), 100):
                path = tuple(error["loc"])
                name = ".".join(map(str, path)) or "policy"
                hint = (
                    near(str(path[-1]), Policy.model_fields) if error["type"] == "extra_forbidden" else ""
                )
                page.say(f"`{name}`: {error['msg'].removeprefix('Value error, ').lower()}", path, hint)
        else:
            if not page.problems:
                return found
    raise InputProblem("RW-BUSINESS-010", ordered(page))
