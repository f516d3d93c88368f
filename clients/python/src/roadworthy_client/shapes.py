"""What the API answers. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class AbsenceKept(TypedDict):
    """An absence as it was noted, or ended."""

    absence: AbsenceTold


class AbsenceTold(TypedDict):
    """Who is away."""

    id: str
    person: str
    deputy: NotRequired[str | None]
    starts: NotRequired[str | None]
    ends: NotRequired[str | None]


class AccountKept(TypedDict):
    """The account that was added."""

    account: AccountRow


class AccountList(TypedDict):
    """Accounts by id."""

    accounts: list[AccountRow]
    after: str


class AccountRow(TypedDict):
    """An account."""

    id: str
    name: str
    kind: str
    roles: list[str]
    demo: bool
    disabled: bool


class AdviceTold(TypedDict):
    """By rule, what it still asks of the situation. Advice; only the answer decides."""

    remaining: dict[str, str]


class AlertList(TypedDict):
    """Alerts, newest first."""

    alerts: list[ToldAlert]
    after: str


class AlertRow(TypedDict):
    """An alert."""

    id: str
    key: str
    rule: str
    severity: str
    state: str
    group: str
    use_case: str
    summary: str
    since: str
    seen_at: str
    resolved_at: str | None
    owner: str
    runbook: str
    action: str
    cases: list[str]
    acknowledged_by: str
    acknowledged_at: str | None
    acknowledged_why: str


class AlertSeen(TypedDict):
    """The alert that somebody looks at."""

    alert: AlertRow


class AlikeList(TypedDict):
    """Open reviews that ask the same."""

    reviews: list[ReviewRow]


class ApprovalTold(TypedDict):
    """A person's yes to a release."""

    role: str
    principal: str
    demo: bool
    reason: str
    at: str
    expires_at: str
    expired: bool


class Approved(TypedDict):
    """The approval that was given."""

    approval: ApprovalTold


class AssignmentTold(TypedDict):
    """Which release does a case; null where people do it, and why."""

    use_case: str
    case: str
    release: str | None
    digest: str | None
    stage: str
    shadow: str | None
    share: float
    taken: bool
    why: str
    stopped: str


class BandTold(TypedDict):
    """Four times in five it lies between ``low`` and ``high``."""

    low: str
    middle: str
    high: str
    coverage: float


class BudgetTold(TypedDict):
    """How much of the month's budget is spent; ``runs_out`` early, in the middle and late."""

    use_case: str
    month: str
    limit: str
    spent: str
    counted: str
    share: float | None
    runs_out: list[str | None]


class CanaryMetric(TypedDict):
    """One figure of a canary, beside the cases that it did not get."""

    metric: str
    state: str
    cases: int
    cases_beside: int
    mean: float | None
    mean_beside: float | None
    margin: float
    tolerance: float
    cases_of_step: int


class CanaryTold(TypedDict):
    """How a canary stands."""

    step: int
    of: int
    state: str
    passed: bool
    missing: list[str]
    metrics: list[CanaryMetric]


class CaseList(TypedDict):
    """Cases, newest first, and what they can be chosen by."""

    cases: list[CaseRow]
    after: str
    filters: dict[str, str]
    use_cases: list[str]
    states: list[str]
    stages: list[str]


class CaseNamed(TypedDict):
    """A case by its names."""

    id: str
    key: str
    use_case: str
    state: str


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


class CertificateList(TypedDict):
    """Certificates of a release, newest first."""

    use_case: str
    release: str
    certificates: list[CertificateTold]
    after: str


class CertificateTold(TypedDict):
    """A proof from which score on cases may be automatic. ``why_not`` is empty while it holds."""

    id: str
    use_case: str
    release: str
    error_kind: str
    alpha: float
    delta: float
    threshold: float | None
    n: int
    accepted: int
    wrong: int
    upper: float | None
    automation: float | None
    data_digest: str
    certified_at: str
    expires_at: str
    mix: dict[str, Any]
    grader: str
    effects: list[str]
    slice: str
    suspended_at: str | None
    suspended_because: str
    why_not: str


class CheckpointTold(TypedDict):
    """The newest signed head of the ledger; keep the note elsewhere to be able to prove a rewriting."""

    note: str
    size: int
    root: str
    origin: str
    key: str
    waiting: int


class CostLine(TypedDict):
    """What was spent on one thing; money is text such as ``0.02 EUR``."""

    period: str
    use_case: str
    unit: str
    work: str
    release: str
    step: str
    model: str
    calls: int
    retries: int
    unpriced: int
    cost: str
    interrupted: str
    model_calls: int
    cache_hits: int
    estimated: int
    tokens: dict[str, int]


class CostPerCase(TypedDict):
    """What a live case comes to."""

    use_case: str
    cases: int
    resolved: int
    automatic: int
    reviews: int
    usage: str
    people: str
    per_case: str | None
    per_resolved_case: str | None
    usage_per_case: str | None


class CostReport(TypedDict):
    """The books of a period."""

    since: str
    until: str
    lines: list[CostLine]
    after: str
    per_case: list[CostPerCase]
    budgets: list[BudgetTold]
    unpriced: list[UnpricedTold]


class CountsTold(TypedDict):
    """How much waits, and where."""

    mine: int
    queues: int
    all: int
    overdue: int
    by_queue: list[QueueTold]


class DecidedTogether(TypedDict):
    """Reviews that were decided, and why others were not."""

    decided: list[ReviewRow]
    problems: dict[str, str]


class DecisionTold(TypedDict):
    """What spoke for the decision of a case."""

    answer: str
    confidence: float | None
    threshold: float | None
    prediction: dict[str, Any] | None
    passages: list[dict[str, Any]]


class DifferenceList(TypedDict):
    """What tells two releases apart."""

    use_case: str
    before: str
    after: str
    differences: list[DifferenceTold]


class DifferenceTold(TypedDict):
    """One thing that tells two releases apart, in words."""

    kind: str
    about: str
    sentence: str
    before: Any
    after: Any


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


class EffectGrounds(TypedDict):
    """What policies said of an effect at the time (``recorded``), and what they say of it now."""

    tool: str
    answer: PolicyAnswer
    reasons: list[RuleTold]
    advice: AdviceTold
    effect: str
    recorded: str
    recorded_reasons: list[str]


class EffectList(TypedDict):
    """Effects, newest first."""

    effects: list[EffectRow]
    after: str


class EffectNamed(TypedDict):
    """An effect by its names."""

    id: str
    tool: str
    state: str


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


class EffectRow(TypedDict):
    """An effect without content. ``case`` is the case's key; times are empty where there are none."""

    id: str
    use_case: str
    case: str
    tool: str
    slot: str
    state: str
    attempts: int
    lookups: int
    held: str
    held_since: str
    due_at: str
    sent_at: str
    passed: bool
    undoes: str
    reasons: list[str]
    created_at: str
    updated_at: str


class EffectTold(TypedDict):
    """One effect: what holds it, who is in front of it and behind it, how its receiver does."""

    id: str
    use_case: str
    case: str
    tool: str
    slot: str
    state: str
    attempts: int
    lookups: int
    held: str
    held_since: str
    due_at: str
    sent_at: str
    passed: bool
    undoes: str
    reasons: list[str]
    created_at: str
    updated_at: str
    key: str
    arguments_digest: str
    in_front: str
    behind: str
    receiver: str
    review: str
    approved_by: str
    certificate: str
    untrusted: list[str]


class EntryList(TypedDict):
    """Entries of the ledger, oldest first."""

    entries: list[EntryTold]
    after: str


class EntryTold(TypedDict):
    """An entry of the ledger."""

    seq: int
    leaf: str
    kind: str
    actor: str
    at: str
    about: dict[str, str]
    data: dict[str, Any]


class EvaluationList(TypedDict):
    """Evaluations, newest first."""

    use_case: str
    evaluations: list[EvaluationRow]
    after: str


class EvaluationRow(TypedDict):
    """An evaluation of a release on a suite; ``finished_at`` is null while it goes on."""

    id: str
    use_case: str
    suite: str
    suite_digest: str
    target: str
    release: str
    repeats: int
    principal: str
    started_at: str
    finished_at: str | None
    digest: str


class EventOfCase(TypedDict):
    """An entry of the ledger that names the case."""

    seq: int
    leaf: str
    kind: str
    actor: str
    at: str
    data: dict[str, Any]


class EvidenceList(TypedDict):
    """Measurements, newest first."""

    use_case: str
    measurements: list[MeasurementTold]
    after: str


class FindingTold(TypedDict):
    """One requirement: whether it holds, why, and the next step."""

    requirement: str
    theme: str
    subject: str
    asks: str
    mark: str
    reason: str
    value: float | None
    threshold: float | None
    unit: str
    n: int
    measured_at: str | None
    valid_until: str | None
    simulated: list[str]
    next_step: str


class ForecastTold(TypedDict):
    """Where the month will end; bands are null where there is too little to say."""

    use_case: str
    month: str
    spent: str
    limit: str
    days_left: int
    days_known: int
    band: BandTold | None
    runs_out: list[str | None]
    tested: str | None
    note: str
    target: VolumeTold


class Grounds(TypedDict):
    """The grounds of every effect of a case."""

    effects: list[EffectGrounds]


class HappeningTold(TypedDict):
    """One thing that happened."""

    seq: int
    at: str
    kind: str
    event: str
    by: str
    about: dict[str, str]
    told: dict[str, Any]


class InboxPage(TypedDict):
    """A part of the inbox, the most urgent first."""

    reviews: list[ReviewRow]
    after: str
    counts: CountsTold


IncidentTold = TypedDict(
    "IncidentTold",
    {
        "from": "str",
        "to": "str",
        "use_case": "str",
        "timeline": "list[HappeningTold]",
        "left_out": "int",
        "alerts": "list[AlertRow]",
        "cases": "list[TouchedCase]",
        "cases_touched": "int",
        "what": "dict[str, int]",
    },
)
"""The timeline of a period, in order of time; ``left_out`` events did not fit."""


class KappaTold(TypedDict):
    """Agreement beyond chance with its interval at 95 %."""

    kappa: float | None
    n: int
    low: float
    high: float


class KeyIssued(TypedDict):
    """A new key. It is shown here and never again: a repeated request gets null."""

    id: str
    key: str | None


class KeyList(TypedDict):
    """Keys by id."""

    keys: list[KeyRow]
    after: str


class KeyRevoked(TypedDict):
    """The key that is good no more."""

    id: str


class KeyRow(TypedDict):
    """A key without its secret. ``use_case``, ``release`` and ``stage`` are what it is bound to."""

    id: str
    principal: str
    use_case: str
    release: str
    stage: str
    created_at: str
    expires_at: str


class LineageTold(TypedDict):
    """Edges; with ``form=prov`` instead the parts of a PROV-JSON document."""

    case: NotRequired[CaseNamed | None]
    edges: NotRequired[list[EdgeTold] | None]
    prefix: NotRequired[dict[str, Any] | None]
    entity: NotRequired[dict[str, Any] | None]
    activity: NotRequired[dict[str, Any] | None]
    agent: NotRequired[dict[str, Any] | None]


class ListedReview(TypedDict):
    """A review with what a list shows of its case; ``yours``: you may answer it."""

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
    key: str
    slice: str
    tool: str
    yours: bool


class LookList(TypedDict):
    """What looks found; empty where the tool promises nothing."""

    use_case: str
    looks: list[LookTold]


class LookTold(TypedDict):
    """What a look at a tool found."""

    tool: str
    good: bool
    hold: str
    how: str
    reason: str


class MeasurementTold(TypedDict):
    """One measured fact with its interval, method and how long it is believed."""

    id: str
    kind: str
    subject: str
    value: float | None
    unit: str
    n: int
    low: float | None
    high: float | None
    method: str
    inputs: str
    release: str
    simulated: list[str]
    at: str
    valid_until: str


class Moved(TypedDict):
    """Every release that moved."""

    moved: list[ReleaseMoved]


class NoticeTold(TypedDict):
    """What became of telling one receiver."""

    channel: str
    state: str
    attempts: int
    sent_at: str | None
    problem: str


class ObligationTold(TypedDict):
    """An approval that a policy asks for."""

    id: str
    role: str
    quorum: int
    ttl_s: int


class OriginTold(TypedDict):
    """Where the value of an argument stands, and whether that is trusted."""

    argument: str
    source: str
    trusted: bool


class OutcomeKept(TypedDict):
    """An outcome that was recorded now, for the case or a shadow run of it."""

    case: str
    truth: str
    judgement: str
    source: str
    at: str


class OutcomeOfCase(TypedDict):
    """What turned out to be right."""

    truth: str
    judgement: str
    source: str
    at: str


class OutcomesKept(TypedDict):
    """What was recorded; nothing where the source had said so before."""

    outcomes: list[OutcomeKept]


class OwnAnswer(TypedDict):
    """One's own answer beside what was proposed."""

    own: str
    proposed: str


class PassageList(TypedDict):
    """Passages that the release may read, best first."""

    use_case: str
    base: str
    release: str
    passages: list[PassageTold]


class PassageTold(TypedDict):
    """A passage: where it stands, as of when, and how far it may be trusted."""

    document: str
    title: str
    text: str
    score: float
    digest: str
    as_of: str
    chunk: str
    headings: list[str]
    page: int
    origin: str
    stale: bool
    trusted: bool


class PolicyAnswer(TypedDict):
    """What policies say of a call."""

    outcome: str
    reasons: list[str]
    sentences: list[str]
    obligations: list[ObligationTold]
    policy_digest: str
    errors: list[str]


class ProofTold(TypedDict):
    """That an entry lies under a checkpoint (RFC 6962); ``event`` are the bytes that were hashed, in base64."""

    seq: int
    event: str
    leaf: str
    size: int
    root: str
    path: list[str]
    note: str


class ProposedEffect(TypedDict):
    """The effect that a review is about, with what the charter says of its tool."""

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
    confidence: float | None
    control: list[str]
    amount: str
    sink: str


class QuestionTold(TypedDict):
    """What is asked, with the choices that are offered."""

    question: str
    choices: list[str]


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


class RateTold(TypedDict):
    """A share with its interval at 95 %."""

    hits: int
    n: int
    low: float
    high: float


class RatingKept(TypedDict):
    """The rating that counts now."""

    rating: RatingRow


class RatingRow(TypedDict):
    """How content somebody was."""

    case: str
    stars: int
    at: str


class ReleaseList(TypedDict):
    """Releases, newest first."""

    use_case: str
    releases: list[ReleaseRow]
    after: str


ReleaseMoved = TypedDict(
    "ReleaseMoved",
    {
        "release": "str",
        "digest": "str",
        "use_case": "str",
        "stage": "str",
        "share": "float",
        "step": "int",
        "since": "str",
        "author": "str",
        "note": "str",
        "reason": "str",
        "fit_until": "str | None",
        "signed_by": "str",
        "from": "str",
    },
)
"""A release that moved, and from which stage."""


class ReleaseRow(TypedDict):
    """A release and who approved it."""

    name: str
    use_case: str
    digest: str
    short: str
    stage: str
    share: float
    author: str
    note: str
    reason: str
    created_at: str
    stage_since: str
    approvals: list[ApprovalTold]


class ReleaseTold(TypedDict):
    """One release: its files by digest, its signature verified, how its canary stands."""

    release: str
    digest: str
    use_case: str
    stage: str
    share: float
    step: int
    since: str
    author: str
    note: str
    reason: str
    fit_until: str | None
    signed_by: str
    files: dict[str, str]
    canary: CanaryTold | None


class ReviewChanged(TypedDict):
    """The review as it is now."""

    review: ReviewRow


class ReviewFound(TypedDict):
    """The review as it is now; null where nothing waits."""

    review: ReviewRow | None


class ReviewList(TypedDict):
    """Open reviews, the longest waiting first."""

    reviews: list[ListedReview]
    after: str
    filters: dict[str, str]
    use_cases: list[str]
    open: int


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


class ReviewerList(TypedDict):
    """Figures of reviewers."""

    reviewers: list[ReviewerTold]


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


class RuleTold(TypedDict):
    """A rule that decided: what it tells people, where it stands, what it asks for."""

    rule: str
    sentence: str
    place: str
    asks: str


class SkillKept(TypedDict):
    """False where it was so already."""

    changed: bool


class StepTold(TypedDict):
    """A recorded step; ``result`` is a sentence where it may not be shown or was erased."""

    ordinal: int
    name: str
    attempts: int
    cost: str
    at: str
    result: Any


class StopLifted(TypedDict):
    """The stop that was lifted."""

    stop: StopRow


class StopList(TypedDict):
    """What is stopped now, oldest first."""

    stops: list[StopNow]
    after: str


class StopNow(TypedDict):
    """A stop in force: which workers obey it, and whether you may lift it."""

    id: str
    scope: str
    reason: str
    stopped_by: str
    stopped_at: str
    resumed_by: str
    resumed_at: str | None
    obeyed_by: list[str]
    obeyed_after_ms: dict[str, int]
    missing: list[str]
    elapsed_ms: int | None
    workers: int
    you_may_resume: bool
    why_not: str


class StopRow(TypedDict):
    """A stop of a scope."""

    id: str
    scope: str
    reason: str
    stopped_by: str
    stopped_at: str
    resumed_by: str
    resumed_at: str | None


class StopThrown(TypedDict):
    """The stop; ``left`` says where it lies while the database cannot take it, ``because`` why."""

    stop: StopRow
    left: str
    because: str
    by_itself_until: str | None


class TakenIn(TypedDict):
    """A case that was taken in; ``again`` where its key was known."""

    case: CaseRow
    again: bool


class ToldAlert(TypedDict):
    """An alert, and who was told."""

    id: str
    key: str
    rule: str
    severity: str
    state: str
    group: str
    use_case: str
    summary: str
    since: str
    seen_at: str
    resolved_at: str | None
    owner: str
    runbook: str
    action: str
    cases: list[str]
    acknowledged_by: str
    acknowledged_at: str | None
    acknowledged_why: str
    notices: list[NoticeTold]


class ToolFreed(TypedDict):
    """A tool that goes again."""

    use_case: str
    tool: str
    state: str


class ToolList(TypedDict):
    """Tools by name."""

    use_case: str
    release: str
    tools: list[ToolRow]
    after: str


class ToolRow(TypedDict):
    """A tool of the charter and what is known of it: ``state`` is good, broken, changed or unknown."""

    tool: str
    use: str
    sink: str
    idempotency: str
    definition: str
    state: str
    reason: str
    since: str | None
    looked_at: str | None
    good_at: str | None
    breaks: int
    promised: bool


class TouchedCase(TypedDict):
    """A case that was touched, and how often by what."""

    id: str
    key: str
    use_case: str
    state: str
    handled_by: str
    what: dict[str, int]


class UnpricedTold(TypedDict):
    """Calls without a price."""

    use_case: str
    what: str
    calls: int
    why: str


class UseCaseList(TypedDict):
    """Use cases by name."""

    use_cases: list[UseCaseRow]
    after: str


class UseCaseRow(TypedDict):
    """A use case, how far its newest release is, and what waits."""

    name: str
    stage: str
    release: str
    releases: int
    open_reviews: int
    stopped: bool


class UseCaseTold(TypedDict):
    """One use case: charter, road, releases, certificates, stops, verdict, spot checks."""

    name: str
    road: list[dict[str, str]]
    release: dict[str, Any]
    releases: list[ReleaseRow]
    certificates: list[CertificateTold]
    suites: list[dict[str, Any]]
    waivers: list[WaiverTold]
    cases: dict[str, int]
    open_reviews: int
    stops: list[dict[str, Any]]
    you_may_stop: bool
    charter: dict[str, Any]
    verdict: VerdictTold
    canary: dict[str, Any] | None
    spot_checks: dict[str, Any]


class UseList(TypedDict):
    """Decisions that used a thing, newest first."""

    kind: str
    name: str
    version: str
    uses: list[UseTold]
    after: str


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


class VerdictTold(TypedDict):
    """What the gate concludes; what does not hold comes first."""

    use_case: str
    release: str
    stage: str
    verdict: str
    sentence: str
    policy_version: str
    decided_at: str
    notes: list[str]
    findings: list[FindingTold]
    headline: str
    open: int


class VolumeTold(TypedDict):
    """What a month of so many cases costs."""

    cases: int
    seen: int
    band: BandTold | None
    per_case: BandTold | None
    note: str


class WaiverKept(TypedDict):
    """The waiver that was granted."""

    waiver: WaiverTold


class WaiverList(TypedDict):
    """Waivers of a use case."""

    use_case: str
    waivers: list[WaiverTold]
    after: str


class WaiverTold(TypedDict):
    """An exception with a reason and an end."""

    requirement: str
    subject: str
    reason: str
    asked_by: str
    granted_by: str
    demo: bool
    expires_at: str
    holds: bool


class WhoTold(TypedDict):
    """Whom the key stands for, and what it may ask for."""

    id: str
    name: str
    kind: str
    roles: list[str]
    use_case: str
    verbs: list[str]
