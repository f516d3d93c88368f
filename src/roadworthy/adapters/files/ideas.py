"""Assessments as files of one folder, which people may edit beside the pages."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from roadworthy.adapters.files.private import make_private_folder, write_whole
from roadworthy.errors import Unavailable
from roadworthy.ports.ideas import IdeaText

LARGEST: Final = 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_END = ".yaml"


class FileIdeas:
    """The port ``Ideas`` on a folder: ``NAME.yaml``. No name leads out of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> tuple[str, ...]:
        """Names of the files that can be ideas, in order."""
        found = (path.name.removesuffix(_END) for path in self._folder.glob(f"*{_END}") if path.is_file())
        return tuple(sorted(name for name in found if _NAME.fullmatch(name)))

    def get(self, name: str) -> IdeaText | None:
        """The file of an idea. Errors: ``Unavailable`` RW-FILES-002 for one that is too large or locked away."""
        if not _NAME.fullmatch(name):
            return None
        try:
            with self._path(name).open("rb") as stream:
                text = stream.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise _unavailable(self._path(name), "read", fault) from fault
        if len(text) > LARGEST:
            raise Unavailable(
                "RW-FILES-002",
                f"`{self._path(name)}` has more than {LARGEST:,} bytes",
                retry_is_safe=True,
                hint="an assessment has some ten thousand at most: is this another file?",
            )
        return IdeaText(name, text, hashlib.sha256(text).hexdigest())

    def put(self, name: str, text: str, *, seen: str) -> IdeaText | None:
        """Write a file whole; processes on this machine that write at once wait for one another."""
        if not _NAME.fullmatch(name):
            return None
        try:
            make_private_folder(self._folder)
            with self._alone():
                now = self.get(name)
                if (now.version if now else "") != seen:
                    return None
                write_whole(self._path(name), text.encode())
                return self.get(name)
        except OSError as fault:
            raise _unavailable(self._path(name), "written", fault) from fault

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_END}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        number = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            yield
        finally:
            os.close(number)


def _unavailable(path: Path, what: str, fault: OSError) -> Unavailable:
    return Unavailable(
        "RW-FILES-002",
        f"`{path}` cannot be {what}: {os.strerror(fault.errno or 0).lower()}",
        retry_is_safe=True,
        hint="let this user read and write it",
    )
