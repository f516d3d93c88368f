"""The files of a use-case folder that make a release."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from roadworthy.errors import InputProblem, Problem
from roadworthy.release import MAX_FILE_BYTES, MAX_FILES

LEFT_OUT = frozenset({"data", "evals", "knowledge", "texts"})
"""Folders at the top that hold content and tests: they change while a release stays what it is."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """Bytes by POSIX path. Left out: dotfiles, ``__pycache__``, content, and every symbolic link.

    A link would bring in under its own name what stands outside, or what is left out.

    Errors: ``InputProblem`` RW-RELEASE-001 for what is too large or too many, RW-LOADER-008 for a
    folder or files that cannot be read; all at once.
    """
    if not folder.is_dir():
        raise InputProblem("RW-LOADER-008", Problem("there is no such folder", place=str(folder)))
    files = list(_files(folder))
    _check_sizes(files, folder)
    contents: dict[str, bytes] = {}
    problems = []
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            contents[name] = path.read_bytes()
        except OSError as fault:
            problems.append(Problem(f"cannot be read: {os.strerror(fault.errno or 0).lower()}", place=name))
    if problems:
        raise InputProblem("RW-LOADER-008", problems)
    return contents


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        at_top = Path(place) == folder
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name != "__pycache__" and not (at_top and name in LEFT_OUT)
        )
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _check_sizes(files: list[Path], folder: Path) -> None:
    """Before anything is read: what does not belong into a release may be larger than the memory."""
    problems = [
        Problem(
            f"found {path.stat().st_size} bytes, at most {MAX_FILE_BYTES} belong into a release",
            place=path.relative_to(folder).as_posix(),
            hint="keep data out of the folder and declare it as a source",
        )
        for path in files
        if path.stat().st_size > MAX_FILE_BYTES
    ]
    if len(files) > MAX_FILES:
        problems.append(
            Problem(f"found {len(files)} files, at most {MAX_FILES} make a release", place=str(folder))
        )
    if problems:
        raise InputProblem("RW-RELEASE-001", problems)
