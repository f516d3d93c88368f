"""Reviews: the list, the inbox, holding, deciding."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from roadworthy.casework.review import Review, Verdict
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.operate import reviewing
from roadworthy.ports import Transaction
from roadworthy.server import reviews_api
from roadworthy.server.answers import reviews as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import ONE_USE_CASE, PAGED, Operation, Reply, doing, showing
from roadworthy.server.views import reviews


class NewDecision(Body):
    """A person's answer to a review. ``seen`` is the ``proposal`` digest of the review as it was shown."""

    verdict: str
    seen: str
    reason: str = ""
    edits: dict[str, Any] = Field(default_factory=dict)
    answer: str = ""


def decide(ask: Ask, body: NewDecision) -> Reply:
    """Answer a review; see ``decide_review``."""
    decided = decide_review(ask, ask.path["id"], body)
    return Reply(200, {"review": reviews.review_json(decided, now=ask.deployment.now())})


def decide_review(ask: Ask, review: str, body: NewDecision) -> Review:
    """Pass a decision on; the pages do it through here too. Errors: RW-REVIEW-003 for an unknown verdict."""
    if body.verdict not in set(Verdict):
        raise InputProblem(
            "RW-REVIEW-003",
            Problem(f"`{body.verdict[:60]}` is no answer", hint=f"possible: {', '.join(Verdict)}"),
        )
    return reviewing.decide_review(
        ask.deployment,
        ask.principal,
        review,
        Verdict(body.verdict),
        seen=body.seen,
        reason=body.reason,
        edits=body.edits,
        answer=body.answer,
    )


def version_of_review(ask: Ask, tx: Transaction) -> str:
    """The version of the review that the path names. Errors: ``NotFound`` RW-REVIEW-005."""
    found = ask.deployment.store.reviews.get(tx, ask.path["id"])
    if found is None:
        raise NotFound("RW-REVIEW-005", f"no review `{ask.path['id'][:100]}`")
    return str(found.version)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/reviews", "listReviews", "Open reviews, the longest waiting first.",
        showing(reviews.inbox), query={**ONE_USE_CASE, **PAGED}, answer=told.ReviewList,
    ),
    Operation(
        "GET", "/reviews/{id}", "showReview", "One review: case, proposal, reasons, possible answers.",
        showing(reviews.review), answer=told.ReviewTold, version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/decide", "decideReview", "Answer a review, bound to the proposal that was seen.",
        decide, NewDecision, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "GET", "/inbox", "readInbox", "One part of the inbox, the most urgent first, and how much there is.",
        showing(reviews_api.inbox),
        query={
            "view": "`mine`, `queues` (default: what I may answer), `free` of those, or `all`",
            "queue": "only this one", **ONE_USE_CASE, **PAGED,
        },
        answer=told.InboxPage,
    ),
    Operation(
        "POST", "/inbox/next", "claimNext", "Claim what comes first.",
        doing(reviews_api.claimed_next), reviews_api.NewClaim, query=ONE_USE_CASE, answer=told.ReviewFound,
    ),
    Operation(
        "POST", "/inbox/decide", "decideTogether", "Answer reviews that ask the same.",
        doing(reviews_api.decided_together), reviews_api.NewBulk, answer=told.DecidedTogether,
    ),
    Operation(
        "GET", "/reviews/{id}/alike", "listAlike", "Open reviews that ask the same as this one.",
        showing(reviews_api.alike), answer=told.AlikeList,
    ),
    Operation(
        "POST", "/reviews/{id}/claim", "claimReview", "Claim a review, or renew the claim.",
        doing(reviews_api.claimed), reviews_api.NewClaim, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/release", "releaseReview", "Give a review back to its queue.",
        doing(reviews_api.released), reviews_api.NewClaim, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/assign", "assignReview", "Have somebody do it.",
        doing(reviews_api.assigned), reviews_api.NewAssignment, answer=told.ReviewChanged,
        version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/delegate", "delegateReview", "Hand on what one has.",
        doing(reviews_api.delegated), reviews_api.NewAssignment, answer=told.ReviewChanged,
        version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/own-answer", "answerFirst",
        "Give an answer of one's own before the proposal is shown.",
        doing(reviews_api.answered_first), reviews_api.NewOwnAnswer, answer=told.OwnAnswer,
        version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/undo", "undoDecision", "Take an approval back before its effect leaves.",
        doing(reviews_api.undone), reviews_api.NewClaim, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "POST", "/absences", "noteAbsence", "Say who is away and who stands in.",
        doing(reviews_api.absent), reviews_api.NewAbsence, answer=told.AbsenceKept,
    ),
    Operation(
        "POST", "/absences/{id}/end", "endAbsence", "Somebody is back.",
        doing(reviews_api.back_again), reviews_api.NewClaim, answer=told.AbsenceKept,
    ),
    Operation(
        "POST", "/skills", "setSkill", "Say what a reviewer can do beside their role.",
        doing(reviews_api.skilled), reviews_api.NewSkill, answer=told.SkillKept,
    ),
    Operation(
        "GET", "/use-cases/{name}/reviewers", "readReviewers", "Figures of reviewers, for themselves and the owner.",
        showing(reviews_api.stats), query={"reviewer": "only this one", "days": "1 to 3660 (default 90)"},
        answer=told.ReviewerList,
    ),
)  # fmt: skip
