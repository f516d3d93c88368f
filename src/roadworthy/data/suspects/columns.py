"""Columns as distinct values and codes, so that every rule works on distinct values rather than cells."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from roadworthy.data.suspects.tokens import MISSING_STRONG, MISSING_WEAK
from roadworthy.data.table import Texts

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?|[+-]?\.\d+")
_COMMA_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+")
_RUNS = tuple((re.compile(f"{char}{{2,}}"), char) for char in "9Aa ")
_LEADING_ZERO = re.compile(r"0\d+")


class _Classes(dict[int, str]):
    """Characters to their class, filled as they are met: a table for ``str.translate``."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        if char.isdigit():
            found = "9"
        elif char.isupper():
            found = "A"
        elif char.isalpha():
            found = "a"
        elif char.isspace() and char != "\n":
            found = " "
        else:
            found = char
        self[point] = found
        return found


class Column:
    """One column: distinct values in the order of their first row, and the code of each row's value.

    Shape:  ``values`` (d,), ``counts`` (d,) rows per value, ``codes`` (n,) with 0 <= code < d.
    """

    def __init__(self, index: int, name: str, cells: Sequence[str | None]) -> None:
        self.index, self.name, self.rows = index, name, len(cells)
        known = dict.fromkeys(cells)
        self.values: list[str | None] = list(known)
        numbered = {value: code for code, value in enumerate(self.values)}
        self.codes: Codes = np.fromiter(map(numbered.__getitem__, cells), dtype=np.int64, count=len(cells))
        self.counts: Codes = np.bincount(self.codes, minlength=len(self.values))

    @cached_property
    def trimmed(self) -> list[str]:
        """Values without space around them; the empty text for nothing at all."""
        return ["" if value is None else value.strip() for value in self.values]

    @cached_property
    def blank(self) -> Mask:
        """Per value: nothing, or nothing but space."""
        return np.fromiter((not value for value in self.trimmed), dtype=np.bool_, count=len(self.values))

    @cached_property
    def token(self) -> Mask:
        """Per value: a word that people write where they have nothing to write."""
        known = MISSING_STRONG | MISSING_WEAK
        return np.fromiter(
            (len(value) < 24 and value.casefold().strip("{}[]<>()\"'") in known for value in self.trimmed),
            dtype=np.bool_,
            count=len(self.values),
        )

    @cached_property
    def solid(self) -> Mask:
        """Per value: neither blank nor a word for nothing."""
        return ~(self.blank | self.token)

    @cached_property
    def filled(self) -> int:
        """Rows with a solid value."""
        return int(self.counts[self.solid].sum())

    @cached_property
    def distinct(self) -> int:
        """Solid values."""
        return int(self.solid.sum())

    @cached_property
    def unique_share(self) -> float:
        """Distinct among filled: 1 for a key, near 0 for a category."""
        return self.distinct / self.filled if self.filled else 0.0

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """Per value the number that it spells, NaN where it spells none."""
        european = self._is_european
        return np.fromiter(
            (_number(value, european=european) for value in self.trimmed),
            dtype=np.float64,
            count=len(self.values),
        )

    @cached_property
    def _is_european(self) -> bool:
        """Whether the comma is the decimal sign here: `1,5` can be nothing else, `1,500` can."""
        looked = [value for value in self.trimmed[:2000] if value]
        with_comma = [one for one in looked if _COMMA_NUMBER.fullmatch(one)]
        surely = sum(len(one.rpartition(",")[2]) != 3 or "." in one for one in with_comma)
        return len(with_comma) > 0.5 * len(looked) and surely > 0.5 * len(with_comma)

    @cached_property
    def number_share(self) -> float:
        """Part of the filled rows that hold a number."""
        if not self.filled:
            return 0.0
        return float(self.counts[self.solid & np.isfinite(self.numbers)].sum() / self.filled)

    @cached_property
    def is_quantity(self) -> bool:
        """Numbers that measure or count something, rather than name it (postcodes, numbers of accounts)."""
        if self.number_share < 0.8 or self.distinct < 8:
            return False
        texts = [self.trimmed[code] for code in np.flatnonzero(self.solid)[:5000]]
        if sum(bool(_LEADING_ZERO.fullmatch(text)) for text in texts) > 0.005 * len(texts) + 1:
            return False
        whole = [text for text in texts if text.isdigit()]
        lengths = {len(text) for text in whole}
        fixed = Counter(len(text) for text in whole).most_common(1)
        is_code = bool(fixed) and fixed[0][0] >= 5 and fixed[0][1] > 0.97 * len(texts)
        return not (is_code or (len(lengths) == 1 and min(lengths) >= 5))

    @cached_property
    def shapes(self) -> list[str]:
        """Per value its shape character by character: ``9`` a digit, ``A`` a capital, ``a`` a small letter."""
        texts = [value.replace("\n", "\v") if "\n" in value else value for value in self.trimmed]
        return "\n".join(texts).translate(_Classes()).split("\n") if texts else []

    @cached_property
    def masks(self) -> list[str]:
        """Per value its shape with runs of a class drawn together."""
        drawn = "\n".join(self.shapes)
        for run, char in _RUNS:
            drawn = run.sub(char, drawn)
        return drawn.split("\n") if self.values else []

    @cached_property
    def mask_rows(self) -> Counter[str]:
        """Rows per mask, of solid values."""
        found: Counter[str] = Counter()
        for mask, count, solid in zip(self.masks, self.counts.tolist(), self.solid.tolist(), strict=True):
            if solid:
                found[mask] += count
        return found

    @cached_property
    def words(self) -> float:
        """Mean number of words of a filled row."""
        if not self.filled:
            return 0.0
        spaces = np.fromiter(
            (mask.count(" ") for mask in self.masks), dtype=np.float64, count=len(self.values)
        )
        return float((spaces * self.counts)[self.solid].sum() / self.filled) + 1.0

    @cached_property
    def letter_share(self) -> float:
        """Part of the filled rows that hold a letter."""
        if not self.filled:
            return 0.0
        has = sum(rows for mask, rows in self.mask_rows.items() if "a" in mask or "A" in mask)
        return has / self.filled

    @cached_property
    def is_prose(self) -> bool:
        """Long texts, hardly one of them twice."""
        return self.words > 5 and self.unique_share > 0.5

    def rows_of(self, chosen: Mask) -> Codes:
        """Rows whose value is among the chosen ones."""
        return np.flatnonzero(chosen[self.codes])


class Table:
    """Columns of equal length, and what only all of them together tell."""

    def __init__(self, texts: Texts) -> None:
        self.columns = tuple(Column(at, name, cells) for at, (name, cells) in enumerate(texts.items()))
        self.rows = self.columns[0].rows if self.columns else 0

    @cached_property
    def gaps_are_blank(self) -> bool:
        """Whether the table knows how to leave a cell empty."""
        return any(
            bool((column.counts[column.blank]).sum() > 0) and column.filled for column in self.columns
        )

    @cached_property
    def gap_words(self) -> dict[str, int]:
        """Words for nothing, and in how many columns each stands in at least one row of twenty."""
        found: Counter[str] = Counter()
        for column in self.columns:
            for code in np.flatnonzero(column.token):
                if column.counts[code] >= 0.05 * self.rows:
                    found[column.trimmed[code].casefold()] += 1
        return dict(found)


def _number(text: str, *, european: bool) -> float:
    if not text or text[0] not in "+-.0123456789":
        return math.nan
    if european:
        if _COMMA_NUMBER.fullmatch(text):
            text = text.replace(".", "").replace(",", ".")
        elif "," in text or not _NUMBER.fullmatch(text):
            return math.nan
    elif not _NUMBER.fullmatch(text):
        return math.nan
    else:
        text = text.replace(",", "")
    value = float(text)
    return value if math.isfinite(value) else math.nan
