"""What people were asked about an effect, once its receiver answers after all."""

from __future__ import annotations

from roadworthy.casework.case import Event, State
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import cancel_review, delivery_job
from roadworthy.operate.progress import moved_on
from roadworthy.ports import Transaction


def no_more_doubt(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """Nobody has to say any more whether it was felt; a case that waited for that alone goes on."""
    open_ones = [
        review
        for review in deployment.store.reviews.of_case(tx, effect.case)
        if review.state is ReviewState.OPEN
    ]
    asked = [one for one in open_ones if one.effect == effect.id and one.kind is ReviewKind.UNCLEAR]
    for review in asked:
        cancel_review(deployment, tx, review)
    case = deployment.store.cases.get(tx, effect.case)
    in_a_step = any(review.ordinal >= 0 for review in asked)
    if not asked or len(asked) < len(open_ones) or in_a_step:
        return
    if case is not None and case.state is State.WAITING:
        deployment.engine.enqueue(tx, delivery_job(moved_on(deployment, tx, case, Event.SETTLED)))
