"""Data: what a source is like, what personal data it holds, and what stands in the way of using it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli import cells, contracts, matching
from roadworthy.cli.options import Home, Json
from roadworthy.cli.output import NO, OK, Output
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
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.data import Profile
    from roadworthy.data.readiness import Document
    from roadworthy.operate.deployment import Deployment
    from roadworthy.principal import Principal
    from roadworthy.release import Release

_LONGEST_LINE = 16 * 1024 * 1024


def register(app: typer.Typer) -> None:
    """Add `data` and its commands to the program."""
    data = typer.Typer(
        help="Know whether the data can carry the use case, and repair them.", no_args_is_help=True
    )
    data.command("profile")(profile)
    contracts.register(data)
    cells.register(data)
    matching.register(data)
    data.command("classify")(classify)
    data.command("report")(report)
    app.add_typer(data, name="data")


def profile(
    source: Source,
    *,
    table: Table = "",
    sample: Annotated[
        int | None, typer.Option(min=1, help="Look at so many rows, spread over the table.")
    ] = None,
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """What a table looks like: types, gaps, distinct values, shapes, personal data. It judges nothing."""
    from roadworthy.data.readiness import profile_section
    from roadworthy.measure.tables.looking import profiled

    out = Output(as_json=as_json)
    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with looking(home) as instruments, opened(instruments, source, table=table, **said) as dataset:
        told(out, dataset)
        with progress(out) as tell:
            tell(None, "profiling")
            found, _ = profiled(instruments, dataset, sample=sample)
    if as_json:
        out.data({"schema_version": 1, **profile_section(found)})
        return
    _tell_profile(out, found)


def _tell_profile(out: Output, found: Profile) -> None:
    seen = "" if found.sampled == found.rows else f", {found.sampled:,} of them looked at"
    out.say(f"{found.name}: {found.rows:,} rows{seen}, {len(found.columns)} columns", "bold")
    out.table(
        ["column", "type", "empty", "distinct", "from", "to", "shapes", "personal"],
        [
            (
                one.column.name,
                one.column.type,
                f"{one.nulls / one.rows:.1%}" if one.rows else "",
                f"{one.distinct:,}{'' if one.distinct_exact else ' (about)'}",
                "" if one.personal else (one.minimum or "")[:20],
                "" if one.personal else (one.maximum or "")[:20],
                "  ".join(shape for shape, _ in one.masks[:2])[:30],
                ", ".join(f"{cls} {share:.0%}" for cls, share in one.personal.items()),
            )
            for one in found.columns
        ],
        empty="it has no columns",
    )


def classify(
    source: Annotated[str, typer.Argument(help="A source whose columns are classified; or --jsonl.")] = "",
    *,
    jsonl: Annotated[
        Path | None, typer.Option(help="A file of JSON objects, one a line; - for stdin.")
    ] = None,
    text: Annotated[str, typer.Option(help="The field of each object that holds the text.")] = "text",
    table: Table = "",
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Find personal data: in columns of a table, or, with --jsonl, places in free text, one answer a line."""
    out = Output(as_json=as_json)
    if bool(source) == bool(jsonl):
        raise InputProblem(
            "RW-DATA-219", Problem("expected a source, or --jsonl with a file", place="source")
        )
    if jsonl:
        _classify_texts(jsonl, text)
        return
    from roadworthy.measure.tables.looking import classified, shares_of

    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with looking(home) as instruments, opened(instruments, source, table=table, **said) as dataset:
        told(out, dataset)
        found = classified(dataset)
    rows = [
        {
            "column": name,
            "classes": shares_of(one),
            "severity": max((cls.severity for cls in one.classes), default=0),
            "ground": "; ".join(dict.fromkeys(cls.ground for cls in one.classes)),
            "reason": one.reason,
        }
        for name, one in found.items()
    ]
    if as_json:
        out.data({"schema_version": 1, "columns": rows})
        return
    out.table(
        ["column", "classes", "ground", "why"],
        [
            (
                row["column"],
                ", ".join(f"{cls} {share:.0%}" for cls, share in row["classes"].items()),  # type: ignore[attr-defined]
                row["ground"],
                row["reason"],
            )
            for row in rows
            if row["classes"]
        ],
        empty="no personal data found in the columns' names and first rows",
    )


def _classify_texts(file: Path, field: str) -> None:
    """One JSON object a line, in the order of the input."""
    from roadworthy.data.personal import Classifier

    classifier = Classifier()
    for number, words in _texts(file, field):
        spans = [
            {
                "start": span.start,
                "end": span.end,
                "class": str(span.cls),
                "confidence": round(span.confidence, 4),
                "detail": span.detail,
            }
            for span in classifier.spans(words)
        ]
        sys.stdout.write(json.dumps({"line": number, "spans": spans}, ensure_ascii=False) + "\n")


def _texts(file: Path, field: str) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text. Errors: ``InputProblem`` RW-DATA-220 at the first line that has none."""
    try:
        stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as fault:
        raise InputProblem(
            "RW-DATA-220", Problem(f"cannot be read: {fault.strerror}", place=str(file))
        ) from None
    with stream:
        number = 0
        while line := stream.readline(_LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
                words = value[field] if isinstance(value, dict) else None
            except (ValueError, KeyError, RecursionError):
                words = None
            if not isinstance(words, str):
                raise InputProblem(
                    "RW-DATA-220",
                    Problem(
                        f"expected a JSON object with a text in `{field}`",
                        place=str(file),
                        line=number,
                        column=1,
                    ),
                    hint="--text names the field",
                )
            yield number, words


def report(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Sources to look at; or --use-case for those of a charter.")
    ] = None,
    *,
    use_case: Annotated[
        str, typer.Option(help="The sources of this use case, with the gate's requirements.")
    ] = "",
    contract: Annotated[
        list[Path] | None, typer.Option(help="A contract of one of the sources; may stand several times.")
    ] = None,
    table: Table = "",
    title: Annotated[str, typer.Option(help="What stands on top.")] = "",
    output: Annotated[Path, typer.Option(help="The page's file.")] = Path("readiness.html"),
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Write the readiness report: a page without network that says what to repair first. Exit code 3: not ready.

    With --use-case, the page "Data" of the dashboard shows what was found, too.
    """
    out = Output(as_json=as_json)
    if bool(sources) == bool(use_case):
        raise InputProblem("RW-DATA-221", Problem("expected sources, or --use-case", place="sources"))
    with progress(out) as tell:
        made = (
            _of_use_case(use_case, title, home, tell)
            if use_case
            else _of_sources(sources or [], contract or [], table, title, home, tell)
        )
    if as_json:
        out.data(made)
    else:
        from roadworthy.server.reports import readiness_page

        output.write_text(readiness_page(made), encoding="utf-8")
        out.say(made["verdict"]["sentence"], "bold green" if made["verdict"]["ready"] else "bold red")
        for number, step in enumerate(made["steps"][:5], start=1):
            out.say(f"  {number}. {step['what']} ({step['source']}, about {step['minutes']} min)")
        out.say(f"wrote {output}")
    return OK if made["verdict"]["ready"] else NO


def _of_sources(
    sources: list[str], contracts: list[Path], table: str, title: str, home: Path | None, tell: Any
) -> Document:
    from roadworthy.measure.tables.readiness import of_location, report
    from roadworthy.wiring import now, read_contract

    promised = [read_contract(file) for file in contracts]
    with looking(home) as instruments:
        looked = [
            of_location(instruments, source, promised, table=table, now=now(), progress=tell)
            for source in sources
        ]
    return report(looked, title=title or ", ".join(one.facts.name for one in looked), now=now())


def _of_use_case(use_case: str, title: str, home: Path | None, tell: Any) -> Document:
    from roadworthy.cli.releases import going_release
    from roadworthy.cli.session import opened as signed_in

    with signed_in(home) as (deployment, principal, _):
        release = going_release(deployment, use_case, "")
        return look_over_data(deployment, principal, release, title=title, tell=tell)


def look_over_data(
    deployment: Deployment, principal: Principal, release: Release, *, title: str, tell: Any
) -> Document:
    """The readiness report of a use case's sources; what it found is kept for the dashboard."""
    from roadworthy.measure.lookovers import keep_data_look
    from roadworthy.measure.readiness import readiness
    from roadworthy.wiring.costs import outlooks

    made = readiness(deployment, principal, release, title=title, progress=tell)
    declared = deployment.loader.charter(release.digest).data
    personal = {name for name, source in declared.items() if source.personal != "none"}
    keep_data_look(deployment, principal, outlooks(), release.use_case, made, personal=personal)
    return made
