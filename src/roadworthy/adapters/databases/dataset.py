"""One table of a database, read where it lies: questions are put to the server, rows are streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from roadworthy.adapters.databases.catalogue import Order
from roadworthy.adapters.databases.kinds import MOST_DIGITS, Shape, digits, quoted, spelled
from roadworthy.adapters.databases.server import Pace, Server
from roadworthy.adapters.databases.values import Account, batch
from roadworthy.data import Column, ColumnType, Finding, Guess, Partition, Reading, Snapshot, Texts
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.ports.tables import Dialect

_MOST, _BYTES = 20_000, 8 << 20
_ROW = "__row"


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


class DatabaseDataset:
    """A table or a view. Findings about its values grow as rows are read: nothing is scanned to open it.

    Order:  that in which the rows lie, and the same for every selection of columns as long as nobody
            writes; a view has the order that the server gives it.
    """

    def __init__(
        self, server: Server, name: str, table: tuple[str, str], shapes: Sequence[Shape], order: Order
    ) -> None:
        self._server = server
        self._name = name
        self._table = table
        self._shapes = tuple(shapes)
        self._order = order
        self._account = Account()
        self._doubles: set[str] = set()

    @property
    def name(self) -> str:
        return self._name

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(one.column for one in self._shapes)

    @property
    def dialect(self) -> Dialect:
        return self._server.kind

    @property
    def place(self) -> str:
        return self._server.mark

    @property
    def relation(self) -> str:
        return ".".join(quoted(part, self._server.kind) for part in self._table if part)

    @property
    def reading(self) -> Reading:
        return Reading(Guess(format=self._server.kind), tuple(self._findings()))

    def snapshot(self) -> Snapshot:
        """SQLite tells of every change by its file. Postgres and MySQL keep no mark that is sure to change
        with the rows (their statistics come late and get lost), so theirs is empty: read to know."""
        return Snapshot((Partition(self._name, *self._mark()),))

    def _mark(self) -> tuple[str, int]:
        file = self._server.file
        if file is None:
            return "", 0
        marks, size = [], 0
        # In WAL mode changes stand in a file beside it until they are taken over.
        for path in (file, file.with_name(file.name + "-wal")):
            try:
                status = path.stat()
            except OSError:
                continue
            size += status.st_size
            marks.append(f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}")
        try:
            with file.open("rb") as stream:
                stream.seek(24)
                # The counter that SQLite raises with every transaction (file format, 1.3.7).
                marks.append(stream.read(4).hex())
        except OSError:
            raise self._server.trouble.unreachable() from None
        return "-".join(marks), size

    def only(self, partitions: Sequence[str]) -> DatabaseDataset:
        """A table is one partition, named like itself."""
        if set(partitions) != {self._name}:
            problem = Problem(
                "a table of a database is one partition", place=self._name, hint=f"name it `{self._name}`"
            )
            raise NotFound("RW-DATA-159", problem)
        return DatabaseDataset(self._server, self._name, self._table, self._shapes, self._order)

    def rows(self, sql: str, *, limit: int = 100_000) -> list[dict[str, Any]]:
        names, found = self._server.ask(sql, limit=limit)
        if len(set(names)) != len(names):
            raise self._server.trouble.question(
                sql, "two columns have the same name", "name them with `as`"
            )
        return [dict(zip(names, row, strict=True)) for row in found]

    def stream(
        self, columns: Sequence[str] = (), *, limit: int | None = None, numbered: bool = False
    ) -> Batches:
        return self._batches(self._chosen(columns), self._limit(limit), numbered=numbered)

    def scattered(self, rows: int, *, of: int) -> Batches:
        """At most so many rows from all over the table, which has ``of`` rows; the same ones each time
        where the database allows it."""
        share = min(1.0, rows / max(1, of))
        table, name = self.relation, self._server.kind
        if name == "postgres" and self._order.sampled:
            source = f"{table} tablesample bernoulli ({share * 100:.6f}) repeatable (42)"
            return self._batches(self._shapes, f" limit {int(rows)}", source=source)
        if name == "sqlite":
            place = self._order.place
            # The place is mixed, so that a pattern of the table does not meet one of the sample.
            mixed = f"({place} * 2654435761 & 4294967295)" if place else "(random() & 4294967295)"
            where = f" where {mixed} < {int(share * 2**32)}"
        else:
            where = f" where {'rand(42)' if name == 'mysql' else 'random()'} < {share:.9f}"
        return self._batches(self._shapes, f"{where} limit {int(rows)}")

    def texts(self, columns: Sequence[str] = (), *, limit: int | None = None) -> Texts:
        chosen = self._chosen(columns)
        kind = self._server.kind
        cells = [spelled(quoted(one.column.name, kind), one.column, kind) for one in chosen]
        sql = self._select(cells, self._limit(limit))
        found: dict[str, list[str | None]] = {one.column.name: [] for one in chosen}
        for rows in self._server.stream(sql, Pace()):
            for name, column in zip(found, zip(*rows, strict=True), strict=True):
                found[name].extend(_as_text(cell) for cell in column)
        return found

    def _batches(
        self, shapes: Sequence[Shape], rest: str, *, numbered: bool = False, source: str = ""
    ) -> Batches:
        kind = self._server.kind
        if numbered and any(one.column.name == _ROW for one in shapes):
            raise InputProblem(
                "RW-DATA-174", Problem(f"the table has a column `{_ROW}` of its own", place=self._name)
            )
        shapes = self._settled(shapes, rest, source)
        cells = []
        for one in shapes:
            cell = quoted(one.column.name, kind)
            cells.append(spelled(cell, one.column, kind) if one.as_text else cell)
        sql = self._select(cells, rest, source)
        fields = [pa.field(one.column.name, one.arrow) for one in shapes]
        plain = pa.schema(fields)
        schema = pa.schema([pa.field(_ROW, pa.int64()), *fields]) if numbered else plain
        return Batches(schema, self._each(sql, shapes, plain, schema, numbered=numbered))

    def _settled(self, shapes: Sequence[Shape], rest: str, source: str) -> list[Shape]:
        """Exact numbers without a declared scale get the one that their values need.

        It costs one more look at these columns. A value that comes in between and does not fit is told.
        Beyond 38 digits nothing exact is left, and the column is streamed as doubles, which is told too.
        """
        kind = self._server.kind
        loose = [one for one in shapes if one.loose]
        if not loose:
            return list(shapes)
        inner = self._select([quoted(one.column.name, kind) for one in loose], rest, source)
        parts = [part for one in loose for part in digits("x." + quoted(one.column.name, kind), one, kind)]
        sql = f"select {', '.join(f'{part} as d{n}' for n, part in enumerate(parts))} from ({inner}) x"  # noqa: S608 - quoted names
        _, ((*found,),) = self._server.ask(sql, limit=1)
        needed = dict(
            zip((one.column.name for one in loose), zip(found[::2], found[1::2], strict=True), strict=True)
        )
        settled = []
        for one in shapes:
            before, after = needed.get(one.column.name, (None, None))
            if before is not None and before + after <= MOST_DIGITS:
                one = replace(one, arrow=pa.decimal128(int(before + after), int(after)))
                self._doubles.discard(one.column.name)
            elif before is not None:
                self._doubles.add(one.column.name)
            settled.append(one)
        return settled

    def _each(
        self, sql: str, shapes: Sequence[Shape], plain: pa.Schema, schema: pa.Schema, *, numbered: bool
    ) -> Iterator[pa.RecordBatch]:
        pace, before, account = Pace(), 0, Account()
        for rows in self._server.stream(sql, pace):
            found = batch(rows, shapes, plain, account)
            self._account.learn(account)
            # So many rows at a time that a batch stays small however large a cell is.
            fitting = int(_BYTES / max(1.0, found.nbytes / len(rows)))
            pace.rows = max(1, min(_MOST, 8 * pace.rows, fitting))
            if numbered:
                numbers = pa.array(range(before, before + len(rows)), pa.int64())
                found = pa.RecordBatch.from_arrays([numbers, *found.columns], schema=schema)
            before += len(rows)
            yield found

    def _select(self, cells: Sequence[str], rest: str, source: str = "") -> str:
        names = [quoted(one, self._server.kind) for one in self._order.names]
        if self._order.place:
            names = [self._order.place]
        order = f" order by {', '.join(names)}" if names and " where " not in rest and not source else ""
        return f"select {', '.join(cells)} from {source or self.relation}{order}{rest}"  # noqa: S608 - quoted names

    @staticmethod
    def _limit(limit: int | None) -> str:
        return "" if limit is None else f" limit {int(limit)}"

    def _chosen(self, columns: Sequence[str]) -> tuple[Shape, ...]:
        known = {one.column.name: one for one in self._shapes}
        lower = {name.casefold(): name for name in known}
        problems = [
            Problem(
                f"there is no column `{name}`",
                place=self._name,
                hint="there are " + ", ".join(f"`{one}`" for one in known),
            )
            for name in columns
            if name not in known and name.casefold() not in lower
        ]
        if problems:
            raise InputProblem("RW-DATA-174", problems)
        names = [name if name in known else lower[name.casefold()] for name in columns]
        return tuple(known[name] for name in names) or self._shapes

    def _findings(self) -> Iterator[Finding]:
        for name, count in sorted(self._account.unreadable.items()):
            kind = next(one.column for one in self._shapes if one.column.name == name)
            message = f"values of `{name}` that are no {kind.type.value}, such as a date 0000-00-00; they are empty in streams"
            yield Finding("RW-DATA-130", message, self._name, "correct them; their text is kept", count)
        for name, count in sorted(self._account.broken.items()):
            message = f"texts of `{name}` with characters that are not of the encoding, read as `\ufffd`"
            yield Finding("RW-DATA-102", message, self._name, "correct them where they are written", count)
        unknown = [one.column.name for one in self._shapes if one.column.type is ColumnType.UNKNOWN]
        if unknown:
            message = "columns of a type that is not known here are read as text: " + ", ".join(
                f"`{one}`" for one in unknown[:8]
            )
            yield Finding("RW-DATA-131", message, self._name, "", len(unknown))
        if self._doubles:
            message = "numbers of too many digits for any exact type are streamed as doubles: " + ", ".join(
                f"`{one}`" for one in sorted(self._doubles)[:8]
            )
            yield Finding(
                "RW-DATA-132", message, self._name, "questions and texts are exact", len(self._doubles)
            )

    def close(self) -> None:
        """Close its connections. Used again, new ones open."""
        self._server.close()


def _as_text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    return (
        bytes(cell).decode("utf-8", "replace")
        if isinstance(cell, bytes | bytearray | memoryview)
        else str(cell)
    )
