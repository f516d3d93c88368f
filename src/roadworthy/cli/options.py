"""Options and inputs that several commands share."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.errors import InputProblem, Problem

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Home = Annotated[
    Path | None, typer.Option("--home", help="The workspace; default: ROADWORTHY_HOME or ~/.roadworthy.")
]
UseCase = Annotated[str, typer.Argument(help="The use case, such as `support`.")]


def csv_rows(path: Path, columns: list[str]) -> list[dict[str, str]]:
    """Rows of a CSV file that must have these columns.

    Errors: ``InputProblem`` RW-CLI-010 for a missing file or column, or bytes that are not UTF-8,
    with file and line.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputProblem("RW-CLI-010", Problem("no such file", place=str(path))) from None
    except IsADirectoryError:
        raise InputProblem(
            "RW-CLI-010", Problem("is a folder, expected a CSV file", place=str(path))
        ) from None
    except UnicodeDecodeError as problem:
        line = path.read_bytes()[: problem.start].count(b"\n") + 1
        raise InputProblem(
            "RW-CLI-010",
            Problem("not UTF-8", place=str(path), line=line, column=1, hint="convert the file to UTF-8"),
        ) from None
    csv.field_size_limit(16 * 1024 * 1024)
    try:
        reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
        rows = list(reader)
    except csv.Error as problem:
        raise InputProblem("RW-CLI-010", Problem(f"not CSV: {problem}", place=str(path))) from None
    missing = [column for column in columns if column not in (reader.fieldnames or [])]
    if missing:
        found = ", ".join(reader.fieldnames or []) or "nothing"
        raise InputProblem(
            "RW-CLI-010",
            [
                Problem(f"no column `{column}`", place=str(path), line=1, column=1, hint=f"found: {found}")
                for column in missing
            ],
        )
    return rows
