"""Evidence of all rules on one cell, brought to one confidence.

The scale: a confidence of 0.8 means that about four of five such findings are wrong cells. Each rule
states its evidence on that scale, as if it were alone. Rules of one family look at the same thing, and
the strongest of them speaks for it; families are nearly independent, and doubt left by one is taken
up by the next. Groups of rows that vouch for a cell weaken what its looks say against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.data.suspects.columns import Column, Table
from roadworthy.data.suspects.suspect import RowHits, Suspect, ValueHit

# Rule to family: the first speaks of characters, the second of shape, and so on.
RULES: Mapping[str, str] = {
    "whitespace": "surface",
    "control": "surface",
    "encoding": "surface",
    "mask": "shape",
    "type": "shape",
    "date": "shape",
    "unit": "shape",
    "case": "spelling",
    "spelling": "spelling",
    "typo": "spelling",
    "missing": "missing",
    "outlier": "number",
    "dependency": "rows",
    "cross-column": "columns",
    "duplicate-key": "keys",
    "misplaced": "columns",
}
# How much of a further family's evidence counts: they are not quite independent of each other.
_FURTHER = 0.75
_CERTAIN = 0.99
# Looks that groups of rows can excuse: a rare but honest value is as rare as a slip.
_EXCUSABLE = frozenset({"typo", "mask", "case", "type", "missing", "misplaced"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One rule's word on one cell."""

    rule: str
    confidence: float
    repair: str | None
    reason: str


def weighed(
    table: Table,
    by_value: Sequence[ValueHit],
    by_row: Sequence[RowHits],
    vouched: Mapping[int, NDArray[np.float32]],
    *,
    at_least: float,
) -> Iterator[Suspect]:
    """One suspect per cell that reaches ``at_least``, column by column."""
    for column in table.columns:
        values = [hit for hit in by_value if hit.column == column.index]
        rows = [hits for hits in by_row if hits.column == column.index]
        if values or rows:
            yield from _of_column(column, values, rows, vouched.get(column.index), at_least)


def _of_column(
    column: Column,
    by_value: Sequence[ValueHit],
    by_row: Sequence[RowHits],
    vouched: NDArray[np.float32] | None,
    at_least: float,
) -> Iterator[Suspect]:
    of_code: dict[int, list[Evidence]] = {}
    for hit in by_value:
        of_code.setdefault(hit.code, []).append(Evidence(hit.rule, hit.confidence, hit.repair, hit.reason))
    of_row: dict[int, list[Evidence]] = {}
    for hits in by_row:
        for at, row in enumerate(hits.rows.tolist()):
            found = Evidence(hits.rule, float(hits.confidences[at]), hits.repairs[at], hits.reason(at))
            of_row.setdefault(row, []).append(found)
    marked = np.zeros(len(column.values), dtype=np.bool_)
    marked[list(of_code)] = True
    candidates = np.union1d(column.rows_of(marked), np.fromiter(of_row, dtype=np.int64, count=len(of_row)))
    for row in candidates.tolist():
        code = int(column.codes[row])
        evidence = of_code.get(code, []) + of_row.get(row, [])
        trusted = float(vouched[row]) if vouched is not None else 0.0
        combined = _combined(evidence, vouched=trusted, value=column.values[code])
        if combined is not None and combined.confidence >= at_least:
            yield Suspect(
                row=row,
                column=column.name,
                value=column.values[code],
                repair=combined.repair,
                reason=combined.reason,
                rule=combined.rule,
                confidence=round(combined.confidence, 3),
            )


def _combined(evidence: Sequence[Evidence], *, vouched: float, value: str | None) -> Evidence | None:
    best: dict[str, Evidence] = {}
    for one in evidence:
        family = RULES[one.rule]
        if family not in best or one.confidence > best[family].confidence:
            best[family] = one
    excuse = 1.0 / (1.0 + 0.5 * vouched)
    strengths = {
        family: one.confidence * (excuse if one.rule in _EXCUSABLE and value else 1.0)
        for family, one in best.items()
    }
    ranked = sorted(strengths.items(), key=lambda item: -item[1])
    doubt = 1.0
    for place, (_, strength) in enumerate(ranked):
        doubt *= 1.0 - min(_CERTAIN, strength) * (1.0 if place == 0 else _FURTHER)
    first = best[ranked[0][0]]
    return Evidence(first.rule, min(_CERTAIN, 1.0 - doubt), _repair(evidence, value), first.reason)


def _repair(evidence: Sequence[Evidence], value: str | None) -> str | None:
    """The repair with the most trust behind it. Repairs that rules agree on add up; a gap is the last resort."""
    trust: dict[str, float] = {}
    for one in evidence:
        if one.repair is not None and one.repair != value:
            trust[one.repair] = trust.get(one.repair, 0.0) + one.confidence * (
                0.3 if one.repair == "" else 1.0
            )
    return max(trust.items(), key=lambda item: item[1])[0] if trust else None
