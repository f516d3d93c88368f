"""Moving a case on after an answer: its next segment, its delivery, or waiting for the other answers."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, State
from roadworthy.casework.review import Review, ReviewState
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import goes_alone
from roadworthy.operate.jobs import delivery_job, segment_job
from roadworthy.operate.progress import moved_on
from roadworthy.ports import Transaction


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
    deployment.engine.enqueue(tx, delivery_job(moved_on(deployment, tx, case, Event.SETTLED)))


def next_segment(deployment: Deployment, tx: Transaction, case: CaseRecord) -> None:
    """The workflow goes on with the answer."""
    if case.state is State.OPEN:
        # An agent elsewhere goes on beside its reviews: another answer came in this moment, and is looked at first.
        job = segment_job(case)
        deployment.engine.enqueue(tx, replace(job, key=f"{job.key}:{deployment.new_id()}"))
        return
    following = moved_on(deployment, tx, case, Event.ANSWERED, segment=case.segment + 1)
    deployment.engine.enqueue(tx, segment_job(following))
