"""Lineage, alerts and incidents, as JSON values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from roadworthy.alerting.messages import as_json
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.watching import alarms
from roadworthy.operate.watching.incidents import incident
from roadworthy.operate.watching.lineage import decisions_that_used, lineage_of_case, prov_of_case
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit


def of_case(ask: Ask) -> dict[str, Any]:
    """The lineage of one case, by id or key. Errors: ``InputProblem`` RW-LINEAGE-003 for an unknown form."""
    form = ask.query.get("form", "edges")
    if form not in {"edges", "prov"}:
        raise InputProblem("RW-LINEAGE-003", Problem(f"`{form}` is no form", hint="`edges` or `prov`"))
    tell = prov_of_case if form == "prov" else lineage_of_case
    return tell(ask.deployment, ask.principal, ask.path["name"], use_case=ask.use_case)


def uses(ask: Ask) -> dict[str, Any]:
    """Decisions that used a thing."""
    return decisions_that_used(
        ask.deployment,
        ask.principal,
        ask.path["name"],
        kind=ask.path["kind"],
        version=ask.query.get("version", ""),
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )


def alerts(ask: Ask) -> dict[str, Any]:
    """A page of alerts."""
    return alarms.list_alerts(
        ask.deployment,
        ask.principal,
        use_case=ask.use_case,
        after=ask.query.get("after", ""),
        limit=rows_limit(ask.query),
    )


def acknowledged(ask: Ask, body: Any) -> dict[str, Any]:
    """Somebody looks at an alert; ``body`` says why, in ``reason``."""
    seen = alarms.acknowledge_alert(ask.deployment, ask.principal, ask.path["id"], why=body.reason)
    return {"alert": as_json(seen)}


def incident_of(ask: Ask) -> dict[str, Any]:
    """The timeline of a period."""
    end = _moment(ask, "to") if "to" in ask.query else ask.deployment.now() + timedelta(seconds=1)
    return incident(
        ask.deployment, ask.principal, start=_moment(ask, "from"), end=end, use_case=ask.use_case
    )


def _moment(ask: Ask, name: str) -> datetime:
    # A plus sign in a query is a blank: `+00:00` arrives as ` 00:00`.
    text = ask.query[name].replace(" ", "+")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InputProblem(
            "RW-ALERT-004", Problem(f"`{text[:40]}` is no time", place=name, hint="2026-11-21T14:00Z")
        ) from None
