"""The figures that a value is reckoned from: which range each has, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from roadworthy.business.assessment import Assessment, Range
from roadworthy.business.facts import Estimate, Facts
from roadworthy.business.policy import FIGURES, Assumed, Policy
from roadworthy.business.spreads import Z90, Fixed, Spread, amount, counted, share
from roadworthy.business.tier import RiskTier, tier_of

_ASKED = {
    "volume": ("volume", "cases_per_month"),
    "minutes": ("minutes", "minutes_per_case"),
    "hourly": ("hourly_cost", "cost_per_hour"),
    "error_cost": ("error", "cost_of_error"),
    "build": ("integration", "build_cost"),
    "automation_share": ("autonomy", "automation_share"),
    "error_share": ("error", "error_share"),
    "minutes_left": ("minutes", "minutes_left"),
    "review_minutes": ("review", "minutes_per_review"),
    "price_per_case": ("vendor", "price_per_case"),
    "infrastructure": ("operation", "infrastructure_per_month"),
    "people": ("operation", "people_per_month"),
    "exit": ("fallback", "exit_cost"),
    "worth": ("kpi", "worth_per_month"),
}
_SHARES = frozenset({"automation_share", "error_share"})
ESSENTIAL = ("volume", "minutes", "hourly", "build")
ONLY_ALONE = ("automation_share", "error_share", "error_cost", "minutes_left")
"""Figures that matter only where something leaves without a person."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its range, its distribution, and who says so.

    ``came`` is asked (somebody answered), measured (a fact replaced the answer) or assumed (nobody
    knows, the policy says what to take).
    """

    name: str
    answer: str
    range: Range
    spread: Spread
    came: Literal["asked", "measured", "assumed"]
    source: str
    of: str = ""
    """Where set, the distribution is that of a part: of `minutes`, `build`, or `case`, what a case costs today."""

    @property
    def leans_on(self) -> tuple[str, ...]:
        """The figures that this one is a part of."""
        return ("minutes", "hourly") if self.of == "case" else (self.of,) if self.of else ()


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of an idea, and the ones without which no value can be computed."""

    currency: str
    alone: bool
    tier: RiskTier
    figures: tuple[Figure, ...]
    missing: tuple[str, ...]
    repeated_calls: float

    def __getitem__(self, name: str) -> Figure:
        return next(one for one in self.figures if one.name == name)


def figures_of(assessment: Assessment, facts: Facts, policy: Policy) -> Figures:
    """Every figure of an idea: measured where it was measured, else asked, else assumed.

    Edge: where it is not to act alone, the part that leaves alone is 0, and figures that only matter
    then are left out. Without an answer about autonomy it is taken not to.
    """
    alone = assessment.text("autonomy", "wanted") == "automatic"
    wanted = [name for name in FIGURES if alone or name not in ONLY_ALONE]
    found: dict[str, Figure] = {}
    missing: list[str] = []
    for name in wanted:
        figure = _measured(name, facts) or _asked(name, assessment, policy)
        if figure is None and name not in {*ESSENTIAL, "error_cost"}:
            figure = _assumed(name, found, policy)
        if figure is not None:
            found[name] = figure
        elif name in {*ESSENTIAL, "error_cost"}:
            missing.append(".".join(_ASKED[name]))
    return Figures(
        currency=assessment.currency,
        alone=alone,
        tier=tier_of(assessment),
        figures=tuple(found.values()),
        missing=tuple(missing),
        # A measured cost has the repetitions in it.
        repeated_calls=0.0 if facts.cost_per_case else policy.repeated_calls,
    )


def _measured(name: str, facts: Facts) -> Figure | None:
    if name == "automation_share" and facts.automation:
        tried = facts.automation
        spread = counted(tried.count, tried.total - tried.count)
        told = f"{tried.source}, {tried.count} of {tried.total}"
        return Figure(name, ".".join(_ASKED[name]), _quantiles(spread), spread, "measured", told)
    estimates = {
        "error_share": facts.error,
        "price_per_case": facts.cost_per_case,
        "review_minutes": facts.review_minutes,
    }
    found = estimates.get(name)
    if found is None:
        return None
    spread = _spread(name, found)
    told = f"{found.source}, n = {found.n}"
    return Figure(name, ".".join(_ASKED[name]), _quantiles(spread), spread, "measured", told)


def _spread(name: str, found: Estimate) -> Spread:
    if name in _SHARES:
        return share(found.low, found.value, found.high, within=found.confidence)
    reach = float(special.ndtri((1 + found.confidence) / 2))
    return amount(found.low, found.value, found.high, reach=reach)


def _asked(name: str, assessment: Assessment, policy: Policy) -> Figure | None:
    question, field = _ASKED[name]
    told = assessment.range(question, field)
    if told is None:
        return None
    wide = widened(told, policy.figure_spread, is_share=name in _SHARES)
    return Figure(name, f"{question}.{field}", wide, _of(name, wide), "asked", assessment.told(question))


def widened(told: Range, factor: float, *, is_share: bool) -> Range:
    """A single figure as the range it is read as; a stated range as it is, and 0 as 0.

    Somebody who gives one figure would otherwise be taken for surer than somebody who gives a range.
    """
    if not told.single or told.p50 == 0:
        return told
    if is_share:
        return Range(told.p50 / factor, told.p50, 1 - (1 - told.p50) / factor)
    return Range(told.p50 / factor, told.p50, told.p50 * factor)


def _assumed(name: str, found: dict[str, Figure], policy: Policy) -> Figure | None:
    answer = ".".join(_ASKED[name])
    source = f"assumed by policy {policy.version}"
    if name == "worth":
        return Figure(name, answer, Range(0.0, 0.0, 0.0), Fixed(0.0), "assumed", "nothing was stated")
    rule: Assumed = getattr(policy.assumed, name)
    scale = 1.0
    if rule.of == "case":
        if not {"minutes", "hourly"} <= set(found):
            return None
        scale = found["minutes"].range.p50 * found["hourly"].range.p50 / 60
    elif rule.of is not None:
        if rule.of not in found:
            return None
        scale = found[rule.of].range.p50
    part = Range(rule.p10, rule.p50, rule.p90)
    return Figure(name, answer, part.times(scale), _of(name, part), "assumed", source, rule.of or "")


def _of(name: str, told: Range) -> Spread:
    return (share if name in _SHARES else amount)(told.p10, told.p50, told.p90)


def _quantiles(spread: Spread) -> Range:
    low, middle, high = (float(one) for one in spread.at(np.array([-Z90, 0.0, Z90])))
    return Range(low, middle, high)
