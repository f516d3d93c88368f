"""Effects, and the money they move in a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded
from roadworthy.adapters.sql.rows import COUNTED, lost_race, replace_version
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.ports import Transaction
from roadworthy.stage import Stage

_effect, _spend = schema.effect, schema.spend

_ADD = insert(_effect).on_conflict_do_nothing(index_elements=[_effect.c.key]).execution_options(**COUNTED)
_GET = sa.select(_effect).where(_effect.c.id == sa.bindparam("id"))
_SAVE = replace_version(_effect)
_OF_CASE = sa.select(_effect).where(_effect.c.case_id == sa.bindparam("case")).order_by(_effect.c.id)

_upsert = insert(_spend)
_RESERVE = _upsert.on_conflict_do_update(
    index_elements=[_spend.c.use_case, _spend.c.tool, _spend.c.day],
    set_={"minor": _spend.c.minor + _upsert.excluded.minor},
).returning(_spend.c.minor)


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
    )
