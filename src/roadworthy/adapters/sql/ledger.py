"""The ledger's rows: events wait in an outbox, one sequencer gives them their place in the tree."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import locks, schema
from roadworthy.adapters.sql.engine import begin_read, begin_write
from roadworthy.adapters.sql.ledger_index import add_facets, facet_of, grow_tiles
from roadworthy.adapters.sql.page import bounded
from roadworthy.adapters.sql.transaction import execute
from roadworthy.ledger import Checkpoint, Entry, Frontier, leaf_hash
from roadworthy.ports import Transaction

CHUNK: Final = 5_000
"""Entries read in one short transaction while streaming: a long one would keep old rows alive."""

_outbox, _entry, _reference = schema.ledger_outbox, schema.ledger_entry, schema.ledger_reference
_state, _checkpoint = schema.ledger_state, schema.checkpoint

_APPEND = sa.insert(_outbox).inline()
_ANY_WAITING = sa.select(_outbox.c.id).limit(1)
_WAITING = sa.select(sa.func.count()).select_from(_outbox)
# Exactly the rows that were read: ids are handed out before they are committed, so that on Postgres a
# smaller one may appear later, and "all up to the last" would delete it unsequenced.
_TAKE = (
    _outbox.delete()
    .where(
        _outbox.c.id.in_(
            sa.select(_outbox.c.id)
            .order_by(_outbox.c.id)
            .limit(sa.bindparam("most", type_=sa.Integer))
            .with_for_update(skip_locked=True)
        )
    )
    .returning(_outbox.c.id, _outbox.c.event)
)
_STATE = sa.select(_state.c.size, _state.c.frontier)
_new_state = insert(_state)
_SAVE_STATE = _new_state.on_conflict_do_update(
    index_elements=[_state.c.one],
    set_={"size": _new_state.excluded.size, "frontier": _new_state.excluded.frontier},
)
_ADD_ENTRY, _ADD_REFERENCE, _ADD_CHECKPOINT = (
    sa.insert(_entry),
    sa.insert(_reference),
    sa.insert(_checkpoint),
)
_columns = (_entry.c.seq, _entry.c.event, _entry.c.leaf)
_ENTRIES = (
    sa.select(*_columns).where(_entry.c.seq >= sa.bindparam("start")).order_by(_entry.c.seq).limit(CHUNK)
)
_ABOUT = (
    sa.select(*_columns)
    .join(_reference, _reference.c.seq == _entry.c.seq)
    .where(_reference.c.reference == sa.bindparam("reference"))
    .order_by(_reference.c.seq)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_NEWEST_ABOUT = (
    sa.select(*_columns)
    .join(_reference, _reference.c.seq == _entry.c.seq)
    .where(_reference.c.reference == sa.bindparam("reference"))
    .order_by(_reference.c.seq.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_ABOUT_BEFORE = _NEWEST_ABOUT.where(_reference.c.seq < sa.bindparam("before", type_=sa.BigInteger))
_NOTES = (
    sa.select(_checkpoint.c.size, _checkpoint.c.note)
    .where(_checkpoint.c.size > sa.bindparam("above"))
    .order_by(_checkpoint.c.size)
    .limit(CHUNK)
)


class SqlLedger:
    """The port ``LedgerStore``."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()

    def append(self, tx: Transaction, event: bytes) -> None:
        execute(tx, _APPEND, {"event": event})

    def sequence(self, sign: Callable[[Checkpoint], str], *, origin: str, limit: int = 5_000) -> int:
        """Errors: ``Corrupt`` RW-LEDGER-001 if the stored tree does not fit its size; the events stay."""
        if not self._turn.acquire(blocking=False):
            return 0
        try:
            with begin_read(self._engine) as reading:
                if reading.execute(_ANY_WAITING).first() is None:
                    return 0
            with begin_write(self._engine) as writing:
                if not locks.try_hold(writing, locks.SEQUENCER):
                    return 0
                return _sequence(writing, sign, origin, max(1, limit))
        finally:
            self._turn.release()

    def entries(self, *, start: int = 0) -> Iterator[Entry]:
        while True:
            with begin_read(self._engine) as reading:
                rows = reading.execute(_ENTRIES, {"start": start}).all()
            for seq, event, leaf in rows:
                yield Entry(seq, event, leaf)
            if len(rows) < CHUNK:
                return
            start = rows[-1].seq + 1

    def about(self, tx: Transaction, reference: str, *, limit: int = 200) -> tuple[Entry, ...]:
        rows = execute(tx, _ABOUT, {"reference": reference, "most": bounded(limit)})
        return tuple(Entry(seq, event, leaf) for seq, event, leaf in rows)

    def newest_about(
        self, tx: Transaction, reference: str, *, before: int | None = None, limit: int = 200
    ) -> tuple[Entry, ...]:
        query = _NEWEST_ABOUT if before is None else _ABOUT_BEFORE
        values: dict[str, object] = {"reference": reference, "most": bounded(limit)}
        rows = execute(tx, query, values if before is None else {**values, "before": before})
        return tuple(Entry(seq, event, leaf) for seq, event, leaf in rows)

    def notes(self) -> Iterator[str]:
        above = -1
        while True:
            with begin_read(self._engine) as reading:
                rows = reading.execute(_NOTES, {"above": above}).all()
            yield from (row.note for row in rows)
            if len(rows) < CHUNK:
                return
            above = rows[-1].size

    def waiting(self) -> int:
        with begin_read(self._engine) as reading:
            count: int = reading.execute(_WAITING).scalar_one()
        return count

    def size(self) -> int:
        with begin_read(self._engine) as reading:
            state = reading.execute(_STATE).one_or_none()
        return state.size if state else 0


def _sequence(writing: sa.Connection, sign: Callable[[Checkpoint], str], origin: str, limit: int) -> int:
    taken = sorted((row.id, row.event) for row in writing.execute(_TAKE, {"most": limit}))
    if not taken:
        return 0
    state = writing.execute(_STATE).first()
    before = Frontier.from_bytes(state.size, state.frontier) if state else Frontier()
    leaves = [leaf_hash(event) for _, event in taken]
    after = before.extend(leaves)
    entries, references, facets = [], [], []
    for seq, ((_, event), leaf) in enumerate(zip(taken, leaves, strict=True), start=before.size):
        entries.append({"seq": seq, "event": event, "leaf": leaf})
        facet, named = facet_of(seq, event)
        references += [{"reference": reference, "seq": seq} for reference in named]
        if facet is not None:
            facets.append(facet)
    writing.execute(_ADD_ENTRY, entries)
    if references:
        writing.execute(_ADD_REFERENCE, references)
    add_facets(writing, facets)
    grow_tiles(writing, after.size)
    writing.execute(_SAVE_STATE, {"one": 1, "size": after.size, "frontier": after.to_bytes()})
    note = sign(Checkpoint(origin, after.size, after.root()))
    writing.execute(_ADD_CHECKPOINT, {"size": after.size, "note": note})
    return len(taken)
