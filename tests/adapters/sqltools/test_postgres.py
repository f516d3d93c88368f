"""The same tools and sources on a real Postgres."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from roadworthy.adapters.sqltools import SqlSource, build
from roadworthy.charter import Tool
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.ports import Connector

pytestmark = pytest.mark.postgres

Make = Callable[..., Connector]


@pytest.fixture
def desk(postgres_url: str) -> str:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("create table customer (id int primary key, email text)")
        connection.execute(
            "insert into customer select n, 'c' || n || '@example.com' from generate_series(1, 1000) n"
        )
        connection.execute(
            "create table reply (idempotency_key text primary key, ticket_id text not null, "
            '"order" int check ("order" < 100))'
        )
    return postgres_url


@pytest.fixture
def source(desk: str, tmp_path: Path) -> Iterator[SqlSource]:
    source = SqlSource(desk, data=tmp_path, timeout_s=1)
    yield source
    source.close()


@pytest.fixture
def make(desk: str, tmp_path: Path) -> Iterator[Make]:
    made: list[Any] = []

    def tool(use: str, **options: Any) -> Connector:
        sink = "none" if use == "sql.query" else "write"
        declared = Tool.model_validate({"use": use, "source": "desk", "sink": sink, "options": options})
        connector = build("desk.tool", declared, desk, tmp_path)
        made.append(connector)
        return connector

    yield tool
    for connector in made:
        connector.close()


def test_rows_come_by_column_name_and_up_to_the_limit(source: SqlSource) -> None:
    assert source.rows("select id, email from customer order by id", limit=1) == [
        {"id": 1, "email": "c1@example.com"}
    ]
    assert len(source.rows("select id from customer")) == 1000
    assert source.rows("select id from customer where false") == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select * from nobody", 'relation "nobody" does not exist'),
        ("select * form customer", "syntax error"),
        ("select 1; commit; delete from customer", "cannot insert multiple commands"),
        ("with gone as (delete from customer returning *) select * from gone", "may not write"),
        ("select id, id from customer", "two columns have the same name"),
    ],
)
def test_a_wrong_question_is_an_input_problem_and_changes_nothing(
    source: SqlSource, sql: str, found: str
) -> None:
    with pytest.raises(InputProblem, match=found) as caught:
        source.rows(sql)
    assert caught.value.code == "RW-SQL-002"
    assert source.rows("select count(*) as n from customer") == [{"n": 1000}]


def test_no_setting_outlives_its_question(source: SqlSource) -> None:
    source.rows("select set_config('statement_timeout', '0', false) as x")
    source.rows("select set_config('default_transaction_read_only', 'off', false) as x")
    assert source.rows("select current_setting('statement_timeout') as x") == [{"x": "1s"}]
    assert source.rows("select current_setting('transaction_read_only') as x") == [{"x": "on"}]


def test_a_question_that_takes_too_long_is_interrupted(desk: str, tmp_path: Path) -> None:
    source = SqlSource(desk, data=tmp_path, timeout_s=0.05)
    with pytest.raises(Unavailable, match=r"did not answer within 0.05 s") as caught:
        source.rows("select pg_sleep(10)")
    assert caught.value.code == "RW-SQL-007"
    source.close()


def test_a_query_binds_and_answers_the_first_row(make: Make) -> None:
    find = make(
        "sql.query", sql="select id from customer where email like :email and '%' = '%' order by id"
    )
    assert find.call({"email": "c2%"}) == {"id": 2}
    assert find.call({"email": "' or 1=1 --"}) == {}


def test_a_repeated_key_is_felt_once_and_can_be_taken_back(make: Make, source: SqlSource) -> None:
    send = make("sql.insert", table="public.reply", columns={"ticket_id": "ticket", "order": "number"})
    for number in (1, 2):
        assert send.send("k1", {"ticket": "T-1", "number": number}) == {"id": "k1"}
    assert source.rows('select "order" as n from reply') == [{"n": 1}]
    withdraw = make("sql.delete", table="reply")
    for _ in range(2):
        assert withdraw.send("undo", {"key": "k1"}) == {"id": "k1"}
    assert source.rows("select * from reply") == []


def test_a_refused_row_is_told_without_its_values(make: Make) -> None:
    send = make("sql.insert", table="reply", columns={"ticket_id": "ticket", "order": "number"})
    for number in (100, "my secret", "\0"):
        with pytest.raises(InputProblem) as caught:
            send.send("k1", {"ticket": "T-1", "number": number})
        assert caught.value.code == "RW-SQL-004"
        assert "secret" not in str(caught.value.as_json())


def test_a_locked_row_may_be_tried_again(make: Make, desk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.adapters.sqltools.postgres.LOCK_WAIT_S", 0.05)
    send = make("sql.insert", table="reply", columns={"ticket_id": "ticket", "order": "number"})
    with psycopg.connect(desk) as other:
        other.execute("lock table reply")
        with pytest.raises(Unavailable) as caught:
            send.send("k1", {"ticket": "T-1", "number": 1})
        other.rollback()
    assert (caught.value.code, caught.value.retry_is_safe) == ("RW-SQL-006", True)
    assert send.send("k1", {"ticket": "T-1", "number": 1}) == {"id": "k1"}


def test_after_a_lost_connection_the_next_call_opens_another(source: SqlSource, desk: str) -> None:
    mine = source.rows("select pg_backend_pid() as pid")[0]["pid"]
    with psycopg.connect(desk, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [mine])
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        source.rows("select 1 as one")
    assert caught.value.retry_is_safe
    assert source.rows("select 1 as one") == [{"one": 1}]


def test_a_server_that_is_not_there_is_an_outage_without_its_password(tmp_path: Path) -> None:
    source = SqlSource(f"postgresql://me:hunter2@/desk?host={tmp_path}", data=tmp_path)
    with pytest.raises(Unavailable, match="`desk`") as caught:
        source.rows("select 1")
    assert "hunter2" not in str(caught.value.as_json())


def test_each_thread_has_a_connection_that_goes_with_it(source: SqlSource) -> None:
    pids: list[int] = []

    def ask() -> None:
        pids.extend(source.rows("select pg_backend_pid() as pid")[0]["pid"] for _ in range(3))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 3
    gone = "select count(*) as n from pg_stat_activity where application_name = 'roadworthy' and pid <> pg_backend_pid()"
    left = 3
    for _ in range(1000):
        left = source.rows(gone)[0]["n"]
        if left == 0:
            break
    assert left == 0


def test_an_address_that_cannot_be_read_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputProblem) as caught:
        SqlSource("postgresql://me@host:port/desk?nonsense=1", data=tmp_path)
    assert caught.value.code == "RW-SQL-001"
