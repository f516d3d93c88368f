"""Costs, the ledger and knowledge."""

from __future__ import annotations

from typing import Any

from roadworthy.server.operations import Shape


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
