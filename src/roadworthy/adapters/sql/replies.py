"""Answers to requests with an idempotency key."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Transaction
from roadworthy.quantities import Digest

_reply = schema.reply

_RECALL = sa.select(_reply.c.body, _reply.c.status, _reply.c.reply).where(
    _reply.c.scope == sa.bindparam("scope"), _reply.c.key == sa.bindparam("key")
)
_REMEMBER = (
    insert(_reply)
    .on_conflict_do_nothing(index_elements=[_reply.c.scope, _reply.c.key])
    .execution_options(**COUNTED)
)


class SqlReplies:
    """The port ``Replies``."""

    def recall(self, tx: Transaction, scope: str, key: str) -> tuple[Digest, int, str] | None:
        row = execute(tx, _RECALL, {"scope": scope, "key": key}).first()
        return None if row is None else (Digest(row.body), row.status, row.reply)

    def remember(
        self, tx: Transaction, scope: str, key: str, body: Digest, status: int, reply: str, at: datetime
    ) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if another request with this key was answered meanwhile; what
        this transaction did must not happen a second time.
        """
        values = {"scope": scope, "key": key, "body": body, "status": status, "reply": reply, "at": at}
        if execute(tx, _REMEMBER, values).rowcount != 1:
            raise Conflict(
                "RW-STORE-001",
                Problem(
                    "another request with this key was answered meanwhile",
                    hint="send it again to get that answer",
                ),
            )
