"""The checks once more, row by row in plain Python, as slowly and plainly as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import re2

from roadworthy.data.check import (
    AnyOf,
    Asks,
    Check,
    Flaw,
    Length,
    Missing,
    Outside,
    Uneven,
    Unlisted,
    Unmatched,
)
from roadworthy.data.table import ColumnType

Row = dict[str, Any]


def failing(check: Check, rows: Sequence[Row], kinds: dict[str, ColumnType]) -> int:
    """How many rows fail."""
    if check.asks is Asks.REPEATS:
        keys = [tuple(row[name] for name in check.columns) for row in rows]
        return sum(count - 1 for key, count in Counter(keys).items() if None not in key)
    assert check.flaw is not None
    (column,) = check.columns
    return sum(has(check.flaw, row[column], kinds[column]) for row in rows)


def has(flaw: Flaw, value: Any, kind: ColumnType) -> bool:
    """Whether a value has the flaw."""
    if isinstance(flaw, Missing):
        return value is None or listed(value, flaw.values, kind)
    if value is None:
        return False
    if isinstance(flaw, AnyOf):
        return any(has(one, value, kind) for one in flaw.flaws)
    if isinstance(flaw, Unlisted):
        return not listed(value, flaw.values, kind)
    if isinstance(flaw, Unmatched):
        return not re2.search(flaw.pattern, str(value))
    if isinstance(flaw, Length):
        size = len(str(value))
        return (flaw.fewest is not None and size < flaw.fewest) or (
            flaw.most is not None and size > flaw.most
        )
    if isinstance(flaw, Outside):
        limit: Any = flaw.limit
        if isinstance(value, datetime):
            limit = datetime.fromisoformat(limit)
        elif isinstance(value, date):
            limit = date.fromisoformat(limit)
        beyond = value > limit if flaw.above else value < limit
        return bool(beyond or (flaw.exclusive and value == limit))
    assert isinstance(flaw, Uneven)
    parts = value / flaw.step
    return abs(parts - round(parts)) > 1e-9


def listed(value: Any, values: Sequence[Any], kind: ColumnType) -> bool:
    """Whether the column's value is one of the contract's."""
    for one in values:
        if kind is ColumnType.TEXT and one is not None:
            spelled = ("true" if one else "false") if isinstance(one, bool) else str(one)
            if value == spelled:
                return True
        elif kind in (ColumnType.INTEGER, ColumnType.NUMBER) and not isinstance(one, bool):
            try:
                if one is not None and value == float(one):
                    return True
            except ValueError:
                continue
        elif kind is ColumnType.DATE and str(one) == value.isoformat():
            return True
    return False
