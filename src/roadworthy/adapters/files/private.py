"""Folders and files for one user's eyes; files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roadworthy.errors import InputProblem, Problem, Unavailable


def make_private_folder(folder: Path) -> None:
    """Make a folder that only this user may enter. One that is there keeps the rights it has.

    Errors: ``Unavailable`` RW-FILES-001 where it cannot be made or used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise Unavailable(
            "RW-FILES-001",
            f"`{folder}` is no folder and cannot be made: {os.strerror(fault.errno or 0).lower()}",
            retry_is_safe=True,
            hint="choose another place, or let this user write there",
        ) from fault


def require_secrets(paths: Iterable[Path]) -> None:
    """Refuse to go on without secrets that something stored was sealed or signed with.

    Errors: ``InputProblem`` RW-KEYS-003, naming every file that is missing.
    """
    missing = sorted(path for path in paths if not os.path.lexists(path))
    if missing:
        raise InputProblem(
            "RW-KEYS-003",
            [
                Problem("this key is missing, and the database was used with it", place=str(path))
                for path in missing
            ],
            hint="restore it from the backup of the keys; what was sealed with it cannot be read without it",
        )


def secret_file(path: Path, size: int = 32) -> bytes:
    """The secret in a file; on first use random bytes, which only this user may read.

    Made wherever there is none: ``require_secrets`` stands before this where one may have been lost.
    Two processes that ask at once get the same. Errors: ``InputProblem`` RW-KEYS-001 for a file that
    others may read, that has another size or is none; ``Unavailable`` RW-KEYS-002 where it cannot be
    read or made.
    """
    try:
        if not os.path.lexists(path):
            # A link, not a rename: whoever comes second finds the first one's secret.
            with _whole_file(path.parent, secrets.token_bytes(size)) as made, suppress(FileExistsError):
                os.link(made, path)
            _sync_folder(path.parent)
        return _read_secret(path, size)
    except OSError as fault:
        raise Unavailable(
            "RW-KEYS-002",
            f"the key file `{path}` cannot be read or made: {os.strerror(fault.errno or 0).lower()}",
            retry_is_safe=True,
            hint="let this user write its folder; keep the keys you have, without them no data can be read",
        ) from fault


def _read_secret(path: Path, size: int) -> bytes:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode):
        raise _unfit(path, "this is no plain file", "move the key itself here")
    if found.st_mode & 0o077:
        raise _unfit(path, "other users may read this key", f"chmod 600 {path}")
    if found.st_size != size:
        message = f"found {found.st_size} bytes, a key has {size}"
        raise _unfit(path, message, "restore the key from a backup")
    return path.read_bytes()


def _unfit(path: Path, message: str, hint: str) -> InputProblem:
    return InputProblem("RW-KEYS-001", Problem(message, place=str(path), hint=hint))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file for this user alone, safely on disk when this returns. Errors: ``OSError``."""
    with _whole_file(path.parent, content) as made:
        made.replace(path)
    _sync_folder(path.parent)


@contextmanager
def _whole_file(folder: Path, content: bytes) -> Iterator[Path]:
    """A file with this content under a name of its own; what is left of it afterwards is removed."""
    number, name = tempfile.mkstemp(prefix=".new-", dir=folder)  # mode 0600
    made = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """So that the new name survives a power cut too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
