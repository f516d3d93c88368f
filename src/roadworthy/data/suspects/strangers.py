"""Values that belong to another column: a city among states, a first name among cities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from roadworthy.data.suspects.columns import Column, Table
from roadworthy.data.suspects.suspect import ValueHit

_FEWEST = 100
_AT_HOME = 10
# Columns that share more of their values than this have a vocabulary in common (names, billing and delivery).
_SHARED = 0.01


def stranger_hits(table: Table) -> Iterator[ValueHit]:
    """Rare values of a column of few values that are frequent in another, to which nothing else leads."""
    fit = [
        column
        for column in table.columns
        if column.filled >= _FEWEST
        and column.unique_share < 0.3
        and column.letter_share > 0.9
        and column.distinct > 2
    ]
    homes: dict[str, list[Column]] = defaultdict(list)
    for column in fit:
        for code in np.flatnonzero(column.solid & (column.counts >= _AT_HOME)).tolist():
            homes[column.trimmed[code]].append(column)
    for column in fit:
        shared: dict[int, list[int]] = defaultdict(list)
        for code in np.flatnonzero(column.solid).tolist():
            text = column.trimmed[code]
            for home in homes.get(text, ()):
                if home is not column and len(text) >= 2:
                    shared[home.index].append(int(code))
        for index, codes in shared.items():
            rows = int(column.counts[codes].sum())
            if rows > _SHARED * column.filled:
                continue
            for code in codes:
                if column.counts[code] <= 3:
                    reason = f"a value of `{table.columns[index].name}`"
                    yield ValueHit(column.index, code, "misplaced", 0.75, reason)
