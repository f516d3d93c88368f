"""Whether a column is of the type that was declared for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.data.check import Untyped
from roadworthy.data.table import Column, ColumnType

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dataset

_FITTING = {
    "string": {ColumnType.TEXT},
    "integer": {ColumnType.INTEGER},
    "number": {ColumnType.NUMBER, ColumnType.INTEGER},
    "boolean": {ColumnType.BOOLEAN},
    "date": {ColumnType.DATE},
    "timestamp": {ColumnType.TIMESTAMP},
    "time": {ColumnType.TIME},
    "object": {ColumnType.OBJECT},
    "map": {ColumnType.OBJECT},
    "array": {ColumnType.ARRAY},
    "vector": {ColumnType.ARRAY},
}
_SPELLED = frozenset(
    {"csv", "tsv", "psv", "text", "txt", "json", "jsonl", "ndjson", "excel", "xlsx", "xls", "xlsb", "ods"}
)
"""Formats whose columns have no type of their own: what is a number there was guessed by who read it."""


def differs(declared: str, column: Column, dataset: Dataset) -> bool | Untyped | str:
    """Whether the type differs; a flaw to look for where values have to tell; a text: why nobody knows.

    Edge: a text file's column of digits keeps the promise to be text. SQLite lets a column hold
    anything, so that its values are looked at.
    """
    fitting = _FITTING.get(declared)
    if fitting is None:
        return f"the type `{declared}` is not known"
    if column.type is ColumnType.UNKNOWN:
        return f"the source calls the type `{column.native or 'nothing'}`, which is not known"
    wanted = ColumnType(declared) if declared not in ("map", "vector") else ColumnType.UNKNOWN
    if dataset.dialect == "sqlite":
        scalar = wanted not in (ColumnType.OBJECT, ColumnType.ARRAY, ColumnType.UNKNOWN)
        if not scalar:
            return column.type not in fitting
        return Untyped(wanted)
    if column.type in fitting:
        return False
    if dataset.reading.guess.format.casefold() not in _SPELLED:
        return True
    if wanted is ColumnType.TEXT or (column.type, wanted) == (ColumnType.DATE, ColumnType.TIMESTAMP):
        return False
    by_value = {
        (ColumnType.NUMBER, ColumnType.INTEGER),
        (ColumnType.TIMESTAMP, ColumnType.DATE),
        (ColumnType.INTEGER, ColumnType.BOOLEAN),
        *((ColumnType.TEXT, one) for one in ColumnType if one.value in _FITTING),
    }
    scalar = wanted not in (ColumnType.OBJECT, ColumnType.ARRAY, ColumnType.UNKNOWN)
    return Untyped(wanted) if scalar and (column.type, wanted) in by_value else True
