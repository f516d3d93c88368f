"""Figures of cases by day and hour."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from roadworthy.ports import Transaction
from roadworthy.ports.rollups import Counted
from roadworthy.telemetry.rollup import Cell, Count, Grain
from roadworthy.testing.memory.transaction import opened


class MemoryRollups:
    """The port ``Rollups``."""

    def add(self, tx: Transaction, counted: Counted) -> None:
        kept = opened(tx).change("case_count")
        for cell, (value, example) in counted.items():
            before, known = kept.get(cell, (0, ""))
            kept[cell] = (before + value, example or known)

    def clear(self, tx: Transaction) -> None:
        opened(tx).change("case_count").clear()

    def drop(self, tx: Transaction, use_cases: Collection[str], grain: Grain, *, before: str) -> None:
        kept = opened(tx).change("case_count")
        for cell in [
            one for one in kept if one.use_case in use_cases and one.grain is grain and one.slot < before
        ]:
            del kept[cell]

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
        found: dict[tuple[str, str, str, str, str], tuple[int, str]] = {}
        for cell, (value, example) in self._within(tx, use_cases, grain, first, last):
            if names and cell.name not in names:
                continue
            alike = (cell.use_case, cell.release, cell.stage, cell.name, cell.label)
            before, known = found.get(alike, (0, ""))
            found[alike] = (before + value, max(known, example))
        return tuple(Count("", *alike, value, example) for alike, (value, example) in sorted(found.items()))

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
        rows = [
            Count(cell.slot, cell.use_case, cell.release, cell.stage, cell.name, cell.label, value, example)
            for cell, (value, example) in self._within(tx, use_cases, grain, first, last)
            if cell.name in names
        ]
        if together:
            joined: dict[tuple[str, str, str], tuple[int, str]] = {}
            for one in rows:
                if one.is_live:
                    value, example = joined.get((one.slot, one.name, one.label), (0, ""))
                    joined[one.slot, one.name, one.label] = (value + one.value, max(example, one.example))
            rows = [
                Count(slot, "", "", "", name, label, value, example)
                for (slot, name, label), (value, example) in joined.items()
            ]
        return tuple(sorted(rows))

    def _within(
        self, tx: Transaction, use_cases: Collection[str], grain: Grain, first: str, last: str
    ) -> list[tuple[Cell, tuple[int, str]]]:
        return [
            (cell, kept)
            for cell, kept in opened(tx).table("case_count").items()
            if cell.use_case in use_cases and cell.grain is grain and first <= cell.slot <= last
        ]
