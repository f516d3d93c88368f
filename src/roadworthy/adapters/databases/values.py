"""Rows of a driver as Arrow, with an account of every value that its column's type cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from roadworthy.adapters.databases.kinds import Shape


class Account:
    """How many values of each column could not be held by its type and are empty in a stream."""

    def __init__(self) -> None:
        self.unreadable: dict[str, int] = {}
        self.broken: dict[str, int] = {}
        """Texts with characters that are no UTF-8."""

    def add(self, name: str) -> None:
        """One value more."""
        self.unreadable[name] = self.unreadable.get(name, 0) + 1

    def learn(self, other: Account) -> None:
        """Take over what another reading found; values that both met are not counted twice."""
        for mine, theirs in ((self.unreadable, other.unreadable), (self.broken, other.broken)):
            for name, count in theirs.items():
                mine[name] = max(count, mine.get(name, 0))


def batch(
    rows: Sequence[Sequence[Any]], shapes: Sequence[Shape], schema: pa.Schema, account: Account
) -> pa.RecordBatch:
    """The rows as one record batch."""
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in shapes]
    arrays = [_array(cells, shape, account) for cells, shape in zip(columns, shapes, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(cells: Sequence[Any], shape: Shape, account: Account) -> pa.Array:
    try:
        if pa.types.is_temporal(shape.arrow) and any(isinstance(cell, int | float) for cell in cells):
            # Arrow would take a number for days or microseconds since 1970, without a word.
            raise TypeError
        found = pa.array(cells, shape.arrow)
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
        pa.ArrowNotImplementedError,
        TypeError,
        ValueError,
        OverflowError,
    ):
        return pa.array([_fitted(cell, shape, account) for cell in cells], shape.arrow)
    if shape.arrow == pa.string():
        broken = sum(1 for cell in cells if cell is not None and "\ufffd" in cell)
        if broken:
            name = shape.column.name
            account.broken[name] = account.broken.get(name, 0) + broken
    return found


def _fitted(cell: Any, shape: Shape, account: Account) -> Any:
    if cell is None:
        return None
    try:
        value = _converted(cell, shape.arrow)
        if not pa.types.is_temporal(shape.arrow):
            # What Arrow itself would refuse, such as a number of more digits than the type has.
            pa.scalar(value, shape.arrow)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, InvalidOperation):
        account.add(shape.column.name)
        return None
    return value


def _converted(cell: Any, arrow: pa.DataType) -> Any:
    """One value in a type's own kind. Errors: ``ValueError`` where it has none."""
    if pa.types.is_string(arrow):
        if isinstance(cell, bytes | bytearray | memoryview):
            return bytes(cell).decode("utf-8")
        return str(cell)
    if pa.types.is_binary(arrow):
        return cell.encode() if isinstance(cell, str) else bytes(cell)
    if pa.types.is_boolean(arrow):
        if cell in (0, 1, True, False):
            return bool(cell)
        raise ValueError
    if pa.types.is_integer(arrow):
        if isinstance(cell, float) and cell.is_integer():
            return int(cell)
        if isinstance(cell, int | Decimal) and int(cell) == cell:
            return int(cell)
        raise ValueError
    if pa.types.is_floating(arrow):
        if isinstance(cell, str | bytes):
            raise ValueError
        return float(cell)
    if pa.types.is_decimal(arrow):
        if isinstance(cell, str | bytes):
            raise ValueError
        return Decimal(cell) if not isinstance(cell, float) else Decimal(repr(cell))
    if pa.types.is_date(arrow):
        return _date(cell)
    if pa.types.is_timestamp(arrow):
        return _moment(cell, zoned=arrow.tz is not None)
    if pa.types.is_time(arrow):
        return cell if isinstance(cell, time) else time.fromisoformat(cell)
    raise ValueError


def _date(cell: Any) -> date:
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise ValueError
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, str) and len(cell) == 10:
        return date.fromisoformat(cell)
    if isinstance(cell, str):
        return _date(datetime.fromisoformat(cell))
    raise ValueError


def _moment(cell: Any, *, zoned: bool) -> datetime:
    if isinstance(cell, str):
        cell = datetime.fromisoformat(cell)
    elif isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - the column has no zone
    if not isinstance(cell, datetime):
        raise ValueError
    if zoned:
        return cell if cell.tzinfo else cell.replace(tzinfo=UTC)
    return cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo else cell
