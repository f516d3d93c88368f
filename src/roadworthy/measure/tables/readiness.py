"""Everything known about some tables as one report: what stands in the way, and which repair buys most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from roadworthy.data import Profile
from roadworthy.data.check import CheckResult, Verdict
from roadworthy.data.contract import OPEN_SCHEMA, Contract, ContractTable
from roadworthy.data.declared import checks_of
from roadworthy.data.personal import ColumnClasses
from roadworthy.data.readiness import (
    Age,
    Document,
    Duplicates,
    FailedCheck,
    Gap,
    Parts,
    SourceFacts,
    SuspectCells,
    Unevaluated,
    document,
    steps,
)
from roadworthy.data.readiness.schema import CheckSection, Requirement, SuspectsSection
from roadworthy.data.readiness.schema import Verdict as Sentence
from roadworthy.data.suspects import Suspect, suspects
from roadworthy.measure.tables.checking import Checked, check_contract
from roadworthy.measure.tables.looking import profiled
from roadworthy.ports import Dataset, Instruments, Progress

CELLS_LOOKED_AT = 2_000_000
"""Of the cells of a table; more rows than that are not searched for wrong cells, and the report says so."""

_SHOWN = 20
_ROWS_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one table, and by whom it is kept; everything may be left out."""

    name: str
    location: str = ""
    contract: Contract | None = None
    table: ContractTable | None = None
    owner: str = ""
    steward: str = ""
    system_of_record: Sequence[str] = ()
    personal_declared: bool = False
    """Personal data are declared for the source as a whole."""
    duplicates: Duplicates | None = None
    clusters: int = 0
    age: Age | None = None
    newest: str | None = None
    requirements: Mapping[Gap, str] = field(default_factory=dict)
    checks: str = ""
    """The requirement that asks for the contract to hold."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A table as the report needs it: the facts that steps are made of, and the parts that are drawn."""

    facts: SourceFacts
    parts: Parts


def look_at(
    instruments: Instruments,
    dataset: Dataset,
    asked: Asked,
    checked: Checked | None = None,
    *,
    progress: Progress | None = None,
) -> Looked:
    """Profile a table, search it for wrong cells, and put it beside its contract."""
    say = progress or (lambda part, doing: None)
    say(None, f"profiling {asked.name}")
    profile, classes = profiled(instruments, dataset)
    say(None, f"searching {asked.name} for wrong cells")
    cells = _wrong_cells(dataset, profile)
    results = [
        one for one in (checked.results if checked else ()) if asked.table and one.table == asked.table.name
    ]
    undeclared, personal, declared = _declared(asked, profile, classes)
    facts = SourceFacts(
        name=asked.name,
        contract=asked.contract is not None,
        checks=tuple(_failed(one, asked) for one in results if one.verdict is Verdict.FAIL),
        unevaluated=tuple(
            Unevaluated(one.id, one.reason, asked.checks)
            for one in results
            if one.verdict is Verdict.NOT_EVALUATED
        ),
        suspects=_grouped(cells),
        duplicates=asked.duplicates,
        undeclared=undeclared,
        personal=personal,
        age=asked.age,
        findings=profile.findings,
        requirements=asked.requirements,
    )
    parts = Parts(
        profile=profile,
        location=asked.location,
        owner=asked.owner,
        steward=asked.steward,
        system_of_record=asked.system_of_record,
        declared=declared,
        checks=[_check_section(one) for one in results],
        suspects=_suspects_section(cells),
        duplicates=None
        if asked.duplicates is None
        else {
            "rows": asked.duplicates.rows,
            "share": asked.duplicates.rows / max(1, asked.duplicates.among),
            "clusters": asked.clusters,
            "unclear_pairs": asked.duplicates.unclear_pairs,
        },
        freshness=None
        if asked.age is None
        else {
            "age_seconds": asked.age.seconds,
            "promised_seconds": asked.age.promised,
            "newest": asked.newest,
        },
    )
    return Looked(facts, parts)


def of_location(
    instruments: Instruments,
    location: str,
    contracts: Sequence[Contract],
    *,
    table: str = "",
    now: datetime,
    progress: Progress | None = None,
) -> Looked:
    """Look at one source beside the contract among these that names its table, if there is one."""
    dataset = instruments.open(location, table=table)
    try:
        names = {dataset.name, table or dataset.name, *instruments.tables(location)}
        contract, promised = next(
            ((one, found) for one in contracts for name in names if (found := one.table(name)) is not None),
            (None, None),
        )
        if promised is None and len(contracts) == 1 and len(contracts[0].tables) == 1:
            contract, promised = contracts[0], contracts[0].tables[0]
        checked = (
            check_contract(
                instruments,
                contract,
                lambda asked: instruments.open(location, table=table),
                now=now,
                tables=[promised.name],
                progress=progress,
            )
            if contract and promised
            else None
        )
        asked = Asked(
            name=dataset.name,
            location=location,
            contract=contract,
            table=promised,
            owner=contract.owner.username if contract and contract.owner else "",
            steward=contract.steward.username if contract and contract.steward else "",
        )
        return look_at(instruments, dataset, asked, checked, progress=progress)
    finally:
        dataset.close()


def report(
    looked: Sequence[Looked],
    *,
    title: str,
    now: datetime,
    use_case: str = "",
    requirements: Sequence[Requirement] = (),
    commands: Mapping[str, str] | None = None,
) -> Document:
    """The readiness report of some tables."""
    return document(
        title=title,
        made_at=now,
        use_case=use_case,
        verdict=_sentence(looked, requirements, use_case),
        requirements=requirements,
        steps=steps([one.facts for one in looked], commands=commands or {}),
        sources=[one.parts for one in looked],
    )


def _wrong_cells(dataset: Dataset, profile: Profile) -> tuple[Suspect, ...]:
    wide = max(1, len(profile.columns))
    return suspects(dataset.texts(limit=max(1_000, CELLS_LOOKED_AT // wide)))


def _declared(
    asked: Asked, profile: Profile, classes: Mapping[str, ColumnClasses]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], dict[str, bool]]:
    """Undeclared columns, undeclared personal data, and per column whether its personal data are declared."""
    undeclared: list[str] = []
    personal: list[tuple[str, str]] = []
    declared: dict[str, bool] = {}
    for one in profile.columns:
        name = one.column.name
        promised = asked.table.column(name) if asked.table else None
        if asked.table and promised is None and not asked.table.own.get(OPEN_SCHEMA):
            undeclared.append(name)
        found = classes[name].classes if name in classes else ()
        if not found:
            continue
        said = bool(promised and (promised.personal or promised.classification))
        declared[name] = said or (asked.table is None and asked.personal_declared)
        if not declared[name]:
            personal.append((name, str(found[0])))
    return tuple(undeclared), tuple(personal), declared


def _failed(one: CheckResult, asked: Asked) -> FailedCheck:
    columns = tuple(part for part in one.column.split(", ") if part)
    numbered = not (asked.table and asked.table.key)
    known = [sample.row for sample in one.sample if numbered and sample.row.isdecimal()]
    unique = any(
        check.id == one.id and check.asks.name == "REPEATS"
        for check in (checks_of(asked.table) if asked.table else ())
    )
    return FailedCheck(
        id=one.id,
        rows=one.failing or 1,
        asks=one.bound,
        columns=columns,
        sample=tuple(int(row) for row in known),
        requirement=asked.checks,
        of_duplicates=unique,
    )


def _grouped(cells: Sequence[Suspect]) -> tuple[SuspectCells, ...]:
    groups: dict[tuple[str, str], list[Suspect]] = defaultdict(list)
    for cell in cells:
        groups[cell.column, cell.rule].append(cell)
    return tuple(
        SuspectCells(
            column,
            rule,
            len(found),
            tuple(cell.row for cell in found[:_ROWS_KEPT]),
            sum(cell.confidence for cell in found) / len(found),
        )
        for (column, rule), found in sorted(groups.items())
    )


def _suspects_section(cells: Sequence[Suspect]) -> SuspectsSection:
    surest = sorted(cells, key=lambda cell: (-cell.confidence, cell.row, cell.column))[:_SHOWN]
    return {
        "cells": len(cells),
        "by_rule": [[rule, count] for rule, count in Counter(cell.rule for cell in cells).most_common()],
        "sample": [
            {
                "row": cell.row,
                "column": cell.column,
                "value": cell.value,
                "repair": cell.repair,
                "reason": cell.reason,
                "confidence": cell.confidence,
            }
            for cell in surest
        ],
    }


def _check_section(one: CheckResult) -> CheckSection:
    return {
        "id": one.id,
        "table": one.table,
        "column": one.column,
        "kind": one.kind,
        "dimension": one.dimension,
        "severity": one.severity,
        "verdict": one.verdict.value,
        "value": one.value,
        "bound": one.bound,
        "rows": one.rows or 0,
        "failing_rows": one.failing or 0,
        "reason": one.reason,
        "sample": [{"row": sample.row, "value": sample.value} for sample in one.sample],
    }


def _sentence(looked: Sequence[Looked], requirements: Sequence[Requirement], use_case: str) -> Sentence:
    of = f" for {use_case}" if use_case else ""
    if requirements:
        left = [one for one in requirements if one["mark"] not in ("pass", "waived")]
        if not left:
            return {
                "ready": True,
                "sentence": f"The data are ready{of}: all {len(requirements)} requirements hold.",
            }
        return {
            "ready": False,
            "sentence": f"The data are not ready{of}: {len(left)} of {len(requirements)} requirements do not hold.",
        }
    checks = [check for one in looked for check in one.parts.checks]
    broken = sum(check["verdict"] != "pass" for check in checks)
    cells = sum(one.parts.suspects["cells"] for one in looked if one.parts.suspects)
    if not checks:
        return {
            "ready": False,
            "sentence": f"Nothing is promised about these data yet; {cells:,} cells look wrong.",
        }
    if broken:
        return {
            "ready": False,
            "sentence": f"{broken} of {len(checks)} checks do not hold; {cells:,} cells look wrong.",
        }
    return {"ready": True, "sentence": f"All {len(checks)} checks hold; {cells:,} cells look wrong."}
