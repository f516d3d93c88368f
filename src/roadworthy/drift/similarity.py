"""How alike a text is to those that are known: the mean similarity to its five nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAREST = 5
MOST = 5_000
"""Texts of the reference that are kept; of more, evenly spaced ones."""
_AT_ONCE = 256


class Neighbours:
    """Texts of the reference as vectors of length 1."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._known = np.ascontiguousarray(vectors)

    def similarity(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean cosine similarity of each to its nearest; rows of zeros are alike to nothing, 0."""
        return self._mean(vectors, itself=False)

    def among_themselves(self) -> NDArray[np.float64]:
        """The same for the reference, each text without itself."""
        return self._mean(self._known, itself=True)

    def _mean(self, vectors: NDArray[np.float32], *, itself: bool) -> NDArray[np.float64]:
        found = np.zeros(len(vectors))
        nearest = min(NEAREST, len(self._known) - itself)
        for start in range(0, len(vectors), _AT_ONCE):
            part = vectors[start : start + _AT_ONCE] @ self._known.T
            if itself:
                rows = np.arange(len(part))
                part[rows, start + rows] = -np.inf
            best = np.partition(part, -nearest, axis=1)[:, -nearest:]
            found[start : start + _AT_ONCE] = best.mean(axis=1)
        return found
