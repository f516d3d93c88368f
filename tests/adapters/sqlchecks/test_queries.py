"""A contract's own query reads its table, answers with one value, and does nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.sqlchecks.contracts import column, table
from tests.adapters.sqlchecks.tables import T, Table, duck, lite
from tests.adapters.sqlchecks.test_equals_python import NOW

from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.adapters.sqlchecks.queries import readable
from roadworthy.adapters.sqlchecks.quoting import Inexpressible
from roadworthy.data.check import CheckResult, Verdict


def asked(query: str, *, made: Any = duck, column_rule: bool = False, **bound: Any) -> CheckResult:
    rule = {"type": "sql", "query": query, **(bound or {"mustBe": 2})}
    contract = table(
        column("a b", "integer", **({"quality": [rule]} if column_rule else {})),
        column("s", "string"),
        name="orders",
        physicalName="t",
        **({} if column_rule else {"quality": [rule]}),
    )
    dataset: Table = made({"a b": T.INTEGER, "s": T.TEXT}, [(1, "x"), (2, "x"), (3, "y")])
    return next(one for one in SqlChecker().check(dataset, contract, now=NOW) if one.kind == "sql")


@pytest.mark.parametrize("made", [duck, lite])
@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from ${table} where s = 'x'",
        "SELECT COUNT(*) FROM {model} WHERE s = 'x';",
        "with some as (select * from ${object} where s = 'x') select count(*) from some",
        'select count(*) from t where "a b" > 1 -- of the table ${table}',
        "select max(n) from (select count(*) as n from ${table} group by s) as g",
    ],
)
def test_a_query_is_put_to_the_table(query: str, made: Any) -> None:
    result = asked(query, made=made)
    assert (result.verdict, result.value) == (Verdict.PASS, 2)


def test_a_query_may_name_its_column_and_in_files_the_business_name() -> None:
    assert asked("select max(${column}) from ${table}", column_rule=True, mustBe=3).verdict is Verdict.PASS
    assert asked("select count(*) from orders", mustBe=3).verdict is Verdict.PASS
    assert asked("select count(*) from ${table}", mustBeLessThan=3).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("delete from ${table}", "not one question"),
        ("select 1; drop table t", "not one question"),
        ("copy t to '/tmp/x'", "not one question"),
        ("attach 'x.db'", "not one question"),
        ("pragma database_list", "not one question"),
        ("with x as (delete from t returning *) select count(*) from x", "change something"),
        ("select * into x from ${table}", "change something"),
        ("select count(*) from read_csv('/etc/passwd')", "not part of checking"),
        ("select count(*) from '/etc/passwd'", "something else"),
        ('select count(*) from "x.parquet"', "something else"),
        ("select count(*) from information_schema.tables", "something else"),
        ("select count(*) from glob('*')", "not part of checking"),
        ("select count(*) from query('select 1')", "not part of checking"),
        ("select count(*) from ${table}, lateral read_text(s)", ""),
        ("select (select count(*) from read_text('/etc/passwd'))", "not part of checking"),
        ("select getenv('HOME')", "not part of checking"),
        ("select count(*) from ${secret}", "placeholder"),
        ("select ${column} from ${table}", "placeholder"),
        ("select ((", "cannot be read"),
        ("", "no query"),
        ("select " + "1+" * 20_000 + "1", "at most"),
    ],
)
def test_a_query_that_would_do_something_else_is_not_put(query: str, told: str) -> None:
    result = asked(query)
    assert result.verdict is Verdict.NOT_EVALUATED
    assert told in result.reason
    assert result.sql == ""


@pytest.mark.parametrize(
    "query",
    [
        "select pg_read_file('x')",
        "select pg_sleep(9)",
        "select lo_import('x')",
        "select dblink('a', 'b')",
        "select * from t for update",
    ],
)
def test_a_query_cannot_turn_against_a_server(query: str) -> None:
    dataset = duck({"a": T.INTEGER}, [])
    dataset.dialect = "postgres"
    with pytest.raises(Inexpressible):
        readable(query, table(column("a")), "", dataset)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select s from ${table}", "2 rows"),
        ("select s from ${table} where false", "no row"),
        ("select 1, 2", "2 columns"),
        ('select max("a b") from ${table} where false', "with nothing"),
        ("select nope from ${table}", "no answer"),
    ],
)
def test_an_answer_that_is_no_single_value_proves_nothing(query: str, told: str) -> None:
    result = asked(query)
    assert result.verdict is Verdict.NOT_EVALUATED
    assert told in result.reason


def test_an_answer_in_words_is_compared_and_masked() -> None:
    result = asked("select max(s) from ${table}", mustBe="y")
    assert (result.verdict, result.value) == (Verdict.PASS, "a")
    assert asked("select max(s) from ${table}", mustBe=1).verdict is Verdict.FAIL
