"""Opening a database: one for each address, kind of access and time limit, whoever asks for it."""

from __future__ import annotations

import threading
from pathlib import Path
from weakref import WeakValueDictionary

from roadworthy.adapters.sqltools.database import Database
from roadworthy.adapters.sqltools.sqlite import SqliteDatabase
from roadworthy.errors import InputProblem, Problem

FORMS = "`sqlite:///{data}/name.sqlite` or `postgresql://user@host/database`"
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")

_lock = threading.Lock()
_shared: WeakValueDictionary[tuple[str, bool, float], Database] = WeakValueDictionary()


def open_database(url: str, *, data: Path, place: str, writable: bool, timeout_s: float) -> Database:
    """The database at an address of the charter; nothing is connected before the first statement.

    Several tools at one address share their connections. The last of them that goes closes them.
    A relative file lies in the data folder. Errors: ``InputProblem`` RW-SQL-001 for another kind of address.
    """
    address = url.replace("{data}", str(data))
    if address.startswith("sqlite:///") and address != "sqlite:///":
        address = str(data / address.removeprefix("sqlite:///"))
        is_file = True
    elif address.startswith(_POSTGRES):
        address = "postgresql://" + address.split("://", 1)[1]
        is_file = False
    else:
        raise InputProblem(
            "RW-SQL-001", Problem("this is no address of a database", place=place, hint=f"write {FORMS}")
        )
    key = (address, writable, timeout_s)
    with _lock:
        database = _shared.get(key)
        if database is None:
            database = _shared[key] = _make(address, is_file, place, writable, timeout_s)
        return database


def _make(address: str, is_file: bool, place: str, writable: bool, timeout_s: float) -> Database:
    if is_file:
        return SqliteDatabase(Path(address), writable=writable, timeout_s=timeout_s)
    # The driver takes a tenth of a second to load, which an installation on files does not need.
    from roadworthy.adapters.sqltools.postgres import PostgresDatabase

    return PostgresDatabase(address, declared_at=place, writable=writable, timeout_s=timeout_s)
