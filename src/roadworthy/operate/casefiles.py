"""Everything a person asks of one case beside what explains it: times, calls, twins, proofs, neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from roadworthy.casework.case import CaseRecord
from roadworthy.errors import NotFound, RoadworthyError
from roadworthy.operate import auditing
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.explain import case_json
from roadworthy.operate.mirroring import EVALUATION, Twin
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, allows, require
from roadworthy.quantities import Cost

MOST_CALLS: Final = 200
MOST_PROVED: Final = 100


def find_record(deployment: Deployment, principal: Principal, case_id: str) -> CaseRecord:
    """A case by its id. Errors: ``NotFound`` RW-CASE-023."""
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
    if case is None:
        raise NotFound("RW-CASE-023", f"no case `{case_id[:200]}`")
    require(principal, "case.read", use_case=case.use_case)
    return case


def timeline(deployment: Deployment, tx: Transaction, case: CaseRecord) -> list[dict[str, Any]]:
    """What happened when and for how long, in order: steps of every run, effects, answers of people.

    ``seconds`` is None where nobody noted when it began; ``at`` is when it ended.
    """
    facts = deployment.store.observed.facts(tx, [case.id], edges=False)[case.id]
    rows: list[dict[str, Any]] = []
    for step in facts.steps:
        rows.append(
            _row("step", step.name, step.began_at, step.recorded_at, run=step.run, cost=str(step.cost),
                 attempts=step.attempts, ordinal=step.ordinal)
        )  # fmt: skip
    for effect in facts.effects:
        began = effect.sent_at or effect.created_at
        rows.append(
            _row("effect", effect.tool, began, max(effect.updated_at, began), state=str(effect.state),
                 attempts=effect.attempts)
        )  # fmt: skip
    for review in facts.reviews:
        ended = review.decided_at or deployment.now()
        rows.append(
            _row("review", str(review.kind), review.created_at, max(ended, review.created_at),
                 state=str(review.state), by=review.decided_by, verdict=review.verdict)
        )  # fmt: skip
    rows.sort(key=lambda row: (row["began_at"] or row["at"], row["at"]))
    start = case.created_at
    end = max([case.updated_at, *(row["at"] for row in rows)])
    whole = max((end - start).total_seconds(), 1e-6)
    for row in rows:
        began = row["began_at"] or row["at"]
        row["from_share"] = min(max((began - start).total_seconds() / whole, 0.0), 1.0)
        row["width_share"] = min(
            max((row["at"] - began).total_seconds() / whole, 0.0), 1.0 - row["from_share"]
        )
        row["began_at"] = row["began_at"].isoformat() if row["began_at"] else None
        row["at"] = row["at"].isoformat()
    return rows


def _row(kind: str, name: str, began: Any, ended: Any, **more: Any) -> dict[str, Any]:
    seconds = None if began is None else max((ended - began).total_seconds(), 0.0)
    return {"kind": kind, "name": name, "began_at": began, "at": ended, "seconds": seconds, **more}


def calls(deployment: Deployment, tx: Transaction, case: CaseRecord) -> list[dict[str, Any]]:
    """Calls to models about a case, oldest first: tokens, what they cost, which route was taken and why."""
    reference = deployment.case_reference(case.use_case, case.key)
    page = deployment.store.metering.of_case(tx, case.use_case, reference, limit=MOST_CALLS)
    return [
        {
            "at": call.at.isoformat(),
            "step": call.step,
            "task": call.task,
            "model": call.model,
            "ending": str(call.ending),
            "read": call.tokens.read,
            "cached": call.tokens.cached,
            "written": call.tokens.written,
            "reasoning": call.tokens.reasoning,
            "estimated": call.estimated,
            "cost": str(Cost(call.cost)),
            "price": call.price,
            "route": call.route,
            "attempts": call.attempts,
            "millis": call.millis,
            "own": not call.step or call.version == case.release,
        }
        for call in page.rows
    ]


def proofs(
    deployment: Deployment, principal: Principal, entries: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, dict[str, Any]], str]:
    """Proofs of a case's entries by number, and why there are none where there are none."""
    if not allows(principal, "ledger.verify"):
        return {}, "proofs are for who may verify the ledger: risk officer, auditor, operator, admin, owner"
    try:
        numbers = [int(entry["seq"]) for entry in entries[:MOST_PROVED]]
        return auditing.proofs_of(deployment, principal, numbers), ""
    except RoadworthyError as problem:
        return {}, problem.message


def relatives(deployment: Deployment, tx: Transaction, case: CaseRecord) -> dict[str, Any]:
    """The case that this one only watches, and the runs that watch or replay this one."""
    twins = deployment.store.cases.twins(tx, case.use_case, case.key)
    live = next((one for one in twins if not one.twin and one.id != case.id), None)
    replays, watching = [], []
    for one in twins:
        if one.id == case.id or not one.twin or one.twin.startswith(EVALUATION):
            continue
        mirrored = Twin.of(one.twin)
        if mirrored is None:
            watching.append(one)
        elif mirrored.original == case.id:
            replays.append(one)
    return {
        "live": live,
        "watching": [case_json(one) for one in watching],
        "replays": [case_json(one) for one in sorted(replays, key=lambda one: one.id, reverse=True)],
    }
