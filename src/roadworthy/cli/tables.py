"""What the commands about data share: the options for reading a source, and the instruments."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from roadworthy.cli.output import Output

if TYPE_CHECKING:
    from roadworthy.ports import Dataset, Instruments, Progress

Source = Annotated[
    str,
    typer.Argument(
        help="A file (CSV, TSV, JSON, Parquet, Excel; also compressed), a folder or glob of files, an object "
        "store's address, or a database: sqlite:///…, postgresql://…, mysql://…; ${NAME} stands for a "
        "variable of the environment."
    ),
]
Table = Annotated[str, typer.Option(help="The table, where the source is a database.")]
Format = Annotated[
    str, typer.Option("--format", help="csv, tsv, json, jsonl, parquet or xlsx; default: guessed.")
]
Encoding = Annotated[str, typer.Option(help="Of a text file, such as cp1252; default: guessed.")]
Delimiter = Annotated[str, typer.Option(help="Between the cells of a text file; default: guessed.")]
NoHeader = Annotated[bool, typer.Option("--no-header", help="The first row is no header.")]
Sheet = Annotated[str, typer.Option(help="Of a workbook; default: the first.")]


def reading(
    *, format_: str = "", encoding: str = "", delimiter: str = "", no_header: bool = False, sheet: str = ""
) -> dict[str, object]:
    """What the user says of a file; what is left out is guessed."""
    said: dict[str, object] = {
        "format": format_,
        "encoding": encoding,
        "delimiter": delimiter.replace("\\t", "\t"),
        "sheet": sheet,
    }
    if no_header:
        said["header"] = False
    return {name: value for name, value in said.items() if value != ""}


@contextmanager
def looking(home: Path | None) -> Iterator[Instruments]:
    """The instruments of the workspace; no account and no database are needed to look at a table."""
    from roadworthy.wiring import instruments, workspace

    with instruments(workspace(home)) as made:
        yield made


@contextmanager
def opened(
    instruments: Instruments, location: str, *, table: str = "", **said: object
) -> Iterator[Dataset]:
    """A table, closed afterwards."""
    dataset = instruments.open(location, table=table, **said)
    try:
        yield dataset
    finally:
        dataset.close()


@contextmanager
def progress(out: Output) -> Iterator[Progress]:
    """Tells a terminal how far long work is; silent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=out.err, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("looking", total=None)

        def tell(part: float | None, doing: str) -> None:
            bar.update(task, description=doing, completed=part or 0, total=None if part is None else 1)

        yield tell


def told(out: Output, dataset: Dataset) -> None:
    """How a file was understood and what was noticed, on stderr."""
    guess = dataset.reading.guess
    parts = [
        guess.format,
        guess.encoding,
        guess.delimiter and f"delimiter {guess.delimiter!r}",
        guess.sheet,
    ]
    if guess.header is not None:
        parts.append("with a header" if guess.header else "without a header")
    sure = "" if guess.certain else " (another reading is nearly as good)"
    out.note(f"{dataset.name}: read as {', '.join(part for part in parts if part)}{sure}")
    for finding in dataset.reading.findings:
        where = f" at {finding.place}" if finding.place else ""
        out.note(f"  ! {finding.message}{where}{f'; {finding.hint}' if finding.hint else ''}")


def write_rows(
    file: Path, columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, formulas: bool = False
) -> int:
    """Write a CSV file that only this user reads; returns how many rows.

    What a spreadsheet would take for a formula gets a quote in front, unless the file is a true copy
    (``formulas``).
    """
    written = 0
    file.touch(mode=0o600, exist_ok=True)
    file.chmod(0o600)
    with file.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(columns)
        for row in rows:
            lines.writerow(row if formulas else [_no_formula(cell) for cell in row])
            written += 1
    return written


def _no_formula(cell: str | None) -> str | None:
    return f"'{cell}" if cell and cell[0] in "=+-@\t\r" and not _number(cell) else cell


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
