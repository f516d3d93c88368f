"""SQLite files: read-only in three ways, one statement at a time, with a deadline."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadworthy.adapters.sqltools.database import LOCK_WAIT_S, PerThread, Trouble
from roadworthy.adapters.sqltools.statement import Statement
from roadworthy.errors import RoadworthyError

_STEPS_BETWEEN_LOOKS = 20_000  # of SQLite's virtual machine: about a millisecond
# Messages about the statement itself. Others, such as those of full-text search, quote what was bound.
_ABOUT_SQL = re.compile(
    r"no such |near |ambiguous |misuse |unrecognized |incomplete |wrong number |ON CONFLICT |table |\d+ values"
)
_FAULTS = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError)

File = tuple[int, int]


class _Connection:
    """An open file: which one it is, and until when the current statement may run."""

    __slots__ = ("_deadline", "file", "raw")

    def __init__(self, raw: sqlite3.Connection, file: File) -> None:
        self.raw = raw
        self.file = file
        # A list, not self: a handler that knew its connection would keep it from being closed.
        self._deadline = deadline = [float("inf")]
        raw.set_progress_handler(lambda: time.monotonic() > deadline[0], _STEPS_BETWEEN_LOOKS)

    def allow(self, seconds: float) -> None:
        self._deadline[0] = time.monotonic() + seconds

    def close(self) -> None:
        self.raw.close()


class SqliteDatabase:
    """One file. It may be put in place anew at any time: the next statement sees the new one."""

    def __init__(self, path: Path, *, writable: bool, timeout_s: float) -> None:
        self._path = path
        self._name = str(path)
        self._writable = writable
        self._timeout_s = timeout_s
        self._connections: PerThread[_Connection] = PerThread()
        self._trouble = Trouble(self.place)

    @property
    def place(self) -> str:
        return f"`{self._name}`"

    def rows(
        self, statement: Statement, values: Mapping[str, object], *, limit: int
    ) -> list[dict[str, Any]]:
        connection = self._open()
        connection.allow(self._timeout_s)
        try:
            cursor = connection.raw.execute(statement.sql, values)
            try:
                found = cursor.fetchmany(limit)
                names = [column[0] for column in cursor.description or ()]
            finally:
                cursor.close()  # a statement left half read would keep the file locked
        except _FAULTS as fault:
            raise self._translate(fault, statement) from None
        if len(set(names)) != len(names):
            raise self._trouble.statement(statement, "two columns have the same name")
        return [dict(zip(names, row, strict=True)) for row in found]

    def change(self, statement: Statement, values: Mapping[str, object]) -> None:
        connection = self._open()
        connection.allow(self._timeout_s)
        try:
            connection.raw.execute(statement.sql, values).close()
        except _FAULTS as fault:
            raise self._translate(fault, statement) from None

    def close(self) -> None:
        self._connections.close()

    def _open(self) -> _Connection:
        try:
            status = os.stat(self._name)  # noqa: PTH116 - hot path: half the time of Path.stat
        except OSError as fault:
            raise self._trouble.unreachable(
                f"{self.place} cannot be opened: {os.strerror(fault.errno or 0).lower()}",
                "put the file there, or correct the address of the source in charter.yaml",
            ) from fault
        # Invariant: a file that is held open keeps its number, so a new file has another one.
        file = (status.st_dev, status.st_ino)
        connection = self._connections.get()
        if connection is None or connection.file != file:
            connection = self._connections.put(self._connect(file))
        return connection

    def _connect(self, file: File) -> _Connection:
        address = f"{self._path.absolute().as_uri()}?mode={'rw' if self._writable else 'ro'}"
        try:
            raw = sqlite3.connect(
                address, uri=True, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as fault:
            raise self._cannot_open() from fault
        connection = _Connection(raw, file)
        try:
            if self._writable:
                raw.execute("pragma foreign_keys = on")
            else:
                raw.execute("pragma query_only = on")
                # `attach` would open any other file, in a mode of its own choice.
                raw.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        except sqlite3.Error as fault:
            connection.close()
            raise self._cannot_open() from fault
        return connection

    def _cannot_open(self) -> RoadworthyError:
        return self._trouble.unreachable(
            f"{self.place} cannot be opened, read or written",
            "see that this user may use the file and its folder, and that its disk is sound and not full",
        )

    def _translate(self, fault: Exception, statement: Statement) -> RoadworthyError:
        name = getattr(fault, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return self._trouble.locked()
        if name == "SQLITE_INTERRUPT":
            return self._trouble.slow(self._timeout_s)
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_PROTOCOL")):
            return self._cannot_open()
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return self._trouble.unsound("this is no sound SQLite database", "restore it from a backup")
        if name.startswith("SQLITE_READONLY") and not self._writable:
            return self._trouble.statement(statement, "a question may not write")
        if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")):
            return self._trouble.unsound("this file may not be written", "give this user the right to")
        if name == "SQLITE_CONSTRAINT_TRIGGER":
            return self._trouble.refused(statement, "a trigger of the table refuses this row")
        if name.startswith("SQLITE_CONSTRAINT"):
            return self._trouble.refused(statement, f"the row breaks a rule: {fault}")
        if name == "SQLITE_ERROR" and _ABOUT_SQL.match(str(fault)):
            hint = "correct the statement, or the address of its source, in charter.yaml"
            return self._trouble.statement(statement, str(fault), hint=hint)
        if "one statement at a time" in str(fault):
            return self._trouble.statement(statement, "this is more than one statement")
        return self._trouble.refused(statement, "the database cannot carry this statement out")
