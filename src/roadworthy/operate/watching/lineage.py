"""Lineage: what a decision rests on, and which decisions rest on a thing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.explain import find_case
from roadworthy.principal import Principal, allows, require
from roadworthy.release import short
from roadworthy.telemetry import CaseFacts, Edge, graph_of, prov_json, reference
from roadworthy.telemetry.lineage import DOCUMENT, MODEL, TOOL

KINDS = (DOCUMENT, MODEL, TOOL)
MOST_SHOWN = 200


def lineage_of_case(
    deployment: Deployment, principal: Principal, name: str, *, use_case: str = ""
) -> dict[str, Any]:
    """All edges of a case, from its inputs to its effects. No content."""
    case, edges = _edges(deployment, principal, name, use_case)
    return {
        "case": {"id": case.id, "key": case.key, "use_case": case.use_case, "state": case.state.value},
        "edges": [edge_json(edge) for edge in edges],
    }


def prov_of_case(
    deployment: Deployment, principal: Principal, name: str, *, use_case: str = ""
) -> dict[str, Any]:
    """The same as one PROV-JSON document."""
    return prov_json(_edges(deployment, principal, name, use_case)[1])


def decisions_that_used(
    deployment: Deployment,
    principal: Principal,
    name: str,
    *,
    kind: str = DOCUMENT,
    version: str = "",
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """Which decisions used a document (a model, a tool), newest first: by its name, or by a digest alone.

    ``version`` narrows a name to one digest. Edges of use cases that the principal may not read are left out,
    so that a page may hold fewer than ``limit``. Cases of erased people are not found any more.

    Errors: ``InputProblem`` RW-LINEAGE-001 for a kind that no step uses; ``NotFound`` RW-LINEAGE-002 where
    nothing ever used it.
    """
    if kind not in KINDS:
        raise InputProblem(
            "RW-LINEAGE-001", Problem(f"no step uses a `{kind}`", hint=f"expected {', '.join(KINDS)}")
        )
    if not name:
        raise InputProblem("RW-LINEAGE-001", Problem(f"which {kind}?", hint="give its name or its digest"))
    by_digest = _is_digest(name)
    source, digest = ("", name) if by_digest else (reference(kind, name), version)
    require(principal, "case.read", use_case=principal.use_case)
    with deployment.store.read() as tx:
        page = deployment.store.lineage.uses(
            tx, source=source, digest=digest, after=after, limit=min(limit, MOST_SHOWN)
        )
        facts = deployment.store.observed.facts(tx, [edge.case for edge in page.rows])
    if not page.rows and not after:
        raise NotFound(
            "RW-LINEAGE-002",
            Problem(
                f"no decision used the {kind} `{name[:200]}`",
                hint="names are as `cases explain` shows them",
            ),
        )
    rows, seen = [], set()
    for edge in page.rows:
        found = facts.get(edge.case)
        if (
            found is None
            or edge in seen
            or not allows(principal, "case.read", use_case=found.case.use_case)
        ):
            continue
        seen.add(edge)
        rows.append(_use(edge, found))
    return {"kind": kind, "name": name, "version": version, "uses": rows, "after": page.after}


def edge_json(edge: Edge) -> dict[str, Any]:
    """An edge as every door lists it."""
    return {
        "relation": edge.relation.value,
        "from": edge.source,
        "to": edge.target,
        "digest": edge.digest,
        "run": edge.run,
        "step": edge.ordinal if edge.ordinal >= 0 else None,
        "at": edge.at.isoformat(),
    }


def _edges(
    deployment: Deployment, principal: Principal, name: str, use_case: str
) -> tuple[CaseRecord, tuple[Edge, ...]]:
    with deployment.store.read() as tx:
        case = find_case(deployment, tx, name, use_case=use_case)
        require(principal, "case.read", use_case=case.use_case)
        facts = deployment.store.observed.facts(tx, [case.id])[case.id]
        # Whoever may be about to say what would have been right does not read it here first.
        blind = allows(principal, "review.decide", use_case=case.use_case) and any(
            review.kind is ReviewKind.SPOT_CHECK and review.state is ReviewState.OPEN
            for review in facts.reviews
        )
        outcomes = () if blind else deployment.store.cases.outcomes(tx, case.id)
    return case, graph_of(facts, outcomes)


def _use(edge: Edge, facts: CaseFacts) -> dict[str, Any]:
    case = facts.case
    return {
        "case": {"id": case.id, "key": case.key, "use_case": case.use_case, "state": case.state.value},
        "release": short(case.release) if case.release else "people",
        "stage": case.stage.value,
        "answer": case.answer,
        "handled_by": case.handled_by,
        "step": edge.ordinal,
        "run": edge.run,
        "digest": edge.digest,
        "at": _text(edge.at),
        # A run that was begun again led to no decision.
        "decided": edge.run == case.run and bool(case.handled_by),
        "effects": [
            {"id": effect.id, "tool": effect.tool, "state": effect.state.value} for effect in facts.effects
        ],
    }


def _is_digest(name: str) -> bool:
    algorithm, separator, rest = name.partition(":")
    return bool(separator) and algorithm in {"sha256", "hmac-sha256"} and len(rest) == 64


def _text(at: datetime) -> str:
    return at.isoformat()
