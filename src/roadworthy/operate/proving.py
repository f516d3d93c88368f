"""Proving: entries of the ledger, its newest signed head, and that an entry lies under it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.ledger import Checkpoint, Entry, inclusion_proof, open_note
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal, require

MOST_PROVED = 200_000
"""Leaves that one proof reads. A larger ledger is proved where it lies: ``roadworthy ledger verify``."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint: the note as it was signed, what it says, and how many events wait for the next one."""

    note: str
    checkpoint: Checkpoint
    key: str
    waiting: int


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, and the hashes beside its path to the root, lowest first (RFC 6962)."""

    entry: Entry
    head: Head
    path: tuple[bytes, ...]


def newest_head(deployment: Deployment, principal: Principal) -> Head:
    """The newest signed head. Errors: ``NotFound`` RW-LEDGER-022 while nothing is signed yet."""
    require(principal, "ledger.verify")
    newest = deque(deployment.store.ledger.notes(), maxlen=1)
    if not newest:
        raise NotFound("RW-LEDGER-022", Problem("nothing of the ledger is signed yet"))
    note, verifier = newest[0], deployment.ledger_key.verifier
    return Head(note, open_note(note, verifier), str(verifier), deployment.store.ledger.waiting())


def read_entries(
    deployment: Deployment, principal: Principal, *, start: int, limit: int
) -> tuple[Entry, ...]:
    """Entries from a number on, in order."""
    require(principal, "ledger.verify")
    entries: Iterator[Entry] = deployment.store.ledger.entries(start=start)
    return tuple(islice(entries, limit))


def prove(deployment: Deployment, principal: Principal, seq: int) -> Proof:
    """That an entry lies under the newest signed head, so that anybody can check it without the database.

    Errors: ``NotFound`` RW-LEDGER-022 for an entry that is not there or not signed yet; ``InputProblem``
    RW-LEDGER-023 for a ledger that is too large to be read for one answer.
    """
    head = newest_head(deployment, principal)
    size = head.checkpoint.size
    if not 0 <= seq < size:
        raise NotFound(
            "RW-LEDGER-022", Problem(f"no signed entry {seq}", hint=f"there are {size}, from 0 on")
        )
    if size > MOST_PROVED:
        raise InputProblem(
            "RW-LEDGER-023",
            Problem(f"a proof here reads {MOST_PROVED:,} entries at most, the ledger has {size:,}"),
            hint="`roadworthy ledger verify` reads all of it",
        )
    leaves: list[bytes] = []
    found: Entry | None = None
    for entry in islice(deployment.store.ledger.entries(), size):
        leaves.append(entry.leaf)
        if entry.seq == seq:
            found = entry
    assert found is not None, "a checkpoint counts the entries before it, and none is ever taken away"
    return Proof(found, head, tuple(inclusion_proof(leaves, seq)))
