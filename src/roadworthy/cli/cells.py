"""Wrong cells: found without labels, repaired by a plan that a person approved, in a copy."""

from __future__ import annotations

from typing import Annotated

import typer

from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import Output
from roadworthy.cli.tables import (
    Delimiter,
    Encoding,
    Format,
    NoHeader,
    Sheet,
    Source,
    Table,
    looking,
    opened,
    progress,
    reading,
    told,
)


def register(data: typer.Typer) -> None:
    """Add the commands of this module to `data`."""
    data.command("errors")(errors)


def errors(
    source: Source,
    *,
    table: Table = "",
    at_least: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Only cells that are wrong with this confidence or more."),
    ] = 0.5,
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Find cells that are probably wrong, each with its reason and a repair. Nothing is changed."""
    from roadworthy.data.suspects import suspects

    out = Output(as_json=as_json)
    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with looking(home) as instruments, opened(instruments, source, table=table, **said) as dataset:
        told(out, dataset)
        with progress(out) as tell:
            tell(None, "reading")
            texts = dataset.texts()
            found = suspects(texts, at_least=at_least, progress=tell)
    if as_json:
        out.data(
            {
                "schema_version": 1,
                "cells": [
                    {
                        "row": one.row,
                        "column": one.column,
                        "value": one.value,
                        "repair": one.repair,
                        "reason": one.reason,
                        "confidence": round(one.confidence, 4),
                        "rule": one.rule,
                    }
                    for one in found
                ],
            }
        )
        return
    rows = len(next(iter(texts.values()), ()))
    out.table(
        ["row", "column", "value", "repair", "sure", "why"],
        [
            (one.row, one.column, one.value, one.repair or "", f"{one.confidence:.0%}", one.reason)
            for one in sorted(found, key=lambda each: -each.confidence)[:50]
        ],
        empty="no cell looks wrong",
    )
    out.say(f"{len(found):,} of {rows * len(texts):,} cells look wrong", "bold")
