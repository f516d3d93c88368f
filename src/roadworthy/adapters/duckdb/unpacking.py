"""Plain bytes of a file on this machine, whatever it is packed in and wherever it lies, within limits."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from roadworthy.adapters.duckdb.places import Found, gone
from roadworthy.adapters.duckdb.spelling import near
from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError, Unavailable

CHUNK = 4 << 20
_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_FAULTS = (gzip.BadGzipFile, zlib.error, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a packed file may expand, and how large one cell or one spreadsheet may be.

    Units:  bytes, and plain bytes per packed byte. The ratio counts from ``ratio_from`` bytes on:
            a small file of equal lines compresses well and harms nobody.
    """

    expanded: int = 50 << 30
    ratio: float = 200.0
    ratio_from: int = 64 << 20
    cell: int = 16 << 20
    spreadsheet: int = 1 << 30
    cells: int = 20_000_000


@dataclass(frozen=True, slots=True)
class Plain:
    """Bytes on this machine. ``owned`` ones are ours to remove."""

    path: Path
    owned: bool
    packing: str = ""


@contextmanager
def reachable(name: str) -> Iterator[None]:
    """Foreign faults of reading a place, as ours."""
    try:
        yield
    except RoadworthyError:
        raise
    except OSError as fault:
        if fault.errno == 28:
            raise full() from None
        raise gone(name) from fault


def full() -> Unavailable:
    """No room for temporary files."""
    return Unavailable(
        "RW-DATA-157",
        "the folder for temporary files has no room left",
        retry_is_safe=True,
        hint="free space in it, or give the workbench another folder",
    )


def head(file: Found, size: int = 8192) -> bytes:
    """The first bytes as they lie there."""
    with reachable(file.name), file.fs.open(file.path, "rb") as stream:
        return bytes(stream.read(size))


def plain(file: Found, member: str, scratch: Callable[[], Path], limits: Limits) -> Plain:
    """The file itself where it is plain and local, otherwise a copy in the folder for temporary files.

    ``member`` names one of several files in a zip archive. Errors: ``InputProblem`` RW-DATA-152 for a
    damaged packing, 153 for one that expands too far; ``Unavailable`` RW-DATA-161.
    """
    start = head(file, 4)
    packing = "gzip" if start[:2] == _GZIP else "zstd" if start == _ZSTD else "zip" if start == _ZIP else ""
    if not packing and file.is_local:
        return Plain(Path(file.path), owned=False)
    target = scratch()
    try:
        with reachable(file.name), file.fs.open(file.path, "rb") as raw:
            size = int(file.fs.info(file.path).get("size") or 0)
            with _opened(raw, packing, member, file.name) as stream:
                _copy(stream, target, size if packing else 0, limits, file.name)
    except _FAULTS as fault:
        target.unlink(missing_ok=True)
        raise _damaged(file.name, packing) from fault
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Plain(target, owned=True, packing=packing)


def _opened(raw: IO[bytes], packing: str, member: str, name: str) -> Any:
    if packing == "gzip":
        return gzip.GzipFile(fileobj=raw)
    if packing == "zstd":
        return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    if packing == "zip":
        return _member(zipfile.ZipFile(raw), member, name)
    return io.BufferedReader(raw) if isinstance(raw, io.RawIOBase) else raw


def _member(archive: zipfile.ZipFile, wanted: str, name: str) -> IO[bytes]:
    members = [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if wanted:
        if wanted not in members:
            problem = Problem(
                f"there is no `{wanted}` in the archive", place=name, hint=near(wanted, members)
            )
            raise NotFound("RW-DATA-150", problem)
        return archive.open(wanted)
    if len(members) != 1:
        problem = Problem(
            f"the archive holds {len(members)} files, one was expected",
            place=name,
            hint=f"name one of them with `table`: {near('', members)}",
        )
        raise NotFound("RW-DATA-150", problem)
    return archive.open(members[0])


def _copy(stream: Any, target: Path, packed: int, limits: Limits, name: str) -> None:
    written = 0
    with target.open("wb") as out:
        while True:
            try:
                chunk = stream.read(CHUNK)
            except OSError as fault:
                # Arrow's word for a damaged zstd stream.
                if packed and fault.errno is None:
                    raise EOFError from fault
                raise
            if not chunk:
                return
            written += len(chunk)
            if packed:
                _within(written, packed, limits, name)
            elif written > limits.expanded:
                raise _too_large(name, f"is larger than {_gib(limits.expanded)}")
            out.write(chunk)


def _within(written: int, packed: int, limits: Limits, name: str) -> None:
    if written > limits.expanded:
        raise _too_large(name, f"expands to more than {_gib(limits.expanded)}")
    if written > limits.ratio_from and written > packed * limits.ratio:
        raise _too_large(name, f"expands to more than {limits.ratio:g} times its size")


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.3g} GiB" if size >= 1 << 30 else f"{size:,} bytes"


def _too_large(name: str, message: str) -> InputProblem:
    hint = "unpack it yourself if you trust it, or raise the limit of the workbench"
    return InputProblem("RW-DATA-153", Problem(f"`{name}` {message}", hint=hint))


def _damaged(name: str, packing: str) -> InputProblem:
    problem = Problem(
        f"`{name}` is a damaged or incomplete {packing or 'packed'} file", hint="fetch it again"
    )
    return InputProblem("RW-DATA-152", problem)
