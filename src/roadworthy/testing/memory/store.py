"""The store in memory, its ledger included."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from roadworthy.ledger import Checkpoint, Entry, Frontier, leaf_hash
from roadworthy.ports import Store, Transaction
from roadworthy.testing.memory.casework import MemoryCases, MemoryEffects, MemoryReviews
from roadworthy.testing.memory.evaluations import MemoryEvaluations
from roadworthy.testing.memory.inbox import MemoryInbox
from roadworthy.testing.memory.ledger_index import MemoryFlags, MemoryLedgerIndex
from roadworthy.testing.memory.metering import MemoryMetering
from roadworthy.testing.memory.records import (
    MemoryEvidence,
    MemoryPeople,
    MemoryReleases,
    MemoryReplies,
    MemorySwitches,
)
from roadworthy.testing.memory.rollups import MemoryRollups
from roadworthy.testing.memory.spotchecks import MemorySpotChecks
from roadworthy.testing.memory.toolstates import MemoryToolStates
from roadworthy.testing.memory.transaction import MemoryTransaction, State, opened
from roadworthy.testing.memory.watching import MemoryAlerts, MemoryLineage, MemoryObservations


class MemoryStore(Store):
    """The port ``Store`` without a database. Writers take turns; readers see the moment they began.

    A write transaction inside another of the same thread would wait for itself for ever: it raises
    ``RuntimeError`` instead.
    """

    def __init__(self) -> None:
        self._state: State = {}
        self._turn = threading.Lock()
        self._writer = 0
        self.cases = MemoryCases()
        self.effects = MemoryEffects()
        self.reviews = MemoryReviews()
        self.inbox = MemoryInbox()
        self.releases = MemoryReleases()
        self.evidence = MemoryEvidence()
        self.people = MemoryPeople()
        self.switches = MemorySwitches()
        self.replies = MemoryReplies()
        self.ledger = MemoryLedger(self)
        self.ledger_index = MemoryLedgerIndex()
        self.flags = MemoryFlags()
        self.evaluations = MemoryEvaluations()
        self.spot_checks = MemorySpotChecks()
        self.metering = MemoryMetering()
        self.lineage = MemoryLineage()
        self.observed = MemoryObservations()
        self.alerts = MemoryAlerts()
        self.rollups = MemoryRollups()
        self.tool_states = MemoryToolStates()

    @contextmanager
    def read(self) -> Iterator[MemoryTransaction]:
        tx = MemoryTransaction(self._state, writable=False)
        try:
            yield tx
        finally:
            tx.end()
        tx.committed()

    @contextmanager
    def write(self) -> Iterator[MemoryTransaction]:
        if self._writer == threading.get_ident():
            raise RuntimeError("a write transaction of this thread is open already")
        with self._turn:
            self._writer = threading.get_ident()
            tx = MemoryTransaction(self._state, writable=True)
            try:
                yield tx
                self._state = tx.end()
            finally:
                tx.end()
                self._writer = 0
        tx.committed()

    def close(self) -> None:
        """Nothing to give back."""


class MemoryLedger:
    """The port ``LedgerStore``."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._turn = threading.Lock()

    def append(self, tx: Transaction, event: bytes) -> None:
        outbox = opened(tx).change("outbox")
        outbox[max(outbox, default=0) + 1] = event

    def sequence(self, sign: Callable[[Checkpoint], str], *, origin: str, limit: int = 5_000) -> int:
        if not self._turn.acquire(blocking=False):
            return 0
        try:
            if not self.waiting():
                return 0
            with self._store.write() as tx:
                return _sequence(tx, sign, origin, max(1, limit))
        finally:
            self._turn.release()

    def entries(self, *, start: int = 0) -> Iterator[Entry]:
        with self._store.read() as tx:
            entries = tx.table("entry")
        return iter([entries[seq] for seq in range(start, len(entries))])

    def about(self, tx: Transaction, reference: str, *, limit: int = 200) -> tuple[Entry, ...]:
        numbers = opened(tx).table("reference").get(reference, ())
        return tuple(opened(tx).table("entry")[seq] for seq in numbers[: max(1, limit)])

    def newest_about(
        self, tx: Transaction, reference: str, *, before: int | None = None, limit: int = 200
    ) -> tuple[Entry, ...]:
        numbers = [
            seq
            for seq in reversed(opened(tx).table("reference").get(reference, ()))
            if before is None or seq < before
        ]
        return tuple(opened(tx).table("entry")[seq] for seq in numbers[: max(1, limit)])

    def notes(self) -> Iterator[str]:
        with self._store.read() as tx:
            notes = tx.table("checkpoint")
        return iter([notes[size] for size in sorted(notes)])

    def waiting(self) -> int:
        with self._store.read() as tx:
            return len(tx.table("outbox"))

    def size(self) -> int:
        with self._store.read() as tx:
            return len(tx.table("entry"))


def _sequence(tx: MemoryTransaction, sign: Callable[[Checkpoint], str], origin: str, limit: int) -> int:
    outbox, entries, references = tx.change("outbox"), tx.change("entry"), tx.change("reference")
    tree: Frontier = tx.table("tree").get("now", Frontier())
    taken = [outbox.pop(number) for number in sorted(outbox)[:limit]]
    for event in taken:
        entry = Entry(tree.size, event, leaf_hash(event))
        entries[entry.seq] = entry
        for reference in _named_in(event):
            references[reference] = (*references.get(reference, ()), entry.seq)
        tree = tree.extend((entry.leaf,))
    if taken:
        tx.change("tree")["now"] = tree
        tx.change("checkpoint")[tree.size] = sign(Checkpoint(origin, tree.size, tree.root()))
    return len(taken)


def _named_in(event: bytes) -> set[str]:
    """The ids in the event's ``about``; an event in another form names nothing."""
    try:
        return {
            reference for reference in json.loads(event)["about"].values() if isinstance(reference, str)
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return set()
