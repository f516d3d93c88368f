#!/usr/bin/env python3
"""How often is a use case called improved that is not, if one looks after every case? How well do forecasts' bands hold?

Streams of cases in which the release does no better than people, under figures of several kinds, shares
and seasons; a stream counts as falsely improved if it is so at any case. Beside it the usual interval at
95 %, looked at as often. Then streams with a true difference, for the cases it takes to see it. Last,
bands of 80 % that are right, too narrow and too wide, and whether that is found out.

    benchmarks/business/holdout.py [--quick] [--json]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import arguments, at_least, at_most, report

from roadworthy.measure.value.forecast import calibration
from roadworthy.trust.holdout import Case, HoldOut

SEED = 20261121
FALSE_AT_MOST = 0.05

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Cases that come one after the other: who keeps how many, and how figures are spread and move."""

    name: str
    kept: float
    figures: Callable[[np.random.Generator, Figures], Figures]
    season: float = 0.0

    def stream(self, random: np.random.Generator, n: int, lift: float) -> list[Case]:
        new = random.random(n) < 1 - self.kept
        level = 0.5 + self.season * np.sin(np.arange(n) / 60) + lift * new
        figures = np.clip(self.figures(random, level), 0, 1)
        return [
            Case(bool(one), float(value), 1 - self.kept) for one, value in zip(new, figures, strict=True)
        ]


def _yes_or_no(random: np.random.Generator, level: Figures) -> Figures:
    return (random.random(level.size) < level).astype(float)


def _rarely(random: np.random.Generator, level: Figures) -> Figures:
    return (random.random(level.size) < level - 0.45).astype(float)


def _minutes(random: np.random.Generator, level: Figures) -> Figures:
    return random.beta(4 * level, 4 * (1 - level))


WORLDS = (
    World("yes or no, a tenth kept", 0.1, _yes_or_no),
    World("yes or no, half kept", 0.5, _yes_or_no),
    World("rarely yes, a fifth kept", 0.2, _rarely),
    World("minutes, a tenth kept", 0.1, _minutes),
    World("minutes with a season, a fifth kept", 0.2, _minutes, season=0.25),
)


def ever_improved(cases: list[Case]) -> int | None:
    """The case at which it is called improved first, if one looks after each; None if at none."""
    state = HoldOut()
    for one in cases:
        state = state.update(one)
        if state.finding() == "improved":
            return state.n
    return None


def usual_ever_improved(cases: list[Case]) -> bool:
    """The same with the usual interval of a difference of means, from the 20th case of each part on."""
    figures = np.array([one.figure for one in cases])
    new = np.array([one.new for one in cases])
    low = []
    for part in (new, ~new):
        n = np.cumsum(part)
        mean = np.cumsum(figures * part) / np.maximum(n, 1)
        spread = np.maximum(np.cumsum(figures**2 * part) / np.maximum(n, 1) - mean**2, 1e-12)
        low.append((n, mean, spread / np.maximum(n, 1)))
    (a, mean_a, var_a), (b, mean_b, var_b) = low
    seen = (a >= 20) & (b >= 20)
    return bool(np.any(seen & (mean_a - mean_b > 1.96 * np.sqrt(var_a + var_b))))


def false_alarms(world: World, streams: int, length: int) -> dict[str, float]:
    ours = usual = 0
    for number in range(streams):
        cases = world.stream(np.random.default_rng([SEED, 1, number]), length, 0.0)
        ours += ever_improved(cases) is not None
        usual += usual_ever_improved(cases)
    return {
        "hold-out": ours / streams,
        "usual interval": usual / streams,
        "streams": streams,
        "cases": length,
    }


def cases_to_see(world: World, lift: float, streams: int, most: int) -> dict[str, float | None]:
    found = []
    for number in range(streams):
        cases = world.stream(np.random.default_rng([SEED, 2, number]), most, lift)
        state, told = HoldOut(), None
        for start in range(0, most, 20):
            state = state.extend(cases[start : start + 20])
            if state.finding() == "improved":
                told = state.n
                break
        found.append(told)
    seen = [one if one is not None else most for one in found]
    return {"median": statistics.median(seen), "seen": sum(one is not None for one in found) / streams}


def bands(width: float, histories: int, months: int) -> dict[str, float]:
    """Months with a band meant for 80 %, ``width`` times as wide as right: what ``calibration`` makes of them."""
    random = np.random.default_rng([SEED, 3])
    inside = covered = wrong = 0
    z = 1.2815515655446004
    for _ in range(histories):
        months_seen = np.abs(random.standard_normal(months)) <= z * width
        found = calibration(months_seen.tolist())
        inside += found.inside
        wrong += not (found.interval.low <= 0.8 <= found.interval.high)
        covered += found.months
    return {"inside": inside / covered, "told wrong": wrong / histories, "months": months}


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    streams, length = (60, 250) if options.quick else (200, 500)
    say = (lambda *_: None) if options.json else print
    begun = time.process_time()
    falsely = {world.name: false_alarms(world, streams, length) for world in WORLDS}
    say(f"falsely improved: {falsely}")
    total = sum(one["hold-out"] * one["streams"] for one in falsely.values())
    count = sum(one["streams"] for one in falsely.values())
    usual = sum(one["usual interval"] * one["streams"] for one in falsely.values()) / count
    power = {
        world.name: cases_to_see(world, 0.15, 10 if options.quick else 40, 4000)
        for world in WORLDS[:2] + WORLDS[3:4]
    }
    say(f"cases until a difference of 0.15 is seen: {power}")
    histories = 300 if options.quick else 2000
    calibrated = {f"{width:g} of the right width": bands(width, histories, 36) for width in (0.5, 1.0, 2.0)}
    say(f"bands: {calibrated}")
    figures = {
        "streams": count,
        "falsely improved": falsely,
        "usual interval, falsely improved": usual,
        "cases until seen": power,
        "bands": calibrated,
        "cpu_seconds": time.process_time() - begun,
    }
    right = calibrated["1 of the right width"]
    bars = [
        at_most("falsely improved at any look", total / count, FALSE_AT_MOST),
        *(
            at_most(f"{name}: falsely improved", one["hold-out"], FALSE_AT_MOST)
            for name, one in falsely.items()
        ),
        at_most("months inside right bands, from 80 %", abs(right["inside"] - 0.8), 0.02),
        at_most("right bands told wrong", right["told wrong"], 0.05),
        at_least(
            "bands half as wide told wrong, 36 months",
            calibrated["0.5 of the right width"]["told wrong"],
            0.8,
        ),
    ]
    return report("kpi hold-out", figures, bars, packages=("numpy", "scipy"))


if __name__ == "__main__":
    sys.exit(main())
