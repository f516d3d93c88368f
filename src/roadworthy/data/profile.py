"""What a table looks like, without judging it: the facts a contract is drafted from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadworthy.data.table import Column, Finding, Guess
from roadworthy.quantities import Digest


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. Numbers that make no sense for its type are None.

    Units:  counts are rows. ``minimum``, ``maximum`` and the keys of ``frequent`` are values as text.
    Edge:   ``distinct`` is exact up to the limit of its maker and an estimate above (``distinct_exact``).
            A column without one value has ``nulls == rows``, no minimum and no masks.
    """

    column: Column
    rows: int
    nulls: int
    distinct: int
    distinct_exact: bool = True
    minimum: str | None = None
    maximum: str | None = None
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    """At 5, 25, 50, 75 and 95 %."""
    histogram: tuple[tuple[str, int], ...] = ()
    """Lower edge of a bin (or the value itself) and its rows, in order; for drawing."""
    frequent: tuple[tuple[str, int], ...] = ()
    """Most frequent values with their rows, most frequent first."""
    masks: tuple[tuple[str, int], ...] = ()
    """Most frequent shapes: ``9`` a run of digits, ``A`` of capitals, ``a`` of small letters, the rest as it is."""
    shortest: int | None = None
    longest: int | None = None
    """Characters."""
    personal: Mapping[str, float] = field(default_factory=dict)
    """Class of personal data to the share of looked-at values that hold one; empty where none was found."""

    @property
    def is_key(self) -> bool:
        """Every row has a value of its own."""
        return self.rows > 0 and self.nulls == 0 and self.distinct_exact and self.distinct == self.rows


@dataclass(frozen=True, slots=True)
class Profile:
    """A table at one moment. ``sampled`` rows were looked at, of ``rows`` that there are."""

    name: str
    rows: int
    sampled: int
    columns: tuple[ColumnProfile, ...]
    guess: Guess
    snapshot: Digest
    findings: tuple[Finding, ...] = ()
