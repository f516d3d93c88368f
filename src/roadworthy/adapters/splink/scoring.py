"""Every candidate pair weighed, in chunks, and what the weights together say about the whole."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb
import numpy as np

from roadworthy.adapters.splink.levels import output_of
from roadworthy.adapters.splink.sql import ask, literal
from roadworthy.adapters.splink.weighing import Scales
from roadworthy.data.matching import MatchPlan, Mode, Pair, Row
from roadworthy.data.matching.learning import Kinds, kinds
from roadworthy.data.table import Finding

_CHUNK = 250_000
_HOPELESS = -12.0
"""Bits below which a pair is not kept, whatever the prior turns out to be."""
_CLEARLY = 4.0
"""Bits by which one partner has to fit better to rule another out."""
_SEVERAL = 0.3
"""Share of linked rows with several partners from which on a table is plainly one that holds things several times."""


def score(
    connection: duckdb.DuckDBPyConnection,
    scales: Scales,
    plan: MatchPlan,
    total: int,
    *,
    prior: float,
    told: Callable[[float, str], None],
) -> None:
    """Tables ``scored`` (l, r, w: bits without the prior, own: bits of what is individual, w0 …) and ``weights``
    (how many pairs had which bits, of all) from the table ``candidates``, which is dropped."""
    columns = ", ".join(f"w{at} float" for at in range(len(plan.comparisons)))
    connection.execute(f"create table scored (l bigint, r bigint, w double, own double, {columns})")
    connection.execute("create table weights (w double, own double, n bigint)")
    bits = math.log2(prior / (1 - prior))
    for first in range(0, total, _CHUNK):
        told(first / total, f"weighing {total:,} pairs")
        weighed = scales.weigh("candidates", first=first, most=_CHUNK)
        _keep(connection, weighed.table, plan, bits)
        weighed.drop()
    connection.execute("drop table candidates")


def _keep(connection: duckdb.DuckDBPyConnection, table: str, plan: MatchPlan, bits: float) -> None:
    has = {row[0] for row in connection.execute(f'describe "{table}"').fetchall()}
    each = []
    for one in plan.comparisons:
        output = output_of(plan, one.name)
        rarity = f" + coalesce(mw_tf_adj_{output}, 0)" if f"mw_tf_adj_{output}" in has else ""
        each.append(f"mw_{output}{rarity}")
    own = " + ".join(bit for bit, one in zip(each, plan.comparisons, strict=True) if one.individual) or "0"
    connection.execute(
        f"insert into weights select round({' + '.join(each)}, 1), round({own}, 1), count(*) "
        f'from "{table}" group by all'
    )
    connection.execute(
        f"insert into scored select least(uid_l, uid_r), greatest(uid_l, uid_r), {' + '.join(each)}, {own}, "
        f'{", ".join(each)} from "{table}" where {" + ".join(each)} + {literal(bits)} >= {literal(_HOPELESS)}'
    )


def kinds_of(
    connection: duckdb.DuckDBPyConnection, plan: MatchPlan, start: float, possible: int, *, taught: bool
) -> Kinds:
    """How many pairs match and how many only belong together, by all pairs that were weighed.

    Where nothing was learnt, weights are assumptions, and the number of matches is not judged by them.
    """
    found = connection.execute(
        "select w, own, sum(n) from weights group by w, own order by w, own"
    ).fetchall()
    bits, own, pairs = (np.array([float(row[at]) for row in found]) for at in range(3))
    return kinds(
        bits,
        own,
        pairs,
        possible=possible,
        prior=start,
        fixed_prior=plan.prior is not None or not taught,
        companions=plan.companions,
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of the weights."""

    kept: int
    findings: tuple[Finding, ...]


def decide(
    connection: duckdb.DuckDBPyConnection, plan: MatchPlan, found: Kinds, threshold: float
) -> Decided:
    """Table ``pairs``: l, r, p and the weights, for pairs at the threshold and above.

    A pair is a match, a chance agreement, or two that share a home and no more: the probability weighs the first
    against the other two.
    """
    bits = math.log2(found.prior / max(1 - found.prior * (1 + found.companions), 1e-6))
    connection.execute(
        "create table judged as select *, least(w, 500) + "
        f"{literal(bits)} as total, "
        f"1 / (1 + pow(2, -(greatest(least(w, 500), -500) + {literal(bits)})) "
        f"+ {literal(found.companions)} * pow(2, -greatest(least(own, 500), -500))) as p from scored"
    )
    connection.execute("drop table scored")
    findings: tuple[Finding, ...] = ()
    if plan.mode is Mode.LINK:
        findings = _exclude(connection, plan)
    connection.execute(
        f"create table pairs as select * from judged where round(p, 6) >= {literal(threshold)} order by l, r"
    )
    return Decided(int(ask(connection, "select count(*) from pairs")[0]), findings)


def _exclude(connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> tuple[Finding, ...]:
    """Where a table holds each thing once, of several partners there only those that fit about equally well stay."""
    connection.execute(
        "create table sides as select l as a, r as b, tab, total, p from judged join rows on uid = r "
        "union all select r, l, tab, total, p from judged join rows on uid = l"
    )
    exclusive = plan.exclusive
    if exclusive is None:
        found = ask(
            connection,
            "select count(*), count(*) filter (where n > 1) from "
            "(select a, tab, count(*) as n from sides where p >= 0.95 group by a, tab)",
        )
        linked, several = found if found else (0, 0)
        exclusive = several <= _SEVERAL * linked
    if not exclusive:
        connection.execute("drop table sides")
        return ()
    connection.execute(
        "create table outdone as select distinct least(a, b) as l, greatest(a, b) as r from "
        "(select a, b, total, max(total) over (partition by a, tab) as best from sides) "
        f"where total < best - {literal(_CLEARLY)}"
    )
    found = ask(
        connection,
        f"select count(*) from judged semi join outdone using (l, r) where p >= {literal(plan.review_from)}",
    )
    connection.execute(
        "delete from judged using outdone where judged.l = outdone.l and judged.r = outdone.r"
    )
    connection.execute("drop table sides")
    connection.execute("drop table outdone")
    if not found or not found[0]:
        return ()
    return (
        Finding(
            "RW-DATA-414",
            f"{found[0]} pairs are left out: one of their rows has a clearly better partner in the same table",
            hint="match with `link and dedupe`, or set `exclusive` to false, if a table may hold one thing several times",
            rows=int(found[0]),
        ),
    )


def read(connection: duckdb.DuckDBPyConnection, plan: MatchPlan, firsts: list[int]) -> Iterator[Pair]:
    """The pairs, by their rows. ``firsts``: the number of each table's first row."""
    names = [one.name for one in plan.comparisons]
    each = ", ".join(f"round(w{at}, 3)" for at in range(len(names)))
    cursor = connection.cursor()
    cursor.execute(f"select l, r, round(p, 6), {each} from pairs order by l, r")
    while rows := cursor.fetchmany(10_000):
        for left, right, p, *bits in rows:
            weights = {name: float(bit) for name, bit in zip(names, bits, strict=True)}
            yield Pair(_row(left, firsts), _row(right, firsts), float(p), weights)


def _row(uid: int, firsts: list[int]) -> Row:
    table = next(at for at in range(len(firsts) - 1, -1, -1) if uid >= firsts[at])
    return Row(table, uid - firsts[table])
