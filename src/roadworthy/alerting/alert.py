"""An alert: what is wrong, since when, who owns it, and the one safe thing to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from roadworthy.quantities import Id

MOST_CASES = 3
RESOLVES_AFTER = timedelta(minutes=2)
"""How long a finding has to be gone: one that comes and goes is one alert, not ten."""


class Severity(StrEnum):
    """How soon somebody has to look."""

    PAGE = "page"  # now, also at night
    TICKET = "ticket"  # in working hours


class AlertState(StrEnum):
    """Whether it still holds."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found to hold at this moment. ``subject`` tells apart what one rule finds of one use case.

    ``summary`` is a sentence without personal data; ``cases`` are ids of examples.
    """

    rule: str
    use_case: str
    subject: str
    summary: str
    since: datetime
    cases: tuple[str, ...] = ()
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A finding as people are told of it. At most one with the same ``key`` is firing."""

    id: Id
    key: str
    rule: str
    severity: Severity
    use_case: str
    summary: str
    owner: str
    runbook: str
    action: str
    cases: tuple[str, ...]
    state: AlertState
    since: datetime
    seen_at: datetime
    resolved_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_why: str = ""

    @property
    def group(self) -> str:
        """Alerts of one group are told together."""
        return self.use_case or "installation"


@dataclass(frozen=True, slots=True)
class Mute:
    """Nobody is told of alerts with this key until a moment. They fire and are shown all the same."""

    key: str
    use_case: str
    until: datetime
    muted_by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a look at the findings changes: alerts that begin, that go on, and that end."""

    begun: tuple[tuple[str, Finding], ...]
    seen: tuple[Alert, ...]
    resolved: tuple[Alert, ...]


def key_of(finding: Finding) -> str:
    """What makes two findings one alert."""
    return "/".join(
        part.replace("%", "%25").replace("/", "%2F")
        for part in (finding.rule, finding.use_case, finding.subject)
    )


def change(findings: Iterable[Finding], firing: Iterable[Alert], *, now: datetime) -> Change:
    """Compare what is found now with what is firing. Looking twice at the same moment changes nothing more.

    An alert resolves once its finding was gone for ``RESOLVES_AFTER``. A clock that jumps back resolves nothing.
    """
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(key_of(finding), finding)
    known = {alert.key: alert for alert in firing}
    seen = tuple(
        replace(
            alert,
            summary=found[key].summary,
            cases=found[key].cases[:MOST_CASES],
            seen_at=max(now, alert.seen_at),
        )
        for key, alert in known.items()
        if key in found
    )
    resolved = tuple(
        replace(alert, state=AlertState.RESOLVED, resolved_at=now)
        for key, alert in known.items()
        if key not in found and now - alert.seen_at >= RESOLVES_AFTER
    )
    return Change(tuple((key, one) for key, one in found.items() if key not in known), seen, resolved)
