"""Tables for the checker's tests: small datasets straight on duckdb, sqlite3 and psycopg, which count what is asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import re2

from roadworthy.data import Column, ColumnType, Guess, Partition, Profile, Reading, Snapshot, Texts
from roadworthy.errors import InputProblem, Unavailable

T = ColumnType
DUCK = {
    T.TEXT: "VARCHAR",
    T.INTEGER: "BIGINT",
    T.NUMBER: "DOUBLE",
    T.BOOLEAN: "BOOLEAN",
    T.DATE: "DATE",
    T.TIMESTAMP: "TIMESTAMP",
}
LITE = {
    T.TEXT: "TEXT",
    T.INTEGER: "INTEGER",
    T.NUMBER: "REAL",
    T.BOOLEAN: "BOOLEAN",
    T.DATE: "DATE",
    T.TIMESTAMP: "TIMESTAMP",
}
POST = {
    T.TEXT: "text",
    T.INTEGER: "bigint",
    T.NUMBER: "double precision",
    T.BOOLEAN: "boolean",
    T.DATE: "date",
    T.TIMESTAMP: "timestamp",
}
ARROW = {T.TEXT: pa.string(), T.INTEGER: pa.int64(), T.NUMBER: pa.float64(), T.BOOLEAN: pa.bool_(), T.DATE: pa.date32(), T.TIMESTAMP: pa.timestamp("us")}  # fmt: skip


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Table:
    """What the three have in common. ``broken`` makes a question that holds this text fail."""

    connection: Any
    columns: tuple[Column, ...]
    relation: str
    name: str = "t"
    dialect: Any = "duckdb"
    format: str = "parquet"
    place: str = ""
    asked: list[str] = field(default_factory=list)
    broken: str = ""
    gone: str = ""
    partitions: tuple[Partition, ...] = ()
    relations: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False

    @property
    def reading(self) -> Reading:
        return Reading(Guess(self.format))

    def snapshot(self) -> Snapshot:
        return Snapshot(self.partitions)

    def only(self, partitions: Sequence[str]) -> Table:
        whole = " union all ".join(f"select * from {self.relations[one]}" for one in partitions)
        part = Table(self.connection, self.columns, f"({whole}) as p", self.name, self.dialect, self.format)
        part.asked, part.broken = self.asked, self.broken
        return part

    def rows(self, sql: str, *, limit: int = 100_000) -> list[dict[str, Any]]:
        self.asked.append(sql)
        if self.gone and self.gone in sql:
            raise Unavailable("RW-TEST-001", "the connection was lost", retry_is_safe=True)
        if self.broken and self.broken in sql:
            raise InputProblem("RW-TEST-002", "could not convert string 'Ada Lovelace' to a number")
        return self._fetched(sql, limit)

    def _fetched(self, sql: str, limit: int) -> list[dict[str, Any]]:
        try:
            cursor = self.connection.execute(sql.encode() if self.dialect == "postgres" else sql)
            names = [one[0] for one in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchmany(limit)]
        except (duckdb.Error, sqlite3.Error, psycopg.Error) as problem:
            if self.dialect == "postgres":
                self.connection.rollback()
            raise InputProblem("RW-TEST-002", f"{problem}") from None

    def stream(
        self, columns: Sequence[str] = (), *, limit: int | None = None, numbered: bool = False
    ) -> Any:
        wanted = [one for one in self.columns if one.name in columns]
        names = ", ".join(quoted(one.name) for one in wanted)
        found = self._fetched(f"select {names} from {self.relation}", 10**9)
        fields = [(one.name, ARROW[one.type]) for one in wanted]
        if numbered:
            found = [{"__row": number, **row} for number, row in enumerate(found)]
            fields.insert(0, ("__row", pa.int64()))
        return pa.Table.from_pylist(found, schema=pa.schema(fields))

    def texts(self, columns: Sequence[str] = (), *, limit: int | None = None) -> Texts:
        raise NotImplementedError

    def close(self) -> None:
        self.closed = True


class Bench:
    """A workbench of DuckDB in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.landed: list[Table] = []

    def open(self, location: str, **reading: object) -> Table:
        raise NotImplementedError

    def land(self, name: str, stream: Any) -> Table:
        arrived = pa.table(stream)
        number = f"landed_{len(self.landed)}"
        self.connection.execute(f"create table {number} as select * from arrived")
        kinds = {kind: known for known, kind in ARROW.items()}
        columns = tuple(Column(one.name, kinds[one.type], DUCK[kinds[one.type]]) for one in arrived.schema)
        self.landed.append(Table(self.connection, columns, number, name, "duckdb", "arrow"))
        return self.landed[-1]

    def profile(self, dataset: Any, *, sample: int | None = None) -> Profile:
        raise NotImplementedError

    def close(self) -> None:
        self.connection.close()


Spec = Mapping[str, ColumnType]


def duck(spec: Spec, rows: Sequence[Sequence[Any]], *, name: str = "t", **more: Any) -> Table:
    connection = duckdb.connect(config={"threads": 1})
    return _filled(connection, spec, rows, DUCK, "duckdb", "?", name, more)


def lite(
    spec: Spec, rows: Sequence[Sequence[Any]], *, name: str = "t", connection: Any = None, **more: Any
) -> Table:
    connection = connection or sqlite3.connect(":memory:")
    connection.create_function(
        "regexp", 2, lambda pattern, value: value is not None and bool(re2.search(pattern, value))
    )
    return _filled(connection, spec, rows, LITE, "sqlite", "?", name, {"format": "table", **more})


def post(address: str, spec: Spec, rows: Sequence[Sequence[Any]], *, name: str = "t", **more: Any) -> Table:
    connection = psycopg.connect(address, autocommit=True)
    return _filled(connection, spec, rows, POST, "postgres", "%s", name, {"format": "table", **more})


def _filled(
    connection: Any, spec: Spec, rows: Sequence[Sequence[Any]], natives: Mapping[ColumnType, str], dialect: str,
    mark: str, name: str, more: Mapping[str, Any],
) -> Table:  # fmt: skip
    declared = ", ".join(f"{quoted(column)} {natives[kind]}" for column, kind in spec.items())
    create = f"create table {quoted(name)} ({declared})"
    connection.execute(create.encode() if dialect == "postgres" else create)
    into = f"insert into {quoted(name)} values ({', '.join([mark] * len(spec))})"
    for row in rows:
        connection.execute(into.encode() if dialect == "postgres" else into, list(row))
    columns = tuple(Column(column, kind, natives[kind]) for column, kind in spec.items())
    return Table(connection, columns, quoted(name), name, dialect, **more)
