"""What several views need: stops, releases, who may do what, and values that fit into JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from roadworthy.casework.case import State
from roadworthy.errors import NotFound, Problem
from roadworthy.operate.slips import in_force
from roadworthy.operate.stopping import obedience
from roadworthy.ports import Transaction
from roadworthy.principal import Approval, Kind, Principal, Stop, allows, require
from roadworthy.release import Release, Rollout, short
from roadworthy.server.asking import Ask
from roadworthy.stage import ENDED, ROAD, SIMULATED, Stage


def visible_use_cases(ask: Ask, tx: Transaction, verb: str) -> tuple[str, ...]:
    """The use cases this principal may ask about. Errors: ``Refused`` if its roles allow none at all."""
    require(ask.principal, verb, use_case=ask.principal.use_case)
    known = ask.deployment.store.releases.use_cases(tx)
    return tuple(name for name in known if allows(ask.principal, verb, use_case=name))


def rollout_of(ask: Ask, tx: Transaction, use_case: str) -> Rollout:
    """Errors: ``NotFound`` RW-SERVER-012 for a use case without a release."""
    rollout = ask.deployment.store.releases.rollout(tx, use_case)
    if not rollout.releases:
        raise NotFound(
            "RW-SERVER-012",
            Problem(f"no use case `{use_case}` here"),
            hint="the portfolio shows those that are",
        )
    return rollout


def candidate(rollout: Rollout) -> Release | None:
    """The release whose way is of interest: the newest that has not ended."""
    alive = [release for release in rollout.releases if release.stage not in ENDED]
    return max(alive, key=lambda release: release.number, default=None)


def next_stage(release: Release) -> Stage:
    """The stage a release would enter next. In production: production, does it still hold?"""
    if release.stage not in ROAD:
        return Stage.PRODUCTION
    return ROAD[min(ROAD.index(release.stage) + 1, len(ROAD) - 1)]


def release_json(release: Release) -> dict[str, Any]:
    """A release as every door lists it."""
    return {
        "name": release.name,
        "use_case": release.use_case,
        "digest": release.digest,
        "short": short(release.digest),
        "stage": release.stage,
        "share": release.share.value,
        "author": release.author,
        "note": release.note,
        "reason": release.reason,
        "created_at": release.created_at.isoformat(),
        "stage_since": release.stage_since.isoformat(),
    }


def approval_json(approval: Approval, *, now: datetime) -> dict[str, Any]:
    """An approval as every door lists it."""
    return {
        "role": approval.role,
        "principal": approval.principal,
        "demo": approval.demo,
        "reason": approval.reason,
        "at": approval.at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "expired": now >= approval.expires_at,
    }


def stop_json(stop: Stop) -> dict[str, Any]:
    """A stop as every door lists it."""
    return {
        "id": stop.id,
        "scope": stop.scope,
        "reason": stop.reason,
        "stopped_by": stop.stopped_by,
        "stopped_at": stop.stopped_at.isoformat(),
        "resumed_by": stop.resumed_by,
        "resumed_at": stop.resumed_at.isoformat() if stop.resumed_at else None,
    }


def active_stops(ask: Ask, tx: Transaction, *, use_case: str = "") -> list[dict[str, Any]]:
    """What is stopped now, newest last, and whether the one who asks may lift it.

    With a use case: only stops that reach it (its own, everything's, and those of releases, tools
    and models, which carry no use case). ``workers``: those that obeyed it, and those alive that did not yet.
    """
    shown = []
    for stop in in_force(ask.deployment, tx):
        kind, _, name = stop.scope.partition(":")
        if use_case and kind == "use_case" and name != use_case:
            continue
        why_not = why_not_resume(ask.principal, stop)
        seen = obedience(ask.deployment, tx, stop)
        shown.append(
            {
                **stop_json(stop),
                **seen.as_json(),
                "workers": len(set(seen.obeyed) | set(seen.missing)),
                "you_may_resume": not why_not,
                "why_not": why_not,
            }
        )
    return shown


def why_not_resume(principal: Principal, stop: Stop) -> str:
    """Empty if this principal may lift the stop; mirrors what ``operate.resume`` will say."""
    if not allows(principal, "resume"):
        return "lifting a stop needs the role owner or risk officer"
    if principal.kind is not Kind.PERSON:
        return "lifting a stop needs a person"
    if principal.id == stop.stopped_by:
        return "lifting a stop needs a second person"
    return ""


def case_counts(ask: Ask, tx: Transaction, use_case: str) -> dict[str, int]:
    """How many live cases, and where they are. Pilot and shadow runs are counted apart."""
    found: Counter[str] = Counter()
    for (stage, state, handled_by), n in ask.deployment.store.cases.counts(tx, use_case).items():
        # Where no release works on it, people do, and the case is as live as any; its stage is draft.
        if Stage(stage) in SIMULATED and not (stage == Stage.DRAFT and handled_by == "person"):
            found["simulated"] += n
            continue
        found["live"] += n
        found[state] += n
        if handled_by in {"automatic", "person"}:
            found[handled_by] += n
    keys = ("live", "automatic", "person", "simulated", *(str(state) for state in State))
    return {key: found[key] for key in keys}


def plain(value: Any) -> Any:
    """The value with every number that JSON does not have as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
