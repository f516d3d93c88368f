"""Steps as rows: one upsert opens an attempt, one more records its result.

An attempt that was opened and recorded costs what its step says. One that was interrupted costs
its reserve, which moves from ``reserved_nano`` to ``interrupted_nano`` when the next one opens.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.journal import Opening, Step
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Transaction
from roadworthy.quantities import Cost

_step, _case = schema.step, schema.case_record
_place = [_step.c.case_id, _step.c.run, _step.c.ordinal]
_insert = insert(_step)
_new = _insert.excluded
_unrecorded = sa.and_(_step.c.result.is_(None), _step.c.currency == _new.currency)
_call = {name: _new[name] for name in ("name", "arguments", "segment", "at")}

_OPEN = _insert.on_conflict_do_update(
    index_elements=_place,
    set_={
        **_call,
        "attempts": _step.c.attempts + 1,
        "interrupted_nano": _step.c.interrupted_nano + _step.c.reserved_nano,
        "reserved_nano": _new.reserved_nano,
        "began_at": _new.began_at,
    },
    where=_unrecorded,
).execution_options(**COUNTED)

_RECORD = _insert.on_conflict_do_update(
    index_elements=_place,
    set_={
        **_call,
        "result": _new.result,
        # The attempt that is recorded was counted when it was opened.
        "attempts": _step.c.attempts + _new.attempts - 1,
        "cost_nano": _step.c.interrupted_nano + _new.cost_nano,
    },
    where=_unrecorded,
).execution_options(**COUNTED)

_BILL = (
    sa.update(_step)
    .where(
        _step.c.case_id == sa.bindparam("of_case"),
        _step.c.run == sa.bindparam("of_run"),
        _step.c.ordinal == sa.bindparam("at_ordinal"),
        _step.c.result.is_(None),
        _step.c.currency == sa.bindparam("in_currency"),
    )
    .values(reserved_nano=sa.bindparam("billed"))
    .execution_options(**COUNTED)
)

_FOUND = sa.select(_step.c.name, _step.c.result, _step.c.currency).where(
    _step.c.case_id == sa.bindparam("case"),
    _step.c.run == sa.bindparam("run"),
    _step.c.ordinal == sa.bindparam("ordinal"),
)

_STEPS = (
    sa.select(
        _step.c.case_id, _step.c.run, _step.c.ordinal, _step.c.name, _step.c.arguments, _step.c.result,
        _step.c.segment, _step.c.attempts, _step.c.cost_nano, _step.c.currency, _step.c.at,
        _step.c.began_at,
    )
    .where(
        _step.c.case_id == sa.bindparam("case"), _step.c.run == sa.bindparam("run"), _step.c.result.is_not(None)
    )
    .order_by(_step.c.ordinal)
)  # fmt: skip

_SPENT = (
    sa.select(
        sa.func.coalesce(_step.c.currency, _case.c.cost_currency),
        sa.func.coalesce(
            sa.func.sum(
                sa.case(
                    (_step.c.result.is_(None), _step.c.interrupted_nano + _step.c.reserved_nano),
                    else_=_step.c.cost_nano,
                )
            ),
            0,
        ),
    )
    .select_from(_case)
    .outerjoin(_step, _step.c.case_id == _case.c.id)
    .where(_case.c.id == sa.bindparam("case"))
    .group_by(_step.c.currency, _case.c.cost_currency)
)


def steps(tx: Transaction, case: str, run: int) -> tuple[Step, ...]:
    """Recorded steps of one run, by ordinal."""
    return tuple(read_step(row) for row in execute(tx, _STEPS, {"case": case, "run": run}))


def read_step(row: sa.Row[Any]) -> Step:
    """A row with a result as its step."""
    return Step(
        case=row.case_id,
        run=row.run,
        ordinal=row.ordinal,
        name=row.name,
        arguments=row.arguments,
        result=row.result,
        segment=row.segment,
        attempts=row.attempts,
        cost=Cost(row.cost_nano, row.currency),
        recorded_at=row.at,
        began_at=row.began_at,
    )


def open_step(tx: Transaction, opening: Opening) -> None:
    """Note that an attempt begins. Errors: ``Conflict`` RW-STORE-001 for a step that is recorded."""
    values = {
        "case_id": opening.case,
        "run": opening.run,
        "ordinal": opening.ordinal,
        "name": opening.name,
        "arguments": opening.arguments,
        "result": None,
        "segment": opening.segment,
        "attempts": 1,
        "interrupted_nano": 0,
        "reserved_nano": opening.reserved.nano,
        "cost_nano": 0,
        "currency": opening.reserved.currency,
        "at": opening.opened_at,
        "began_at": opening.opened_at,
    }
    if execute(tx, _OPEN, values).rowcount != 1:
        raise _taken(tx, opening.case, opening.run, opening.ordinal, opening.reserved)


def bill_attempt(tx: Transaction, opening: Opening) -> None:
    """Put what the newest attempt cost in place of its reserve. Errors: as ``open_step``."""
    values = {
        "of_case": opening.case,
        "of_run": opening.run,
        "at_ordinal": opening.ordinal,
        "in_currency": opening.reserved.currency,
        "billed": opening.reserved.nano,
    }
    if execute(tx, _BILL, values).rowcount != 1:
        raise _taken(tx, opening.case, opening.run, opening.ordinal, opening.reserved)


def record_step(tx: Transaction, step: Step) -> None:
    """Write the result, whether or not an attempt was opened before."""
    values = {
        "case_id": step.case,
        "run": step.run,
        "ordinal": step.ordinal,
        "name": step.name,
        "arguments": step.arguments,
        "result": step.result,
        "segment": step.segment,
        "attempts": step.attempts,
        "interrupted_nano": 0,
        "reserved_nano": 0,
        "cost_nano": step.cost.nano,
        "currency": step.cost.currency,
        "at": step.recorded_at,
        "began_at": None,
    }
    if execute(tx, _RECORD, values).rowcount != 1:
        raise _taken(tx, step.case, step.run, step.ordinal, step.cost)


def spent(tx: Transaction, case: str) -> Cost:
    """What all steps of a case cost so far, open attempts at their reserve."""
    rows = [Cost(int(nano), currency) for currency, nano in execute(tx, _SPENT, {"case": case})]
    if not rows:
        return Cost(0)
    return sum(rows[1:], start=rows[0])


def _taken(tx: Transaction, case: str, run: int, ordinal: int, cost: Cost) -> Exception:
    found = execute(tx, _FOUND, {"case": case, "run": run, "ordinal": ordinal}).first()
    if found is None:
        return Conflict("RW-STORE-001", Problem(f"step {ordinal} was never opened"))
    if found.result is None:
        return ValueError(f"{found.currency} and {cost.currency} cannot be added")
    return Conflict(
        "RW-STORE-001",
        Problem(f"step {ordinal} was recorded meanwhile as `{found.name}`", hint="read the journal again"),
    )
