"""How will this scale? What was measured, at more than the expected volume, and what breaks first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.charter import Charter
from roadworthy.evidence import Evidence, Measurement

MULTIPLES: Final = (1, 3, 10)
WORKING_HOURS: Final = 40 * 52 / 12
"""Hours in which a month's cases arrive: full weeks of 40 hours. Where they come evenly, an hour has fewer."""

FEWEST: Final = 20
"""Cases below which nothing is said about the time that 95 of 100 take."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast live cases went that nobody had to look at.

    ``p95_seconds``   from intake until the last effect was confirmed; None for fewer than FEWEST cases.
    ``busiest_hour``  most of them that were done within one hour: so much was worked, more was not tried.
    """

    n: int = 0
    p95_seconds: float | None = None
    busiest_hour: int = 0


@dataclass(frozen=True, slots=True)
class At:
    """A limited figure at a multiple of the volume. ``holds`` is None where nothing measured tells."""

    multiple: int
    value: float | None
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing that may break as the volume grows.

    ``breaks_at``  the multiple of the expected volume from which it no longer holds; None: not known.
    """

    name: str
    unit: str
    limit: float | None
    breaks_at: float | None
    at: tuple[At, ...]
    rests_on: str


@dataclass(frozen=True, slots=True)
class Scale:
    """All limits at the expected volume of cases a month and multiples of it."""

    cases_per_month: int
    limits: tuple[Limit, ...]

    @property
    def first(self) -> Limit | None:
        """What breaks first, of what was measured."""
        known = [limit for limit in self.limits if limit.breaks_at is not None]
        return min(known, key=lambda limit: (limit.breaks_at, limit.name), default=None)

    @property
    def sentence(self) -> str:
        """The answer in a line, with what nobody has measured."""
        silent = [limit.name for limit in self.limits if limit.breaks_at is None]
        unknown = f"; not known how far these go: {', '.join(silent)}" if silent else ""
        if self.first is None or self.first.breaks_at is None:
            return f"nothing was measured that tells where it breaks{unknown}"
        times = self.first.breaks_at
        if times < 1:
            told = f"{self.first.name} breaks before the expected {self.cases_per_month:,} cases a month are reached"
        elif math.isinf(times):
            told = "nothing that was measured grows with the volume"
        else:
            shown = f"{math.floor(times * 10) / 10:,g}"
            told = (
                f"{self.first.name} breaks first, beyond {shown} times the expected "
                f"{self.cases_per_month:,} cases a month"
            )
        return told + unknown

    def as_json(self) -> Mapping[str, object]:
        """The answer as every door shows it; what is not finite is null."""
        return {
            "cases_per_month": self.cases_per_month,
            "sentence": self.sentence,
            "breaks_first": self.first.name if self.first else None,
            "limits": [
                {
                    "name": limit.name,
                    "unit": limit.unit,
                    "limit": limit.limit,
                    "breaks_at": _finite(limit.breaks_at),
                    "rests_on": limit.rests_on,
                    "at": [{"times": at.multiple, "value": at.value, "holds": at.holds} for at in limit.at],
                }
                for limit in self.limits
            ],
        }


def scale(charter: Charter, evidence: Evidence, pace: Pace) -> Scale:
    """Money, people, time and throughput at 1, 3 and 10 times the volume that the charter expects.

    Measured figures enter with the worse end of their interval. Cost and reviews grow with the volume;
    the time of a case and the throughput are only said to hold at a rate that was worked already, or
    that a measurement `operation.throughput` (cases per second) showed.
    """
    volume = charter.value.cases_per_month
    return Scale(volume, tuple(_limits(charter, evidence, pace, volume)))


def _limits(charter: Charter, evidence: Evidence, pace: Pace, volume: int) -> Iterator[Limit]:
    cost = evidence.find("cost.per_case")
    month = _worse(cost) * volume if cost and cost.unit == "EUR" else None
    yield _growing(
        "the monthly budget",
        "EUR a month",
        month,
        charter.number("budget.per_month"),
        _says(cost, "cost of a case"),
    )
    load = evidence.find("business.review_load")
    share = _worse(load) if load else None
    yield _growing(
        "the reviewers' time", "share of their hours", share, 1.0, _says(load, "share that people review")
    )
    hourly = volume / WORKING_HOURS
    loaded = evidence.find("operation.throughput")
    measured = loaded is not None and loaded.unit == "cases per second"
    shown = _worse(loaded, low=True) * 3600 if loaded is not None and measured else float(pace.busiest_hour)
    rate = f"{hourly:,.0f} cases an hour expected, a month's cases in {WORKING_HOURS:.0f} working hours"
    yield _answered_in_time(charter.slo.p95_seconds, pace, shown, hourly)
    if measured:
        yield Limit(
            "the throughput",
            "cases an hour",
            shown,
            shown / hourly,
            tuple(At(k, hourly * k, hourly * k <= shown) for k in MULTIPLES),
            f"{_says(loaded, 'load drill')}; {rate}",
        )
    else:
        yield Limit(
            "the throughput",
            "cases an hour",
            None,
            None,
            tuple(At(k, hourly * k, True if hourly * k <= shown else None) for k in MULTIPLES),
            f"{pace.busiest_hour:,} live cases in the busiest hour so far; {rate}",
        )


def _answered_in_time(asked: float, pace: Pace, shown: float, hourly: float) -> Limit:
    p95 = pace.p95_seconds
    holds: Sequence[bool | None] = [
        None if p95 is None or (p95 <= asked and hourly * k > shown) else p95 <= asked for k in MULTIPLES
    ]
    told = (
        f"{pace.n:,} live cases that left without a person"
        if p95 is not None
        else f"{pace.n} live cases that left without a person, at least {FEWEST} are needed"
    )
    return Limit(
        "the time of a case",
        "seconds for 95 of 100",
        asked,
        0.0 if p95 is not None and p95 > asked else None,
        tuple(
            At(k, p95 if hold is not None else None, hold) for k, hold in zip(MULTIPLES, holds, strict=True)
        ),
        told,
    )


def _growing(name: str, unit: str, once: float | None, limit: float | None, rests_on: str) -> Limit:
    """A figure that is ``once`` at the expected volume and grows in step with it."""
    if once is None or limit is None or not math.isfinite(once) or once < 0:
        return Limit(name, unit, limit, None, tuple(At(k, None, None) for k in MULTIPLES), rests_on)
    breaks_at = limit / once if once else math.inf
    at = tuple(At(k, once * k, once * k <= limit) for k in MULTIPLES)
    return Limit(name, unit, limit, breaks_at, at, rests_on)


def _worse(measured: Measurement | None, *, low: bool = False) -> float:
    if measured is None:
        return math.nan
    if measured.interval is None:
        return measured.value
    return measured.interval.low if low else measured.interval.high


def _says(measured: Measurement | None, what: str) -> str:
    if measured is None:
        return f"{what}: never measured, or expired"
    return f"{what}: {measured.method}, n={measured.n:,}, {measured.at:%Y-%m-%d}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
