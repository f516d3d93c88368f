"""The example's reviewer: answers what the inbox asks, by the truth that the company's messages carry."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.errors import Conflict, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.reviewing import decide_review
from roadworthy.principal import Principal


def answer_reviews(deployment: Deployment, reviewer: Principal, truths: Mapping[str, str]) -> None:
    """By case: approves what is right, does the rest by hand, says in spot checks what would have been right."""
    for case_id, truth in truths.items():
        with deployment.store.read() as tx:
            case = deployment.store.cases.get(tx, case_id)
            reviews = deployment.store.reviews.of_case(tx, case_id)
        for review in reviews:
            if review.state is not ReviewState.OPEN or case is None:
                continue
            if review.kind is ReviewKind.SPOT_CHECK:
                _spot_check(deployment, reviewer, review, truth)
            elif review.kind is ReviewKind.EFFECT:
                right = case.answer == truth
                chosen = Verdict.APPROVE if right else Verdict.REJECT
                _decide(deployment, reviewer, review, chosen, "" if right else "wrong answer")
            else:
                _decide(deployment, reviewer, review, Verdict.DONE, "answered by hand")


def _spot_check(deployment: Deployment, reviewer: Principal, review: Review, truth: str) -> None:
    """Where two have to look, the second check waits for somebody else."""
    with deployment.store.read() as tx:
        choices = deployment.vault.open(tx, review.question)["choices"]
    answer = truth if truth in choices else choices[-1]
    try:
        decide_review(deployment, reviewer, review.id, Verdict.ANSWER, seen=review.proposal, answer=answer)
    except Refused:
        return


def _decide(
    deployment: Deployment, reviewer: Principal, review: Review, chosen: Verdict, reason: str
) -> None:
    try:
        decide_review(deployment, reviewer, review.id, chosen, seen=review.proposal, reason=reason)
    except Conflict:
        return  # a rollback was faster
    except Refused:
        with suppress(Conflict):
            decide_review(
                deployment,
                reviewer,
                review.id,
                Verdict.REJECT,
                seen=review.proposal,
                reason="a policy refuses it",
            )
