"""Moving a case on after an answer: its next segment, its delivery, or waiting for the other answers."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.review import Review, ReviewState
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import goes_alone
from roadworthy.operate.jobs import delivery_job, segment_job
from roadworthy.ports import Transaction
from roadworthy.stage import SIMULATED


def go_on(deployment: Deployment, tx: Transaction, case: CaseRecord, review: Review) -> None:
    """After an answer about an effect: the next segment, the delivery, or waiting for the other answers."""
    if goes_alone(deployment, tx, review):
        return
    if review.ordinal >= 0:
        next_segment(deployment, tx, case)
        return
    others = any(
        other.id != review.id and (other.state is ReviewState.OPEN or other.is_pending)
        for other in deployment.store.reviews.of_case(tx, case.id)
    )
    if others or case.state is State.DELIVERING:
        return
    settled = replace(
        case, state=move(case.state, Event.SETTLED), version=case.version + 1, updated_at=deployment.now()
    )
    deployment.store.cases.save(tx, settled, expected=case.version)
    deployment.engine.enqueue(tx, delivery_job(settled))


def next_segment(deployment: Deployment, tx: Transaction, case: CaseRecord) -> None:
    """The workflow goes on with the answer."""
    if case.state is State.OPEN:
        # An agent elsewhere goes on beside its reviews: another answer came in this moment, and is looked at first.
        job = segment_job(case)
        deployment.engine.enqueue(tx, replace(job, key=f"{job.key}:{deployment.new_id()}"))
        return
    following = replace(
        case,
        state=move(case.state, Event.ANSWERED),
        segment=case.segment + 1,
        version=case.version + 1,
        updated_at=deployment.now(),
    )
    deployment.store.cases.save(tx, following, expected=case.version)
    deployment.engine.enqueue(tx, segment_job(following))


def save_effect(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> EffectRecord:
    """Store the next version of an effect."""
    changed = replace(effect, version=effect.version + 1, updated_at=deployment.now())
    deployment.store.effects.save(tx, changed, expected=effect.version)
    return changed


def give_back(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """Money that was set aside for an effect that never leaves is free again."""
    if effect.amount and effect.stage not in SIMULATED:
        day = effect.created_at.date()
        deployment.store.effects.reserve_spend(tx, effect.use_case, effect.tool, day, -effect.amount)
