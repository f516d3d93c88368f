"""Alerts, and the outbox of what is told about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.alerting import Alert, AlertState, Mute, Severity
from roadworthy.ports import Page, Transaction
from roadworthy.ports.watching import Notice

_alert, _notice, _mute = schema.alert, schema.notice, schema.alert_mute
# Written out, not bound: a partial index serves only a query whose text shows that it applies.
_is_firing = _alert.c.state == sa.literal_column("'firing'")

_ADD = (
    insert(_alert)
    .on_conflict_do_nothing(index_elements=[_alert.c.key], index_where=_is_firing)
    .execution_options(**COUNTED)
)
_GET = sa.select(_alert).where(_alert.c.id == sa.bindparam("alert"))
_FIRING = sa.select(_alert).where(_is_firing).limit(1_000)
_SAVE = _alert.update().where(_alert.c.id == sa.bindparam("row_id"))
_new = insert(_notice)
_TELL = _new.on_conflict_do_update(
    index_elements=[_notice.c.alert, _notice.c.channel, _notice.c.state],
    set_={"due_at": _new.excluded.due_at, "sent_at": None, "attempts": 0},
    where=_notice.c.sent_at.is_not(None),
).execution_options(**COUNTED)
_DUE = (
    sa.select(_notice)
    .where(
        _notice.c.sent_at.is_(None), _notice.c.due_at <= sa.bindparam("now", type_=_notice.c.due_at.type)
    )
    .order_by(_notice.c.due_at, _notice.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_CLAIM = (
    _notice.update()
    .where(
        _notice.c.id == sa.bindparam("row_id"),
        _notice.c.sent_at.is_(None),
        _notice.c.due_at == sa.bindparam("was_due", type_=_notice.c.due_at.type),
    )
    .values(due_at=sa.bindparam("until", type_=_notice.c.due_at.type), attempts=_notice.c.attempts + 1)
    .execution_options(**COUNTED)
)
_SENT = (
    _notice.update()
    .where(_notice.c.id == sa.bindparam("row_id"))
    .values(sent_at=sa.bindparam("moment", type_=_notice.c.sent_at.type), problem="")
)
_FAILED = (
    _notice.update()
    .where(_notice.c.id == sa.bindparam("row_id"))
    .values(due_at=sa.bindparam("again", type_=_notice.c.due_at.type), problem=sa.bindparam("what"))
)
_mutes = insert(_mute)
_MUTE = _mutes.on_conflict_do_update(
    index_elements=[_mute.c.key],
    set_={column.name: _mutes.excluded[column.name] for column in _mute.c if column.name != "key"},
)
_UNMUTE = _mute.delete().where(_mute.c.key == sa.bindparam("one")).execution_options(**COUNTED)
_NOTICES = (
    sa.select(_notice)
    .where(_notice.c.alert.in_(sa.bindparam("alerts", expanding=True)))
    .order_by(_notice.c.id)
)


class SqlAlerts:
    """The port ``Alerts``."""

    def add(self, tx: Transaction, alert: Alert) -> bool:
        return execute(tx, _ADD, _values(alert)).rowcount == 1

    def save(self, tx: Transaction, alert: Alert) -> None:
        values = _values(alert)
        del values["id"]
        execute(tx, _SAVE, {**values, "row_id": alert.id})

    def get(self, tx: Transaction, alert: str) -> Alert | None:
        row = execute(tx, _GET, {"alert": alert}).first()
        return None if row is None else _read(row)

    def firing(self, tx: Transaction) -> tuple[Alert, ...]:
        return tuple(sorted((_read(row) for row in execute(tx, _FIRING)), key=lambda alert: alert.id))

    def list(self, tx: Transaction, *, use_case: str = "", after: str = "", limit: int = 50) -> Page[Alert]:
        size = bounded(limit)
        query = sa.select(_alert).order_by(_alert.c.id.desc()).limit(size + 1)
        if use_case:
            query = query.where(_alert.c.use_case == use_case)
        if after:
            query = query.where(_alert.c.id < seen(after))
        rows = [_read(row) for row in execute(tx, query)]
        return page(rows, [alert.id for alert in rows], size)

    def between(
        self, tx: Transaction, start: datetime, end: datetime, *, limit: int = 500
    ) -> tuple[Alert, ...]:
        query = (
            sa.select(_alert)
            .where(
                _alert.c.since < end,
                sa.or_(_alert.c.resolved_at.is_(None), _alert.c.resolved_at >= start),
            )
            .order_by(_alert.c.since)
            .limit(bounded(limit))
        )
        return tuple(_read(row) for row in execute(tx, query))

    def tell(self, tx: Transaction, notice: Notice) -> bool:
        values = {
            "id": notice.id, "alert": notice.alert, "channel": notice.channel, "state": notice.state.value,
            "attempts": 0, "due_at": notice.due_at, "sent_at": None, "problem": "",
        }  # fmt: skip
        return execute(tx, _TELL, values).rowcount == 1

    def due(self, tx: Transaction, now: datetime, *, limit: int = 50) -> tuple[Notice, ...]:
        return tuple(_told(row) for row in execute(tx, _DUE, {"now": now, "most": bounded(limit)}))

    def claim(self, tx: Transaction, notice: Notice, *, until: datetime) -> bool:
        values = {"row_id": notice.id, "was_due": notice.due_at, "until": until}
        return execute(tx, _CLAIM, values).rowcount == 1

    def sent(self, tx: Transaction, notice: str, *, at: datetime) -> None:
        execute(tx, _SENT, {"row_id": notice, "moment": at})

    def failed(self, tx: Transaction, notice: str, *, problem: str, again_at: datetime) -> None:
        execute(tx, _FAILED, {"row_id": notice, "what": problem, "again": again_at})

    def mute(self, tx: Transaction, mute: Mute) -> None:
        values = {column.name: getattr(mute, column.name) for column in _mute.c}
        execute(tx, _MUTE, values)

    def unmute(self, tx: Transaction, key: str) -> bool:
        return execute(tx, _UNMUTE, {"one": key}).rowcount == 1

    def mutes(self, tx: Transaction, now: datetime) -> Mapping[str, Mute]:
        rows = execute(tx, sa.select(_mute).where(_mute.c.until > now))
        return {row.key: Mute(**row._mapping) for row in rows}

    def notices(self, tx: Transaction, *alerts: str) -> tuple[Notice, ...]:
        return tuple(_told(row) for row in execute(tx, _NOTICES, {"alerts": list(alerts)}))


def _values(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id, "key": alert.key, "rule": alert.rule, "severity": alert.severity.value,
        "use_case": alert.use_case, "summary": alert.summary, "owner": alert.owner, "runbook": alert.runbook,
        "action": alert.action, "cases": alert.cases, "state": alert.state.value, "since": alert.since,
        "seen_at": alert.seen_at, "resolved_at": alert.resolved_at, "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at, "acknowledged_why": alert.acknowledged_why,
    }  # fmt: skip


def _read(row: sa.Row[Any]) -> Alert:
    values = dict(row._mapping)
    values["severity"], values["state"] = Severity(row.severity), AlertState(row.state)
    return Alert(**values)


def _told(row: sa.Row[Any]) -> Notice:
    values = dict(row._mapping)
    values["state"] = AlertState(row.state)
    return Notice(**values)
