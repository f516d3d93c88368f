"""Use cases and releases: the gate, its evidence, people's words on it, and moving along the road."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.evidence import Measurement
from roadworthy.operate import verdicts
from roadworthy.operate.slips import in_force
from roadworthy.operate.waivers import withdraw_waiver
from roadworthy.ports import Transaction
from roadworthy.principal import require
from roadworthy.server.answers import releases as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import PAGED, Operation, doing, showing
from roadworthy.server.paging import paged, rows_limit
from roadworthy.server.views import rollouts, use_case
from roadworthy.server.views.shared import approval_json, candidate, plain, rollout_of, visible_use_cases

_WHICH = {
    "stage": "pilot, shadow, canary or production (default: the next one)",
    "release": "name such as `r2`, or digest (default: the newest that has not ended)",
}
_RELEASE = {"release": _WHICH["release"]}
_LONGEST_WAIVER_DAYS = 90


class NewWaiver(Body):
    """An exception: of which requirement and subject, who asks for it, why, and for how many days (1 to 90)."""

    requirement: str
    subject: str = ""
    asked_by: str
    reason: str
    days: int


class Withdrawal(Body):
    """Which waiver ends, and why."""

    requirement: str
    subject: str = ""
    reason: str


def use_cases(ask: Ask) -> dict[str, Any]:
    """Use cases that this principal may ask about, by name."""
    store = ask.deployment.store
    with store.read() as tx:
        page, after = paged(ask, visible_use_cases(ask, tx, "gate.read"), str)
        stopped = {stop.scope for stop in in_force(ask.deployment, tx)}
        rows = []
        for name in page:
            rollout = store.releases.rollout(tx, name)
            newest = candidate(rollout) or max(rollout.releases, key=lambda one: one.number, default=None)
            rows.append(
                {
                    "name": name,
                    "stage": str(newest.stage) if newest else "draft",
                    "release": newest.name if newest else "",
                    "releases": len(rollout.releases),
                    "open_reviews": store.reviews.count_open(tx, name),
                    "stopped": not stopped.isdisjoint({"all", f"use_case:{name}"}),
                }
            )
    return {"use_cases": rows, "after": after}


def releases(ask: Ask) -> dict[str, Any]:
    """A page of the releases of a use case, newest first."""
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    found = use_case.releases(ask)
    page, after = paged(
        ask, found["releases"], lambda row: f"{int(row['name'][1:]):012}", newest_first=True
    )
    return {"use_case": name, "releases": page, "after": after}


def evidence(ask: Ask) -> dict[str, Any]:
    """A page of measurements, newest first; of one kind, where it is named."""
    name, kind = ask.path["name"], ask.query.get("kind", "")
    require(ask.principal, "gate.read", use_case=name)
    store = ask.deployment.store
    with store.read() as tx:
        rollout_of(ask, tx, name)
        found = store.evidence.measurements(tx, name)
    rows = [one for one in found if kind in {"", one.kind}]
    page, after = paged(ask, rows, lambda one: f"{one.at.isoformat()} {one.id}", newest_first=True)
    return {"use_case": name, "measurements": [_measurement(one) for one in page], "after": after}


def certificates(ask: Ask) -> dict[str, Any]:
    """A page of the certificates of a release, newest first."""
    name, store = ask.path["name"], ask.deployment.store
    require(ask.principal, "gate.read", use_case=name)
    with store.read() as tx:
        release = use_case.chosen(ask, rollout_of(ask, tx, name))
        rows = use_case.certificates_of(ask, tx, release)
    page, after = paged(ask, rows, lambda one: f"{one['certified_at']} {one['id']}", newest_first=True)
    return {"use_case": name, "release": release.name, "certificates": plain(page), "after": after}


def evaluations(ask: Ask) -> dict[str, Any]:
    """A page of evaluations, newest first."""
    name, store = ask.path["name"], ask.deployment.store
    require(ask.principal, "gate.read", use_case=name)
    with store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        release = rollout.named(ask.query["release"]).digest if "release" in ask.query else ""
        page = store.evaluations.list(
            tx,
            name,
            suite=ask.query.get("suite", ""),
            release=release,
            after=ask.query.get("after", ""),
            limit=rows_limit(ask.query),
        )
    names = (
        "id",
        "use_case",
        "suite",
        "suite_digest",
        "target",
        "release",
        "repeats",
        "principal",
        "digest",
    )
    rows = [
        {
            **{key: getattr(one, key) for key in names},
            "started_at": one.started_at.isoformat(),
            "finished_at": one.finished_at.isoformat() if one.finished_at else None,
        }
        for one in page.rows
    ]
    return {"use_case": name, "evaluations": rows, "after": page.after}


def waivers(ask: Ask) -> dict[str, Any]:
    """A page of the waivers of a use case, those that end last first."""
    name = ask.path["name"]
    require(ask.principal, "gate.read", use_case=name)
    with ask.deployment.store.read() as tx:
        rollout_of(ask, tx, name)
        rows = use_case.waivers_of(ask, tx, name)
    page, after = paged(
        ask,
        rows,
        lambda one: f"{one['expires_at']} {one['requirement']} {one['subject']}",
        newest_first=True,
    )
    return {"use_case": name, "waivers": page, "after": after}


def waived(ask: Ask, body: NewWaiver) -> dict[str, Any]:
    """Grant an exception that somebody else asked for."""
    name = ask.path["name"]
    if not 1 <= body.days <= _LONGEST_WAIVER_DAYS:
        raise InputProblem(
            "RW-SERVER-005", Problem(f"expected 1 to {_LONGEST_WAIVER_DAYS} days", place="days")
        )
    with ask.deployment.store.read() as tx:
        require(ask.principal, "waiver.grant", use_case=name)
        rollout_of(ask, tx, name)
    waiver = verdicts.waive(
        ask.deployment,
        ask.principal,
        name,
        body.requirement,
        body.subject,
        asked_by=body.asked_by,
        reason=body.reason,
        valid_for=timedelta(days=body.days),
    )
    return {"waiver": use_case.waiver_json(waiver, now=ask.deployment.now())}


def waiver_withdrawn(ask: Ask, body: Withdrawal) -> dict[str, Any]:
    """End an exception before its day."""
    name = ask.path["name"]
    withdraw_waiver(ask.deployment, ask.principal, name, body.requirement, body.subject, reason=body.reason)
    return {"use_case": name, "requirement": body.requirement, "subject": body.subject}


def approved(ask: Ask, body: rollouts.NewReason) -> dict[str, Any]:
    """A person's yes to a release."""
    approval = verdicts.approve(
        ask.deployment, ask.principal, ask.path["name"], ask.path["release"], reason=body.reason
    )
    return {"approval": approval_json(approval, now=ask.deployment.now())}


def version_of_release(ask: Ask, tx: Transaction) -> str:
    """What changes whenever a release moves. Errors: ``InputProblem`` RW-RELEASE-002 for a name that none has."""
    release = ask.deployment.store.releases.rollout(tx, ask.path["name"]).named(ask.path["release"])
    moved = max(release.stage_since, release.step_since or release.stage_since)
    return f"{release.stage}-{release.step}-{release.share.value:.6f}-{moved.timestamp():.6f}"


def _measurement(one: Measurement) -> dict[str, Any]:
    interval = one.interval
    return {
        "id": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "value": one.value if math.isfinite(one.value) else None,
        "unit": one.unit,
        "n": one.n,
        "low": plain(interval.low) if interval else None,
        "high": plain(interval.high) if interval else None,
        "method": one.method,
        "inputs": one.inputs,
        "release": one.release,
        "simulated": list(one.simulated),
        "at": one.at.isoformat(),
        "valid_until": one.valid_until.isoformat(),
    }


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/use-cases", "listUseCases", "Use cases: how far their newest release is, and what waits.",
        showing(use_cases), query=PAGED, answer=told.UseCaseList,
    ),
    Operation(
        "GET", "/use-cases/{name}", "showUseCase",
        "One use case: charter, verdict, releases, certificates, stops, spot checks.",
        showing(use_case.use_case), query=_WHICH, answer=told.UseCaseTold,
    ),
    Operation(
        "GET", "/use-cases/{name}/verdict", "readVerdict",
        "What the gate concludes now; of any stage and release, to see what would be asked there.",
        showing(use_case.gate_verdict), query=_WHICH, answer=told.VerdictTold,
    ),
    Operation(
        "GET", "/use-cases/{name}/evidence", "listEvidence", "The newest 2,000 measurements, newest first.",
        showing(evidence), query={"kind": "only this kind, such as `safety.policy_coverage`", **PAGED},
        answer=told.EvidenceList,
    ),
    Operation(
        "GET", "/use-cases/{name}/certificates", "listCertificates",
        "Proofs of a release: from which score on cases may be automatic, and why one does not hold.",
        showing(certificates), query={**_RELEASE, **PAGED}, answer=told.CertificateList,
    ),
    Operation(
        "GET", "/use-cases/{name}/evaluations", "listEvaluations", "Evaluations, newest first.",
        showing(evaluations),
        query={"suite": "only this suite", "release": "name or digest", **PAGED}, answer=told.EvaluationList,
    ),
    Operation(
        "GET", "/use-cases/{name}/waivers", "listWaivers", "Exceptions that were granted.",
        showing(waivers), query=PAGED, answer=told.WaiverList,
    ),
    Operation(
        "POST", "/use-cases/{name}/waivers", "grantWaiver", "Grant an exception that somebody else asked for.",
        doing(waived), NewWaiver, answer=told.WaiverKept,
    ),
    Operation(
        "POST", "/use-cases/{name}/waivers/withdraw", "withdrawWaiver", "End an exception before its day; one person is enough.",
        doing(waiver_withdrawn), Withdrawal, answer=told.WaiverWithdrawn,
    ),
    Operation(
        "GET", "/use-cases/{name}/releases", "listReleases", "Releases with their stages and approvals, newest first.",
        showing(releases), query=PAGED, answer=told.ReleaseList,
    ),
    Operation(
        "GET", "/use-cases/{name}/assignment", "readAssignment",
        "Which release the case of a key has, or would get; the same key gets the same answer.",
        showing(rollouts.assignment), query={"case": "external key of the case"}, required=frozenset({"case"}),
        answer=told.AssignmentTold,
    ),
    Operation(
        "GET", "/use-cases/{name}/releases/{release}", "showRelease",
        "One release: signature, files, and how its canary stands.", showing(rollouts.shown),
        answer=told.ReleaseTold, version=version_of_release,
    ),
    Operation(
        "GET", "/use-cases/{name}/difference", "compareReleases", "What tells two releases apart, in words.",
        showing(rollouts.difference), query={"before": "name or digest", "after": "name or digest"},
        required=frozenset({"before", "after"}), answer=told.DifferenceList,
    ),
    Operation(
        "POST", "/use-cases/{name}/releases/{release}/approve", "approveRelease",
        "A person's yes to a release, as business owner or risk officer; never its author's.",
        doing(approved), rollouts.NewReason, answer=told.Approved, version=version_of_release,
    ),
    Operation(
        "POST", "/use-cases/{name}/releases/{release}/promote", "promoteRelease",
        "Move a release one stage on, or its canary one step, if the gate passes.",
        doing(rollouts.promoted), rollouts.NewPromotion, answer=told.Moved, version=version_of_release,
    ),
    Operation(
        "POST", "/use-cases/{name}/releases/{release}/abort", "abortRelease", "Halt a release at once.",
        doing(rollouts.aborted), rollouts.NewReason, answer=told.Moved, version=version_of_release,
    ),
    Operation(
        "POST", "/use-cases/{name}/rollback", "rollBack",
        "Halt what is in production and bring back the release before it.",
        doing(rollouts.went_back), rollouts.NewReason, answer=told.Moved,
    ),
)  # fmt: skip
