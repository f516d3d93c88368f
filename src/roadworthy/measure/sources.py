"""What the company's own tables say: the KPI's baseline, and whether the data can carry the use case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from roadworthy.charter import Entity, Query
from roadworthy.data.check import History
from roadworthy.data.contract import OPEN_SCHEMA, ContractTable
from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.evidence import Measurement
from roadworthy.measure.fact import Fact
from roadworthy.measure.tables.checking import check_contract
from roadworthy.measure.tables.looking import LOOKED_AT, classified
from roadworthy.ports import Dataset, Instruments, LoadedRelease


def kpi_baseline(release: LoadedRelease) -> Fact:
    """The KPI before the release works, by the charter's query on its own source."""
    kpi = release.charter.kpi
    value = _one_number(release, kpi.baseline)
    return Fact(
        kind="business.kpi_baseline",
        value=value,
        unit=kpi.unit,
        n=1,
        method=f"query on {kpi.baseline.source}",
        inputs={"source": kpi.baseline.source, "sql": kpi.baseline.sql},
        valid_days=90,
        detail={"target": kpi.target, "name": kpi.name},
    )


def data_checks(
    release: LoadedRelease,
    instruments: Instruments,
    *,
    now: datetime,
    earlier: Sequence[Measurement] = (),
) -> Iterator[Fact]:
    """Per source with a contract: how much of it is broken, or could not be looked at.

    ``earlier`` measurements, newest first, give the figures that a usual volume is told from.
    """
    for name, contract in release.contracts.items():
        checked = check_contract(
            instruments,
            contract,
            partial(opened_table, release, instruments, name),
            now=now,
            history=_history(earlier, name),
        )
        failed = {one.id: one.failing for one in checked.failed}
        silent = {one.id: one.reason for one in checked.unevaluated} | dict(checked.closed)
        yield Fact(
            kind="data.breaches",
            subject=name,
            value=float(len(failed) + len(silent)),
            unit="broken checks",
            n=len(checked.results),
            method=f"{len(checked.results)} checks of its contract",
            inputs=[contract.id, contract.version, [one.sql for one in checked.results]],
            valid_days=7,
            detail={
                "breaches": failed,
                "not_evaluated": silent,
                "dimensions": held_by_dimension(
                    (one.dimension, one.id not in failed and one.id not in silent)
                    for one in checked.results
                ),
                "figures": {
                    one.id: one.value for one in checked.results if isinstance(one.value, int | float)
                },
            },
        )


def declared(release: LoadedRelease, instruments: Instruments) -> Iterator[Fact]:
    """Per source: columns that no contract declares, and columns with personal data that nobody declared.

    Edge: nothing is said of a source of which a table cannot be opened; its contract's checks say why.
    """
    for name, source in release.charter.data.items():
        contract = release.contracts.get(name)
        try:
            looked = list(_columns(release, instruments, name))
        except RoadworthyError:
            continue
        undeclared: list[str] = []
        personal: dict[str, list[str]] = {}
        for table, column, classes in looked:
            promised = table.column(column)
            if promised is None and not (contract and table.own.get(OPEN_SCHEMA)):
                undeclared.append(f"{table.name}.{column}")
            said = promised and (promised.personal or promised.classification)
            if classes and not said and (contract or source.personal == "none"):
                personal[f"{table.name}.{column}"] = [str(cls) for cls in classes]
        inputs = contract.id if contract else name
        yield Fact(
            kind="data.undeclared",
            subject=name,
            value=float(len(undeclared)),
            unit="columns",
            n=len(looked),
            method="columns of the source against its contract",
            inputs=inputs,
            valid_days=7,
            detail={"columns": undeclared[:200]},
        )
        yield Fact(
            kind="data.personal_undeclared",
            subject=name,
            value=float(len(personal)),
            unit="columns",
            n=len(looked),
            method=f"classes of personal data in the names of columns and in {LOOKED_AT:,} rows",
            inputs=inputs,
            valid_days=7,
            detail={"columns": personal},
        )


def _columns(
    release: LoadedRelease, instruments: Instruments, source: str
) -> Iterator[tuple[ContractTable, str, Sequence[object]]]:
    """Every column of a source with its table and the classes of personal data found in it."""
    for table in tables_of(release, instruments, source):
        dataset = opened_table(release, instruments, source, table)
        try:
            for column, found in classified(dataset).items():
                yield table, column, found.classes
        finally:
            dataset.close()


def tables_of(release: LoadedRelease, instruments: Instruments, source: str) -> tuple[ContractTable, ...]:
    """The tables of a declared source: those of its contract, or all there are, of which nothing is promised."""
    contract = release.contracts.get(source)
    if contract:
        return contract.tables
    return tuple(ContractTable(table, table) for table in instruments.tables(release.locations[source]))


def opened_table(
    release: LoadedRelease, instruments: Instruments, source: str, table: ContractTable
) -> Dataset:
    """A table of a declared source, as its contract names it."""
    location = release.locations[source]
    # A file is one table, whatever the contract calls it.
    one_file = table.source not in instruments.tables(location) and "://" not in location
    return instruments.open(location, table="" if one_file else table.source)


def held_by_dimension(checks: Iterable[tuple[str, bool]]) -> dict[str, list[int]]:
    """How many checks of each dimension hold, and how many there are; `other` where a check names none."""
    found: dict[str, list[int]] = {}
    for dimension, holds in checks:
        held = found.setdefault(dimension or "other", [0, 0])
        held[0] += holds
        held[1] += 1
    return found


def _history(earlier: Sequence[Measurement], source: str) -> History:
    figures: dict[str, list[float]] = {}
    for measurement in reversed(earlier):
        if (measurement.kind, measurement.subject) != ("data.breaches", source):
            continue
        kept = measurement.detail.get("figures")
        for check, figure in kept.items() if isinstance(kept, Mapping) else ():
            figures.setdefault(str(check), []).append(float(figure))
    return History(figures)


def duplicates(release: LoadedRelease) -> Iterator[Fact]:
    """Per source with a key entity: the share of rows that name a thing another row names already.

    Two rows are one thing when the declared key agrees after case, spaces and punctuation are
    taken out, or one of the further combinations does; agreement is followed transitively.
    """
    for name, source in release.charter.data.items():
        if source.entity is None:
            continue
        columns = sorted({column for key in (source.entity.key, *source.entity.also) for column in key})
        sql = f"select {', '.join(columns)} from {source.entity.table}"  # noqa: S608 - names checked by the charter
        rows = release.sources[name].rows(sql)
        extra = count_duplicates(rows, source.entity)
        yield Fact(
            kind="data.duplicates",
            subject=name,
            value=extra / len(rows) if rows else 0.0,
            unit="share",
            n=len(rows),
            method=f"normalised agreement on {source.entity.key} or {source.entity.also}",
            inputs={"table": source.entity.table, "rows": len(rows)},
            valid_days=7,
            detail={"duplicates": extra},
        )


def count_duplicates(rows: Sequence[Mapping[str, Any]], entity: Entity) -> int:
    """Rows beyond the first of each real thing. Empty values agree with nothing."""
    parent = list(range(len(rows)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for key in (entity.key, *entity.also):
        first: dict[tuple[str, ...], int] = {}
        for number, row in enumerate(rows):
            values = tuple(re.sub(r"\W+", "", str(row[column] or "")).casefold() for column in key)
            if not all(values):
                continue
            parent[root(number)] = root(first.setdefault(values, number))
    return len(rows) - len({root(number) for number in range(len(rows))})


def freshness(release: LoadedRelease, *, now: datetime) -> Iterator[Fact]:
    """Per source with a refresh promise: seconds since its newest entry."""
    for name, source in release.charter.data.items():
        if source.max_age is None or source.refreshed is None:
            continue
        rows = release.sources[source.refreshed.source].rows(source.refreshed.sql, limit=2)
        newest = _moment(next(iter(rows[0].values()), None) if rows else None, f"data.{name}.refreshed")
        yield Fact(
            kind="data.age",
            subject=name,
            value=max(0.0, (now - newest).total_seconds()),
            unit="seconds",
            n=1,
            method="newest entry by the declared query",
            inputs={"sql": source.refreshed.sql},
            valid_days=1,
        )


def _one_number(release: LoadedRelease, query: Query) -> float:
    return _number(release.sources[query.source].rows(query.sql, limit=2), f"query on {query.source}")


def _number(rows: Sequence[Mapping[str, Any]], place: str) -> float:
    values = list(rows[0].values()) if len(rows) == 1 else []
    if len(values) != 1 or isinstance(values[0], bool) or not isinstance(values[0], int | float):
        raise InputProblem(
            "RW-MEASURE-001",
            Problem(f"expected one row with one number, found {len(rows)} rows", place=place),
        )
    return float(values[0])


def _moment(value: object, place: str) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        text = str(value)
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputProblem("RW-MEASURE-002", Problem("expected a date or a time", place=place)) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
