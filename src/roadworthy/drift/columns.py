"""Columns as small numbers: what kind each is, and in which bin of the reference a cell lies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
MISSING_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none"})
MOST_CATEGORIES = 100
_LEAST_COUNT = 3
_MOSTLY = 0.95
_FREE = 0.5
# Quantiles of the reference between the bins of a number, closer at its ends, where drift shows first.
_EDGES = (0.01, 0.02, 0.05, *(k / 20 for k in range(2, 19)), 0.95, 0.98, 0.99)
TAIL = 0.05


@dataclass(frozen=True, slots=True)
class Column:
    """One watched column. Codes run over the bins, then `strange`, then `missing`.

    Strange is what the reference never showed: a new category, or text where a number stood.
    ``shares`` are those of the reference, ``low`` and ``high`` the bins that hold its ends, 5 % each or more.
    """

    name: str
    kind: Literal["number", "category"]
    names: tuple[str, ...]
    edges: tuple[float, ...] = ()
    known: Mapping[str, int] = field(default_factory=dict)
    low: int = 0
    high: int = 0

    @property
    def bins(self) -> int:
        """How many bins hold what was usual."""
        return len(self.names)

    @property
    def strange(self) -> int:
        """The code of what the reference never showed."""
        return self.bins

    @property
    def missing(self) -> int:
        """The code of an empty cell."""
        return self.bins + 1

    def code(self, cell: str) -> int:
        """In which bin a cell lies."""
        text = cell.strip()
        if text.lower() in MISSING_WORDS:
            return self.missing
        if self.kind == "category":
            return self.known.get(text, self.strange)
        number = as_number(text)
        return self.strange if number is None else self.place(number)

    def place(self, number: float) -> int:
        """In which bin a number lies."""
        return int(np.searchsorted(self.edges, number, side="left"))

    def called(self, code: int) -> str:
        """A bin in words."""
        if code == self.missing:
            return "empty"
        if code == self.strange:
            return "no number" if self.kind == "number" else "new"
        return self.names[code]


@dataclass(frozen=True, slots=True)
class Unwatched:
    """A column that is left out, and why."""

    name: str
    why: str


def as_number(text: str) -> float | None:
    """A finite number, or None. Underscores, which Python reads, are no part of a number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def as_time(text: str) -> datetime | None:
    """A time of ISO 8601, or None."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def column_of(name: str, cells: Sequence[str], *, asked: bool = False) -> Column | Unwatched:
    """How a column is watched, judged from the reference; or why it is not.

    ``asked``: it was named, so that free texts and counters are watched all the same as far as they can be.
    """
    present = [cell.strip() for cell in cells if cell.strip().lower() not in MISSING_WORDS]
    if not present:
        return Unwatched(name, "empty in the reference")
    numbers = [number for number in map(as_number, present) if number is not None]
    if len(numbers) >= _MOSTLY * len(present):
        if not asked and _counts_up(numbers):
            return Unwatched(name, "counts up, as a number or a time of arrival does")
        return number_column(name, np.asarray(numbers))
    looked = present[:: max(1, len(present) // 200)]
    if not asked and sum(as_time(cell) is not None for cell in looked) >= _MOSTLY * len(looked):
        return Unwatched(name, "a time; `--time` watches it for gaps")
    often = Counter(present)
    if not asked and len(often) > max(20, _FREE * len(present)):
        return Unwatched(name, "names or free texts, hardly two alike; `--text` watches what they mean")
    kept = [
        value
        for value, count in often.most_common(MOST_CATEGORIES)
        if count >= _LEAST_COUNT or len(often) <= 20
    ]
    names = tuple(kept) if len(kept) == len(often) else (*kept, "rare ones")
    known = {value: place for place, value in enumerate(kept)} | {
        value: len(kept) for value in often if value not in set(kept)
    }
    return Column(name, "category", names, known=known)


def number_column(name: str, numbers: NDArray[np.float64]) -> Column:
    """A column of numbers, cut into bins at quantiles of the reference."""
    edges = np.unique(np.quantile(numbers, _EDGES, method="inverted_cdf"))
    # A value that most rows have gets a bin of its own: what lies above it is not the same.
    if edges.size == 1:
        edges = np.array([np.nextafter(edges[0], -np.inf), edges[0]])
    bounds = [f"{edge:.4g}" for edge in edges]
    names = (
        (
            f"up to {bounds[0]}",
            *(f"{a} to {b}" for a, b in pairwise(bounds)),
            f"above {bounds[-1]}",
        )
        if bounds
        else ("the one value",)
    )
    shares = np.bincount(np.searchsorted(edges, numbers, side="left"), minlength=len(names)) / len(numbers)
    low = int(np.searchsorted(np.cumsum(shares), TAIL - 1e-12))
    high = len(names) - 1 - int(np.searchsorted(np.cumsum(shares[::-1]), TAIL - 1e-12))
    return Column(name, "number", names, edges=tuple(edges.tolist()), low=low, high=high)


def codes_of(column: Column, cells: Sequence[str]) -> Codes:
    """The codes of many cells."""
    return np.fromiter((column.code(cell) for cell in cells), dtype=np.int64, count=len(cells))


def _counts_up(numbers: Sequence[float]) -> bool:
    return len(numbers) > 20 and all(a < b for a, b in pairwise(numbers))
