"""A folder into which others lay files. What became of one decides where it goes: ``done`` or ``rejected``."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from roadworthy.adapters.drops.places import away, opened
from roadworthy.errors import InputProblem
from roadworthy.evaluation.strict import depth
from roadworthy.ports.incoming import DroppedFile, Record

DONE, REJECTED = "done", "rejected"
SETTLES_S: Final = 2.0
"""Nothing was written to a file for so long: whoever lays it down slowly gives it another name until it is whole."""
_UNDER_WAY: Final = (".part", ".tmp", ".filepart", ".crdownload")
_DEEPEST: Final = 32
_MOST_COLUMNS: Final = 1_000
_LONGEST_REASON: Final = 10_000


class FolderWatch:
    """The port ``WatchedFolder``. ``settles_s``: how old a file's last change has to be."""

    def __init__(
        self, root: Path, below: str, *, form: str, most_bytes: int, most_rows: int,
        settles_s: float = SETTLES_S,
    ) -> None:  # fmt: skip
        self._root = root
        self._below = below
        self._form = form
        self._most_bytes = most_bytes
        self._most_rows = most_rows
        self._settles_s = settles_s

    def files(self, *, most: int) -> Iterator[Any]:
        """Those that are complete. Errors: ``Unavailable`` RW-FILE-011."""
        with opened(self._root, self._below, make=True) as folder:
            # By descriptor: a path could lead elsewhere by now.
            names = sorted(filter(_is_meant, os.listdir(folder)))[:most]  # noqa: PTH208
        for name in names:
            yield self._held(name)

    @contextmanager
    def _held(self, name: str) -> Iterator[DroppedFile | None]:
        with opened(self._root, self._below, make=False) as folder:
            try:
                if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                    raise IsADirectoryError
                descriptor = os.open(
                    name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
                )
            except OSError:  # a link, a folder, or somebody took it away
                yield None
                return
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                # A clock that runs behind the server's must not keep a file waiting for ever.
                age = abs(time.time() - found.st_mtime)
                if not stat.S_ISREG(found.st_mode) or age < self._settles_s or not _lock(descriptor):
                    yield None
                    return
                if _gone(folder, name, found):
                    yield None
                    return
                content = file.read(self._most_bytes + 1)
                yield _File(self, folder, name, content)

    def parsed(self, content: bytes) -> Iterator[Record]:
        """What stands in a file. Errors: ``InputProblem`` RW-FILE-010."""
        if len(content) > self._most_bytes:
            raise _broken(f"it has more than {self._most_bytes} bytes")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise _broken(f"it is no UTF-8 at byte {problem.start}") from None
        return self._rows(text) if self._form == "csv" else iter((Record(1, _object(text)),))

    def _rows(self, text: str) -> Iterator[Record]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            names = next(reader, [])
            if not names or len(set(names)) != len(names) or len(names) > _MOST_COLUMNS or "" in names:
                raise _broken("expected a first line with the names of the columns, each once")
            for number, cells in enumerate(reader, start=1):
                if number > self._most_rows:
                    raise _broken(f"it has more than {self._most_rows} rows")
                if not cells:
                    continue
                wrong = "" if len(cells) == len(names) else f"has {len(cells)} cells, expected {len(names)}"
                yield Record(number, dict(zip(names, cells, strict=False)), wrong)
        except csv.Error as problem:
            raise _broken(f"it is no CSV at line {reader.line_num}: {problem}") from None


class _File:
    """The port ``DroppedFile``; its descriptor is locked as long as it is held."""

    def __init__(self, watch: FolderWatch, folder: int, name: str, content: bytes) -> None:
        self.name = name
        self.digest = hashlib.sha256(content).hexdigest()
        self._watch = watch
        self._folder = folder
        self._content = content

    def records(self) -> Iterator[Record]:
        """What stands in it, all of it read before the first is given: half a file becomes no case."""
        return iter(list(self._watch.parsed(self._content)))

    def done(self) -> None:
        self._move(DONE, "")

    def reject(self, reason: str) -> None:
        self._move(REJECTED, reason[:_LONGEST_REASON])

    def _move(self, to: str, reason: str) -> None:
        with suppress(FileExistsError):
            os.mkdir(to, 0o700, dir_fd=self._folder)
        kept = f"{self.digest[:12]}-{self.name}"[:200]
        try:
            there = os.open(to, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._folder)
        except OSError as problem:
            raise away(problem) from None
        try:
            if reason:
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
                with os.fdopen(
                    os.open(f"{kept}.reason.txt", flags, 0o640, dir_fd=there), "w", encoding="utf-8"
                ) as file:
                    file.write(reason + "\n")
            os.rename(self.name, kept, src_dir_fd=self._folder, dst_dir_fd=there)
        except FileNotFoundError:
            return  # somebody took it away
        except OSError as problem:
            raise away(problem) from None
        finally:
            os.close(there)


def _is_meant(name: str) -> bool:
    return (
        not name.startswith(".")
        and name not in {DONE, REJECTED}
        and not name.lower().endswith(_UNDER_WAY)
        and len(name.encode("utf-8", "surrogateescape")) <= 180
    )


def _lock(descriptor: int) -> bool:
    """Held until the descriptor is closed, also by a crash: no second worker takes the same file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _gone(folder: int, name: str, found: os.stat_result) -> bool:
    """Somebody moved it between opening and locking."""
    try:
        now = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return True
    return (now.st_ino, now.st_dev) != (found.st_ino, found.st_dev)


def _object(text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _broken("it is no JSON") from None
    if not isinstance(value, dict):
        raise _broken("expected one JSON object")
    if depth(value) > _DEEPEST:
        raise _broken(f"it is nested deeper than {_DEEPEST}")
    return value


def _no_number(text: str) -> float:
    raise ValueError(f"`{text}` is no number of JSON")


def _broken(reason: str) -> InputProblem:
    return InputProblem("RW-FILE-010", reason)
