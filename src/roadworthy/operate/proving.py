"""Proving: entries of the ledger, its newest signed head, and that an entry lies under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.ledger import Checkpoint, Entry, open_note
from roadworthy.ledger.subtrees import Subtrees
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require


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
    with deployment.store.read() as tx:
        note = deployment.store.ledger_index.newest_note(tx)
    if not note:
        raise NotFound("RW-LEDGER-022", Problem("nothing of the ledger is signed yet"))
    verifier = deployment.ledger_key.verifier
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

    A few hundred hashes are read, however large the ledger is.
    Errors: ``NotFound`` RW-LEDGER-022 for an entry that is not there or not signed yet; ``InputProblem``
    RW-LEDGER-023 where roots of subtrees are still to be made up.
    """
    found = signed_path(deployment, principal, [seq])
    if seq not in found:
        size = newest_head(deployment, principal).checkpoint.size
        raise NotFound(
            "RW-LEDGER-022", Problem(f"no signed entry {seq}", hint=f"there are {size}, from 0 on")
        )
    return found[seq]


def signed_path(
    deployment: Deployment, principal: Principal, numbers: Sequence[int]
) -> Mapping[int, Proof]:
    """The same for several entries under one head; those that are not there or not signed yet are missing."""
    head = newest_head(deployment, principal)
    size = head.checkpoint.size
    with deployment.store.read() as tx:
        tree = subtrees(deployment, tx)
        try:
            return {
                seq: Proof(_entry(deployment, tx, seq), head, tuple(tree.path(seq, size)))
                for seq in numbers
                if 0 <= seq < size
            }
        except LookupError:
            raise InputProblem(
                "RW-LEDGER-023",
                Problem("roots of subtrees that a proof needs are still to be made up"),
                hint="a running worker makes up some with every batch of events; `roadworthy ledger verify` needs none",
            ) from None


def subtrees(deployment: Deployment, tx: Transaction) -> Subtrees:
    """The tree as it is kept. What is made of it is compared with a signed root by whoever checks the proof."""
    return Subtrees(lambda level, start, end: deployment.store.ledger_index.nodes(tx, level, start, end))


def _entry(deployment: Deployment, tx: Transaction, seq: int) -> Entry:
    event = deployment.store.observed.entry(tx, seq)
    leaf = deployment.store.ledger_index.nodes(tx, 0, seq, seq + 1)
    if event is None or not leaf:
        raise LookupError(f"entry {seq} is missing")
    return Entry(seq, event, leaf[0])
