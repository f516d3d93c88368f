"""Two rows, how surely they are the same real thing, and what people said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Row(NamedTuple):
    """A row of one of the tables that were matched. Both count from 0, in the order they were given."""

    table: int
    row: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows and the probability that they are the same thing.

    Units:  ``weights`` are bits by comparison: 1 bit doubles the odds of a match, -1 halves them, 0 says
            nothing or that a side has no value.
    Invariant: ``left < right``.
    """

    left: Row
    right: Row
    probability: float
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[Row, Row]:
        return (self.left, self.right)

    def as_json(self) -> dict[str, object]:
        """The pair as every door shows it; rows as [table, row]."""
        return {
            "left": list(self.left),
            "right": list(self.right),
            "probability": self.probability,
            "weights": dict(self.weights),
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about two rows, and when. It outweighs every probability."""

    left: Row
    right: Row
    same: bool
    by: str
    at: datetime

    @property
    def rows(self) -> tuple[Row, Row]:
        return (self.left, self.right) if self.left <= self.right else (self.right, self.left)
