"""How the contracts of tools hold."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.toolstate import Hold, ToolState
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Transaction
from roadworthy.quantities import Digest

_state = schema.tool_state
_ADD = (
    insert(_state)
    .on_conflict_do_nothing(index_elements=[_state.c.release, _state.c.tool])
    .execution_options(**COUNTED)
)
_GET = sa.select(_state).where(
    _state.c.release == sa.bindparam("of"), _state.c.tool == sa.bindparam("named")
)
_OF = sa.select(_state).where(_state.c.release == sa.bindparam("of")).order_by(_state.c.tool)
# Never limited: one left out of the answer would let an effect leave.
_HELD = sa.select(_state).where(_state.c.hold != str(Hold.NONE)).order_by(_state.c.release, _state.c.tool)
_SAVE = _state.update().where(
    _state.c.release == sa.bindparam("of"),
    _state.c.tool == sa.bindparam("named"),
    _state.c.version == sa.bindparam("expected"),
)


class SqlToolStates:
    """The port ``ToolStates``."""

    def get(self, tx: Transaction, release: str, tool: str) -> ToolState | None:
        row = execute(tx, _GET, {"of": release, "named": tool}).first()
        return None if row is None else _read(row)

    def of_release(self, tx: Transaction, release: str) -> tuple[ToolState, ...]:
        return tuple(_read(row) for row in execute(tx, _OF, {"of": release}))

    def held(self, tx: Transaction) -> tuple[ToolState, ...]:
        return tuple(_read(row) for row in execute(tx, _HELD))

    def save(self, tx: Transaction, state: ToolState, *, expected: int) -> None:
        values: dict[str, Any] = {one.name: getattr(state, one.name) for one in fields(state)}
        values["hold"] = str(state.hold)
        if expected == 0:
            done = execute(tx, _ADD, values).rowcount
        else:
            # Values that are set and names that are looked for must not share a parameter.
            bound = {"of": state.release, "named": state.tool, "expected": expected}
            done = execute(tx, _SAVE.values(**values), bound).rowcount
        if done != 1:
            raise Conflict(
                "RW-STORE-001",
                Problem(
                    f"the state of the tool `{state.tool}` was changed meanwhile, expected version {expected}",
                    hint="look at it again, then decide",
                ),
            )


def _read(row: Any) -> ToolState:
    read = dict(row._mapping)
    return ToolState(**{**read, "hold": Hold(read["hold"]), "release": Digest(read["release"])})
