"""Verifying the ledger where somebody waits for it: with progress, and written down when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from roadworthy.ledger import Audit, Entry, verify
from roadworthy.operate import errands
from roadworthy.operate.auditing import VERIFIED
from roadworthy.operate.bookkeeping import sequence
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require

NAME: Final = "ledger"
_EVERY: Final = 2_000
_SHOWN: Final = 20
"""Findings that the ledger's own entry about it names; the rest is counted."""


def begin_verification(deployment: Deployment, principal: Principal) -> errands.Errand:
    """Read every entry and checkpoint on a thread of this process, and note in the ledger what it said.

    Begun twice: the second finds the first. Called off, or broken off, nothing is noted.
    Errors: ``Conflict`` RW-ERRAND-001.
    """
    require(principal, "ledger.verify")
    by = principal.id
    return errands.begin(deployment, NAME, by, lambda tell: verified(deployment, by, tell))


def verified(deployment: Deployment, by: str, tell: errands.Progress) -> Audit:
    """The pass over the ledger, and the entry about it."""
    sequence(deployment)
    store = deployment.store
    size = store.ledger.size()
    tell(0, size)
    audit = verify(
        _watched(store.ledger.entries(), size, tell),
        store.ledger.notes(),
        key=deployment.ledger_key.verifier,
    )
    with store.write() as tx:
        deployment.record(
            tx,
            VERIFIED,
            by,
            {},
            {
                "holds": audit.holds,
                "size": audit.size,
                "root": audit.root.hex(),
                "signed_size": audit.signed_size,
                "intact_to": audit.intact_to,
                "faults": sum(one.is_fault for one in audit.findings) + audit.more,
                "findings": [
                    {"code": one.code.value, "at": one.seq_or_size}
                    for one in audit.findings
                    if one.is_fault
                ][:_SHOWN],
            },
        )
    sequence(deployment)
    return audit


def _watched(entries: Iterable[Entry], size: int, tell: errands.Progress) -> Iterator[Entry]:
    for number, entry in enumerate(entries):
        if number % _EVERY == 0:
            tell(number, max(size, number))
        yield entry
