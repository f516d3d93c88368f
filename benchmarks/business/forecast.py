"""Do the cost forecast's bands hold as often as they say, and do day alarms ring as rarely?

Simulated months whose days differ by weekday, come in good and bad weeks and hold heavy-tailed cases.
Every band sees only the days before it; the share of months that end inside it is set beside 80 %.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import Bar, arguments, at_least, at_most, report

from roadworthy.business.costs.anomalies import unusual_days
from roadworthy.business.costs.forecast import DayTotal, forecast_month, forecast_volume
from roadworthy.business.costs.rows import OneCase

_FIRST = date(2026, 1, 5)


@dataclass(frozen=True)
class World:
    """How days and cases come about. ``noise``: of a day's volume; ``weeks``: of a whole week's."""

    name: str
    volume: float
    weekend: float
    noise: float
    weeks: float
    spread: float
    history: int


WORLDS = (
    World("steady, 28 days known", 200, 1.0, 0.1, 0.0, 0.5, 28),
    World("quiet weekends, 42 days", 120, 0.2, 0.2, 0.0, 1.0, 42),
    World("quiet weekends, 91 days", 120, 0.2, 0.2, 0.0, 1.0, 91),
    World("heavy-tailed cases, 91 days", 60, 0.5, 0.2, 0.0, 2.0, 91),
    World("few cases, 63 days", 8, 0.3, 0.3, 0.0, 1.2, 63),
    World("good and bad weeks, 63 days", 150, 0.4, 0.15, 0.12, 0.8, 63),
)


def days_of(world: World, count: int, rng: np.random.Generator) -> list[DayTotal]:
    """A course of days: volume by weekday, week and day, costs by a lognormal law."""
    found, week = [], 1.0
    for at in range(count):
        day = _FIRST + timedelta(days=at)
        if at % 7 == 0:
            week = float(np.exp(rng.normal(0, world.weeks)))
        mean = world.volume * (world.weekend if day.weekday() >= 5 else 1.0) * week
        cases = int(rng.poisson(mean * float(np.exp(rng.normal(0, world.noise)))))
        nano = int(rng.lognormal(np.log(2e6), world.spread, size=cases).sum()) if cases else 0
        found.append(DayTotal(day, cases, nano))
    return found


def months(world: World, count: int, seed: int) -> tuple[float, float]:
    """Share of months that end inside their band, and the width of bands against what came."""
    rng = np.random.default_rng(seed)
    held, widths = 0, []
    for number in range(count):
        ahead = int(rng.integers(5, 31))
        # The month has 30 days or 31 by the calendar: begin so that `ahead` of them are left.
        course = days_of(world, world.history + 62, rng)
        today = next(
            day.day for day in course[world.history :] if ((day.day + timedelta(days=ahead)).day == 1)
        )
        at = (today - _FIRST).days
        known, span = course[at - world.history : at], course[at : at + ahead]
        band = forecast_month(known, today=today, so_far=0, seed=number, draws=800).band
        assert band is not None
        came = sum(day.nano for day in span)
        held += band.low <= came <= band.high
        widths.append((band.high - band.low) / came)
    return held / count, float(np.median(widths))


def volumes(world: World, count: int, seed: int) -> float:
    """Share of months of a set volume inside the band made from single cases."""
    rng = np.random.default_rng(seed)
    held, target, days = 0, 3_000, 60
    for number in range(count):
        shift = np.exp(rng.normal(0, world.noise, size=days))
        seen = [
            OneCase(_FIRST + timedelta(days=at), "r", "", int(nano))
            for at in range(days)
            for nano in shift[at] * rng.lognormal(np.log(2e6), world.spread, size=20)
        ]
        band = forecast_volume(seen, cases=target, seed=number, draws=400).band
        assert band is not None
        coming = np.exp(rng.normal(0, world.noise, size=30))
        came = sum(
            float(factor * rng.lognormal(np.log(2e6), world.spread, size=target // 30).sum())
            for factor in coming
        )
        held += band.low <= came <= band.high
    return held / count


def false_alarms(world: World, count: int, seed: int) -> float:
    """Alarms per day that was looked at, where nothing ever changes."""
    rng = np.random.default_rng(seed)
    alarms = looked = 0
    for _ in range(count):
        found = unusual_days(days_of(world, 120, rng))
        alarms += len({one.day for one in found.alarms if one.day is not None})
        looked += found.looked
    return alarms / looked


def main() -> int:
    options = arguments("Do cost bands hold as often as they say?").parse_args()
    each = 60 if options.quick else 1_000
    ends = {world.name: months(world, each, seed) for seed, world in enumerate(WORLDS)}
    at_volume = {
        world.name: volumes(world, max(30, each // 10), seed)
        for seed, world in enumerate(WORLDS)
        if not world.weeks
    }
    rang = {world.name: false_alarms(world, max(20, each // 40), seed) for seed, world in enumerate(WORLDS)}
    overall = sum(share for share, _ in ends.values()) / len(ends)
    if not options.json:
        for name, (share, width) in ends.items():
            print(f"{name:32} inside {share:6.1%}  width {width:5.2f} of what came")
        for name, share in at_volume.items():
            print(f"{name:32} at a set volume inside {share:6.1%}")
        for name, share in rang.items():
            print(f"{name:32} false alarms per day {share:.4f}")
    slack = 0.08 if options.quick else 0.02
    bars: list[Bar] = [
        at_least("months inside their 80 % band, over all", round(overall, 4), 0.8 - slack),
        at_most("the same, no wider than it says", round(overall, 4), 0.8 + slack),
        at_least("at a set volume", round(sum(at_volume.values()) / len(at_volume), 4), 0.8 - 2 * slack),
        at_most(
            "at a set volume, no wider", round(sum(at_volume.values()) / len(at_volume), 4), 0.8 + 2 * slack
        ),
        at_most("false alarms per day that was looked at", round(max(rang.values()), 5), 0.02),
    ]
    figures = {
        "months": {
            name: {"inside": share, "width": round(width, 3)} for name, (share, width) in ends.items()
        },
        "at_volume": at_volume,
        "false_alarms_per_day": rang,
        "simulated_each": each,
    }
    return report("cost forecast", figures, bars, packages=("numpy", "scipy"))


if __name__ == "__main__":
    sys.exit(main())
