"""Which indexes one file holds."""

from __future__ import annotations

from pathlib import Path

from roadworthy.adapters.fts5.database import Database


def homes(path: Path) -> tuple[tuple[str, str, str], ...]:
    """Use case, source and version of every index in the file; none where there is no file."""
    if not path.exists():
        return ()
    database = Database(path)
    try:
        with database.reading() as connection:
            rows = connection.execute("SELECT use_case, source, version FROM home ORDER BY id").fetchall()
    finally:
        database.close()
    return tuple((use_case, source, version) for use_case, source, version in rows)
