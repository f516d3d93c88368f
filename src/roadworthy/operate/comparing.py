"""One metric of a canary against the cases beside it: the only place where releases meet the statistics."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from roadworthy.errors import Corrupt
from roadworthy.quantities import Share
from roadworthy.release import Compared, Word
from roadworthy.trust import Arm, CanaryWatch, HarmTest, NotWorseTest


@dataclass(frozen=True, slots=True)
class Running:
    """The comparison of one metric so far, as it is kept.

    ``against``: the release beside it, empty for people; with another one the comparison begins anew.
    ``in_step``: the canary's cases of step ``step`` that were counted.
    """

    watch: CanaryWatch
    better: NotWorseTest
    against: str
    step: int
    in_step: int = 0

    def update(self, arm: Arm, loss: float, *, share: Share, step: int, of_step: bool) -> Running:
        """With one more case, whose loss from 0 to 1 is known now. ``share``: that of the canary when it came."""
        in_step = self.in_step if self.step == step else 0
        return replace(
            self,
            watch=self.watch.update(arm, loss=loss, candidate_share=share),
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
