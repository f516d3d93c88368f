"""Tables: how many cases and spot checks stand where, kept up by triggers so that no page counts them.

A row is a sum of one *place*: a transaction adds in a place that no other open transaction holds, so that none waits for
another and no two can lock each other out. SQLite has one writer, and one place; Postgres has as many as there were
transactions at once. What stands somewhere is the sum over the places.
Migration 0022 runs exactly the statements of ``made`` and ``counted``: a change to them is a migration of its own.
"""

# ruff: noqa: S608 - the texts are made of the names in this file alone

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Number, Real, Words
from roadworthy.adapters.sql.schema.words import has, key, metadata, table

_LOCK: Final = 1_920_222_563
"""First half of the advisory locks on places; the second is the place."""

case_standing = table(
    "case_standing",
    key("use_case"),
    key("release"),
    key("stage"),
    key("state"),
    key("handled_by"),
    key("place", Number),
    has("cases", Number),
)

spot_standing = table(
    # q_least and q_most: of all that ever stood there, those that went on to another state among them.
    "spot_standing",
    key("use_case"),
    key("release"),
    key("kinds", Words),
    key("state"),
    key("judgement"),
    key("why"),
    key("place", Number),
    has("cases", Number),
    has("q_sum", Real),
    has("q_least", Real),
    has("q_most", Real),
)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A table of sums, and the rows it sums up."""

    name: str
    of: str
    apart: tuple[str, ...]
    with_q: bool

    @property
    def columns(self) -> str:
        return ", ".join(
            (*self.apart, "place", "cases", *(("q_sum", "q_least", "q_most") if self.with_q else ()))
        )

    def values(self, row: str) -> str:
        return ", ".join(f"{row}.{name}" for name in self.apart)


_STANDINGS: Final = (
    _Standing(
        "case_standing", "case_record", ("use_case", "release", "stage", "state", "handled_by"), False
    ),
    _Standing(
        "spot_standing", "spot_check", ("use_case", "release", "kinds", "state", "judgement", "why"), True
    ),
)


def counted() -> tuple[str, ...]:
    """The statements that add up what there is."""
    return tuple(
        f"INSERT INTO {one.name} ({one.columns}) SELECT {', '.join(one.apart)}, 0, count(*)"
        f"{', sum(q), min(q), max(q)' if one.with_q else ''} FROM {one.of} GROUP BY {', '.join(one.apart)}"
        for one in _STANDINGS
    )


def forgotten() -> tuple[str, ...]:
    """The statements before ``counted`` where sums stand already."""
    return tuple(f"DELETE FROM {one.name}" for one in _STANDINGS)


def made(dialect: str) -> tuple[str, ...]:
    """The statements that make the triggers."""
    return tuple(_in_sqlite() if dialect == "sqlite" else _in_postgres())


def _moved(one: _Standing) -> str:
    return " OR ".join(
        f"OLD.{name} <> NEW.{name}" for name in (*one.apart, *(("q",) if one.with_q else ()))
    )


def _added(one: _Standing, row: str, place: str, *, less: bool = False) -> str:
    """One row more, or one less, in a place. Invariant: the extremes only ever widen."""
    number = "-1" if less else "1"
    first, again = f"{one.values(row)}, {place}, {number}", f"cases = {one.name}.cases + {number}"
    if one.with_q:
        first += f", {number} * {row}.q, {row}.q, {row}.q"
        again += f", q_sum = {one.name}.q_sum + {number} * {row}.q"
        for column, sign in (("q_least", "<"), ("q_most", ">")):
            kept, new = f"{one.name}.{column}", f"{row}.q"
            again += f", {column} = CASE WHEN {new} {sign} {kept} THEN {new} ELSE {kept} END"
    alike = ", ".join((*one.apart, "place"))
    return f"INSERT INTO {one.name} ({one.columns}) VALUES ({first}) ON CONFLICT ({alike}) DO UPDATE SET {again};"


def _in_sqlite() -> Iterator[str]:
    for one in _STANDINGS:
        name, more, less = one.name, _added(one, "NEW", "0"), _added(one, "OLD", "0", less=True)
        yield f"CREATE TRIGGER {name}_more AFTER INSERT ON {one.of} FOR EACH ROW BEGIN {more} END"
        yield (
            f"CREATE TRIGGER {name}_moved AFTER UPDATE ON {one.of} FOR EACH ROW WHEN {_moved(one)} "
            f"BEGIN {less} {more} END"
        )
        yield f"CREATE TRIGGER {name}_less AFTER DELETE ON {one.of} FOR EACH ROW BEGIN {less} END"


def _in_postgres() -> Iterator[str]:
    for one in _STANDINGS:
        name = one.name
        yield (
            f"CREATE OR REPLACE FUNCTION {name}_kept() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE mine integer := 0; BEGIN "
            # Held until the transaction ends; whoever holds a place already gets it again.
            f"WHILE NOT pg_try_advisory_xact_lock({_LOCK}, mine) LOOP mine := mine + 1; END LOOP; "
            f"IF TG_OP <> 'INSERT' THEN {_added(one, 'OLD', 'mine', less=True)} END IF; "
            f"IF TG_OP <> 'DELETE' THEN {_added(one, 'NEW', 'mine')} END IF; "
            "RETURN NULL; END $$"
        )
        for when, only in (("INSERT", ""), ("UPDATE", f" WHEN ({_moved(one)})"), ("DELETE", "")):
            yield (
                f"CREATE TRIGGER {name}_{when.lower()} AFTER {when} ON {one.of} FOR EACH ROW{only} "
                f"EXECUTE FUNCTION {name}_kept()"
            )


@sa.event.listens_for(metadata, "after_create")
def _follow(_: object, connection: sa.Connection, **__: Any) -> None:
    """Tables made from the metadata have the triggers that migrated ones have."""
    for statement in made(connection.dialect.name):
        connection.exec_driver_sql(statement)
