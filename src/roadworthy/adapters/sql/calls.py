"""Rows of calls to models, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic_core import from_json, to_json

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import seen
from roadworthy.adapters.sql.transaction import add_rows
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Transaction
from roadworthy.ports.metering import CallTotal, Line
from roadworthy.usage import Call, Ending, Tokens, Wire

_DAY_US = 86_400_000_000
_FIRST = date(1970, 1, 1)
_call = schema.model_call


def of_period() -> sa.Select[Any]:
    """Calls within a period, summed up by everything in which they may differ."""
    day = sa.type_coerce(_call.c.at, sa.BigInteger) // sa.literal_column(str(_DAY_US))
    alike = (
        day.label("day"), _call.c.use_case, _call.c.version, _call.c.stage, _call.c.step, _call.c.wire,
        _call.c.task, _call.c.model, _call.c.ending,
    )  # fmt: skip
    sums = (
        _call.c.attempts, sa.case((_call.c.estimated, 1), else_=0), _call.c.read, _call.c.cached, _call.c.stored,
        _call.c.written, _call.c.reasoning, _call.c.tool_calls, _call.c.cost,
    )  # fmt: skip
    return (
        sa.select(*alike, sa.func.count(), *(sa.func.sum(each) for each in sums))
        .where(
            _call.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
            _call.c.at >= sa.bindparam("start", type_=_call.c.at.type),
            _call.c.at < sa.bindparam("end", type_=_call.c.at.type),
        )
        .group_by(*alike)
        .order_by(*alike)
    )


def total_of(row: sa.Row[Any]) -> CallTotal:
    """One row of what ``of_period`` asks for."""
    day, *told = tuple(row)
    return CallTotal(_FIRST + timedelta(days=day), *told[:8], *(int(number) for number in told[8:]))


def place_of(row: sa.Row[Any]) -> str:
    """Where a page ends that ends with this call."""
    return to_json([row.moment, row.id]).decode()


def place_in(after: str) -> tuple[int, str]:
    """Where a page of calls ended. A cursor of another list names no such place."""
    read = seen(after)
    with suppress(ValueError):
        match from_json(read):
            case [int(at), str(id_)]:
                return at, id_
    raise InputProblem(
        "RW-STORE-006",
        Problem("this is no cursor of this list", place="after", hint="begin again with the first page"),
    )


COLUMNS = (
    "batch", "id", "at", "use_case", "version", "stage", "key", "case_reference", "step", "wire", "task", "model",
    "ending", "status", "read", "written", "cached", "stored", "reasoning", "estimated", "reserved", "cost",
    "attempts", "tool_calls", "millis", "price", "route",
)  # fmt: skip


def add_lines(tx: Transaction, lines: Sequence[Line], batch: str) -> None:
    """Add the rows of calls that have none yet, by what each of them says."""
    add_rows(tx, _call, COLUMNS, [(batch, *line) for line in lines])


def read_call(row: sa.Row[Any]) -> Call:
    """A row as its call."""
    return Call(
        id=row.id, at=row.at, use_case=row.use_case, version=row.version, stage=row.stage, key=row.key,
        case=row.case_reference, step=row.step, wire=Wire(row.wire), task=row.task, model=row.model,
        ending=Ending(row.ending), status=row.status,
        tokens=Tokens(row.read, row.written, row.cached, row.stored, row.reasoning),
        estimated=row.estimated, reserved=row.reserved, cost=row.cost, attempts=row.attempts,
        tool_calls=row.tool_calls, millis=row.millis, price=row.price, route=row.route,
    )  # fmt: skip
