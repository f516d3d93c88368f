"""Rows of a CSV file as they arrive, in bounded memory, with the line of everything that is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from roadworthy.errors import InputProblem, Problem

LONGEST_LINE = 1 << 20
MOST_PROBLEMS = 20
MOST_COLUMNS = 2_000
_LONGEST_FIELD = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """A row by column, and the line it ends on. The header is line 1."""

    line: int
    cells: list[str]


@dataclass(slots=True)
class Findings:
    """What is wrong with an input so far, up to a bound; ``live`` inputs are not read on for more."""

    code: str
    place: str
    live: bool
    found: list[Problem] = field(default_factory=list)

    def add(self, message: str, *, line: int, column: int = 1, hint: str = "") -> None:
        """One more. Errors: ``InputProblem`` with all of them once there are enough, or at once where live."""
        self.found.append(Problem(message, place=self.place, line=line, column=column, hint=hint))
        if self.live or len(self.found) >= MOST_PROBLEMS:
            self.stop()

    def stop(self) -> None:
        """Errors: ``InputProblem`` with everything found; none where there is nothing."""
        if not self.found:
            return
        more = f"only the first {MOST_PROBLEMS} are shown" if len(self.found) >= MOST_PROBLEMS else ""
        raise InputProblem(self.code, self.found, hint=more)


class Rows:
    """The rows of one CSV input after its header. Reads a line at a time, so that a pipe is answered at once.

    Errors:  ``InputProblem`` with the code of ``findings`` for no header, two columns of a name, bytes that are
             not UTF-8, a line over a mebibyte, an open quote, and rows with another number of cells.
    """

    def __init__(self, source: BinaryIO, findings: Findings) -> None:
        self._source = source
        self._line = 0
        self.findings = findings
        csv.field_size_limit(_LONGEST_FIELD)
        self._reader = csv.reader(self._lines(), strict=True)
        self.header = self._head()

    def _lines(self) -> Iterator[str]:
        while True:
            raw = self._source.readline(LONGEST_LINE + 1)
            if not raw:
                return
            self._line += 1
            if len(raw) > LONGEST_LINE:
                self._fatal(f"a line is longer than {LONGEST_LINE:,} bytes")
            if self._line == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError:
                self._fatal("not UTF-8", hint="convert the file to UTF-8")

    def _fatal(self, message: str, hint: str = "") -> None:
        self.findings.live = True
        self.findings.add(message, line=max(1, self._line), hint=hint)

    def _head(self) -> list[str]:
        header = self._next()
        while header == []:
            header = self._next()
        if header is None:
            self._fatal("nothing there", hint="the first line names the columns")
            return []
        header = [name.strip() for name in header]
        twice = sorted({name for name in header if header.count(name) > 1 and name})
        if twice:
            self._fatal(f"two columns are called `{twice[0][:80]}`")
        if len(header) > MOST_COLUMNS:
            self._fatal(f"{len(header)} columns, at most {MOST_COLUMNS:,} can be watched")
        return header

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as problem:
            self._fatal(f"not CSV: {problem}")
            return None

    def missing(self, columns: list[str]) -> None:
        """Errors: ``InputProblem`` naming every one of these columns that the header has not."""
        absent = [column for column in columns if column not in self.header]
        shown = ", ".join(self.header[:20])[:400] or "nothing"
        self.findings.live = False
        for column in absent:
            self.findings.add(f"no column `{column}`", line=1, hint=f"found: {shown}")
        self.findings.stop()

    def __iter__(self) -> Iterator[Row]:
        while True:
            cells = self._next()
            if cells is None:
                return
            if not cells:  # an empty line
                continue
            if len(cells) != len(self.header):
                self.findings.add(f"{len(cells)} cells, the header has {len(self.header)}", line=self._line)
                continue
            yield Row(self._line, cells)
