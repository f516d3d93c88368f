"""Opens any table that lies in files, takes rows in from elsewhere, and tells what a table looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from roadworthy.adapters.duckdb import encodings, forms, profiling
from roadworthy.adapters.duckdb.csvfiles import Asked
from roadworthy.adapters.duckdb.dataset import DuckDataset
from roadworthy.adapters.duckdb.delimited import sign
from roadworthy.adapters.duckdb.engine import Engine
from roadworthy.adapters.duckdb.forms import Form
from roadworthy.adapters.duckdb.places import Place, locate
from roadworthy.adapters.duckdb.spelling import near
from roadworthy.adapters.duckdb.staging import Segment
from roadworthy.adapters.duckdb.unpacking import Limits, full
from roadworthy.data import ColumnType, Partition, Profile, Snapshot
from roadworthy.errors import InputProblem, NotFound, Problem, Unavailable
from roadworthy.ports.tables import ArrowStream, Dataset

_OPTIONS = (
    "format",
    "encoding",
    "delimiter",
    "quote",
    "header",
    "skip",
    "sheet",
    "table",
    "columns",
    "storage",
)


class DuckWorkbench:
    """Looks at tables with DuckDB, in bounded memory, with temporary files in one folder.

    Units:  ``memory_limit`` as DuckDB writes it (``1GB``): the engine's own memory. Reading adds some
            200 MB at most. ``question_s`` is the time limit of one question, in seconds.
    Edge:   whoever may ask questions of one table may ask about all tables of the same workbench.
    Errors: ``InputProblem`` RW-DATA-151 for settings that DuckDB does not take.
    """

    def __init__(
        self,
        folder: Path,
        *,
        memory_limit: str = "1GB",
        threads: int = 2,
        question_s: float = 60.0,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._engine = Engine(folder, memory_limit=memory_limit, threads=threads, question_s=question_s)

    def open(self, location: str, **reading: object) -> DuckDataset:
        """A file, a folder or a glob of files, or an object store's address.

        What is not said is found out: ``format`` (csv, tsv, json, jsonl, parquet, excel), ``encoding``,
        ``delimiter``, ``quote``, ``header``, ``skip`` (lines above the header), ``sheet`` of a workbook,
        ``table`` (the file in a zip archive), ``columns`` (name to type, for text formats), ``storage``
        (what an object store's library needs to know). Rows that are too long keep their first cells;
        the rest stands in the column ``__surplus``. Nothing is read before the form is asked for.

        Errors: ``NotFound`` RW-DATA-150, ``InputProblem`` RW-DATA-151 and 158, ``Unavailable`` 161;
        at the first look into the table also RW-DATA-152, 153, 157 and 160.
        """
        unknown = [
            Problem(f"there is no option `{one}`", hint=near(one, _OPTIONS))
            for one in reading
            if one not in _OPTIONS
        ]
        if unknown:
            raise InputProblem("RW-DATA-151", unknown)
        storage = reading.get("storage") or {}
        if not isinstance(storage, Mapping):
            raise InputProblem("RW-DATA-151", "`storage` is a table of options")
        asked, declared = _asked(reading), _declared(reading.get("columns"))
        sheet = str(reading.get("sheet") or "")
        place = locate(str(location), asked.format, dict(storage))
        return self._over(place, asked, sheet, declared)

    def _over(
        self, place: Place, asked: Asked, sheet: str, declared: Mapping[str, ColumnType]
    ) -> DuckDataset:
        def understand() -> Form:
            return forms.understand(
                self._engine, place, asked, sheet=sheet, declared=declared, limits=self._limits
            )

        return DuckDataset(
            self._engine,
            place.name,
            understand,
            snapshot=place.snapshot,
            only=lambda names: self._over(place.only(tuple(names)), asked, sheet, declared),
        )

    def land(self, name: str, stream: ArrowStream) -> DuckDataset:
        """Take rows in, so that questions in this engine's own dialect can be put to them.

        They lie in the folder for temporary files until the table is closed. A stream that breaks off
        leaves nothing behind. Errors: what the stream raises; ``Unavailable`` RW-DATA-157 and 162.
        """
        path = self._engine.scratch()
        try:
            reader = pa.RecordBatchReader.from_stream(stream)
            rows = 0
            with pq.ParquetWriter(
                path, _storable(reader.schema), compression="lz4", use_dictionary=False
            ) as out:
                for batch in reader:
                    out.write_batch(batch.cast(out.schema) if batch.schema != out.schema else batch)
                    rows += batch.num_rows
        except BaseException as fault:
            path.unlink(missing_ok=True)
            raise _of_stream(fault, stream, name) from fault
        return self.settled(name, Segment(path, rows))

    def settled(self, name: str, segment: Segment) -> DuckDataset:
        """A file of rows in the folder for temporary files as a table, which owns it."""
        form = forms.landed(self._engine, name, segment)
        partition = Partition(name, f"landed-{segment.path.name}", segment.path.stat().st_size)

        def only(names: Sequence[str]) -> DuckDataset:
            if list(names) != [name]:
                raise NotFound("RW-DATA-159", Problem("what was taken in is one partition", place=name))
            return dataset

        dataset = DuckDataset(
            self._engine, name, lambda: form, snapshot=lambda: Snapshot((partition,)), only=only
        )
        return dataset

    def profile(self, dataset: Dataset, *, sample: int | None = None) -> Profile:
        """What the table looks like; of at most ``sample`` rows, spread over the table.

        A table that lies elsewhere is sampled there, a million rows at most unless ``sample`` says
        otherwise. Errors: those of the dataset; ``Unavailable`` RW-DATA-157.
        """
        if isinstance(dataset, DuckDataset):
            return profiling.profile(self._engine, dataset, sample=sample)
        return profiling.elsewhere(self._engine, dataset, self.land, sample=sample)

    def close(self) -> None:
        """End all questions and remove all temporary files. Without effect when run twice."""
        self._engine.close()


def _asked(reading: Mapping[str, object]) -> Asked:
    header, skip = reading.get("header"), reading.get("skip")
    if header is not None and not isinstance(header, bool):
        raise InputProblem("RW-DATA-151", "`header` is true or false")
    if skip is not None and (not isinstance(skip, int) or isinstance(skip, bool) or skip < 0):
        raise InputProblem("RW-DATA-151", "`skip` is a number of lines")
    encoding = str(reading.get("encoding") or "")
    if encoding:
        encodings.declared(encoding)
    delimiter, quote = reading.get("delimiter"), reading.get("quote")
    return Asked(
        format=str(reading.get("format") or ""),
        encoding=encoding,
        delimiter=None if delimiter is None else sign(str(delimiter), "delimiter"),
        quote=None if quote is None else sign(str(quote), "quote", empty=True),
        header=header,
        skip=skip,
        member=str(reading.get("table") or ""),
    )


def _declared(columns: object) -> dict[str, ColumnType]:
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise InputProblem("RW-DATA-151", "`columns` names columns with their types")
    found, problems = {}, []
    for name, kind in columns.items():
        try:
            found[str(name)] = ColumnType(str(kind))
        except ValueError:
            types = [one.value for one in ColumnType]
            problems.append(
                Problem(f"there is no type `{kind}`", place=str(name), hint=near(str(kind), types))
            )
    if problems:
        raise InputProblem("RW-DATA-151", problems)
    return found


def _storable(schema: pa.Schema) -> pa.Schema:
    """The schema without what Parquet cannot hold."""
    fields: list[pa.Field[Any]] = []
    for field in schema:
        if (
            pa.types.is_null(field.type)
            or pa.types.is_interval(field.type)
            or pa.types.is_duration(field.type)
        ):
            field = field.with_type(pa.string())
        fields.append(field)
    return pa.schema(fields)


def _of_stream(fault: BaseException, stream: object, name: str) -> BaseException:
    """What really went wrong: through Arrow only a text of it arrives."""
    original = getattr(stream, "fault", None)
    if isinstance(original, Exception):
        return original
    if isinstance(fault, OSError) and fault.errno == 28:
        return full()
    if isinstance(fault, pa.ArrowException | OSError):
        return Unavailable(
            "RW-DATA-162",
            f"the rows of `{name}` broke off",
            retry_is_safe=True,
            hint="ask its source again",
        )
    return fault
