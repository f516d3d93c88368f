"""Days that do not fit what clean history allows, at a stated rate of false alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from roadworthy.business.costs.forecast import DayTotal
from roadworthy.quantities import Share
from roadworthy.trust import Alarm

Figure = Literal["volume", "cost per case", "missing", "drift"]

RATE: Final = 0.01
"""Days with a false alarm, of those that are looked at: about one in a hundred."""
LEAST_CLEAN: Final = 28
MOST_CLEAN: Final = 182
_LEAST_EXPECTED = 12.0
# Two figures share the rate of a day; creeping change gets as little as one of them again.
_FIGURES = 2
_CALM: Final = 0.5
# Costs a case have heavier tails than the normal law, and their own are too few to say how heavy.
_HEAVY = 8


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day that was rung for, and why. ``found`` and the usual range are cases, or nano-units a case."""

    day: date
    figure: Figure
    found: float | None
    low: float | None
    high: float | None
    p_value: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Unusual:
    """What was found in a course of days: ``looked`` days had enough clean history before them."""

    alarms: tuple[UnusualDay, ...]
    looked: int
    rate: float
    note: str


def unusual_days(days: Sequence[DayTotal], *, rate: float = RATE) -> Unusual:
    """Days whose number of cases or cost per case earlier clean days do not allow, oldest first.

    A day is held against at most MOST_CLEAN earlier days that rang for nothing, workdays apart from
    weekends, by Student's prediction interval with at most eight degrees of freedom, because tails are
    heavy. Change that creeps is caught by an alarm that bets on the ranks (`trust.Alarm`). A day on
    which nothing was recorded, or on which cases came and nothing was paid for, is an alarm of its own.

    Holds:   at most a share ``rate`` of clean days rings, if days are alike but for chance and the
             weekday; measured in `benchmarks/business/forecast.py`.
    Edge:    fewer than LEAST_CLEAN clean days before a day: it is not looked at, and the note says so.
    """
    watch: dict[Figure, _Watch] = {"volume": _Watch(rate), "cost per case": _Watch(rate)}
    alarms: list[UnusualDay] = []
    looked = 0
    for day in days:
        rung = _missing(day, watch["volume"])
        enough = watch["volume"].enough(_kind(day.day))
        looked += enough
        if not rung:
            rung = watch["volume"].look(day, _volume(day), "volume")
            each = _each(day)
            if each is not None:
                rung = [*rung, *watch["cost per case"].look(day, each, "cost per case")]
        alarms += rung
    note = ""
    if not looked:
        note = f"too little to say: a day is looked at once {LEAST_CLEAN} clean days lie before it"
    return Unusual(tuple(alarms), looked, rate, note)


def _kind(day: date) -> int:
    return int(day.weekday() >= 5)


def _volume(day: DayTotal) -> float:
    """Counts with about the same spread whatever their mean (Anscombe 1948)."""
    return 2 * math.sqrt(day.cases + 0.375)


def _each(day: DayTotal) -> float | None:
    return math.log(day.nano / day.cases) if day.cases and day.nano > 0 else None


def _back(value: float, figure: str) -> float:
    return (
        max(0.0, (value / 2) ** 2 - 0.375) * (value > 0)
        if figure == "volume"
        else math.exp(min(value, 700))
    )


class _Watch:
    """The clean days of one figure so far, and the bet against creeping change."""

    def __init__(self, rate: float) -> None:
        self._alpha = rate / _FIGURES / 2
        self._clean: list[tuple[int, float]] = []
        self._creeping = self._fresh()

    def _fresh(self) -> tuple[Alarm, Alarm]:
        """One for figures that rise, one for those that fall: together as patient as half the rate says."""
        patience = 2 / self._alpha
        return Alarm(Share(_CALM), patience), Alarm(Share(_CALM), patience)

    def own(self, kind: int) -> NDArray[np.float64]:
        return np.array([value for of, value in self._clean if of == kind])

    def enough(self, kind: int) -> bool:
        return len(self._clean) >= LEAST_CLEAN and len(self.own(kind)) >= LEAST_CLEAN // 7

    def look(self, day: DayTotal, value: float, figure: Figure) -> list[UnusualDay]:
        """What is wrong with a day. One that fits joins the clean ones."""
        kind = _kind(day.day)
        found: list[UnusualDay] = []
        if self.enough(kind):
            found = self._hold_against(day, value, figure, self.own(kind))
        if not found:
            self._clean = [*self._clean, (kind, value)][-MOST_CLEAN:]
        return found

    def _hold_against(
        self, day: DayTotal, value: float, figure: Figure, own: NDArray[np.float64]
    ) -> list[UnusualDay]:
        freedom = min(len(own) - 1, _HEAVY)
        spread = float(own.std(ddof=1)) * math.sqrt(1 + 1 / len(own))
        gap = value - float(own.mean())
        p = 2 * float(special.stdtr(freedom, -abs(gap) / spread)) if spread else float(gap == 0)
        reach = float(special.stdtrit(freedom, 1 - self._alpha / 2)) * spread
        low, high = _back(own.mean() - reach, figure), _back(own.mean() + reach, figure)
        seen = _back(value, figure)
        told = f"{seen:,.0f} cases" if figure == "volume" else f"{seen / 1e9:.6f} a case"
        usual = (
            f"{low:,.0f} to {high:,.0f}" if figure == "volume" else f"{low / 1e9:.6f} to {high / 1e9:.6f}"
        )
        if p <= self._alpha:
            sentence = f"{day.day}: {told}, usual are {usual}"
            return [UnusualDay(day.day, figure, seen, low, high, p, sentence)]
        equal = float(np.isclose(own, value).sum())
        below = (float((own < value).sum()) + (equal + 1) / 2) / (len(own) + 1)
        up, down = (
            alarm.update(loss) for alarm, loss in zip(self._creeping, (below, 1 - below), strict=True)
        )
        self._creeping = (up, down)
        if up.fires or down.fires:
            self._creeping = self._fresh()
            way = "rising" if up.fires else "falling"
            sentence = (
                f"{day.day}: the {figure} has been {way} over the last days, no single one is unusual"
            )
            return [UnusualDay(day.day, "drift", seen, low, high, None, sentence)]
        return []


def _missing(day: DayTotal, volume: _Watch) -> list[UnusualDay]:
    """Nothing recorded where something was due, or cases without a cost."""
    if day.cases and not day.nano:
        sentence = f"{day.day}: {day.cases} cases came and nothing was paid for; are steps recorded?"
        return [UnusualDay(day.day, "missing", 0.0, None, None, None, sentence)]
    own = volume.own(_kind(day.day))
    if day.cases or len(own) < LEAST_CLEAN // 7 or not len(own):
        return []
    expected = float(np.mean((own / 2) ** 2 - 0.375))
    if expected < _LEAST_EXPECTED or bool((own < 2 * math.sqrt(0.5)).any()):
        return []
    sentence = f"{day.day}: nothing was recorded, usual are {expected:,.0f} cases; is the intake running?"
    return [UnusualDay(day.day, "missing", 0.0, None, None, None, sentence)]
