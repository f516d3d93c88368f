"""What a use case promised about every case, minute by minute: decided in time, without trouble, within its budget."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from roadworthy.charter import Charter
from roadworthy.drift import Burning, Minute, burn
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.quantities import Cost, Share
from roadworthy.telemetry import CaseFacts
from roadworthy.telemetry.tree import troubled

KEPT: Final = 3 * 24 * 60
"""Minutes that are kept: the longest window of the rules."""
_KIND: Final = "objectives"


@dataclass(frozen=True, slots=True)
class Objective:
    """A part of the cases that has to be good. ``broken`` says of the others what they did."""

    name: str
    objective: Share
    broken: str


SPEED = Objective("speed", Share(0.95), "were decided later than `slo.p95_seconds`")
TROUBLE = Objective("trouble", Share(0.99), "had an error, a repeated step or an unclear effect")
COST = Objective("cost", Share(0.99), "cost more than `budget.per_case`")
OBJECTIVES: Final = (SPEED, TROUBLE, COST)
Minutes = dict[int, list[int]]
"""By minute since 1970: cases, and of them those that broke each of the objectives."""


def minute_of(at: datetime) -> int:
    """The minute since 1970."""
    return int(at.timestamp()) // 60


def breaks(facts: CaseFacts, charter: Charter) -> tuple[bool, ...]:
    """Which objectives a closed case broke. What people took afterwards does not count against its speed."""
    case = facts.case
    own = [step.recorded_at for step in facts.steps if step.run == case.run]
    decided = max(own, default=case.updated_at)
    dear = Cost.parse(charter.budget.per_case)
    return (
        (decided - case.created_at).total_seconds() > charter.slo.p95_seconds,
        troubled(facts),
        case.cost.nano > dear.nano,
    )


def read_minutes(deployment: Deployment, tx: Transaction, use_case: str) -> Minutes:
    """What is kept; nothing where it cannot be read."""
    stored = deployment.store.evidence.watch(tx, use_case, "", _KIND)
    try:
        kept: Mapping[str, Sequence[int]] = json.loads(stored) if stored else {}
        return {int(minute): [int(count) for count in counts] for minute, counts in kept.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def add_minutes(
    deployment: Deployment, tx: Transaction, use_case: str, found: Minutes, now: datetime
) -> None:
    """Add counts, and let go what no window reaches any more."""
    kept: Minutes = defaultdict(lambda: [0] * (1 + len(OBJECTIVES)), read_minutes(deployment, tx, use_case))
    for minute, counts in found.items():
        kept[minute] = [a + b for a, b in zip(kept[minute], counts, strict=True)]
    oldest = minute_of(now) - KEPT
    text = json.dumps({str(minute): counts for minute, counts in sorted(kept.items()) if minute >= oldest})
    deployment.store.evidence.save_watch(tx, use_case, "", _KIND, text)


def burning(minutes: Minutes, now: datetime) -> Iterator[tuple[Objective, Burning]]:
    """For each objective the fastest rule of each urgency that burns."""
    for place, objective in enumerate(OBJECTIVES, start=1):
        series = [Minute(minute, counts[0], counts[place]) for minute, counts in sorted(minutes.items())]
        told: set[str] = set()
        for found in burn(series, now=minute_of(now), objective=objective.objective):
            if found.state == "burning" and found.rule.urgency not in told:
                told.add(found.rule.urgency)
                yield objective, found
