"""How fast an error budget burns: alarms that are quick where it burns fast, and quiet where little happens.

A rate of 1 uses up the budget of a period exactly at its end. Each rule asks a long and a short window at once: the
long one says that it matters, the short one that it still goes on (Site Reliability Workbook, chapter
5, "Multiwindow, multi-burn-rate alerts"). Days whose cost or number is unusual are found by
``business.costs.unusual_days``: costs have no budget of errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import special

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Share

Urgency = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Rings where the budget burns at ``rate`` or faster over both windows, in minutes."""

    long: int
    short: int
    rate: float
    urgency: Urgency

    def __post_init__(self) -> None:
        if not (0 < self.short < self.long and 0 < self.rate < math.inf):
            raise InputProblem("RW-WATCH-023", Problem("a short window, a longer one, and a rate above 0"))


LUCK = Share(0.001)
WORKBOOK = (
    Rule(60, 5, 14.4, "page"),
    Rule(6 * 60, 30, 6.0, "page"),
    Rule(24 * 60, 2 * 60, 3.0, "ticket"),
    Rule(3 * 24 * 60, 6 * 60, 1.0, "ticket"),
)
"""The workbook's rules, for an objective over 30 days: 2, 5, 10 and 10 % of the budget are gone."""


@dataclass(frozen=True, slots=True)
class Minute:
    """What happened in one minute, counted from any fixed one: events, and the bad ones among them."""

    minute: int
    events: int
    bad: int

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.events:
            raise InputProblem(
                "RW-WATCH-023", Problem(f"{self.bad} bad of {self.events} events is no count")
            )


@dataclass(frozen=True, slots=True)
class Burning:
    """One rule at one moment. ``state`` is `too few` where the long window cannot tell bad luck from a fault,
    and `silent` where it has no event at all: missing data is no good news."""

    rule: Rule
    state: Literal["burning", "fine", "too few", "silent"]
    long: float | None
    short: float | None
    events: int
    bad: int


def burn(
    minutes: Sequence[Minute],
    *,
    now: int,
    objective: Share,
    rules: Sequence[Rule] = WORKBOOK,
    least_bad: int = 3,
    luck: Share = LUCK,
) -> tuple[Burning, ...]:
    """Each rule at minute ``now``, which is the last one looked at.

    Nothing burns on fewer than ``least_bad`` bad events, nor where a service that just keeps its
    objective would see as many among so few events with more than the chance ``luck``: at three calls an hour one
    failure is a rate of 300 and means nothing.

    Errors:  ``InputProblem`` RW-WATCH-023 for an objective of 0 or 1, or settings that cannot be.
    """
    allowed = 1 - float(objective)
    if not 0 < allowed < 1 or least_bad < 1 or not 0 < float(luck) < 1:
        raise InputProblem("RW-WATCH-023", Problem("an objective and luck lie between 0 and 1"))
    found = []
    for rule in rules:
        events, bad = _within(minutes, now, rule.long)
        recent, recent_bad = _within(minutes, now, rule.short)
        long = bad / events / allowed if events else None
        short = recent_bad / recent / allowed if recent else None
        fast = long is not None and short is not None and long >= rule.rate and short >= rule.rate
        chance = float(special.bdtrc(bad - 1, events, allowed)) if bad else 1.0
        state: Literal["burning", "fine", "too few", "silent"]
        if not events:
            state = "silent"
        elif not fast:
            state = "fine"
        else:
            state = "burning" if bad >= least_bad and chance <= float(luck) else "too few"
        found.append(Burning(rule, state, long, short, events, bad))
    return tuple(found)


def _within(minutes: Sequence[Minute], now: int, length: int) -> tuple[int, int]:
    inside = [each for each in minutes if now - length < each.minute <= now]
    return sum(each.events for each in inside), sum(each.bad for each in inside)
