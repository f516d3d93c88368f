"""Rows without a partner are found wherever the partner lies."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.sqlchecks.contracts import column, table
from tests.adapters.sqlchecks.tables import Bench, T, Table, duck, lite, post
from tests.adapters.sqlchecks.test_equals_python import NOW

from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.data.check import CheckResult, Verdict
from roadworthy.data.declared import checks_of

ORDERS = table(
    column("id", "integer", primaryKey=True),
    column("customer", relationships=[{"to": "customers.id"}]),
    name="orders",
)
SPEC = {"id": T.INTEGER, "customer": T.INTEGER}


def checked(
    dataset: Table, others: dict[str, Any], bench: Bench | None = None, contract: Any = ORDERS
) -> CheckResult:
    results = SqlChecker().check(dataset, contract, now=NOW, others=others, workbench=bench)
    return next(one for one in results if one.kind == "relationship")


def test_two_tables_of_one_database_are_compared_there() -> None:
    connection = sqlite3.connect(":memory:")
    orders = lite(SPEC, [(1, 1), (2, 9), (3, None)], name="orders", connection=connection, place="shop.db")
    customers = lite({"id": T.INTEGER}, [(1,)], name="customers", connection=connection, place="shop.db")
    result = checked(orders, {"customers": customers})
    assert (result.verdict, result.failing, result.sample[0].row) == (Verdict.FAIL, 1, "2")
    assert customers.asked == []
    assert "not exists" in result.sql


def test_two_places_meet_in_the_workbench_with_nothing_but_their_keys() -> None:
    orders = lite({**SPEC, "secret": T.TEXT}, [(1, 1, "s"), (2, 9, "s"), (3, None, "s")], name="orders")
    customers = duck({"id": T.INTEGER, "mail": T.TEXT}, [(1, "a@b")])
    bench = Bench()
    result = checked(orders, {"customers": customers}, bench)
    assert (result.verdict, result.failing, result.rows) == (Verdict.FAIL, 1, 3)
    assert {one.name for each in bench.landed for one in each.columns} <= {"id", "customer"}
    assert all(one.closed for one in bench.landed)
    assert checked(orders, {"customers": customers}).verdict is Verdict.NOT_EVALUATED


@pytest.mark.postgres
def test_postgres_and_a_file_meet(postgres_url: str) -> None:
    orders = post(postgres_url, SPEC, [(1, 1), (2, 9)], name="orders")
    assert checked(orders, {"customers": duck({"id": T.INTEGER}, [(1,)])}, Bench()).failing == 1
    orders.connection.close()


def test_a_partner_that_was_not_opened_or_has_no_such_column_proves_nothing() -> None:
    orders = duck(SPEC, [(1, 1)])
    assert "was not opened" in checked(orders, {}).reason
    assert "no column" in checked(orders, {"customers": duck({"nr": T.INTEGER}, [])}, Bench()).reason


def test_a_partner_that_went_away_proves_nothing() -> None:
    orders = duck(SPEC, [(1, 1)])
    customers = lite({"id": T.INTEGER}, [(1,)])
    customers.connection.close()
    assert checked(orders, {"customers": customers}, Bench()).verdict is Verdict.NOT_EVALUATED


def test_a_table_may_refer_to_itself() -> None:
    staff = table(
        column("id", primaryKey=True), column("boss", relationships=[{"to": "staff.id"}]), name="staff"
    )
    rows = [(1, None), (2, 1), (3, 7)]
    assert (
        checked(duck({"id": T.INTEGER, "boss": T.INTEGER}, rows, name="staff"), {}, None, staff).failing
        == 1
    )


def test_a_pair_of_columns_is_one_key() -> None:
    lines = table(
        column("a"), column("b"), name="lines",
        relationships=[{"from": ["lines.a", "lines.b"], "to": ["parts.x", "parts.y"]}],
    )  # fmt: skip
    rows = [(1, 1), (1, 2), (2, 1), (None, 9)]
    parts = duck({"x": T.INTEGER, "y": T.INTEGER}, [(1, 1), (2, 2)])
    assert (
        checked(duck({"a": T.INTEGER, "b": T.INTEGER}, rows), {"parts": parts}, Bench(), lines).failing == 2
    )


def test_a_text_and_a_number_are_compared_by_their_spelling() -> None:
    orders = duck({"id": T.INTEGER, "customer": T.TEXT}, [(1, "7"), (2, "007"), (3, "seven")])
    assert checked(orders, {"customers": duck({"id": T.INTEGER}, [(7,)])}, Bench()).failing == 2


def test_rows_without_a_partner_are_told_up_to_a_limit() -> None:
    orders = duck(SPEC, [(n, n) for n in range(10)])
    check = next(one for one in checks_of(ORDERS) if one.kind == "relationship")
    found = SqlChecker().failing_rows(
        orders, check, ORDERS, limit=4, others={"customers": duck({"id": T.INTEGER}, [(0,)])},
        workbench=Bench(), mask=lambda value: value,
    )  # fmt: skip
    assert len(found) == 4
    assert all(one.row == one.value != "0" for one in found)


VALUES = st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=8)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(VALUES, VALUES)
def test_as_many_rows_lack_a_partner_as_python_says(
    here: list[int | None], there: list[int | None]
) -> None:
    orders = duck(SPEC, list(enumerate(here)))
    result = checked(orders, {"customers": lite({"id": T.INTEGER}, [(one,) for one in there])}, Bench())
    assert result.failing == sum(one is not None and one not in there for one in here)
