"""The workbench: what questions may do, what it keeps, how it cleans up, what a profile says."""

import math
import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.duckdb.conftest import Open

from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.adapters.duckdb.spelling import literal, quoted
from roadworthy.data import ColumnType, Profile
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.testing.conformance.datasets import batches

# What a question may not do


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_csv_auto('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/passwd')",
        "select * from read_json('/etc/passwd')",
        "select * from read_parquet('roadworthy://1')",
        "select * from parquet_metadata('roadworthy://1')",
        "select * from '/etc/passwd'",
        'select * from "/etc/passwd"',
        "from 'roadworthy://1'",
        "select * from glob('/*')",
        "select (select max(content) from read_text('/etc/passwd'))",
        "with a as (select * from read_text('/etc/passwd')) select * from a",
        "select * from {table} where id in (select 1 from read_text('/etc/passwd'))",
        "select * from query('select 1')",
        "select * from query_table('duckdb_settings')",
        "select * from duckdb_settings()",
        "select * from duckdb_secrets()",
        "select * from information_schema.tables",
        "select * from pg_catalog.pg_tables",
        "select * from sqlite_master",
        "select current_setting('temp_directory')",
        "select getenv('HOME')",
        'select * from "kept 1"',
        "copy {table} to '/tmp/out.csv'",
        "copy (select 1) to '/tmp/out.csv'",
        "attach '/tmp/other.db'",
        "attach ':memory:' as x",
        "detach memory",
        "install httpfs",
        "load httpfs",
        "force install httpfs",
        "set threads = 1",
        "reset threads",
        "pragma database_list",
        "pragma threads = 1",
        "call pragma_version()",
        "export database '/tmp/x'",
        "import database '/tmp/x'",
        "create table x as select 1",
        "create or replace view {table} as select 1",
        "create macro f() as 1",
        "create secret s (type s3)",
        "drop view {table}",
        "describe {table}",
        "show tables",
        "summarize {table}",
        "explain select 1",
        "prepare p as select 1",
        "execute p",
        "vacuum",
        "checkpoint",
        "begin",
        "use memory",
        "select 1; select 2",
        "select 1; copy (select 1) to '/tmp/out.csv'",
        "; ; select 1; set threads = 1",
        "select ?",
        "select $1",
    ],
)
def test_a_question_sees_the_tables_of_the_workbench_and_nothing_else(opened: Open, sql: str) -> None:
    table = opened("id,name\n1,a\n")
    with pytest.raises(InputProblem) as caught:
        table.rows(sql.replace("{table}", table.relation))
    assert caught.value.code in ("RW-DATA-154", "RW-DATA-155")
    assert "root:" not in str(caught.value)
    assert table.rows(f"select count(*) as n from {table.relation}") == [{"n": 1}]


def test_the_engine_itself_is_locked_behind_the_check(bench: DuckWorkbench, tmp_path: Path) -> None:
    """What slips past the check still finds no file: the second wall stands alone here."""
    (tmp_path / "secret.csv").write_text("a\n1\n")
    for sql in (
        f"select * from read_csv('{tmp_path}/secret.csv')",
        f"select * from '{tmp_path}/secret.csv'",
        f"copy (select 1) to '{tmp_path}/out.csv'",
        f"attach '{tmp_path}/other.db'",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set lock_configuration = false",
        "install httpfs",
        "load httpfs",
        "copy (select 1 as a) to 'roadworthy://1' (format parquet)",
    ):
        with pytest.raises(InputProblem):
            bench._engine.timed(sql, lambda cursor, sql=sql: cursor.execute(sql).fetchall())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]


@pytest.mark.parametrize(
    "sql",
    [
        "select name from {table} where id = 1;",
        "with a as (select * from {table}) select name from a -- and a remark",
        "select a.name from {table} a, range(1) r, unnest([1]) u",
        "select name from (values (1, 'a')) v(id, name) union all select name from {table} limit 1",
        "from {table} select name",
        "select name from {table} tablesample 100%",
        "with recursive r(n, name) as (select 1, 'a' union all select n + 1, name from r where n < 3) select name from r limit 1",
    ],
)
def test_ordinary_questions_are_answered(opened: Open, sql: str) -> None:
    table = opened("id,name\n1,a\n")
    assert table.rows(sql.replace("{table}", table.relation))[:1] == [{"name": "a"}]


def test_tables_of_one_workbench_can_be_asked_together(opened: Open) -> None:
    orders = opened("id,customer\n1,7\n2,9\n", name="orders.csv")
    customers = opened("id\n7\n", name="customers.csv")
    assert (orders.relation, customers.columns[0].name) == ('"orders"', "id")
    lost = orders.rows("select customer from orders where customer not in (select id from customers)")
    assert lost == [{"customer": 9}]


def test_two_tables_of_one_name_have_two_relations(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/orders.csv").write_text("id\n2\n")
    first, second = opened("id\n1\n", name="orders.csv"), opened(tmp_path / "other/orders.csv")
    assert first.rows(f"select id from {first.relation}") == [{"id": 1}]
    assert second.rows(f"select id from {second.relation}") == [{"id": 2}]
    second.close()
    again = opened(tmp_path / "other/orders.csv")
    assert again.rows(f"select id from {again.relation}") == [{"id": 2}]


def test_an_error_tells_no_value_of_a_cell(opened: Open) -> None:
    table = opened("id,name\n1,Ada Lovelace\n")
    with pytest.raises(InputProblem) as caught:
        table.rows(f"select cast(name as integer) from {table.relation}")
    assert "Ada" not in str(caught.value)
    assert caught.value.code == "RW-DATA-155"


def test_a_question_that_takes_too_long_is_ended_and_the_next_is_answered(tmp_path: Path) -> None:
    bench = DuckWorkbench(tmp_path, question_s=0.3)
    table = bench.land("t", pa.table({"a": [1]}))
    with pytest.raises(Unavailable) as caught:
        table.rows("select count(*) from range(100000000) a, range(100000) b where a.range + b.range = 7")
    assert caught.value.code == "RW-DATA-156"
    assert table.rows("select a from t") == [{"a": 1}]
    bench.close()


def test_a_question_that_needs_too_much_memory_is_ended(tmp_path: Path) -> None:
    bench = DuckWorkbench(tmp_path, memory_limit="60MB", threads=1)
    table = bench.land("t", pa.table({"a": [1]}))
    with pytest.raises(Unavailable) as caught:
        table.rows("select list(range) as l from range(50000000)")
    assert caught.value.code == "RW-DATA-157"
    bench.close()


# Names and values in SQL

TEXTS = st.text(max_size=30) | st.sampled_from(
    ["x'; drop table t; --", "''", "'", '"', "\\", "\\'", "%", "$1", "日本", "\u202e"]
)


@given(TEXTS.filter(lambda text: "\0" not in text))
def test_a_text_is_a_value_and_a_name_is_a_name(bench: DuckWorkbench, text: str) -> None:
    name = text or "x"
    sql = f"select {literal(text)} as {quoted(name)}"
    assert bench._engine.question(sql, limit=1) == [{name: text}]


@pytest.mark.parametrize("value", ["a\0b", float("nan"), float("inf")])
def test_what_cannot_be_written_is_refused(value: str | float) -> None:
    with pytest.raises(ValueError, match=r"NUL|finite"):
        literal(value)
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b")


@pytest.mark.parametrize(("value", "text"), [(None, "NULL"), (True, "true"), (-5, "-5"), (0.1, "0.1")])
def test_other_values_are_written_plainly(value: object, text: str) -> None:
    assert literal(value) == text  # type: ignore[arg-type]


# Landing and cleaning up


def test_landed_rows_are_a_table(bench: DuckWorkbench) -> None:
    rows = pa.table({"id": [1, 2, 3], "name": ["a", None, ""], "__row": [7, 8, 9], "void": pa.nulls(3)})
    table = bench.land("from elsewhere", rows)
    assert [column.type for column in table.columns][:2] == [ColumnType.INTEGER, ColumnType.TEXT]
    assert batches(table.stream(["id", "name"], numbered=True)) == [
        {"__row": 0, "id": 1, "name": "a"}, {"__row": 1, "id": 2, "name": None}, {"__row": 2, "id": 3, "name": ""},
    ]  # fmt: skip
    assert table.texts(["__row", "void"]) == {"__row": ["7", "8", "9"], "void": [None] * 3}
    with pytest.raises(InputProblem, match="of its own"):
        table.stream(numbered=True)
    assert table.only(["from elsewhere"]) is table
    table.close()


def test_a_stream_that_breaks_off_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    bench = DuckWorkbench(tmp_path)

    def broken():
        yield pa.record_batch({"a": [1]})
        raise OSError("the line is dead")

    stream = pa.RecordBatchReader.from_batches(pa.schema({"a": pa.int64()}), broken())
    with pytest.raises(Unavailable) as caught:
        bench.land("t", stream)
    assert caught.value.code == "RW-DATA-162"
    assert not list(tmp_path.rglob("*.part"))
    bench.close()


def test_closing_a_table_and_the_workbench_removes_every_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "1,x\n" * 1000)
    bench = DuckWorkbench(tmp_path / "bench", memory_limit="100MB")
    first, second = bench.open(str(tmp_path / "t.csv")), bench.open(str(tmp_path / "t.csv"))
    assert first.relation != second.relation
    assert len(list((tmp_path / "bench").rglob("*.part"))) == 2
    first.close()
    first.close()
    assert len(list((tmp_path / "bench").rglob("*.part"))) == 1
    with pytest.raises(InputProblem, match="closed"):
        first.texts()
    bench.close()
    bench.close()
    second.close()
    assert list((tmp_path / "bench").iterdir()) == []


def test_what_does_not_fit_into_memory_is_put_into_the_folder(tmp_path: Path) -> None:
    bench = DuckWorkbench(tmp_path, memory_limit="50MB", threads=1)
    table = bench.land("t", pa.table({"a": [1]}))
    seen: list[str] = []

    def look(cursor) -> None:
        reader = cursor.sql("select hash(range) h, range r from range(6000000) order by h").to_arrow_reader(
            100_000
        )
        next(iter(reader))
        seen.extend(path.name for path in tmp_path.rglob("duckdb_temp*"))

    bench._engine.timed("a large sort", look)
    assert seen
    table.close()
    bench.close()
    assert list(tmp_path.iterdir()) == []


def test_settings_that_make_no_sense_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputProblem) as caught:
        DuckWorkbench(tmp_path / "b", memory_limit="lots")
    assert caught.value.code == "RW-DATA-151"
    assert list((tmp_path / "b").iterdir()) == []


# Profiles


def profiled(bench: DuckWorkbench, table: pa.Table, **options: int) -> Profile:
    dataset = bench.land("t", table)
    try:
        return bench.profile(dataset, **options)
    finally:
        dataset.close()


def test_a_profile_counts_what_there_is(bench: DuckWorkbench) -> None:
    chance = random.Random(4)
    numbers = [chance.gauss(50, 10) for _ in range(3000)] + [None] * 7
    names = [chance.choice(["Ada", "Bo 1", "Cy-22", None]) for _ in range(3007)]
    days = [date(2024, 1, 1) + timedelta(days=n % 400) for n in range(3007)]
    profile = profiled(bench, pa.table({"n": numbers, "name": names, "day": days, "id": list(range(3007))}))
    assert (profile.rows, profile.sampled, len(profile.columns)) == (3007, 3007, 4)
    n, name, day, key = profile.columns
    filled = np.array(numbers[:3000])
    assert (n.nulls, n.distinct, n.distinct_exact) == (7, 3000, True)
    assert n.mean == pytest.approx(filled.mean())
    assert n.deviation == pytest.approx(filled.std(ddof=1))
    assert n.quantiles == pytest.approx(np.quantile(filled, [0.05, 0.25, 0.5, 0.75, 0.95]), rel=0.02)
    assert float(n.minimum or 0) == filled.min()
    assert sum(count for _, count in n.histogram) == 3000
    assert len(n.histogram) == 20
    counted = Counter(one for one in names if one)
    assert dict(name.frequent) == dict(counted)
    assert dict(name.masks) == {"Aa": counted["Ada"], "Aa 9": counted["Bo 1"], "Aa-9": counted["Cy-22"]}
    assert (name.shortest, name.longest) == (3, 5)
    assert (day.minimum, day.maximum, day.distinct) == ("2024-01-01", "2025-02-03", 400)
    assert day.histogram[0][0] == "2024-01-01"
    assert key.is_key
    assert not n.is_key


def test_a_profile_of_odd_columns_is_made(bench: DuckWorkbench) -> None:
    profile = profiled(
        bench,
        pa.table({
            "void": pa.nulls(3, pa.string()), "nan": [math.nan, math.inf, 1.0], "l": [[1], [1], None], "s": [{"a": 1}, {"a": 2}, None],
            "b": [b"x", b"", None], "t": pa.array([0, 1, None], pa.time64("us")), "flag": [True, False, None], "one": [5, 5, 5],
            "z": pa.array([0, 10**15, None], pa.timestamp("us", "UTC")),
        }),
    )  # fmt: skip
    by_name = {one.column.name: one for one in profile.columns}
    assert (by_name["void"].nulls, by_name["void"].distinct, by_name["void"].masks) == (3, 0, ())
    assert by_name["nan"].mean == 1.0
    assert (by_name["l"].distinct, by_name["s"].distinct) == (1, 2)
    assert by_name["flag"].frequent == (("false", 1), ("true", 1))
    assert by_name["one"].histogram == (("5", 3),)
    assert by_name["z"].histogram


def test_a_profile_of_nothing_is_made(bench: DuckWorkbench) -> None:
    profile = profiled(bench, pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())}))
    assert (
        profile.rows,
        profile.columns[0].nulls,
        profile.columns[0].minimum,
        profile.columns[1].masks,
    ) == (0, 0, None, ())


def test_a_sample_is_spread_over_the_table_and_the_same_each_time(bench: DuckWorkbench) -> None:
    table = pa.table({"n": list(range(50_000))})
    first, second = profiled(bench, table, sample=2_000), profiled(bench, table, sample=2_000)
    assert first.columns == second.columns
    assert 1_700 < first.sampled <= 2_000
    assert first.rows == 50_000
    assert first.columns[0].mean == pytest.approx(25_000, rel=0.05)


def test_a_profile_of_a_text_file_speaks_of_values(opened: Open, bench: DuckWorkbench) -> None:
    table = opened("id,price\n1,1.50\n2,\n3,2.5\n")
    price = bench.profile(table).columns[1]
    assert (price.nulls, price.mean, price.column.type) == (1, 2.0, ColumnType.NUMBER)


# Memory


def test_reading_takes_memory_by_the_block_and_not_by_the_file(tmp_path: Path) -> None:
    """A scaled-down measure: five times the file, the same memory within a few megabytes."""
    line = ",".join(["some text that fills the line"] * 8) + "\n"
    allocated = []
    for rows in (30_000, 150_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text("a,b,c,d,e,f,g,h\n" + line * rows)
        bench = DuckWorkbench(tmp_path / "bench", memory_limit="100MB")
        pool = pa.default_memory_pool()
        before = pool.bytes_allocated()
        peak = 0
        table = bench.open(str(path))
        assert len(table.columns) == 8
        for batch in table.stream():
            peak = max(peak, pool.bytes_allocated() - before)
            del batch
        allocated.append(peak)
        bench.close()
    assert allocated[1] < allocated[0] + (32 << 20)


def test_a_parquet_file_is_read_by_several_threads_at_once_without_confusion(
    tmp_path: Path, bench: DuckWorkbench
) -> None:
    n = 200_000
    pq.write_table(
        pa.table({"a": np.arange(n), "b": np.arange(n) * 2}), tmp_path / "t.parquet", row_group_size=5_000
    )
    table = bench.open(str(tmp_path / "t.parquet"))
    for _ in range(5):
        assert table.rows(
            f"select sum(a) as a, sum(b) as b, count(*) as n from {table.relation} where b = 2 * a"
        ) == [{"a": n * (n - 1) // 2, "b": n * (n - 1), "n": n}]
    table.close()
