"""Rows of the cost books: what steps, cases, reviews and evaluations cost, grouped by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from roadworthy.quantities import Cost
from roadworthy.stage import SIMULATED, Stage
from roadworthy.usage import Tokens


class Work(StrEnum):
    """What a case was run for. Only live work counts against the budget of a month."""

    LIVE = "live"
    PEOPLE = "people"  # no release works on it: people do
    PILOT = "pilot"
    SHADOW = "shadow"
    MIRROR = "mirror"
    EVALUATION = "evaluation"


MIRROR, EVALUATION = "mirror:", "eval:"
"""How the twins of rehearsed cases begin."""


def work_of(*, release: str, stage: Stage, twin: str) -> Work:
    """What a case with these was run for."""
    if twin.startswith(MIRROR):
        return Work.MIRROR
    if twin.startswith(EVALUATION):
        return Work.EVALUATION
    if not release:
        return Work.PEOPLE
    if stage is Stage.SHADOW:
        return Work.SHADOW
    return Work.PILOT if stage in SIMULATED else Work.LIVE


@dataclass(frozen=True, slots=True)
class StepCost:
    """Steps of one name on one day (UTC) of their newest attempt.

    ``cost`` holds all attempts; ``interrupted`` is the part of it for attempts that ended without a
    result, at their reserve. ``calls`` counts steps, ``attempts`` how often they were begun.
    ``unpriced`` counts recorded steps that cost nothing at all: nothing that computes is free, so they
    lack a price.
    """

    day: date
    use_case: str
    release: str
    work: Work
    step: str
    calls: int
    attempts: int
    unpriced: int
    cost: Cost
    interrupted: Cost


@dataclass(frozen=True, slots=True)
class CallUse:
    """Calls to one model on one day (UTC), by a step of a workflow or, without a ``step``, through the gateway.

    What calls of a step cost is part of that step: it is told apart here, never added. ``estimated`` calls
    were charged in full because their model told no counts that can be; ``hits`` were answered from the
    gateway's cache; ``unpriced`` ones were answered and cost nothing at all.
    """

    day: date
    use_case: str
    release: str
    work: Work
    step: str
    task: str
    model: str
    calls: int
    retries: int
    failed: int
    hits: int
    estimated: int
    unpriced: int
    tokens: Tokens
    cost: Cost

    @property
    def named(self) -> str:
        """The step of the books that it belongs to: the workflow's, or one that names task or model."""
        return self.step or f"{GATEWAY}:{self.task or self.model}"


GATEWAY = "gateway"
"""How steps are called that are calls of programs through the gateway."""


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How long the contexts of calls of one step or task to one model are, by their tokens alone.

    ``typical`` is the median of tokens read, ``least`` the fewest, ``beyond`` all tokens read above the
    median.
    """

    use_case: str
    release: str
    step: str
    task: str
    model: str
    calls: int
    read: int
    cached: int
    written: int
    least: int
    typical: int
    beyond: int

    @property
    def named(self) -> str:
        """As ``CallUse.named``."""
        return self.step or f"{GATEWAY}:{self.task or self.model}"


@dataclass(frozen=True, slots=True)
class CaseCost:
    """Cases taken in on one day (UTC), and what they have cost until now. ``closed``: nothing is left to do."""

    day: date
    use_case: str
    release: str
    work: Work
    slice: str
    handled_by: str
    closed: bool
    cases: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class ReviewCount:
    """Reviews asked on one day (UTC) that a person has answered since."""

    day: date
    use_case: str
    release: str
    work: Work
    kind: str
    reviews: int


@dataclass(frozen=True, slots=True)
class EvaluationCost:
    """One evaluation, dated by its beginning.

    ``answers`` holds what targets took that are no release (a release's answers are steps of its
    cases), without answers that were given to an earlier one. ``grades`` is None until it is finished;
    a grade taken over from an earlier evaluation is counted again.
    """

    day: date
    use_case: str
    release: str
    suite: str
    results: int
    answers: Cost
    grades: Cost | None


@dataclass(frozen=True, slots=True)
class OneCase:
    """What one closed live case cost. No content, no key."""

    day: date
    release: str
    slice: str
    nano: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """Live calls of one step with arguments that the same subject's cases had asked with before.

    ``cost`` is that of the repeats alone; of equal calls the dearest counts as the first.
    """

    use_case: str
    release: str
    step: str
    calls: int
    repeated: int
    cost: Cost
