"""What a model is learnt from: random pairs, and pairs of blocks in which matches are no rarity."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb

from roadworthy.adapters.splink.blocking import size_up
from roadworthy.adapters.splink.levels import column_of
from roadworthy.adapters.splink.samples import (
    add_agreeing,
    add_nearest,
    add_random,
    open_samples,
    weigh_samples,
)
from roadworthy.adapters.splink.sql import ask
from roadworthy.adapters.splink.weighing import Scales
from roadworthy.data.matching import Comparison, MatchPlan, Measure, possible_pairs
from roadworthy.data.matching.learning import (
    Lesson,
    assumed_m,
    in_order,
    learn,
    together,
    unrelated,
)
from roadworthy.data.table import Finding

_FEWEST_SECOND = 50
_RULES_FIND = 0.6
"""Share of the matches that agree exactly in two columns, as a start; corrected once all pairs are weighed."""


@dataclass(frozen=True, slots=True)
class Model:
    """m and u by comparison, from equal to something else, and the probability that two random rows match."""

    prior: float
    m: Mapping[str, Sequence[float]]
    u: Mapping[str, Sequence[float]]
    taught: bool = True
    """Whether any block taught anything."""
    findings: tuple[Finding, ...] = ()


def first_prior(connection: duckdb.DuckDBPyConnection, plan: MatchPlan, possible: int) -> float:
    """A start for the probability that two random rows match: pairs that agree in two telling columns at once.

    Counted by groups, so that a frequent value costs nothing, and less what chance alone would make agree.
    """
    if plan.prior is not None:
        return plan.prior
    columns = list(dict.fromkeys(name for rule in plan.training for name in rule))[:5]
    if len(columns) < 2:
        columns = [name for one in plan.comparisons for name in one.columns[:1]][:5]
    chance = {}
    for name in columns:
        size_up(connection, plan, [column_of(plan, name)])
        chance[name] = _number(connection, "select coalesce(sum(pairs), 0) from sizes") / max(1, possible)
    found = 0.0
    for names in combinations(columns, 2):
        size_up(connection, plan, [column_of(plan, name) for name in names])
        agree = _number(connection, "select coalesce(sum(pairs), 0) from sizes")
        by_chance = possible * math.prod(chance[name] for name in names)
        found = max(found, agree - by_chance if by_chance < agree / 2 else 0.0)
    return min(0.999, max(found / _RULES_FIND, 0.5) / max(1, possible))


def train(
    connection: duckdb.DuckDBPyConnection,
    scales: Scales,
    plan: MatchPlan,
    counts: Sequence[int],
    *,
    prior: float,
    seed: int,
    told: Callable[[float, str], None],
) -> Model:
    """The model these rows teach. A block that teaches nothing is told, never an error."""
    findings: list[Finding] = []
    possible = possible_pairs(counts, plan.mode)
    told(0.0, "learning from pairs of rows")
    open_samples(connection)
    add_random(connection, plan, 0, counts, possible, seed)
    for kind, rule in enumerate(plan.training, 1):
        add_agreeing(connection, plan, kind, rule)
    random, *blocks = weigh_samples(connection, scales, plan, len(plan.training) + 1)
    levels = {one.name: scales.levels[one.name] for one in plan.comparisons}
    equal = _equal_by_chance(connection, plan, counts)
    shares = {one.name: random.shares(at, levels[one.name]) for at, one in enumerate(plan.comparisons)}

    def chance(one: Comparison, m: Sequence[float]) -> list[float]:
        return unrelated(
            shares[one.name],
            levels[one.name],
            m,
            equal=equal.get(one.name),
            prior=prior,
            pairs=random.total,
        )

    u = [chance(one, assumed_m(levels[one.name])) for one in plan.comparisons]
    telling = [at for at, one in enumerate(plan.comparisons) if one.individual]
    lessons: list[Lesson] = []
    for rule, patterns in zip(plan.training, blocks, strict=True):
        # A comparison that looks at a column of the block, be it for swapped names, learns nothing from it.
        made_by = [at for at, one in enumerate(plan.comparisons) if set(one.columns) & set(rule)]
        lesson = learn(patterns, u, without=made_by)
        if lesson.believable(telling):
            lessons.append(lesson)
        else:
            findings.append(_not_learnt(rule, lesson))
    untaught = [at for at in telling if not any(at in lesson.m for lesson in lessons)]
    worded = [at for at in untaught if plan.comparisons[at].measure is Measure.WORDS]
    if worded:
        told(0.7, "learning from the rows nearest by their words")
        nearest = _nearest(connection, scales, plan, worded, u)
        lessons += [lesson for lesson in nearest if lesson.believable(telling)]
    m_by, u_by = {}, {}
    for at, one in enumerate(plan.comparisons):
        m, taught = together(lessons, at, levels[one.name])
        if not taught:
            findings.append(_assumed(one.name))
        u_by[one.name] = chance(one, m)
        m_by[one.name] = in_order(m, u_by[one.name])
    return Model(prior, m_by, u_by, bool(lessons), tuple(findings))


def _nearest(
    connection: duckdb.DuckDBPyConnection,
    scales: Scales,
    plan: MatchPlan,
    worded: Sequence[int],
    u: Sequence[Sequence[float]],
) -> list[Lesson]:
    """What rows teach that are each other's nearest by words: some of them are the same.

    Those that come second in nearness show what being alike without being the same looks like: they stand for
    the unrelated pairs here. Without a difference between the two there is nothing to learn.
    """
    open_samples(connection)
    for at, number in enumerate(worded):
        add_nearest(connection, plan, plan.comparisons[number].columns[0], 2 * at, 2 * at + 1)
    patterns = weigh_samples(connection, scales, plan, 2 * len(worded))
    lessons = []
    for first, second in zip(patterns[::2], patterns[1::2], strict=True):
        if second.total < _FEWEST_SECOND:
            continue
        chosen = []
        for at, other in enumerate(u):
            shares = second.shares(at, len(other)) or other
            chosen.append([(one * second.total + 1 / len(other)) / (second.total + 1) for one in shares])
        lessons.append(learn(first, chosen))
    return lessons


def _equal_by_chance(
    connection: duckdb.DuckDBPyConnection, plan: MatchPlan, counts: Sequence[int]
) -> dict[str, float]:
    """For each comparison of one value the exact share of pairs, of all that have it, with equal values."""
    found = {}
    for one in plan.comparisons:
        if one.measure is Measure.ADDRESS:
            continue
        c = column_of(plan, one.columns[0])
        size_up(connection, plan, [c])
        agree = _number(connection, "select coalesce(sum(pairs), 0) from sizes")
        there = dict(connection.execute(f"select tab, count({c}) from rows group by tab").fetchall())
        pairs = possible_pairs([there.get(at, 0) for at in range(len(counts))], plan.mode)
        if pairs:
            found[one.name] = agree / pairs
    return found


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> float:
    found: Any = ask(connection, sql)
    return float(found[0])


def _not_learnt(rule: Sequence[str], lesson: Lesson) -> Finding:
    names = " and ".join(f"`{name}`" for name in rule)
    why = "hardly any of them match"
    if lesson.matches >= 1 and lesson.m:
        why = "they agree in too little else to be the same"
    return Finding("RW-DATA-412", f"nothing is learnt from rows that agree in {names}: {why}", place=names)


def _assumed(name: str) -> Finding:
    return Finding(
        "RW-DATA-413",
        f"how often `{name}` agrees in matching rows could not be learnt: usual values are taken",
        place=name,
        hint="look at the pairs in doubt; more rows, or a training block on another column, would teach it",
    )
