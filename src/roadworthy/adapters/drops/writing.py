"""A tool that lays a file into a folder: ``use: file.drop``.

| option | meaning |
|---|---|
| ``folder`` | below the use case's data folder, or below ``root`` |
| ``root`` | a folder that the operator names in ``connectors.yaml`` |
| ``format`` | ``json`` (default) or ``csv`` |
| ``columns`` | of a CSV file, in their order; left out: the arguments as they are declared |
| ``rows`` | the argument that holds a list of objects, each a row; left out: the arguments are the one row |
| ``name`` | the file's name with arguments in it, such as ``order-{id}``; what the key gives is put behind it |
| ``max_bytes`` | of a file (default 5,000,000) |

The same key gives the same file. It appears whole or not at all, and once: what was laid down stays noted in
``.roadworthy`` beside it, also after the receiver took it away. Where a process dies between laying it down and
noting that, and the receiver took it meanwhile, it is laid down once more, by the same name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from roadworthy.adapters.drops.places import away, opened
from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, argument_problems
from roadworthy.errors import InputProblem, Problem

OPTIONS: Final = frozenset({"folder", "root", "format", "columns", "rows", "name", "max_bytes"})
NOTES: Final = ".roadworthy"
_MOST_BYTES: Final = 5_000_000
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){0,9}")
_NAME = re.compile(r"(?:[A-Za-z0-9_-]|\{[A-Za-z_][A-Za-z0-9_]{0,63}\}){1,80}")
_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
# Programs for tables take what begins so for a formula, also in the wide forms of East Asia.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


class FileDrop:
    """The port ``Connector``."""

    def __init__(self, name: str, tool: Tool, root: Path) -> None:
        self._name = name
        self._tool = tool
        self._root = root
        options = tool.options
        self._folder = str(options["folder"])
        self._format = str(options.get("format", "json"))
        self._rows = str(options.get("rows", ""))
        self._columns = [str(one) for one in options.get("columns", ())] or list(tool.arguments)
        self._template = str(options.get("name", name.replace(".", "-")))
        self._most = int(options.get("max_bytes", _MOST_BYTES))
        self.idempotency = Idempotency(tool.idempotency)

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise InputProblem("RW-FILE-001", Problem("writes, and reads nothing", place=self._name))

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        problems = list(argument_problems(self._tool, arguments))
        if problems:
            raise InputProblem(
                "RW-FILE-001", [Problem(one.message, f"{self._name}.{one.place}") for one in problems]
            )
        mark = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        name = f"{self._called(arguments)}-{mark}.{self._format}"
        content = self._written(arguments)
        if len(content) > self._most:
            raise InputProblem(
                "RW-FILE-001",
                Problem(f"the file has {len(content)} bytes, at most {self._most} are written", self._name),
            )
        with (
            opened(self._root, self._folder, make=True) as folder,
            opened(self._root, f"{self._folder}/{NOTES}", make=True) as notes,
        ):
            try:
                _lay(folder, notes, name, mark, content)
            except OSError as problem:
                raise away(problem) from None
        return {"file": f"{self._folder}/{name}"}

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise InputProblem("RW-FILE-001", Problem("is not asked about keys", place=self._name))

    def _called(self, arguments: Mapping[str, object]) -> str:
        name = self._template
        for hole in _HOLE.findall(self._template):
            value = arguments.get(hole)
            text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
            if not _VALUE.fullmatch(text):
                raise InputProblem(
                    "RW-FILE-001",
                    Problem(
                        "expected letters, digits, `_` and `-`: it is part of a name",
                        f"{self._name}.{hole}",
                    ),
                )
            name = name.replace(f"{{{hole}}}", text)
        return name

    def _written(self, arguments: Mapping[str, object]) -> bytes:
        if self._format == "json":
            return (
                json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
            ).encode()
        rows = arguments.get(self._rows) if self._rows else [arguments]
        if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
            raise InputProblem(
                "RW-FILE-001", Problem("expected a list of rows", f"{self._name}.{self._rows}")
            )
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow([cell_of(one) for one in self._columns])
        for row in rows:
            if stray := sorted(row.keys() - set(self._columns)):
                raise InputProblem(
                    "RW-FILE-001",
                    Problem(
                        f"a row has no column `{str(stray[0])[:60]}`",
                        self._name,
                        hint="`columns` names them",
                    ),
                )
            writer.writerow([cell_of(row.get(column)) for column in self._columns])
        return text.getvalue().encode()


def cell_of(value: object) -> str:
    """A cell that no program for tables takes for a formula. Numbers are written as numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _lay(folder: int, notes: int, name: str, mark: str, content: bytes) -> None:
    """Put the file there, unless it was there before. A link never replaces a file, and follows none."""
    if _is_there(notes, mark):
        return
    passing = f"{mark}.part"
    with suppress(FileNotFoundError):
        os.unlink(passing, dir_fd=notes)
    descriptor = os.open(
        passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640, dir_fd=notes
    )
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(passing, name, src_dir_fd=notes, dst_dir_fd=folder, follow_symlinks=False)
    os.fsync(folder)
    os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640, dir_fd=notes))
    with suppress(FileNotFoundError):
        os.unlink(passing, dir_fd=notes)
    os.fsync(notes)


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def build(name: str, tool: Tool, root: Path) -> FileDrop:
    """The connector of a declared tool; ``root`` is the folder below which it writes.

    Errors: ``InputProblem`` RW-TOOL-001 with everything about the declaration that does not fit.
    """
    place, options = f"tools.{name}", tool.options
    problems: list[Problem] = []

    def wrong(message: str, where: str, *, hint: str = "") -> None:
        problems.append(Problem(message, f"{place}.{where}", hint=hint))

    for one in sorted(options.keys() - OPTIONS):
        wrong(f"`file.drop` has no option `{one}`", "options")
    if not isinstance(options.get("folder"), str) or not _FOLDER.fullmatch(options["folder"]):
        wrong("expected a folder of plain names", "options.folder", hint="such as `out/orders`")
    form = options.get("format", "json")
    if form not in {"json", "csv"}:
        wrong("expected `json` or `csv`", "options.format")
    template = options.get("name", name.replace(".", "-"))
    if not isinstance(template, str) or not _NAME.fullmatch(template):
        wrong("expected letters, digits, `_`, `-` and arguments in braces", "options.name")
    else:
        for hole in _HOLE.findall(template):
            if hole not in tool.arguments:
                wrong(f"there is no argument `{hole}`", "options.name")
    columns: Any = options.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(one, str) for one in columns):
        wrong("expected a list of names", "options.columns")
    if (rows := options.get("rows")) is not None and (rows not in tool.arguments or not columns):
        wrong("expected an argument that is a list, and `columns`", "options.rows")
    most = options.get("max_bytes", _MOST_BYTES)
    if not isinstance(most, int) or isinstance(most, bool) or not 0 < most <= 100_000_000:
        wrong("expected a number of bytes", "options.max_bytes")
    if not tool.arguments:
        wrong("expected the arguments: what is not declared is not written", "arguments")
    if not tool.writes:
        wrong("a file is written: its sink is `egress` or `write`", "sink")
    if tool.idempotency == "lookup" and not tool.lookup:
        wrong("keeps to keys by itself: `native`", "idempotency")
    if problems:
        raise InputProblem("RW-TOOL-001", problems)
    return FileDrop(name, tool, root)
