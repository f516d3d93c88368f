"""What the company's own tables say: the KPI's baseline, and whether the data can carry the use case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from roadworthy.charter import Entity, Query
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.fact import Fact
from roadworthy.ports import LoadedRelease


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


def data_checks(release: LoadedRelease) -> Iterator[Fact]:
    """Per source: how many declared checks are broken, and by how many rows each."""
    for name, source in release.charter.data.items():
        reader = release.sources[name]
        breaches = {}
        for check in source.checks:
            found = _number(reader.rows(check.breaches, limit=2), f"data.{name}.checks.{check.name}")
            if found > check.at_most:
                breaches[check.name] = int(found)
        yield Fact(
            kind="data.breaches",
            subject=name,
            value=float(len(breaches)),
            unit="broken checks",
            n=len(source.checks),
            method=f"{len(source.checks)} declared checks",
            inputs=[check.breaches for check in source.checks],
            valid_days=7,
            detail={"breaches": breaches},
        )


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
