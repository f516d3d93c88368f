"""Rows of a text source kept as they are spelled, in files of the workbench that the engine reads fast.

Every column is text there, under a number; names, types and the order of the partitions are told beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from roadworthy.adapters.duckdb.unpacking import full
from roadworthy.errors import InputProblem, Problem

_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of rows that have the same columns."""

    path: Path
    rows: int


@dataclass(slots=True)
class Stage:
    """Takes rows partition by partition, in their order. ``scratch`` names a new file each time it is called."""

    scratch: Callable[[], Path]
    names: list[str] = field(default_factory=list)
    kinds: dict[int, set[str]] = field(default_factory=dict)
    """Of sources that tell it: which kinds of values a column holds."""
    segments: list[Segment] = field(default_factory=list)
    written: set[int] = field(default_factory=set)
    """Columns that stand in at least one segment."""
    constants: dict[int, str] = field(default_factory=dict)
    """Columns that the rows to come all have one value of: what the folders of a partition tell."""
    _places: dict[str, int] = field(default_factory=dict)
    _writer: pq.ParquetWriter | None = None
    _path: Path | None = None
    _open: tuple[int, ...] = ()
    _rows: int = 0

    @property
    def rows(self) -> int:
        return sum(segment.rows for segment in self.segments) + self._rows

    def column(self, name: str) -> int:
        """The number of a column, new or known; large and small letters are the same."""
        key = name.casefold()
        place = self._places.get(key)
        if place is None:
            if len(self.names) >= _MOST_COLUMNS:
                problem = Problem(
                    f"the source has more than {_MOST_COLUMNS} columns", hint="is it a table?"
                )
                raise InputProblem("RW-DATA-152", problem)
            place = self._places[key] = len(self.names)
            self.names.append(name)
        return place

    def take(self, columns: Sequence[int], arrays: Sequence[pa.Array], rows: int) -> None:
        """The next rows, as one array of text for each numbered column."""
        if not rows:
            return
        # A column of the file counts more than a folder of the same name.
        more = {number: value for number, value in self.constants.items() if number not in columns}
        columns = [*columns, *more]
        arrays = [*arrays, *(pa.repeat(pa.scalar(value, pa.string()), rows) for value in more.values())]
        self._ready(tuple(columns))
        assert self._writer is not None
        schema = self._writer.schema
        if not columns:
            # A row without one cell is still a row.
            arrays = [pa.nulls(rows, pa.string())]
        try:
            self._writer.write_batch(pa.RecordBatch.from_arrays(list(arrays), schema=schema))
        except OSError as fault:
            raise full() from fault
        self._rows += rows

    def take_cells(self, columns: Sequence[int], cells: Iterable[Sequence[str | None]], rows: int) -> None:
        """The next rows, as one sequence of cells for each numbered column."""
        self.take(columns, [pa.array(column, pa.string()) for column in cells], rows)

    def _ready(self, columns: tuple[int, ...]) -> None:
        if self._writer is not None and columns == self._open:
            return
        self._finish_segment()
        self._path = self.scratch()
        self._open = columns
        self.written.update(columns)
        schema = pa.schema([(f"c{number}", pa.string()) for number in columns] or [("none", pa.string())])
        self._writer = pq.ParquetWriter(
            self._path, schema, compression="lz4", use_dictionary=False, write_statistics=False
        )

    def _finish_segment(self) -> None:
        if self._writer is not None and self._path is not None:
            try:
                self._writer.close()
            except OSError as fault:
                raise full() from fault
            self.segments.append(Segment(self._path, self._rows))
            self._writer, self._rows = None, 0

    def finish(self) -> None:
        """There are no more rows."""
        self._finish_segment()

    def discard(self) -> None:
        """Remove the files: reading failed, or the table is closed."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for path in [segment.path for segment in self.segments] + ([self._path] if self._path else []):
            path.unlink(missing_ok=True)
        self.segments.clear()

    def rewind(self, segments: int) -> None:
        """Forget what was taken after the first so many segments."""
        self._finish_segment()
        for segment in self.segments[segments:]:
            segment.path.unlink(missing_ok=True)
        del self.segments[segments:]


def offsets(rows: Sequence[int]) -> list[int]:
    """How many rows stand before each of several parts."""
    found, before = [], 0
    for count in rows:
        found.append(before)
        before += count
    return found
