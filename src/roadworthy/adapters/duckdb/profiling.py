"""What a table looks like: counts, ranges, shapes and frequent values of its columns, in six statements at most."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from roadworthy.adapters.duckdb.dataset import DuckDataset
from roadworthy.adapters.duckdb.delimited import AT
from roadworthy.adapters.duckdb.engine import Engine
from roadworthy.adapters.duckdb.forms import spelled
from roadworthy.adapters.duckdb.spelling import literal, selection
from roadworthy.data import Column, ColumnProfile, ColumnType, Profile, Snapshot
from roadworthy.ports.tables import ArrowStream, Dataset

ELSEWHERE = 1_000_000
"""Rows that are looked at of a table that lies elsewhere."""

_FREQUENT, _MASKS, _BINS = 20, 20, 20
_EXACT = 1_000_000
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)
_TEMPORAL = (ColumnType.DATE, ColumnType.TIMESTAMP)
_ORDERED = (*_NUMERIC, *_TEMPORAL, ColumnType.TIME, ColumnType.TEXT)
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_LONG = 200
# Below, values are made anew for each statement because it is quick; above, because memory would not hold them.
_ONCE = range(20_000, 3_000_000)


@runtime_checkable
class Scattered(Protocol):
    """A table elsewhere that can send rows from all over it."""

    def scattered(self, rows: int, *, of: int) -> ArrowStream: ...


@dataclass(slots=True)
class _Facts:
    """What is known of one column so far. ``name`` is its name in the statements."""

    column: Column
    name: str
    base: Mapping[str, Any]
    distinct: int = 0
    exact: bool = False
    frequent: tuple[tuple[str, int], ...] = ()
    masks: tuple[tuple[str, int], ...] = ()
    histogram: tuple[tuple[str, int], ...] = ()

    @property
    def filled(self) -> int:
        return int(self.base["filled"])


def elsewhere(
    engine: Engine,
    dataset: Dataset,
    land: Callable[[str, ArrowStream], DuckDataset],
    *,
    sample: int | None,
) -> Profile:
    """The profile of a table that lies elsewhere, by rows that are brought here."""
    most = ELSEWHERE if sample is None else sample
    snapshot = dataset.snapshot()
    total = int(next(iter(dataset.rows(selection("count(*) as n", dataset.relation))[0].values())))
    scattered = total > most and isinstance(dataset, Scattered)
    stream = (
        dataset.scattered(most, of=total)
        if scattered and isinstance(dataset, Scattered)
        else dataset.stream(limit=most)
    )
    here = land(dataset.name, stream)
    try:
        return _profile(
            engine, here, rows=total, columns=dataset.columns, like=dataset, snapshot=snapshot, sample=None
        )
    finally:
        here.close()


def profile(engine: Engine, dataset: DuckDataset, *, sample: int | None) -> Profile:
    """The profile of a table of the workbench. Sampled rows are the same each time."""
    snapshot = dataset.snapshot()
    return _profile(
        engine,
        dataset,
        rows=dataset.form.rows,
        columns=dataset.columns,
        like=dataset,
        snapshot=snapshot,
        sample=sample,
    )


def _profile(
    engine: Engine,
    here: DuckDataset,
    *,
    rows: int,
    columns: Sequence[Column],
    like: Dataset,
    snapshot: Snapshot,
    sample: int | None,
) -> Profile:
    form = here.form
    scan = form.scan
    if sample is not None and sample < form.rows:
        # By a hash of the place: spread over the table, independent of its order, and the same each time.
        share = max(0.0, sample - 3 * math.sqrt(sample)) / form.rows if sample > 100 else sample / form.rows
        scan = "(" + selection("*", scan, f"where hash({AT}) < {int(share * 2**64)} limit {sample}") + ")"
    cells = ", ".join(f"{one.value} as v{number}" for number, one in enumerate(form.typed))
    source = "(" + selection(cells, scan) + ")"
    # Cells of a text format become values once, not in each statement.
    once = form.is_spelled and min(form.rows, sample or form.rows) in _ONCE
    with engine.kept(selection("*", source)) if once else nullcontext(source) as values:
        facts, seen = _base(engine, values, form.columns, columns)
        _distinct(engine, values, facts, seen)
        _masks(engine, values, facts)
        _histograms(engine, values, facts)
    return Profile(
        name=like.name,
        rows=rows,
        sampled=seen,
        columns=tuple(_of(one, seen) for one in facts),
        guess=like.reading.guess,
        snapshot=snapshot.digest,
        findings=like.reading.findings,
    )


def _base(
    engine: Engine, source: str, stored: Sequence[Column], columns: Sequence[Column]
) -> tuple[list[_Facts], int]:
    """One pass: counts, ranges, means, quantiles, lengths, and about how many distinct values there are."""
    parts = ["count(*) as seen"]
    for number, column in enumerate(stored):
        name = f"v{number}"
        text = _text(column, name)
        parts += [
            f"count({name}) as filled{number}",
            f"approx_count_distinct({_comparable(column, name)}) as about{number}",
        ]
        if column.type in _ORDERED:
            parts += [
                f"cast(min({name}) as varchar) as least{number}",
                f"cast(max({name}) as varchar) as most{number}",
            ]
        if column.type in _NUMERIC:
            # Neither a mean nor a quantile is a number where one of the values is none.
            finite = f"case when isfinite(cast({name} as double)) then cast({name} as double) end"
            parts += [
                f"avg({finite}) as mean{number}",
                f"stddev_samp({finite}) as deviation{number}",
                f"approx_quantile({finite}, {list(_QUANTILES)}) as quantiles{number}",
                f"min({finite}) as low{number}",
                f"max({finite}) as high{number}",
            ]
        elif column.type in _TEMPORAL:
            parts += [f"epoch(min({name})) as low{number}", f"epoch(max({name})) as high{number}"]
        if column.type in (ColumnType.TEXT, ColumnType.OBJECT, ColumnType.ARRAY, ColumnType.UNKNOWN):
            parts += [f"min(length({text})) as shortest{number}", f"max(length({text})) as longest{number}"]
    row = engine.answer(selection(parts, source), unlimited=True)[0]
    facts = []
    for number, column in enumerate(stored):
        known = columns[number] if number < len(columns) else column
        ending = str(number)
        base = {
            key[: -len(ending)]: value
            for key, value in row.items()
            if key.endswith(ending) and key[: -len(ending)].isalpha()
        }
        # The type as it is here, by which it was looked at; everything else as its source says.
        facts.append(
            _Facts(Column(known.name, column.type, known.native, known.nullable), f"v{number}", base)
        )
    return facts, int(row["seen"])


def _text(column: Column, name: str) -> str:
    return spelled(
        name, column.type, "JSON" if column.native in ("text", "json") else column.native.upper()
    )


def _comparable(column: Column, name: str) -> str:
    return _text(column, name) if column.type in (ColumnType.OBJECT, ColumnType.ARRAY) else name


def _distinct(engine: Engine, source: str, facts: list[_Facts], seen: int) -> None:
    """Exact distinct values and the frequent ones, for all columns but those with very many values."""
    chosen = []
    for one in facts:
        about = int(one.base["about"])
        one.distinct = min(about, one.filled)
        # A column that may be a key is counted exactly whatever its size: that is what one wants to know.
        may_be_key = one.filled == seen and about > 0.9 * seen
        if one.filled and (about <= _EXACT or may_be_key):
            chosen.append(one)
        elif not one.filled:
            one.exact = True
    if not chosen:
        return
    parts = []
    for one in chosen:
        value = _comparable(one.column, one.name)
        grouped = selection(
            f"{value} as v, count(*) as n", source, f"where {one.name} is not null group by all"
        )
        top = f"max(struct_pack(n := n, v := v), {_FREQUENT}) as top"
        counted = selection(f"count(*) as distinct_values, {top}", f"({grouped})")
        shown = _text(one.column, "e.v") if value == one.name else "e.v"
        shorter = (
            f"list_transform(top, lambda e: struct_pack(n := e.n, v := left({shown}, {_LONG}))) as top"
        )
        parts.append(
            selection((f"{literal(one.name)} as name", "distinct_values", shorter), f"({counted})")
        )
    for row in engine.answer(" union all ".join(parts), unlimited=True):
        one = next(fact for fact in chosen if fact.name == row["name"])
        one.distinct, one.exact = int(row["distinct_values"]), True
        one.frequent = _pairs(row["top"])


def _pairs(entries: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, int], ...]:
    pairs = [(str(entry["v"]), int(entry["n"])) for entry in entries or ()]
    return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _masks(engine: Engine, source: str, facts: list[_Facts]) -> None:
    """The shapes of texts: by distinct value, so that a value that stands a thousand times is looked at once."""
    texts = [one for one in facts if one.column.type is ColumnType.TEXT and one.filled]
    if not texts:
        return
    parts = []
    for one in texts:
        short = f"left({one.name}, {_LONG})"
        mask = (
            f"regexp_replace(regexp_replace(regexp_replace({short}, '[0-9]+', '9', 'g'),"
            f" '\\p{{Lu}}+', 'A', 'g'), '\\p{{Ll}}+', 'a', 'g')"
        )
        repeated = one.exact and one.distinct * 2 < one.filled
        inner = (
            selection(f"{one.name}, count(*) as n", source, f"where {one.name} is not null group by all")
            if repeated
            else selection(f"{one.name}, 1 as n", source, f"where {one.name} is not null")
        )
        grouped = selection(f"{mask} as v, sum(n)::bigint as n", f"({inner})", "group by all")
        parts.append(
            selection(
                f"{literal(one.name)} as name, max(struct_pack(n := n, v := v), {_MASKS}) as top",
                f"({grouped})",
            )
        )
    for row in engine.answer(" union all ".join(parts), unlimited=True):
        one = next(fact for fact in texts if fact.name == row["name"])
        one.masks = _pairs(row["top"])


def _histograms(engine: Engine, source: str, facts: list[_Facts]) -> None:
    """Twenty bins of equal width, or the values themselves where there are few; all columns in one pass."""
    parts: list[str] = []
    binned: list[tuple[_Facts, float, float]] = []
    for one in facts:
        low, high = one.base.get("low"), one.base.get("high")
        if one.exact and 0 < one.distinct <= _BINS and len(one.frequent) == one.distinct:
            one.histogram = tuple(sorted(one.frequent, key=lambda pair: _order(one.column, pair[0])))
        elif (
            low is not None and high is not None and high > low and math.isfinite(float(high) - float(low))
        ):
            width = (float(high) - float(low)) / _BINS
            value = f"epoch({one.name})" if one.column.type in _TEMPORAL else f"cast({one.name} as double)"
            place = f"least({_BINS - 1}, greatest(0, cast(floor(({value} - {float(low)!r}) / {width!r}) as integer)))"
            guarded = f"case when isfinite({value}) then {place} end"
            parts.append(f"histogram({guarded}) as h{len(binned)}")
            binned.append((one, float(low), width))
    if not parts:
        return
    row = engine.answer(selection(parts, source), unlimited=True)[0]
    for number, (one, low, width) in enumerate(binned):
        counts = dict(row[f"h{number}"] or ())
        one.histogram = tuple(
            (_edge(one.column, low + place * width), int(counts.get(place, 0))) for place in range(_BINS)
        )


def _order(column: Column, text: str) -> Any:
    return float(text) if column.type in _NUMERIC else text


def _edge(column: Column, value: float) -> str:
    if column.type in _TEMPORAL:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
        return (
            moment.date().isoformat()
            if column.type is ColumnType.DATE
            else moment.isoformat(sep=" ", timespec="seconds")[:19]
        )
    return f"{value:.6g}"


def _of(one: _Facts, seen: int) -> ColumnProfile:
    base = one.base
    quantiles = base.get("quantiles")
    return ColumnProfile(
        column=one.column,
        rows=seen,
        nulls=seen - one.filled,
        distinct=one.distinct,
        distinct_exact=one.exact,
        minimum=_shown(base.get("least")),
        maximum=_shown(base.get("most")),
        mean=_number(base.get("mean")),
        deviation=_number(base.get("deviation")),
        quantiles=tuple(float(value) for value in quantiles) if quantiles else (),
        histogram=one.histogram,
        frequent=one.frequent,
        masks=one.masks,
        shortest=base.get("shortest"),
        longest=base.get("longest"),
    )


def _shown(value: object) -> str | None:
    return None if value is None else str(value)[:_LONG]


def _number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]
