"""Delimited files taken in: fast where they are written plainly, row by row with an account of every oddity else."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from roadworthy.adapters.duckdb import delimited, encodings
from roadworthy.adapters.duckdb.delimited import SURPLUS, Dialect, Sniffed
from roadworthy.adapters.duckdb.places import Found
from roadworthy.adapters.duckdb.records import Troubles, records
from roadworthy.adapters.duckdb.staging import Stage
from roadworthy.adapters.duckdb.survey import Survey
from roadworthy.adapters.duckdb.unpacking import Limits, plain
from roadworthy.data import Finding, Guess

_BLOCK = 16 << 20
_HEAD = 256 << 10
_PIECE = 4 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader of a file was told about it; what it was not told it finds out."""

    format: str = "csv"
    encoding: str = ""
    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    skip: int | None = None
    member: str = ""
    like: tuple[str, ...] = ()
    """The names of the partition before: a first line that repeats them is a header."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How a file was understood."""

    guess: Guess
    findings: tuple[Finding, ...]
    rows: int
    names: tuple[str, ...] = ()


def take(file: Found, asked: Asked, stage: Stage, scratch: Callable[[], Path], limits: Limits) -> Taken:
    """Put all rows of a file on the stage. Errors: see ``unpacking`` and ``encodings``."""
    if csv.field_size_limit() < limits.cell:
        # The library's own limit is one for the process, and smaller than a document in a cell.
        csv.field_size_limit(limits.cell)
    raw = plain(file, asked.member, scratch, limits)
    text: encodings.Text | None = None
    try:
        sniffed, sized = _look(raw.path, asked)
        dialect = sniffed.dialect

        def survey() -> Survey:
            return Survey(dialect.delimiter, dialect.quote)

        text = encodings.as_utf8(raw.path, file.name, asked.encoding, survey, scratch)
        if text.encoding != sized:
            # What the first lines did not show changed how they read.
            sniffed, _ = _look(text.path, replace(asked, encoding="utf-8"))
        return _taken(file.name, asked, text, sniffed, stage)
    finally:
        for one in (raw, text):
            if one is not None and one.owned:
                one.path.unlink(missing_ok=True)


def _look(path: Path, asked: Asked) -> tuple[Sniffed, str]:
    with path.open("rb") as stream:
        start = stream.read(_HEAD)
        whole = not stream.read(1)
    head, encoding = encodings.glance(start, asked.encoding)
    sniffed = delimited.sniff(
        head,
        whole=whole,
        delimiter=asked.delimiter,
        quote=asked.quote,
        header=asked.header,
        skip=asked.skip,
        tabbed=asked.format == "tsv",
    )
    if asked.header is None and asked.like == tuple(cell.strip() for cell in sniffed.first):
        sniffed = replace(sniffed, dialect=replace(sniffed.dialect, header=True))
    return sniffed, "utf-8" if encoding == "utf-8-sig" else encoding


def _taken(name: str, asked: Asked, text: encodings.Text, sniffed: Sniffed, stage: Stage) -> Taken:
    dialect = sniffed.dialect
    guess = Guess(
        format=asked.format,
        encoding=text.encoding,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        header=dialect.header,
        certain=dialect.certain and text.certain,
    )
    findings = list(text.findings)
    if dialect.skip and asked.skip is None:
        message = "lines above the header, which are no rows"
        findings.append(
            Finding("RW-DATA-110", message, name, "say with `skip` how many there are", dialect.skip)
        )
    if text.survey.nul:
        message = "characters NUL, which are kept"
        findings.append(Finding("RW-DATA-108", message, name, "see how the file was made", text.survey.nul))
    if not sniffed.width:
        message = "the file is empty"
        findings.append(Finding("RW-DATA-114", message, name, "see that the right file was sent"))
        return Taken(guess, tuple(findings), 0)
    names, about = delimited.named(sniffed.first, sniffed.width, header=dialect.header, place=name)
    findings += about
    if dialect.header and len(sniffed.first) < sniffed.width:
        message = f"the header names {len(sniffed.first)} columns, most rows have {sniffed.width} cells"
        hint = "names were given from the left: see that none is missing in front"
        findings.append(Finding("RW-DATA-106", message, name, hint, sniffed.width - len(sniffed.first)))
    rows, troubles = _rows(text, dialect, names, stage)
    findings += troubles.findings(name, len(names))
    if not rows:
        findings.append(
            Finding(
                "RW-DATA-114",
                "the file has a header and no rows" if dialect.header else "the file has no rows",
                name,
            )
        )
    return Taken(guess, tuple(findings), rows, tuple(names))


def _rows(text: encodings.Text, dialect: Dialect, names: list[str], stage: Stage) -> tuple[int, Troubles]:
    numbers = [stage.column(name) for name in names]
    before, mark = stage.rows, len(stage.segments)
    if _is_simple(text.survey, dialect):
        stage.finish()
        mark = len(stage.segments)
        if _fast(text.path, dialect, numbers, stage):
            wanted = text.survey.rows - dialect.header
            if dialect.skip == 0 and stage.rows - before == wanted:
                return wanted, Troubles(blank=text.survey.blank)
            if dialect.skip and text.survey.blank == 0 and stage.rows - before == wanted - dialect.skip:
                return stage.rows - before, Troubles()
        # The fast reader met what it cannot account for, or another number of rows than there are.
        stage.rewind(mark)
    troubles = Troubles()
    _slowly(text.path, dialect, numbers, stage, troubles)
    return stage.rows - before, troubles


def _is_simple(survey: Survey, dialect: Dialect) -> bool:
    return survey.is_plain and not dialect.escape and dialect.delimiter.isascii()


def _fast(path: Path, dialect: Dialect, numbers: list[int], stage: Stage) -> bool:
    names = [f"c{number}" for number in numbers]
    reading = pyarrow.csv.ReadOptions(
        use_threads=False,
        block_size=_BLOCK,
        column_names=names,
        skip_rows=dialect.skip,
        skip_rows_after_names=int(dialect.header),
    )
    parsing = pyarrow.csv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote or False,
        newlines_in_values=bool(dialect.quote),
    )
    converting = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in names}, strings_can_be_null=False, null_values=[]
    )
    try:
        with pyarrow.csv.open_csv(path, reading, parsing, converting) as reader:
            for batch in reader:
                stage.take(numbers, batch.columns, batch.num_rows)
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return False
    return True


def _slowly(path: Path, dialect: Dialect, numbers: list[int], stage: Stage, troubles: Troubles) -> None:
    width = len(numbers)
    numbers, has_surplus = [*numbers], False
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for _ in islice(lines, dialect.skip):
            pass
        headed = dialect.header
        pieces = records(lambda: lines.readlines(_PIECE), dialect, width, troubles, line=dialect.skip + 1)
        for piece in pieces:
            rows = piece
            if headed and rows:
                rows, headed = rows[1:], False
            cells: list[list[str | None]] = []
            surplus: dict[int, str] = {}
            for line, row in rows:
                extra = len(row) - width
                if extra > 0:
                    troubles.long.add(line)
                    # As JSON, so that the cells can be told apart whatever stands in them.
                    surplus[len(cells)] = json.dumps(row[width:], ensure_ascii=False)
                    cells.append([*row[:width]])
                elif extra:
                    troubles.short.add(line)
                    cells.append([*row, *[None] * -extra])
                else:
                    cells.append(row)  # type: ignore[arg-type]
            if surplus and not has_surplus:
                has_surplus = True
                numbers.append(stage.column(SURPLUS))
            columns = list(zip(*cells, strict=True))
            if has_surplus and columns:
                columns.append(tuple(surplus.get(place) for place in range(len(cells))))
            stage.take_cells(numbers, columns, len(cells))
