"""What the API answers. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from roadworthy_client.shapes.cases import CaseRow, EffectOfCase


class ReviewRow(TypedDict):
    """A review. A decision names its ``proposal`` as ``seen``."""

    id: str
    case: str
    use_case: str
    kind: str
    state: str
    role: str
    reasons: list[str]
    proposal: str
    due_at: str
    overdue: bool
    created_at: str
    verdict: str
    decided_by: str
    decided_at: str | None
    reason: str
    queue: str
    skill: str
    rank: int
    step: int
    assignee: str
    claimed_by: str
    claimed_until: str | None
    leaves_at: str | None
    version: int


class ListedReview(ReviewRow):
    """A review with what a list shows of its case; ``yours``: you may answer it."""

    key: str
    slice: str
    tool: str
    yours: bool


class ReviewList(TypedDict):
    """Open reviews, the longest waiting first."""

    reviews: list[ListedReview]
    after: str
    filters: dict[str, str]
    use_cases: list[str]
    open: int


class QueueTold(TypedDict):
    """How much waits in one queue."""

    use_case: str
    queue: str
    role: str
    skill: str
    open: int
    overdue: int
    held: int
    assigned: int


class CountsTold(TypedDict):
    """How much waits, and where."""

    mine: int
    queues: int
    all: int
    overdue: int
    by_queue: list[QueueTold]


class InboxPage(TypedDict):
    """A part of the inbox, the most urgent first."""

    reviews: list[ReviewRow]
    after: str
    counts: CountsTold


class ReviewFound(TypedDict):
    """The review as it is now; null where nothing waits."""

    review: ReviewRow | None


class ReviewChanged(TypedDict):
    """The review as it is now."""

    review: ReviewRow


class AlikeList(TypedDict):
    """Open reviews that ask the same."""

    reviews: list[ReviewRow]


class DecidedTogether(TypedDict):
    """Reviews that were decided, and why others were not."""

    decided: list[ReviewRow]
    problems: dict[str, str]


class OwnAnswer(TypedDict):
    """One's own answer beside what was proposed."""

    own: str
    proposed: str


class DecisionTold(TypedDict):
    """What spoke for the decision of a case."""

    answer: str
    confidence: float | None
    threshold: float | None
    prediction: dict[str, Any] | None
    passages: list[dict[str, Any]]


class ProposedEffect(EffectOfCase):
    """The effect that a review is about, with what the charter says of its tool."""

    confidence: float | None
    control: list[str]
    amount: str
    sink: str


class QuestionTold(TypedDict):
    """What is asked, with the choices that are offered."""

    question: str
    choices: list[str]


class ReviewTold(TypedDict):
    """One review with everything that is needed to answer it."""

    blind: bool
    answer_first: bool
    review: ReviewRow
    you_may_decide: bool
    you_may_escalate: bool
    why_not: str
    verdicts: list[str]
    case: CaseRow
    input: Any
    decision: DecisionTold
    effect: ProposedEffect | None
    question: QuestionTold | None
    other_effects: list[EffectOfCase]


class AbsenceTold(TypedDict):
    """Who is away."""

    id: str
    person: str
    deputy: NotRequired[str | None]
    starts: NotRequired[str | None]
    ends: NotRequired[str | None]


class AbsenceKept(TypedDict):
    """An absence as it was noted, or ended."""

    absence: AbsenceTold


class SkillKept(TypedDict):
    """False where it was so already."""

    changed: bool


class RateTold(TypedDict):
    """A share with its interval at 95 %."""

    hits: int
    n: int
    low: float
    high: float


class KappaTold(TypedDict):
    """Agreement beyond chance with its interval at 95 %."""

    kappa: float | None
    n: int
    low: float
    high: float


class ReviewerTold(TypedDict):
    """Figures of one reviewer; null where there are too few answers."""

    reviewer: str
    answers: int
    seconds: float | None
    approved: RateTold | None
    blind_agreement: KappaTold | None
    agreement_with_colleagues: KappaTold | None
    planted_caught: RateTold | None
    least: int


class ReviewerList(TypedDict):
    """Figures of reviewers."""

    reviewers: list[ReviewerTold]
