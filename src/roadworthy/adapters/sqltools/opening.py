"""Opening a database: one for each address, kind of access and time limit, whoever asks for it."""

from __future__ import annotations

import threading
from pathlib import Path
from weakref import WeakValueDictionary

from roadworthy.adapters.sqltools.database import Database
from roadworthy.adapters.sqltools.sqlite import SqliteDatabase
from roadworthy.errors import InputProblem, Problem

FORMS = "`sqlite:///{data}/name.sqlite` or `postgresql://user@host/database`"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")

_lock = threading.Lock()
_shared: WeakValueDictionary[tuple[str, bool, float], Database] = WeakValueDictionary()


def open_database(url: str, *, data: Path, place: str, writable: bool, timeout_s: float) -> Database:
    """The database at an address of the charter; nothing is connected before the first statement.

    Several tools at one address share their connections. The last of them that goes closes them.
    A relative file lies in the data folder. Errors: ``InputProblem`` RW-SQL-001 for another kind of
    address, RW-SQL-009 for one that leads out of the data folder, by dots or by links.
    """
    file = file_at(url, data=data)
    if file is not None:
        _require_inside(url, file, data, place)
        address = str(file)
    elif url.startswith(_POSTGRES):
        address = "postgresql://" + url.replace("{data}", str(data)).split("://", 1)[1]
    else:
        raise _no_address(place)
    is_file = file is not None
    key = (address, writable, timeout_s)
    with _lock:
        database = _shared.get(key)
        if database is None:
            database = _shared[key] = _make(address, is_file, place, writable, timeout_s)
        return database


def file_at(url: str, *, data: Path) -> Path | None:
    """The file that an address leads to; None for an address of another kind."""
    if not url.startswith(_SQLITE) or url == _SQLITE or "\0" in url:
        return None
    return data / url.replace("{data}", str(data)).removeprefix(_SQLITE)


def _require_inside(url: str, file: Path, data: Path, place: str) -> None:
    """An absolute file was named on purpose; what is written relative to the data folder lies in it."""
    if url.startswith(f"{_SQLITE}/"):
        return
    try:
        inside = file.resolve().is_relative_to(data.resolve())
    except (OSError, RuntimeError) as fault:  # links that lead in a circle
        raise _no_address(place) from fault
    if not inside:
        raise InputProblem(
            "RW-SQL-009",
            Problem(
                f"`{url}` leads out of the data folder",
                place=place,
                hint="put the file into it, or write its absolute path",
            ),
        )


def _no_address(place: str) -> InputProblem:
    return InputProblem(
        "RW-SQL-001", Problem("this is no address of a database", place=place, hint=f"write {FORMS}")
    )


def _make(address: str, is_file: bool, place: str, writable: bool, timeout_s: float) -> Database:
    if is_file:
        return SqliteDatabase(Path(address), writable=writable, timeout_s=timeout_s)
    # The driver takes a tenth of a second to load, which an installation on files does not need.
    from roadworthy.adapters.sqltools.postgres import PostgresDatabase

    return PostgresDatabase(address, declared_at=place, writable=writable, timeout_s=timeout_s)
