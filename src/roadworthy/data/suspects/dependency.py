"""Which columns nearly tell another one: approximate functional dependencies, found in the table itself.

Source: the measure is the g3 error of Kivinen and Mannila (1995), less the row of each group that
agrees with itself whatever the data; what chance would give is measured by shuffling the right side.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from roadworthy.data.suspects.columns import Codes, Column, Table

_SAMPLE = 30_000
_FEWEST_VOTES = 12
_PER_TARGET = 8
_WIDEST = 60
_PAIR_COLUMNS = 16
_PAIR_SAMPLE = 8_000
# Below this, exceptions are few values that return in few groups: a relation with two sides, no errors.
_BY_NATURE = 0.2


@dataclass(frozen=True, slots=True)
class Dependency:
    """``left`` (indexes of one or two columns) tells ``right``.

    Units:  ``error`` is the share of rows that disagree with their group, less what every group grants
            itself. ``lift`` is 1 for a dependency without exceptions and 0 for what chance gives.
            ``spread`` compares how many groups have exceptions with how many would if errors fell on rows
            at random: about 1 for errors, near 0 where a few groups have two values by nature (big
            cities with several postcodes). ``reach`` counts the columns that the same left side tells:
            several are the mark of an entity. ``scatter`` is the number of different exceptions per row
            with one: near 1 for errors, near 0 where the same second value returns (a version that was
            replaced, a price before and after).
    """

    left: tuple[int, ...]
    right: int
    error: float
    lift: float
    spread: float
    groups: int
    size: float
    scatter: float
    reach: int = 1

    @property
    def accuses(self) -> bool:
        """Whether disagreement tells of errors. Where the exceptions are nature, agreement still vouches."""
        return self.spread * self.scatter >= _BY_NATURE


def dependencies(table: Table, *, tell: Callable[[float], None] = lambda _: None) -> tuple[Dependency, ...]:
    """The dependencies worth voting with, at most a handful for each right side.

    Edge: columns with a value of their own in nearly every row are no left side, columns of one value no
    right side; beyond a sample of whole groups no more rows are looked at.
    """
    usable = [
        column for column in table.columns if column.distinct > 1 and column.filled >= 0.1 * table.rows
    ]
    lefts = [column for column in usable if _groups_rows(column)][:_WIDEST]
    rights = [
        column
        for column in usable
        if (column.unique_share < 0.98 and not column.is_prose) or _repeats(column)
    ]
    found: list[Dependency] = []
    for at, left in enumerate(lefts):
        rows = _sample(left, table.rows)
        for right in rights[: 2 * _WIDEST]:
            if right is not left and (one := _measured((left,), right, rows)):
                found.append(one)
        tell((at + 1) / len(lefts))
    reach = Counter(one.left for one in found if one.lift > 0.5)
    found = [replace(one, reach=max(1, reach[one.left])) for one in found]
    kept = _best(found)
    kept += _pairs(lefts, rights, kept, table.rows)
    return tuple(kept)


def left_codes(table: Table, left: Sequence[int]) -> tuple[Codes, NDArray[np.bool_]]:
    """The group of every row under a left side, and whether it has one (no part of it is blank)."""
    first = table.columns[left[0]]
    codes, valid = first.codes, first.solid[first.codes]
    for index in left[1:]:
        other = table.columns[index]
        codes = codes * len(other.values) + other.codes
        valid = valid & other.solid[other.codes]
    return codes, valid


def _groups_rows(column: Column) -> bool:
    """Whether enough rows share a value with another row to vote."""
    shared = int((column.counts[column.solid] - 1).sum())
    # Two rows with the same amount have nothing else in common.
    return shared >= max(_FEWEST_VOTES, 0.02 * column.rows) and not (
        column.is_quantity and column.distinct > 30
    )


def _repeats(column: Column) -> bool:
    return int((column.counts[column.solid] - 1).sum()) >= _FEWEST_VOTES


def _sample(left: Column, rows: int, most: int = _SAMPLE) -> Codes:
    """Rows of whole groups, chosen by a scattering of their codes; all rows of a small table."""
    everything = np.flatnonzero(left.solid[left.codes])
    if rows <= most:
        return everything
    scattered = (left.codes[everything] * 2_654_435_761) % 4_294_967_291
    chosen = np.argsort(scattered, kind="stable")[:most]
    return everything[chosen]


def _measured(left: tuple[Column, ...], right: Column, rows: Codes) -> Dependency | None:
    """The dependency if the table shows one, else None."""
    codes = left[0].codes[rows]
    for other in left[1:]:
        codes = codes * len(other.values) + other.codes[rows]
        inside = other.solid[other.codes[rows]]
        codes, rows = codes[inside], rows[inside]
    solid = right.solid[right.codes[rows]]
    codes, target = codes[solid], right.codes[rows][solid]
    seen = _agreement(codes, target, len(right.values))
    if seen is None or seen.votes < _FEWEST_VOTES or seen.groups < 2 or seen.agree < 0.45:
        return None
    mixed = _agreement(codes, _shuffled(target), len(right.values))
    chance = mixed.agree if mixed else 0.0
    lift = (seen.agree - chance) / max(1e-9, 1.0 - chance)
    # Within a few rows chance itself is uncertain: two standard errors of it must be beaten.
    noise = 2.0 * float(np.sqrt(chance * (1.0 - chance) / seen.votes))
    if lift < 0.4 or seen.agree - chance < noise or (lift < 0.6 and seen.size < 4):
        return None
    return Dependency(
        tuple(column.index for column in left),
        right.index,
        1.0 - seen.agree,
        lift,
        seen.spread,
        seen.groups,
        seen.size,
        seen.scatter,
    )


@dataclass(frozen=True, slots=True)
class _Agreement:
    """Votes beyond the first row of each group, the share of them for the group's majority, groups with two
    rows and more, rows in such a group, ``Dependency.spread`` and ``Dependency.scatter``."""

    votes: int
    agree: float
    groups: int
    size: float
    spread: float
    scatter: float


def _agreement(codes: Codes, target: Codes, width: int) -> _Agreement | None:
    if not len(codes):
        return None
    pairs, counts = np.unique(codes * width + target, return_counts=True)
    starts = np.flatnonzero(np.r_[True, np.diff(pairs // width) != 0])
    sizes = np.add.reduceat(counts, starts)
    most = np.maximum.reduceat(counts, starts)
    voting = sizes >= 2
    if not voting.any():
        return None
    kinds = np.diff(np.r_[starts, len(counts)])[voting] - 1
    sizes, most = sizes[voting], most[voting]
    exceptions = int((sizes - most).sum())
    scatter = float(kinds.sum()) / exceptions if exceptions else 1.0
    # One giant group (a filler that many rows share) must not speak for all others.
    heard = np.minimum(sizes - 1, max(5.0, 4.0 * float(np.median(sizes - 1))))
    agree = float((heard * (most - 1) / (sizes - 1)).sum() / heard.sum())
    large = sizes >= 3
    expected = float((1.0 - agree ** (sizes[large] - 1)).sum())
    spread = float((most < sizes)[large].sum()) / expected if expected > 0.5 else 1.0
    return _Agreement(int(heard.sum()), agree, len(sizes), float(sizes.mean()), min(1.0, spread), scatter)


def _shuffled(target: Codes) -> Codes:
    """The same values in an order that has nothing to do with the rows; the same order every time."""
    scattered = (
        np.arange(len(target), dtype=np.uint64) * np.uint64(11_400_714_819_323_198_485)
    ) >> np.uint64(20)
    mixed = (scattered ^ (scattered >> np.uint64(17))) * np.uint64(2_654_435_769) & np.uint64(0xFFFF_FFFF)
    shuffled: Codes = target[np.argsort(mixed, kind="stable")]
    return shuffled


def _best(found: list[Dependency]) -> list[Dependency]:
    """The strongest few for each right side."""
    kept: list[Dependency] = []
    for _, group in itertools.groupby(sorted(found, key=lambda one: one.right), key=lambda one: one.right):
        ranked = sorted(group, key=lambda one: (-one.lift, one.error, one.left))
        # Beside a left side that tells nearly all, one that tells less only adds its exceptions.
        enough = ranked[0].lift - 0.04 - 0.5 * (1.0 - ranked[0].lift)
        kept.extend(one for one in ranked[:_PER_TARGET] if one.lift >= enough)
    return kept


def _pairs(
    lefts: list[Column], rights: list[Column], singles: list[Dependency], rows: int
) -> list[Dependency]:
    """Dependencies on two columns together, for right sides that no single column tells well."""
    told = {one.right for one in singles if one.lift > 0.9}
    best_of: dict[int, float] = {}
    for one in singles:
        best_of[one.right] = max(best_of.get(one.right, 0.0), one.lift)
    tellable = {(one.left[0], one.right) for one in singles if one.lift > 0.9}
    few = sorted((column for column in lefts if column.unique_share < 0.3), key=lambda one: one.distinct)
    wanted = [right for right in rights if right.index not in told]
    found: list[Dependency] = []
    for first, second in itertools.combinations(few[:_PAIR_COLUMNS], 2):
        # A left side of which one part tells the other says no more than that part alone.
        if (first.index, second.index) in tellable or (second.index, first.index) in tellable:
            continue
        if first.distinct * second.distinct > 0.7 * rows:
            continue
        sample = _sample(first, rows, _PAIR_SAMPLE)
        for right in wanted:
            if right in (first, second):
                continue
            measured = _measured((first, second), right, sample)
            if (
                measured
                and measured.lift > 0.85
                and measured.error < 0.08
                and measured.groups >= 8
                and measured.lift > best_of.get(right.index, 0.0) + 0.2
            ):
                found.append(measured)
    return _best(found)
