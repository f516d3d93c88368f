"""What the API answers. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from typing import Any, TypedDict


class StopRow(TypedDict):
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


class StopList(TypedDict):
    """What is stopped now, oldest first."""

    stops: list[StopNow]
    after: str


class StopThrown(TypedDict):
    """The stop; ``left`` says where it lies while the database cannot take it, ``because`` why."""

    stop: StopRow
    left: str
    because: str
    by_itself_until: str | None


class StopLifted(TypedDict):
    """The stop that was lifted."""

    stop: StopRow


class NoticeTold(TypedDict):
    """What became of telling one receiver."""

    channel: str
    state: str
    attempts: int
    sent_at: str | None
    problem: str


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


class ToldAlert(AlertRow):
    """An alert, and who was told."""

    notices: list[NoticeTold]


class AlertList(TypedDict):
    """Alerts, newest first."""

    alerts: list[ToldAlert]
    after: str


class AlertSeen(TypedDict):
    """The alert that somebody looks at."""

    alert: AlertRow


class HappeningTold(TypedDict):
    """One thing that happened."""

    seq: int
    at: str
    kind: str
    event: str
    by: str
    about: dict[str, str]
    told: dict[str, Any]


class TouchedCase(TypedDict):
    """A case that was touched, and how often by what."""

    id: str
    key: str
    use_case: str
    state: str
    handled_by: str
    what: dict[str, int]


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
