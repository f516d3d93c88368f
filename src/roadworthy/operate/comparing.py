"""One metric of a canary against the cases beside it: the only place where releases meet the statistics."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Final

from roadworthy.errors import Corrupt
from roadworthy.quantities import Interval, Share
from roadworthy.release import Compared, Word
from roadworthy.trust import Arm, CanaryWatch, HarmTest, NotWorseTest
from roadworthy.trust.arms import Stratum, Values, difference_range

MOST_TRAIL: Final = 100
CONFIDENCE: Final = Share(0.95)
"""Of the ranges that are shown; what is proven is decided at the level of the charter."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What both arms had shown when the canary's share was ``share``: cases and the sum of their losses."""

    share: float = 0.0
    cases: int = 0
    total: float = 0.0
    beside: int = 0
    total_beside: float = 0.0

    @property
    def number(self) -> int:
        """Cases of both arms."""
        return self.cases + self.beside


@dataclass(frozen=True, slots=True)
class Running:
    """The comparison of one metric so far, as it is kept.

    ``against``: the release beside it, empty for people; with another one the comparison begins anew.
    ``in_step``: the canary's cases of step ``step`` that were counted. ``trail``: its course, ever sparser; the
    first entry is where it was begun to be kept.
    """

    watch: CanaryWatch
    better: NotWorseTest
    against: str
    step: int
    in_step: int = 0
    trail: tuple[Seen, ...] = (Seen(),)

    def update(self, arm: Arm, loss: float, *, share: Share, step: int, of_step: bool) -> Running:
        """With one more case, whose loss from 0 to 1 is known now. ``share``: that of the canary when it came."""
        in_step = self.in_step if self.step == step else 0
        watch = self.watch.update(arm, loss=loss, candidate_share=share)
        return replace(
            self,
            watch=watch,
            trail=_followed(self.trail, _seen(watch, share=round(float(share), 6))),
            better=self.better.update(arm, loss=loss, candidate_share=share),
            step=step,
            in_step=in_step + (arm == "candidate" and of_step),
        )

    def text(self) -> str:
        """What ``read`` reads."""
        kept = {
            **self.watch.as_json(),
            "better": self.better.as_json(),
            "against": self.against,
            "step": self.step,
            "in_step": self.in_step,
            "trail": [list(astuple(one)) for one in self.trail],
        }
        return json.dumps(kept)


def begun(*, margin: float, tolerance: float, delta: Share, of: int, against: str, step: int) -> Running:
    """A comparison that has seen nothing. ``of``: how many metrics are compared at once.

    Any of them may halt the canary, so the risk of doing it falsely is divided among them; all of them
    have to hold for it to go on, so each may take the whole.
    """
    return Running(
        CanaryWatch(HarmTest(margin, Share(delta.value / of)), NotWorseTest(tolerance, delta)),
        NotWorseTest(0.0, delta),
        against,
        step,
    )


def read(stored: str, *, against: str, step: int) -> Running:
    """What was kept. A comparison that an earlier program kept speaks of the release beside it now.

    Errors: ``Corrupt`` RW-TRUST-008 when it is anything else.
    """
    try:
        kept = json.loads(stored)
        watch = CanaryWatch.from_json(kept)
        better = kept.get("better")
        return Running(
            watch,
            NotWorseTest.from_json(better)
            if better is not None
            else NotWorseTest(0.0, watch.not_worse.delta),
            str(kept.get("against", against)),
            int(kept.get("step", step)),
            int(kept.get("in_step", watch.harm.candidate.cases)),
            tuple(_read_seen(one) for one in kept.get("trail", ())) or (_seen(watch, share=0.0),),
        )
    except (ValueError, TypeError, AttributeError) as problem:
        raise Corrupt(
            "RW-TRUST-008",
            "the stored state of a running test cannot be read",
            broken=[str(problem)[:200]],
            intact="the cases it was computed from; replay them in their order",
        ) from None


def compared(metric: str, running: Running, *, step: int) -> Compared:
    """What is proven of a metric so far, whenever one looks."""
    watch = running.watch
    if watch.harm.fires:
        state = Word.WORSE
    elif running.better.fires:
        state = Word.BETTER
    else:
        state = Word.NOT_WORSE if watch.not_worse.fires else Word.INCONCLUSIVE
    candidate, beside = watch.harm.candidate, watch.harm.baseline
    return Compared(
        metric=metric,
        state=state,
        cases=candidate.cases,
        beside=beside.cases,
        mean=candidate.mean,
        mean_beside=beside.mean,
        margin=watch.harm.margin,
        tolerance=watch.not_worse.margin,
        in_step=running.in_step if running.step == step else 0,
    )


def course(running: Running, *, most: int) -> tuple[tuple[Seen, Interval | None], ...]:
    """The kept course of a comparison: the range of the difference, canary minus what is beside it, at ``most`` entries.

    All ranges hold together with ``CONFIDENCE``, however often one looks. None where an arm had no case.
    """
    places = [place for place, seen in enumerate(running.trail) if place and seen.number]
    # Counted from the newest, which is always there.
    shown = places[:: -max(1, math.ceil(len(places) / most))][::-1]
    return tuple((running.trail[place], difference(running.trail[: place + 1])) for place in shown)


def difference(trail: Sequence[Seen]) -> Interval | None:
    """The range of the difference of mean losses at the end of a trail; None where an arm had no case in it.

    While the share of the canary stays, both arms see the same traffic. With another share a new comparison
    begins, and what the parts prove is put together.
    """
    if not trail:
        return None
    strata, before = [], trail[0]
    for _, same in groupby(trail[1:], key=lambda one: one.share):
        last = list(same)[-1]
        cases, beside = last.cases - before.cases, last.beside - before.beside
        total, other = last.total - before.total, last.total_beside - before.total_beside
        strata.append((cases, total, beside, other))
        before = last
    if not any(cases and beside for cases, _, beside, _ in strata):
        return None
    return _range_of(tuple(strata))


@lru_cache(maxsize=4_096)
def _range_of(strata: tuple[tuple[int, float, int, float], ...]) -> Interval:
    """Kept: what a canary has shown does not change, and its page is looked at again and again."""
    arms = [
        Stratum(Values.summed(total, cases), Values.summed(other, beside))
        for cases, total, beside, other in strata
    ]
    return difference_range(arms, alpha=Share(round(1 - CONFIDENCE.value, 6)))


def _seen(watch: CanaryWatch, *, share: float) -> Seen:
    candidate, beside = watch.harm.candidate, watch.harm.baseline
    return Seen(share, candidate.cases, candidate.total, beside.cases, beside.total)


def _followed(trail: tuple[Seen, ...], now: Seen) -> tuple[Seen, ...]:
    """The course with its newest entry. A new one begins after a fifth more cases, and with another share."""
    last = trail[-1]
    if len(trail) > 1 and last.share == now.share:
        before = trail[-2]
        if last.number - before.number < max(5, last.number // 5):
            return (*trail[:-1], now)
    kept = (*trail, now)
    # Without its oldest entries it speaks of what came after them, and of nothing else.
    return kept[-MOST_TRAIL:]


def _read_seen(kept: Sequence[float]) -> Seen:
    share, cases, total, beside, total_beside = kept
    return Seen(float(share), int(cases), float(total), int(beside), float(total_beside))
