"""Figures of cases by day and hour, kept so that no page counts cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from roadworthy.telemetry.rollup import Cell, Count, Grain

if TYPE_CHECKING:
    from roadworthy.ports.state import Transaction

Counted = Mapping[Cell, tuple[int, str]]
"""What is added to cells, and the newest case it is of (empty: none)."""


class Rollups(Protocol):
    """Counts of what happened to cases. Every answer grows with slots and labels, never with cases."""

    def add(self, tx: Transaction, counted: Counted) -> None:
        """Add to the counts; an example replaces the one before."""

    def clear(self, tx: Transaction) -> None:
        """Forget all of them."""

    def drop(self, tx: Transaction, use_cases: Collection[str], grain: Grain, *, before: str) -> None:
        """Forget slots of this grain that come before one."""

    def sums(
        self,
        tx: Transaction,
        use_cases: Collection[str],
        grain: Grain,
        first: str,
        last: str,
        *,
        names: Collection[str] = (),
    ) -> tuple[Count, ...]:
        """Sums over the slots from the first to the last, both included, in the order of their labels.

        Without ``names``: of every name.
        """

    def slotted(
        self,
        tx: Transaction,
        use_cases: Collection[str],
        grain: Grain,
        first: str,
        last: str,
        *,
        names: Sequence[str],
        together: bool = False,
    ) -> tuple[Count, ...]:
        """Counts under these names by slot; with ``together`` the live ones of all use cases and releases in one."""
