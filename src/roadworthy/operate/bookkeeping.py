"""Bookkeeping: waiting events enter the ledger, and anybody may check that nothing was altered."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.ledger import Audit, sign, verify
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require


def sequence(deployment: Deployment, *, limit: int = 5_000) -> int:
    """Give waiting events their place in the tree and sign the new head; returns how many.

    One at a time per database: a second caller finds the work taken and gets 0.
    """
    return deployment.store.ledger.sequence(
        lambda checkpoint: sign(checkpoint, deployment.ledger_key),
        origin=deployment.ledger_origin,
        limit=limit,
    )


def sequence_all(deployment: Deployment) -> int:
    """Until nothing waits."""
    total = 0
    while True:
        moved = sequence(deployment)
        total += moved
        if not moved:
            return total


def verify_ledger(deployment: Deployment, principal: Principal, *, pinned: Sequence[str] = ()) -> Audit:
    """Read every entry and every checkpoint and say what holds and what broke.

    ``pinned`` are checkpoints kept elsewhere: without one, somebody who can write the database
    and drops the newest entries together with their checkpoints leaves no trace.
    """
    require(principal, "ledger.verify")
    return verify(
        deployment.store.ledger.entries(),
        deployment.store.ledger.notes(),
        key=deployment.ledger_key.verifier,
        pinned=pinned,
    )
