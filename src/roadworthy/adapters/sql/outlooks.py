"""What was worked out beforehand, one row for each use case and subject."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.transaction import execute
from roadworthy.ports import Transaction
from roadworthy.ports.outlooks import Outlook

_outlook = schema.outlook
_new = insert(_outlook)
_KEEP = _new.on_conflict_do_update(
    index_elements=[_outlook.c.use_case, _outlook.c.subject],
    set_={"at": _new.excluded.at, "body": _new.excluded.body},
    where=_outlook.c.at <= _new.excluded.at,
)
_GET = sa.select(_outlook.c.at, _outlook.c.body).where(
    _outlook.c.use_case == sa.bindparam("use_case"), _outlook.c.subject == sa.bindparam("subject")
)


class SqlOutlooks:
    """The port ``Outlooks``."""

    def keep(self, tx: Transaction, outlook: Outlook) -> None:
        values = {
            "use_case": outlook.use_case,
            "subject": outlook.subject,
            "at": outlook.at,
            "body": dict(outlook.body),
        }
        execute(tx, _KEEP, values)

    def get(self, tx: Transaction, use_case: str, subject: str) -> Outlook | None:
        row = execute(tx, _GET, {"use_case": use_case, "subject": subject}).one_or_none()
        return None if row is None else Outlook(use_case, subject, row.at, row.body)
