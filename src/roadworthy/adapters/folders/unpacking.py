"""An archive on disk: it appears whole, and is looked at again before it is trusted."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.quantities import Digest
from roadworthy.release import MAX_FILE_BYTES, MAX_FILES, Archive

_ROUNDS = 5


def found(folder: Path, digest: Digest) -> Archive | None:
    """What lies in the folder, provided that it is the archive of this digest and nothing else."""
    try:
        files = _contents(folder)
        archive = Archive(files) if files else None
    except (OSError, InputProblem):
        return None
    return archive if archive is not None and archive.digest == digest else None


def unpack(archive: Archive, folder: Path) -> None:
    """Put the archive's files there, read-only, in place of whatever was there.

    Several processes may do this at once: each finds its own work or the same of another. One that
    dies leaves a folder with a dot before its name.
    Errors: ``InputProblem`` RW-LOADER-002 for paths that no folder can hold, ``Unavailable``
    RW-LOADER-009 for a disk that is full or closed to this user.
    """
    _check_paths(archive.files)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(archive.files, made)
            _put_in_place(made, folder, archive.digest)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as fault:
        raise Unavailable(
            "RW-LOADER-009",
            f"the release cannot be unpacked in `{folder.parent}`: {os.strerror(fault.errno or 0).lower()}",
            retry_is_safe=True,
            hint="make room on the disk, or let this user write there",
        ) from fault


def _contents(folder: Path) -> dict[str, bytes]:
    """All files, none left out: nothing may stand beside what was verified. Empty for links and strange files."""
    files: dict[str, bytes] = {}
    if folder.is_symlink():
        return {}
    for path in folder.rglob("*"):
        if path.is_symlink() or len(files) > MAX_FILES:
            return {}
        if path.is_dir():
            continue
        if not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return {}
        files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)


def _put_in_place(made: Path, folder: Path, digest: Digest) -> None:
    for _ in range(_ROUNDS):
        try:
            made.rename(folder)
        except OSError:
            if found(folder, digest):
                return  # another process was faster
            _remove(folder)
        else:
            return
    made.rename(folder)


def _remove(folder: Path) -> None:
    """Take away what was altered: by renaming, so that no other process ever sees half of it."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink(missing_ok=True)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        folder.rename(aside)
    except FileNotFoundError:
        pass  # another process has taken it away
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _check_paths(files: Mapping[str, bytes]) -> None:
    """Paths are written in their one plain form, and no file is also a folder."""
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    problems = [
        Problem("this is no path of a file in plain form", place=repr(name)[1:-1])
        for name in files
        if str(PurePosixPath(name)) != name or "\0" in name or name in folders
    ]
    if problems:
        raise InputProblem("RW-LOADER-002", problems)
