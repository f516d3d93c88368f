"""The schema `knowledge`, its transactions, and what can go wrong with the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from roadworthy.errors import Corrupt, InputProblem, RoadworthyError, Unavailable

Row = Any
_FORMAT = 1
_NO_TABLES = ("3F000", "42P01")
"""SQLSTATE of a schema or table that is not there."""
_LOCK = 0x6B6E6F77  # "know": held while the schema is made

# Stems of English words as in Postgres' own configuration, but no stop words: those of English are words elsewhere.
_TABLES = (
    "CREATE TEXT SEARCH DICTIONARY knowledge.stems (TEMPLATE = snowball, LANGUAGE = english)",
    "CREATE TEXT SEARCH CONFIGURATION knowledge.words (COPY = simple)",
    (
        "ALTER TEXT SEARCH CONFIGURATION knowledge.words"
        " ALTER MAPPING FOR asciiword, word, numword WITH knowledge.stems"
    ),
    (
        "CREATE TABLE knowledge.home (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, use_case text NOT NULL,"
        " source text NOT NULL, version text NOT NULL, UNIQUE (use_case, source, version))"
    ),
    (
        "CREATE TABLE knowledge.access (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home bigint NOT NULL,"
        " digest text NOT NULL, demands text NOT NULL, UNIQUE (home, digest))"
    ),
    (
        "CREATE TABLE knowledge.document (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home bigint NOT NULL,"
        ' name text COLLATE "C" NOT NULL, access bigint NOT NULL, stamp text NOT NULL, version text NOT NULL,'
        " title text NOT NULL, topic text NOT NULL, language text NOT NULL, owner text NOT NULL, origin text NOT NULL,"
        " updated text, valid_from text, valid_until text, facts text NOT NULL, blocks text NOT NULL, UNIQUE (home, name))"
    ),
    "CREATE INDEX ON knowledge.document (access)",
    (
        "CREATE TABLE knowledge.chunk (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home bigint NOT NULL,"
        " document bigint NOT NULL, access bigint NOT NULL, ordinal integer NOT NULL, key text NOT NULL,"
        " start integer NOT NULL, until integer NOT NULL, page integer NOT NULL, headings text NOT NULL,"
        " text text NOT NULL, words tsvector NOT NULL, UNIQUE (home, key))"
    ),
    "CREATE INDEX ON knowledge.chunk (document, ordinal)",
    "CREATE INDEX ON knowledge.chunk (home, access)",
    "CREATE INDEX ON knowledge.chunk USING gin (words)",
    (
        "CREATE TABLE knowledge.model (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home bigint NOT NULL,"
        " digest text NOT NULL, dimensions integer NOT NULL, UNIQUE (home, digest))"
    ),
    (
        "CREATE TABLE knowledge.finding (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, home bigint NOT NULL,"
        " told_by text NOT NULL, document text NOT NULL, kind text NOT NULL, detail text NOT NULL, place text NOT NULL,"
        " subjects text[] NOT NULL DEFAULT '{}')"
    ),
    "CREATE INDEX ON knowledge.finding (home, document)",
    # Statistics of a column are a sample of its values, which would outlive an erasure in a table of the server.
    *(
        f"ALTER TABLE knowledge.{table} "
        + ", ".join(f"ALTER {column} SET STATISTICS 0" for column in columns)
        for table, columns in {
            "access": ("digest", "demands"),
            "document": ("name", "title", "topic", "owner", "origin", "facts", "blocks"),
            "chunk": ("headings", "text", "words"),
            "finding": ("document", "detail", "place", "subjects"),
        }.items()
    ),
    "CREATE TABLE knowledge.format (number integer NOT NULL)",
    f"INSERT INTO knowledge.format VALUES ({_FORMAT:d})",  # noqa: S608
)


class Session:
    """Statements of one transaction: ``%s`` stands for a bound value."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, *values: object) -> None:
        """Carry out a statement that answers nothing."""
        self._connection.exec_driver_sql(statement, values)

    def rows(self, statement: str, *values: object) -> list[Row]:
        return list(self._connection.exec_driver_sql(statement, values).fetchall())

    def one(self, statement: str, *values: object) -> Row | None:
        """The first row of the answer, if there is one."""
        return self._connection.exec_driver_sql(statement, values).fetchone()


class Server:
    """A Postgres database with pgvector. Several processes may use it."""

    def __init__(self, address: str) -> None:
        self._engine = sa.create_engine(
            sa.make_url(address).set(drivername="postgresql+psycopg"),
            pool_size=8,
            max_overflow=8,
            pool_timeout=10.0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "application_name": "roadworthy"},
        )
        self._ready = False
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Server({self._engine.url.database!r})"

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One moment of the database. Errors: as ``_translated``."""
        self._set_up()
        with self._border(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield Session(connection)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that commits on leaving. Errors: as ``_translated``."""
        self._set_up()
        with self._border(), self._engine.begin() as connection:
            yield Session(connection)

    def alone(self, *statements: str) -> None:
        """Statements that may stand in no transaction, such as VACUUM."""
        with self._border(), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in statements:
                connection.exec_driver_sql(statement)

    def _set_up(self) -> None:
        with self._lock:
            if self._ready:
                return
            with self._border(), self._engine.begin() as connection:
                session = Session(connection)
                session.run("SELECT pg_advisory_xact_lock(%s)", _LOCK)
                found = session.one("SELECT to_regclass('knowledge.format') IS NOT NULL")
                if found is None or not found[0]:
                    _need_pgvector(session)
                    session.run("CREATE SCHEMA IF NOT EXISTS knowledge")
                    for statement in _TABLES:
                        session.run(statement)
                number = session.one("SELECT number FROM knowledge.format")
                if number is None or number[0] != _FORMAT:
                    raise Corrupt(
                        "RW-KNOWLEDGE-031",
                        "the schema `knowledge` of the database was made by another version",
                        broken=["knowledge"],
                        intact="the documents themselves: the index is made from them",
                        hint="drop the schema `knowledge` and build the index anew",
                    )
            self._ready = True

    @contextmanager
    def _border(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as fault:
            if _state(fault) in _NO_TABLES:
                # Somebody dropped the schema: the next use makes it anew.
                self._ready = False
            problem = _translated(fault)
            if problem is None:
                raise
            raise problem from fault


def _need_pgvector(session: Session) -> None:
    """Errors: ``InputProblem`` RW-KNOWLEDGE-040 where the extension is missing or older than 0.8."""
    found = session.one("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    if found is None:
        raise InputProblem(
            "RW-KNOWLEDGE-040",
            "the database has no extension `vector` (pgvector), which a knowledge index needs",
            hint="install pgvector 0.8 or newer on the server, or keep the index in a file",
        )
    session.run("CREATE EXTENSION IF NOT EXISTS vector")
    version = session.one("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    assert version is not None
    if tuple(int(part) for part in version[0].split(".")[:2]) < (0, 8):
        raise InputProblem(
            "RW-KNOWLEDGE-040",
            f"the database has pgvector {version[0]}, found too old: 0.8 or newer is needed",
            hint="update the extension: `ALTER EXTENSION vector UPDATE`",
        )


def _translated(fault: SQLAlchemyError) -> RoadworthyError | None:
    """RW-KNOWLEDGE-030 where the server is out of reach, in use, full or forbids; None: a mistake of the program."""
    state = _state(fault)
    if state in _NO_TABLES:
        return Unavailable(
            "RW-KNOWLEDGE-030",
            "the tables of the knowledge index were dropped while it was in use",
            retry_is_safe=True,
            hint="try again, then build the index anew with `roadworthy knowledge build`",
        )
    if not state.startswith(("pool", "08", "28", "3D", "40", "42501", "53", "55P03", "57P", "25006")):
        return None
    return Unavailable(
        "RW-KNOWLEDGE-030",
        "the database of the knowledge index cannot be reached or written",
        retry_is_safe=True,
        hint="see that the server runs, has room, and lets this user make the schema `knowledge`",
    )


def _state(fault: SQLAlchemyError) -> str:
    if isinstance(fault, PoolExhausted):
        return "pool"
    if isinstance(fault, DBAPIError) and isinstance(fault.orig, psycopg.Error):
        return fault.orig.sqlstate or ("08" if isinstance(fault.orig, psycopg.OperationalError) else "")
    return ""
