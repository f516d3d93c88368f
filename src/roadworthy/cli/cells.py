"""Wrong cells: found without labels, repaired by a plan that a person approved, in a copy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
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
    from roadworthy.data.repair import RepairPlan

PlanFile = Annotated[Path, typer.Argument(help="The plan's file.")]


def register(data: typer.Typer) -> None:
    """Add the commands of this module to `data`."""
    data.command("errors")(errors)
    repair = typer.Typer(help="Repair plans: looked at, approved, applied to a copy.", no_args_is_help=True)
    repair.command("show")(show)
    repair.command("approve")(approve)
    repair.command("apply")(apply)
    data.add_typer(repair, name="repair")


def errors(
    source: Source,
    *,
    table: Table = "",
    at_least: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Only cells that are wrong with this confidence or more."),
    ] = 0.5,
    save_plan: Annotated[
        Path | None, typer.Option(help="Write the repairs as a plan, for a person to approve.")
    ] = None,
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Find cells that are probably wrong, each with its reason and a repair. Nothing is changed."""
    from roadworthy.data.repair import propose
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
        if save_plan:
            _write_plan(save_plan, propose(found, source=dataset.name, snapshot=dataset.snapshot().digest))
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


def show(plan: PlanFile, *, as_json: Json = False) -> None:
    """What a plan would change, by column and rule."""
    out = Output(as_json=as_json)
    found = _read_plan(plan)
    counted = Counter((one.column, one.rule, one.decision) for one in found.cells)
    rows = [
        {"column": column, "rule": rule, "decision": decision.value, "cells": cells}
        for (column, rule, decision), cells in sorted(counted.items())
    ]
    if as_json:
        out.data({"schema_version": 1, "source": found.source, "digest": found.digest, "groups": rows})
        return
    out.table(
        ["column", "rule", "decision", "cells", "example"],
        [(row["column"], row["rule"], row["decision"], row["cells"], _example(found, row)) for row in rows],
        empty="the plan changes nothing",
    )


def approve(
    plan: PlanFile,
    *,
    rule: Annotated[str, typer.Option(help="Only repairs by this rule.")] = "",
    column: Annotated[str, typer.Option(help="Only repairs of this column.")] = "",
    at_least: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Only repairs of this confidence or more.")
    ] = 0.0,
    reject: Annotated[bool, typer.Option("--reject", help="Reject them instead.")] = False,
    home: Home = None,
) -> None:
    """Approve repairs as the person signed in, all or some. An edited plan needs a new approval."""
    from roadworthy.cli.session import opened as signed_in
    from roadworthy.data.repair import approve as approved
    from roadworthy.data.repair import reject as rejected
    from roadworthy.operate.repairing import approve_repair

    out = Output(as_json=False)
    seen = _read_plan(plan)
    cells = {one.cell for one in seen.cells if not column or one.column == column}
    with signed_in(home) as (deployment, principal, _):
        decide = rejected if reject else approved
        chosen = decide(
            seen,
            digest=seen.digest,
            who=principal.id,
            at=deployment.now(),
            cells=cells if column else None,
            rule=rule or None,
            at_least=at_least,
        )
        if chosen.approved:
            approve_repair(deployment, principal, chosen)
        _write_plan(plan, chosen)
    out.say(f"{len(chosen.approved):,} of {len(chosen.cells):,} repairs are approved", "green")
    out.say(f"  roadworthy data repair apply {plan} SOURCE --output COPY.csv")


def apply(
    plan: PlanFile,
    source: Source,
    *,
    output: Annotated[Path, typer.Option(help="The copy to write, as CSV. Never the source itself.")],
    lineage: Annotated[
        Path | None, typer.Option(help="Write where each changed cell comes from, as JSON Lines.")
    ] = None,
    table: Table = "",
    format_: Format = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    no_header: NoHeader = False,
    sheet: Sheet = "",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Write a copy with the approved repairs in it. The source is not touched."""
    from roadworthy.cli.session import opened as signed_in
    from roadworthy.data.repair import applied
    from roadworthy.operate.repairing import require_approval

    out = Output(as_json=as_json)
    wanted = _read_plan(plan)
    if output.exists() and Path(source).exists() and output.samefile(source):
        raise InputProblem(
            "RW-DATA-222", Problem("this is the source itself", place="--output", hint="write a copy")
        )
    said = reading(
        format_=format_, encoding=encoding, delimiter=delimiter, no_header=no_header, sheet=sheet
    )
    with signed_in(home) as (deployment, _, _):
        require_approval(deployment, wanted)
    with looking(home) as instruments, opened(instruments, source, table=table, **said) as dataset:
        told(out, dataset)
        repaired, origins = applied(dataset.texts(), wanted)
    write_rows(output, list(repaired), zip(*repaired.values(), strict=True), formulas=True)
    if lineage:
        lines = (
            json.dumps({"plan": origins.plan, **one.as_json()}, ensure_ascii=False) + "\n"
            for one in origins.cells
        )
        lineage.write_text("".join(lines), encoding="utf-8")
    changed = len(origins.cells) - origins.already
    if as_json:
        out.data(
            {"schema_version": 1, "changed": changed, "already": origins.already, "output": str(output)}
        )
        return
    out.say(
        f"{changed:,} cells repaired in {output}, {origins.already:,} held their new value already", "green"
    )


def _example(plan: RepairPlan, row: Mapping[str, object]) -> str:
    one = next(each for each in plan.cells if (each.column, each.rule) == (row["column"], row["rule"]))
    return f"{one.old!r} → {one.new!r}"


def _read_plan(file: Path) -> RepairPlan:
    from roadworthy.data.repair import plan_of

    try:
        written = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise InputProblem("RW-DATA-314", Problem(f"no plan in JSON: {fault}", place=str(file))) from None
    return plan_of(written)


def _write_plan(file: Path, plan: RepairPlan) -> None:
    file.touch(mode=0o600, exist_ok=True)
    file.write_text(json.dumps(plan.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
