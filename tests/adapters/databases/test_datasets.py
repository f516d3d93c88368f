"""One suite over SQLite, PostgreSQL and MariaDB: what every table of a database answers."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from roadworthy.adapters.databases import open_table, tables
from roadworthy.errors import InputProblem, NotFound, Unavailable

HOSTILE = [
    'a"b',
    "a`b",
    "select",
    "größe",
    "50% of",
    "a.b",
    "x'; drop table t; --",
    ":name",
    "%(x)s",
    " a ",
]


def table(stream: Any) -> pa.Table:
    return pa.RecordBatchReader.from_stream(stream).read_all()


@pytest.fixture
def small(database: Any) -> Any:
    database.do(
        "create table t (n int primary key, v varchar(20))",
        "insert into t values (3, 'c'), (1, 'a'), (2, null), (4, '')",
    )
    return database


def test_rows_columns_nulls_and_empty_texts_are_told_apart(small: Any) -> None:
    dataset = small.open("t")
    assert (dataset.name, dataset.dialect, len(dataset.columns)) == ("t", small.kind, 2)
    rows = {row["n"]: row["v"] for row in table(dataset.stream()).to_pylist()}
    assert rows == {1: "a", 2: None, 3: "c", 4: ""}
    texts = dataset.texts()
    assert dict(zip(texts["n"], texts["v"], strict=True)) == {"1": "a", "2": None, "3": "c", "4": ""}


def test_the_order_is_the_same_for_every_choice_of_columns(small: Any) -> None:
    dataset = small.open("t")
    everything = table(dataset.stream(numbered=True)).to_pylist()
    assert [row["__row"] for row in everything] == [0, 1, 2, 3]
    assert [row["v"] for row in everything] == table(dataset.stream(["v"])).column("v").to_pylist()
    assert [row["v"] for row in everything] == dataset.texts(["v"])["v"]
    assert table(dataset.stream(["v", "n"])).column_names == ["v", "n"]


def test_a_limit_ends_streams_texts_and_answers(small: Any) -> None:
    dataset = small.open("t")
    assert table(dataset.stream(limit=3)).num_rows == 3
    assert table(dataset.stream(limit=0)).num_rows == 0
    assert len(dataset.texts(limit=2)["n"]) == 2
    assert len(dataset.rows(f"select n from {dataset.relation}", limit=2)) == 2
    # The limit of one question is not that of the next.
    assert len(dataset.rows(f"select n from {dataset.relation}")) == 4
    assert table(dataset.stream()).num_rows == 4


def test_an_empty_table_has_its_columns(database: Any) -> None:
    database.do("create table t (n int, v varchar(20))")
    dataset = database.open("t")
    assert table(dataset.stream(numbered=True)).column_names == ["__row", "n", "v"]
    assert dataset.texts() == {"n": [], "v": []}


def test_hostile_names_of_tables_and_columns_are_only_names(database: Any) -> None:
    # MariaDB has no name that ends in a blank.
    names = [name.strip() if database.kind == "mysql" else name for name in HOSTILE]
    for name in names:
        quoted = database.quoted(name)
        database.do(f"create table {quoted} ({quoted} int)", f"insert into {quoted} values (7)")
    assert set(tables(database.address, place="p")) == set(names)
    for name in names:
        dataset = database.open(name)
        assert [one.name for one in dataset.columns] == [name]
        assert table(dataset.stream([name])).to_pylist() == [{name: 7}]
        assert dataset.texts([name]) == {name: ["7"]}
        assert dataset.rows(f"select count(*) as n from {dataset.relation}") == [{"n": 1}]


def test_views_and_other_schemas_are_named(database: Any) -> None:
    database.do("create table t (n int)", "create view v as select n from t")
    assert tables(database.address, place="p") == ("t", "v")
    if database.kind == "postgres":
        database.do('create schema "o.x"', 'create table "o.x".t (n int)', 'insert into "o.x".t values (5)')
        assert tables(database.address, place="p") == ("o.x.t", "t", "v")
        dataset = database.open("o.x.t")
        assert table(dataset.stream()).to_pylist() == [{"n": 5}]
        dataset.close()


def test_a_missing_table_is_told_with_names_that_are_near(small: Any) -> None:
    small.do("create table customers (n int)")
    with pytest.raises(NotFound) as problem:
        small.open("custmers")
    assert problem.value.code == "RW-DATA-173"
    assert "customers" in problem.value.message


def test_a_missing_column_is_told(small: Any) -> None:
    dataset = small.open("t")
    with pytest.raises(InputProblem, match="no column `w`"):
        dataset.stream(["w"])


REFUSED = [
    "drop table t", "delete from t", "insert into t values (9, 'x')", "update t set v = 'x'", "select 1; drop table t",
    "select 1; select 2", "create table u (n int)", "", "commit", "set x = 1", "explain select 1", "select 1 \0",
    "/* select */ drop table t", "-- select\ndrop table t",
]  # fmt: skip
REFUSED_BY = {
    "sqlite": [
        "pragma query_only = off", "attach ':memory:' as o", "with x as (select 1) insert into t select 9, 'x'",
        "vacuum", "select load_extension('x')", "vacuum into '/tmp/x.sqlite'",
    ],
    "postgres": [
        "copy t to '/tmp/roadworthy-x'", "with x as (delete from t returning *) select * from x", "select * into u from t",
        "select pg_read_file('/etc/hostname')", "select \"pg_read_file\"('/etc/hostname')", "select n from t for update",
        "select lo_import('/etc/hostname')", "commit; drop table t", "select 1; commit; drop table t",
        "select set_config('transaction_read_only', 'off', true), (select count(*) from t)",
        "select query_to_xml('select pg_read' || '_file(''/etc/hostname'')', true, true, '')",
    ],
    "mysql": [
        "select 1 into outfile '/tmp/roadworthy-x'", "select load_file('/etc/hostname')",
        "select `load_file`('/etc/hostname')", "select 1 --1 into outfile '/tmp/roadworthy-x'\n",
        "select 1 /*! into outfile '/tmp/roadworthy-x' */", "select 1 /*M! into outfile '/tmp/roadworthy-x' */",
        "select n from t for update", "load data infile 'x' into table t",
        "select 1 into dumpfile '/tmp/roadworthy-x'", "select n into @a from t limit 1", "select load_file/**/('/etc/hostname')",
    ],
}  # fmt: skip


def test_what_is_more_than_one_question_is_refused_and_changes_nothing(small: Any) -> None:
    dataset = small.open("t")
    for sql in REFUSED + REFUSED_BY[small.kind]:
        with pytest.raises(InputProblem) as problem:
            dataset.rows(sql)
        assert problem.value.code.startswith("RW-DATA-17"), sql
    assert not Path("/tmp/roadworthy-x").exists()
    assert len(small.do("select n from t")) == 4
    assert dataset.rows("select count(*) as n from t") == [{"n": 4}]


def test_a_server_with_other_quotes_does_not_change_what_is_refused(
    mariadb_server: Any, mysql: Any
) -> None:
    mysql.do("create table t (n int)")
    mariadb_server.do("set global sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'")
    try:
        dataset = mysql.open("t")
        dataset.rows("select '\\' into outfile ''/tmp/roadworthy-x'' -- ' as v")
        assert dataset.rows("""select "a" as v""") == [{"v": "a"}]
        dataset.close()
    finally:
        mariadb_server.do("set global sql_mode = ''")
    assert not Path("/tmp/roadworthy-x").exists()


def test_comments_and_ordinary_questions_are_answered(small: Any) -> None:
    dataset = small.open("t")
    asked = "-- how many\n/* rows */ with x as (select n from t) select count(*) as rows_in, 'into outfile;' as told from x"
    assert dataset.rows(asked) == [{"rows_in": 4, "told": "into outfile;"}]
    assert dataset.rows("select v from t where v like 'a%'") == [{"v": "a"}]
    with pytest.raises(InputProblem, match="same name"):
        dataset.rows("select n, n from t")


def test_a_wrong_question_says_what_is_wrong(small: Any) -> None:
    dataset = small.open("t")
    with pytest.raises(InputProblem, match="no_such"):
        dataset.rows("select no_such from t")
    with pytest.raises(InputProblem):
        dataset.rows("select from where")


SLOW = {
    "sqlite": "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r",
    "postgres": "select pg_sleep(60)",
    "mysql": "select count(*) from seq_1_to_1000000 a, seq_1_to_1000000 b",
}


def test_a_question_that_takes_too_long_is_ended(small: Any) -> None:
    dataset = small.open("t", timeout_s=0.3)
    with pytest.raises(Unavailable) as problem:
        dataset.rows(SLOW[small.kind])
    assert problem.value.code == "RW-DATA-175"
    assert problem.value.retry_is_safe
    assert dataset.rows("select count(*) as n from t") == [{"n": 4}]


def test_memory_is_bounded_by_a_batch_however_large_the_cells_are(database: Any) -> None:
    database.numbers("wide", 200, database.long_text(1_000_000))
    dataset = database.open("wide")
    seen, before = 0, _resident()
    for batch in dataset.stream():
        seen += batch.num_rows
        assert batch.nbytes < 40_000_000
        assert _resident() - before < 130_000_000
    assert seen == 200


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_many_rows_arrive_in_batches_with_their_numbers(database: Any) -> None:
    database.numbers("many", 50_000, "1")
    dataset = database.open("many")
    sizes, last = [], -1
    for batch in dataset.stream(numbered=True):
        sizes.append(batch.num_rows)
        numbers = batch.column("__row").to_pylist()
        assert numbers == list(range(last + 1, last + 1 + len(numbers)))
        last = numbers[-1]
    assert sum(sizes) == 50_000
    assert max(sizes) < 50_000


def _cut(database: Any) -> None:
    if database.kind == "postgres":
        database.do(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
    else:
        own = (
            "select id from information_schema.processlist where db = database() and id <> connection_id()"
        )
        for (number,) in database.do(own):
            database.do(f"kill {number}")


@pytest.mark.parametrize("engine", ["batches", "arrow"])
def test_a_connection_lost_in_the_middle_is_never_an_end(database: Any, engine: str) -> None:
    if database.kind == "sqlite":
        pytest.skip("a file has no connection")
    database.numbers("wide", 2_000, database.long_text(100_000))
    dataset = database.open("wide")
    stream = dataset.stream()
    if engine == "batches":
        batches = iter(stream)
        next(batches)
        _cut(database)
        with pytest.raises(Unavailable) as problem:
            list(batches)
        assert problem.value.code == "RW-DATA-176"
    else:
        reader = pa.RecordBatchReader.from_stream(stream)
        reader.read_next_batch()
        _cut(database)
        with pytest.raises((pa.ArrowException, OSError, Unavailable)):
            reader.read_all()
        assert isinstance(stream.fault, Unavailable)
    # Asked again, a new connection is made.
    assert dataset.rows("select count(*) as n from wide") == [{"n": 2_000}]


def test_a_file_cut_off_in_the_middle_is_never_an_end(sqlite: Any) -> None:
    sqlite.do("create table t (n integer primary key, v text)")
    sqlite.numbers("wide", 3_000, sqlite.long_text(10_000))
    sqlite.do("insert into t select n, cell from wide")
    dataset = sqlite.open("t")
    batches = iter(dataset.stream())
    next(batches)
    path = Path(sqlite.address.removeprefix("sqlite:///"))
    os.truncate(path, path.stat().st_size // 8)
    with pytest.raises((InputProblem, Unavailable)):
        list(batches)


def test_a_stream_sees_one_moment(small: Any) -> None:
    if small.kind == "sqlite":
        small.do("pragma journal_mode = wal")
    values = ", ".join(f"({n}, 'x')" for n in range(10, 30_010))
    small.do(f"insert into t values {values}")
    dataset = small.open("t")
    batches = iter(dataset.stream(["n"]))
    seen = next(batches).num_rows
    small.do("delete from t where n > 100")
    assert seen + sum(batch.num_rows for batch in batches) == 30_004


def test_a_stream_that_is_left_early_leaves_the_table_usable(database: Any) -> None:
    database.numbers("many", 300_000, "1")
    dataset = database.open("many")
    batches = iter(dataset.stream())
    next(batches)
    batches.close()
    assert dataset.rows("select count(*) as n from many") == [{"n": 300_000}]
    assert len(dataset.texts(limit=3)["n"]) == 3


def test_only_knows_the_one_partition(small: Any) -> None:
    dataset = small.open("t")
    (partition,) = dataset.snapshot().partitions
    assert table(dataset.only([partition.name]).stream()).num_rows == 4
    with pytest.raises(InputProblem):
        dataset.only(["other"])


def test_a_snapshot_promises_nothing_that_it_cannot_keep(small: Any) -> None:
    dataset = small.open("t")
    before = dataset.snapshot()
    assert before.tellable == (small.kind == "sqlite")
    if small.kind == "sqlite":
        assert before == dataset.snapshot()
        small.do("update t set v = 'z' where n = 1")
        assert dataset.snapshot() != before


def test_closing_twice_is_closing_once(small: Any) -> None:
    dataset = small.open("t")
    dataset.rows("select 1 as one")
    dataset.close()

    dataset.close()


def test_sqlite_finds_regular_expressions_in_linear_time(sqlite: Any) -> None:
    sqlite.do(
        "create table t (n integer, v)",
        "insert into t values (1, 'ab12'), (2, null), (3, x'616231'), (4, 'ä\n1'), (5, 12)",
    )
    dataset = sqlite.open("t")
    found = dataset.rows(r"select n, v regexp '[0-9]' as hit from t order by n")
    assert [row["hit"] for row in found] == [1, None, 1, 1, 1]
    assert dataset.rows("select 'a' regexp null as hit") == [{"hit": None}]
    evil = dataset.rows(f"select '{'a' * 5_000}b' regexp '(a*)*$' as hit")
    assert evil == [{"hit": 1}]
    with pytest.raises(InputProblem):
        dataset.rows("select 'a' regexp '('")


def test_open_table_never_shows_a_password_or_an_address() -> None:
    for address in (
        "postgresql://u:s3cret@127.0.0.1:1/none", "mysql://u:s3cret@127.0.0.1:1/none", "oracle://u:s3cret@h/x",
        "postgresql+asyncpg://u:s3cret@h/x", "mysql://u:s3cret@127.0.0.1:notaport/x", "sqlite:///no/such/s3cret.sqlite",
    ):  # fmt: skip
        with pytest.raises((InputProblem, Unavailable)) as problem:
            open_table(address, "t", place=address)
        assert "s3cret" not in str(problem.value.as_json()) or address.startswith("sqlite")
        assert "s3cret" not in repr(problem.value.__cause__)
