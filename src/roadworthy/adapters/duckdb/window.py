"""The only files the engine can see: those that were opened for it, under numbers, for reading alone."""

from __future__ import annotations

import itertools
import os
import threading
from datetime import UTC, datetime
from typing import IO, Any

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

SCHEME = "roadworthy"


class _File:
    """An open file that several threads read at once, each at a place of its own.

    The engine's threads share one handle and go to a place before they read; in between another
    thread may run. So the place is remembered for each thread, and reading at it cannot be cut in two.
    """

    def __init__(self, number: int | None, stream: IO[bytes] | None = None) -> None:
        self._number = number
        self._stream = stream
        self._here = threading.local()
        self._lock = threading.Lock()

    def seek(self, place: int, whence: int = 0) -> int:
        if whence == os.SEEK_CUR:
            place += self.tell()
        elif whence == os.SEEK_END and self._number is not None:
            place += os.fstat(self._number).st_size
        elif whence == os.SEEK_END and self._stream is not None:
            with self._lock:
                place = self._stream.seek(place, whence)
        self._here.place = place
        return place

    def tell(self) -> int:
        return int(getattr(self._here, "place", 0))

    def read(self, size: int = -1) -> bytes:
        place = self.tell()
        if self._number is not None:
            wanted = size if size >= 0 else max(0, os.fstat(self._number).st_size - place)
            data = os.pread(self._number, wanted, place)
        elif self._stream is not None:
            with self._lock:
                self._stream.seek(place)
                data = self._stream.read(size)
        else:
            raise ValueError("the file is closed")
        self._here.place = place + len(data)
        return data

    def close(self) -> None:
        number, self._number = self._number, None
        stream, self._stream = self._stream, None
        if number is not None:
            os.close(number)
        if stream is not None:
            stream.close()

    # The engine lets some of its handles go without closing them.
    __del__ = close


class Window(AbstractFileSystem):  # type: ignore[misc]
    """A file system of numbered files, each of which lies in a file system of its own.

    DuckDB is allowed this one and no other, so a question that names a path finds nothing there.
    """

    protocol = SCHEME
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, tuple[AbstractFileSystem, str]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def show(self, fs: AbstractFileSystem, path: str) -> str:
        """The address under which the engine sees this file from now on."""
        with self._lock:
            number = str(next(self._numbers))
            self._files[number] = (fs, path)
        return f"{SCHEME}://{number}"

    def hide(self, address: str) -> None:
        """Take it away again."""
        with self._lock:
            self._files.pop(self._number(address), None)

    def _number(self, path: str) -> str:
        return path.removeprefix(f"{SCHEME}://").strip("/")

    def _real(self, path: str) -> tuple[AbstractFileSystem, str]:
        with self._lock:
            found = self._files.get(self._number(path))
        if found is None:
            raise FileNotFoundError("this file is not open")
        return found

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode not in ("rb", "r"):
            raise PermissionError("files are open for reading only")
        fs, real = self._real(path)
        if isinstance(fs, LocalFileSystem):
            return _File(os.open(real, os.O_RDONLY))
        return _File(None, fs.open(real, "rb"))

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """The size of an open file."""
        fs, real = self._real(path)
        return {"name": path, "size": fs.info(real)["size"], "type": "file"}

    def exists(self, path: str, **options: Any) -> bool:
        """Whether a file is open under this address."""
        with self._lock:
            return self._number(path) in self._files

    def glob(self, path: str, **options: Any) -> list[str]:
        """The address itself: there are no patterns here."""
        return [path] if self.exists(path) else []

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """Nothing: what is open is not listed."""
        return []

    def modified(self, path: str) -> datetime:
        """Always the same moment."""
        # Asked for by the engine's cache, which is off. What changed is told by snapshots.
        return datetime.fromtimestamp(0, UTC)
