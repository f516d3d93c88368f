"""Moving a case on: its row, in the caller's transaction. What follows from it is the caller's to enqueue and record."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, move
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction


def moved_on(
    deployment: Deployment, tx: Transaction, case: CaseRecord, event: Event, **changed: object
) -> CaseRecord:
    """The case after the event, stored.

    Errors: ``Conflict`` where the event does not apply, or somebody else was faster.
    """
    return saved(deployment, tx, case, state=move(case.state, event), **changed)


def saved(deployment: Deployment, tx: Transaction, case: CaseRecord, **changed: object) -> CaseRecord:
    """The next version of the case, stored. Errors: ``Conflict`` where somebody else was faster."""
    after = replace(
        case,
        version=case.version + 1,
        updated_at=deployment.now(),
        **changed,  # type: ignore[arg-type]
    )
    deployment.store.cases.save(tx, after, expected=case.version)
    return after
