"""One month of a use case: what its cases took, cost and brought, as every door shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.measure.value.forecast import Band, Calibration
from roadworthy.measure.value.reviewing import Minutes
from roadworthy.quantities import Cost, Interval, Money


@dataclass(frozen=True, slots=True)
class Errors:
    """How often automatic cases of a month were wrong, and where that is known from."""

    source: str
    checked: int
    share: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Rated:
    """How content people were with the concluded cases of a month. Who rates chose to: it is no sample."""

    cases: int
    mean: float
    satisfied: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Month:
    """One month of intake, in UTC. ``stayed`` are cases kept with people by lot: they take no part in the rest.

    ``adoption``: the part of the concluded cases that no person was needed for. ``saved`` minus ``harm``,
    usage and running cost is ``net``; ``net_range`` takes the ends of what the errors may be. None is
    unknown, and ``findings`` say why.
    """

    month: str
    over: bool
    cases: int
    concluded: int
    automatic: int
    by_person: int
    stayed: int
    adoption: float | None
    adoption_interval: Interval
    reviews: int
    minutes_saved: float
    errors: Errors | None
    errors_avoided: float | None
    rated: Rated | None
    usage: tuple[Cost, ...]
    cost_per_outcome: Cost | None
    saved: Money
    harm: Money | None
    net: Money | None
    net_range: tuple[Money, Money] | None
    band: Band | None
    inside: bool | None
    findings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As every door shows it; money as text."""
        return {
            "month": self.month,
            "over": self.over,
            "cases": self.cases,
            "concluded": self.concluded,
            "automatic": self.automatic,
            "by_person": self.by_person,
            "stayed_by_lot": self.stayed,
            "adoption": self.adoption,
            "adoption_interval": [self.adoption_interval.low, self.adoption_interval.high],
            "reviews": self.reviews,
            "minutes_saved": round(self.minutes_saved, 1),
            "errors": None
            if self.errors is None
            else {
                "source": self.errors.source,
                "checked": self.errors.checked,
                "share": self.errors.share,
                "interval": [self.errors.interval.low, self.errors.interval.high],
            },
            "errors_avoided": self.errors_avoided,
            "rated": None
            if self.rated is None
            else {
                "cases": self.rated.cases,
                "mean_stars": self.rated.mean,
                "satisfied": self.rated.satisfied,
                "interval": [self.rated.interval.low, self.rated.interval.high],
            },
            "usage": [str(cost) for cost in self.usage],
            "cost_per_outcome": str(self.cost_per_outcome) if self.cost_per_outcome else None,
            "saved": str(self.saved),
            "harm": str(self.harm) if self.harm else None,
            "net": str(self.net) if self.net else None,
            "net_range": [str(end) for end in self.net_range] if self.net_range else None,
            "forecast": self.band.as_json() if self.band else None,
            "inside": self.inside,
            "findings": list(self.findings),
        }


@dataclass(frozen=True, slots=True)
class Realised:
    """The value month by month, the oldest first, and how the forecasts held."""

    use_case: str
    currency: str
    months: tuple[Month, ...]
    minutes: Minutes
    calibration: Calibration | None
    findings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "use_case": self.use_case,
            "currency": self.currency,
            "causal": "not causal: compared with what the charter says a case took before",
            "minutes_per_review": self.minutes.as_json(),
            "months": [month.as_json() for month in self.months],
            "calibration": self.calibration.as_json() if self.calibration else None,
            "findings": list(self.findings),
        }
