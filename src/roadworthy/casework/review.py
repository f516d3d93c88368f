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
    # Where an undo is prepared it is approved here; `done` says that nothing is left to take back.
    ReviewKind.CORRECTION: frozenset(
        {Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT, Verdict.DONE, Verdict.ESCALATE}
    ),
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
    queue: str = ""
    """Of the charter; empty for the usual one."""
    skill: str = ""
    """What whoever answers has to be able to do, beside the role."""
    rank: int = 50
    """0 is looked at first, 100 last."""
    step: int = 0
    """How often it was escalated."""
    assignee: str = ""
    claimed_by: str = ""
    claimed_at: datetime | None = None
    claimed_until: datetime | None = None
    """The lease of a claim; over when it is not renewed."""
    excluded: tuple[str, ...] = ()
    """People who may not approve: who opened the case, built the release, edited or approved already."""
    blind: bool = False
    """The proposal is hidden from everybody who did not give an answer of their own."""
    leaves_at: datetime | None = None
    """Approved, and can be taken back until then; None once it left, and where nothing waits."""

    @property
    def is_pending(self) -> bool:
        """Answered, and what was answered does not hold yet."""
        return self.state is ReviewState.DECIDED and self.leaves_at is not None

    @property
    def is_owed(self) -> bool:
        """Its case waits for it: it is open, or its answer does not hold yet. Nothing waits for a spot check."""
        return (
            self.state is ReviewState.OPEN or self.is_pending
        ) and self.kind is not ReviewKind.SPOT_CHECK


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
