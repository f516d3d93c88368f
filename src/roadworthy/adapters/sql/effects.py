"""Effects, the order and pace in which they leave, and the money they move in a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import locks, schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED, lost_race, replace_version
from roadworthy.adapters.sql.schema.casework import ALONE, DUE, HELD, IN_LANE
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.casework.effect import OWED, EffectRecord, EffectState, Refusal
from roadworthy.casework.pace import Pace
from roadworthy.errors import InputProblem, Problem
from roadworthy.policy import Marking
from roadworthy.ports import Page, Transaction
from roadworthy.routing import Circuit
from roadworthy.stage import Stage

_effect, _spend, _pace = schema.effect, schema.spend, schema.pace
LANE = "lane"

_ADD = insert(_effect).on_conflict_do_nothing(index_elements=[_effect.c.key]).execution_options(**COUNTED)
_GET = sa.select(_effect).where(_effect.c.id == sa.bindparam("id"))
_SAVE = replace_version(_effect)
_REFUSALS = (
    sa.select(_effect.c.id, _effect.c.use_case, _effect.c.undoes, _effect.c.reasons, _effect.c.untrusted)
    .where(_effect.c.state == EffectState.REFUSED.value)
    .order_by(_effect.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_OF_CASE = sa.select(_effect).where(_effect.c.case_id == sa.bindparam("case")).order_by(_effect.c.id)

_upsert = insert(_spend)
_RESERVE = _upsert.on_conflict_do_update(
    index_elements=[_spend.c.use_case, _spend.c.tool, _spend.c.day],
    set_={"minor": _spend.c.minor + _upsert.excluded.minor},
).returning(_spend.c.minor)

_place = sa.tuple_(_effect.c.case_id, _effect.c.id)
_mine = sa.tuple_(sa.bindparam("case"), sa.bindparam("id"))
_of_lane = sa.select(_effect).where(IN_LANE, _effect.c.lane == sa.bindparam("lane"))
_by_place = (_effect.c.case_id, _effect.c.id)
_IN_FRONT = _of_lane.where(_place < _mine, _effect.c.passed == 0).order_by(*_by_place).limit(1)
_BEHIND = _of_lane.where(_place > _mine).order_by(*_by_place).limit(1)
_WAITING = (
    sa.select(_effect)
    .where(
        HELD,
        _effect.c.use_case == sa.bindparam("use_case"),
        _effect.c.tool == sa.bindparam("tool"),
        _effect.c.held.in_(("rate", "circuit")),
        _effect.c.state.in_(("ready", "sending")),
    )
    .order_by(_effect.c.held_since, *_by_place)
    .limit(sa.bindparam("most"))
)
_PACE = sa.select(_pace).where(
    _pace.c.use_case == sa.bindparam("use_case"), _pace.c.tool == sa.bindparam("tool")
)
_LOCKED_PACE = _PACE.with_for_update()
_NEW_PACE = insert(_pace).on_conflict_do_nothing(index_elements=[_pace.c.use_case, _pace.c.tool])
_SAVE_PACE = _pace.update().where(
    _pace.c.use_case == sa.bindparam("of_use_case"), _pace.c.tool == sa.bindparam("of_tool")
)


class SqlEffects:
    """The port ``Effects``."""

    def add(self, tx: Transaction, effect: EffectRecord) -> bool:
        return execute(tx, _ADD, _values(effect)).rowcount == 1

    def get(self, tx: Transaction, effect: str) -> EffectRecord | None:
        row = execute(tx, _GET, {"id": effect}).first()
        return None if row is None else read_effect(row)

    def save(self, tx: Transaction, effect: EffectRecord, *, expected: int) -> None:
        values = {**_values(effect), "row_id": effect.id, "expected": expected}
        if execute(tx, _SAVE, values).rowcount != 1:
            raise lost_race(tx, _effect, effect.id, what="effect", expected=expected)

    def of_case(self, tx: Transaction, case: str) -> tuple[EffectRecord, ...]:
        """Oldest first."""
        return tuple(read_effect(row) for row in execute(tx, _OF_CASE, {"case": case}))

    def of_cases(self, tx: Transaction, cases: Sequence[str]) -> tuple[EffectRecord, ...]:
        query = sa.select(_effect).where(_effect.c.case_id.in_(sorted(set(cases))))
        return tuple(read_effect(row) for row in execute(tx, query.order_by(_effect.c.id.desc())))

    def in_state(
        self,
        tx: Transaction,
        state: EffectState,
        *,
        use_case: str = "",
        release: str = "",
        limit: int = 500,
    ) -> tuple[EffectRecord, ...]:
        query = (
            sa.select(_effect).where(_effect.c.state == state).order_by(_effect.c.id).limit(bounded(limit))
        )
        if use_case:
            query = query.where(_effect.c.use_case == use_case)
        if release:
            query = query.where(_effect.c.release == release)
        return tuple(read_effect(row) for row in execute(tx, query))

    def reserve_spend(self, tx: Transaction, use_case: str, tool: str, day: date, minor: int) -> int:
        values = {"use_case": use_case, "tool": tool, "day": day.isoformat(), "minor": minor}
        after: int = execute(tx, _RESERVE, values).scalar_one()
        return after - minor

    def list(
        self,
        tx: Transaction,
        use_case: str = "",
        *,
        states: Collection[EffectState] = (),
        tool: str = "",
        after: str = "",
        limit: int = 50,
    ) -> Page[EffectRecord]:
        size = bounded(limit)
        query = sa.select(_effect).order_by(_effect.c.id.desc()).limit(size + 1)
        if use_case:
            query = query.where(_effect.c.use_case == use_case)
        if states:
            query = query.where(_effect.c.state.in_(sorted(states)))
        if tool:
            query = query.where(_effect.c.tool == tool)
        if after:
            query = query.where(_effect.c.id < seen(after))
        rows = [read_effect(row) for row in execute(tx, query)]
        return page(rows, [row.id for row in rows], size)

    def refusals(
        self, tx: Transaction, use_cases: Collection[str], *, limit: int = 200
    ) -> tuple[Refusal, ...]:
        return tuple(
            Refusal(row.id, row.reasons, row.untrusted)
            for row in execute(tx, _REFUSALS, {"most": bounded(limit)})
            if not row.undoes and row.use_case in use_cases
        )

    def alone(self, tx: Transaction, above: int, *, after: str = "", limit: int = 50) -> Page[EffectRecord]:
        size = bounded(limit)
        place = (_effect.c.amount, _effect.c.id)
        query = sa.select(_effect).where(ALONE, _effect.c.amount > above).limit(size + 1)
        if after:
            amount, _, id_ = seen(after).partition(":")
            query = query.where(sa.tuple_(*place) < sa.tuple_(sa.literal(_whole(amount)), sa.literal(id_)))
        rows = [read_effect(row) for row in execute(tx, query.order_by(*(one.desc() for one in place)))]
        return page(rows, [f"{row.amount}:{row.id}" for row in rows], size)

    def in_front(self, tx: Transaction, effect: EffectRecord) -> EffectRecord | None:
        return self._of_lane(tx, effect, _IN_FRONT)

    def behind(self, tx: Transaction, effect: EffectRecord) -> EffectRecord | None:
        return self._of_lane(tx, effect, _BEHIND)

    def _of_lane(self, tx: Transaction, effect: EffectRecord, query: sa.Executable) -> EffectRecord | None:
        if not effect.lane:
            return None
        locks.hold(opened(tx).connection, LANE, effect.lane)
        row = execute(tx, query, {"lane": effect.lane, "case": effect.case, "id": effect.id}).first()
        return None if row is None else read_effect(row)

    def waiting(
        self, tx: Transaction, use_case: str, tool: str, *, limit: int = 100
    ) -> tuple[EffectRecord, ...]:
        rows = execute(tx, _WAITING, {"use_case": use_case, "tool": tool, "most": bounded(limit)})
        return tuple(read_effect(row) for row in rows)

    def overdue(
        self, tx: Transaction, before: datetime, *, after: str = "", limit: int = 100
    ) -> Page[EffectRecord]:
        """One page of those that are due, and one of those that wait: rarely any at all."""
        size = bounded(limit)
        owed = _effect.c.state.in_(sorted(OWED))
        found: dict[str, EffectRecord] = {}
        for condition, moment in ((DUE, _effect.c.due_at), (HELD, _effect.c.held_since)):
            query = (
                sa.select(_effect)
                .where(condition, moment < before, owed, _effect.c.id > (seen(after) if after else ""))
                .order_by(_effect.c.id)
                .limit(size + 1)
            )
            found |= {row.id: read_effect(row) for row in execute(tx, query)}
        ids = sorted(found)[: size + 1]
        return page([found[id_] for id_ in ids], ids, size)

    def pace(self, tx: Transaction, use_case: str, tool: str, *, lock: bool = False) -> Pace:
        name = {"use_case": use_case, "tool": tool}
        if lock:
            execute(tx, _NEW_PACE, _pace_values(Pace(use_case, tool)))
        row = execute(tx, _LOCKED_PACE if lock else _PACE, name).first()
        return Pace(use_case, tool) if row is None else _read_pace(row)

    def save_pace(self, tx: Transaction, pace: Pace) -> None:
        values = {**_pace_values(pace), "of_use_case": pace.use_case, "of_tool": pace.tool}
        execute(tx, _SAVE_PACE, values)

    def paces(self, tx: Transaction, *, limit: int = 500) -> tuple[Pace, ...]:
        query = sa.select(_pace).order_by(_pace.c.use_case, _pace.c.tool).limit(bounded(limit))
        return tuple(_read_pace(row) for row in execute(tx, query))


def _pace_values(pace: Pace) -> dict[str, Any]:
    circuit = pace.circuit
    return {
        "use_case": pace.use_case,
        "tool": pace.tool,
        "full_at": pace.full_at,
        "failures": circuit.failures,
        "open_until": circuit.open_until,
        "asked_until": circuit.asked_until,
        "trial_until": circuit.trial_until,
        "rests": circuit.rests,
        "wakes_at": pace.wakes_at,
    }


def _read_pace(row: sa.Row[Any]) -> Pace:
    known = Pace(row.use_case, row.tool, full_at=row.full_at, wakes_at=row.wakes_at)
    circuit: Circuit = replace(
        known.circuit,
        failures=row.failures,
        open_until=row.open_until,
        asked_until=row.asked_until,
        trial_until=row.trial_until,
        rests=row.rests,
    )
    return replace(known, circuit=circuit)


def _values(effect: EffectRecord) -> dict[str, Any]:
    return {
        "id": effect.id,
        "case_id": effect.case,
        "use_case": effect.use_case,
        "slot": effect.slot,
        "key": effect.key,
        "tool": effect.tool,
        "arguments": effect.arguments,
        "arguments_digest": effect.arguments_digest,
        "amount": effect.amount,
        "state": effect.state.value,
        "version": effect.version,
        "stage": effect.stage.value,
        "release": effect.release,
        "confidence": effect.confidence,
        "certificate": effect.certificate,
        "approved_by": effect.approved_by,
        "disposition": effect.disposition,
        "reasons": effect.reasons,
        "untrusted": effect.untrusted,
        "attempts": effect.attempts,
        "response": effect.response,
        "created_at": effect.created_at,
        "updated_at": effect.updated_at,
        "origins": effect.origins,
        "marking": effect.marking.as_json() if effect.marking else None,
        "lane": effect.lane,
        "held": effect.held,
        "held_since": effect.held_since,
        "due_at": effect.due_at,
        "sent_at": effect.sent_at,
        "lookups": effect.lookups,
        "undoes": effect.undoes,
        "passed": int(effect.passed),
    }


def read_effect(row: sa.Row[Any]) -> EffectRecord:
    """A row as its effect."""
    return EffectRecord(
        id=row.id,
        case=row.case_id,
        use_case=row.use_case,
        slot=row.slot,
        key=row.key,
        tool=row.tool,
        arguments=row.arguments,
        arguments_digest=row.arguments_digest,
        amount=row.amount,
        state=EffectState(row.state),
        version=row.version,
        stage=Stage(row.stage),
        release=row.release,
        confidence=row.confidence,
        certificate=row.certificate,
        approved_by=row.approved_by,
        disposition=row.disposition,
        reasons=row.reasons,
        untrusted=row.untrusted,
        attempts=row.attempts,
        response=row.response,
        created_at=row.created_at,
        updated_at=row.updated_at,
        origins=tuple((name, source) for name, source in row.origins or ()),
        marking=Marking.from_json(row.marking) if row.marking else None,
        lane=row.lane,
        held=row.held,
        held_since=row.held_since,
        due_at=row.due_at,
        sent_at=row.sent_at,
        lookups=row.lookups,
        undoes=row.undoes,
        passed=bool(row.passed),
    )


def _whole(digits: str) -> int:
    if digits.isascii() and digits.isdigit() and len(digits) < 19:
        return int(digits)
    raise InputProblem(
        "RW-STORE-006",
        Problem("this is no cursor of this list", place="after", hint="begin again with the first page"),
    )
