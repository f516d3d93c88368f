"""What the rows that share a left side say about each other's right sides.

Every group votes; a cell that disagrees with its group is accused, one that agrees is vouched for. A row
that disagrees with its group in most columns has the wrong left side instead: its group is not its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from roadworthy.data.suspects.columns import Codes, Column, Table
from roadworthy.data.suspects.dependency import Dependency, left_codes
from roadworthy.data.suspects.suspect import RowHits

Floats = NDArray[np.float64]

_DENSE = 30_000_000
_MISPLACED = 0.6
_DISOWNED = 2
# Of accusations against a cell that keeps an exact rule with other cells of its row, so many remain.
_KEPT = 0.3
_FEW = 8


@dataclass(frozen=True, slots=True, eq=False)
class Accusations:
    """Cells of ``right`` that disagree with their group under one dependency.

    Shape: all (a,): the row, the code that the majority has, rows of the majority and of the cell's own
    value within the group.
    """

    dependency: Dependency
    rows: Codes
    instead: Codes
    most: Codes
    own: Codes


@dataclass(slots=True)
class Votes:
    """The outcome: evidence, and per column and row how many groups vouch for the cell as it is."""

    hits: list[RowHits] = field(default_factory=list)
    vouched: dict[int, NDArray[np.float32]] = field(default_factory=dict)


def votes(
    table: Table,
    found: Sequence[Dependency],
    kept: Mapping[int, NDArray[np.float32]],
    *,
    tell: Callable[[float], None] = lambda _: None,
) -> Votes:
    """Let every group vote, find misplaced rows, and weigh the votes on each cell.

    ``kept`` says per column how many rules between columns each row keeps: they vouch for its cells.
    """
    outcome = Votes(vouched={index: rows.copy() for index, rows in kept.items()})
    accused: dict[int, list[Accusations]] = {}
    asked: dict[int, NDArray[np.float32]] = {}
    denied: dict[int, NDArray[np.float32]] = {}
    times: dict[int, NDArray[np.int16]] = {}
    for at, dependency in enumerate(found):
        result = _vote(table, dependency)
        if dependency.accuses:
            accused.setdefault(dependency.right, []).append(result[0])
        trust = np.float32(dependency.lift * (1.0 - dependency.error))
        vouched = outcome.vouched.setdefault(dependency.right, np.zeros(table.rows, dtype=np.float32))
        vouched[result[1]] += trust
        if dependency.accuses and len(dependency.left) == 1:
            left = dependency.left[0]
            weight = np.float32(-np.log(max(dependency.error, 0.005)))
            tried = asked.setdefault(left, np.zeros(table.rows, dtype=np.float32))
            failed = denied.setdefault(left, np.zeros(table.rows, dtype=np.float32))
            failed[result[0].rows] += weight
            times.setdefault(left, np.zeros(table.rows, dtype=np.int16))[result[0].rows] += 1
            tried[result[0].rows] += weight
            tried[result[1]] += weight
        tell((at + 1) / len(found))
    misplaced = {left: _misplaced(asked[left], denied[left], times[left]) for left in asked}
    for right, accusations in accused.items():
        hits = _verdict(
            table, table.columns[right], accusations, misplaced, outcome.vouched[right], kept.get(right)
        )
        if hits is not None:
            outcome.hits.append(hits)
    for left, rows in misplaced.items():
        if len(rows):
            outcome.hits.append(_misplaced_hits(table, left, rows, accused, outcome.vouched.get(left)))
    return outcome


def _vote(table: Table, dependency: Dependency) -> tuple[Accusations, Codes]:
    """Accusations, and the rows whose group agrees with them."""
    column = table.columns[dependency.right]
    codes, valid = left_codes(table, dependency.left)
    rows = np.flatnonzero(valid)
    if len(dependency.left) > 1:
        _, groups = np.unique(codes[rows], return_inverse=True)
        groups = groups.astype(np.int64)
    else:
        groups = codes[rows]
    width = len(column.values)
    target = column.codes[rows]
    pair_of_row, counts, group_of_pair, code_of_pair = _counted(groups, target, width)
    solid = column.solid[code_of_pair]
    voting = np.where(solid, counts, 0)
    number = int(groups.max()) + 1 if len(groups) else 0
    most = np.zeros(number, dtype=np.int64)
    np.maximum.at(most, group_of_pair, voting)
    is_top = (voting == most[group_of_pair]) & (voting > 0)
    ties = np.bincount(group_of_pair[is_top], minlength=number)
    winner = np.zeros(number, dtype=np.int64)
    winner[group_of_pair[is_top]] = code_of_pair[is_top]
    own = counts[pair_of_row]
    top = most[groups]
    decided = (ties[groups] == 1) & (top >= 2)
    agrees = decided & (target == winner[groups])
    against = decided & (target != winner[groups]) & (top > own)
    accusations = Accusations(
        dependency, rows[against], winner[groups[against]], top[against], own[against]
    )
    return accusations, rows[agrees]


def _counted(groups: Codes, target: Codes, width: int) -> tuple[Codes, Codes, Codes, Codes]:
    """Pairs of group and value: the pair of each row, then rows, group and value of each pair."""
    key = groups * width + target
    if len(key) and int(key.max()) < min(_DENSE, 40 * len(key) + 1000):
        dense = np.bincount(key)
        present = np.flatnonzero(dense)
        place = np.zeros(len(dense), dtype=np.int64)
        place[present] = np.arange(len(present))
        return place[key], dense[present], present // width, present % width
    pairs, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
    return inverse.astype(np.int64), counts.astype(np.int64), pairs // width, pairs % width


def _misplaced(asked: NDArray[np.float32], denied: NDArray[np.float32], times: NDArray[np.int16]) -> Codes:
    """Rows that nearly all groups of a left side disown, beyond what their exceptions explain.

    Edge: of two columns that tell each other only, either may be wrong: that is no misplaced row.
    """
    return np.flatnonzero((denied >= _MISPLACED * asked) & (denied > 4.0) & (times >= _DISOWNED))


def _misplaced_hits(
    table: Table,
    left: int,
    rows: Codes,
    accused: dict[int, list[Accusations]],
    vouched: NDArray[np.float32] | None,
) -> RowHits:
    """Edge: where another dependency vouches for the cell, the row is odd but its left side hardly to blame."""
    column = table.columns[left]
    confidences = np.full(len(rows), 0.62)
    if vouched is not None:
        confidences = np.where(vouched[rows] > 0, 0.62 / (1.0 + vouched[rows]), confidences)
    told = [
        table.columns[right].name
        for right, those in accused.items()
        if any(one.dependency.left == (left,) for one in those)
    ]
    return RowHits(
        column.index, "dependency", rows, confidences, [None] * len(rows),
        [f"the row agrees with no other row of this value in {', '.join(f'`{name}`' for name in told[:4])}"],
    )  # fmt: skip


def features(
    dependency: Dependency, most: Codes, own: Codes, *, share: Floats, supporters: Floats
) -> Floats:
    """What the trust in an accusation is computed from, one row each."""
    n = len(most)
    margin = np.log((most + 0.5) / (own + 0.5))
    return np.column_stack(
        [
            np.ones(n),
            margin,
            np.full(n, np.log(max(dependency.error, 0.002))),
            np.full(n, np.log(max(0.05, dependency.spread * dependency.scatter))),
            share,
            np.log1p(supporters),
            np.log(own.astype(np.float64)),
            np.log(np.minimum(30, most)),
            np.full(n, np.log(min(4, dependency.reach))),
        ]
    )


# Fitted by logistic regression on the synthetic dirt of tests/data/suspects, with signs held to what they
# mean; the order is that of ``features``: constant, margin, log of the error and of spread times scatter, share of votes against,
# further accusers, log of the own value's rows, of the majority's, of the reach.
TRUST = np.array([-12.15, 0.5, -0.55, 1.6, 9.7, 3.05, -1.0, 0.75, 2.0])


def _verdict(
    table: Table,
    column: Column,
    accusations: Sequence[Accusations],
    misplaced: dict[int, Codes],
    vouched: NDArray[np.float32],
    kept: NDArray[np.float32] | None,
) -> RowHits | None:
    """Per cell the value that most trusted groups propose, and how far to believe it."""
    parts = _believable(table, accusations, misplaced)
    if not parts:
        return None
    rows = np.concatenate([one.rows for one in parts])
    if not len(rows):
        return None
    instead = np.concatenate([one.instead for one in parts])
    trust = np.concatenate(
        [np.full(len(one.rows), one.dependency.lift * (1.0 - one.dependency.error)) for one in parts]
    )
    which = np.concatenate([np.full(len(one.rows), at) for at, one in enumerate(parts)])
    most = np.concatenate([one.most for one in parts])
    own = np.concatenate([one.own for one in parts])
    margin = np.log((most + 0.5) / (own + 0.5)) * trust
    proposal = rows * len(column.values) + instead
    _, inverse = np.unique(proposal, return_inverse=True)
    weight_of = np.bincount(inverse, weights=margin)
    number_of = np.bincount(inverse)
    against = np.bincount(rows, weights=trust, minlength=table.rows)
    # The best proposal of a cell, and within it the group that says so most clearly.
    order = np.lexsort((-margin, -weight_of[inverse], rows))
    _, firsts = np.unique(rows[order], return_index=True)
    best = order[firsts]
    at = rows[best]
    share = against[at] / np.maximum(1e-9, against[at] + vouched[at])
    supporters = number_of[inverse[best]] - 1.0
    confidences = np.zeros(len(best))
    for index, part in enumerate(parts):
        mine = which[best] == index
        if mine.any():
            inputs = features(
                part.dependency, most[best][mine], own[best][mine],
                share=share[mine], supporters=supporters[mine],
            )  # fmt: skip
            confidences[mine] = 1.0 / (1.0 + np.exp(-(inputs @ TRUST)))
    scatter = np.array([one.dependency.scatter for one in parts])[which[best]]
    if int((column.counts >= 0.01 * table.rows).sum()) <= _FEW:
        # Of few values, one that returns within its group may well be another state of the same thing.
        confidences = np.where((own[best] >= 2) & (scatter < 0.6), 0.5 * confidences, confidences)
    absent = ~column.solid[column.codes[at]]
    part_of = most[best] / np.maximum(1, most[best] + own[best])
    empty_share = 1.0 - column.filled / table.rows
    told = (0.4 + 0.6 * trust[best]) * np.interp(part_of, (0.5, 0.7, 0.95), (0.45, 0.72, 0.95))
    told = told * float(np.interp(empty_share, (0.2, 0.6), (1.0, 0.5)))
    confidences = np.where(absent, told, confidences)
    if kept is not None:
        confidences = np.where(kept[at] > 0, _KEPT * confidences, confidences)
    reasons = [
        _said(table, parts[index].dependency, int(m), int(k))
        for index, m, k in zip(which[best].tolist(), most[best].tolist(), own[best].tolist(), strict=True)
    ]
    repairs = [column.trimmed[code] for code in instead[best].tolist()]
    return RowHits(column.index, "dependency", at, confidences, repairs, reasons)


def _believable(
    table: Table, accusations: Sequence[Accusations], misplaced: dict[int, Codes]
) -> list[Accusations]:
    """Without the votes of groups that a row only got into by a wrong left side."""
    kept = []
    for one in accusations:
        strangers = misplaced.get(one.dependency.left[0]) if len(one.dependency.left) == 1 else None
        if strangers is None or not len(strangers):
            kept.append(one)
            continue
        home = ~np.isin(one.rows, strangers)
        kept.append(
            Accusations(one.dependency, one.rows[home], one.instead[home], one.most[home], one.own[home])
        )
    return [one for one in kept if len(one.rows)]


def _said(table: Table, dependency: Dependency, most: int, own: int) -> str:
    names = " and ".join(f"`{table.columns[left].name}`" for left in dependency.left)
    return f"{most} rows of the same {names} have another value, {own} this one"
