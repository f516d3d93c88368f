"""A cell that looks wrong, and the evidence that says so before it is weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Suspect:
    """A cell that is probably wrong, why, and what probably belongs there.

    Units:  ``row`` counts from 0, without the header. ``confidence`` is the share of findings like this
            one that turn out to be wrong cells: 0.8 means about four in five.
    Edge:   ``repair`` is None where nothing better than the value can be named, and the empty text where
            an honest gap is better. ``rule`` is a stable word, see ``weigh.RULES``.
    """

    row: int
    column: str
    value: str | None
    repair: str | None
    reason: str
    rule: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ValueHit:
    """Evidence against a value wherever it stands in its column."""

    column: int
    code: int
    rule: str
    confidence: float
    reason: str
    repair: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RowHits:
    """Evidence against cells of one column, row by row.

    Shape:  ``rows``, ``confidences`` and, where there are any, ``repairs`` and ``reasons`` are of equal
            length. One reason alone holds for all rows.
    """

    column: int
    rule: str
    rows: NDArray[np.int64]
    confidences: NDArray[np.float64]
    repairs: Sequence[str | None]
    reasons: Sequence[str]

    def reason(self, at: int) -> str:
        """Why the cell at this place of ``rows`` is doubted."""
        return self.reasons[at] if len(self.reasons) > 1 else self.reasons[0]
