"""Folders that are opened step by step, so that no link in the way leads elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from roadworthy.errors import Unavailable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened(root: Path, below: str, *, make: bool) -> Iterator[int]:
    """The folder ``below`` the root, as a descriptor. The root itself is the operator's and may be a link.

    Errors: ``Unavailable`` RW-FILE-011 for one that is not there, is a link, or leads out.
    """
    here = -1
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700) if make else None
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for step in below.split("/"):
            if step in {"", ".", ".."}:
                raise NotADirectoryError(step)
            if make:
                with suppress(FileExistsError):
                    os.mkdir(step, 0o700, dir_fd=here)
            inner = os.open(step, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
    except OSError as problem:
        if here >= 0:
            os.close(here)
        raise away(problem) from None
    try:
        yield here
    finally:
        os.close(here)


def away(problem: OSError) -> Unavailable:
    """What callers are told of a folder that cannot be used."""
    return Unavailable(
        "RW-FILE-011",
        f"the folder cannot be used: {problem.strerror or type(problem).__name__}",
        retry_is_safe=True,
        hint="see that it is there, is no link, and that this user may write there",
    )
