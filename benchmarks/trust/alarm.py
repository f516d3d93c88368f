#!/usr/bin/env python3
"""How soon do spot checks find that automatic cases became worse, and how often is the alarm false?

The error rate of automatic cases rises from 3 % to 10 %; 5 % were promised, and the alarm may ring falsely
once in 1,000 checks. Cases are drawn alike, or likelier near the threshold where errors gather too.
Beside it a test of the same bets that adds up all evidence from the start, at the usual risk of 5 %.

    benchmarks/trust/alarm.py [--quick] [--json]
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from report import arguments, at_least, at_most, report

from roadworthy.quantities import Share
from roadworthy.trust import Alarm, SpotCheckRule, SpotCheckWatch, inclusion
from roadworthy.trust.spotcheck import ring

SEED = 20261121
PROMISED, GOOD = Share(0.05), 0.03
RISES = (0.10, 0.15, 0.25)
PATIENCE = 1000.0
GOOD_CHECKS = (0, 200, 500)
THRESHOLD = 0.8
LATEST = 5000
BETS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Way:
    """A way to draw: the rule, and how far errors gather near the threshold, from 0 to 1."""

    name: str
    rule: SpotCheckRule
    gather: float


WAYS = (
    Way("alike", SpotCheckRule(0.05, 0.01, 1.0), 0.0),
    Way("near the threshold", SpotCheckRule(0.05, 0.01, 2.0), 0.9),
    Way("much nearer", SpotCheckRule(0.05, 0.01, 5.0), 0.9),
)


def checks(way: Way, rate: float, random: np.random.Generator) -> Iterator[tuple[float, bool]]:
    """Drawn cases without end: the probability each was drawn with, and whether it was wrong."""
    share = way.rule.share
    while True:
        confidence = random.uniform(THRESHOLD, 1, 8192)
        height = (confidence - THRESHOLD) / (1 - THRESHOLD)
        wrong = random.random(confidence.size) < rate * (1 + way.gather * (1 - 2 * height))
        luck = random.random(confidence.size)
        most = share * way.rule.near_threshold
        for case in np.flatnonzero(luck < most).tolist():
            q = inclusion(way.rule, confidence=confidence[case], threshold=THRESHOLD, share_now=share)
            if luck[case] < q:
                yield q, bool(wrong[case])


@dataclass
class Bell:
    """The alarm as ``SpotCheckWatch`` feeds it, without the interval."""

    alarm: Alarm
    weights: float = 0.0

    def check(self, way: Way, q: float, wrong: bool) -> bool:
        weight = way.rule.share / q
        scale = self.alarm.checks / self.weights if self.weights else 1.0
        self.alarm = ring(self.alarm, wrong=wrong, weight=weight, scale=scale)
        self.weights += weight
        return self.alarm.fires


@dataclass
class FromTheStart:
    """The same bets without forgetting: what is lost in good times has to be won back. Rings at 1 / 5 %."""

    wealth: tuple[float, ...] = (1.0,) * len(BETS)

    def check(self, way: Way, q: float, wrong: bool) -> bool:
        gap = way.rule.share / q * (wrong - float(PROMISED))
        self.wealth = tuple(w * (1 + bet * gap) for w, bet in zip(self.wealth, BETS, strict=True))
        return sum(self.wealth) / len(BETS) >= 20


def bell() -> Bell:
    return Bell(Alarm(PROMISED, PATIENCE))


def found_after(
    way: Way, begin: Callable[[], Bell | FromTheStart], rise: float, good: int, seed: int
) -> int | None:
    """Checks after the rise until it rings; None where it rang before."""
    random = np.random.default_rng([SEED, seed])
    test = begin()
    for number, (q, wrong) in enumerate(checks(way, GOOD, random)):
        if number == good:
            break
        if test.check(way, q, wrong):
            return None
    for number, (q, wrong) in enumerate(checks(way, rise, random), 1):
        if test.check(way, q, wrong) or number == LATEST:
            return number
    return None


def median_found(
    way: Way, begin: Callable[[], Bell | FromTheStart], rise: float, good: int, streams: int
) -> dict[str, float]:
    found = [found_after(way, begin, rise, good, seed) for seed in range(streams)]
    late = [number for number in found if number is not None]
    return {
        "median": statistics.median(late),
        "p90": float(np.quantile(late, 0.9)),
        "streams": streams,
        "rang_before": streams - len(late),
    }


def between_false_alarms(way: Way, rate: float, wanted: int, most: int) -> dict[str, float]:
    """Mean checks between alarms at an error rate that is not above the promised one."""
    random = np.random.default_rng([SEED, 1, round(rate * 1000)])
    test, alarms, seen = bell(), 0, 0
    for q, wrong in checks(way, rate, random):
        seen += 1
        if test.check(way, q, wrong):
            alarms, test = alarms + 1, bell()
        if alarms == wanted or seen == most:
            break
    # The stretch after the last alarm counts too, which makes the mean no smaller than it is.
    return {"mean": seen / max(1, alarms), "alarms": alarms, "checks": seen}


def interval_broken(way: Way, rate: float, streams: int, length: int, delta: float) -> dict[str, float]:
    """Part of the streams in which the interval left the true rate out at any check."""
    broken, widths = 0, []
    for seed in range(streams):
        watch = SpotCheckWatch.begin(
            promised=PROMISED, least=way.rule.least, patience=PATIENCE, delta=Share(delta)
        )
        failed = False
        for number, (q, wrong) in enumerate(checks(way, rate, np.random.default_rng([SEED, 2, seed])), 1):
            watch = watch.update(wrong, q=q, floor=way.rule.share)
            failed = failed or rate not in watch.interval
            if number == length:
                break
        broken += failed
        widths.append(watch.interval.high - watch.interval.low)
    return {
        "broken": broken / streams,
        "delta": delta,
        "streams": streams,
        "mean_width": statistics.mean(widths),
    }


def update_microseconds() -> float:
    watch = SpotCheckWatch.begin(promised=PROMISED, least=0.01, patience=PATIENCE)
    begun = time.process_time()
    for number in range(1000):
        watch = watch.update(number % 30 == 0, q=0.05, floor=0.05)
    return (time.process_time() - begun) * 1000


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    streams, longest = (150, 60_000) if options.quick else (600, 300_000)
    say = (lambda *_: None) if options.json else print
    figures: dict[str, object] = {}
    bars = []
    for way in WAYS:
        slow = {f"{GOOD:.0%} to {rise:.0%}": median_found(way, bell, rise, 200, streams) for rise in RISES}
        say(f"{way.name}: found after {slow}")
        falsely = {
            f"{rate:.0%}": between_false_alarms(way, rate, streams // 4, longest) for rate in (0.03, 0.05)
        }
        say(f"{way.name}: checks between false alarms {falsely}")
        figures[way.name] = {"found_after_checks": slow, "checks_between_false_alarms": falsely}
        bars += [
            at_most(f"{way.name}: 3 to 10 %, median checks", slow["3% to 10%"]["median"], 120),
            at_least(f"{way.name}: checks between false alarms", falsely["5%"]["mean"], PATIENCE),
        ]
    alike = WAYS[0]
    beside = {
        good: {
            "alarm": median_found(alike, bell, 0.10, good, streams // 2)["median"],
            "from the start": median_found(alike, FromTheStart, 0.10, good, streams // 4)["median"],
        }
        for good in GOOD_CHECKS
    }
    say(f"3 to 10 % after so many good checks: {beside}")
    delta, paths = 0.2, streams // 5
    broken = interval_broken(WAYS[1], 0.05, paths, 300, delta)
    say(f"interval of the error rate: {broken}")
    figures |= {
        "after_good_checks": beside,
        "interval": broken,
        "update_us_cpu": update_microseconds(),
    }
    noise = 2 * math.sqrt(delta * (1 - delta) / paths)
    bars.append(at_most("interval broken ever, delta 20 %", broken["broken"], delta + noise))
    return report("spot-check alarm", figures, bars, packages=("numpy",))


if __name__ == "__main__":
    sys.exit(main())
