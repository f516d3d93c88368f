"""Pairs to learn from: random ones, those that agree in a block, and each other's nearest by words."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import duckdb
import numpy as np

from roadworthy.adapters.splink.blocking import size_up
from roadworthy.adapters.splink.levels import column_of, output_of
from roadworthy.adapters.splink.sql import ask
from roadworthy.adapters.splink.weighing import Scales
from roadworthy.data.matching import MatchPlan, Mode
from roadworthy.data.matching.learning import Patterns

RANDOM_PAIRS = 300_000
_TRAINING_PAIRS = 200_000
_CHUNK = 250_000


def open_samples(connection: duckdb.DuckDBPyConnection) -> None:
    """An empty table ``samples`` (kind, l, r)."""
    connection.execute("create or replace table samples (kind int, l bigint, r bigint)")


def add_random(
    connection: duckdb.DuckDBPyConnection,
    plan: MatchPlan,
    kind: int,
    counts: Sequence[int],
    possible: int,
    seed: int,
) -> None:
    """Random pairs, the same for the same seed; all of them where there are few."""
    apart = "and l.tab <> r.tab" if plan.mode is Mode.LINK else ""
    if possible <= RANDOM_PAIRS:
        connection.execute(
            f"insert into samples select {kind}, l.uid, r.uid from rows l join rows r on l.uid < r.uid {apart}"
        )
        return
    rows = sum(counts)
    draws = round(RANDOM_PAIRS * rows * rows / (2 * possible))
    one, other = (f"(hash(i, {int(seed)}, {side}) % {rows})::bigint" for side in (1, 2))
    connection.execute(
        f"insert into samples select distinct {kind}, l.uid, r.uid from (select least(a, b) as a, "
        f"greatest(a, b) as b from (select {one} as a, {other} as b from range({draws}) draw(i)) where a <> b) "
        f"join rows l on l.uid = a join rows r on r.uid = b where true {apart}"
    )


def add_agreeing(
    connection: duckdb.DuckDBPyConnection, plan: MatchPlan, kind: int, rule: Sequence[str]
) -> None:
    """Pairs that agree in these columns, those with rare values first."""
    size_up(connection, plan, [column_of(plan, name) for name in rule])
    apart = "and l.tab <> r.tab" if plan.mode is Mode.LINK else ""
    connection.execute(
        f"insert into samples select {kind}, l.uid, r.uid from keyed l join keyed r on l.k = r.k "
        f"and l.uid < r.uid {apart} where l.k in (select k from sizes where upto <= {_TRAINING_PAIRS})"
    )


def add_nearest(
    connection: duckdb.DuckDBPyConnection, plan: MatchPlan, name: str, first: int, second: int
) -> bool:
    """Rows that are each other's nearest by the words of a column, and those that come second, as two kinds.

    False where nobody has looked for the nearest rows by this column.
    """
    c = column_of(plan, name)
    there = ask(connection, f"select count(*) from duckdb_tables() where table_name = 'nearest_{c}'")
    if not there[0]:
        return False
    for kind, condition in (
        (first, "one.rank = 1 and other.rank = 1"),
        (second, "least(one.rank, coalesce(other.rank, 99)) = 2"),
    ):
        connection.execute(
            f"insert into samples select distinct {kind}, least(one.a, one.b) as l, greatest(one.a, one.b) as r "
            f"from nearest_{c} one left join nearest_{c} other on other.a = one.b and other.b = one.a "
            f"where {condition} order by l, r limit {_TRAINING_PAIRS}"
        )
    return True


def weigh_samples(
    connection: duckdb.DuckDBPyConnection, scales: Scales, plan: MatchPlan, kinds: int
) -> list[Patterns]:
    """Counted ways of agreeing, for each kind. A pair of several kinds is weighed once."""
    connection.execute(
        "create or replace table sampled as select l, r, row_number() over (order by l, r) as n "
        "from (select distinct l, r from samples)"
    )
    outputs = [output_of(plan, one.name) for one in plan.comparisons]
    levels = ", ".join(f"round(mw_{one})::int" for one in outputs)
    found: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(kinds)]
    total = int(ask(connection, "select count(*) from sampled")[0])
    for start in range(0, total, _CHUNK):
        connection.execute(
            f"create or replace table part as select l, r from sampled where n > {start} and n <= {start + _CHUNK}"
        )
        weighed = scales.weigh("part")
        rows = connection.execute(
            f'select samples.kind, {levels}, count(*) from "{weighed.table}" w join samples '
            "on samples.l = least(w.uid_l, w.uid_r) and samples.r = greatest(w.uid_l, w.uid_r) group by all"
        ).fetchall()
        weighed.drop()
        for kind, *pattern, pairs in rows:
            found[kind][tuple(pattern)] += pairs
    for table in ("samples", "sampled", "part"):
        connection.execute(f"drop table if exists {table}")
    return [_patterns(one, [scales.levels[one.name] for one in plan.comparisons]) for one in found]


def _patterns(counted: Counter[tuple[int, ...]], levels: Sequence[int]) -> Patterns:
    if not counted:
        return Patterns(np.zeros((0, len(levels)), np.int64), np.zeros(0))
    rows = sorted(counted)
    numbered = np.array(rows, dtype=np.int64)  # 0 nothing to compare, 1 something else … the highest: equal
    return Patterns(
        np.where(numbered == 0, -1, np.array(levels) - numbered),
        np.array([counted[row] for row in rows], dtype=np.float64),
    )
