"""Data contracts: drafted from the data, linted, and held against them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    write_rows,
)
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from roadworthy.data.contract import Contract
    from roadworthy.measure.tables.checking import Checked

_MARKS = {"pass": ("✓", "green"), "fail": ("✗", "bold red"), "not_evaluated": ("?", "yellow")}
ContractFile = Annotated[Path, typer.Option("--contract", help="The contract's file.")]


def register(data: typer.Typer) -> None:
    """Add the commands of this module to `data`."""
    contract = typer.Typer(help="Contracts in the Open Data Contract Standard 3.1.", no_args_is_help=True)
    contract.command("draft")(draft)
    contract.command("lint")(lint)
    data.add_typer(contract, name="contract")
    data.command("check")(check)


def draft(
    source: Source,
    *,
    table: Table = "",
    output: Annotated[Path | None, typer.Option(help="Where to write it; default: stdout.")] = None,
    owner: Annotated[str, typer.Option(help="Who decides about the data.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    home: Home = None,
) -> None:
    """Write a contract from the data: what holds today as what is promised. Then edit it."""
    from roadworthy.data.drafting import draft as drafted
    from roadworthy.measure.tables.looking import profiled
    from roadworthy.wiring import now, write_contract

    out = Output(as_json=False)
    if output is not None and output.exists() and not force:
        raise InputProblem(
            "RW-DATA-211",
            Problem("this file is there already", place=str(output), hint="--force replaces it"),
        )
    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with looking(home) as instruments, opened(instruments, source, table=table, **said) as dataset:
        told(out, dataset)
        with progress(out) as tell:
            tell(None, "profiling")
            profile, classes = profiled(instruments, dataset)
        personal = {name: tuple(str(one) for one in found.shares) for name, found in classes.items()}
        text = write_contract(drafted(profile, personal, now(), owner=owner))
    if output is None:
        typer.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    out.say(f"wrote {output}: {len(profile.columns)} columns of {profile.rows:,} rows", "green")
    out.say(f"  read it, edit it, then: roadworthy data check {source} --contract {output}")


def lint(
    file: Annotated[Path, typer.Argument(help="The contract's file.")], *, as_json: Json = False
) -> None:
    """Tell everything that is wrong with a contract, with file, line and column."""
    from roadworthy.wiring import read_contract

    out = Output(as_json=as_json)
    contract = read_contract(file)
    if as_json:
        out.data(
            {
                "schema_version": 1,
                "id": contract.id,
                "version": contract.version,
                "tables": [one.name for one in contract.tables],
                "findings": [one.as_json() for one in contract.findings],
            }
        )
        return
    for finding in contract.findings:
        out.say(
            f"! {finding.place}: {finding.message}{f'; {finding.hint}' if finding.hint else ''}", "yellow"
        )
    columns = sum(len(table.columns) for table in contract.tables)
    out.say(
        f"{contract.name} {contract.version}: {len(contract.tables)} tables, {columns} columns", "green"
    )


def check(
    source: Source,
    *,
    contract: ContractFile,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table of the contract; may stand several times.")
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="TABLE=SOURCE: where another table of the contract lies; may stand several times.",
        ),
    ] = None,
    failing_file: Annotated[
        Path | None,
        typer.Option("--failing", help="Write rows that fail into this CSV file, by key or number."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read everything, also partitions that did not change.")
    ] = False,
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> int:
    """Hold data against a contract. Exit code 3 where something declared is broken, or could not be looked at."""
    from roadworthy.measure.tables.checking import check_contract, summary
    from roadworthy.measure.tables.failing import COLUMNS, failing
    from roadworthy.wiring import now, read_contract

    out = Output(as_json=as_json)
    promised = read_contract(contract)
    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with looking(home) as instruments:
        places = _places(source, beside or (), promised)
        names = instruments.tables(source)

        def dataset(asked):  # type: ignore[no-untyped-def]
            location = places.get(asked.name, source)
            name = asked.source if location != source or asked.source in names else ""
            found = instruments.open(location, table=name, **said)
            told(out, found)
            return found

        with progress(out) as tell:
            checked = check_contract(
                instruments,
                promised,
                dataset,
                now=now(),
                tables=tuple(table or ()) or _only(promised, names),
                cached=not again,
                progress=tell,
            )
        rows = failing(instruments, promised, dataset, checked)
        written = write_rows(failing_file, COLUMNS, rows) if failing_file else 0
    if as_json:
        out.data(
            {
                "schema_version": 1,
                "contract": {"id": promised.id, "version": promised.version},
                "holds": checked.holds,
                "summary": summary(checked),
                "closed": dict(checked.closed),
                "checks": [one.as_json() for one in checked.results],
            }
        )
    else:
        _tell(out, checked)
        if failing_file:
            out.say(f"{written:,} rows written to {failing_file}")
    return OK if checked.holds else NO


def _places(source: str, beside: list[str] | tuple[str, ...], contract: Contract) -> dict[str, str]:
    """Where tables of the contract lie that are not in the source."""
    places, problems = {}, []
    for one in beside:
        name, separator, location = one.partition("=")
        found = contract.table(name) if separator and location else None
        if found is None:
            known = ", ".join(table.name for table in contract.tables)
            problems.append(
                Problem(f"`{one}` is not TABLE=SOURCE", place="--with", hint=f"tables: {known}")
            )
        else:
            places[found.name] = location
    if problems:
        raise InputProblem("RW-DATA-212", problems)
    return places


def _only(contract: Contract, names: tuple[str, ...]) -> tuple[str, ...]:
    """A file is one table: of a contract about several, the one it is named like."""
    if len(names) != 1 or len(contract.tables) == 1:
        return ()
    found = contract.table(names[0])
    return (found.name,) if found else ()


def _tell(out: Output, checked: Checked) -> None:
    from roadworthy.measure.tables.checking import summary

    for name, reason in checked.closed.items():
        out.say(f"✗ {name}: {reason}", "bold red")
    order = {"fail": 0, "not_evaluated": 1, "pass": 2}
    for one in sorted(checked.results, key=lambda each: order[each.verdict]):
        mark, style = _MARKS[one.verdict]
        where = f"{one.table}.{one.column}" if one.column else one.table
        told_value = (
            ""
            if one.value is None
            else f": {one.value:,}"
            if isinstance(one.value, int)
            else f": {one.value}"
        )
        bound = f" (promised: {one.bound})" if one.bound else ""
        out.say(f"  {mark} {where:32} {one.kind}{told_value}{bound}", style)
        if one.reason:
            out.say(f"      {one.reason}", "dim")
        for sample in one.sample[:3]:
            out.say(f"      row {sample.row}: {sample.value}", "dim")
    counted = summary(checked)
    out.say(
        f"{counted['pass']} hold, {counted['fail']} broken, {counted['not_evaluated']} not evaluated",
        "bold green" if checked.holds else "bold red",
    )
