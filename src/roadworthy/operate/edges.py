"""Edges of lineage: written with the step that found them, dropped with the person they may name."""

from __future__ import annotations

from collections.abc import Sequence

from roadworthy.casework.journal import Step
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.telemetry import edges_of_step, reference
from roadworthy.telemetry.lineage import DOCUMENT


def keep_edges(deployment: Deployment, tx: Transaction, step: Step, value: object, sealed: str) -> None:
    """Write down what a step used, in the transaction that records it. ``sealed``: digest of the ciphertext."""
    deployment.store.lineage.add(
        tx,
        edges_of_step(
            step.case, step.run, step.ordinal, step.name, value, sealed=sealed, at=step.recorded_at
        ),
    )


def forget_edges(
    deployment: Deployment, tx: Transaction, *, subject: str = "", documents: Sequence[str] = ()
) -> int:
    """Drop what may name an erased person: the edges of their cases, and of documents about them."""
    sources = [reference(DOCUMENT, name) for name in documents]
    return deployment.store.lineage.forget(tx, subject=subject, sources=sources)
