"""Matching: which rows are one thing, and the golden record of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    write_rows,
)
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.data.matching import MatchPlan, Pair, Survivorship
    from roadworthy.measure.tables.matching import Matched


def register(data: typer.Typer) -> None:
    """Add the commands of this module to `data`."""
    data.command("match")(match)


def match(
    source: Source,
    other: Annotated[
        str, typer.Argument(help="A second table: rows are then matched between the two.")
    ] = "",
    *,
    table: Table = "",
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Match by this plan (JSON) instead of the proposed one.")
    ] = None,
    save_plan: Annotated[
        Path | None, typer.Option(help="Write the plan that was followed, to edit it.")
    ] = None,
    within: Annotated[
        bool, typer.Option("--within", help="With two tables: rows of one table may be the same thing too.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1.0, help="Rows are joined from this probability on; default: the plan's, 0.95."
        ),
    ] = None,
    golden_file: Annotated[
        Path | None, typer.Option("--golden", help="Write one record for each thing into this CSV file.")
    ] = None,
    contract: Annotated[
        Path | None,
        typer.Option(help="The contract that says which value survives; else the most frequent."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same answer.")] = 0,
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Find rows that are one thing, without labels: sure pairs, what they join, and pairs for a person's eye."""
    from roadworthy.data.matching import Mode
    from roadworthy.data.matching import as_json as plan_json
    from roadworthy.measure.tables.matching import match as matched_by

    out = Output(as_json=as_json)
    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with looking(home) as instruments, ExitStack() as stack:
        datasets = [
            stack.enter_context(opened(instruments, location, table=table, **said))
            for location in (source, other)
            if location
        ]
        for dataset in datasets:
            told(out, dataset)
        plan = _plan(plan_file, [[one.name for one in dataset.columns] for dataset in datasets])
        tell = stack.enter_context(progress(out))
        matched = matched_by(
            instruments,
            datasets,
            plan=plan,
            mode=Mode.LINK_AND_DEDUPE if other and within else None,
            threshold=threshold,
            seed=seed,
            progress=tell,
        )
    if save_plan:
        save_plan.write_text(
            json.dumps(plan_json(matched.plan), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    written = _write_golden(golden_file, contract, matched) if golden_file else 0
    if as_json:
        out.data(_document(matched))
        return
    _tell(out, matched)
    if golden_file:
        out.say(f"{written:,} golden records written to {golden_file}")


def _document(matched: Matched) -> dict[str, object]:
    return {
        "schema_version": 1,
        "tables": [name for name, _ in matched.tables],
        "pairs": [_pair(one) for one in matched.pairs if one.probability >= matched.threshold],
        "clusters": [[list(row) for row in rows] for rows in matched.several],
        "unclear": [_pair(one.pair) for one in matched.questions],
        "fragmentation": matched.fragmentation.as_json(),
        "findings": [one.as_json() for one in matched.findings],
    }


def _pair(one: Pair) -> dict[str, object]:
    return {"left": list(one.left), "right": list(one.right), "probability": one.probability}


def _plan(file: Path | None, columns: list[list[str]]) -> MatchPlan | None:
    from roadworthy.data.matching import from_json

    if file is None:
        return None
    try:
        written = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InputProblem("RW-DATA-218", Problem(f"no plan in JSON: {fault}", place=str(file))) from None
    return from_json(written, tables=columns, place=str(file))


def _survivorship(contract: Path | None, matched: Matched) -> Survivorship:
    from roadworthy.data.matching import Survivorship
    from roadworthy.measure.tables.matching import survivorship_of
    from roadworthy.wiring import read_contract

    if contract is None:
        return Survivorship()
    promised = read_contract(contract)
    of_record = {
        column.name: table.system_of_record
        for table in promised.tables
        if table.system_of_record in {name for name, _ in matched.tables}
        for column in table.columns
    }
    return survivorship_of(promised.tables, of_record=of_record)


def _write_golden(file: Path, contract: Path | None, matched: Matched) -> int:
    from roadworthy.measure.tables.matching import golden

    records = golden(matched, _survivorship(contract, matched))
    first = next(records, None)
    if first is None:
        return write_rows(file, ["rows"], [])
    names = list(first.cells)

    def lines() -> Iterator[list[str | None]]:
        for record in (first, *records):
            rows = "; ".join(f"{matched.tables[row.table][0]}:{row.row}" for row in record.rows)
            from_ = "; ".join(
                f"{name}={matched.tables[cell.row.table][0]}:{cell.row.row} ({cell.rule})"
                for name, cell in record.cells.items()
                if cell.row is not None and len(record.rows) > 1
            )
            yield [*(record.cells[name].value for name in names), rows, from_]

    return write_rows(file, [*names, "__rows", "__from"], lines())


def _tell(out: Output, matched: Matched) -> None:
    total = sum(len(next(iter(texts.values()), ())) for _, texts in matched.tables)
    out.say("Compared by", "bold cyan")
    for comparison in matched.plan.comparisons:
        roles = {column.name: column.role.value for column in matched.plan.columns}
        words = ", ".join(f"{name} ({roles.get(name, '')})" for name in comparison.columns)
        out.say(f"  {words}: {comparison.measure.value}")
    found = matched.fragmentation
    out.say(
        f"{total:,} rows are {len(matched.clustering.clusters):,} things: {len(matched.surplus):,} rows are "
        f"another row's duplicate, {len(matched.questions):,} pairs need a person's eye",
        "bold",
    )
    if len(matched.tables) > 1:
        out.say(f"  {found.share_in_several:.1%} of the things stand in more than one table")
    for name, one in sorted(found.disagreement.items(), key=lambda each: -each[1].share)[:8]:
        if one.compared:
            out.say(
                f"  {name}: rows of one thing disagree in {one.share:.0%} of {one.compared:,} comparisons"
            )
    for finding in matched.findings:
        out.note(f"! {finding.message}")
