"""The stop switch: what is stopped, who obeys, what was stopped before, and what could be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from roadworthy.errors import RoadworthyError
from roadworthy.ledger import decode
from roadworthy.operate.clearance import ALIVE
from roadworthy.operate.stopping import obedience
from roadworthy.ports import Transaction
from roadworthy.principal import VERBS, Stop, allows, require
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.shared import active_stops, plain, stop_json, visible_use_cases
from roadworthy.stage import ENDED

MOST_SCOPES: Final = 300
MOST_HISTORY: Final = 20
FILTERS: Final = ("scope", "thrown", "after", "limit")


def stops(ask: Ask) -> dict[str, Any]:
    """What is stopped now, what may be, and earlier stops, newest first. ``scope`` chooses beforehand."""
    require(ask.principal, "gate.read", use_case=ask.use_case)
    store, now = ask.deployment.store, ask.deployment.now()
    limit = min(rows_limit(ask.query), MOST_HISTORY)
    with store.read() as tx:
        active = active_stops(ask, tx)
        page = store.switches.history(tx, after=ask.query.get("after", ""), limit=limit)
        beats = store.switches.acknowledgements(tx)
        scopes, all_of_them = scopes_of(ask, tx)
        history = [_earlier(ask, tx, stop) for stop in page.rows]
    thrown = ask.query.get("thrown", "")
    alive = [worker for worker, (_, at) in beats.items() if now - at < ALIVE]
    return plain(  # type: ignore[no-any-return]
        {
            "stops": active,
            "thrown": next((one for one in active if one["id"] == thrown), None),
            "history": history,
            "after": page.after,
            "workers": sorted(alive),
            "scope": ask.query.get("scope", ""),
            "scopes": scopes,
            "all_scopes": all_of_them,
            "you_may_stop": allows(ask.principal, "stop", use_case=ask.principal.use_case),
            "may_stop": sorted(VERBS["stop"]),
            "may_resume": sorted(VERBS["resume"]),
        }
    )


def scopes_of(ask: Ask, tx: Transaction) -> tuple[list[dict[str, Any]], bool]:
    """What can be stopped, in groups; false where there is more than is listed."""
    groups: dict[str, dict[str, str]] = {"Use cases": {}, "Tools": {}, "Models": {}, "Releases": {}}
    for kind, scope, label in _scopes(ask, tx):
        if sum(map(len, groups.values())) >= MOST_SCOPES:
            return _grouped(groups), False
        groups[kind].setdefault(scope, label)
    return _grouped(groups), True


def _scopes(ask: Ask, tx: Transaction) -> Iterator[tuple[str, str, str]]:
    names = visible_use_cases(ask, tx, "gate.read")
    for name in names:
        yield "Use cases", f"use_case:{name}", name
    for name in names:
        for release in ask.deployment.store.releases.rollout(tx, name).releases:
            if release.stage in ENDED and release.fit_until is None:
                continue
            yield (
                "Releases",
                f"release:{name}/{release.name}",
                f"{release.name} of {name} ({release.stage})",
            )
            try:
                charter = ask.deployment.loader.charter(release.digest)
            except RoadworthyError:
                continue  # its tools cannot be named; its release and its use case can be stopped
            for tool in charter.tools:
                yield "Tools", f"tool:{tool}", tool
            for model in (*charter.tasks, *charter.models):
                yield "Models", f"model:{model}", model


def _grouped(groups: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    return [
        {"label": label, "scopes": [{"scope": scope, "label": text} for scope, text in found.items()]}
        for label, found in groups.items()
        if found
    ]


def _earlier(ask: Ask, tx: Transaction, stop: Stop) -> dict[str, Any]:
    """A stop of the history, with how fast it was obeyed and why it was lifted."""
    seen = obedience(ask.deployment, tx, stop)
    why = ""
    if stop.resumed_at is not None:
        lifted = (
            decode(entry.event) for entry in ask.deployment.store.ledger.newest_about(tx, stop.id, limit=5)
        )
        why = next(
            (str(event.data.get("reason", "")) for event in lifted if event.kind == "stop.lifted"), ""
        )
    return {
        **stop_json(stop),
        "resumed_because": why,
        "obeyed": len(seen.obeyed),
        "slowest_ms": max(seen.obeyed.values(), default=None),
    }
