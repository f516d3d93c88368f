"""Rows of a delimited text that breaks its own rules: every line is accounted for, none is dropped."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from roadworthy.adapters.duckdb.delimited import Dialect
from roadworthy.data import Finding

_EXAMPLES = 5


@dataclass(slots=True)
class Count:
    """How often something was met, and in which lines first."""

    rows: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        """Once more."""
        self.rows += 1
        if len(self.lines) < _EXAMPLES:
            self.lines.append(line)

    @property
    def where(self) -> str:
        return f"first in line {', '.join(str(line) for line in self.lines)}"


@dataclass(slots=True)
class Troubles:
    """What was odd about the rows of one file."""

    short: Count = field(default_factory=Count)
    long: Count = field(default_factory=Count)
    quotes: Count = field(default_factory=Count)
    blank: int = 0

    def findings(self, place: str, width: int) -> list[Finding]:
        """What its reader is told."""
        found = []
        if self.short.rows:
            message = f"rows with fewer than {width} cells, {self.short.where}; the missing cells are empty"
            hint = "look at these lines: a line break inside a cell needs quotes"
            found.append(Finding("RW-DATA-103", message, place, hint, self.short.rows))
        if self.long.rows:
            message = (
                f"rows with more than {width} cells, {self.long.where}; the rest stands in `__surplus`"
            )
            hint = "look at these lines: a delimiter inside a cell needs quotes"
            found.append(Finding("RW-DATA-104", message, place, hint, self.long.rows))
        if self.quotes.rows:
            message = (
                f"quotes that do not enclose a whole cell, {self.quotes.where}; they are kept as they stand"
            )
            hint = "have quotes inside a cell doubled where the file is made"
            found.append(Finding("RW-DATA-107", message, place, hint, self.quotes.rows))
        if self.blank:
            message = "blank lines, which are no rows"
            found.append(Finding("RW-DATA-109", message, place, "", self.blank))
        return found


class _Lines:
    """Lines that remember what was taken since the last mark, and take back what was too much."""

    def __init__(self, more: Callable[[], list[str]]) -> None:
        self._more = more
        self._ahead: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if not self._ahead:
            self._ahead.extend(self._more())
            if not self._ahead:
                raise StopIteration
        line = self._ahead.popleft()
        self.taken.append(line)
        return line

    def again(self, lines: Sequence[str]) -> None:
        self._ahead.extendleft(reversed(lines))

    def piece(self) -> list[str]:
        """The lines that are next, without taking them: none at the end."""
        if not self._ahead:
            self._ahead.extend(self._more())
        return list(self._ahead)

    def skip(self) -> None:
        """Take all lines of the piece."""
        self._ahead.clear()


def records(
    more: Callable[[], list[str]], dialect: Dialect, width: int, troubles: Troubles, *, line: int = 1
) -> Iterator[list[tuple[int, list[str]]]]:
    """Each row with the line it begins in, piece by piece. Blank lines are counted and left out.

    A quote that encloses no whole cell is taken literally, and reading goes on in the next line: one
    lost quote costs one row, not the rest of the file. ``more`` gives the next lines, none at the end;
    ``line`` is the number of the first.
    """
    source = _Lines(more)
    while piece := source.piece():
        plainly = _plainly(piece, dialect)
        if plainly is None:
            found, line = _carefully(source, len(piece), dialect, width, troubles, line)
            yield found
            continue
        source.skip()
        filled = [(number, row) for number, row in enumerate(plainly, line) if row]
        troubles.blank += len(plainly) - len(filled)
        line += len(plainly)
        yield filled


def _plainly(piece: list[str], dialect: Dialect) -> list[list[str]] | None:
    """The rows of lines each of which is one; nothing where quotes go over lines or stand oddly."""
    try:
        rows = list(dialect.reader(piece, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(piece) else None


def _carefully(
    source: _Lines, lines: int, dialect: Dialect, width: int, troubles: Troubles, line: int
) -> tuple[list[tuple[int, list[str]]], int]:
    """The rows that begin in so many lines, and the number of the line behind them."""
    found: list[tuple[int, list[str]]] = []
    end = line + lines
    reader = dialect.reader(source, strict=True)
    while line < end:
        source.taken.clear()
        broken = False
        row: list[str] = []
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            broken = True
        else:
            if len(source.taken) > 1 and len(row) != width:
                broken = len(_literal(source.taken[0], dialect)) == width
        if broken:
            row = _literal(source.taken[0], dialect)
            source.again(source.taken[1:])
            troubles.quotes.add(line)
            reader = dialect.reader(source, strict=True)
        if row:
            found.append((line, row))
        else:
            troubles.blank += 1
        line += 1 if broken else len(source.taken)
    return found, line


def _literal(line: str, dialect: Dialect) -> list[str]:
    """The cells of one line in which a quote counts only where it encloses a whole cell."""
    line = line.rstrip("\r\n")
    quote, delimiter = dialect.quote, dialect.delimiter
    cells, place = [], 0
    while True:
        end = -1
        if quote and line.startswith(quote, place):
            end = _closing(line, place + 1, dialect)
        if end >= 0:
            inner = line[place + 1 : end]
            cells.append(inner.replace(quote * 2, quote))
            place = end + 1
        else:
            stop = line.find(delimiter, place)
            stop = len(line) if stop < 0 else stop
            cells.append(line[place:stop])
            place = stop
        if place >= len(line):
            return cells
        place += len(delimiter)


def _closing(line: str, start: int, dialect: Dialect) -> int:
    """Where the quote stands that a delimiter or the end of the line follows; -1 where none does."""
    place = line.find(dialect.quote, start)
    while place >= 0:
        if line.startswith(dialect.quote, place + 1):
            place += 1
        elif place + 1 == len(line) or line.startswith(dialect.delimiter, place + 1):
            return place
        place = line.find(dialect.quote, place + 1)
    return -1
