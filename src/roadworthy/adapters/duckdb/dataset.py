"""A table in the workbench's own dialect, read when its form is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from roadworthy.adapters.duckdb.delimited import ROW
from roadworthy.adapters.duckdb.engine import BATCH, Engine
from roadworthy.adapters.duckdb.forms import Form
from roadworthy.adapters.duckdb.spelling import near, quoted
from roadworthy.data import Column, Reading, Snapshot, Texts
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.tables import Dialect


class Batches:
    """Record batches that can be read once, by any engine through Arrow or batch by batch.

    Read through Arrow's C interface, a fault reaches the reader as that library's own error; ``fault``
    then holds ours.
    """

    def __init__(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self.schema = schema
        self.fault: Exception | None = None
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches
        except Exception as fault:
            self.fault = fault
            raise

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, iter(self)).__arrow_c_stream__(
            requested_schema
        )


class DuckDataset:
    """Files, or rows that were taken in. ``understand`` reads them, once; ``snapshot`` and ``only`` do not."""

    dialect: Dialect = "duckdb"

    def __init__(
        self,
        engine: Engine,
        name: str,
        understand: Callable[[], Form],
        *,
        snapshot: Callable[[], Snapshot],
        only: Callable[[Sequence[str]], DuckDataset],
    ) -> None:
        self._engine = engine
        self._name = name
        self._understand = understand
        self._snapshot = snapshot
        self._only = only
        self._form: Form | None = None
        self._relation = ""
        self._closed = False
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        return self._name

    @property
    def form(self) -> Form:
        """What it consists of. The first call reads what must be read."""
        with self._lock:
            if self._closed:
                raise InputProblem("RW-DATA-155", Problem("this table is closed", place=self._name))
            if self._form is None:
                form = self._understand()
                # As one would write it: `orders` for `orders.csv.gz`.
                relation = self._engine.claim(self._name.partition(".")[0] or self._name)
                self._engine.define(relation, form.select([one.name for one in form.columns]))
                self._form, self._relation = form, quoted(relation)
            return self._form

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.form.columns

    @property
    def reading(self) -> Reading:
        return self.form.reading

    @property
    def place(self) -> str:
        return str(self._engine.folder)

    @property
    def relation(self) -> str:
        self.form  # noqa: B018 - gives it its name
        return self._relation

    def snapshot(self) -> Snapshot:
        return self._snapshot()

    def only(self, partitions: Sequence[str]) -> DuckDataset:
        return self._only(partitions)

    def rows(self, sql: str, *, limit: int = 100_000) -> list[dict[str, Any]]:
        self.form  # noqa: B018 - the relation exists from now on
        return self._engine.question(sql, limit=limit)

    def stream(
        self, columns: Sequence[str] = (), *, limit: int | None = None, numbered: bool = False
    ) -> Batches:
        return self._batches(columns, limit, numbered=numbered, spelled=False)

    def texts(self, columns: Sequence[str] = (), *, limit: int | None = None) -> Texts:
        found: dict[str, list[str | None]] = {name: [] for name in self._named(columns)}
        for batch in self._batches(columns, limit, numbered=False, spelled=True):
            for name, column in zip(found, batch.columns, strict=True):
                found[name].extend(column.to_pylist())
        return found

    def _batches(
        self, columns: Sequence[str], limit: int | None, *, numbered: bool, spelled: bool
    ) -> Batches:
        names = self._named(columns)
        if numbered and ROW in names:
            problem = Problem(
                f"the table has a column `{ROW}` of its own", place=self._name, hint="leave it out"
            )
            raise InputProblem("RW-DATA-155", problem)
        sql = self.form.select(names, numbered=numbered, spelled=spelled)
        if limit is not None:
            sql += f" limit {int(limit)}"
        return Batches(*self._engine.batches(sql, rows=BATCH))

    def _named(self, columns: Sequence[str]) -> list[str]:
        known = {one.name.casefold(): one.name for one in self.columns}
        problems = [
            Problem(f"there is no column `{name}`", place=self._name, hint=near(name, known.values()))
            for name in columns
            if name.casefold() not in known
        ]
        if problems:
            raise InputProblem("RW-DATA-155", problems)
        return [known[name.casefold()] for name in columns] or list(known.values())

    def close(self) -> None:
        """Give back the temporary files. Without effect when run twice."""
        with self._lock:
            form, self._form, self._closed = self._form, None, True
            if form is None:
                return
            self._engine.release(self._relation[1:-1].replace('""', '"'))
            for address in form.addresses:
                self._engine.window.hide(address)
            for path in form.temporary:
                path.unlink(missing_ok=True)
