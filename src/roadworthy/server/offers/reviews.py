"""Reviews: the list, the inbox, holding, deciding."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from roadworthy.errors import NotFound
from roadworthy.operate.reviewing import decide_review
from roadworthy.ports import Transaction
from roadworthy.server.answers import reviews as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.offers import inbox
from roadworthy.server.operations import ONE_USE_CASE, PAGED, Nothing, Operation, doing, showing
from roadworthy.server.views import reviews


class NewDecision(Body):
    """A person's answer to a review. ``seen`` is the ``proposal`` digest of the review as it was shown."""

    verdict: str
    seen: str
    reason: str = ""
    edits: dict[str, Any] = Field(default_factory=dict)
    answer: str = ""


def decide(ask: Ask, body: NewDecision) -> dict[str, Any]:
    """Answer a review. Errors: RW-REVIEW-003 for an unknown verdict, and those of the verb."""
    decided = decide_review(
        ask.deployment,
        ask.principal,
        ask.path["id"],
        inbox.verdict_of(body.verdict),
        seen=body.seen,
        reason=body.reason,
        edits=body.edits,
        answer=body.answer,
    )
    return {"review": reviews.review_json(decided, now=ask.deployment.now())}


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
        doing(decide), NewDecision, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "GET", "/inbox", "readInbox", "One part of the inbox, the most urgent first, and how much there is.",
        showing(inbox.inbox),
        query={
            "view": "`mine`, `queues` (default: what I may answer), `free` of those, or `all`",
            "queue": "only this one", **ONE_USE_CASE, **PAGED,
        },
        answer=told.InboxPage,
    ),
    Operation(
        "POST", "/inbox/next", "claimNext", "Claim what comes first.",
        doing(inbox.claimed_next), Nothing, query=ONE_USE_CASE, answer=told.ReviewFound,
    ),
    Operation(
        "POST", "/inbox/decide", "decideTogether", "Answer reviews that ask the same.",
        doing(inbox.decided_together), inbox.NewBulk, answer=told.DecidedTogether,
    ),
    Operation(
        "GET", "/reviews/{id}/alike", "listAlike", "Open reviews that ask the same as this one.",
        showing(inbox.alike), answer=told.AlikeList,
    ),
    Operation(
        "POST", "/reviews/{id}/claim", "claimReview", "Claim a review, or renew the claim.",
        doing(inbox.claimed), Nothing, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/release", "releaseReview", "Give a review back to its queue.",
        doing(inbox.released), Nothing, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/assign", "assignReview", "Have somebody do it.",
        doing(inbox.assigned), inbox.NewAssignment, answer=told.ReviewChanged,
        version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/delegate", "delegateReview", "Hand on what one has.",
        doing(inbox.delegated), inbox.NewAssignment, answer=told.ReviewChanged,
        version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/own-answer", "answerFirst",
        "Give an answer of one's own before the proposal is shown.",
        doing(inbox.answered_first), inbox.NewOwnAnswer, answer=told.OwnAnswer,
        version=version_of_review,
    ),
    Operation(
        "POST", "/reviews/{id}/undo", "undoDecision", "Take an approval back before its effect leaves.",
        doing(inbox.undone), Nothing, answer=told.ReviewChanged, version=version_of_review,
    ),
    Operation(
        "POST", "/absences", "noteAbsence", "Say who is away and who stands in.",
        doing(inbox.absent), inbox.NewAbsence, answer=told.AbsenceKept,
    ),
    Operation(
        "POST", "/absences/{id}/end", "endAbsence", "Somebody is back.",
        doing(inbox.back_again), Nothing, answer=told.AbsenceKept,
    ),
    Operation(
        "POST", "/skills", "setSkill", "Say what a reviewer can do beside their role.",
        doing(inbox.skilled), inbox.NewSkill, answer=told.SkillKept,
    ),
    Operation(
        "GET", "/use-cases/{name}/reviewers", "readReviewers", "Figures of reviewers, for themselves and the owner.",
        showing(inbox.stats), query={"reviewer": "only this one", "days": "1 to 3660 (default 90)"},
        answer=told.ReviewerList,
    ),
)  # fmt: skip
