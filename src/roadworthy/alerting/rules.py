"""The rules that are looked at, and what each of them finds in the facts of an installation.

Missing data is a finding of its own: what nobody reports is not counted as good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from roadworthy.alerting.alert import Finding, Severity

RUNBOOK: Final = "docs/operations.md#"
STALE_AFTER: Final = timedelta(seconds=60)
"""Workers say every five seconds what they obey."""
FORGOTTEN_AFTER: Final = timedelta(days=1)
"""A worker that was silent for longer is gone, and the alert about it was long raised."""
BEHIND_AFTER: Final = timedelta(minutes=10)
EXPIRES_WITHIN: Final = timedelta(days=7)
ALMOST: Final = 0.8


@dataclass(frozen=True, slots=True)
class Rule:
    """``owner`` is the role in the charter that is asked, ``action`` the one safe thing to do.

    In ``action``, ``{use_case}`` stands for its name.
    """

    name: str
    severity: Severity
    owner: str
    action: str
    says: str

    @property
    def runbook(self) -> str:
        """Where it is written down what to do."""
        return RUNBOOK + self.name.replace(".", "-").replace("_", "-")


_LOOK: Final = "roadworthy alerts list"
_STOP: Final = "roadworthy stop {use_case} --reason '…'"
_P, _T = Severity.PAGE, Severity.TICKET
RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("certificate.suspended", _P, "risk", "roadworthy release status {use_case}", "a certificate was suspended: everything goes to people"),
        Rule("certificate.expiring", _T, "technical", "roadworthy evaluate certify {use_case}", "a certificate ends within a week"),
        Rule("budget.almost", _T, "business", "roadworthy cost report {use_case}", "80 % of a budget are used"),
        Rule("budget.spent", _P, "business", _STOP, "a budget is used up: effects go to people, calls are refused"),
        Rule("review.overdue", _P, "support", "roadworthy review list --use-case {use_case}", "people owe answers beyond the promise"),
        Rule("effect.unknown", _P, "technical", "roadworthy review list --use-case {use_case}", "nobody knows whether an effect was felt"),
        Rule("effect.dead", _P, "technical", "roadworthy review list --use-case {use_case}", "an effect could not be sent, or its receiver refused it"),
        Rule("tool.held", _P, "technical", "roadworthy tools status {use_case}", "a tool is not what was promised: its effects are parked"),
        Rule("worker.silent", _P, "technical", "roadworthy doctor", "a worker no longer says what it obeys"),
        Rule("worker.none", _P, "technical", "roadworthy up", "no worker reports, and cases wait"),
        Rule("telemetry.behind", _T, "technical", "roadworthy doctor", "figures or traces fall behind: what is shown is old"),
        Rule("burn_rate.page", _P, "technical", _STOP, "the error budget burns fast"),
        Rule("burn_rate.ticket", _T, "technical", _LOOK, "the error budget burns"),
        Rule("drift.alarm", _P, "risk", _STOP, "inputs, sources or outcomes are not what was certified"),
        Rule("cost.unusual", _T, "business", "roadworthy cost report {use_case}", "a day cost more, or had other cases, than days like it"),
        Rule("data.missing", _P, "technical", "roadworthy doctor", "what should arrive does not, or cannot be looked at"),
        Rule("test", _T, "technical", _LOOK, "a test: nothing is wrong"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """A certificate of a release that is on the road."""

    id: str
    use_case: str
    error_kind: str
    expires_at: datetime
    suspended_at: datetime | None


@dataclass(frozen=True, slots=True)
class BudgetFact:
    """A budget of this month. ``name`` tells apart budgets of one use case."""

    use_case: str
    name: str
    limit: int
    used: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """Things of one use case that wait: how many, since when the oldest does, and examples."""

    use_case: str
    count: int
    oldest: datetime
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldTool:
    """A tool of a release that nothing leaves through. ``why`` names the kind of break, never an answer."""

    use_case: str
    release: str
    tool: str
    why: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at. ``beats`` is when each worker last spoke, ``behind`` how far a feed has come.

    ``moving`` is how many cases wait for a worker.
    """

    now: datetime
    certificates: Sequence[CertificateFact] = ()
    budgets: Sequence[BudgetFact] = ()
    overdue: Sequence[Backlog] = ()
    unknown: Sequence[Backlog] = ()
    dead: Sequence[Backlog] = ()
    beats: Sequence[tuple[str, datetime]] = ()
    moving: int = 0
    behind: Sequence[tuple[str, datetime]] = ()
    held: Sequence[HeldTool] = ()


def findings(facts: Facts) -> Iterator[Finding]:
    """What holds now. Each finding says since when, as far as the facts tell."""
    yield from _certificates(facts)
    yield from _budgets(facts)
    for rule, backlogs, what in (
        ("review.overdue", facts.overdue, "reviews are overdue"),
        ("effect.unknown", facts.unknown, "effects may or may not have been felt"),
        ("effect.dead", facts.dead, "effects failed for good"),
    ):
        for backlog in backlogs:
            if backlog.count:
                summary = f"{backlog.count} {what}, the oldest since {_shown(backlog.oldest)}"
                yield Finding(rule, backlog.use_case, "", summary, backlog.oldest, backlog.cases)
    for held in facts.held:
        summary = f"the tool `{held.tool}` is held back, {held.why} since {_shown(held.since)}"
        yield Finding("tool.held", held.use_case, f"{held.release}/{held.tool}", summary, held.since)
    yield from _silence(facts)


def _certificates(facts: Facts) -> Iterator[Finding]:
    for one in facts.certificates:
        if one.suspended_at is not None:
            yield Finding(
                "certificate.suspended", one.use_case, one.id,
                f"the certificate for errors of kind `{one.error_kind}` was suspended", one.suspended_at,
            )  # fmt: skip
        elif one.expires_at - facts.now <= EXPIRES_WITHIN:
            yield Finding(
                "certificate.expiring", one.use_case, one.id,
                f"the certificate for errors of kind `{one.error_kind}` ends {_shown(one.expires_at)}", facts.now,
            )  # fmt: skip


def _budgets(facts: Facts) -> Iterator[Finding]:
    for budget in facts.budgets:
        share = budget.used / budget.limit if budget.limit > 0 else float(budget.used > 0)
        if share >= ALMOST:
            rule = "budget.spent" if share >= 1 else "budget.almost"
            summary = f"{int(share * 100)} % of the budget {budget.name} are used"
            yield Finding(rule, budget.use_case, budget.name, summary, facts.now)


def _silence(facts: Facts) -> Iterator[Finding]:
    # A worker that ends on purpose says so with a beat at the beginning of time.
    living = [
        (name, at) for name, at in facts.beats if at.timestamp() > 0 and facts.now - at <= FORGOTTEN_AFTER
    ]
    for name, at in living:
        if facts.now - at > STALE_AFTER:
            yield Finding("worker.silent", "", name, f"worker {name} is silent since {_shown(at)}", at)
    if facts.moving and not any(facts.now - at <= STALE_AFTER for _, at in living):
        yield Finding("worker.none", "", "", f"{facts.moving} cases wait and no worker reports", facts.now)
    for name, at in facts.behind:
        if facts.now - at > BEHIND_AFTER:
            yield Finding("telemetry.behind", "", name, f"`{name}` stands at {_shown(at)}", at)


def _shown(at: datetime) -> str:
    return at.isoformat(timespec="minutes").replace("+00:00", "Z")
