"""Values that stand twice in a column that otherwise names each row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import RowHits

_FEWEST = 100
_DUPLICATES = 0.005


def key_hits(column: Column) -> Iterator[RowHits]:
    """Edge: which of two equal keys is the wrong one cannot be told from the key alone, so each is believed
    below one half; where the rows are numbered on, the number that is missing tells both."""
    if column.filled < _FEWEST or column.filled < 0.99 * column.rows or column.words > 1.5:
        return
    twice = column.solid & (column.counts > 1)
    rows = column.rows_of(twice)
    if not len(rows) or len(rows) > _DUPLICATES * column.rows + 2:
        return
    numbers = column.numbers[column.codes]
    steps = np.diff(numbers)
    usual = float(np.nanmedian(steps)) if np.isfinite(steps).any() else 0.0
    if usual and np.isfinite(usual) and float(np.nanmean(steps == usual)) > 0.97:
        expected = np.r_[numbers[1] - usual, numbers[:-1] + usual]
        following = np.r_[numbers[1:] - usual, numbers[-2] + usual]
        broken = rows[(numbers[rows] != expected[rows]) & (numbers[rows] != following[rows])]
        if len(broken):
            repairs = [f"{expected[row]:.0f}" for row in broken]
            yield RowHits(
                column.index, "duplicate-key", broken, np.full(len(broken), 0.88), repairs,
                ["a number that stands twice where the rows are numbered on"],
            )  # fmt: skip
            return
    if (column.number_share > 0.8 and not column.is_quantity) or _is_code(column):
        yield RowHits(
            column.index, "duplicate-key", rows, np.full(len(rows), 0.45), [None] * len(rows),
            ["stands twice in a column where every other row has a value of its own"],
        )  # fmt: skip


def _is_code(column: Column) -> bool:
    return sum(rows for mask, rows in column.mask_rows.items() if "9" in mask) > 0.95 * column.filled
