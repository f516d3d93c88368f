"""Tables on their way into the engine: every cell as it is compared, with the numbers of its table and row."""

# ruff: noqa: S608 - every name in a statement is made in this package; no text of a table becomes SQL
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from roadworthy.adapters.splink.levels import column_of
from roadworthy.adapters.splink.sql import RARITY
from roadworthy.data.matching import MatchPlan, Measure, Part, Role, normal, take
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.matching import MatchTable

_BATCH = 20_000


def load(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[MatchTable],
    plan: MatchPlan,
    told: Callable[[int], None],
) -> list[int]:
    """Rows of each table, once all are in ``spelled``: uid, tab, src and one column for each that is used.

    Errors:  ``InputProblem`` RW-DATA-401 where the tables are not those that were planned.
    """
    schema = _schema(plan)
    cast = connection.register("empty_rows", schema.empty_table())
    connection.execute("create table spelled as select * from empty_rows")
    cast.unregister("empty_rows")
    counts = []
    uid = 0
    for at, (_, table) in enumerate(tables):
        first = uid
        for batch in _batches(table, at, plan):
            rows = max((len(cells) for cells in batch.values()), default=0)
            ready = _spelled(batch, rows, at, uid, plan, schema)
            connection.register("batch", ready)
            connection.execute("insert into spelled select * from batch")
            connection.unregister("batch")
            uid += rows
            told(uid)
        counts.append(uid - first)
    return counts


def _schema(plan: MatchPlan) -> pa.Schema:
    fields = [pa.field("uid", pa.int64()), pa.field("tab", pa.int32()), pa.field("src", pa.string())]
    for name in _used(plan):
        fields += [pa.field(f"{column_of(plan, name)}{end}", pa.string()) for end in ("", "_b", "_d")]
    return pa.schema(fields)


def _used(plan: MatchPlan) -> list[str]:
    return [one.name for one in plan.columns if one.used]


def _batches(table: Any, at: int, plan: MatchPlan) -> Iterator[Mapping[str, Sequence[str | None]]]:
    wanted = {one.name: one.sources[at] for one in plan.columns if one.used and one.sources[at] is not None}
    if isinstance(table, Mapping):
        _has(list(table), at, plan)
        rows = max((len(cells) for cells in table.values()), default=0)
        for start in range(0, rows, _BATCH):
            yield {
                name: table[source][start : start + _BATCH] for name, source in wanted.items() if source
            } | {"": [None] * min(_BATCH, rows - start)}
        return
    reader = pa.RecordBatchReader.from_stream(table)
    _has(reader.schema.names, at, plan)
    for batch in reader:
        for start in range(0, batch.num_rows, _BATCH):
            part = batch.slice(start, _BATCH)
            texts: dict[str, Sequence[str | None]] = {
                name: _texts(part.column(source)) for name, source in wanted.items() if source
            }
            yield texts | {"": [None] * part.num_rows}


def _texts(column: Any) -> Sequence[str | None]:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return list(column.to_pylist())
    return [None if one is None else str(one) for one in column.to_pylist()]


def _has(names: Sequence[str], at: int, plan: MatchPlan) -> None:
    problems = [
        Problem(f"`{plan.tables[at]}` has no column `{one.sources[at]}`", place=f"columns.{one.name}")
        for one in plan.columns
        if one.used and one.sources[at] is not None and one.sources[at] not in names
    ]
    if problems:
        raise InputProblem(
            "RW-DATA-401", problems, hint="propose the plan again, or correct the column's source"
        )


def _spelled(
    batch: Mapping[str, Sequence[str | None]],
    rows: int,
    at: int,
    first: int,
    plan: MatchPlan,
    schema: pa.Schema,
) -> pa.Table:
    columns: list[Any] = [
        pa.array(range(first, first + rows), pa.int64()),
        pa.array([at] * rows, pa.int32()),
        pa.array([f"t{at}"] * rows, pa.string()),
    ]
    words = _worded(plan)
    for column in (one for one in plan.columns if one.used):
        cells = batch.get(column.name, [None] * rows)
        form = column.form
        assert form is not None, "a checked plan gives every used column a form"
        seen: dict[str | None, str | None] = {}
        spelled = []
        for cell in cells:
            if cell not in seen:
                seen[cell] = normal(cell, form)
            spelled.append(seen[cell])
        columns.append(pa.array(spelled, pa.string()))
        columns.append(pa.array([_base(one, column.role) for one in spelled], pa.string()))
        numbers = _numbers if column.name in words else _digits if column.role is Role.EMAIL else _none
        columns.append(pa.array([numbers(one) for one in spelled], pa.string()))
    return pa.Table.from_arrays(columns, schema=schema)


def _base(spelled: str | None, role: Role) -> str | None:
    """What a near value shares: the name in an e-mail address, the end of a telephone number, the sound of a name."""
    if spelled is None:
        return None
    if role is Role.EMAIL:
        return spelled.partition("@")[0] or None
    if role is Role.PHONE:
        return take(spelled, Part.END) if len(spelled) >= 7 else None
    return take(spelled, Part.SOUND)


def _numbers(spelled: str | None) -> str | None:
    if spelled is None:
        return None
    return " ".join(sorted(word for word in spelled.split(" ") if any(one.isdigit() for one in word)))


def _digits(spelled: str | None) -> str | None:
    return None if spelled is None else " ".join(re.findall(r"\d+", spelled))


def _none(spelled: str | None) -> str | None:
    return None


def _worded(plan: MatchPlan) -> set[str]:
    """Columns whose words are compared."""
    found = {one.columns[0] for one in plan.comparisons if one.measure is Measure.WORDS}
    for one in plan.comparisons:
        if one.measure is Measure.ADDRESS:
            found |= {name for name in one.columns if plan.column(name).role is Role.STREET}
    found |= {key.column for block in plan.blocks for key in block.keys if key.part is Part.RARE_WORDS}
    return found


def weigh_words(connection: duckdb.DuckDBPyConnection, plan: MatchPlan) -> None:
    """Table ``rows``: what was spelled, and for compared words their numbers with their rarities.

    The rarity of a word is ln(1 + rows / rows that have it); its square stands in the low bits of its number,
    in tenths, so that a common word's share of the cosine needs no look-up.
    """
    joins, columns = [], []
    for name in sorted(_worded(plan)):
        c = column_of(plan, name)
        connection.execute(
            f"create table words_{c} as select distinct uid, tab, unnest(string_split({c}, ' ')) as word "
            f"from spelled where {c} is not null"
        )
        connection.execute(
            f"create table rarity_{c} as select word, row_number() over (order by word) * {RARITY} "
            f"+ least({RARITY - 1}, greatest(1, round(10 * ln(1 + total / n) ** 2)))::bigint as number, n "
            f"from (select word, count(*) as n, (select count(*) from spelled where {c} is not null) as total "
            f"from words_{c} group by word)"
        )
        connection.execute(
            f"create table weighed_{c} as select uid, list(number order by number) as w, "
            f"sqrt(sum(number % {RARITY})) as n from words_{c} join rarity_{c} using (word) group by uid"
        )
        joins.append(f"left join weighed_{c} on weighed_{c}.uid = spelled.uid")
        columns.append(f"weighed_{c}.w as {c}_w, weighed_{c}.n as {c}_n")
    more = "".join(f", {one}" for one in columns)
    connection.execute(
        f"create table rows as select spelled.*{more} from spelled {' '.join(joins)} order by spelled.uid"
    )
    connection.execute("drop table spelled")
    for at in range(len(plan.tables)):
        connection.execute(f"create view t{at} as select * exclude (tab) from rows where tab = {at}")
