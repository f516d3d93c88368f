"""Reviews: what a person is asked about a case, and the answers that are possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from roadworthy.errors import Conflict, InputProblem, Problem
from roadworthy.quantities import Digest, Id


class ReviewKind(StrEnum):
    """What is asked of a person."""

    EFFECT = "effect"  # may this effect leave?
    QUESTION = "question"  # the workflow asks
    WORK = "work"  # a person does the whole case
    UNCLEAR = "unclear"  # was it felt? does the journal still fit?
    CORRECTION = "correction"  # a halted release sent effects: look at them, undo if wrong
    PAIR = "pair"  # are these two rows the same thing?
    SPOT_CHECK = "spot_check"  # it left without a person: what would have been right?


class ReviewState(StrEnum):
    """Whether a review still waits."""

    OPEN = "open"
    DECIDED = "decided"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What a person can answer."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    ANSWER = "answer"
    ESCALATE = "escalate"
    DONE = "done"


ALLOWED: dict[ReviewKind, frozenset[Verdict]] = {
    ReviewKind.EFFECT: frozenset({Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT, Verdict.ESCALATE}),
    ReviewKind.QUESTION: frozenset({Verdict.ANSWER, Verdict.ESCALATE}),
    ReviewKind.WORK: frozenset({Verdict.DONE, Verdict.ESCALATE}),
    ReviewKind.UNCLEAR: frozenset({Verdict.APPROVE, Verdict.REJECT, Verdict.DONE, Verdict.ESCALATE}),
    ReviewKind.CORRECTION: frozenset({Verdict.DONE, Verdict.ESCALATE}),
    ReviewKind.PAIR: frozenset({Verdict.ANSWER, Verdict.ESCALATE}),
    ReviewKind.SPOT_CHECK: frozenset({Verdict.ANSWER, Verdict.ESCALATE}),
}


@dataclass(frozen=True, slots=True)
class Review:
    """A person's task. ``proposal`` is the digest of what is asked about: a decision names the one it saw."""

    id: Id
    case: Id
    use_case: str
    kind: ReviewKind
    effect: str
    ordinal: int
    question: str
    """Payload with the question and its choices, or empty."""
    reasons: tuple[str, ...]
    role: str
    proposal: Digest
    state: ReviewState
    version: int
    due_at: datetime
    verdict: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    created_at: datetime


def check_decision(review: Review, verdict: Verdict, *, seen: str, reason: str) -> None:
    """Errors: ``Conflict`` if somebody decided first or the proposal changed since it was seen,
    ``InputProblem`` for a verdict that this kind of review does not know or a missing reason.
    """
    if review.state is not ReviewState.OPEN:
        winner = f": {review.verdict} by {review.decided_by}" if review.decided_by else ""
        raise Conflict("RW-REVIEW-001", f"this review is {review.state} already{winner}")
    if seen != review.proposal:
        raise Conflict(
            "RW-REVIEW-002",
            "the proposal changed since it was shown",
            hint="look at it again, then decide",
        )
    if verdict not in ALLOWED[review.kind]:
        known = ", ".join(sorted(ALLOWED[review.kind]))
        raise InputProblem(
            "RW-REVIEW-003", f"`{verdict}` is no answer to this review", hint=f"possible: {known}"
        )
    if verdict in {Verdict.REJECT, Verdict.ESCALATE} and not reason.strip():
        raise InputProblem(
            "RW-REVIEW-004", Problem(f"`{verdict}` needs a reason", hint="say why in a few words")
        )
