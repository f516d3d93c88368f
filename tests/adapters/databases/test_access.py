"""Finding tables, being let in, being cut off, and never changing anything."""

import sqlite3
from contextlib import closing
from itertools import islice
from pathlib import Path

import psycopg
import pytest
from tests.adapters.databases.conftest import Place
from tests.mariadb import PASSWORD, MariaDB

from roadworthy.adapters.databases import open_table, tables
from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.errors import InputProblem, NotFound, Unavailable
from roadworthy.testing.conformance.datasets import batches

MANY = 60_000


def many(place: Place, columns: str, cells: str) -> None:
    """Fill the table ``t`` with rows of which ``i`` counts from 1."""
    source = {
        "sqlite": f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {MANY}) select {cells} from n",
        "postgres": f"select {cells} from generate_series(1, {MANY}) n(i)",
        "mysql": f"select {cells} from (select seq as i from seq_1_to_{MANY}) n",
    }[place.kind]
    place.do(f"create table t ({columns})", f"insert into t {source}")


def code_of(call) -> str:
    with pytest.raises((InputProblem, Unavailable)) as caught:
        call()
    assert PASSWORD not in repr(caught.value.as_json())
    return caught.value.code


# Addresses and tables


@pytest.mark.parametrize(
    "url", ["", "nonsense", "oracle://u:geheim@h/d", "sqlite:///:memory:", "sqlite://", "postgresql://"]
)
def test_what_is_no_address_of_a_database_is_told_without_it(url: str) -> None:
    with pytest.raises(InputProblem) as caught:
        open_table(url, "t", place="sources.crm.url")
    assert caught.value.code == "RW-DATA-170"
    assert "sources.crm.url" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_table_that_is_not_there_is_not_found_and_near_names_are_offered(sqlite: Place) -> None:
    sqlite.do("create table customers (a)", "create table orders (a)")
    with pytest.raises(NotFound, match="did you mean `customers`") as caught:
        sqlite.open("customer")
    assert caught.value.code == "RW-DATA-173"
    with pytest.raises(NotFound, match="there are `customers`, `orders`"):
        sqlite.open("zzz")


def test_tables_and_views_are_listed(sqlite: Place) -> None:
    sqlite.do("create table b (a)", "create view a_view as select 1 as one")
    assert tables(sqlite.address) == ("a_view", "b")
    view = sqlite.open("a_view")
    assert batches(view.stream()) == [{"one": "1"}]


@pytest.mark.postgres
def test_other_schemas_are_named(postgres: Place) -> None:
    postgres.do(
        "create schema sales", "create table sales.orders (id int)", "insert into sales.orders values (5)",
        "create materialized view latest as select * from sales.orders", "create table \"sales.orders\" (other int)",
    )  # fmt: skip
    assert tables(postgres.address) == ("latest", "sales.orders", "sales.orders")
    assert [column.name for column in postgres.open("sales.orders").columns] in (["other"], ["id"])
    assert batches(postgres.open("latest").stream()) == [{"id": 5}]


def test_a_schema_of_mysql_is_a_database(mysql: Place, mariadb_server: MariaDB) -> None:
    other = mariadb_server.create()
    mariadb_server.do("create table t (id int)", "insert into t values (3)", database=other)
    assert f"{other}.t" in tables(mysql.address)
    assert batches(mysql.open(f"{other}.t").stream()) == [{"id": 3}]
    mariadb_server.do(f"drop database `{other}`")


# Being let in


def test_a_wrong_password_a_wrong_database_and_no_server_are_told_apart(
    mysql: Place, mariadb_server: MariaDB
) -> None:
    assert (
        code_of(lambda: open_table(mariadb_server.address("mysql", password="wrong"), "t")) == "RW-DATA-172"
    )
    assert code_of(lambda: open_table(mariadb_server.address("no_such_database"), "t")) == "RW-DATA-172"
    assert code_of(lambda: open_table(f"mysql://u:{PASSWORD}@127.0.0.1:1/d", "t")) == "RW-DATA-171"


@pytest.mark.postgres
def test_a_wrong_database_and_no_server_of_postgres_are_told_apart(postgres_url: str) -> None:
    elsewhere = postgres_url.replace("/test_", "/no_such_")
    assert code_of(lambda: open_table(elsewhere, "t")) == "RW-DATA-172"
    assert code_of(lambda: open_table(f"postgresql://u:{PASSWORD}@127.0.0.1:1/d", "t")) == "RW-DATA-171"
    assert (
        code_of(lambda: open_table(f"postgresql://u:{PASSWORD}@no-such-host.invalid/d", "t"))
        == "RW-DATA-171"
    )


def test_a_missing_file_and_one_that_is_no_database(tmp_path: Path) -> None:
    assert code_of(lambda: open_table(f"sqlite:///{tmp_path}/none.sqlite", "t")) == "RW-DATA-171"
    (tmp_path / "text.sqlite").write_text("this is no database " * 100)
    assert code_of(lambda: open_table(f"sqlite:///{tmp_path}/text.sqlite", "t")) == "RW-DATA-178"
    assert not (tmp_path / "none.sqlite").exists()


# Never changing anything


@pytest.mark.postgres
def test_postgres_refuses_what_writes_behind_a_select(postgres: Place) -> None:
    postgres.do(
        "create table t (a int)",
        "create function put() returns int language sql as 'insert into t values (1) returning a'",
    )
    table = postgres.open("t")
    for sql in (
        "select put()",
        "with gone as (delete from t returning a) select * from gone",
        "select 1; commit; insert into t values (1)",
        "select * into other from t",
    ):
        assert code_of(lambda sql=sql: table.rows(sql)) == "RW-DATA-174", sql
    assert table.rows("select count(*) as n from t") == [{"n": 0}]


def test_mysql_refuses_files_and_comments_that_run(mysql: Place) -> None:
    mysql.do("create table t (a text)", "insert into t values ('into the woods')")
    table = mysql.open("t")
    for sql in (
        "select 1 into outfile '/tmp/out'",
        "select a /*!50000 into outfile '/tmp/out' */ from t",
        "select a /*M!100000 into outfile '/tmp/out' */ from t",
        "select load_file('/etc/passwd')",
        "select a from t into @x",
    ):
        assert code_of(lambda sql=sql: table.rows(sql)) == "RW-DATA-174", sql
    assert table.rows("select a from t where a = 'into the woods' -- into\n") == [{"a": "into the woods"}]


def test_sqlite_refuses_other_files_and_settings(sqlite: Place, tmp_path: Path) -> None:
    sqlite.do("create table t (a)")
    table = sqlite.open("t")
    for sql in (
        f"attach '{tmp_path}/other' as o",
        "pragma query_only = off",
        "select load_extension('x')",
        "vacuum into 'x'",
    ):
        assert code_of(lambda sql=sql: table.rows(sql)) == "RW-DATA-174", sql


def test_sqlite_has_regular_expressions_that_take_no_forever(sqlite: Place) -> None:
    sqlite.do(
        "create table t (name text)", f"insert into t values ('AB-12'), ('ab'), (null), ('{'a' * 5000}!')"
    )
    table = sqlite.open("t")
    assert table.rows("select name from t where name regexp '^[A-Z]+-[0-9]+$'") == [{"name": "AB-12"}]
    assert table.rows("select count(*) as n from t where name regexp '^(a+)+$'") == [{"n": 0}]
    assert code_of(lambda: table.rows("select 1 from t where name regexp '('")) == "RW-DATA-174"


# Time and places


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        (
            "sqlite",
            "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) as c from n",
        ),
        ("postgres", "select pg_sleep(20)"),
        (
            "mysql",
            "select sleep(20)",
        ),
    ],
)
def test_a_question_that_takes_too_long_is_ended(
    kind: str, sql: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(kind)
    place.do("create table t (a int)")
    table = place.open("t", timeout_s=0.3)
    assert code_of(lambda: table.rows(sql)) == "RW-DATA-175"
    assert table.rows("select count(*) as n from t") == [{"n": 0}]


@pytest.mark.postgres
def test_a_connection_that_is_ended_in_the_middle_is_no_end_of_the_table(postgres: Place) -> None:
    postgres.do("create table t as select i, repeat('x', 500) as text from generate_series(1, 60000) i")
    stream = postgres.open("t").stream()
    rows = iter(stream)
    next(rows)
    with psycopg.connect(postgres.address, autocommit=True) as other:
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
        )
    with pytest.raises(Unavailable) as caught:
        list(rows)
    assert caught.value.code == "RW-DATA-176"
    assert caught.value is stream.fault


def test_a_killed_connection_of_mysql_is_no_end_of_the_table(
    mysql: Place, mariadb_server: MariaDB, bench: DuckWorkbench
) -> None:
    many(mysql, "i int primary key, text text", "i, repeat('x', 500)")
    rows = iter(mysql.open("t").stream())
    next(rows)
    _kill(mariadb_server)
    with pytest.raises(Unavailable) as caught:
        list(rows)
    assert caught.value.code == "RW-DATA-176"


def _kill(mariadb_server: MariaDB) -> None:
    for row in mariadb_server.do(
        "select id from information_schema.processlist where id <> connection_id() and user = 'tester'"
    ):
        mariadb_server.do(f"kill {row[0]}")


def test_a_table_that_breaks_off_leaves_no_half_table_on_the_workbench(
    mysql: Place, mariadb_server: MariaDB, bench: DuckWorkbench
) -> None:
    many(mysql, "i int primary key, text text", "i, repeat('x', 500)")
    stream = mysql.open("t").stream()
    inner = stream._batches

    def cut():
        yield from islice(inner, 1)
        _kill(mariadb_server)
        yield from inner

    stream._batches = cut()
    with pytest.raises(Unavailable) as caught:
        bench.land("t", stream)
    assert caught.value.code == "RW-DATA-176"


def test_the_mark_of_a_sqlite_table_changes_with_every_transaction(sqlite: Place) -> None:
    sqlite.do("create table t (a)", "insert into t values (1)")
    table = sqlite.open("t")
    seen = [table.snapshot()]
    sqlite.do("update t set a = 2")
    seen.append(table.snapshot())
    sqlite.do("pragma journal_mode = wal")
    path = sqlite.address.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as writer:
        seen.append(table.snapshot())
        writer.execute("update t set a = 3")
        writer.commit()
        seen.append(table.snapshot())
    assert len({one.digest for one in seen}) == 4
    assert all(one.tellable for one in seen)


@pytest.mark.postgres
def test_servers_tell_no_mark_that_is_sure_to_change(postgres: Place) -> None:
    postgres.do("create table t (a int)")
    assert not postgres.open("t").snapshot().tellable


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "mysql"])
def test_the_profile_of_a_table_elsewhere_is_of_rows_from_all_over_it(
    kind: str, request: pytest.FixtureRequest, bench: DuckWorkbench
) -> None:
    place: Place = request.getfixturevalue(kind)
    many(place, "i int, name varchar(20)", "i, 'name'")
    profile = bench.profile(place.open("t"), sample=6_000)
    assert profile.rows == 60_000
    assert 5_000 < profile.sampled <= 6_000
    one = profile.columns[0]
    assert (one.column.name, one.nulls) == ("i", 0)
    assert one.mean == pytest.approx(30_000, rel=0.1)
    assert int(one.minimum or 0) < 1_000
    assert int(one.maximum or 0) > 59_000
    whole = bench.profile(place.open("t"))
    assert (whole.sampled, whole.columns[0].distinct, whole.columns[0].is_key) == (60_000, 60_000, True)
