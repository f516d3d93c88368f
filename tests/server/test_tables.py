"""Rows as CSV: what a spreadsheet opens is what the page shows, and nothing in it runs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.desk import ADMIN, PEOPLE, Desk, reply

from roadworthy.principal import Role
from roadworthy.server.tables import csv_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@given(st.lists(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4), max_size=5))
def test_any_rows_are_a_file_in_which_nothing_is_a_formula(rows: list[dict[str, Any]]) -> None:
    lines = list(csv.reader(io.StringIO(csv_of(rows), newline="")))
    assert len(lines) == 1 + len(rows)
    for line in lines:
        for cell in line:
            try:
                float(cell)
            except ValueError:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")), cell


def test_fields_within_fields_are_columns_and_lists_are_one_cell() -> None:
    rows = [
        {"name": "a", "cases": {"live": 3, "of": {"b": 1}}, "tags": ["x", "y"]},
        {"name": "b", "late": True},
    ]
    assert read(csv_of(rows)) == [
        {"name": "a", "cases.live": "3", "cases.of.b": "1", "tags": "x; y", "late": ""},
        {"name": "b", "cases.live": "", "cases.of.b": "", "tags": "", "late": "True"},
    ]


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "|cmd", "%0"])
def test_what_a_spreadsheet_would_run_gets_a_quote(typed: str) -> None:
    assert read(csv_of([{"x": typed}]))[0]["x"] == f"'{typed}"


def test_a_page_of_rows_is_a_file_and_says_where_the_next_one_is(desk: Desk) -> None:
    desk.office.release(reply)
    for key in ("=CMD()", "c-2", "c-3"):
        desk.office.submit(key, "refund 0.9")
    browser = desk.browser(PEOPLE[Role.OWNER])
    found = browser.get("/cases.csv?limit=2")
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"] == 'attachment; filename="cases.csv"'
    following = found.headers["link"].partition(";")[0].strip("<>")
    rest = browser.get(following)
    assert "link" not in rest.headers
    keys = [row["key"] for row in (*read(found.text), *read(rest.text))]
    assert sorted(keys) == ["'=CMD()", "c-2", "c-3"]


def test_a_file_is_refused_as_the_page_is(desk: Desk) -> None:
    assert desk.browser(None).get("/cases.csv").status_code == 401
    assert (
        desk.browser(ADMIN).get("/cases.csv").status_code == desk.browser(ADMIN).get("/cases").status_code
    )
    assert desk.browser(PEOPLE[Role.OWNER]).get("/cases.csv?colour=red").status_code == 422
    assert desk.machine(PEOPLE[Role.OWNER]).get("/portfolio.csv").status_code == 200
