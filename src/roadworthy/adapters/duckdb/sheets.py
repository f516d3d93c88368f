"""Excel files taken in: one sheet, its header, and its values as they would be written down."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine as calamine

from roadworthy.adapters.duckdb import delimited
from roadworthy.adapters.duckdb.csvfiles import Asked, Taken
from roadworthy.adapters.duckdb.places import Found
from roadworthy.adapters.duckdb.records import Count
from roadworthy.adapters.duckdb.spelling import near
from roadworthy.adapters.duckdb.staging import Stage
from roadworthy.adapters.duckdb.unpacking import Limits
from roadworthy.data import Finding, Guess
from roadworthy.errors import InputProblem, NotFound, Problem

_GROUP = 10_000
_CELL = re.compile(rb'<(?:\w+:)?c [^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_ROW = re.compile(rb'<(?:\w+:)?row [^>]*?\br="([0-9]{1,7})"')
_ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!"}
)
_EXACT = 2**53


def take(
    file: Found, asked: Asked, sheet: str, stage: Stage, scratch: Callable[[], Path], limits: Limits
) -> Taken:
    """Put the rows of one sheet on the stage: the one named, or the first that is visible and has cells.

    Formulas stand for the values that were saved with them. Errors: ``NotFound`` RW-DATA-150 for a
    sheet that is not there, ``InputProblem`` RW-DATA-152 for what is no workbook or is locked with a
    password, 153 for one that expands too far.
    """
    # A workbook is a zip archive itself: it is looked into, never unpacked here.
    local = _local(file, scratch, limits)
    try:
        _within(local, file.name, limits)
        try:
            book = calamine.CalamineWorkbook.from_path(str(local))
        except calamine.PasswordError:
            raise _unsound(file.name, "is locked with a password", "save it without one") from None
        except (calamine.CalamineError, OSError) as fault:
            raise _unsound(file.name, "is no sound Excel file", "open and save it again") from fault
        with book:
            return _sheet(book, file.name, sheet, asked, stage)
    finally:
        if local != Path(file.path):
            local.unlink(missing_ok=True)


def _local(file: Found, scratch: Callable[[], Path], limits: Limits) -> Path:
    if file.is_local:
        return Path(file.path)
    target = scratch()
    with file.fs.open(file.path, "rb") as raw, target.open("wb") as out:
        while piece := raw.read(4 << 20):
            out.write(piece)
            if out.tell() > limits.spreadsheet:
                target.unlink()
                raise _large(file.name, "is too large for a spreadsheet")
    return target


def _within(path: Path, name: str, limits: Limits) -> None:
    """Look before reading: the reader lays out a grid up to the last cell, however lonely that one is."""
    if not zipfile.is_zipfile(path):
        if path.stat().st_size > limits.spreadsheet:
            raise _large(name, "is too large for a spreadsheet")
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(one.file_size for one in members) > limits.spreadsheet:
                raise _large(name, f"expands to more than {limits.spreadsheet:,} bytes")
            for one in members:
                if one.filename.lower().startswith("xl/worksheets/") and one.filename.endswith(".xml"):
                    with archive.open(one) as stream:
                        _grid(stream, name, limits)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as fault:
        raise _unsound(name, "is no sound Excel file", "open and save it again") from fault


def _grid(stream: Any, name: str, limits: Limits) -> None:
    """The grid from the first to the last cell that a sheet names. Read sizes are enforced by the archive."""
    tail, total = b"", 0
    last_row = last_column = 0
    seen: set[bytes] = set()
    while piece := stream.read(1 << 20):
        total += len(piece)
        if total > limits.spreadsheet:
            raise _large(name, f"expands to more than {limits.spreadsheet:,} bytes")
        text = tail + piece
        for letters, row in _CELL.findall(text):
            if letters not in seen:
                seen.add(letters)
                last_column = max(last_column, _column(letters))
            last_row = max(last_row, int(row))
        for row in _ROW.findall(text):
            last_row = max(last_row, int(row))
        if last_row * last_column > limits.cells:
            raise _large(name, f"has a sheet of {last_row:,} rows and {last_column:,} columns")
        tail = text[-200:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sheet(book: calamine.CalamineWorkbook, name: str, wanted: str, asked: Asked, stage: Stage) -> Taken:
    sheets = [one.name for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
    hidden = {one.name for one in book.sheets_metadata if one.visible != calamine.SheetVisibleEnum.Visible}
    if wanted and wanted not in sheets:
        raise NotFound(
            "RW-DATA-150", Problem(f"there is no sheet `{wanted}`", place=name, hint=near(wanted, sheets))
        )
    if not sheets:
        raise _unsound(name, "has no sheet with cells", "see that the right file was sent")
    candidates = [wanted] if wanted else [one for one in sheets if one not in hidden] or sheets
    for chosen in candidates:
        found = book.get_sheet_by_name(chosen)
        if found.height:
            break
    else:
        chosen = candidates[0]
        found = book.get_sheet_by_name(chosen)
    findings = []
    others = [one for one in sheets if one != chosen]
    if others and not wanted:
        message = f"the sheet `{chosen}` was read, not " + ", ".join(f"`{one}`" for one in others[:8])
        findings.append(
            Finding("RW-DATA-120", message, name, "name the one you mean with `sheet`", len(others))
        )
    return _taken(found, chosen, name, asked, stage, findings)


def _taken(
    sheet: calamine.CalamineSheet,
    chosen: str,
    name: str,
    asked: Asked,
    stage: Stage,
    findings: list[Finding],
) -> Taken:
    place = f"{name}, sheet `{chosen}`"
    start = [
        [_spelled(cell)[0] or "" for cell in row]
        for row, _ in zip(sheet.iter_rows(), range(200), strict=False)
    ]
    above, header, certain = _top(start, asked)
    guess = Guess(format="excel", header=header, sheet=chosen, certain=certain)
    if not start:
        findings.append(
            Finding("RW-DATA-114", "the sheet is empty", place, "see that the right file was sent")
        )
        return Taken(guess, tuple(findings), 0)
    if above and asked.skip is None:
        message = "lines above the header, which are no rows"
        findings.append(Finding("RW-DATA-110", message, place, "say with `skip` how many there are", above))
    first = start[above] if above < len(start) else []
    names, about = delimited.named(first, len(first), header=header, place=place)
    findings += about
    errors = Count()
    blank, rows = _rows(sheet, above + header, [stage.column(one) for one in names], stage, errors)
    if errors.rows:
        message = f"cells that show an error such as `#REF!`, {errors.where}"
        findings.append(
            Finding("RW-DATA-121", message, place, "repair the formulas and save again", errors.rows)
        )
    if blank:
        findings.append(Finding("RW-DATA-109", "blank lines, which are no rows", place, "", blank))
    if sheet.merged_cell_ranges:
        message = "merged cells: the value stands in the first of them, the others are empty"
        findings.append(Finding("RW-DATA-122", message, place, "split them", len(sheet.merged_cell_ranges)))
    if not rows:
        findings.append(Finding("RW-DATA-114", "the sheet has no rows", place))
    return Taken(guess, tuple(findings), rows, tuple(names))


def _top(start: list[list[str]], asked: Asked) -> tuple[int, bool, bool]:
    """How many lines stand above the header or the first row, and whether there is a header."""
    width = max((len(row) for row in start), default=0)
    above = delimited.lines_above(start, width) if asked.skip is None else asked.skip
    rows = [row for row in start[above:] if any(row)]
    if asked.header is not None or not rows:
        return above, asked.header is not False, True
    header, certain = delimited.has_header(rows)
    return above, header, certain


def _rows(
    sheet: calamine.CalamineSheet, skip: int, numbers: list[int], stage: Stage, errors: Count
) -> tuple[int, int]:
    kinds: list[set[str]] = [stage.kinds.setdefault(number, set()) for number in numbers]
    blank = rows = 0
    group: list[list[str | None]] = []
    first = (sheet.start or (0, 0))[0] + 1
    for line, row in enumerate(_each(sheet, skip), first + skip):
        cells: list[str | None] = []
        for cell, kind in zip(row, kinds, strict=False):
            text, what = _spelled(cell)
            if what:
                kind.add(what)
                if what == "string" and text in _ERRORS:
                    errors.add(line)
            cells.append(text)
        if all(cell is None for cell in cells):
            blank += 1
            continue
        group.append(cells)
        if len(group) >= _GROUP:
            stage.take_cells(numbers, list(zip(*group, strict=True)), len(group))
            rows += len(group)
            group = []
    if group:
        stage.take_cells(numbers, list(zip(*group, strict=True)), len(group))
    return blank, rows + len(group)


def _each(sheet: calamine.CalamineSheet, skip: int) -> Iterator[list[Any]]:
    for place, row in enumerate(sheet.iter_rows()):
        if place >= skip:
            yield row


def _spelled(cell: object) -> tuple[str | None, str]:
    """A cell as it would be written down, and what kind of value it is."""
    if cell == "" or cell is None:
        return None, ""
    if isinstance(cell, bool):
        return ("true" if cell else "false"), "boolean"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < _EXACT:
            return str(int(cell)), "integer"
        return repr(cell), "number"
    if isinstance(cell, int):
        return str(cell), "integer"
    if isinstance(cell, datetime):
        if cell.time() == time() and cell.tzinfo is None:
            return cell.date().isoformat(), "date"
        return cell.isoformat(sep=" "), "timestamp"
    if isinstance(cell, date):
        return cell.isoformat(), "date"
    if isinstance(cell, time):
        return cell.isoformat(), "time"
    if isinstance(cell, timedelta):
        return str(cell), "string"
    return str(cell), "string"


def _unsound(name: str, message: str, hint: str) -> InputProblem:
    return InputProblem("RW-DATA-152", Problem(f"`{name}` {message}", hint=hint))


def _large(name: str, message: str) -> InputProblem:
    hint = "save the table alone as `.csv`, or raise the limit of the workbench"
    return InputProblem("RW-DATA-153", Problem(f"`{name}` {message}", hint=hint))
