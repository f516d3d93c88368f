"""Figures of cases by day and hour."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.transaction import execute
from roadworthy.ports import Transaction
from roadworthy.ports.rollups import Counted
from roadworthy.stage import SIMULATED
from roadworthy.telemetry.rollup import Count, Grain, Name

_count = schema.case_count
_new = insert(_count)
_ADD = _new.on_conflict_do_update(
    index_elements=list(_count.primary_key.columns),
    set_={
        "value": _count.c.value + _new.excluded.value,
        "example": sa.case((_new.excluded.example != "", _new.excluded.example), else_=_count.c.example),
    },
)
_ALIKE = (_count.c.use_case, _count.c.release, _count.c.stage, _count.c.name, _count.c.label)
_NAMES = tuple(name.value for name in Name)
# A sum of whole numbers is a decimal to Postgres.
_SUM = sa.cast(sa.func.sum(_count.c.value), sa.BigInteger).label("value")
_NEWEST = sa.func.max(_count.c.example).label("example")
_LIVE = sa.or_(_count.c.release == "", _count.c.stage.not_in(sorted(SIMULATED)))


class SqlRollups:
    """The port ``Rollups``."""

    def add(self, tx: Transaction, counted: Counted) -> None:
        rows = [
            {
                "use_case": cell.use_case, "grain": cell.grain.value, "slot": cell.slot, "name": cell.name,
                "label": cell.label, "release": cell.release, "stage": cell.stage, "value": value,
                "example": example,
            }
            for cell, (value, example) in counted.items()
        ]  # fmt: skip
        if rows:
            # In one order, so that two that count at once never wait for each other.
            rows.sort(key=lambda row: tuple(str(row[column.name]) for column in _count.primary_key.columns))
            execute(tx, _ADD, rows)

    def clear(self, tx: Transaction) -> None:
        execute(tx, _count.delete())

    def drop(self, tx: Transaction, use_cases: Collection[str], grain: Grain, *, before: str) -> None:
        if use_cases:
            which = _within(use_cases, grain, "", before, names=_NAMES)
            execute(tx, _count.delete().where(which, _count.c.slot < before))

    def sums(
        self,
        tx: Transaction,
        use_cases: Collection[str],
        grain: Grain,
        first: str,
        last: str,
        *,
        names: Collection[str] = (),
    ) -> tuple[Count, ...]:
        if not use_cases:
            return ()
        query = (
            sa.select(sa.literal("").label("slot"), *_ALIKE, _SUM, _NEWEST)
            .where(_within(use_cases, grain, first, last, names=tuple(names) or _NAMES))
            .group_by(*_ALIKE)
            .order_by(*_ALIKE)
        )
        return tuple(Count(*row) for row in execute(tx, query))

    def slotted(
        self,
        tx: Transaction,
        use_cases: Collection[str],
        grain: Grain,
        first: str,
        last: str,
        *,
        names: Sequence[str],
        together: bool = False,
    ) -> tuple[Count, ...]:
        if not use_cases or not names:
            return ()
        which = _within(use_cases, grain, first, last, names=names)
        if not together:
            query = (
                sa.select(_count.c.slot, *_ALIKE, _count.c.value, _count.c.example)
                .where(which)
                .order_by(_count.c.slot, *_ALIKE)
            )
            return tuple(Count(*row) for row in execute(tx, query))
        alike = (_count.c.slot, _count.c.name, _count.c.label)
        joined = sa.select(*alike, _SUM, _NEWEST).where(which, _LIVE).group_by(*alike).order_by(*alike)
        return tuple(
            Count(slot, "", "", "", name, label, value, example)
            for slot, name, label, value, example in execute(tx, joined)
        )


def _within(
    use_cases: Collection[str], grain: Grain, first: str, last: str, *, names: Sequence[str]
) -> sa.ColumnElement[bool]:
    return sa.and_(
        _count.c.use_case.in_(sorted(use_cases)),
        _count.c.grain == grain.value,
        # Every name is named: the key goes by it before it goes by slot.
        _count.c.name.in_(sorted(names)),
        # Not BETWEEN: with a collation on its bounds Postgres does not understand it.
        _count.c.slot >= first,
        _count.c.slot <= last,
    )
