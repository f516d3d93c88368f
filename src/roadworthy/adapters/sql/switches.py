"""The stop switch: what is stopped, and which worker obeys what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.transaction import execute
from roadworthy.ports import Page, Transaction
from roadworthy.principal import Stop

_stop, _acknowledgement, _obeyed = schema.stop, schema.acknowledgement, schema.obeyed

_ADD = sa.insert(_stop)
# Never limited: a stop left out of the answer would let something run.
_ACTIVE = sa.select(_stop).where(_stop.c.resumed_at.is_(None)).order_by(_stop.c.id)
_GET = sa.select(_stop).where(_stop.c.id == sa.bindparam("id"))
_LIFT = (
    _stop.update()
    .where(_stop.c.id == sa.bindparam("stop"), _stop.c.resumed_at.is_(None))
    .values(resumed_by=sa.bindparam("by"), resumed_at=sa.bindparam("moment"))
)
_new = insert(_acknowledgement)
_ACKNOWLEDGE = _new.on_conflict_do_update(
    index_elements=[_acknowledgement.c.worker], set_={"seen": _new.excluded.seen, "at": _new.excluded.at}
)
_OBEY = insert(_obeyed).on_conflict_do_nothing(index_elements=[_obeyed.c.stop, _obeyed.c.worker])
_OBEYED = (
    sa.select(_obeyed.c.worker, _obeyed.c.at)
    .where(_obeyed.c.stop == sa.bindparam("of_stop"))
    .order_by(_obeyed.c.at, _obeyed.c.worker)
)
_ACKNOWLEDGEMENTS = sa.select(_acknowledgement).order_by(_acknowledgement.c.worker)


class SqlSwitches:
    """The port ``Switches``."""

    def add(self, tx: Transaction, stop: Stop) -> None:
        execute(
            tx,
            _ADD,
            {
                "id": stop.id,
                "scope": stop.scope,
                "reason": stop.reason,
                "stopped_by": stop.stopped_by,
                "stopped_at": stop.stopped_at,
                "resumed_by": stop.resumed_by,
                "resumed_at": stop.resumed_at,
            },
        )

    def active(self, tx: Transaction) -> tuple[Stop, ...]:
        """Oldest first."""
        return tuple(Stop(**row._mapping) for row in execute(tx, _ACTIVE))

    def get(self, tx: Transaction, stop: str) -> Stop | None:
        row = execute(tx, _GET, {"id": stop}).first()
        return None if row is None else Stop(**row._mapping)

    def history(self, tx: Transaction, *, after: str = "", limit: int = 50) -> Page[Stop]:
        size = bounded(limit)
        query = sa.select(_stop).order_by(_stop.c.id.desc()).limit(size + 1)
        if after:
            query = query.where(_stop.c.id < seen(after))
        rows = [Stop(**row._mapping) for row in execute(tx, query)]
        return page(rows, [row.id for row in rows], size)

    def lift(self, tx: Transaction, stop: str, *, by: str, at: datetime) -> bool:
        return execute(tx, _LIFT, {"stop": stop, "by": by, "moment": at}).rowcount == 1

    def acknowledge(self, tx: Transaction, worker: str, *, seen: str, at: datetime) -> None:
        execute(tx, _ACKNOWLEDGE, {"worker": worker, "seen": seen, "at": at})

    def acknowledgements(self, tx: Transaction) -> Mapping[str, tuple[str, datetime]]:
        rows = execute(tx, _ACKNOWLEDGEMENTS)
        return {worker: (seen, at) for worker, seen, at in rows}

    def obey(self, tx: Transaction, worker: str, stops: Collection[str], *, at: datetime) -> None:
        if stops:
            execute(tx, _OBEY, [{"stop": stop, "worker": worker, "at": at} for stop in sorted(stops)])

    def obeyed(self, tx: Transaction, stop: str) -> Mapping[str, datetime]:
        rows = execute(tx, _OBEYED, {"of_stop": stop})
        return {row.worker: row.at for row in rows}
