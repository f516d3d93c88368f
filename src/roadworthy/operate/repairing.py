"""Repairing data: a person's yes to exactly the cells of a plan, on record."""

from __future__ import annotations

from datetime import timedelta

from roadworthy.data.repair import RepairPlan
from roadworthy.errors import Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Approval, Principal, Role, require, require_person
from roadworthy.quantities import Digest, digest_of

VALID = timedelta(days=30)
_KIND = "repair"


def signed(plan: RepairPlan) -> Digest:
    """What an approval is bound to: the plan, and which of its cells are approved."""
    return digest_of([plan.digest, [list(one.cell) for one in plan.approved]])


def approve_repair(deployment: Deployment, principal: Principal, plan: RepairPlan) -> Approval:
    """Sign the approved cells of a plan. Signing the same cells again gives a second approval.

    Errors: ``Refused`` for a role that may not, or for a service account or an agent.
    """
    require(principal, "data.repair")
    require_person(principal, "the approval of repairs")
    now = deployment.now()
    approval = Approval(
        id=deployment.new_id(),
        use_case="",
        kind=_KIND,
        digest=signed(plan),
        role=next(iter(sorted(principal.roles)), Role.OWNER),
        principal=principal.id,
        demo=principal.demo,
        reason=f"{len(plan.approved)} cells of {plan.source}"[:200],
        at=now,
        expires_at=now + VALID,
    )
    with deployment.store.write() as tx:
        deployment.store.evidence.add_approval(tx, approval)
        deployment.record(
            tx,
            "repair.approved",
            principal.id,
            {"repair": plan.digest},
            {"cells": len(plan.approved), "demo": principal.demo},
        )
    return approval


def require_approval(deployment: Deployment, plan: RepairPlan) -> Approval:
    """The approval that stands for exactly these cells.

    Errors: ``Refused`` RW-DATA-223 where nobody gave one, it has expired, or the plan was edited since.
    """
    with deployment.store.read() as tx:
        given = deployment.store.evidence.approvals(tx, "", digest=signed(plan))
    now = deployment.now()
    for approval in given:
        if approval.kind == _KIND and now < approval.expires_at:
            return approval
    raise Refused(
        "RW-DATA-223",
        "nobody approved exactly these repairs",
        reasons=["a plan that is edited after the approval is another plan"],
        may_overrule=Role.OWNER,
        hint="`roadworthy data repair approve PLAN`",
    )
