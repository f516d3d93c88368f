"""Stops, alerts, incidents, costs, the ledger, knowledge, accounts and keys."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from roadworthy.server.operations import Shape


class StopRow(Shape):
    """A stop of a scope."""

    id: str
    scope: str
    reason: str
    stopped_by: str
    stopped_at: str
    resumed_by: str
    resumed_at: str | None


class StopNow(StopRow):
    """A stop in force: which workers obey it, and whether you may lift it."""

    obeyed_by: list[str]
    obeyed_after_ms: dict[str, int]
    missing: list[str]
    elapsed_ms: int | None
    workers: int
    you_may_resume: bool
    why_not: str


class StopList(Shape):
    """What is stopped now, oldest first."""

    stops: list[StopNow]
    after: str


class StopThrown(Shape):
    """The stop; ``left`` says where it lies while the database cannot take it, ``because`` why."""

    stop: StopRow
    left: str
    because: str
    by_itself_until: str | None


class StopLifted(Shape):
    """The stop that was lifted."""

    stop: StopRow


class NoticeTold(Shape):
    """What became of telling one receiver."""

    channel: str
    state: str
    attempts: int
    sent_at: str | None
    problem: str


class AlertRow(Shape):
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


class ToldAlert(AlertRow):
    """An alert, and who was told."""

    notices: list[NoticeTold]


class AlertList(Shape):
    """Alerts, newest first."""

    alerts: list[ToldAlert]
    after: str


class AlertSeen(Shape):
    """The alert that somebody looks at."""

    alert: AlertRow


class HappeningTold(Shape):
    """One thing that happened."""

    seq: int
    at: str
    kind: str
    event: str
    by: str
    about: dict[str, str]
    told: dict[str, Any]


class TouchedCase(Shape):
    """A case that was touched, and how often by what."""

    id: str
    key: str
    use_case: str
    state: str
    handled_by: str
    what: dict[str, int]


class IncidentTold(Shape):
    """The timeline of a period, in order of time; ``left_out`` events did not fit."""

    since: str = Field(alias="from")
    to: str
    use_case: str
    timeline: list[HappeningTold]
    left_out: int
    alerts: list[AlertRow]
    cases: list[TouchedCase]
    cases_touched: int
    what: dict[str, int]


class CostLine(Shape):
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


class CostPerCase(Shape):
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


class BudgetTold(Shape):
    """How much of the month's budget is spent; ``runs_out`` early, in the middle and late."""

    use_case: str
    month: str
    limit: str
    spent: str
    counted: str
    share: float | None
    runs_out: list[str | None]


class UnpricedTold(Shape):
    """Calls without a price."""

    use_case: str
    what: str
    calls: int
    why: str


class CostReport(Shape):
    """The books of a period."""

    since: str
    until: str
    lines: list[CostLine]
    after: str
    per_case: list[CostPerCase]
    budgets: list[BudgetTold]
    unpriced: list[UnpricedTold]


class BandTold(Shape):
    """Four times in five it lies between ``low`` and ``high``."""

    low: str
    middle: str
    high: str
    coverage: float


class VolumeTold(Shape):
    """What a month of so many cases costs."""

    cases: int
    seen: int
    band: BandTold | None
    per_case: BandTold | None
    note: str


class ForecastTold(Shape):
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


class PassageTold(Shape):
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


class PassageList(Shape):
    """Passages that the release may read, best first."""

    use_case: str
    base: str
    release: str
    passages: list[PassageTold]


class EntryTold(Shape):
    """An entry of the ledger."""

    seq: int
    leaf: str
    kind: str
    actor: str
    at: str
    about: dict[str, str]
    data: dict[str, Any]


class EntryList(Shape):
    """Entries of the ledger, oldest first."""

    entries: list[EntryTold]
    after: str


class CheckpointTold(Shape):
    """The newest signed head of the ledger; keep the note elsewhere to be able to prove a rewriting."""

    note: str
    size: int
    root: str
    origin: str
    key: str
    waiting: int


class ProofTold(Shape):
    """That an entry lies under a checkpoint (RFC 6962); ``event`` are the bytes that were hashed, in base64."""

    seq: int
    event: str
    leaf: str
    size: int
    root: str
    path: list[str]
    note: str


class AccountRow(Shape):
    """An account."""

    id: str
    name: str
    kind: str
    roles: list[str]
    demo: bool
    disabled: bool


class AccountList(Shape):
    """Accounts by id."""

    accounts: list[AccountRow]
    after: str


class AccountKept(Shape):
    """The account that was added."""

    account: AccountRow


class KeyRow(Shape):
    """A key without its secret. ``use_case``, ``release`` and ``stage`` are what it is bound to."""

    id: str
    principal: str
    use_case: str
    release: str
    stage: str
    created_at: str
    expires_at: str


class KeyList(Shape):
    """Keys by id."""

    keys: list[KeyRow]
    after: str


class KeyIssued(Shape):
    """A new key. It is shown here and never again: a repeated request gets null."""

    id: str
    key: str | None


class KeyRevoked(Shape):
    """The key that is good no more."""

    id: str


class WhoTold(Shape):
    """Whom the key stands for, and what it may ask for."""

    id: str
    name: str
    kind: str
    roles: list[str]
    use_case: str
    verbs: list[str]
