"""What a month will cost: a band that holds four times in five, by resampling days and cases."""

from __future__ import annotations

import calendar
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.business.costs.rows import OneCase
from roadworthy.quantities import Interval, Share
from roadworthy.trust import wilson

LEAST_DAYS: Final = 28
MOST_DAYS: Final = 91
LEAST_CASES: Final = 30
LEAST_CASE_DAYS: Final = 7
DRAWS: Final = 2_000
_MOST_DRAWN = 10_000_000
_MONTH = 30
INSIDE: Final = 0.8
_BLOCK = 7
# From so many days on each weekday has eight of its own; before, only workdays and weekends differ.
_ALL_WEEKDAYS = 56
_LOW, _MIDDLE, _HIGH = (1 - INSIDE) / 2, 0.5, (1 + INSIDE) / 2


@dataclass(frozen=True, slots=True)
class DayTotal:
    """A whole day (UTC): how many live cases came, and what live steps cost."""

    day: date
    cases: int
    nano: int


@dataclass(frozen=True, slots=True)
class Band:
    """Nano-units that a figure stays between four times in five, and its middle."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class BackTest:
    """How often the band held where the outcome is known by now. ``interval``: what its coverage may be.

    Spans do not overlap; each band saw only the days before its span.
    """

    held: int
    spans: int
    days: int

    @property
    def interval(self) -> Interval:
        """Wilson's interval at 95 % of the share that held."""
        return wilson(self.held, self.spans, confidence=Share(0.95))

    @property
    def sentence(self) -> str:
        """For people."""
        found = self.interval
        return (
            f"{self.held} of {self.spans} earlier spans of {self.days} days ended inside their band; "
            f"promised are {INSIDE:.0%}, compatible are {found.low:.0%} to {found.high:.0%}"
        )


@dataclass(frozen=True, slots=True)
class MonthForecast:
    """What a month will have cost at its end, and when the budget will be gone.

    ``band`` is None where there is too little to say; ``note`` says what is missing. ``runs_out`` holds
    the early, middle and late day of which four fifths of all courses lie between the first and the
    last; None in a place means: not within the month.
    """

    month: str
    so_far: int
    days_left: int
    history: int
    band: Band | None
    runs_out: tuple[date | None, date | None, date | None]
    tested: BackTest | None
    note: str


def forecast_month(
    history: Sequence[DayTotal],
    *,
    today: date,
    so_far: int,
    spent_today: int = 0,
    limit: int = 0,
    seed: int = 1,
    draws: int = DRAWS,
) -> MonthForecast:
    """Where the month of ``today`` ends.

    ``history`` are the whole days before ``today``, in order and without gaps: a day without cases is
    a day of nothing. ``so_far`` is what the month has cost before today, ``spent_today`` since midnight.

    Method:  what days deviate from the mean of their weekday is resampled in blocks of a week, so that
             good and bad weeks stay together; the means are estimated anew in every draw, so that their
             own uncertainty is in the band. Widened as Student's t asks for so few weeks.
    Holds:   as long as the days to come are like those before: no trend, no campaign. Where whole weeks
             are good or bad together, a band of 80 % holds in about 74 of 100 months; `benchmarks/
             business/forecast.py` measures it.
    Edge:    fewer than LEAST_DAYS days, or none that cost anything: no band, and a note that says so.
    """
    end = calendar.monthrange(today.year, today.month)[1]
    ahead = [today + timedelta(days=after) for after in range(end - today.day + 1)]
    known = list(history)[-MOST_DAYS:]
    month = f"{today:%Y-%m}"
    nothing: tuple[None, None, None] = (None, None, None)
    _check_gapless(known, today)
    if len(known) < LEAST_DAYS or not any(day.nano for day in known):
        have = f"{len(known)} whole days" if len(known) < LEAST_DAYS else "no day with a cost"
        note = f"too little to say: {have}, a band takes {LEAST_DAYS} days with live cases among them"
        return MonthForecast(month, so_far, len(ahead), len(known), None, nothing, None, note)
    paths = _paths(known, ahead, seed=seed, draws=draws)
    # Today has cost at least what it has cost until now.
    paths[:, 0] = np.maximum(paths[:, 0], spent_today)
    course = so_far + np.maximum(np.maximum.accumulate(np.cumsum(paths, axis=1), axis=1), spent_today)
    tested = back_test(known, days=len(ahead), seed=seed)
    return MonthForecast(
        month,
        so_far,
        len(ahead),
        len(known),
        _band(so_far + np.maximum(paths.sum(axis=1), spent_today)),
        _runs_out(course, ahead, limit) if limit else nothing,
        tested,
        "" if tested else "too few days to test the band on what is past",
    )


def back_test(known: Sequence[DayTotal], *, days: int, seed: int, draws: int = 500) -> BackTest | None:
    """How often the band held over past spans of so many days; None where no span has LEAST_DAYS before it."""
    held = spans = 0
    for end in range(len(known), LEAST_DAYS + days - 1, -days):
        before, span = known[: end - days], known[end - days : end]
        if not any(day.nano for day in before):
            continue
        found = _band(_paths(before, [day.day for day in span], seed=seed, draws=draws).sum(axis=1))
        held += found.low <= sum(day.nano for day in span) <= found.high
        spans += 1
    return BackTest(held, spans, days) if spans else None


def _check_gapless(known: Sequence[DayTotal], today: date) -> None:
    for before, after in itertools.pairwise(known):
        if after.day - before.day != timedelta(days=1):
            raise ValueError(f"days come in order and without gaps, found {before.day} and {after.day}")
    if known and known[-1].day >= today:
        raise ValueError("history ends before today")


def _classes(days: Sequence[date], *, all_weekdays: bool) -> NDArray[np.int64]:
    return np.array([day.weekday() if all_weekdays else int(day.weekday() >= 5) for day in days])


def _paths(
    known: Sequence[DayTotal], ahead: Sequence[date], *, seed: int, draws: int
) -> NDArray[np.float64]:
    """Courses of the days ahead. Shape: (draws, days ahead), nano-units."""
    costs = np.array([float(day.nano) for day in known])
    all_weekdays = len(known) >= _ALL_WEEKDAYS
    kinds = _classes([day.day for day in known], all_weekdays=all_weekdays)
    coming = _classes(ahead, all_weekdays=all_weekdays)
    count = int(max(kinds.max(), coming.max())) + 1
    means, spreads = np.zeros(count), np.zeros(count)
    for kind in range(count):
        own = costs[kinds == kind]
        if len(own):
            means[kind] = own.mean()
            spreads[kind] = own.std(ddof=1) if len(own) > 1 else 0.0
    scale = np.where(spreads[kinds] > 0, spreads[kinds], 1.0)
    deviations = (costs - means[kinds]) / scale * _widening(len(known))
    rng = np.random.default_rng(seed)
    length = len(known) + len(ahead)
    drawn = _blocks(deviations, length, draws, rng)
    past, future = drawn[:, : len(known)], drawn[:, len(known) :]
    off = np.zeros((draws, count))
    for kind in range(count):
        if (kinds == kind).any():
            off[:, kind] = past[:, kinds == kind].mean(axis=1)
    return means[coming] + spreads[coming] * (future - off[:, coming])


def _blocks(
    deviations: NDArray[np.float64], length: int, draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Series of whole weeks of deviations, one after the other; the known days stand in a ring."""
    starts = rng.integers(0, len(deviations), size=(draws, math.ceil(length / _BLOCK)))
    places = (starts[:, :, None] + np.arange(_BLOCK)) % len(deviations)
    drawn: NDArray[np.float64] = deviations[places.reshape(draws, -1)[:, :length]]
    return drawn


def _widening(days: int) -> float:
    """What a spread known from so few weeks is widened by.

    The variance of block sums is estimated with about 1.5 degrees of freedom a block, and too small by
    the part that the mean takes out (Künsch 1989; Lahiri 2003, section 5).
    """
    freedom = 1.5 * days / _BLOCK
    tail = float(special.stdtrit(freedom, _HIGH)) / float(special.ndtri(_HIGH))
    return tail * math.sqrt(days / (days - _BLOCK))


def _band(totals: NDArray[np.float64]) -> Band:
    low, middle, high = (float(one) for one in np.quantile(np.maximum(totals, 0), (_LOW, _MIDDLE, _HIGH)))
    return Band(low, middle, high)


def _runs_out(
    course: NDArray[np.float64], ahead: Sequence[date], limit: int
) -> tuple[date | None, date | None, date | None]:
    over = course >= limit
    first = np.where(over.any(axis=1), over.argmax(axis=1), len(ahead))
    early, middle, late = (
        int(one) for one in np.quantile(first, (_LOW, _MIDDLE, _HIGH), method="inverted_cdf")
    )
    days = [*ahead, None]
    return days[early], days[middle], days[late]


@dataclass(frozen=True, slots=True)
class VolumeForecast:
    """What a month of so many cases would cost, and what one case costs on average."""

    cases: int
    seen: int
    band: Band | None
    each: Band | None
    note: str


def forecast_volume(
    seen: Sequence[OneCase], *, cases: int, seed: int = 1, draws: int = DRAWS
) -> VolumeForecast:
    """What a month of ``cases`` cases would cost in machines, if cases stay like those that were seen.

    Method:  the days of the month to come are drawn from those seen, within them cases, because costs are
             heavy-tailed and a day's cases resemble each other; the mean is estimated anew in every draw.
    Edge:    fewer than LEAST_CASES cases or LEAST_CASE_DAYS days: no band, and a note that says so.
    """
    days = sorted({one.day for one in seen})
    if len(seen) < LEAST_CASES or len(days) < LEAST_CASE_DAYS:
        note = (
            f"too little to say: {len(seen)} closed cases on {len(days)} days, a band takes "
            f"{LEAST_CASES} on {LEAST_CASE_DAYS}"
        )
        return VolumeForecast(cases, len(seen), None, None, note)
    place = {day: at for at, day in enumerate(days)}
    ordered = sorted(seen, key=lambda one: (one.day, one.nano))
    costs = np.array([float(one.nano) for one in ordered])
    of_day = np.array([place[one.day] for one in ordered])
    sizes = np.bincount(of_day)
    rng = np.random.default_rng(seed)
    draws = max(200, min(draws, _MOST_DRAWN // len(seen)))
    even = np.full(len(days), 1 / len(days))
    known = rng.multinomial(len(days), even, size=draws)
    coming = rng.multinomial(_MONTH, even, size=draws)
    # A spread known from so few days is too small: as in every bootstrap, by (n - 1) / n.
    grow = math.sqrt((len(days) + 1) / (len(days) - 1))
    sums, plain = np.bincount(of_day, weights=costs), float(costs.mean())
    each = plain + grow * ((known @ sums) / (known @ sizes) - plain)
    apart = _between(costs, of_day)
    totals = np.empty(draws)
    for draw, lot in enumerate(coming):
        expected = float(lot @ sums) / float(lot @ sizes)
        often = rng.poisson(cases / float(lot @ sizes) * lot[of_day])
        chance = float(often @ costs) - int(often.sum()) * expected
        totals[draw] = cases * (each[draw] + grow * apart * (expected - plain)) + chance
    return VolumeForecast(cases, len(seen), _band(totals), _band(each), "")


def _between(costs: NDArray[np.float64], of_day: NDArray[np.int64]) -> float:
    """Which part of the spread of daily means is the days' own: the rest is chance among a day's cases,
    which is drawn apart."""
    sizes = np.bincount(of_day)
    means = np.bincount(of_day, weights=costs) / sizes
    within = float(((costs - means[of_day]) ** 2).sum()) / max(1, len(costs) - len(sizes))
    seen = float(means.var(ddof=1))
    chance = within * float((1 / sizes).mean())
    return math.sqrt(max(0.0, 1 - chance / seen)) if seen else 0.0
