"""How many rows repeat the key of an earlier one, exactly, with memory that does not grow with the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from roadworthy.adapters.sqlchecks.asking import Figure, Part, Unanswered, ask

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dataset

PASS_ROWS = 24_000_000
"""Keys that DuckDB groups at once in about a gigabyte; more are looked at in passes, by their hash."""
BITMAP_MOST = 1_000_000_000
"""Whole numbers in a range no larger than this are marked in a bitmap, if it is not mostly empty."""


def ends(key: str) -> tuple[Part, Part, Part]:
    """Smallest and largest key, and how many there are."""
    return Part(f"min({key})", "min"), Part(f"max({key})", "max"), Part(f"count({key})")


def repeats(keys: tuple[str, ...], relation: str, *, part: str = "", hashed: bool = False) -> str:
    """A subquery: rows beyond the first of each key. Rows with an empty part of the key repeat none (as in SQL)."""
    there = " and ".join(f"{key} is not null" for key in keys) + part
    # The name of a key may be an expression; grouping by it again is what every dialect takes.
    groups = ", ".join(keys)
    groups = f"hash({groups})" if hashed else groups
    grouped = f"{relation} where {there} group by {groups} having count(*) > 1"
    return f"(select coalesce(sum(n - 1), 0) from (select count(*) as n from {grouped}) as g)"  # noqa: S608


def bitmap(key: str, relation: str, figures: Sequence[Figure]) -> str:
    """The same figure as ``repeats`` for a column of whole numbers whose ``ends`` are known; empty if it does not pay.

    A bit for each number of the range takes a sixth of the time, and of the memory less than that.
    """
    low, high, there = figures
    if not (isinstance(low, int) and isinstance(high, int) and isinstance(there, int)):
        return ""
    if not (low > -(2**62) and high < 2**62 and high - low < min(BITMAP_MOST, 8 * there)):
        return ""
    marked = f"bit_count(bitstring_agg({key}, {low}, {high}))"
    return f"(select {there} - coalesce({marked}, 0) from {relation})"  # noqa: S608 - compiled


def count_in_passes(dataset: Dataset, keys: tuple[str, ...], rows: int) -> Figure:
    """The figure of one key of a large table: none at all by the hashes alone, else a part of the keys at a time.

    Two keys may share a hash, but keys whose hashes all differ differ themselves. Hashes take half the
    time and less memory.
    """
    passes = max(1, math.ceil(rows / PASS_ROWS)) if dataset.dialect == "duckdb" else 1
    if passes > 1 and ask(dataset, [repeats(keys, dataset.relation, hashed=True)], source="")[0] == 0:
        return 0
    total = 0
    for number in range(passes):
        part = f" and hash({', '.join(keys)}) % {passes} = {number}" if passes > 1 else ""
        figure = ask(dataset, [repeats(keys, dataset.relation, part=part)], source="")[0]
        if not isinstance(figure, int | float):
            return figure if isinstance(figure, Unanswered) else Unanswered("the source counted nothing")
        total += int(figure)
    return total
