"""Which rows meet. Counted before it is carried out, so that no frequent value makes everything meet everything."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

from dataclasses import dataclass

import duckdb

from roadworthy.adapters.splink.levels import column_of
from roadworthy.adapters.splink.sql import RARITY, ask
from roadworthy.data.matching import Block, Key, MatchPlan, Mode, Part
from roadworthy.data.table import Finding

_NEIGHBOURS = 3
_PARTNERS = 10
"""Nearest rows by rare words that a row is compared with."""


@dataclass(frozen=True, slots=True)
class Met:
    """Pairs that are compared, and what was left out."""

    pairs: int
    findings: tuple[Finding, ...]


def candidates(connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> Met:
    """Table ``candidates``: pairs of row numbers l < r, each once, in order.

    Holds:   no block makes more pairs than its share of the plan's ``most_pairs``: values that would are left
             out, the most frequent first, and told.
    """
    findings: list[Finding] = []
    connection.execute("create table met (l bigint, r bigint)")
    share = max(1, plan.most_pairs // max(1, min(len(plan.blocks), 6)))
    for block in plan.blocks:
        if not block.keys:
            connection.execute(
                f"insert into met select l.uid, r.uid from rows l join rows r on l.uid < r.uid {_across(plan)}"
            )
        elif block.keys[0].part is Part.RARE_WORDS:
            findings += _by_words(connection, plan, block.keys[0])
        else:
            findings += _by_keys(connection, plan, block, share)
    connection.execute("create table candidates as select distinct l, r from met order by l, r")
    for table in ("met", "keyed", "sizes"):
        connection.execute(f"drop table if exists {table}")
    found = ask(connection, "select count(*) from candidates")
    return Met(int(found[0]) if found else 0, tuple(findings))


def _across(plan: MatchPlan, left: str = "l", right: str = "r") -> str:
    return f"and {left}.tab <> {right}.tab" if plan.mode is Mode.LINK else ""


def part_sql(plan: MatchPlan, key: Key) -> str:
    """A key's part of a compared value."""
    c = column_of(plan, key.column)
    return {
        Part.WHOLE: c,
        Part.START: f"substr({c}, 1, 3)",
        Part.YEAR: f"substr({c}, 1, 4)",
        Part.END: f"right({c}, 7)",
        Part.SOUND: f"{c}_b",
        Part.RARE_WORDS: c,
    }[key.part]


def size_up(connection: duckdb.DuckDBPyConnection, plan: MatchPlan, parts: list[str]) -> None:
    """Tables ``keyed`` (uid, tab, k) and ``sizes`` (k, pairs, members, upto): what agreeing in these parts means."""
    there = " and ".join(f"{part} is not null" for part in parts)
    # A mark between the parts that no compared value holds keeps `ab`+`c` and `a`+`bc` apart.
    key = " || chr(31) || ".join(parts)
    connection.execute(
        f"create or replace table keyed as select uid, tab, {key} as k from rows where {there}"
    )
    cross = plan.mode is Mode.LINK
    pairs = "(sum(n) * sum(n) - sum(n * n)) / 2" if cross else "sum(n) * (sum(n) - 1) / 2"
    connection.execute(
        "create or replace table sizes as select *, "
        "sum(pairs) over (order by pairs, k rows unbounded preceding) as upto "
        f"from (select k, {pairs} as pairs, sum(n) as members from "
        "(select k, tab, count(*) as n from keyed group by k, tab) group by k) where pairs > 0"
    )


def _by_keys(
    connection: duckdb.DuckDBPyConnection, plan: MatchPlan, block: Block, share: int
) -> list[Finding]:
    """Rows that agree meet; where a value is too frequent for that, rows meet their neighbours in the order of all
    their values, so that equal rows meet whatever their number."""
    size_up(connection, plan, [part_sql(plan, key) for key in block.keys])
    connection.execute(
        "insert into met select l.uid, r.uid from keyed l join keyed r on l.k = r.k and l.uid < r.uid "
        f"{_across(plan)} where l.k in (select k from sizes where upto <= {int(share)})"
    )
    left_out = ask(
        connection, f"select count(*), coalesce(sum(members), 0) from sizes where upto > {int(share)}"
    )
    if not left_out or not left_out[0]:
        return []
    used = " || chr(31) || ".join(
        f"coalesce({column_of(plan, one.name)}, '')" for one in plan.columns if one.used
    )
    for apart in range(1, _NEIGHBOURS + 1):
        connection.execute(
            "insert into met select least(uid, next), greatest(uid, next) from ("
            f"select uid, tab, lead(uid, {apart}) over near as next, lead(tab, {apart}) over near as next_tab "
            f"from (select keyed.*, {used} as everything from keyed join rows using (uid) "
            f"where k in (select k from sizes where upto > {int(share)})) "
            "window near as (partition by k order by everything, uid)) where next is not null"
            f"{' and tab <> next_tab' if plan.mode is Mode.LINK else ''}"
        )
    names = " and ".join(f"`{one.column}` ({one.part})" for one in block.keys)
    return [
        Finding(
            "RW-DATA-411",
            f"{left_out[0]} values of {names} are too frequent to compare all rows that share them",
            place=names,
            hint="rows may still meet by another block; raise `most_pairs` to compare more",
            rows=int(left_out[1]),
        )
    ]


def _by_words(connection: duckdb.DuckDBPyConnection, plan: MatchPlan, key: Key) -> list[Finding]:
    """The nearest rows by the words they share, as far as these are rare enough to look at all rows that have them."""
    c = column_of(plan, key.column)
    budget = 4 * plan.most_pairs
    found = ask(
        connection,
        f"select max(n) from (select n, sum(n * n) over (order by n, word rows unbounded preceding) as upto "
        f"from rarity_{c}) where upto <= {int(budget)}",
    )
    most = int(found[0]) if found and found[0] else 1
    connection.execute(
        f"create table rare as select uid, tab, number % {RARITY} as w, number from words_{c} "
        f"join rarity_{c} using (word) where n between 2 and {most}"
    )
    connection.execute(
        "create table near as select shared.l, shared.r, shared.w / (a.n * b.n) as s from ("
        "select l.uid as l, r.uid as r, sum(l.w) as w from rare l join rare r on l.number = r.number "
        f"and l.uid < r.uid {_across(plan)} group by l.uid, r.uid) shared "
        f"join weighed_{c} a on a.uid = shared.l join weighed_{c} b on b.uid = shared.r"
    )
    connection.execute(
        f"create table nearest_{c} as select a, b, rank from (select a, b, "
        "row_number() over (partition by a order by s desc, b) as rank from ("
        "select l as a, r as b, s from near where s >= 0.1 union all "
        f"select r, l, s from near where s >= 0.1)) where rank <= {_PARTNERS}"
    )
    connection.execute(f"insert into met select least(a, b), greatest(a, b) from nearest_{c}")
    connection.execute("drop table rare")
    connection.execute("drop table near")
    return []
