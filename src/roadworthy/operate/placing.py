"""Placing: which queue a new review goes to, who may not approve it, and when it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.hours import AlwaysOpen, BusinessHours, Hours
from roadworthy.casework.inbox import rank
from roadworthy.casework.review import ReviewKind, Verdict
from roadworthy.charter import Charter, seconds
from roadworthy.charter.reviewing import Queue, ReviewPlan
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.lots import lots_fall
from roadworthy.ports import Transaction


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a review belongs."""

    queue: str
    role: str
    skill: str
    rank: int
    due_at: datetime
    excluded: tuple[str, ...]
    blind: bool


def place(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    charter: Charter,
    kind: ReviewKind,
    *,
    effect: EffectRecord | None,
    role: str,
) -> Placed:
    """Where a review about this case belongs. ``role`` is whom a policy or the workflow names; it goes before the queue's."""
    plan, now = charter.review, deployment.now()
    queue = queue_for(plan, kind=kind, tool=effect.tool if effect else "", slice_=case.slice)
    due_s = plan.steps[0][0]
    if queue is not None and queue.due is not None:
        due_s = seconds(queue.due)
    blind = (
        kind is ReviewKind.EFFECT
        and bool(case.answer)
        and effect is not None
        and lots_fall(deployment, plan.blind, f"BLIND {effect.id} {case.run}")
    )
    return Placed(
        queue=queue.name if queue else "",
        role=role or (queue.role if queue and queue.role else "") or plan.role,
        skill=queue.skill if queue else "",
        rank=rank(
            priority=queue.priority if queue else None,
            tier=charter.risk.tier,
            amount=effect.amount if effect else 0,
            step=0,
        ),
        due_at=hours_of(plan).after(now, timedelta(seconds=due_s)),
        excluded=parties(deployment, tx, case, effect) if effect else (),
        blind=blind,
    )


def queue_for(plan: ReviewPlan, *, kind: str, tool: str, slice_: str) -> Queue | None:
    """The first queue that fits; None for the usual one. What a queue does not name it takes all of."""
    for queue in plan.queues:
        fits = (
            (not queue.kinds or kind in queue.kinds)
            and (not queue.tools or tool in queue.tools)
            and (not queue.slices or slice_ in queue.slices)
        )
        if fits:
            return queue
    return None


def hours_of(plan: ReviewPlan) -> Hours:
    """When reviewers work."""
    calendar = plan.calendar
    if calendar is None:
        return AlwaysOpen()
    return BusinessHours(calendar.tzinfo, calendar.spans, frozenset(calendar.holidays))


def parties(
    deployment: Deployment, tx: Transaction, case: CaseRecord, effect: EffectRecord
) -> tuple[str, ...]:
    """People who had a part in what is proposed: who opened the case by hand, built the release with its
    policies, or edited the proposal."""
    release = deployment.store.releases.get(tx, effect.release) if effect.release else None
    found = {deployment.store.inbox.initiator(tx, case.id), release.author if release else ""}
    found |= {
        review.decided_by
        for review in deployment.store.reviews.of_case(tx, case.id)
        if review.effect == effect.id and review.verdict == Verdict.EDIT
    }
    return tuple(sorted(found - {"", "system"}))


def charter_of(deployment: Deployment, tx: Transaction, case: CaseRecord) -> Charter | None:
    """What holds for reviews of a case: the charter of its release, else of the newest; None where none can be read."""
    rollout = deployment.store.releases.rollout(tx, case.use_case)
    newest = max(rollout.releases, key=lambda one: one.number, default=None)
    digest = case.release or (newest.digest if newest else "")
    try:
        return deployment.loader.charter(digest) if digest else None
    except RoadworthyError:
        return None
