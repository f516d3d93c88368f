"""Budgets and calls: guarded sums, leases of processes, and rows of settled calls.

Invariant: whoever changes budgets first locks the row of its own owner, then the rows of budgets in the order
of their ids; so no two ever wait for each other. SQLite's writers take turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.budgets import NAMED, hold, kept_calls, leased, lock, lower, move, parts
from roadworthy.adapters.sql.calls import add_lines, of_period, place_in, place_of, read_call, total_of
from roadworthy.adapters.sql.costsums import call_totals, whole_days
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute, opened
from roadworthy.ports import Page, Transaction
from roadworthy.ports.metering import (
    CallTotal,
    Settled,
    Spending,
    Standing,
    gone,
    line_of,
    new_calls,
    root_of_lines,
)
from roadworthy.usage import Ask, Call, Grant, Level, Refusal, answers

MOST_DEAD: Final = 50
"""Owners charged in one transaction; the next one charges the rest."""

_budget, _owner, _lease = schema.budget, schema.budget_owner, schema.budget_lease
_batch, _call, _charge = schema.call_batch, schema.model_call, schema.unattributed_charge

_new_budget = insert(_budget)
# A row whose limit stays is locked too, and not written.
_ASK_FOR = _new_budget.on_conflict_do_update(
    index_elements=[_budget.c.id],
    set_={"limit": _new_budget.excluded.limit},
    where=_budget.c.limit != _new_budget.excluded.limit,
)
_STANDING = sa.select(_budget).where(NAMED)
_OWNER = sa.select(_owner.c.charged).where(_owner.c.owner == sa.bindparam("owner")).with_for_update()
_FORGET = _owner.delete().where(_owner.c.owner == sa.bindparam("gone"))
_CHARGED = _owner.update().where(_owner.c.owner == sa.bindparam("dead")).values(charged=True)
_of_owner = _lease.c.owner == sa.bindparam("owner")
_LEASES = sa.select(_lease.c.budget, _lease.c.amount).where(_of_owner)
_new_lease = insert(_lease)
_ADD_LEASE = _new_lease.on_conflict_do_update(
    index_elements=[_lease.c.owner, _lease.c.budget],
    set_={"amount": _lease.c.amount + _new_lease.excluded.amount},
)
_END_LEASE = _lease.delete().where(
    _lease.c.owner == sa.bindparam("who"), _lease.c.budget == sa.bindparam("what")
)
_END_LEASES = _lease.delete().where(_lease.c.owner == sa.bindparam("gone"))
_ADD_BATCH = (
    insert(_batch).on_conflict_do_nothing(index_elements=[_batch.c.id]).execution_options(**COUNTED)
)
_ADD_CHARGE = sa.insert(_charge)
_CHARGES = sa.select(_charge.c.budget, _charge.c.amount).where(
    _charge.c.owner == sa.bindparam("owner"), _charge.c.budget.in_(sa.bindparam("ids", expanding=True))
)
_LOWER_CHARGE = (
    _charge.update()
    .where(_charge.c.owner == sa.bindparam("who"), _charge.c.budget == sa.bindparam("what"))
    .values(amount=sa.bindparam("rest"))
)
_UNATTRIBUTED = (
    sa.select(_charge.c.budget, sa.func.sum(_charge.c.amount))
    .where(_charge.c.budget.in_(sa.bindparam("ids", expanding=True)))
    .group_by(_charge.c.budget)
)
_OF_BATCH = sa.select(_call).where(_call.c.batch == sa.bindparam("wanted")).order_by(_call.c.id)
# Written out, not bound: a partial index serves only a query whose text shows that it applies.
_OF_CASE = sa.select(_call).where(
    _call.c.use_case == sa.bindparam("use_case"),
    _call.c.case_reference == sa.bindparam("case_reference"),
    _call.c.case_reference != sa.literal_column("''"),
)


_TOTALS = of_period()
_CLOCK = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) AS double precision)",
}


class SqlMetering:
    """The port ``Metering``."""

    def begin(self, tx: Transaction, owner: str, *, ttl_s: float) -> None:
        now = _clock(tx)
        new = insert(_owner).values(owner=owner, beat=now, ttl=ttl_s, charged=False)
        upsert = new.on_conflict_do_update(
            index_elements=[_owner.c.owner],
            set_={"beat": new.excluded.beat, "ttl": new.excluded.ttl},
            where=~_owner.c.charged,
        )
        if execute(tx, upsert.execution_options(**COUNTED)).rowcount != 1:
            raise gone(owner)

    def beat(self, tx: Transaction, owner: str) -> bool:
        beats = _owner.update().where(_owner.c.owner == owner, ~_owner.c.charged).values(beat=_clock(tx))
        return execute(tx, beats).rowcount == 1

    def lease(
        self, tx: Transaction, owner: str, asks: Sequence[Ask], *, in_hand: Mapping[str, int] | None = None
    ) -> tuple[Grant | Refusal, ...]:
        _hold_owner(tx, owner)
        nodes = {node.id: node for ask in asks for node in ask.path}
        if nodes:
            execute(
                tx,
                _ASK_FOR,
                [
                    {"id": id_, "level": nodes[id_].level.value, "limit": nodes[id_].limit, "spent": 0, "held": 0}
                    for id_ in sorted(nodes)
                ],
            )  # fmt: skip
        standing = self.standing(tx, list(nodes))
        left = {one.id: one.limit - one.spent - one.held for one in standing.values()}
        answered = answers(asks, left, in_hand or {})
        granted: dict[str, int] = {}
        for answer in answered:
            if isinstance(answer, Grant):
                for id_, amount in answer.amounts:
                    granted[id_] = granted.get(id_, 0) + amount
        if granted:
            hold(tx, granted)
            rows = [{"owner": owner, "budget": id_, "amount": granted[id_]} for id_ in sorted(granted)]
            execute(tx, _ADD_LEASE, rows)
        return answered

    def settle(self, tx: Transaction, spending: Spending) -> Settled | None:
        ids = [call.id for call in spending.calls]
        calls, cost, returned = new_calls(spending, kept_calls(tx, ids))
        lines = [line_of(call) for call in calls]
        root, total = root_of_lines(lines), sum(call.cost for call in calls)
        batch = {"id": spending.id, "owner": spending.owner, "at": spending.at, "root": root}
        if execute(tx, _ADD_BATCH, {**batch, "count": len(calls), "sum": total}).rowcount != 1:
            return None
        _hold_owner(tx, spending.owner)
        if calls:
            add_lines(tx, lines, spending.id)
        if not spending.instead_of:
            freed = _lower_leases(tx, spending.owner, cost, returned)
            move(tx, spent=cost, freed=freed)
            return Settled(root, len(calls), total, cost, {})
        lock(tx, {*cost, *returned})
        attributed = _lower_charges(tx, spending.instead_of, cost)
        more = {id_: nano - attributed.get(id_, 0) for id_, nano in cost.items()}
        charged = {id_: nano for id_, nano in more.items() if nano}
        move(tx, spent=charged, freed={})
        return Settled(root, len(calls), total, charged, attributed)

    def record(self, tx: Transaction, calls: Sequence[Call]) -> None:
        if calls:
            add_lines(tx, [line_of(call) for call in calls], "")

    def end(self, tx: Transaction, owner: str) -> None:
        charged = execute(tx, _OWNER, {"owner": owner}).scalar()
        if charged is None or charged:
            return
        leases = {row.budget: row.amount for row in execute(tx, _LEASES, {"owner": owner})}
        lock(tx, leases)
        move(tx, spent={}, freed=leases)
        execute(tx, _END_LEASES, {"gone": owner})
        execute(tx, _FORGET, {"gone": owner})

    def charge_dead(self, tx: Transaction) -> Mapping[str, Mapping[str, int]]:
        now = _clock(tx)
        silent = (
            sa.select(_owner.c.owner)
            .where(~_owner.c.charged, _owner.c.beat < now - _owner.c.ttl)
            .order_by(_owner.c.owner)
            .limit(MOST_DEAD)
            .with_for_update(skip_locked=True)
        )
        dead = {
            owner: {row.budget: row.amount for row in execute(tx, _LEASES, {"owner": owner}) if row.amount}
            for owner in execute(tx, silent).scalars().all()
        }
        if not dead:
            return {}
        total: dict[str, int] = {}
        for leases in dead.values():
            for id_, amount in leases.items():
                total[id_] = total.get(id_, 0) + amount
        lock(tx, total)
        move(tx, spent=total, freed=total)
        at = datetime.fromtimestamp(_seconds(tx), UTC)
        charges = [
            {"owner": owner, "budget": id_, "amount": amount, "at": at}
            for owner, leases in dead.items()
            for id_, amount in leases.items()
        ]
        if charges:
            execute(tx, _ADD_CHARGE, charges)
        execute(tx, _END_LEASES, [{"gone": owner} for owner in dead])
        execute(tx, _CHARGED, [{"dead": owner} for owner in dead])
        return dead

    def standing(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, Standing]:
        return {
            row.id: _standing(row)
            for part in parts(sorted(set(ids)))
            for row in execute(tx, _STANDING, {"ids": part})
        }

    def budgets(
        self, tx: Transaction, *, level: Level | None = None, after: str = "", limit: int = 100
    ) -> Page[Standing]:
        size = bounded(limit)
        query = sa.select(_budget)
        if level is not None:
            query = query.where(_budget.c.level == level.value)
        if after:
            query = query.where(_budget.c.id > seen(after))
        rows = [_standing(row) for row in execute(tx, query.order_by(_budget.c.id).limit(size + 1))]
        return page(rows, [row.id for row in rows], size)

    def unattributed(self, tx: Transaction, ids: Sequence[str]) -> Mapping[str, int]:
        return {
            budget: int(amount)
            for part in parts(sorted(set(ids)))
            for budget, amount in execute(tx, _UNATTRIBUTED, {"ids": part})
        }

    def totals(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CallTotal, ...]:
        if whole_days(start, end):
            return call_totals(tx, use_cases, start, end)
        rows = execute(tx, _TOTALS, {"use_cases": list(use_cases), "start": start, "end": end})
        return tuple(total_of(row) for row in rows)

    def of_case(
        self, tx: Transaction, use_case: str, case: str, *, after: str = "", limit: int = 100
    ) -> Page[Call]:
        size = bounded(limit)
        query = _OF_CASE
        if after:
            at, id_ = place_in(after)
            moment = sa.type_coerce(_call.c.at, sa.BigInteger)
            query = query.where(sa.tuple_(moment, _call.c.id) > sa.tuple_(at, id_))
        query = query.add_columns(sa.type_coerce(_call.c.at, sa.BigInteger).label("moment"))
        asked = query.order_by(_call.c.at, _call.c.id).limit(size + 1)
        rows = execute(tx, asked, {"use_case": use_case, "case_reference": case}).all()
        cursors = [place_of(row) for row in rows]
        return page([read_call(row) for row in rows], cursors, size)

    def of_batch(self, tx: Transaction, batch: str) -> tuple[Call, ...]:
        return tuple(read_call(row) for row in execute(tx, _OF_BATCH, {"wanted": batch}))


def _lower_leases(
    tx: Transaction, owner: str, cost: Mapping[str, int], returned: Mapping[str, int]
) -> dict[str, int]:
    """Lock budgets, and take what was spent and given back from their leases; what each of them gave, which is all it
    has at most."""
    down = dict(cost)
    for id_, amount in returned.items():
        down[id_] = down.get(id_, 0) + amount
    freed, lowered, ended = {}, {}, []
    for id_, amount in leased(tx, owner, down).items():
        freed[id_] = min(amount, down[id_])
        if amount > down[id_]:
            lowered[id_] = down[id_]
        else:
            ended.append({"who": owner, "what": id_})
    lower(tx, owner, lowered)
    if ended:
        execute(tx, _END_LEASE, ended)
    return freed


def _lower_charges(tx: Transaction, owner: str, cost: Mapping[str, int]) -> dict[str, int]:
    """Take what calls cost from what their dead owner was charged, as far as that reaches."""
    attributed, lowered = {}, []
    for part in parts(sorted(cost)):
        for id_, amount in execute(tx, _CHARGES, {"owner": owner, "ids": part}):
            taken = min(amount, cost[id_])
            if taken:
                attributed[id_] = taken
                lowered.append({"who": owner, "what": id_, "rest": amount - taken})
    if lowered:
        execute(tx, _LOWER_CHARGE, lowered)
    return attributed


def _hold_owner(tx: Transaction, owner: str) -> None:
    charged = execute(tx, _OWNER, {"owner": owner}).scalar()
    if charged is None or charged:
        raise gone(owner)


def _clock(tx: Transaction) -> sa.ColumnElement[float]:
    """Seconds since 1970 by the database's own clock: machines need not agree on the time."""
    return sa.literal_column(_CLOCK[opened(tx).connection.dialect.name], sa.Double)


def _seconds(tx: Transaction) -> float:
    return float(execute(tx, sa.select(_clock(tx))).scalar_one())


def _standing(row: sa.Row[Any]) -> Standing:
    return Standing(row.id, Level(row.level), row.limit, row.spent, row.held)
