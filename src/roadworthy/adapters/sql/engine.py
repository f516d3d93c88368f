"""The database: one engine for SQLite and Postgres, its two kinds of transaction, and its errors."""

from __future__ import annotations

import errno
import os
import re
import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import ConnectionPoolEntry

from roadworthy.errors import Conflict, Corrupt, InputProblem, Problem, RoadworthyError, Unavailable

FORMS = "`sqlite:///folder/roadworthy.sqlite` or `postgresql://user:password@host/database`"
CACHE_KB = 32_768
"""Pages of a SQLite file that a connection keeps, at most; a small file takes no more than it has."""
_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}


def open_engine(url: str, *, pool_size: int = 8, busy_timeout_s: float = 10.0) -> sa.Engine:
    """The engine that every adapter of one installation shares.

    SQLite: the file is made if it is missing, readable by its owner only; opened at once. Postgres:
    nothing is connected before the first transaction. ``busy_timeout_s`` is how long a SQLite writer
    waits for another one.
    Errors: ``InputProblem`` RW-STORE-007 for an address of another form; ``Unavailable`` RW-STORE-004
    for a folder that is missing or may not be written, and what ``translate`` lists.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise _bad_address("the database address cannot be read") from None
    if parsed.drivername in _POSTGRES:
        return _open_postgres(parsed, pool_size)
    if parsed.drivername in _SQLITE:
        return _open_sqlite(parsed, pool_size, busy_timeout_s)
    raise _bad_address(f"`{parsed.drivername}` is not a kind of database Roadworthy keeps its state in")


@contextmanager
def begin_read(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one moment of the database and writes nothing.

    Readers never wait for a writer, nor it for them. Errors: as ``translate``.
    """
    with _border(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
            before = _changes(connection)
            yield connection
            # Invariant: what a read transaction wrote would be rolled back in silence.
            assert _changes(connection) == before, "a read transaction wrote"
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection


@contextmanager
def begin_write(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that commits on leaving and rolls back on an exception.

    SQLite takes its write lock at the beginning: a transaction that read first and then wrote could
    not be saved by waiting once another one had written between. Errors: as ``translate``; a
    connection lost while committing is ``Unavailable`` with ``retry_is_safe`` False.
    """
    with _border(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        try:
            connection.commit()
        except DBAPIError as fault:
            if not fault.connection_invalidated:
                raise
            raise Unavailable(
                "RW-STORE-008",
                f"the connection to {_place(engine)} was lost while committing; nobody knows whether it was",
                retry_is_safe=False,
                hint="look whether the change is there before it is made again",
            ) from fault


def translate(fault: Exception, *, place: str = "the database") -> RoadworthyError | None:
    """What a fault of SQLAlchemy means for people; None if it is a mistake of the program itself.

    RW-STORE-002 locked or in conflict (a retry is safe), 003 the row is there already, 004 the place
    cannot be opened or written, 008 the server cannot be reached or the connection was lost, 009 the
    file is damaged, 010 the disk is full, 011 the tables are not there, 012 all connections are taken.
    """
    if isinstance(fault, PoolExhausted):
        return Unavailable(
            "RW-STORE-012",
            f"all connections to {place} are taken",
            retry_is_safe=True,
            hint="run fewer workers in this process, or allow it more connections",
        )
    if not isinstance(fault, DBAPIError):
        return None
    if isinstance(fault.orig, sqlite3.Error):
        return _translate_sqlite(fault.orig, place)
    if isinstance(fault.orig, psycopg.Error):
        return _translate_postgres(fault.orig, place, lost=fault.connection_invalidated)
    return None


@contextmanager
def _border(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    except sa.exc.SQLAlchemyError as fault:
        problem = translate(fault, place=_place(engine))
        if problem is None:
            raise
        raise problem from fault


def _place(engine: sa.Engine) -> str:
    """Where the database is, in words that hold no secret."""
    url = engine.url
    if engine.dialect.name == "sqlite":
        return f"`{url.database}`"
    return f"the database `{url.database}` at `{url.host or url.query.get('host', 'localhost')}`"


def _changes(connection: sa.Connection) -> int:
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver.total_changes


# ── opening ───────────────────────────────────────────────────────────────────────────────────────


def _bad_address(message: str) -> InputProblem:
    return InputProblem("RW-STORE-007", Problem(message, place="database", hint=f"write {FORMS}"))


def _open_postgres(url: sa.URL, pool_size: int) -> sa.Engine:
    if not url.database:
        raise _bad_address("the database address names no database")
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,  # a burst opens more for a moment rather than fails
        pool_timeout=10.0,
        connect_args={"connect_timeout": 5, "application_name": "roadworthy"},
    )

    @sa.event.listens_for(engine, "checkout")
    def look(driver: psycopg.Connection, _: ConnectionPoolEntry, __: object) -> None:
        """A server that closed an idle connection has said so: one that is silent is there, and needs no question."""
        heard = select.poll()
        try:
            heard.register(driver.pgconn.socket, select.POLLIN)
            if heard.poll(0):
                engine.dialect.do_ping(cast(DBAPIConnection, driver))
        except psycopg.OperationalError as fault:
            raise sa.exc.InvalidatePoolError from fault

    return engine


def _open_sqlite(url: sa.URL, pool_size: int, busy_timeout_s: float) -> sa.Engine:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise _bad_address("the database must be a file, several connections share it")
    _make_file(Path(url.database))
    engine = sa.create_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_timeout=10.0)

    @sa.event.listens_for(engine, "connect")
    def prepare(driver: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        # The driver's own way: a statement that writes outside ``begin_write`` takes the lock first.
        driver.isolation_level = "IMMEDIATE"
        driver.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
        driver.execute("PRAGMA journal_mode=WAL")
        # With WAL a power cut may undo the last commits but never damages the file.
        driver.execute("PRAGMA synchronous=NORMAL")
        driver.execute("PRAGMA foreign_keys=ON")
        # Two megabytes, as SQLite has it, hold less than one page of the dashboard reads of a large database.
        driver.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        if sqlite3.sqlite_version_info < (3, 42):
            # The durable engine asks for milliseconds, which older SQLite answers with NULL.
            driver.create_function("unixepoch", 1, _unixepoch)

    try:
        with _border(engine), engine.connect():
            return engine
    except RoadworthyError:
        engine.dispose()
        raise


def _unixepoch(modifier: str) -> float:
    return time.time() if modifier in {"subsec", "subsecond"} else int(time.time())


def _make_file(path: Path) -> None:
    """Make the file before SQLite does, which would let everybody read it; WAL files take its mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as fault:
        if fault.errno == errno.ENOSPC:
            raise _full(f"`{path}`") from fault
        if isinstance(fault, FileNotFoundError):
            hint = f"make the folder: `mkdir -p {path.parent}`"
        else:
            hint = "choose another place, or let this user write there"
        raise _closed(
            f"`{path}` cannot be opened: {os.strerror(fault.errno or 0).lower()}", hint
        ) from fault


# ── errors ────────────────────────────────────────────────────────────────────────────────────────


def _full(place: str) -> Unavailable:
    return Unavailable(
        "RW-STORE-010",
        f"no space is left for {place}; nothing of the last change was kept",
        retry_is_safe=True,
        hint="make room on its disk, then do it again",
    )


def _closed(message: str, hint: str) -> Unavailable:
    return Unavailable("RW-STORE-004", message, retry_is_safe=True, hint=hint)


def _busy(place: str) -> Unavailable:
    return Unavailable(
        "RW-STORE-002",
        f"{place} is locked by another transaction",
        retry_is_safe=True,
        hint="try again; if it stays so, look for a process that keeps a transaction open",
    )


def _taken() -> Conflict:
    return Conflict("RW-STORE-003", "another change was faster: the row is there already")


def _not_set_up(place: str) -> Unavailable:
    return Unavailable(
        "RW-STORE-011",
        f"{place} lacks Roadworthy's tables",
        retry_is_safe=True,
        hint="let `roadworthy up` set it up first",
    )


def _translate_sqlite(fault: sqlite3.Error, place: str) -> RoadworthyError | None:
    name = getattr(fault, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _busy(place)
    if name == "SQLITE_FULL":
        return _full(place)
    if name.startswith(
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_AUTH")
    ):
        return _closed(
            f"{place} cannot be opened or written",
            "see that its folder exists, that this user may write there and that the disk is sound",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return Corrupt(
            "RW-STORE-009",
            f"{place} is no sound database",
            broken=[place],
            intact="what the last backup holds",
            hint="stop all processes and restore the last backup",
        )
    if name in {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}:
        return _taken()
    if "no such table" in str(fault):
        return _not_set_up(place)
    return None


def _translate_postgres(fault: psycopg.Error, place: str, *, lost: bool) -> RoadworthyError | None:
    state = fault.sqlstate or ""
    if state in {"40001", "40P01", "55P03"}:
        return _busy(place)
    if state == "53100":
        return _full(place)
    if state == "25006":
        return _closed(
            f"{place} may not be written: it is a copy or set to read only", "use the primary server"
        )
    if state == "23505":
        return _taken()
    if state in {"42P01", "3F000"}:
        return _not_set_up(place)
    refused = not state and isinstance(fault, psycopg.OperationalError)
    if lost or refused or re.match("08|28|3D|53|57P", state):
        return Unavailable(
            "RW-STORE-008",
            f"{place} cannot be reached",
            retry_is_safe=True,
            hint="see that the server runs, knows this database and lets this user in",
        )
    return None
