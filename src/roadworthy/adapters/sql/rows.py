"""What the repositories share: rows that somebody else may have changed meanwhile."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.transaction import execute
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Transaction

COUNTED = {"preserve_rowcount": True}
"""For inserts whose number of rows is their answer: SQLAlchemy keeps it for UPDATE and DELETE only."""


def replace_version(table: sa.Table) -> sa.Update:
    """Replace every column of the row ``row_id``, provided that its version is ``expected``."""
    return table.update().where(
        table.c.id == sa.bindparam("row_id", type_=table.c.id.type),
        table.c.version == sa.bindparam("expected", type_=table.c.version.type),
    )


def lost_race(tx: Transaction, table: sa.Table, id_: str, *, what: str, expected: int) -> Conflict:
    """The conflict that names the winner: what the row is now that somebody else changed it."""
    now = execute(tx, sa.select(table.c.state, table.c.version).where(table.c.id == id_)).first()
    if now is None:
        found = f"this {what} is not stored"
    else:
        found = f"this {what} was changed meanwhile: it is {now.state} at version {now.version}"
    return Conflict(
        "RW-STORE-001",
        Problem(f"{found}, expected version {expected}", hint="look at it again, then decide"),
    )
