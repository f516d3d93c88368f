"""Connections to a database: read-only in every way it offers, with a time limit, one statement at a time."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, cast

import sqlalchemy
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool, QueuePool

from roadworthy.adapters.databases.kinds import Kind
from roadworthy.adapters.databases.question import why_not
from roadworthy.adapters.databases.trouble import Trouble
from roadworthy.errors import RoadworthyError

CONNECT_S = 5
LOCK_WAIT_S = 2.0
MOST_NAMES = 1_000_000
_STEPS_BETWEEN_LOOKS = 20_000


@dataclass(slots=True)
class Pace:
    """How many rows the next piece of a stream has. The first is small: how large a cell is, nobody knows yet."""

    rows: int = 16


class Server:
    """One database of one address. ``place`` says where it is, in words that hold no secret."""

    def __init__(self, url: URL, kind: Kind, *, place: str, timeout_s: float) -> None:
        self.kind = kind
        self.place = place
        self.timeout_s = timeout_s
        self.trouble = Trouble(place, timeout_s)
        self._translate: Callable[..., RoadworthyError] = {
            "postgres": self.trouble.of_postgres,
            "mysql": self.trouble.of_mysql,
            "sqlite": self.trouble.of_sqlite,
        }[kind]
        self.file = Path(url.database or "") if kind == "sqlite" else None
        self.mark = hashlib.sha256(
            f"{kind} {url.render_as_string(hide_password=False)}".encode()
        ).hexdigest()
        self._engine = sqlalchemy.create_engine(
            _address(url, kind),
            # A file may be put in place anew at any time: no connection to the old one is kept.
            poolclass=NullPool if kind == "sqlite" else QueuePool,
            connect_args=_arguments(url, kind, timeout_s),
            **(
                {}
                if kind == "sqlite"
                else {"pool_size": 2, "max_overflow": 6, "pool_timeout": CONNECT_S, "pool_pre_ping": True}
            ),
        )

        # Idle connections are closed with the last table that used them, even if nobody closed it.
        weakref.finalize(self, self._engine.dispose)
        if kind == "postgres":
            sqlalchemy.event.listen(self._engine, "connect", _tolerate)

    def ask(self, sql: str, *, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names and rows of the answer to one question, in a read-only transaction that is rolled back."""
        self.check(sql)
        with self._connection() as raw, self._translated(sql):
            self._begin(raw, limit=limit)
            cursor = raw.cursor()
            try:
                if self.kind == "postgres":
                    # `stream` uses the extended protocol, in which the server takes one statement only: with
                    # several, the first could end the read-only transaction.
                    with closing(cursor.stream(sql)) as found:
                        rows = list(islice(found, limit))
                else:
                    cursor.execute(sql)
                    rows = list(cursor.fetchmany(limit))
                return [column[0] for column in cursor.description or ()], rows
            finally:
                self._quietly(cursor)

    def look_up(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """The rows of a question about the catalogue, in which values are bound."""
        with self._connection() as raw, self._translated(sql):
            self._begin(raw, limit=MOST_NAMES)
            cursor = raw.cursor()
            try:
                cursor.execute(sql, *((values,) if values else ()))
                return list(cursor.fetchall())
            finally:
                self._quietly(cursor)

    def stream(self, sql: str, pace: Pace) -> Iterator[list[tuple[Any, ...]]]:
        """All rows of a selection written here, piece by piece; the server keeps what was not asked for yet.

        A connection that is lost in between is an error, never an end.
        """
        with self._connection() as raw, self._translated(sql):
            self._begin(raw)
            cursor = self._serverside(raw)
            try:
                cursor.execute(sql)
                while True:
                    self._allow(raw)
                    if not (rows := cursor.fetchmany(pace.rows)):
                        return
                    yield list(rows)
            finally:
                if self.kind == "mysql":
                    _abandon(raw.driver_connection)
                self._quietly(cursor)

    def check(self, sql: str) -> None:
        """Errors: ``InputProblem`` RW-DATA-174 for what is not one question. The database enforces the rest."""
        if message := why_not(sql, self.kind):
            raise self.trouble.question("" if "\0" in sql else sql, message)

    def _serverside(self, raw: Any) -> Any:
        if self.kind == "postgres":
            return raw.cursor(name="roadworthy")
        if self.kind == "mysql":
            from pymysql.cursors import SSCursor

            return raw.cursor(SSCursor)
        return raw.cursor()

    def _begin(self, raw: Any, *, limit: int | None = None) -> None:
        """Read-only from here on. Without a limit the rows are streamed, for as long as it takes."""
        if self.kind == "sqlite":
            self._allow(raw)
            return
        cursor = raw.cursor()
        if self.kind == "postgres":
            cursor.execute("set transaction read only")
            if limit is None:
                # In the order in which the rows lie, the same for every selection of columns.
                for name in (
                    "synchronize_seqscans",
                    "enable_indexscan",
                    "enable_indexonlyscan",
                    "enable_bitmapscan",
                ):
                    cursor.execute(f"set local {name} = off")
                cursor.execute("set local max_parallel_workers_per_gather = 0")
        else:
            # A stream takes as long as its reader does: the limit would end it in the middle.
            seconds = 0.0 if limit is None else self.timeout_s
            cursor.execute("select version()")
            version = str((cursor.fetchone() or ("",))[0])
            if "MariaDB" in version:
                cursor.execute(f"set session max_statement_time = {seconds:f}")
            else:
                cursor.execute(f"set session max_execution_time = {int(seconds * 1000)}")
            most = "default" if limit is None else str(int(limit))
            cursor.execute(f"set session sql_select_limit = {most}")
            # With the server's own mode a backslash or a double quote could mean something else than where
            # questions are checked.
            cursor.execute("set session sql_mode = '', time_zone = '+00:00', net_write_timeout = 3600")
            cursor.execute("set session transaction isolation level repeatable read")
            cursor.execute("start transaction with consistent snapshot, read only")
        cursor.close()

    def _allow(self, raw: Any) -> None:
        if self.kind == "sqlite":
            deadline = time.monotonic() + self.timeout_s
            raw.driver_connection.set_progress_handler(
                lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS
            )

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        if self.file is not None and not self.file.is_file():
            raise self.trouble.unreachable()
        try:
            raw = self._engine.raw_connection()
        except Exception as fault:  # noqa: BLE001 - three drivers, translated
            raise self._translate(_original(fault), "", connecting=True) from None
        try:
            if self.kind == "sqlite":
                _prepare_sqlite(cast(sqlite3.Connection, raw.driver_connection))
            yield raw
            raw.rollback()
        except BaseException:
            # Whatever state it is in: nobody else gets it.
            raw.invalidate()
            raise
        finally:
            raw.close()

    @contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        try:
            yield
        except (RoadworthyError, GeneratorExit):
            raise
        except Exception as fault:  # noqa: BLE001 - three drivers, translated
            raise self._translate(_original(fault), sql, connecting=False) from None

    @staticmethod
    def _quietly(cursor: Any) -> None:
        # A cursor of a connection that is lost cannot be closed, and need not be.
        with suppress(Exception):
            cursor.close()

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()


def _address(url: URL, kind: Kind) -> URL:
    if kind == "sqlite":
        path = Path(url.database or "").absolute()
        return URL.create("sqlite", database=f"{path.as_uri()}", query={"mode": "ro", "uri": "true"})
    return url.set(drivername="postgresql+psycopg" if kind == "postgres" else "mysql+pymysql")


def _arguments(url: URL, kind: Kind, timeout_s: float) -> dict[str, Any]:
    if kind == "sqlite":
        return {"timeout": LOCK_WAIT_S, "check_same_thread": False}
    if kind == "postgres":
        given = url.query.get("options", "")
        settings = {
            "default_transaction_read_only": "on",
            "statement_timeout": f"{timeout_s * 1000:.0f}",
            "lock_timeout": f"{LOCK_WAIT_S * 1000:.0f}",
            # In how a moment is spelled, servers and users differ.
            "TimeZone": "UTC",
            "DateStyle": "ISO",
            "IntervalStyle": "postgres",
        }
        # Those of the address come first, such as a search path: of two, the last one counts.
        parts = [given if isinstance(given, str) else " ".join(given)]
        limits = " ".join(parts + [f"-c {name}={value}" for name, value in settings.items()]).strip()
        return {
            "connect_timeout": CONNECT_S,
            "application_name": "roadworthy",
            "options": limits,
            "autocommit": False,
        }
    return {
        "connect_timeout": CONNECT_S,
        "read_timeout": max(1, int(timeout_s) + CONNECT_S),
        "charset": "utf8mb4",
        "local_infile": False,
        # Nothing leaves the machine through a socket, and reading all certificates takes a tenth of a second.
        **({"ssl_disabled": True} if "unix_socket" in url.query else {}),
    }


def _tolerate(connection: Any, record: object) -> None:
    """Dates that Python does not have (`infinity`, year 12000) come as they are spelled, not as a fault."""
    from psycopg import DataError
    from psycopg.types import datetime as loaders

    def lenient(loader: type[Any]) -> type[Any]:
        class Lenient(loader):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Lenient

    for name, loader in (
        ("date", loaders.DateLoader),
        ("timestamp", loaders.TimestampLoader),
        ("timestamptz", loaders.TimestamptzLoader),
    ):
        connection.adapters.register_loader(name, lenient(loader))


def _abandon(connection: Any) -> None:
    """Let go of rows that were not read: closing an unbuffered result would read them all first.

    PyMySQL offers no other way (see the comment in its ``_finish_unbuffered_query``).
    """
    result = getattr(connection, "_result", None)
    if result is not None and result.unbuffered_active:
        result.unbuffered_active = False
        result.connection = None


def _original(fault: BaseException) -> BaseException:
    return getattr(fault, "orig", None) or fault


def _prepare_sqlite(connection: sqlite3.Connection) -> None:
    connection.execute("pragma query_only = on")
    # `attach` would open any other file, in a mode of its own choice.
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.create_function("regexp", 2, _matches, deterministic=True)
    # Texts that are no UTF-8 are told by the reader of a table, not by a fault in its middle.
    connection.text_factory = _text


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _matches(pattern: object, value: object) -> int | None:
    """``value regexp pattern`` in SQLite: found anywhere, in time that grows with the text only."""
    if pattern is None or value is None:
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return int(_compiled(str(pattern)).search(text) is not None)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
