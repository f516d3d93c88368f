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
_mine = (
    _reply.c.scope == sa.bindparam("of_scope"),
    _reply.c.key == sa.bindparam("of_key"),
    _reply.c.status == 0,
)
"""A claim is a row without a status; whose it is stands where the answer will."""
_TAKE_OVER = (
    _reply.update()
    .where(*_mine, _reply.c.body == sa.bindparam("of_body"), _reply.c.at < sa.bindparam("dead_before"))
    .values(reply=sa.bindparam("owner"), at=sa.bindparam("now"))
    .execution_options(**COUNTED)
)
_SETTLE = (
    _reply.update()
    .where(*_mine, _reply.c.reply == sa.bindparam("owner"))
    .values(status=sa.bindparam("answered"), reply=sa.bindparam("answer"), at=sa.bindparam("now"))
    .execution_options(**COUNTED)
)
_LET_GO = _reply.delete().where(*_mine, _reply.c.reply == sa.bindparam("owner"))


class SqlReplies:
    """The port ``Replies``."""

    def recall(self, tx: Transaction, scope: str, key: str) -> tuple[Digest, int, str] | None:
        row = execute(tx, _RECALL, {"scope": scope, "key": key}).first()
        return None if row is None or not row.status else (Digest(row.body), row.status, row.reply)

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

    def claim(
        self,
        tx: Transaction,
        scope: str,
        key: str,
        body: Digest,
        owner: str,
        at: datetime,
        *,
        dead_before: datetime,
    ) -> tuple[Digest, int, str] | None:
        values = {"scope": scope, "key": key, "body": body, "status": 0, "reply": owner, "at": at}
        if execute(tx, _REMEMBER, values).rowcount == 1:
            return None
        named = {"of_scope": scope, "of_key": key, "owner": owner, "now": at}
        if execute(tx, _TAKE_OVER, {**named, "of_body": body, "dead_before": dead_before}).rowcount == 1:
            return None
        row = execute(tx, _RECALL, {"scope": scope, "key": key}).first()
        # It was let go a moment ago: whoever asks again claims it.
        return (body, 0, "") if row is None else (Digest(row.body), row.status, row.reply)

    def settle(
        self, tx: Transaction, scope: str, key: str, owner: str, status: int, reply: str, at: datetime
    ) -> bool:
        named = {"of_scope": scope, "of_key": key, "owner": owner, "now": at}
        return execute(tx, _SETTLE, {**named, "answered": status, "answer": reply}).rowcount == 1

    def let_go(self, tx: Transaction, scope: str, key: str, owner: str) -> None:
        execute(tx, _LET_GO, {"of_scope": scope, "of_key": key, "owner": owner})
