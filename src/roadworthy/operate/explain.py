"""Explaining a case on one page: inputs, steps, decision, effects, people, and the proof of it all."""

from __future__ import annotations

import json
import math
from typing import Any

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.charter import Charter
from roadworthy.errors import NotFound, RoadworthyError
from roadworthy.ledger import decode
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import held_out
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, allows, require
from roadworthy.release import short
from roadworthy.trust import Certificate


def find_case(deployment: Deployment, tx: Transaction, name: str, *, use_case: str = "") -> CaseRecord:
    """By id, or by external key. Errors: ``NotFound`` RW-CASE-023."""
    case = deployment.store.cases.get(tx, name)
    if case is not None:
        return case
    for candidate in (use_case,) if use_case else deployment.store.releases.use_cases(tx):
        case = deployment.store.cases.by_key(tx, candidate, name)
        if case is not None:
            return case
    raise NotFound("RW-CASE-023", f"no case `{name}`", hint="`roadworthy cases list` shows the newest")


def explain(
    deployment: Deployment, principal: Principal, name: str, *, use_case: str = ""
) -> dict[str, Any]:
    """Everything on record about one case, as JSON values.

    Content (texts, arguments, answers) only for roles that may read it; an erased payload says
    so in its place and the rest of the page stands.
    """
    with deployment.store.read() as tx:
        case = find_case(deployment, tx, name, use_case=use_case)
        require(principal, "case.read", use_case=case.use_case)
        content = allows(principal, "case.read_content", use_case=case.use_case)
        charter = _charter(deployment, case)
        steps = deployment.store.cases.steps(tx, case.id, run=case.run)
        effects = deployment.store.effects.of_case(tx, case.id)
        reviews = deployment.store.reviews.of_case(tx, case.id)
        # Whoever may be about to say what would have been right does not read it here first.
        checked = allows(principal, "review.decide", use_case=case.use_case) and any(
            review.kind is ReviewKind.SPOT_CHECK and review.state is ReviewState.OPEN for review in reviews
        )
        certificates = _certificates(deployment, tx, case)
        return {
            "case": case_json(case),
            "input": _content(deployment, tx, case.input, content),
            "steps": [
                {
                    "ordinal": step.ordinal,
                    "name": step.name,
                    "attempts": step.attempts,
                    "cost": str(step.cost),
                    "at": step.recorded_at.isoformat(),
                    "result": _content(deployment, tx, step.result, content),
                }
                for step in steps
            ],
            "effects": [
                {
                    **effect_json(effect),
                    "response": _response(effect, content),
                    "arguments": _content(deployment, tx, effect.arguments, content),
                    "undo": charter.tools[effect.tool].undo if charter else "",
                    "threshold": certificates[effect.certificate].threshold
                    if effect.certificate in certificates
                    else next((c.threshold for c in certificates.values()), None),
                }
                for effect in effects
            ],
            "reviews": [
                {
                    "id": review.id,
                    "kind": review.kind,
                    "state": review.state,
                    "role": review.role,
                    "reasons": list(review.reasons),
                    "verdict": review.verdict,
                    "by": review.decided_by,
                    "reason": review.reason,
                }
                for review in reviews
            ],
            "outcomes": [
                {
                    "truth": outcome.truth,
                    "judgement": outcome.judgement,
                    "source": outcome.source,
                    "at": outcome.at.isoformat(),
                }
                for outcome in (() if checked else deployment.store.cases.outcomes(tx, case.id))
            ],
            "withheld": ["outcomes"] if checked else [],
            "ledger": [
                {"seq": entry.seq, "leaf": entry.leaf.hex(), **told}
                for entry in deployment.store.ledger.about(tx, case.id)
                if (told := _event(entry.event))["kind"] != "outcome.recorded" or not checked
            ],
        }


def _certificates(deployment: Deployment, tx: Transaction, case: CaseRecord) -> dict[str, Certificate]:
    if not case.release:
        return {}
    given = deployment.store.evidence.certificates(tx, case.use_case, release=case.release)
    return {str(certificate.id): certificate for certificate in given}


def case_json(case: CaseRecord) -> dict[str, Any]:
    """A case as every door lists it; no content."""
    return {
        "id": case.id,
        "use_case": case.use_case,
        "key": case.key,
        "release": short(case.release) if case.release else "people",
        "stage": case.stage,
        "shadow": bool(case.twin),
        "by_lot": held_out(case),
        "state": case.state,
        "handled_by": case.handled_by,
        "answer": case.answer,
        "confidence": None if math.isnan(case.confidence) else round(case.confidence, 4),
        "reason": case.reason,
        "slice": case.slice,
        "cost": str(case.cost),
        "created_at": case.created_at.isoformat(),
        "updated_at": case.updated_at.isoformat(),
    }


def effect_json(effect: EffectRecord) -> dict[str, Any]:
    """An effect without its arguments."""
    return {
        "id": effect.id,
        "slot": effect.slot,
        "key": effect.key,
        "tool": effect.tool,
        "state": effect.state,
        "disposition": effect.disposition,
        "reasons": list(effect.reasons),
        "certificate": effect.certificate,
        "approved_by": effect.approved_by,
        "untrusted": list(effect.untrusted),
        "origins": [
            {"argument": name, "source": source, "trusted": name not in effect.untrusted}
            for name, source in effect.origins
        ],
        "arguments_digest": effect.arguments_digest,
        "attempts": effect.attempts,
    }


def _charter(deployment: Deployment, case: CaseRecord) -> Charter | None:
    try:
        return deployment.loader.charter(case.release) if case.release else None
    except RoadworthyError:
        return None


def _content(deployment: Deployment, tx: Transaction, payload: str, allowed: bool) -> Any:
    if not allowed:
        return "not shown to your role"
    try:
        return deployment.vault.open(tx, payload)
    except RoadworthyError as problem:
        return f"[{problem.message}]"


def _response(effect: EffectRecord, allowed: bool) -> Any:
    """What the tool answered: it may hold content."""
    if not effect.response:
        return None
    return json.loads(effect.response) if allowed else "not shown to your role"


def _event(raw: bytes) -> dict[str, Any]:
    event = decode(raw)
    return {"kind": event.kind, "actor": event.actor, "at": event.at.isoformat(), "data": event.data}
