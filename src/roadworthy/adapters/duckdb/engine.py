"""One DuckDB in memory that spills into a folder of its own and sees no file but those it is shown."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from roadworthy.adapters.duckdb.question import allow, refused, shown
from roadworthy.adapters.duckdb.spelling import literal, quoted
from roadworthy.adapters.duckdb.window import SCHEME, Window
from roadworthy.errors import InputProblem, Problem, RoadworthyError, Unavailable

BATCH = 32_768
_T = TypeVar("_T")

# Messages of these kinds are about the statement; others may quote a cell.
_ABOUT_SQL = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.SyntaxException,
)


class Engine:
    """Where the questions of a workbench are answered, each on a connection of its own."""

    def __init__(self, folder: Path, *, memory_limit: str, threads: int, question_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="workbench-", dir=folder))
        self.question_s = question_s
        self.window = Window()
        self._lock = threading.RLock()
        self._relations: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._closed = False
        try:
            self._database = duckdb.connect(
                ":memory:",
                config={
                    "memory_limit": memory_limit,
                    "threads": threads,
                    "temp_directory": str(self.folder / "spill"),
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "allow_community_extensions": False,
                    "allow_persistent_secrets": False,
                    "python_enable_replacements": False,
                    "enable_external_file_cache": False,
                },
            )
            self._database.register_filesystem(self.window)
            for statement in (
                "set TimeZone = 'UTC'",
                f"set allowed_directories = ['{SCHEME}://']",
                "set enable_external_access = false",
                "set lock_configuration = true",
            ):
                self._database.execute(statement)
        except (duckdb.Error, TypeError, ValueError) as fault:
            shutil.rmtree(self.folder, ignore_errors=True)
            message = str(fault).partition("\n")[0]
            raise InputProblem(
                "RW-DATA-151", Problem(f"the workbench cannot be set up: {message}")
            ) from None

    @property
    def relations(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._relations.values())

    def scratch(self) -> Path:
        """The path of a new temporary file."""
        with self._lock:
            return self.folder / f"{next(self._numbers)}.part"

    def show(self, path: Path) -> str:
        """Let the engine see a temporary file; the address it has there."""
        return self.window.show(LocalFileSystem(), str(path))

    def claim(self, name: str) -> str:
        """A name for a relation that no other has, close to what its dataset is called."""
        plain = name.replace("\0", "").strip() or "table"
        with self._lock:
            wanted, number = plain, 1
            while wanted.casefold() in self._relations:
                number += 1
                wanted = f"{plain}_{number}"
            self._relations[wanted.casefold()] = wanted
            return wanted

    def define(self, relation: str, select: str) -> None:
        """Let a claimed name stand for this selection."""
        with self._lock:
            self._do(f"create or replace view {quoted(relation)} as {select}")

    @contextmanager
    def kept(self, select: str) -> Iterator[str]:
        """The rows of a selection, computed once, under a name that no question of others can use."""
        name = quoted(f"kept {next(self._numbers)}")
        with self._cursor() as cursor:
            with self._translated(select):
                cursor.execute(f"create table {name} as {select}")
            try:
                yield name
            finally:
                with self._translated(select):
                    cursor.execute(f"drop table {name}")

    def release(self, relation: str) -> None:
        """Give a name back. Without effect when the workbench is closed already."""
        with self._lock:
            if not self._closed and self._relations.pop(relation.casefold(), ""):
                self._do(f"drop view if exists {quoted(relation)}")

    def _do(self, sql: str) -> None:
        with self._translated(sql):
            self._database.execute(sql)

    def question(self, sql: str, *, limit: int) -> list[dict[str, Any]]:
        """The answer to somebody else's question: checked, at most ``limit`` rows, within the time limit."""
        return self.answer(self.allowed(sql), limit=limit)

    def allowed(self, sql: str) -> str:
        """The question, if it may be put. Errors: ``InputProblem`` RW-DATA-154."""
        return allow(sql, self.relations, self._parse)

    def _parse(self, sql: str) -> str:
        with self._cursor() as cursor:
            row = cursor.execute("select json_serialize_sql(?)", [sql]).fetchone()
        return str(row[0]) if row else "{}"

    def answer(
        self, sql: str, *, limit: int | None = None, unlimited: bool = False
    ) -> list[dict[str, Any]]:
        """The rows of a selection written here, by column name. ``unlimited`` lifts the time limit, not the other."""

        def ask(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
            relation = cursor.sql(sql)
            if relation is None:
                raise refused(sql, "this is no question")
            names = relation.columns
            if len({name.casefold() for name in names}) != len(names):
                problem = Problem(
                    f"two columns have the same name, in `{shown(sql)}`", hint="name them with `as`"
                )
                raise InputProblem("RW-DATA-155", problem)
            if limit is not None:
                relation = relation.limit(limit)
            found: list[dict[str, Any]] = []
            for batch in relation.to_arrow_reader(BATCH):
                columns = [_values(column) for column in batch.columns]
                found.extend(dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
            return found

        return self.timed(sql, ask, unlimited=unlimited)

    def timed(
        self, sql: str, ask: Callable[[duckdb.DuckDBPyConnection], _T], *, unlimited: bool = False
    ) -> _T:
        """Do something on a connection of its own, which is interrupted when the time is over."""
        with self._cursor() as cursor:
            if unlimited:
                with self._translated(sql):
                    return ask(cursor)
            timer = threading.Timer(self.question_s, cursor.interrupt)
            timer.daemon = True
            timer.start()
            try:
                with self._translated(sql):
                    return ask(cursor)
            finally:
                timer.cancel()

    def batches(self, sql: str, *, rows: int = BATCH) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """A selection as record batches, in the order of its source. No time limit: the reader sets the pace."""
        cursor = self._database.cursor()
        with self._translated(sql):
            reader = cursor.sql(sql).to_arrow_reader(rows)

        def each() -> Iterator[pa.RecordBatch]:
            try:
                with self._translated(sql):
                    yield from reader
            finally:
                cursor.close()

        return reader.schema, each()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._closed:
            raise InputProblem("RW-DATA-155", "the workbench is closed")
        cursor = self._database.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as fault:
            raise self._trouble(fault, sql) from None
        except pa.ArrowException as fault:
            # The reader of a stream hears of the engine's troubles through Arrow, by their text alone.
            raise self._told(str(fault), sql) from None

    def _trouble(self, fault: duckdb.Error, sql: str) -> RoadworthyError:
        if isinstance(fault, duckdb.InterruptException):
            return self._slow()
        if isinstance(fault, duckdb.OutOfMemoryException):
            return self._full()
        if isinstance(fault, duckdb.PermissionException):
            return refused(sql, "a question sees the tables of the workbench and nothing else")
        if isinstance(fault, duckdb.IOException):
            return unreadable()
        if isinstance(fault, _ABOUT_SQL):
            message = " ".join(str(fault).partition("LINE ")[0].split())
            message = message.partition(" Error: ")[2] or message
            return InputProblem("RW-DATA-155", Problem(f"{message}, in `{shown(sql)}`"))
        problem = Problem(
            f"this question fails on a value, in `{shown(sql)}`",
            hint="use `try_cast` where a value may not fit",
        )
        return InputProblem("RW-DATA-155", problem)

    def _told(self, message: str, sql: str) -> RoadworthyError:
        if "Interrupt" in message or "INTERRUPT" in message:
            return self._slow()
        if "Out of Memory" in message:
            return self._full()
        if "IO Error" in message or "FileNotFound" in message:
            return unreadable()
        return InputProblem("RW-DATA-155", Problem(f"this question fails on a value, in `{shown(sql)}`"))

    def _slow(self) -> Unavailable:
        return Unavailable(
            "RW-DATA-156",
            f"the question was not answered within {self.question_s:g} s",
            retry_is_safe=True,
            hint="ask for less, or allow more time",
        )

    def _full(self) -> Unavailable:
        return Unavailable(
            "RW-DATA-157",
            "the question needs more memory or temporary disk space than the workbench has",
            retry_is_safe=True,
            hint="allow the workbench more memory, or free space in its folder",
        )

    def close(self) -> None:
        """End everything and remove all temporary files. Without effect when run twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._relations.clear()
            self._database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def unreadable() -> Unavailable:
    """A file that was there when it was opened cannot be read any more."""
    return Unavailable(
        "RW-DATA-161",
        "a file of this table went away or cannot be read any more",
        retry_is_safe=True,
        hint="open the table again",
    )


def _values(column: pa.Array) -> list[Any]:
    found: list[Any] = column.to_pylist()
    if pa.types.is_decimal(column.type) and column.type.scale == 0:
        # Sums of whole numbers come as decimals of 38 digits.
        return [None if value is None else int(value) for value in found]
    return found


def listed(addresses: list[str]) -> str:
    """Files of the window as the engine's list."""
    return "[" + ", ".join(literal(address) for address in addresses) + "]"
