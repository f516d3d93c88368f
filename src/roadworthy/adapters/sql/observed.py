"""Figures counted from the ledger, and what waits at this moment: each from an index or a few rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import calls, cases, effects, journal, lineage, reviews, schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.case import State
from roadworthy.casework.effect import SETTLED, EffectState
from roadworthy.ports import Transaction
from roadworthy.ports.watching import Tally, Waiting
from roadworthy.telemetry import CaseFacts
from roadworthy.usage import Call

MOST_CASES = 500
MOST_WAITING = 10_000
"""Rows of one kind that are looked at one by one; counts are of all of them."""
_EXAMPLES = 3

_feed, _tally = schema.feed, schema.tally
_case, _step, _effect, _review = schema.case_record, schema.step, schema.effect, schema.review
_lineage, _ledger, _call, _spend = schema.lineage, schema.ledger_state, schema.model_call, schema.spend

_POSITION = sa.select(_feed.c.next, _feed.c.at).where(_feed.c.name == sa.bindparam("feed"))
_NEWEST = sa.select(_ledger.c.size)
_ENTRY = sa.select(schema.ledger_entry.c.event).where(schema.ledger_entry.c.seq == sa.bindparam("number"))
_BEGIN = insert(_feed).on_conflict_do_nothing(index_elements=[_feed.c.name]).execution_options(**COUNTED)
_MOVE = (
    _feed.update()
    .where(_feed.c.name == sa.bindparam("feed"), _feed.c.next == sa.bindparam("before"))
    .values(next=sa.bindparam("to"), at=sa.bindparam("moment"))
    .execution_options(**COUNTED)
)
_SPENT = sa.select(_spend.c.use_case, _spend.c.minor).where(
    _spend.c.tool == sa.literal_column("'usage'"), _spend.c.day == sa.bindparam("day")
)
_new = insert(_tally)
_COUNT = _new.on_conflict_do_update(
    index_elements=[_tally.c.name, _tally.c.labels], set_={"value": _tally.c.value + _new.excluded.value}
)
_UNSETTLED = [state.value for state in EffectState if state not in SETTLED]
_MOVING = [state.value for state in State if state is not State.CLOSED]


class SqlObservations:
    """The port ``Observations``."""

    def position(self, tx: Transaction, feed: str) -> tuple[int, datetime] | None:
        row = execute(tx, _POSITION, {"feed": feed}).first()
        return None if row is None else (row.next, row.at)

    def newest(self, tx: Transaction) -> int:
        size: int = execute(tx, _NEWEST).scalar() or 0
        return size

    def entry(self, tx: Transaction, seq: int) -> bytes | None:
        found: bytes | None = execute(tx, _ENTRY, {"number": seq}).scalar()
        return found

    def move(self, tx: Transaction, feed: str, *, before: int | None, to: int, at: datetime) -> bool:
        if before is None:
            return execute(tx, _BEGIN, {"name": feed, "next": to, "at": at}).rowcount == 1
        values = {"feed": feed, "before": before, "to": to, "moment": at}
        return execute(tx, _MOVE, values).rowcount == 1

    def facts(
        self, tx: Transaction, cases_: Sequence[str], *, edges: bool = True
    ) -> Mapping[str, CaseFacts]:
        wanted = list(dict.fromkeys(cases_))[:MOST_CASES]
        if not wanted:
            return {}
        found = {row.id: row for row in execute(tx, sa.select(_case).where(_case.c.id.in_(wanted)))}
        of_steps = sa.and_(_step.c.case_id.in_(wanted), _step.c.result.is_not(None))
        steps = _by_case(tx, _step, of_steps, journal.read_step, _step.c.run, _step.c.ordinal)
        sent = _by_case(tx, _effect, _effect.c.case_id.in_(wanted), effects.read_effect, _effect.c.id)
        asked = _by_case(tx, _review, _review.c.case_id.in_(wanted), reviews.read_review, _review.c.id)
        used = {} if not edges else _by_case(
            tx, _lineage, _lineage.c.case_id.in_(wanted), lineage.read_edge,
            _lineage.c.run, _lineage.c.ordinal, _lineage.c.place,
        )  # fmt: skip
        return {
            id_: CaseFacts(
                cases.read_case(row),
                steps=tuple(steps[id_]),
                effects=tuple(sent[id_]),
                reviews=tuple(asked[id_]),
                edges=tuple(used.get(id_, ())),
            )
            for id_, row in found.items()
        }

    def calls(
        self, tx: Transaction, use_case: str, references: Sequence[str]
    ) -> Mapping[str, tuple[Call, ...]]:
        query = (
            sa.select(_call)
            .where(
                _call.c.use_case == use_case,
                _call.c.case_reference.in_(list(dict.fromkeys(references))[:MOST_CASES]),
                # Written out: the index of cases is a partial one.
                _call.c.case_reference != sa.literal_column("''"),
            )
            .order_by(_call.c.case_reference, _call.c.at, _call.c.id)
        )
        found: dict[str, list[Call]] = defaultdict(list)
        for row in execute(tx, query) if references else ():
            found[row.case_reference].append(calls.read_call(row))
        return {reference: tuple(rows) for reference, rows in found.items()}

    def spent(self, tx: Transaction, month: date) -> Mapping[str, int]:
        rows = execute(tx, _SPENT, {"day": month.isoformat()})
        return {use_case: int(nano) for use_case, nano in rows}

    def count(self, tx: Transaction, tallies: Mapping[Tally, int]) -> None:
        rows = [
            {"name": name, "labels": to_json(labels).decode(), "value": value}
            # In one order, so that two that count at once never wait for each other.
            for (name, labels), value in sorted(tallies.items())
        ]
        if rows:
            execute(tx, _COUNT, rows)

    def tallies(self, tx: Transaction) -> Mapping[Tally, int]:
        return {
            (row.name, tuple(from_json(row.labels))): row.value for row in execute(tx, sa.select(_tally))
        }

    def cases(self, tx: Transaction) -> Sequence[Waiting]:
        labels = (_case.c.use_case, _case.c.release, _case.c.stage, _case.c.state)
        return _waiting(tx, _case.c.state.in_(_MOVING), labels, _case.c.created_at, _case.c.id)

    def reviews(self, tx: Transaction, *, due_before: datetime | None = None) -> Sequence[Waiting]:
        # Written out, not bound: a partial index serves only a query whose text shows that it applies.
        is_open = _review.c.state == sa.literal_column("'open'")
        if due_before is None:
            return _waiting(tx, is_open, (_review.c.use_case,), _review.c.created_at, _review.c.case_id)
        overdue = sa.and_(is_open, _review.c.due_at < due_before)
        return _waiting(tx, overdue, (_review.c.use_case,), _review.c.due_at, _review.c.case_id)

    def effects(self, tx: Transaction) -> Sequence[Waiting]:
        labels = (_effect.c.use_case, _effect.c.state)
        return _waiting(
            tx, _effect.c.state.in_(_UNSETTLED), labels, _effect.c.created_at, _effect.c.case_id
        )


def _by_case(
    tx: Transaction,
    table: sa.Table,
    which: sa.ColumnElement[bool],
    read: Any,
    *order: sa.ColumnElement[Any],
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in execute(tx, sa.select(table).where(which).order_by(table.c.case_id, *order)):
        found[row.case_id].append(read(row))
    return found


def _waiting(
    tx: Transaction,
    which: sa.ColumnElement[bool],
    labels: tuple[sa.Column[Any], ...],
    since: sa.Column[Any],
    case: sa.Column[Any],
) -> tuple[Waiting, ...]:
    rows = execute(
        tx,
        sa.select(*labels, sa.func.count().label("of_them"), sa.func.min(since).label("oldest"))
        .where(which)
        .group_by(*labels)
        .order_by(*labels),
    ).all()
    examples: dict[tuple[str, ...], list[str]] = defaultdict(list)
    if rows:
        newest = sa.select(*labels, case.label("case")).where(which).order_by(since).limit(100)
        for *alike, id_ in execute(tx, newest):
            if len(examples[tuple(alike)]) < _EXAMPLES and id_ not in examples[tuple(alike)]:
                examples[tuple(alike)].append(id_)
    return tuple(
        Waiting(tuple(alike), count, oldest, tuple(examples[tuple(alike)]))
        for *alike, count, oldest in rows
    )
