"""The file: its tables, its connections, and what can go wrong with it."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple

from roadworthy.errors import Corrupt, RoadworthyError, Unavailable

BUSY_S = 20.0
"""How long a writer waits for another one: an erasure rewrites the file, which takes seconds."""
_KEPT_OPEN = 8
_OPENINGS = 5
"""How often a file is opened that is put in place of another one just then."""
_FORMAT = 2
TOKENIZER = "porter unicode61 remove_diacritics 2"

_TABLES = """
CREATE TABLE home (
  id INTEGER PRIMARY KEY, use_case TEXT NOT NULL, source TEXT NOT NULL, version TEXT NOT NULL,
  chunks_changed INTEGER NOT NULL DEFAULT 0, vectors_changed INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0, rewritten INTEGER NOT NULL DEFAULT 0,
  mark TEXT NOT NULL DEFAULT (hex(randomblob(16))),
  UNIQUE (use_case, source, version)
);
CREATE TABLE access (
  id INTEGER PRIMARY KEY AUTOINCREMENT, home INTEGER NOT NULL, digest TEXT NOT NULL, demands TEXT NOT NULL,
  UNIQUE (home, digest)
);
CREATE TABLE document (
  id INTEGER PRIMARY KEY AUTOINCREMENT, home INTEGER NOT NULL, name TEXT NOT NULL, access INTEGER NOT NULL,
  stamp TEXT NOT NULL, version TEXT NOT NULL, title TEXT NOT NULL, topic TEXT NOT NULL, language TEXT NOT NULL,
  owner TEXT NOT NULL, origin TEXT NOT NULL, updated TEXT, valid_from TEXT, valid_until TEXT,
  facts TEXT NOT NULL, blocks TEXT NOT NULL, UNIQUE (home, name)
);
CREATE INDEX document_access ON document (access);
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY AUTOINCREMENT, home INTEGER NOT NULL, document INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  key TEXT NOT NULL, start INTEGER NOT NULL, until INTEGER NOT NULL, page INTEGER NOT NULL, headings TEXT NOT NULL,
  text TEXT NOT NULL, UNIQUE (home, key)
);
CREATE INDEX chunk_place ON chunk (document, ordinal);
CREATE TABLE vector (
  id INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL, chunk INTEGER NOT NULL, row BLOB NOT NULL,
  UNIQUE (model, chunk)
);
CREATE INDEX vector_chunk ON vector (chunk);
CREATE TABLE finding (
  id INTEGER PRIMARY KEY AUTOINCREMENT, home INTEGER NOT NULL, told_by TEXT NOT NULL, document TEXT NOT NULL,
  kind TEXT NOT NULL, detail TEXT NOT NULL, place TEXT NOT NULL
);
CREATE INDEX finding_document ON finding (home, document);
"""

_STATEMENTS = tuple(statement.strip() for statement in _TABLES.split(";\n") if statement.strip())
_MADE_LATER = re.compile(r"words_[0-9]+(_[a-z]+)?|finding_subject")
_OUT_OF_REACH = (
    "SQLITE_AUTH", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_INTERRUPT", "SQLITE_IOERR", "SQLITE_NOLFS",
    "SQLITE_PERM", "SQLITE_PROTOCOL", "SQLITE_READONLY",
)  # fmt: skip
_UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading raises where bytes of the file are not those that were written."""

_log = logging.getLogger("roadworthy.knowledge")

Fault = sqlite3.Error | sqlite3.Warning | OSError
File = tuple[int, int]
"""Device and inode: another file in the same place has others."""


class Home(NamedTuple):
    """Which index of the file it is. Of no two files, nor of two tables made anew, the marks are the same."""

    number: int
    mark: str


NOWHERE = Home(0, "")
"""The index is not made yet: no row has this number."""


class Database:
    """One SQLite file. Several threads and processes may use it; connections are not carried over a fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._free: list[tuple[sqlite3.Connection, File]] = []
        self._process = os.getpid()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Database({str(self.path)!r})"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One moment of the file. Errors: as ``translated``."""
        with self._connection() as connection:
            self._begin(connection, "BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that commits on leaving and rolls back on an exception. Errors: as ``translated``."""
        with self._connection() as connection:
            self._begin(connection, "BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def rewrite(self) -> None:
        """Write the file anew without what was deleted, and cut the write-ahead log.

        Pages that were split keep old copies of rows between the new ones, which `secure_delete` does not reach.
        Errors: ``Unavailable`` RW-KNOWLEDGE-033 where another process reads too long; what was deleted stays so.
        """
        with self._connection() as connection:
            try:
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.OperationalError as fault:
                if not _is_busy(fault):
                    raise
                busy = 1
        if busy:
            raise Unavailable(
                "RW-KNOWLEDGE-033",
                f"what was erased is found no more, but `{self.path}` is in use and could not be rewritten",
                retry_is_safe=True,
                hint="erase again when no long search or backup runs",
            )

    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        total = 0
        for suffix in ("", "-wal"):
            with suppress(OSError):
                total += self.path.with_name(self.path.name + suffix).stat().st_size
        return total

    def close(self) -> None:
        with self._lock:
            for connection, _ in self._free:
                connection.close()
            self._free.clear()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._border():
            try:
                connection, file = self._take()
            except OSError as fault:
                raise self.translated(fault) from fault
            whole = False
            try:
                yield connection
                whole = True
            except RoadworthyError:
                whole = True
                raise
            finally:
                self._give_back(connection, file, whole=whole)

    @contextmanager
    def _border(self) -> Iterator[None]:
        """Whatever the file makes of reading and writing leaves as an error for people."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as fault:
            raise self.translated(fault) from fault
        except UnicodeEncodeError:
            # A text that was given to be written, not one that was read.
            raise
        except _UNREADABLE as fault:
            raise self.damaged("what stands in it is not what was written") from fault

    def _take(self) -> tuple[sqlite3.Connection, File]:
        with self._lock:
            if self._process != os.getpid():
                # Locks of a file belong to a process: the parent's connections are left to the parent.
                self._free, self._process = [], os.getpid()
            there = _file_at(self.path)
            for kept in [kept for kept in self._free if kept[1] != there]:
                # The file was moved away, deleted or replaced: what is kept still sees the old one.
                self._free.remove(kept)
                kept[0].close()
            if self._free:
                return self._free.pop()
        return self._open()

    def _give_back(self, connection: sqlite3.Connection, file: File, *, whole: bool) -> None:
        with self._lock:
            if whole and len(self._free) < _KEPT_OPEN and self._process == os.getpid():
                self._free.append((connection, file))
                return
        connection.close()

    def _open(self) -> tuple[sqlite3.Connection, File]:
        for _ in range(_OPENINGS):
            self._make()
            file = _file_at(self.path)
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None,
                check_same_thread=False, cached_statements=64,
            )  # fmt: skip
            try:
                # First, as the settings change the file, which may be somebody else's.
                self._kind(connection)
                for setting in (
                    "journal_mode=WAL",
                    # With WAL a power cut may undo the last commits but never damages the file.
                    "synchronous=NORMAL",
                    "secure_delete=ON",
                    # Sorting and rewriting leave no second copy in a temporary file.
                    "temp_store=MEMORY",
                    "cache_size=-16000",
                ):
                    connection.execute(f"PRAGMA {setting}")
                self._set_up(connection)
            except BaseException:
                connection.close()
                raise
            if file is not None and file == _file_at(self.path):
                return connection, file
            connection.close()
        raise OSError("the file is replaced again and again")

    def _make(self) -> None:
        """An empty file where there is none. Made before SQLite does, which would let everybody read it."""
        path = self.path.resolve()
        if path.exists():
            return
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            if path.exists():
                return
            for suffix in ("-wal", "-shm"):
                # Of a file that is gone: a process that still has it open must not share them with the new one.
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            # Closing a file drops all locks that this process has on it: closed before anybody can open it.
            beside = path.with_name(f".{path.name}.new")
            os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
            beside.replace(path)
        finally:
            os.close(folder)

    def _begin(self, connection: sqlite3.Connection, how: str) -> None:
        connection.execute(how)
        if _format(connection) != _FORMAT:
            # Another process made it anew since this connection was opened.
            connection.execute("ROLLBACK")
            self._set_up(connection)
            connection.execute(how)

    def _kind(self, connection: sqlite3.Connection) -> Literal["new", "sound", "older"]:
        """What the file is. Errors: ``Corrupt`` where it is none of ours, or of a newer format."""
        number = _format(connection)
        found = dict(
            connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
            ).fetchall()
        )
        wanted = {statement.split()[2]: statement for statement in _STATEMENTS if " TABLE " in statement}
        if not found:
            return "new"
        others = [name for name in found if name not in wanted and not _MADE_LATER.fullmatch(name)]
        if number > _FORMAT and "home" in found:
            raise self._untouched(
                f"the knowledge index `{self.path}` was made by a newer version of Roadworthy",
                hint="run the newer version, or name another file in `ROADWORTHY_KNOWLEDGE_URL` and build the index",
            )
        if others or not wanted.keys() <= found.keys():
            raise self._untouched(
                f"the file `{self.path}` holds other tables than those of a knowledge index",
                hint="name another file in `ROADWORTHY_KNOWLEDGE_URL`, or move this one away if it is of no use",
            )
        sound = number == _FORMAT and all(found[name] == statement for name, statement in wanted.items())
        return "sound" if sound else "older"

    def _untouched(self, message: str, hint: str) -> Corrupt:
        intact = "the file: it was not touched"
        return Corrupt("RW-KNOWLEDGE-031", message, broken=[str(self.path)], intact=intact, hint=hint)

    def _set_up(self, connection: sqlite3.Connection) -> None:
        """Make the tables where they are missing, and anew where they are of an older format."""
        if self._kind(connection) == "sound":
            return
        connection.execute("BEGIN EXCLUSIVE")
        try:
            kind = self._kind(connection)
            if kind == "older":
                _drop_all(connection)
            if kind != "sound":
                for statement in _STATEMENTS:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={_FORMAT}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if kind == "older":
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            _log.warning(
                "the knowledge index `%s` was of an older format and is made anew: build it with"
                " `roadworthy knowledge build`",
                self.path,
            )

    def translated(self, fault: Fault) -> RoadworthyError:
        """What a fault means for people: RW-KNOWLEDGE-030 out of reach or in use, 031 damaged or cut."""
        name = getattr(fault, "sqlite_errorname", "")
        if _is_busy(fault):
            return Unavailable(
                "RW-KNOWLEDGE-030",
                f"the knowledge index `{self.path}` is in use",
                retry_is_safe=True,
                hint="try again; if it stays so, look for a process that builds or erases",
            )
        cut = name == "SQLITE_IOERR_SHORT_READ"
        closed = isinstance(fault, sqlite3.ProgrammingError) and not name
        if cut or not (closed or isinstance(fault, OSError) or name.startswith(_OUT_OF_REACH)):
            return self.damaged("it is no sound database")
        return Unavailable(
            "RW-KNOWLEDGE-030",
            f"the knowledge index `{self.path}` cannot be opened or written",
            retry_is_safe=True,
            hint="see that its folder exists, that this user may write there and that the disk has room",
        )

    def damaged(self, why: str) -> Corrupt:
        """RW-KNOWLEDGE-031: what is broken, and that it can be made anew."""
        return Corrupt(
            "RW-KNOWLEDGE-031",
            f"the knowledge index `{self.path}` cannot be used: {why}",
            broken=[str(self.path)],
            intact="the documents themselves: the index is made from them",
            hint="move the file away and build the index anew with `roadworthy knowledge build`",
        )


def words_table(home: int) -> str:
    """The full-text table of one index: statistics of words are its own."""
    return f"words_{home:d}"


def home_of(connection: sqlite3.Connection, key: tuple[str, str, str]) -> Home:
    """The index of a use case, source and version; ``NOWHERE`` where it is not made yet.

    Asked in every transaction: a file may be put in place of another one, and its numbers mean other indexes.
    """
    found = connection.execute(
        "SELECT id, mark FROM home WHERE use_case = ? AND source = ? AND version = ?", key
    ).fetchone()
    return Home(int(found[0]), str(found[1])) if found else NOWHERE


def ensure_home(connection: sqlite3.Connection, key: tuple[str, str, str]) -> Home:
    """The index, made if it is new; inside a write."""
    found = home_of(connection, key)
    if found != NOWHERE:
        return found
    connection.execute("INSERT INTO home (use_case, source, version) VALUES (?, ?, ?)", key)
    home = home_of(connection, key)
    table = words_table(home.number)
    connection.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(text, content='', tokenize='{TOKENIZER}')")
    connection.execute(f"CREATE VIRTUAL TABLE {table}_places USING fts5vocab({table}, instance)")
    return home


def _file_at(path: Path) -> File | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _drop_all(connection: sqlite3.Connection) -> None:
    tables = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    ).fetchall()
    virtual = [(name, sql) for name, sql in tables if sql.startswith("CREATE VIRTUAL")]
    # What looks into full text goes before it, which takes its own tables along.
    for name, _ in sorted(virtual, key=lambda table: "fts5vocab" not in table[1]):
        connection.execute(f"DROP TABLE {name}")
    for name, _ in tables:
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def _format(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_busy(fault: Fault) -> bool:
    return getattr(fault, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
