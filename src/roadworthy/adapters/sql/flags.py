"""Cases that somebody flagged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.ports import Transaction
from roadworthy.ports.ledgers import Flag

_flag = schema.case_flag
_ADD = insert(_flag).on_conflict_do_nothing(index_elements=[_flag.c.case_id]).execution_options(**COUNTED)
_LIFT = _flag.delete().where(_flag.c.case_id == sa.bindparam("case")).execution_options(**COUNTED)
_OF = sa.select(_flag).where(_flag.c.case_id.in_(sa.bindparam("cases", expanding=True)))


class SqlFlags:
    """The port ``Flags``."""

    def add(self, tx: Transaction, flag: Flag) -> bool:
        values = {
            "case_id": flag.case,
            "use_case": flag.use_case,
            "reason": flag.reason,
            "flagged_by": flag.by,
            "at": flag.at,
        }
        return execute(tx, _ADD, values).rowcount == 1

    def lift(self, tx: Transaction, case: str) -> bool:
        return execute(tx, _LIFT, {"case": case}).rowcount == 1

    def of(self, tx: Transaction, cases: Sequence[str]) -> Mapping[str, Flag]:
        if not cases:
            return {}
        return {
            row.case_id: Flag(row.case_id, row.use_case, row.reason, row.flagged_by, row.at)
            for row in execute(tx, _OF, {"cases": list(cases)})
        }
