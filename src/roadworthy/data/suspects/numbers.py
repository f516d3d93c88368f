"""Numbers that cannot belong to their column: far outside, of the wrong sign, fillers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import ValueHit

Floats = NDArray[np.float64]

_FEWEST = 50
_FILLER = re.compile(r"-?9{2,}(?:\.0+)?|-1(?:\.0+)?|-9{1,}|123456789|9{2,}\.9+")


def number_hits(column: Column) -> Iterator[ValueHit]:
    """Outliers by the column's own tails, fillers such as 9999, and words among numbers.

    A tail that thins out gradually gives nothing however long it is; an outlier stands alone.
    """
    if column.number_share < 0.8 or column.filled < _FEWEST:
        return
    yield from _words(column)
    if not column.is_quantity:
        return
    numeric = column.solid & np.isfinite(column.numbers)
    codes = np.flatnonzero(numeric)
    order = codes[np.argsort(column.numbers[codes], kind="stable")]
    values, counts = column.numbers[order], column.counts[order]
    flagged: set[int] = set()
    for hit in _fillers(column, order, values, counts):
        flagged.add(hit.code)
        yield hit
    for hit in _outside(column, order, values, counts):
        if hit.code not in flagged:
            flagged.add(hit.code)
            yield hit
    for hit in _signs(column, order, values, counts):
        if hit.code not in flagged:
            yield hit


def _words(column: Column) -> Iterator[ValueHit]:
    strange = column.solid & ~np.isfinite(column.numbers)
    share = float(column.counts[strange].sum()) / column.filled
    if share > 0.15:
        return
    confidence = float(np.interp(share, (0.0, 0.02, 0.15), (0.92, 0.85, 0.55)))
    for code in np.flatnonzero(strange).tolist():
        often = float(np.interp(column.counts[code] / column.filled, (0.005, 0.05), (1.0, 0.7)))
        yield ValueHit(
            column.index, int(code), "type", confidence * often, "no number in a column of numbers"
        )


def _fillers(
    column: Column, order: NDArray[np.int64], values: Floats, counts: NDArray[np.int64]
) -> Iterator[ValueHit]:
    total = int(counts.sum())
    for at in (0, 1, len(order) - 2, len(order) - 1):
        code = int(order[at])
        text = column.trimmed[code]
        if not _FILLER.fullmatch(text) or counts[at] > 0.3 * total:
            continue
        rest = np.delete(np.arange(len(order)), at)
        inner = values[rest]
        span = float(inner[-1] - inner[0]) or 1.0
        gap = float(min(abs(values[at] - inner[0]), abs(values[at] - inner[-1]))) / span
        outside = not inner[0] <= values[at] <= inner[-1]
        often = counts[at] >= max(3.0, 4.0 * float(np.median(counts)))
        negative = values[at] < 0 <= inner[0]
        if outside and (gap > 0.3 or negative) and (often or gap > 1 or negative):
            yield ValueHit(
                column.index,
                code,
                "missing",
                0.85 if often else 0.7,
                f"`{text}` is a filler, not a measurement",
                "",
            )


def _outside(
    column: Column, order: NDArray[np.int64], values: Floats, counts: NDArray[np.int64]
) -> Iterator[ValueHit]:
    """Edge: on the logarithm's scale where that makes the tails more even, provided all values are positive."""
    excess = _excess(values, counts)
    above = values > 0
    if counts[above].sum() > 0.98 * counts.sum():
        logarithms = np.full(len(values), np.inf)
        logarithms[above] = _excess(np.log10(values[above]), counts[above])
        excess = np.minimum(excess, logarithms)
    candidates = excess > 1.0
    if counts[candidates].sum() > max(2.0, 0.015 * counts.sum()):
        return
    # Many of them, near one another: another population rather than slips (years among numbers of volumes).
    apart = values[candidates]
    crowd = 0.55 if len(apart) >= 5 and float(np.std(apart)) < 0.3 * float(np.abs(np.mean(apart))) else 1.0
    for at in np.flatnonzero(candidates):
        confidence = crowd * float(np.interp(excess[at], (1.0, 1.5, 3.0, 10.0), (0.5, 0.68, 0.82, 0.93)))
        side = "above" if values[at] > np.median(values) else "below"
        repair = _shifted(column, values[at], values[~candidates])
        yield ValueHit(
            column.index,
            int(order[at]),
            "outlier",
            confidence,
            f"far {side} all other values of the column",
            repair,
        )


def _excess(scale: Floats, counts: NDArray[np.int64]) -> Floats:
    """Distance from the middle in widths of the tail on that side; above 1 it stands apart.

    The tail is measured where errors are too few to reach (2nd and 98th hundredth) and stretched by what
    an exponential tail of that many rows would reach.
    """
    places = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
    low, middle, high = (float(np.interp(q, places, scale)) for q in (0.02, 0.5, 0.98))
    spread = float(np.interp(0.75, places, scale) - np.interp(0.25, places, scale)) or (high - low) / 2
    reach = np.log(max(100.0, float(counts.sum()))) / np.log(50.0) * 1.6 + 0.6
    up = max(high - middle, spread, 1e-12) * reach
    down = max(middle - low, spread, 1e-12) * reach
    raw: Floats = np.where(scale >= middle, (scale - middle) / up, (middle - scale) / down)
    return raw


def _shifted(column: Column, value: float, others: Floats) -> str | None:
    """The value with its decimal point moved, where exactly one shift brings it home to a value that exists."""
    known = {f"{one:.10g}" for one in others.tolist()} if len(others) < 100_000 else set()
    fits = []
    for power in (1, 2, 3):
        for moved in (value / 10**power, value * 10**power):
            if f"{moved:.10g}" in known:
                fits.append(f"{moved:.10g}")
    if len(fits) != 1:
        return None
    return next((text for text in column.trimmed if _same(text, fits[0])), None)


def _same(text: str, number: str) -> bool:
    try:
        return f"{float(text):.10g}" == number
    except ValueError:
        return False


def _signs(
    column: Column, order: NDArray[np.int64], values: Floats, counts: NDArray[np.int64]
) -> Iterator[ValueHit]:
    """A few negative values among positive ones, whose amounts would be quite usual."""
    negative = values < 0
    share = float(counts[negative].sum() / counts.sum())
    if not 0 < share <= 0.02:
        return
    positive = values[~negative]
    if not (positive > 0).mean() > 0.9:
        return
    low, high = float(np.quantile(positive, 0.02)), float(np.quantile(positive, 0.98))
    # Measurements that cross zero do so with small amounts; a wrong sign leaves the amount as it was.
    usual = [low <= -value <= high for value in values[negative].tolist()]
    if low <= 0 or sum(usual) < 0.7 * len(usual):
        return
    for at, fits in zip(np.flatnonzero(negative), usual, strict=True):
        if fits:
            text = column.trimmed[order[at]]
            yield ValueHit(
                column.index,
                int(order[at]),
                "outlier",
                0.72,
                "negative in a column of positive values",
                text.lstrip("-"),
            )
