"""What is known of the ledger's entries beside their bytes: kind, actor, time, and the roots of subtrees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from heapq import merge
from typing import Any, Final

import sqlalchemy as sa
from pydantic_core import from_json

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded
from roadworthy.adapters.sql.transaction import execute
from roadworthy.ledger import Entry, root_of
from roadworthy.ledger.subtrees import FANOUT
from roadworthy.ports import Transaction
from roadworthy.ports.ledgers import Found, Wanted

MOST_LOOKED_AT: Final = 5_000
"""Entries that one page looks at where no index knows all that is asked for; the next page goes on from there."""
_NEAR: Final = 2_000
"""Entries around the end of a period among which its first or last number is looked for: events of one moment
take their places within a batch or two of each other."""
_AT_ONCE: Final = 64
"""Subtrees that one batch of events makes up at most, where some are missing."""

_entry, _facet, _tile = schema.ledger_entry, schema.ledger_facet, schema.ledger_tile
_reference, _checkpoint = schema.ledger_reference, schema.checkpoint

_ADD_FACET, _ADD_TILE = sa.insert(_facet), sa.insert(_tile)
_LEAVES = (
    sa.select(_entry.c.leaf)
    .where(_entry.c.seq >= sa.bindparam("first"), _entry.c.seq < sa.bindparam("end"))
    .order_by(_entry.c.seq)
)
_TILES = (
    sa.select(_tile.c.root)
    .where(
        _tile.c.level == sa.bindparam("height"),
        _tile.c.number >= sa.bindparam("first"),
        _tile.c.number < sa.bindparam("end"),
    )
    .order_by(_tile.c.number)
)
_LAST_TILE = sa.select(sa.func.max(_tile.c.number)).where(_tile.c.level == sa.bindparam("height"))
_NEWEST_NOTE = sa.select(_checkpoint.c.note).where(
    _checkpoint.c.size == sa.select(sa.func.max(_checkpoint.c.size)).scalar_subquery()
)
_EVENTS = sa.select(_entry.c.seq, _entry.c.event, _entry.c.leaf).where(
    _entry.c.seq.in_(sa.bindparam("numbers", expanding=True))
)


class SqlLedgerIndex:
    """The port ``LedgerIndex``."""

    def find(self, tx: Transaction, wanted: Wanted, *, before: int | None = None, limit: int = 50) -> Found:
        size = bounded(limit)
        start, end = 0, before
        if wanted.since is not None or wanted.until is not None:
            bounds = self.bounds(tx, wanted.since, wanted.until)
            if bounds is None:
                return Found(())
            start, end = bounds[0], min(bounds[1], before) if before is not None else bounds[1]
        roads, left = _roads(wanted)
        # Where the index knows all that is asked for, no more is looked at than is shown.
        window = max(size + 1, MOST_LOOKED_AT // len(roads)) if left != Wanted() else size + 1
        numbers: list[Iterable[int]] = []
        floor = -1
        for road in roads:
            looked = _of_road(road, start, end).limit(window).subquery()
            found = list(execute(tx, _fitting(looked, left, size + 1)).scalars())
            numbers.append(found)
            if len(found) > size:
                floor = max(floor, found[-1])
                continue
            lowest, count = execute(tx, sa.select(sa.func.min(looked.c.seq), sa.func.count())).one()
            if count == window:
                floor = max(floor, lowest)
        seen = [number for number in merge(*numbers, reverse=True) if number >= floor]
        shown = seen[:size]
        rows = {row.seq: row for row in execute(tx, _EVENTS, {"numbers": shown})} if shown else {}
        after = shown[-1] if len(seen) > size else floor if floor >= 0 else None
        return Found(tuple(Entry(rows[n].seq, rows[n].event, rows[n].leaf) for n in shown), after)

    def bounds(
        self, tx: Transaction, since: datetime | None, until: datetime | None
    ) -> tuple[int, int] | None:
        first = _edge(tx, since, until, newest=False)
        last = _edge(tx, since, until, newest=True)
        return None if first is None or last is None else (first, last + 1)

    def kinds(self, tx: Transaction) -> tuple[str, ...]:
        return _distinct(tx, _facet.c.kind, 1_000)

    def actors(self, tx: Transaction, *, limit: int = 200) -> tuple[str, ...]:
        return _distinct(tx, _facet.c.actor, bounded(limit))

    def nodes(self, tx: Transaction, level: int, start: int, end: int) -> Sequence[bytes]:
        values = {"first": start, "end": end}
        if level == 0:
            return list(execute(tx, _LEAVES, values).scalars())
        return list(execute(tx, _TILES, {**values, "height": level}).scalars())

    def newest_note(self, tx: Transaction) -> str:
        note: str | None = execute(tx, _NEWEST_NOTE).scalar()
        return note or ""


def add_facets(writing: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Note what is known of new entries; those in another form have no rows here."""
    if rows:
        writing.execute(_ADD_FACET, rows)


def facet_of(seq: int, event: bytes) -> tuple[dict[str, Any] | None, set[str]]:
    """Kind, actor and time of an entry, and the ids in its ``about``.

    An event in another form has none and names nothing, and is kept all the same.
    """
    references: set[str] = set()
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        told = from_json(event)
        references = {one for one in told["about"].values() if isinstance(one, str)}
        kind, actor, at = told["kind"], told["actor"], datetime.fromisoformat(told["at"])
        if isinstance(kind, str) and isinstance(actor, str):
            return {"seq": seq, "kind": kind, "actor": actor, "at": at.astimezone(UTC)}, references
    return None, references


def grow_tiles(writing: sa.Connection, size: int) -> None:
    """Note the roots of subtrees that are complete by now; a few at a time where many are missing."""
    level, below = 1, size
    while below >= FANOUT:
        last: int | None = writing.execute(_LAST_TILE, {"height": level}).scalar()
        known = 0 if last is None else last + 1
        ready = min(below // FANOUT, known + _AT_ONCE)
        rows = []
        for number in range(known, ready):
            values = {"first": number * FANOUT, "end": (number + 1) * FANOUT}
            children = (
                writing.execute(_LEAVES, values)
                if level == 1
                else writing.execute(_TILES, {**values, "height": level - 1})
            )
            rows.append({"level": level, "number": number, "root": root_of(children.scalars())})
        if rows:
            writing.execute(_ADD_TILE, rows)
        level, below = level + 1, max(known, ready)


def _roads(wanted: Wanted) -> tuple[list[sa.Select[Any]], Wanted]:
    """The indexes that lead to what is wanted over the fewest entries, and what they do not know.

    Several kinds are several roads.
    """
    if wanted.references:
        # The narrowest thing is named last: a case, after its use case.
        *rest, narrowest = wanted.references
        left = replace(wanted, references=tuple(rest))
        return [sa.select(_reference.c.seq).where(_reference.c.reference == narrowest)], left
    if wanted.actor and (wanted.actor != "system" or not wanted.kinds):
        left = replace(wanted, actor="")
        return [sa.select(_facet.c.seq).where(_facet.c.actor == wanted.actor)], left
    if wanted.kinds:
        of_kinds = [
            sa.select(_facet.c.seq).where(_facet.c.kind == kind) for kind in dict.fromkeys(wanted.kinds)
        ]
        return of_kinds, replace(wanted, kinds=())
    return [sa.select(_entry.c.seq)], wanted


def _of_road(road: sa.Select[Any], start: int, end: int | None) -> sa.Select[Any]:
    number = road.selected_columns.seq
    road = road.order_by(number.desc())
    if start:
        road = road.where(number >= start)
    return road if end is None else road.where(number < end)


def _fitting(looked: sa.Subquery, wanted: Wanted, most: int) -> sa.Select[Any]:
    """Of the entries that are looked at, those that fit in everything else."""
    query = sa.select(looked.c.seq).order_by(looked.c.seq.desc()).limit(most)
    of_facet: list[sa.ColumnElement[bool]] = []
    if wanted.kinds:
        of_facet.append(_facet.c.kind.in_(wanted.kinds))
    if wanted.actor:
        of_facet.append(_facet.c.actor == wanted.actor)
    if wanted.since is not None:
        of_facet.append(_facet.c.at >= wanted.since)
    if wanted.until is not None:
        of_facet.append(_facet.c.at < wanted.until)
    if of_facet:
        query = query.join(_facet, _facet.c.seq == looked.c.seq).where(*of_facet)
    for name in wanted.references:
        named = sa.select(sa.literal(1)).where(
            _reference.c.reference == name, _reference.c.seq == looked.c.seq
        )
        query = query.where(named.exists())
    return query


def _edge(tx: Transaction, since: datetime | None, until: datetime | None, *, newest: bool) -> int | None:
    at = _facet.c.at
    near = sa.select(_facet.c.seq).order_by(at.desc() if newest else at).limit(_NEAR)
    if since is not None:
        near = near.where(at >= since)
    if until is not None:
        near = near.where(at < until)
    rows = near.subquery()
    which = sa.func.max(rows.c.seq) if newest else sa.func.min(rows.c.seq)
    found: int | None = execute(tx, sa.select(which)).scalar()
    return found


def _distinct(tx: Transaction, column: sa.Column[str], most: int) -> tuple[str, ...]:
    """Every value once, by jumping over the index from one to the next: no row between is read."""
    each = sa.select(sa.func.min(column).label("value")).cte(recursive=True)
    following = sa.select(sa.func.min(column)).where(column > each.c.value).scalar_subquery()
    each = each.union_all(sa.select(following).where(each.c.value.is_not(None)))
    query = sa.select(each.c.value).where(each.c.value.is_not(None)).limit(most)
    return tuple(execute(tx, query).scalars())
