"""Tables in which nothing differs: there is no contrast to learn from, and nothing to learn."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

import duckdb

from roadworthy.adapters.splink.levels import column_of
from roadworthy.adapters.splink.sql import ask
from roadworthy.data.matching import MatchPlan, Mode
from roadworthy.data.table import Finding

_ENOUGH = 3
"""Filled columns from which on equal rows are taken as the same; below, people decide."""


def no_pairs(connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> None:
    """Table ``pairs`` without a row."""
    weights = ", ".join(f"w{at} float" for at in range(len(plan.comparisons)))
    connection.execute(f"create table pairs (l bigint, r bigint, p double, {weights})")


def all_equal(connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> bool:
    """Whether all rows have the same values in every column that is used."""
    columns = ", ".join(column_of(plan, one.name) for one in plan.columns if one.used)
    return bool(ask(connection, f"select count(*) = 1 from (select distinct {columns} from rows)")[0])


def pair_equals(connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> tuple[Finding, ...]:
    """Table ``pairs``: every row with the first one it may be paired with, which joins them all."""
    used = [column_of(plan, one.name) for one in plan.columns if one.used]
    filled = sum(ask(connection, f"select {', '.join(f'count({c}) > 0' for c in used)} from rows"))
    probability = 1.0 if filled >= _ENOUGH else 0.5
    no_pairs(connection, plan)
    zeros = ", ".join("0" for _ in plan.comparisons)
    other = "(select min(uid) from rows where tab > 0)"
    connection.execute(
        f"insert into pairs select 0, uid, {probability}, {zeros} from rows "
        f"where uid > 0 {'and tab > 0' if plan.mode is Mode.LINK else ''}"
    )
    if plan.mode is Mode.LINK:
        connection.execute(
            f"insert into pairs select uid, {other}, {probability}, {zeros} from rows where tab = 0 and uid > 0"
        )
    rows = int(ask(connection, "select count(*) from rows")[0])
    return (
        Finding(
            "RW-DATA-415",
            f"all {rows} rows are equal in every column that is compared",
            hint="compare columns that differ, or see whether the source repeats one row",
            rows=rows,
        ),
    )
