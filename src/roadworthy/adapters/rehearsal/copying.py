"""Copying what lies in a workspace while others go on working in it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from roadworthy.errors import Unavailable

MARKER = ".roadworthy-drill"
"""Lies in every mirrored workspace and holds the number of the process that made it."""

_SQLITE = b"SQLite format 3\x00"
_BESIDE = ("-wal", "-shm", "-journal")


def copy_database(source: Path, target: Path) -> None:
    """A SQLite file as it is at one moment, whoever writes to it meanwhile. Nothing is written to ``source``.

    Errors: ``Unavailable`` RW-DRILL-004 where it cannot be read or the copy cannot be written.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as theirs,
            closing(sqlite3.connect(target)) as ours,
        ):
            theirs.backup(ours)
    except sqlite3.Error as fault:
        raise _not_copied(source.name, fault) from None
    target.chmod(0o600)


def copy_data(source: Path, target: Path) -> None:
    """A folder with everything in it; databases of SQLite as they are at one moment. Links are not followed.

    Errors: ``Unavailable`` RW-DRILL-004.
    """
    try:
        for folder, folders, files in os.walk(source):
            here = target / Path(folder).relative_to(source)
            here.mkdir(parents=True, exist_ok=True)
            folders[:] = [name for name in folders if not Path(folder, name).is_symlink()]
            for name in files:
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file() or _belongs_to_a_database(path):
                    continue
                if _is_database(path):
                    copy_database(path, here / name)
                else:
                    shutil.copy2(path, here / name)
    except OSError as fault:
        raise _not_copied(source.name, fault) from None


def left_behind(folder: Path) -> Iterator[Path]:
    """Mirrors whose drill is dead: it was killed before it could clear them away."""
    for marker in sorted(folder.glob(f"*/{MARKER}")):
        try:
            os.kill(int(marker.read_text(encoding="utf-8")), 0)
        except (ValueError, ProcessLookupError):
            yield marker.parent
        except OSError:
            continue  # somebody else's process: it lives


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _belongs_to_a_database(path: Path) -> bool:
    for end in _BESIDE:
        beside = path.with_name(path.name.removesuffix(end))
        if path.name.endswith(end) and beside.is_file() and _is_database(beside):
            return True
    return False


def _not_copied(name: str, fault: Exception) -> Unavailable:
    return Unavailable(
        "RW-DRILL-004",
        f"`{name}` cannot be copied: {type(fault).__name__}",
        retry_is_safe=True,
        hint="is there room on the disk, and may this account read it?",
    )
