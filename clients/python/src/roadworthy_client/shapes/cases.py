"""What the API answers. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class CaseRow(TypedDict):
    """A case without content. ``release`` is short, or ``people``; money is text such as ``0.02 EUR``."""

    id: str
    use_case: str
    key: str
    release: str
    stage: str
    shadow: bool
    by_lot: bool
    state: str
    handled_by: str
    answer: str
    confidence: float | None
    reason: str
    slice: str
    cost: str
    created_at: str
    updated_at: str


class TakenIn(TypedDict):
    """A case that was taken in; ``again`` where its key was known."""

    case: CaseRow
    again: bool


class CaseList(TypedDict):
    """Cases, newest first, and what they can be chosen by."""

    cases: list[CaseRow]
    after: str
    filters: dict[str, str]
    use_cases: list[str]
    states: list[str]
    stages: list[str]


class StepTold(TypedDict):
    """A recorded step; ``result`` is a sentence where it may not be shown or was erased."""

    ordinal: int
    name: str
    attempts: int
    cost: str
    at: str
    result: Any


class OriginTold(TypedDict):
    """Where the value of an argument stands, and whether that is trusted."""

    argument: str
    source: str
    trusted: bool


class EffectOfCase(TypedDict):
    """An effect as its case shows it, with arguments where the role may read them."""

    id: str
    slot: str
    key: str
    tool: str
    state: str
    disposition: str
    reasons: list[str]
    certificate: str
    approved_by: str
    untrusted: list[str]
    origins: list[OriginTold]
    arguments_digest: str
    attempts: int
    response: Any
    arguments: Any
    undo: str
    threshold: float | None


class ReviewOfCase(TypedDict):
    """A review as its case shows it."""

    id: str
    kind: str
    state: str
    role: str
    reasons: list[str]
    verdict: str
    by: str
    reason: str


class OutcomeOfCase(TypedDict):
    """What turned out to be right."""

    truth: str
    judgement: str
    source: str
    at: str


class EventOfCase(TypedDict):
    """An entry of the ledger that names the case."""

    seq: int
    leaf: str
    kind: str
    actor: str
    at: str
    data: dict[str, Any]


class CaseTold(TypedDict):
    """Everything on record about one case. ``withheld`` names what a spot check must not give away."""

    case: CaseRow
    input: Any
    steps: list[StepTold]
    effects: list[EffectOfCase]
    reviews: list[ReviewOfCase]
    outcomes: list[OutcomeOfCase]
    withheld: list[str]
    ledger: list[EventOfCase]


class OutcomeKept(TypedDict):
    """An outcome that was recorded now, for the case or a shadow run of it."""

    case: str
    truth: str
    judgement: str
    source: str
    at: str


class OutcomesKept(TypedDict):
    """What was recorded; nothing where the source had said so before."""

    outcomes: list[OutcomeKept]


class RatingRow(TypedDict):
    """How content somebody was."""

    case: str
    stars: int
    at: str


class RatingKept(TypedDict):
    """The rating that counts now."""

    rating: RatingRow


class RuleTold(TypedDict):
    """A rule that decided: what it tells people, where it stands, what it asks for."""

    rule: str
    sentence: str
    place: str
    asks: str


class ObligationTold(TypedDict):
    """An approval that a policy asks for."""

    id: str
    role: str
    quorum: int
    ttl_s: int


class PolicyAnswer(TypedDict):
    """What policies say of a call."""

    outcome: str
    reasons: list[str]
    sentences: list[str]
    obligations: list[ObligationTold]
    policy_digest: str
    errors: list[str]


class AdviceTold(TypedDict):
    """By rule, what it still asks of the situation. Advice; only the answer decides."""

    remaining: dict[str, str]


class EffectGrounds(TypedDict):
    """What policies said of an effect at the time (``recorded``), and what they say of it now."""

    tool: str
    answer: PolicyAnswer
    reasons: list[RuleTold]
    advice: AdviceTold
    effect: str
    recorded: str
    recorded_reasons: list[str]


class Grounds(TypedDict):
    """The grounds of every effect of a case."""

    effects: list[EffectGrounds]


class CaseNamed(TypedDict):
    """A case by its names."""

    id: str
    key: str
    use_case: str
    state: str


EdgeTold = TypedDict(
    "EdgeTold",
    {
        "relation": "str",
        "from": "str",
        "to": "str",
        "digest": "str",
        "run": "int",
        "step": "int | None",
        "at": "str",
    },
)
"""One edge of the lineage: something was used by, generated or caused something."""


class LineageTold(TypedDict):
    """Edges; with ``form=prov`` instead the parts of a PROV-JSON document."""

    case: NotRequired[CaseNamed | None]
    edges: NotRequired[list[EdgeTold] | None]
    prefix: NotRequired[dict[str, Any] | None]
    entity: NotRequired[dict[str, Any] | None]
    activity: NotRequired[dict[str, Any] | None]
    agent: NotRequired[dict[str, Any] | None]


class EffectNamed(TypedDict):
    """An effect by its names."""

    id: str
    tool: str
    state: str


class UseTold(TypedDict):
    """A decision that used the thing."""

    case: CaseNamed
    release: str
    stage: str
    answer: str
    handled_by: str
    step: int | None
    run: int
    digest: str
    at: str
    decided: bool
    effects: list[EffectNamed]


class UseList(TypedDict):
    """Decisions that used a thing, newest first."""

    kind: str
    name: str
    version: str
    uses: list[UseTold]
    after: str
