"""Watching and stopping: the stop switch, alerts, incidents."""

from __future__ import annotations

from typing import Any

from roadworthy.alerting.messages import as_json
from roadworthy.errors import NotFound
from roadworthy.operate import slips, stopping
from roadworthy.principal import require
from roadworthy.server.answers import watching as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import ONE_USE_CASE, PAGED, Operation, Reply, doing, showing
from roadworthy.server.paging import paged
from roadworthy.server.views import watching
from roadworthy.server.views.shared import active_stops, stop_json


class NewStop(Body):
    """What to stop: ``all``, ``use_case:NAME``, ``release:USE_CASE/r2`` or ``release:DIGEST``, ``tool:NAME`` or
    ``model:NAME`` of a task or a language model."""

    scope: str
    reason: str


class NewResume(Body):
    """Why it may go on."""

    reason: str = ""


def stop(ask: Ask, body: NewStop) -> Reply:
    """Throw the stop switch; where the database cannot take it, it lies in a file beside this server."""
    thrown = slips.throw(ask.deployment, ask.principal, body.scope, reason=body.reason)
    return Reply(200, {"stop": stop_json(thrown.stop), **thrown.as_json()})


def resume(ask: Ask, body: NewResume) -> Reply:
    """Lift a stop."""
    lifted = stopping.resume(ask.deployment, ask.principal, ask.path["id"], reason=body.reason)
    return Reply(200, {"stop": stop_json(lifted)})


def stops(ask: Ask) -> dict[str, Any]:
    """What is stopped now, as far as this principal's use case is concerned."""
    require(ask.principal, "gate.read", use_case=ask.principal.use_case)
    with ask.deployment.store.read() as tx:
        rows = active_stops(ask, tx, use_case=ask.principal.use_case)
    page, after = paged(ask, rows, lambda one: f"{one['stopped_at']} {one['id']}")
    return {"stops": page, "after": after}


def alert(ask: Ask) -> dict[str, Any]:
    """One alert. Errors: ``NotFound`` RW-ALERT-001, also where it is not for this principal to see."""
    require(ask.principal, "gate.read", use_case=ask.principal.use_case)
    with ask.deployment.store.read() as tx:
        found = ask.deployment.store.alerts.get(tx, ask.path["id"])
    mine = ask.principal.use_case
    if found is None or (mine and found.use_case not in {"", mine}):
        raise NotFound("RW-ALERT-001", f"no alert `{ask.path['id'][:100]}`")
    return {"alert": as_json(found)}


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/stop", "listStops", "What is stopped now.", showing(stops), query=PAGED, answer=told.StopList),
    Operation(
        "POST", "/stop", "stop", "Throw the stop switch for a scope.", stop, NewStop, answer=told.StopThrown,
        urgent=True,
    ),
    Operation(
        "POST", "/stop/{id}/resume", "resume", "Lift a stop; needs a second person.", resume, NewResume,
        answer=told.StopLifted,
    ),
    Operation(
        "GET", "/alerts", "listAlerts", "Alerts, newest first, and who was told.",
        showing(watching.alerts), query={**ONE_USE_CASE, **PAGED}, answer=told.AlertList,
    ),
    Operation("GET", "/alerts/{id}", "showAlert", "One alert.", showing(alert), answer=told.AlertSeen),
    Operation(
        "POST", "/alerts/{id}/acknowledge", "acknowledgeAlert", "Say that somebody looks at it; it fires on until it is over.",
        doing(watching.acknowledged), NewResume, answer=told.AlertSeen,
    ),
    Operation(
        "GET", "/incident", "showIncident", "Releases, alerts, stops and actions of a period, and the cases they touched.",
        showing(watching.incident_of),
        query={"from": "time with zone", "to": "time with zone (default: now)", **ONE_USE_CASE},
        required=frozenset({"from"}), answer=told.IncidentTold,
    ),
)  # fmt: skip
