"""The ledger: an append-only list of byte strings, and the proof that nobody changed it.

``Event`` says what happened, ``encode`` gives its bytes, ``Frontier`` grows the Merkle tree over them,
``sign`` puts a checkpoint under its root, ``verify`` finds what was changed afterwards. The ledger knows
bytes, not cases; it stores nothing itself.
"""

from roadworthy.ledger.audit import Audit, Entry, Finding, FindingCode, verify
from roadworthy.ledger.event import Event, decode, encode
from roadworthy.ledger.note import Checkpoint, SigningKey, VerifyKey, open_note, sign
from roadworthy.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
)

__all__ = [
    "EMPTY_ROOT",
    "Audit",
    "Checkpoint",
    "Entry",
    "Event",
    "Finding",
    "FindingCode",
    "Frontier",
    "SigningKey",
    "VerifyKey",
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "decode",
    "encode",
    "inclusion_proof",
    "leaf_hash",
    "open_note",
    "root_of",
    "sign",
    "verify",
]
