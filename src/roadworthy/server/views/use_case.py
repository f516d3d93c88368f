"""One use case: may it go on, what exactly is missing, and which releases it has."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation import Evaluation
from roadworthy.gate import Finding, Verdict, Waiver, as_json
from roadworthy.operate.outcomes import canary_watch
from roadworthy.operate.spotchecks.status import spot_check_status
from roadworthy.operate.spotchecks.telling import status_json
from roadworthy.operate.verdicts import Weighed, verdict, weigh
from roadworthy.ports import Transaction
from roadworthy.principal import allows, require
from roadworthy.release import Release, Rollout
from roadworthy.server.asking import Ask
from roadworthy.server.views.portfolio import headline, road
from roadworthy.server.views.shared import (
    active_stops,
    approval_json,
    candidate,
    case_counts,
    next_stage,
    plain,
    release_json,
    rollout_of,
)
from roadworthy.stage import ROAD, Stage


def use_case(ask: Ask) -> dict[str, Any]:
    """The verdict on a stage, every requirement with its reason, releases, certificates and stops.

    ``release`` and ``stage`` of the query choose; without them the newest release that has not
    ended, and the stage it would enter next.
    """
    return plain(read(ask)[0])  # type: ignore[no-any-return]


def read(ask: Ask) -> tuple[dict[str, Any], Weighed, Verdict]:
    """What every door shows of a use case, and what it was made of."""
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    store = ask.deployment.store
    with store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        release = chosen(ask, rollout)
    stage = stage_asked(ask, release)
    # Read once outside: a charter is fetched in a transaction of its own.
    ask.deployment.loader.charter(release.digest)
    with store.read() as tx:
        weighed = weigh(ask.deployment, tx, release)
        page = {
            "name": name,
            "road": road(rollout),
            "release": release_json(release),
            "releases": _releases(ask, tx, rollout),
            "certificates": certificates_of(ask, tx, release),
            "suites": _suites(ask, tx, release),
            "waivers": waivers_of(ask, tx, name),
            "cases": case_counts(ask, tx, name),
            "open_reviews": store.reviews.count_open(tx, name),
            "stops": active_stops(ask, tx, use_case=name),
            "you_may_stop": allows(ask.principal, "stop", use_case=name),
        }
    said = weighed.verdict(stage)
    page["charter"] = _promise(weighed.charter)
    page["verdict"] = verdict_json(said, release)
    page["canary"] = _watch(ask, name, rollout)
    page["spot_checks"] = status_json(spot_check_status(ask.deployment, name))
    return page, weighed, said


def gate_verdict(ask: Ask) -> dict[str, Any]:
    """Only the verdict, chosen as on the page."""
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    with ask.deployment.store.read() as tx:
        release = chosen(ask, rollout_of(ask, tx, name))
    said = verdict(ask.deployment, ask.principal, name, release.name, stage_asked(ask, release))
    return plain(verdict_json(said, release))  # type: ignore[no-any-return]


def releases(ask: Ask) -> dict[str, Any]:
    """All releases of a use case, newest first."""
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    with ask.deployment.store.read() as tx:
        return {"use_case": name, "releases": _releases(ask, tx, rollout_of(ask, tx, name))}


def verdict_json(said: Verdict, release: Release) -> dict[str, Any]:
    """The gate's verdict; findings that do not hold come first, the cheapest next step first of all."""
    return {
        **as_json(replace(said, findings=in_order(said))),
        "headline": headline(said, release),
        "open": len(said.open),
    }


def in_order(said: Verdict) -> tuple[Finding, ...]:
    """Findings as they are shown: what does not hold, the cheapest next step first, then what does."""
    first = said.open
    left = {id(finding) for finding in first}
    return (*first, *(finding for finding in said.findings if id(finding) not in left))


def chosen(ask: Ask, rollout: Rollout) -> Release:
    """The release that the query names, else the newest that has not ended. Errors: RW-RELEASE-002."""
    wanted = ask.query.get("release", "")
    if wanted:
        return rollout.named(wanted)
    return candidate(rollout) or max(rollout.releases, key=lambda release: release.number)


def stage_asked(ask: Ask, release: Release) -> Stage:
    """The stage that the query names, else the next one. Errors: ``InputProblem`` RW-SERVER-005."""
    wanted = ask.query.get("stage", "")
    if not wanted:
        return next_stage(release)
    if wanted not in ROAD[1:]:
        known = ", ".join(ROAD[1:])
        raise InputProblem("RW-SERVER-005", Problem(f"`{wanted}` is no stage", place="stage", hint=known))
    return Stage(wanted)


def _releases(ask: Ask, tx: Transaction, rollout: Rollout) -> list[dict[str, Any]]:
    now = ask.deployment.now()
    evidence = ask.deployment.store.evidence
    newest_first = sorted(rollout.releases, key=lambda release: -release.number)
    return [
        {
            **release_json(release),
            "approvals": [
                approval_json(approval, now=now)
                for approval in evidence.approvals(tx, release.use_case, digest=release.digest)
            ],
        }
        for release in newest_first
    ]


def certificates_of(ask: Ask, tx: Transaction, release: Release) -> list[dict[str, Any]]:
    """The certificates of a release, each with why it does not hold."""
    now = ask.deployment.now()
    found = ask.deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    return [
        {
            **certificate.as_json(),
            "why_not": certificate.why_not(
                error_kind=certificate.error_kind,
                effect=next(iter(certificate.effects), ""),
                slice=certificate.slice,
                release=release.digest,
                score=certificate.threshold,
                now=now,
            ),
        }
        for certificate in found
    ]


def _suites(ask: Ask, tx: Transaction, release: Release) -> list[dict[str, Any]]:
    """The newest evaluation of this release on each suite."""
    page = ask.deployment.store.evaluations.list(
        tx, release.use_case, release=release.digest, finished=True, limit=200
    )
    newest: dict[str, dict[str, Any]] = {}
    for record in page.rows:
        if record.suite in newest:
            continue
        overall = Evaluation.from_json(record.body).summary.overall
        newest[record.suite] = {
            "suite": record.suite,
            "evaluation": record.id,
            "tests": overall.tests,
            "passed": overall.passed.value if overall.passed else None,
            "interval": [overall.passed.interval.low, overall.passed.interval.high]
            if overall.passed
            else None,
            "wrong": overall.wrong,
            "errors": overall.errors,
            "ungraded": overall.ungraded,
            "finished_at": record.finished_at.isoformat() if record.finished_at else None,
        }
    return [newest[name] for name in sorted(newest)]


def waivers_of(ask: Ask, tx: Transaction, name: str) -> list[dict[str, Any]]:
    """The waivers of a use case."""
    now = ask.deployment.now()
    return [waiver_json(waiver, now=now) for waiver in ask.deployment.store.evidence.waivers(tx, name)]


def waiver_json(waiver: Waiver, *, now: datetime) -> dict[str, Any]:
    """A waiver as every door lists it."""
    return {
        "requirement": waiver.requirement,
        "subject": waiver.subject,
        "reason": waiver.reason,
        "asked_by": waiver.asked_by,
        "granted_by": waiver.granted_by,
        "demo": waiver.demo,
        "expires_at": waiver.expires_at.isoformat(),
        "holds": waiver.holds(now),
    }


def _promise(charter: Charter) -> dict[str, Any]:
    """What of the charter the page shows."""
    return {
        "title": charter.title,
        "objective": charter.objective.strip(),
        "phase": charter.phase,
        "owners": charter.owners.model_dump(),
        "kpi": {"name": charter.kpi.name, "unit": charter.kpi.unit, "target": charter.kpi.target},
        "risk": {"tier": charter.risk.tier, "worst_case": charter.risk.worst_case},
        "autonomy": charter.autonomy,
        "budget": charter.budget.model_dump(),
    }


def _watch(ask: Ask, name: str, rollout: Rollout) -> dict[str, Any] | None:
    """What the cases on both arms say about a release in canary so far."""
    release = rollout.at(Stage.CANARY)
    watch = canary_watch(ask.deployment, name, release) if release else None
    if release is None or watch is None:
        return None
    candidate_arm, beside = watch.harm.candidate, watch.harm.baseline
    return {
        "release": release.name,
        "share": release.share.value,
        "wrong": candidate_arm.total,
        "cases": candidate_arm.cases,
        "wrong_beside": beside.total,
        "cases_beside": beside.cases,
        "state": watch.state,
    }
