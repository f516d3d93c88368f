"""JSON taken in row by row: one object a line, or a list of objects, however large the file is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roadworthy.adapters.duckdb import encodings
from roadworthy.adapters.duckdb.csvfiles import Asked, Taken
from roadworthy.adapters.duckdb.delimited import AT, ROW, SURPLUS
from roadworthy.adapters.duckdb.places import Found
from roadworthy.adapters.duckdb.records import Count
from roadworthy.adapters.duckdb.staging import Stage
from roadworthy.adapters.duckdb.survey import Survey
from roadworthy.adapters.duckdb.unpacking import Limits, plain
from roadworthy.data import Finding, Guess
from roadworthy.errors import InputProblem, Problem

_PIECE = 1 << 20
_SPACE = " \t\r\n"
_GROUP, _CHARACTERS = 10_000, 16 << 20


class _Number(float):
    """A number that knows how it was spelled: `1.50` stays `1.50`."""

    spelling: str

    @classmethod
    def of(cls, spelling: str) -> _Number:
        number = cls(spelling)
        number.spelling = spelling
        return number


class _Repeated(dict[str, Any]):
    """An object in which a key stands twice; the last one counts."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeated(pairs)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_Number.of, parse_int=None, parse_constant=_Number.of
)


@dataclass(slots=True)
class _Rows:
    """Collects rows as columns and puts them on the stage."""

    stage: Stage
    numbers: dict[str, int] = field(default_factory=dict)
    columns: dict[int, list[str | None]] = field(default_factory=dict)
    count: int = 0
    total: int = 0
    size: int = 0
    odd: Count = field(default_factory=Count)
    repeated: Count = field(default_factory=Count)
    renamed: set[str] = field(default_factory=set)

    def add(self, value: object, spelled: str, line: int) -> None:
        """The next row, where it is an object; otherwise it is kept as it is spelled."""
        if isinstance(value, dict):
            if isinstance(value, _Repeated):
                self.repeated.add(line)
            for key, cell in value.items():
                self._put(self._number(key), cell)
        else:
            self.odd.add(line)
            self._put(self.stage.column(SURPLUS), spelled)
        self.count += 1
        self.size += len(spelled)
        if self.count >= _GROUP or self.size > _CHARACTERS:
            self.flush()

    def _number(self, key: str) -> int:
        number = self.numbers.get(key)
        if number is None:
            name = key.replace("\0", "").strip() or "column"
            taken = {self.stage.names[one].casefold() for one in self.numbers.values()} | {ROW, SURPLUS, AT}
            count = 1
            final = name
            while final.casefold() in taken:
                count += 1
                final = f"{name}_{count}"
            if final != key:
                self.renamed.add(key)
            number = self.numbers[key] = self.stage.column(final)
        return number

    def _put(self, number: int, value: object) -> None:
        column = self.columns.get(number)
        if column is None:
            column = self.columns[number] = []
        column.extend([None] * (self.count - len(column)))
        text, kind = _spelled(value)
        column.append(text)
        if kind:
            self.stage.kinds.setdefault(number, set()).add(kind)

    def flush(self) -> None:
        """Put what was collected on the stage."""
        for column in self.columns.values():
            column.extend([None] * (self.count - len(column)))
        self.stage.take_cells(list(self.columns), self.columns.values(), self.count)
        # Columns stay, so that a rare key does not begin a new segment each time.
        self.columns = {number: [] for number in self.columns}
        self.total += self.count
        self.count = self.size = 0


def _spelled(value: object) -> tuple[str | None, str]:
    if value is None:
        return None, ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value, "string"
    if isinstance(value, bool):
        return ("true" if value else "false"), "boolean"
    if isinstance(value, int):
        return str(value), "integer"
    if isinstance(value, _Number):
        return value.spelling, "number"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode(), (
        "array" if isinstance(value, list) else "object"
    )


def take(file: Found, asked: Asked, stage: Stage, scratch: Callable[[], Path], limits: Limits) -> Taken:
    """Put all rows of a file on the stage: of a list its members, otherwise one value after another.

    A line that is no object is kept whole in the column ``__surplus``. Errors: ``InputProblem``
    RW-DATA-152 for a list that breaks off or is no JSON; see ``unpacking`` and ``encodings``.
    """
    raw = plain(file, asked.member, scratch, limits)
    text: encodings.Text | None = None
    try:
        text = encodings.as_utf8(raw.path, file.name, asked.encoding, lambda: Survey("\n", ""), scratch)
        rows = _Rows(stage)
        listed = _is_list(text.path)
        with text.path.open(encoding="utf-8-sig", newline="") as stream:
            if listed:
                _members(stream, file.name, rows, limits)
            else:
                _lines(stream, file.name, rows, limits, strict=asked.format == "json")
        rows.flush()
        guess = Guess(format="json" if listed else "jsonl", encoding=text.encoding, certain=text.certain)
        return Taken(guess, (*text.findings, *_findings(rows, file.name)), rows.total, tuple(stage.names))
    finally:
        for one in (raw, text):
            if one is not None and one.owned:
                one.path.unlink(missing_ok=True)


def _is_list(path: Path) -> bool:
    with path.open(encoding="utf-8-sig") as stream:
        while piece := stream.read(4096):
            if start := piece.lstrip():
                return start[0] == "["
    return False


def _lines(stream: Any, name: str, rows: _Rows, limits: Limits, *, strict: bool) -> None:
    """One value a line; a file that is one value over several lines is a single row."""
    line = 0
    while spelled := stream.readline(limits.cell):
        line += 1
        if len(spelled) >= limits.cell:
            raise _broken(name, line, f"a line is longer than {limits.cell:,} characters")
        plain_text = spelled.strip(_SPACE)
        if not plain_text:
            continue
        try:
            rows.add(_decoder.decode(plain_text), plain_text, line)
        except (ValueError, RecursionError):
            if rows.count + rows.total == 0 and (strict or plain_text == "{"):
                _spread(spelled + stream.read(limits.cell), name, rows, limits)
                return
            rows.add(None, plain_text, line)


def _spread(text: str, name: str, rows: _Rows, limits: Limits) -> None:
    """Objects that are written over several lines, one after another."""
    if len(text) >= limits.cell:
        raise _broken(name, 1, "this is neither a list nor one object a line")
    place = 0
    while place < len(text):
        try:
            value, end = _decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as fault:
            line = text.count("\n", 0, getattr(fault, "pos", place)) + 1
            raise _broken(name, line, "this is no JSON") from None
        rows.add(value, text[place:end], text.count("\n", 0, place) + 1)
        place = end
        while place < len(text) and text[place] in _SPACE:
            place += 1


def _members(stream: Any, name: str, rows: _Rows, limits: Limits) -> None:
    """The members of one list, with memory bounded by the largest of them."""
    for value, spelled, line in _each(stream, name, limits):
        rows.add(value, spelled, line)


def _each(stream: Any, name: str, limits: Limits) -> Iterator[tuple[Any, str, int]]:
    buffer, place, line = "", 0, 1
    ended = started = expects_comma = False
    while True:
        while place < len(buffer) and buffer[place] in _SPACE:
            place += 1
        sign = buffer[place : place + 1]
        if not sign:
            line += buffer.count("\n")
            buffer, place = stream.read(_PIECE), 0
            if not buffer:
                raise _broken(name, line, "the list breaks off")
            continue
        if not started:
            started = True
            place += 1
            continue
        if sign == "]" and not ended:
            rest = buffer[place + 1 :] + stream.read(_PIECE)
            if rest.strip(_SPACE):
                raise _broken(name, line + buffer.count("\n", 0, place), "something stands behind the list")
            return
        if expects_comma:
            if sign != ",":
                raise _broken(name, line + buffer.count("\n", 0, place), "a comma is missing in the list")
            place, expects_comma = place + 1, False
            continue
        line += buffer.count("\n", 0, place)
        buffer, place = buffer[place:], 0
        value, end, buffer = _member(stream, buffer, name, line, limits)
        yield value, buffer[:end], line
        place, expects_comma = end, True


def _member(stream: Any, buffer: str, name: str, line: int, limits: Limits) -> tuple[Any, int, str]:
    """The value at the beginning of the buffer, where it ends, and the buffer it needed."""
    while True:
        try:
            value, end = _decoder.raw_decode(buffer)
            # A number may go on in the next piece.
            if end < len(buffer) or not (piece := stream.read(_PIECE)):
                return value, end, buffer
        except (ValueError, RecursionError):
            piece = stream.read(max(_PIECE, len(buffer)))
            if not piece or len(buffer) > limits.cell:
                raise _broken(name, line, "a member of the list is no JSON") from None
        buffer += piece


def _broken(name: str, line: int, message: str) -> InputProblem:
    hint = "have it written anew, best as one object a line"
    return InputProblem("RW-DATA-152", Problem(message, place=name, line=line, column=1, hint=hint))


def _findings(rows: _Rows, name: str) -> list[Finding]:
    found = []
    if rows.odd.rows:
        message = f"rows that are no JSON object, {rows.odd.where}; they are kept whole in `__surplus`"
        found.append(Finding("RW-DATA-117", message, name, "look at these lines", rows.odd.rows))
    if rows.repeated.rows:
        message = f"objects in which a key stands twice, {rows.repeated.where}; the last value counts"
        found.append(
            Finding("RW-DATA-119", message, name, "have each key written once", rows.repeated.rows)
        )
    if rows.renamed:
        message = "keys that differ in case alone, are empty or reserved got another name: "
        message += ", ".join(f"`{key}`" for key in sorted(rows.renamed)[:8])
        found.append(Finding("RW-DATA-105", message, name, "give each key its own name", len(rows.renamed)))
    if not rows.total:
        found.append(
            Finding("RW-DATA-114", "the file has no rows", name, "see that the right file was sent")
        )
    return found
