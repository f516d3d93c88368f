"""The same table in a file and in three databases, through the adapters that are shipped: one truth."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.adapters.sqlchecks import naive
from tests.adapters.sqlchecks.contracts import column, rule, table
from tests.adapters.sqlchecks.tables import T
from tests.adapters.sqlchecks.test_equals_python import NOW
from tests.adapters.sqlchecks.test_incremental import Cache
from tests.mariadb import MariaDB

from roadworthy.adapters.databases import open_table
from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.data.check import CheckResult, Verdict
from roadworthy.data.declared import checks_of
from roadworthy.ports import Dataset

KINDS = {"id": T.INTEGER, "na me": T.TEXT, "share": T.NUMBER, "day": T.DATE, "at": T.TIMESTAMP}
CONTRACT = table(
    column("id", "integer", required=True, primaryKey=True, logicalTypeOptions={"minimum": 3, "multipleOf": 2, "pattern": "1$"}),
    column("na me", "string", required=True, unique=True, enum=[{"value": one} for one in ("ab", "Ab ", "é", 7, "o'x\\")],
           logicalTypeOptions={"pattern": r"^[a-z\d]+$", "minLength": 2, "maxLength": 2},
           quality=[rule("missingValues", arguments={"missingValues": ["", "N/A"]}),
                    rule("invalidValues", arguments={"pattern": r"\w\s?$", "validValues": ["ab", "AB", "é"]})]),
    column("share", "number", logicalTypeOptions={"exclusiveMaximum": 1.5, "minimum": -0.25, "multipleOf": 0.25}),
    column("day", "date", logicalTypeOptions={"minimum": "2024-01-03"}, quality=[rule("invalidValues", arguments={"validValues": ["2024-01-05"]})]),
    column("at", "timestamp", logicalTypeOptions={"exclusiveMinimum": "2024-01-02T00:00:00"}),
    quality=[rule("duplicateValues", arguments={"properties": ["na me", "day"]}),
             {"type": "sql", "query": "select count(*) from ${table} where share > 1", "mustBeLessThan": 1000}],
    levels=[{"property": "freshness", "value": 5, "unit": "y", "element": "t.at"}],
)  # fmt: skip


def rows() -> list[tuple[Any, ...]]:
    random = Random(7)
    names = [None, "ab", "AB", "Ab ", "ab ", "é", "É", "e", "", "N/A", "o'x\\", "7", "a\nb", "x%", "zz"]
    return [
        (
            random.choice([None, *range(12)]),
            random.choice(names),
            random.choice([None, -0.5, -0.25, 0.0, 0.3, 1.25, 1.5, 2.0]),
            random.choice([None, *(date(2024, 1, day) for day in range(1, 7))]),
            random.choice(
                [None, datetime(2024, 1, 2), datetime(2024, 1, 2, 0, 0, 1), datetime(2023, 5, 5, 1, 2, 3)]
            ),
        )
        for _ in range(80)
    ]


ROWS = rows()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DuckWorkbench]:
    with closing(DuckWorkbench(tmp_path / "bench")) as one:
        yield one


def arrow(content: list[tuple[Any, ...]]) -> pa.Table:
    kinds = [pa.int64(), pa.string(), pa.float64(), pa.date32(), pa.timestamp("us")]
    schema = pa.schema(list(zip(KINDS, kinds, strict=True)))
    return pa.Table.from_pylist([dict(zip(KINDS, row, strict=True)) for row in content], schema=schema)


@pytest.fixture
def parquet(tmp_path: Path, bench: DuckWorkbench) -> Dataset:
    pq.write_table(arrow(ROWS), tmp_path / "t.parquet")
    return bench.open(str(tmp_path / "t.parquet"))


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Dataset]:
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as connection, connection:
        connection.execute(
            'create table t (id integer, "na me" text collate nocase, share real, day date, at timestamp)'
        )
        connection.executemany(
            "insert into t values (?, ?, ?, ?, ?)",
            [(*row[:3], row[3] and row[3].isoformat(), row[4] and row[4].isoformat(" ")) for row in ROWS],
        )
    with closing(open_table(f"sqlite:///{tmp_path / 't.sqlite'}", "t")) as found:
        yield found


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Dataset]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            b'create table t (id int, "na me" varchar(9), share double precision, day date, at timestamp)'
        )
        connection.cursor().executemany(b"insert into t values (%s, %s, %s, %s, %s)", ROWS)
    with closing(open_table(postgres_url, "t")) as found:
        yield found


@pytest.fixture
def mysql(mariadb: MariaDB) -> Iterator[Dataset]:
    name = mariadb.create()
    # A collation that takes `AB` for `ab`, and blanks at the end for none.
    mariadb.do(
        "create table t (id int, `na me` varchar(9) collate utf8mb4_general_ci, share double, day date, at datetime(6))",
        database=name,
        rows=("insert into t values (%s, %s, %s, %s, %s)", ROWS),
    )
    with closing(open_table(mariadb.address(name), "t")) as found:
        yield found
    mariadb.do(f"drop database `{name}`")


def checked(dataset: Dataset, **more: Any) -> dict[str, CheckResult]:
    return {one.id: one for one in SqlChecker().check(dataset, CONTRACT, now=NOW, **more)}


@pytest.mark.parametrize("place", ["parquet", "sqlite", "postgres", "mysql"])
def test_every_place_counts_what_python_counts(
    place: str, request: pytest.FixtureRequest, bench: DuckWorkbench
) -> None:
    dataset: Dataset = request.getfixturevalue(place)
    results = checked(dataset, workbench=bench)
    as_dicts = [dict(zip(KINDS, row, strict=True)) for row in ROWS]
    for check in checks_of(CONTRACT):
        result = results[check.id]
        assert result.verdict is not Verdict.NOT_EVALUATED, result
        if check.flaw is not None or check.kind in ("unique", "primaryKey", "duplicateValues"):
            assert result.failing == naive.failing(check, as_dicts, KINDS), result
            assert bool(result.sample) == bool(result.failing), result
            assert "workbench" not in result.sql
    assert results["t.sql"].value == sum(row[2] is not None and row[2] > 1 for row in ROWS)
    newest = max(row[4] for row in ROWS if row[4])
    assert results["t.at.freshness"].value == (NOW.replace(tzinfo=None) - newest).total_seconds()


def test_a_folder_is_read_once_and_a_changed_file_alone(tmp_path: Path, bench: DuckWorkbench) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(4):
        pq.write_table(arrow(ROWS[number::4]), folder / f"p{number}.parquet")
    cache = Cache()
    whole = checked(bench.open(str(folder)))
    first = checked(bench.open(str(folder)), cache=cache)
    assert _figures(first) == _figures(whole)
    known = dict(cache)
    pq.write_table(arrow(ROWS[:3]), folder / "p1.parquet")
    second = checked(bench.open(str(folder)), cache=cache)
    assert _figures(second) == _figures(checked(bench.open(str(folder))))
    assert {key: cache[key] for key in known} == known
    assert len(cache) - len(known) == 1 + 3


def _figures(results: Mapping[str, CheckResult]) -> dict[str, object]:
    return {name: (one.verdict, one.value, one.failing, one.rows) for name, one in results.items()}


def test_a_file_and_a_database_are_held_against_each_other(
    tmp_path: Path, bench: DuckWorkbench, mysql: Dataset
) -> None:
    pq.write_table(pa.table({"ref": [0, 1, 2, 99, None]}), tmp_path / "lines.parquet")
    lines = table(column("ref", "integer", relationships=[{"to": "t.id"}]), name="lines")
    there = {row[0] for row in ROWS}
    found = SqlChecker().check(
        bench.open(str(tmp_path / "lines.parquet")), lines, now=NOW, others={"t": mysql}, workbench=bench
    )
    result = next(one for one in found if one.kind == "relationship")
    assert result.failing == sum(one not in there for one in (0, 1, 2, 99))
    assert result.sample[-1].row == "3"


def test_a_query_of_the_contract_reads_nothing_but_its_table(tmp_path: Path, bench: DuckWorkbench) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    pq.write_table(pa.table({"secret": [1]}), tmp_path / "other.parquet")
    other = bench.open(str(tmp_path / "other.parquet"))
    query = {"type": "sql", "query": f"select count(*) from {other.relation}", "mustBe": 1}
    found = SqlChecker().check(
        bench.open(str(tmp_path / "t.parquet")), table(column("a"), quality=[query]), now=NOW
    )
    assert found[-1].verdict is Verdict.NOT_EVALUATED


@pytest.mark.parametrize("keyed", [True, False])
def test_what_is_no_number_is_found_although_the_statistics_of_the_file_leave_it_out(
    keyed: bool, tmp_path: Path, bench: DuckWorkbench
) -> None:
    shares = [1.0] * 3000
    shares[7] = shares[2500] = float("nan")
    pq.write_table(
        pa.table({"id": list(range(3000)), "share": shares}), tmp_path / "t.parquet", row_group_size=1000
    )
    contract = table(
        column("id", "integer", primaryKey=keyed),
        column("share", "number", logicalTypeOptions={"maximum": 2, "multipleOf": 0.5},
               quality=[rule("invalidValues", arguments={"validValues": [1, 2]}), rule("nullValues")]),
        quality=[{"type": "sql", "query": "select count(*) from ${table} where share > 2", "mustBe": 2}],
    )  # fmt: skip
    results = {
        one.kind: one
        for one in SqlChecker().check(bench.open(str(tmp_path / "t.parquet")), contract, now=NOW)
    }
    for kind in ("maximum", "multipleOf", "invalidValues"):
        assert results[kind].failing == 2, kind
        assert [one.row for one in results[kind].sample] == ["7", "2500"]
    assert results["nullValues"].failing == 0
    assert results["sql"].verdict is Verdict.PASS
