"""Reviews, the inbox, and the figures of those who answer."""

from __future__ import annotations

from typing import Any

from roadworthy.server.answers.cases import CaseRow, EffectOfCase
from roadworthy.server.operations import Shape


class ReviewRow(Shape):
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


class ReviewList(Shape):
    """Open reviews, the longest waiting first."""

    reviews: list[ListedReview]
    after: str
    filters: dict[str, str]
    use_cases: list[str]
    open: int


class QueueTold(Shape):
    """How much waits in one queue."""

    use_case: str
    queue: str
    role: str
    skill: str
    open: int
    overdue: int
    held: int
    assigned: int


class CountsTold(Shape):
    """How much waits, and where."""

    mine: int
    queues: int
    all: int
    overdue: int
    by_queue: list[QueueTold]


class InboxPage(Shape):
    """A part of the inbox, the most urgent first."""

    reviews: list[ReviewRow]
    after: str
    counts: CountsTold


class ReviewFound(Shape):
    """The review as it is now; null where nothing waits."""

    review: ReviewRow | None


class ReviewChanged(Shape):
    """The review as it is now."""

    review: ReviewRow


class AlikeList(Shape):
    """Open reviews that ask the same."""

    reviews: list[ReviewRow]


class DecidedTogether(Shape):
    """Reviews that were decided, and why others were not."""

    decided: list[ReviewRow]
    problems: dict[str, str]


class OwnAnswer(Shape):
    """One's own answer beside what was proposed."""

    own: str
    proposed: str


class DecisionTold(Shape):
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


class QuestionTold(Shape):
    """What is asked, with the choices that are offered."""

    question: str
    choices: list[str]


class ReviewTold(Shape):
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


class AbsenceTold(Shape):
    """Who is away."""

    id: str
    person: str
    deputy: str | None = None
    starts: str | None = None
    ends: str | None = None


class AbsenceKept(Shape):
    """An absence as it was noted, or ended."""

    absence: AbsenceTold


class SkillKept(Shape):
    """False where it was so already."""

    changed: bool


class RateTold(Shape):
    """A share with its interval at 95 %."""

    hits: int
    n: int
    low: float
    high: float


class KappaTold(Shape):
    """Agreement beyond chance with its interval at 95 %."""

    kappa: float | None
    n: int
    low: float
    high: float


class ReviewerTold(Shape):
    """Figures of one reviewer; null where there are too few answers."""

    reviewer: str
    answers: int
    seconds: float | None
    approved: RateTold | None
    blind_agreement: KappaTold | None
    agreement_with_colleagues: KappaTold | None
    planted_caught: RateTold | None
    least: int


class ReviewerList(Shape):
    """Figures of reviewers."""

    reviewers: list[ReviewerTold]
