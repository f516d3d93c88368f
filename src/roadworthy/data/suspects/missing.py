"""Empty cells where the column is otherwise full, and values that only stand for nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from roadworthy.data.suspects.columns import Column, Table
from roadworthy.data.suspects.suspect import ValueHit
from roadworthy.data.suspects.tokens import MISSING_STRONG

_FEWEST = 20
# Share of empty rows in a column, and how often an empty cell of such a column is an error. Even in nearly
# full columns about half of them are honest gaps; beyond one in eighteen they are a custom of the column.
_EMPTY_SHARES = (0.0, 0.01, 0.03, 0.055, 0.08, 0.12, 0.25, 1.0)
_EMPTY_WRONG = (0.64, 0.6, 0.55, 0.5, 0.35, 0.2, 0.1, 0.02)


def missing_hits(table: Table, column: Column) -> Iterator[ValueHit]:
    """Blanks, words for nothing, and values far too frequent to be true."""
    if column.filled < _FEWEST:
        return
    yield from _blanks(table, column)
    yield from _words(table, column)
    yield from _repeated_digits(column)
    yield from _placeholders(column)


def _blanks(table: Table, column: Column) -> Iterator[ValueHit]:
    share = float(column.counts[column.blank].sum()) / table.rows
    confidence = float(np.interp(share, _EMPTY_SHARES, _EMPTY_WRONG))
    for code in np.flatnonzero(column.blank).tolist():
        yield ValueHit(
            column.index,
            int(code),
            "missing",
            confidence,
            f"empty where {1 - share:.1%} of the column is filled",
        )


def _words(table: Table, column: Column) -> Iterator[ValueHit]:
    """Edge: a word that the whole table uses for its gaps, and has no empty cells beside, is its custom."""
    typed = column.number_share >= 0.8 or _is_regular(column)
    blanks = bool(column.blank.any())
    for code in np.flatnonzero(column.token & ~column.blank).tolist():
        word = column.trimmed[code].casefold()
        share = float(column.counts[code]) / table.rows
        if not table.gaps_are_blank and table.gap_words.get(word, 0) >= 2:
            confidence = 0.15
        elif word.strip("{}[]<>()\"'") in MISSING_STRONG:
            ends = (0.92, 0.85, 0.72) if typed or blanks else (0.86, 0.6, 0.4)
            confidence = float(np.interp(share, (0.02, 0.1, 0.4), ends))
        elif typed:
            confidence = float(np.interp(share, (0.01, 0.05, 0.2), (0.85, 0.65, 0.35)))
        else:
            confidence = float(np.interp(share, (0.005, 0.05, 0.2), (0.7, 0.45, 0.2)))
        yield ValueHit(
            column.index,
            int(code),
            "missing",
            confidence,
            f"`{column.trimmed[code]}` stands for no value",
            "",
        )


def _is_regular(column: Column) -> bool:
    """Nearly all values of few shapes with digits in them: dates, codes, amounts with a unit."""
    top = sum(rows for mask, rows in column.mask_rows.most_common(2) if "9" in mask)
    return top >= 0.9 * column.filled


def _repeated_digits(column: Column) -> Iterator[ValueHit]:
    """`0000000000` and `9999999999` among numbers of telephones, accounts and postcodes."""
    if column.is_quantity or column.distinct < 10:
        return
    for code in np.flatnonzero(column.solid).tolist():
        # A filler is one digit over and over, or all of them in order: separators aside.
        kinds = len(set(column.trimmed[code]))
        if 4 < kinds < 9 or kinds > 14:
            continue
        digits = "".join(char for char in column.trimmed[code] if char.isdigit())
        if len(digits) < 5 or len(digits) < len(column.trimmed[code]) * 0.6:
            continue
        if len(set(digits)) == 1 or digits in "1234567890" or digits in "9876543210":
            often = float(column.counts[code]) > 3.0 * float(np.median(column.counts[column.solid]))
            confidence = 0.8 if often or column.unique_share > 0.9 else 0.5
            yield ValueHit(
                column.index, int(code), "missing", confidence, "a filler rather than a number", ""
            )


def _placeholders(column: Column) -> Iterator[ValueHit]:
    """One value repeated over and over where every row should have its own."""
    if column.unique_share < 0.5 or column.filled < 100 or column.distinct < 20:
        return
    counts = np.where(column.solid, column.counts, 0)
    first, second = (int(code) for code in np.argsort(counts)[::-1][:2])
    most, next_most = int(counts[first]), int(counts[second])
    if most >= max(10, 8 * next_most) and column.number_share < 0.8:
        share = most / column.filled
        yield ValueHit(
            column.index, first, "missing", 0.6 if share < 0.2 else 0.4,
            f"stands in {most} rows of a column where most values are unique", "",
        )  # fmt: skip
