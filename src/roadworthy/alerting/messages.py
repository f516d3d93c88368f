"""What receivers are sent about an alert, in the form each of them knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.alerting.alert import Alert, AlertState

HOLDS_FOR: Final = timedelta(minutes=30)
"""Alertmanager takes an alert for resolved where it is not told again within this time."""


def as_json(alert: Alert) -> dict[str, Any]:
    """An alert as every door and every receiver lists it."""
    return {
        "id": alert.id,
        "key": alert.key,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "state": alert.state.value,
        "group": alert.group,
        "use_case": alert.use_case,
        "summary": alert.summary,
        "since": alert.since.isoformat(),
        "seen_at": alert.seen_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "owner": alert.owner,
        "runbook": alert.runbook,
        "action": alert.action,
        "cases": list(alert.cases),
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at.isoformat() if alert.acknowledged_at else None,
        "acknowledged_why": alert.acknowledged_why,
    }


def webhook(alert: Alert, *, at: datetime) -> dict[str, Any]:
    """The body of a webhook."""
    return {"type": f"alert.{alert.state}", "timestamp": at.isoformat(), "data": as_json(alert)}


def alertmanager(alert: Alert, *, at: datetime) -> dict[str, Any]:
    """One entry of ``POST /api/v2/alerts``. Labels identify it, so that telling it again is no second alert."""
    ended = alert.resolved_at if alert.state is AlertState.RESOLVED and alert.resolved_at else None
    return {
        "labels": {
            "alertname": "Roadworthy"
            + "".join(part.title() for part in alert.rule.replace(".", "_").split("_")),
            "rule": alert.rule,
            "severity": alert.severity.value,
            "use_case": alert.group,
            "owner": alert.owner,
            "key": alert.key,
        },
        "annotations": {
            "summary": alert.summary,
            "runbook": alert.runbook,
            "action": alert.action,
            "cases": ", ".join(alert.cases),
        },
        "startsAt": alert.since.isoformat(),
        "endsAt": (ended or at + HOLDS_FOR).isoformat(),
    }


def mail(alert: Alert) -> tuple[str, str]:
    """Subject and text of a mail. Line breaks never reach the subject."""
    state = alert.state.value.upper()
    subject = " ".join(f"[{state}] {alert.group}: {alert.summary}".split())[:200]
    lines = [
        alert.summary,
        "",
        f"state      {alert.state} since {alert.since.isoformat(timespec='minutes')}",
        f"severity   {alert.severity}",
        f"owner      {alert.owner}",
        f"safe step  {alert.action}",
        f"runbook    {alert.runbook}",
        f"cases      {', '.join(alert.cases) or 'none'}",
        f"alert      {alert.id}",
    ]
    return subject, "\n".join(lines) + "\n"
