"""Which rows are one thing: pairs joined, doubted and cut where joining them would be wrong."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.data.matching.pair import Decision, Pair, Row
from roadworthy.data.matching.plan import MatchPlan
from roadworthy.data.table import Finding

MOST_ROWS = 200
"""Rows of one thing beyond which something else is likelier: a placeholder, a form nobody filled in."""
_SURE = 0.99
"""A bridge of this probability carries a cluster alone."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Rows that are one thing. ``why`` says what joins them; ``weakest`` is the least sure pair that was needed.

    Invariant: rows are sorted, and no row is in two clusters.
    """

    rows: tuple[Row, ...]
    weakest: float = 1.0
    why: str = ""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Clustering:
    """Clusters by their first row, pairs that were sure enough and yet not joined, and what was noticed."""

    clusters: tuple[Cluster, ...]
    cut: tuple[tuple[Pair, str], ...] = ()
    findings: tuple[Finding, ...] = ()


Hard = Mapping[Row, Mapping[str, str]]
"""By row the values of the columns that prove a difference; a column without a value is left out."""


def cluster(
    pairs: Iterable[Pair],
    plan: MatchPlan,
    *,
    decisions: Sequence[Decision] = (),
    hard: Hard | None = None,
    singles: Iterable[Row] = (),
    threshold: float | None = None,
    most_rows: int = MOST_ROWS,
) -> Clustering:
    """Rows joined by pairs at ``threshold`` (None: the plan's ``automatic_from``) and above.

    The surest pairs join first. A pair does not join where people said that two rows of the two sides differ, where
    a hard identifier differs, or where the cluster would grow beyond ``most_rows``. A cluster that hangs together
    by one pair alone, with several rows on both of its sides, is cut there unless that pair is nearly certain or
    said by people. What people said is done first and is never outweighed.
    Holds:   the same arguments in any order give the same clusters. ``singles`` are rows that stand alone unless a
             pair joins them.
    """
    bound = plan.automatic_from if threshold is None else threshold
    said, contradictions = _said(decisions)
    union = _Union(hard or {}, said.different, most_rows)
    known = {one.rows: one for one in pairs}
    for row in singles:
        union.add(row)
    for one in known:
        for row in one:
            union.add(row)
    cut: list[tuple[Pair, str]] = []
    links: list[Pair] = []
    for left, right in sorted(said.same):
        union.add(left)
        union.add(right)
        if why := union.join(left, right, forced=True):
            contradictions.append(why)
        links.append(Pair(left, right, 1.0))
    for pair in sorted(known.values(), key=lambda one: (-one.probability, one.rows)):
        if pair.probability < bound or pair.rows in said.different:
            continue
        if why := union.join(*pair.rows):
            cut.append((pair, why))
        else:
            links.append(pair)
    groups = _without_bridges(union.groups(), links, said.same, cut)
    clusters = [_described(rows, of, said.same) for rows, of in groups]
    findings = [_finding(text) for text in contradictions]
    if cut:
        findings.append(
            Finding(
                "RW-DATA-431",
                f"{len(cut)} pairs are sure enough and yet not joined: a hard identifier differs, people said so, "
                "the cluster would be too large, or a single pair would hold it together",
                hint="look at them in the review",
                rows=len(cut),
            )
        )
    return Clustering(tuple(sorted(clusters, key=lambda one: one.rows)), tuple(cut), tuple(findings))


@dataclass(frozen=True, slots=True)
class _Said:
    same: frozenset[tuple[Row, Row]]
    different: frozenset[tuple[Row, Row]]


def _said(decisions: Sequence[Decision]) -> tuple[_Said, list[str]]:
    """What people said, once for each pair. Two that said opposite things: neither holds."""
    by: dict[tuple[Row, Row], set[bool]] = defaultdict(set)
    for one in decisions:
        by[one.rows].add(one.same)
    contradictions = [
        f"{_name(left)} and {_name(right)} were said to be the same and to be different"
        for (left, right), answers in sorted(by.items())
        if len(answers) > 1
    ]
    same = frozenset(rows for rows, answers in by.items() if answers == {True})
    different = frozenset(rows for rows, answers in by.items() if answers == {False})
    return _Said(same, different), contradictions


def _finding(text: str) -> Finding:
    return Finding("RW-DATA-430", text, hint="ask again: what people said contradicts itself", rows=1)


def _name(row: Row) -> str:
    return f"row {row.row} of table {row.table}"


class _Union:
    """Disjoint sets that know what they may not hold together."""

    def __init__(self, hard: Hard, different: frozenset[tuple[Row, Row]], most_rows: int) -> None:
        self._parent: dict[Row, Row] = {}
        self._members: dict[Row, list[Row]] = {}
        self._values: dict[Row, dict[str, set[str]]] = {}
        self._hard = hard
        self._most_rows = most_rows
        self._apart: dict[Row, set[Row]] = defaultdict(set)
        for left, right in different:
            self._apart[left].add(right)
            self._apart[right].add(left)

    def add(self, row: Row) -> None:
        if row not in self._parent:
            self._parent[row] = row
            self._members[row] = [row]
            self._values[row] = {name: {value} for name, value in self._hard.get(row, {}).items()}

    def _root(self, row: Row) -> Row:
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def join(self, left: Row, right: Row, *, forced: bool = False) -> str:
        """Why these two were not joined; empty where they are together now.

        Forced by people, only what people said themselves stands against it.
        """
        one, other = self._root(left), self._root(right)
        if one == other:
            return ""
        if len(self._members[one]) < len(self._members[other]):
            one, other = other, one
        for row in self._members[other]:
            for against in sorted(self._apart.get(row, ())):
                if against in self._parent and self._root(against) == one:
                    return (
                        f"people said that {_name(min(row, against))} and {_name(max(row, against))} differ"
                    )
        if not forced:
            for name, values in self._values[other].items():
                if name in self._values[one] and self._values[one][name] != values:
                    return f"`{name}` differs"
            if len(self._members[one]) + len(self._members[other]) > self._most_rows:
                return f"the cluster would have more than {self._most_rows} rows"
        self._parent[other] = one
        self._members[one] += self._members.pop(other)
        for name, values in self._values.pop(other).items():
            self._values[one].setdefault(name, set()).update(values)
        return ""

    def groups(self) -> list[list[Row]]:
        return [sorted(rows) for rows in self._members.values()]


def _without_bridges(
    groups: Sequence[Sequence[Row]],
    links: Sequence[Pair],
    said: frozenset[tuple[Row, Row]],
    cut: list[tuple[Pair, str]],
) -> list[tuple[list[Row], list[Pair]]]:
    of: dict[Row, int] = {row: at for at, rows in enumerate(groups) for row in rows}
    inside: dict[int, list[Pair]] = defaultdict(list)
    for pair in links:
        if of[pair.left] == of[pair.right]:
            inside[of[pair.left]].append(pair)
    out: list[tuple[list[Row], list[Pair]]] = []
    for at, rows in enumerate(groups):
        waiting = [(list(rows), inside[at])]
        while waiting:
            members, pairs = waiting.pop()
            weak = _weak_bridge(members, pairs, said) if len(members) > 3 else None
            if weak is None:
                out.append((members, pairs))
                continue
            bridge, side = weak
            cut.append((bridge, "a single pair would hold the cluster together"))
            for part in (side, set(members) - side):
                waiting.append(
                    (sorted(part), [one for one in pairs if one.left in part and one.right in part])
                )
    return out


def _weak_bridge(
    rows: Sequence[Row], pairs: Sequence[Pair], said: frozenset[tuple[Row, Row]]
) -> tuple[Pair, set[Row]] | None:
    """The least sure pair whose loss would leave several rows on both sides, with the rows of one side.

    Tarjan (1974), without recursion: a tree edge is a bridge where nothing below it reaches above.
    """
    near: dict[Row, list[tuple[Row, Pair]]] = defaultdict(list)
    for pair in pairs:
        near[pair.left].append((pair.right, pair))
        near[pair.right].append((pair.left, pair))
    order: dict[Row, int] = {rows[0]: 0}
    low: dict[Row, int] = {rows[0]: 0}
    size: dict[Row, int] = dict.fromkeys(rows, 1)
    stack: list[tuple[Row, Pair | None, int]] = [(rows[0], None, 0)]
    found: list[tuple[float, tuple[Row, Row], Pair, Row]] = []
    while stack:
        row, by, at = stack.pop()
        if at < len(near[row]):
            stack.append((row, by, at + 1))
            other, pair = near[row][at]
            if pair is by:
                continue
            if other in order:
                low[row] = min(low[row], order[other])
            else:
                order[other] = low[other] = len(order)
                stack.append((other, pair, 0))
        elif by is not None:
            above = by.left if by.right == row else by.right
            low[above] = min(low[above], low[row])
            size[above] += size[row]
            both = min(size[row], len(rows) - size[row])
            if low[row] == order[row] and both > 1 and by.probability < _SURE and by.rows not in said:
                heapq.heappush(found, (by.probability, by.rows, by, row))
    if not found:
        return None
    _, _, bridge, below = found[0]
    side, waiting = {below}, [below]
    while waiting:
        for other, pair in near[waiting.pop()]:
            if pair is not bridge and other not in side:
                side.add(other)
                waiting.append(other)
    return bridge, side


def _described(rows: Sequence[Row], pairs: Sequence[Pair], said: frozenset[tuple[Row, Row]]) -> Cluster:
    """What joins the rows: the pairs of the strongest tree through them."""
    if len(rows) == 1:
        return Cluster(tuple(rows), 1.0, "no other row is like it")
    union = _Union({}, frozenset(), len(rows))
    for row in rows:
        union.add(row)
    weakest, by_people, bits = 1.0, 0, defaultdict[str, float](float)
    for pair in sorted(pairs, key=lambda one: (one.rows not in said, -one.probability, one.rows)):
        if union._root(pair.left) == union._root(pair.right):
            continue
        union.join(*pair.rows)
        by_people += pair.rows in said
        weakest = min(weakest, pair.probability)
        for name, weight in pair.weights.items():
            bits[name] += weight
    telling = [
        f"`{name}`"
        for name, weight in sorted(bits.items(), key=lambda one: (-one[1], one[0]))
        if weight > 0
    ]
    why = (
        f"{len(rows)} rows agree in {', '.join(telling[:4])}" if telling else f"{len(rows)} rows are alike"
    )
    if by_people:
        why += f"; {by_people} of their links were confirmed by people"
    return Cluster(tuple(rows), weakest, why)
