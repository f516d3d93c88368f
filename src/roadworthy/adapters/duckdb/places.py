"""Which files a location stands for: one, a folder of them, a pattern, an object store's address."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from roadworthy.adapters.duckdb.spelling import near
from roadworthy.data import Finding, Partition, Snapshot
from roadworthy.errors import InputProblem, NotFound, Problem, Unavailable

FORMATS = ("csv", "tsv", "json", "jsonl", "parquet", "excel")
REMOTE = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
    "abfss": "adlfs", "http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "ftp": "", "memory": "",
}  # fmt: skip
"""Schemes that are opened, and the package each of them needs."""

_ENDINGS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".json": "json", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".xlsm": "excel",
    ".xls": "excel",
}  # fmt: skip
_PACKED = (".gz", ".gzip", ".zst", ".zstd", ".zip")
_DATABASES = (".sqlite", ".sqlite3", ".db", ".db3", ".duckdb", ".mdb", ".accdb")
_OTHER_SHEETS = (".xlsb", ".ods", ".numbers")
_KEY = re.compile(r"([^=/]+)=([^/]*)")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """One file: its name among its like, where it lies, and the values its folders tell (``year=2026``)."""

    name: str
    fs: AbstractFileSystem
    path: str
    keys: tuple[tuple[str, str], ...] = ()

    @property
    def is_local(self) -> bool:
        return isinstance(self.fs, LocalFileSystem)

    def partition(self) -> Partition:
        """Its mark as it is now. Errors: ``Unavailable`` RW-DATA-161 where it is gone."""
        try:
            info = self.fs.info(self.path)
        except Exception as fault:
            raise gone(self.name) from fault
        size = int(info.get("size") or 0)
        if self.is_local:
            status = Path(self.path).stat()
            return Partition(self.name, f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}", size)
        mark = next(
            (
                str(info[key])
                for key in ("ETag", "etag", "md5", "generation", "content_md5")
                if info.get(key)
            ),
            "",
        )
        if not mark:
            moment = next(
                (
                    info[key]
                    for key in ("LastModified", "last_modified", "mtime", "created")
                    if info.get(key)
                ),
                None,
            )
            mark = f"{size}-{moment}" if moment else ""
        return Partition(self.name, mark, size)


@dataclass(frozen=True, slots=True)
class Place:
    """A location that was looked up. ``name`` is what its table is called, without secrets."""

    name: str
    format: str
    files: tuple[Found, ...]
    findings: tuple[Finding, ...] = ()

    def snapshot(self) -> Snapshot:
        return Snapshot(tuple(one.partition() for one in self.files))

    def only(self, names: tuple[str, ...]) -> Place:
        known = {one.name: one for one in self.files}
        problems = [
            Problem(f"there is no partition `{name}`", place=self.name, hint=near(name, known))
            for name in names
            if name not in known
        ]
        if problems or not names:
            raise NotFound("RW-DATA-159", problems or Problem("no partition is named", place=self.name))
        wanted = set(names)
        return Place(
            self.name, self.format, tuple(one for one in self.files if one.name in wanted), self.findings
        )


def gone(name: str) -> Unavailable:
    """A place that cannot be read now, and perhaps can be later."""
    return Unavailable(
        "RW-DATA-161",
        f"`{name}` went away or cannot be reached",
        retry_is_safe=True,
        hint="see that the place can be reached and that this user may read it",
    )


def locate(location: str, wanted: str = "", storage: dict[str, Any] | None = None) -> Place:
    """The files a location stands for, in name order, and their format.

    Of a folder with several formats the most frequent one is taken; the rest is told as a finding.
    Errors: ``InputProblem`` RW-DATA-150 for nothing there, 151 for a format that cannot be read,
    158 for a package that is missing; ``Unavailable`` RW-DATA-161.
    """
    if wanted and wanted not in FORMATS:
        raise InputProblem(
            "RW-DATA-151", Problem(f"there is no format `{wanted}`", hint=near(wanted, FORMATS))
        )
    fs, root = _system(location, storage or {})
    try:
        name, files = _files(fs, root)
    except (InputProblem, Unavailable):
        raise
    except FileNotFoundError:
        files, name = [], PurePosixPath(root).name
    except PermissionError:
        raise _nothing(
            name_of(location), "may not be read by this user", "ask for the right to read it"
        ) from None
    except Exception as fault:
        raise gone(name_of(location)) from fault
    if not files:
        raise _nothing(
            name_of(location), "is no file, folder or pattern that finds one", "see that the path is right"
        )
    if len(files) > _MANY:
        raise _nothing(name, f"stands for more than {_MANY} files", "narrow it with a pattern")
    if wanted or len(files) == 1:
        only = files[0].name if len(files) == 1 else ""
        return Place(name, wanted or format_of(only), tuple(files))
    return _of_one_format(name, files)


def name_of(location: str) -> str:
    """What a location may be called without telling a secret that stands in its address."""
    if _SCHEME.match(location):
        return PurePosixPath(unquote(location.split("://", 1)[1].split("?")[0])).name or "address"
    return Path(location).name or location


def format_of(name: str) -> str:
    """The format a file's name tells, or nothing. Errors: ``InputProblem`` RW-DATA-151 for what others read."""
    plain = name.lower()
    for ending in _PACKED:
        plain = plain.removesuffix(ending)
    ending = PurePosixPath(plain).suffix
    if ending in _DATABASES:
        hint = "name it as a database, such as `sqlite:///path/of/the.sqlite`, and a table of it"
        raise InputProblem("RW-DATA-151", Problem(f"`{name}` is a database, not a table", hint=hint))
    if ending in _OTHER_SHEETS:
        hint = "save it as `.xlsx` or `.csv`"
        raise InputProblem(
            "RW-DATA-151", Problem(f"spreadsheets of the kind `{ending}` are not read", hint=hint)
        )
    return _ENDINGS.get(ending, "")


def _nothing(name: str, message: str, hint: str) -> NotFound:
    return NotFound("RW-DATA-150", Problem(f"`{name}` {message}", hint=hint))


def _system(location: str, storage: dict[str, Any]) -> tuple[AbstractFileSystem, str]:
    scheme = _SCHEME.match(location)
    if not scheme or scheme[1].lower() == "file":
        path = unquote(location.split("://", 1)[1]) if scheme else location
        if not path or "\0" in path:
            raise _nothing("", "is no path", "name a file or a folder")
        return LocalFileSystem(), str(Path(path).expanduser().absolute())
    kind = scheme[1].lower()
    if kind not in REMOTE or "::" in location:
        known = ", ".join(f"`{one}://`" for one in sorted(REMOTE))
        raise InputProblem(
            "RW-DATA-151",
            Problem(f"addresses of the kind `{kind}://` are not opened", hint=f"known: {known}"),
        )
    try:
        fs, path = url_to_fs(location, **storage)
    except ImportError:
        package = REMOTE[kind]
        problem = Problem(f"`{kind}://` needs a package that is not installed", hint=f"install `{package}`")
        raise InputProblem("RW-DATA-158", problem) from None
    except Exception as fault:
        raise gone(name_of(location)) from fault
    return fs, path


def _files(fs: AbstractFileSystem, root: str) -> tuple[str, list[Found]]:
    if fs.isfile(root):
        name = PurePosixPath(root).name
        return name, [Found(name, fs, root)]
    if fs.isdir(root):
        start = root.rstrip("/")
        return PurePosixPath(start).name, _below(fs, start, fs.find(start))
    if any(sign in root for sign in "*?["):
        start = _fixed(root)
        matches = [path for path in fs.glob(root) if fs.isfile(path)]
        return PurePosixPath(root).name, _below(fs, start, matches)
    return PurePosixPath(root).name, []


def _fixed(pattern: str) -> str:
    """The folder above the first part of a pattern that is one."""
    parts = pattern.split("/")
    first = next(place for place, part in enumerate(parts) if any(sign in part for sign in "*?["))
    return "/".join(parts[:first])


def _below(fs: AbstractFileSystem, start: str, paths: list[str]) -> list[Found]:
    found = []
    for path in paths:
        name = path[len(start) :].lstrip("/") if path.startswith(start) else path
        parts = name.split("/")
        # Marks and unfinished files of other programs: `_SUCCESS`, `.part-0.crc`, `_temporary/…`.
        if any(part.startswith((".", "_")) for part in parts):
            continue
        keys = tuple(
            (match[1], unquote(match[2])) for part in parts[:-1] if (match := _KEY.fullmatch(part))
        )
        found.append(Found(name, fs, path, keys))
    return sorted(found, key=lambda one: one.name)


def _of_one_format(name: str, files: list[Found]) -> Place:
    formats: dict[str, str] = {}
    for one in files:
        try:
            formats[one.name] = format_of(one.name)
        except InputProblem:
            formats[one.name] = ""
    counts = Counter(kind for kind in formats.values() if kind)
    if not counts:
        raise InputProblem(
            "RW-DATA-151",
            Problem(
                f"`{name}` holds no file whose ending tells its format", hint="say which one with `format`"
            ),
        )
    chosen = min(counts, key=lambda kind: (-counts[kind], kind))
    taken = tuple(one for one in files if formats[one.name] == chosen)
    passed = [one.name for one in files if formats[one.name] != chosen]
    findings: tuple[Finding, ...] = ()
    if passed:
        shown = ", ".join(f"`{one}`" for one in passed[:5]) + (" and others" if len(passed) > 5 else "")
        hint = "open them on their own, or say which format is meant"
        message = f"files passed over because they are no {chosen}: {shown}"
        findings = (Finding("RW-DATA-116", message, place=name, hint=hint, rows=len(passed)),)
    return Place(name, chosen, taken, findings)
