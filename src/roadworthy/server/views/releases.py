"""Releases: where each use case stands, and one release on its way: is it worse, when does it decide, how is it stopped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.ledger import decode
from roadworthy.operate.canaries import running_of, standing, steps_of
from roadworthy.operate.comparing import Running, course, difference
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.pairs import newest_pairs
from roadworthy.operate.telling import compare, tell
from roadworthy.operate.verdicts import verdict
from roadworthy.ports import Transaction
from roadworthy.principal import VERBS, Kind, allows, require
from roadworthy.release import Compared, Release, Rollout, Standing, Word
from roadworthy.server.asking import Ask
from roadworthy.server.paging import rows_limit
from roadworthy.server.views.shared import (
    active_stops,
    approval_json,
    next_stage,
    plain,
    release_json,
    rollout_of,
    visible_use_cases,
)
from roadworthy.stage import ENDED, ROAD, Stage

EVENTS: Final = 50
MOST_READ: Final = 400
"""Entries of the ledger that are looked through for the events of a release; checks of single cases name it, too."""
_KINDS: Final = ("release.", "gate.", "waiver.", "certificate.", "stop.")
_MARKS: Final = tuple(f'"kind":"{kind}'.encode() for kind in _KINDS)
_POINTS: Final = 16
_MOST_PAIRS: Final = 40
_IN_PROGRESS: Final = (Stage.CANARY, Stage.SHADOW, Stage.PILOT)
NAMES: Final = {
    "error": "wrong automatic answers",
    "cost": "cost, as a part of its limit",
    "latency": "cases that are too slow",
    "review_rate": "cases that people are asked about",
    "kpi": "KPI, as a loss",
}


def releases(ask: Ask) -> dict[str, Any]:
    """A row for each use case: what runs, what is on its way, and what may come back until when."""
    require(ask.principal, "gate.read", use_case=ask.use_case)
    limit, after = rows_limit(ask.query), ask.query.get("after", "")
    with ask.deployment.store.read() as tx:
        left = [name for name in sorted(visible_use_cases(ask, tx, "gate.read")) if name > after]
        rows = [_row(ask.deployment, tx, name) for name in left[:limit]]
        stops = active_stops(ask, tx)
    found = {"releases": rows, "after": left[limit - 1] if len(left) > limit else "", "stops": stops}
    return plain(found)  # type: ignore[no-any-return]


def release(ask: Ask) -> dict[str, Any]:
    """One release: its step and what it still needs, its metrics, what is new in it, and what happened to it.

    ``compare`` of the query: how many of its twins are compared with their cases.
    """
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    deployment, now = ask.deployment, ask.deployment.now()
    with deployment.store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        found = rollout.named(ask.path["release"])
        said = standing(deployment, tx, found) if found.stage is Stage.CANARY else None
        runnings = running_of(deployment, tx, found) if said else {}
        approvals = deployment.store.evidence.approvals(tx, name, digest=found.digest)
        stops = active_stops(ask, tx, use_case=name)
        events = _events(deployment, tx, found)
    beside = _beside(rollout, found)
    gate = _gate(ask, found)
    return plain(  # type: ignore[no-any-return]
        {
            "name": name,
            "release": {
                **release_json(found),
                "step": found.step,
                "fit_until": found.fit_until.isoformat() if found.fit_until else None,
            },
            "beside": beside.name if beside else "",
            "road": [{"stage": stage, "here": stage is found.stage} for stage in ROAD],
            "ended": found.stage in ENDED,
            "sentence": _sentence(found, said, now),
            "canary": _canary(deployment, found, said, now) if said else None,
            "metrics": [_metric(one, runnings[one.metric], said) for one in said.metrics] if said else [],
            "course": _course(runnings.get("error")),
            "differences": _differences(ask, name, beside, found),
            "signed": _signed(ask, name, found),
            "events": events,
            "approvals": [approval_json(one, now=now) for one in approvals],
            "gate": gate,
            "stops": stops,
            "pairs": _pairs(ask, name, found),
            "you": _you(ask, found, rollout, now),
            "seen": seen_of(found),
        }
    )


def seen_of(found: Release) -> str:
    """What a form was shown of a release: another text once it moved."""
    return f"{found.stage}:{found.step}:{found.share.basis_points}"


def next_step(deployment: Deployment, found: Release) -> tuple[Stage, float | None]:
    """Where a promotion leads to, and the share of cases there; None where the charter or the stage says it."""
    if found.stage is not Stage.CANARY:
        return next_stage(found), None
    steps = steps_of(deployment.loader.charter(found.digest))
    present = min(max(found.step, 1), len(steps))
    if present >= len(steps):
        return Stage.PRODUCTION, None
    return Stage.CANARY, steps[present].share.value


def _row(deployment: Deployment, tx: Transaction, name: str) -> dict[str, Any]:
    now = deployment.now()
    rollout = deployment.store.releases.rollout(tx, name)
    running, previous = rollout.at(Stage.PRODUCTION), rollout.previous(now)
    moving = next((one for stage in _IN_PROGRESS if (one := rollout.at(stage))), None)
    last = max(rollout.releases, key=lambda one: one.stage_since)
    row: dict[str, Any] = {
        "use_case": name,
        "running": running.name if running else "",
        "running_since": running.stage_since.isoformat() if running else None,
        "moving": moving.name if moving else "",
        "stage": str(moving.stage) if moving else "",
        "stage_since": moving.stage_since.isoformat() if moving else None,
        "share": moving.share.value if moving and moving.stage is Stage.CANARY else None,
        "step": None,
        "steps": None,
        "state": "",
        "missing": "",
        "may_come_back": previous.name if previous else "",
        "until": previous.fit_until.isoformat() if previous and previous.fit_until else None,
        "last": last.name,
        "last_stage": str(last.stage),
        "last_since": last.stage_since.isoformat(),
        "drafts": sum(1 for one in rollout.releases if one.stage is Stage.DRAFT),
        "count": len(rollout.releases),
    }
    if moving and moving.stage is Stage.CANARY:
        try:
            said = standing(deployment, tx, moving)
        except RoadworthyError as problem:
            return {**row, "state": "unreadable", "missing": f"{problem.code}: {problem.message}"}
        row |= {
            "step": said.step,
            "steps": said.of,
            "state": str(said.state),
            "missing": "; ".join(said.missing),
        }
    return row


def _sentence(found: Release, said: Standing | None, now: datetime) -> str:
    days = (now - found.stage_since).days
    since = f"{days} days" if days > 1 else "a day" if days else "less than a day"
    if said is not None:
        state = "passed: it may go on" if said.passed else str(said.state)
        return (
            f"{found.name} takes {found.share} of the live cases; step {said.step} of {said.of} is {state}"
        )
    if found.stage in ENDED:
        return f"{found.name} is {found.stage} for {since}: {found.reason or 'no reason is on record'}"
    return f"{found.name} is in {found.stage} for {since}"


def _canary(deployment: Deployment, found: Release, said: Standing, now: datetime) -> dict[str, Any]:
    """The rail of steps, the current one with how many cases and how much time it still needs."""
    steps = steps_of(deployment.loader.charter(found.digest))
    plan = deployment.loader.charter(found.digest).release.canary
    step = steps[said.step - 1]
    since = found.step_since or found.stage_since
    left = max(timedelta(0), step.min_duration - max(timedelta(0), now - since))
    least = min((one.in_step for one in said.metrics), default=0)
    return {
        "step": said.step,
        "of": said.of,
        "state": str(said.state),
        "passed": said.passed,
        "missing": list(said.missing),
        "advance": plan.advance,
        "cases": least,
        "needed": step.min_cases,
        "since": since.isoformat(),
        "until": (now + left).isoformat() if left else None,
        "rail": [
            {"label": "0 %", "state": "done"},
            *(
                {
                    "label": f"{one.share.value * 100:g} %",
                    "state": "done" if place < said.step else "here" if place == said.step else "ahead",
                }
                for place, one in enumerate(steps, start=1)
            ),
            {"label": "100 %", "state": "ahead"},
        ],
    }


def _metric(one: Compared, running: Running, said: Standing | None) -> dict[str, Any]:
    """A row: both arms, the range of their difference, its limit, the state, and why it is not decided."""
    found = difference(running.trail)
    missing = [line for line in said.missing if line.startswith(f"{one.metric} ")] if said else []
    return {
        "metric": one.metric,
        "name": NAMES.get(one.metric, one.metric),
        "stable": one.mean_beside,
        "stable_n": one.beside,
        "candidate": one.mean,
        "candidate_n": one.cases,
        "difference": None if one.mean is None or one.mean_beside is None else one.mean - one.mean_beside,
        "low": found.low if found else None,
        "high": found.high if found else None,
        "kept": not running.trail[0].number,
        "margin": one.margin,
        "tolerance": one.tolerance,
        "state": str(one.state),
        "missing": "; ".join(missing) if one.state is Word.INCONCLUSIVE else "",
    }


def _course(running: Running | None) -> list[dict[str, Any]]:
    """How the range of the difference in wrong answers became narrower, by cases of the canary."""
    return [
        {
            "at": f"{seen.cases} cases",
            "cases": seen.cases,
            "beside": seen.beside,
            "share": seen.share,
            "value": (seen.total / seen.cases - seen.total_beside / seen.beside) if found else None,
            "low": found.low if found else None,
            "high": found.high if found else None,
        }
        for seen, found in (course(running, most=_POINTS) if running else ())
    ]


def _beside(rollout: Rollout, found: Release) -> Release | None:
    """What a release is compared with: that in production, or what ran before it."""
    running = rollout.at(Stage.PRODUCTION)
    if running is not None and running.digest != found.digest:
        return running
    earlier = [
        one for one in rollout.releases if one.number < found.number and one.stage is not Stage.DRAFT
    ]
    return max(earlier, key=lambda one: one.number, default=None)


def _differences(ask: Ask, name: str, beside: Release | None, found: Release) -> list[dict[str, Any]]:
    if beside is None:
        return []
    try:
        told = compare(ask.deployment, ask.principal, name, beside.name, found.name)
    except RoadworthyError as problem:
        return [{"kind": "file", "about": "", "sentence": f"they cannot be compared: {problem.message}"}]
    return [{"kind": one.kind, "about": one.about, "sentence": one.sentence} for one in told]


def _signed(ask: Ask, name: str, found: Release) -> dict[str, Any]:
    """Who signed it and what it holds; or why it would not run."""
    try:
        files = tell(ask.deployment, ask.principal, name, found.name).files
    except RoadworthyError as problem:
        return {"holds": False, "by": found.key, "why": f"{problem.code}: {problem.message}", "files": {}}
    return {"holds": True, "by": found.key, "why": "", "files": files}


def _events(deployment: Deployment, tx: Transaction, found: Release) -> dict[str, Any]:
    """What happened to a release, newest first, as the ledger has it."""
    entries = deployment.store.ledger.newest_about(tx, found.digest, limit=MOST_READ)
    rows = []
    for entry in entries:
        # An entry is canonical JSON: without such a mark it is of another kind, and need not be read.
        if not any(mark in entry.event for mark in _MARKS):
            continue
        event = decode(entry.event)
        if not event.kind.startswith(_KINDS):
            continue
        data = event.data
        moved = f"{data.get('from')} → {data.get('to')}" if event.kind == "release.moved" else ""
        share = data.get("share_bp")
        if moved and data.get("to") == Stage.CANARY and isinstance(share, int):
            moved += f", {share / 100:g} % of the cases"
        words = (
            moved,
            data.get("verdict", ""),
            data.get("stage", ""),
            data.get("reason") or data.get("note"),
        )
        rows.append(
            {
                "seq": entry.seq,
                "at": event.at.isoformat(),
                "kind": event.kind,
                "actor": event.actor,
                "what": " · ".join(str(word) for word in words if word),
            }
        )
    return {"rows": rows[:EVENTS], "more": len(rows) > EVENTS or len(entries) == MOST_READ}


def _gate(ask: Ask, found: Release) -> dict[str, Any] | None:
    """What the gate says of the next step; None where none is left."""
    if found.stage in ENDED or found.stage is Stage.PRODUCTION:
        return None
    to, _ = next_step(ask.deployment, found)
    try:
        said = verdict(ask.deployment, ask.principal, found.use_case, found.name, to)
    except RoadworthyError as problem:
        return {"stage": to, "passes": False, "sentence": problem.message, "open": []}
    return {
        "stage": to,
        "passes": said.passes,
        "sentence": said.sentence,
        "open": [
            {"asks": one.asks, "subject": one.subject, "reason": one.reason, "next_step": one.next_step}
            for one in said.open
        ],
    }


def _pairs(ask: Ask, name: str, found: Release) -> dict[str, Any] | None:
    """Cases that this release worked as a twin, and where it said something else; only when asked for."""
    wanted = ask.query.get("compare", "")
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 4 and 1 <= int(wanted) <= _MOST_PAIRS):
        raise InputProblem("RW-SERVER-005", Problem(f"expected 1 to {_MOST_PAIRS}", place="compare"))
    with ask.deployment.store.read() as tx:
        return newest_pairs(ask.deployment, tx, ask.principal, name, found.digest, most=int(wanted))


def _you(ask: Ask, found: Release, rollout: Rollout, now: datetime) -> dict[str, Any]:
    """What who asks may do here, and why not; the verbs say the same again."""
    principal, name = ask.principal, found.use_case
    to, share = next_step(ask.deployment, found)
    previous = rollout.previous(now)
    still_fit = found.fit_until is not None and now < found.fit_until
    approve = ""
    if not allows(principal, "release.approve", use_case=name):
        approve = f"an approval takes the role {_roles('release.approve')}"
    elif principal.kind is not Kind.PERSON:
        approve = "an approval takes a person"
    elif principal.id == found.author:
        approve = "you built it: somebody else approves it"
    return {
        "may_promote": allows(principal, "release.promote", use_case=name),
        "promotes": _roles("release.promote"),
        "to": to,
        "to_share": share,
        "can_promote": found.stage not in ENDED and found.stage is not Stage.PRODUCTION,
        "may_abort": allows(principal, "release.abort", use_case=name),
        "aborts": _roles("release.abort"),
        "can_abort": found.stage not in ENDED or still_fit,
        "can_go_back": found.stage is Stage.PRODUCTION and previous is not None,
        "previous": previous.name if previous else "",
        "may_stop": allows(principal, "stop", use_case=name),
        "why_not_approve": approve,
    }


def _roles(verb: str) -> str:
    return ", ".join(sorted(role.replace("_", " ") for role in VERBS[verb]))
