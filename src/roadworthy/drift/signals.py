"""Signals: what is computed of a window of rows, held against the reference.

Few and plain ones, because every signal takes its part of the false alarms. For a number: the mean
rank (where values lie), the Kolmogorov-Smirnov distance (any change of shape), and the share of values as
low, and as high, as the reference's last 5 % (a new group, which moves means little). For a category:
the Jensen-Shannon divergence of the mix. For both: how many cells are empty, and how many are strange.
Signals over hundreds of embedding dimensions, and classifiers of old against new, were slower at the same rate
of false alarms than the mean similarity to the nearest known texts, which is a number like any other.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.drift.columns import Column

Counts = NDArray[np.float64]

NUMBER: Final = ("mean rank", "KS distance", "low values", "high values", "missing", "strange")
CATEGORY: Final = ("mix (JS divergence)", "missing", "strange")
RARE: Final = ("missing", "strange")
"""Signals that clean history may hardly ever show, so that its windows alone cannot set their threshold."""


def names(column: Column) -> tuple[str, ...]:
    """The signals of a column, in the order of ``signals``."""
    return NUMBER if column.kind == "number" else CATEGORY


def signals(column: Column, counts: Counts, usual: Counts) -> NDArray[np.float64]:
    """All signals of windows: one row a window, one column a signal; each 0 where nothing changed.

    ``counts`` is one row a window over all codes, ``usual`` the counts of the reference.
    Edge:  a window or a reference without a single usual value says nothing of their distribution: 0.
    """
    bins = column.bins
    here, there = counts[:, :bins], usual[:bins]
    n, n_usual = here.sum(axis=1, keepdims=True), there.sum()
    shares = here / np.maximum(n, 1)
    expected = there / max(n_usual, 1)
    rows, usually = counts.sum(axis=1), usual.sum()
    rare = np.stack(
        [
            np.abs(counts[:, column.missing] / rows - usual[column.missing] / usually),
            counts[:, column.strange] / rows,
        ],
        axis=1,
    )
    if column.kind == "category":
        own = _divergence(shares, expected)[:, None]
    else:
        below = np.cumsum(expected) - expected
        ranks = below + expected / 2
        gap = np.cumsum(shares - expected, axis=1)
        own = np.stack(
            [
                np.abs(shares @ ranks - expected @ ranks),
                np.abs(gap).max(axis=1),
                np.maximum(0.0, (shares - expected)[:, : column.low + 1].sum(axis=1)),
                np.maximum(0.0, (shares - expected)[:, column.high :].sum(axis=1)),
            ],
            axis=1,
        )
    spoken = (n > 0) & (n_usual > 0)
    return np.concatenate([np.where(spoken, own, 0.0), rare], axis=1)


def _divergence(shares: Counts, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence in bits: 0 alike, 1 nothing in common (Lin 1991)."""
    middle = (shares + expected) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(shares > 0, shares * np.log2(shares / middle), 0.0)
        two = np.where(expected > 0, expected * np.log2(expected / middle), 0.0)
    found: NDArray[np.float64] = np.maximum(0.0, (one + two).sum(axis=1) / 2)
    return found


def population_stability(shares: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """PSI of two mixes, told beside an alarm because people know it; half a case is added to empty bins.

    It sets no threshold: "above 0.25" fires on clean windows as soon as there are many categories.
    """
    floor = 1e-4
    one, two = np.maximum(shares, floor), np.maximum(expected, floor)
    return float(((one - two) * np.log(one / two)).sum())


def distance(column: Column, shares: NDArray[np.float64], expected: NDArray[np.float64]) -> float | None:
    """Wasserstein distance of a number between window and reference, in the column's unit, from its bins.

    What lies beyond the outermost edges counts as lying on them. None for a category.
    """
    if column.kind != "number" or len(column.edges) < 2:
        return None
    gap = np.abs(np.cumsum(shares - expected))[: len(column.edges)]
    widths = np.diff(np.asarray(column.edges))
    return float((gap[1:] * widths).sum())
