"""Names and values of a contract are text, whatever they look like."""

from __future__ import annotations

import sqlite3

import duckdb
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.adapters.sqlchecks.contracts import column, rule, table
from tests.adapters.sqlchecks.tables import T, duck, lite
from tests.adapters.sqlchecks.test_equals_python import NOW

from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.adapters.sqlchecks.quoting import Inexpressible, identifier, moment, number, text
from roadworthy.data.check import Verdict

HOSTILE = [
    "'; drop table t; --",
    'a"b',
    "`",
    "\\'; drop table t; --",
    "a\\",
    "''",
    "/*",
    "%s",
    "$$",
    ":x",
    "?",
    "é\u202e漢",
    "{0}",
    "\n",
]
ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=10)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ANY | st.sampled_from(HOSTILE))
def test_a_text_comes_back_as_it_was(value: str) -> None:
    assert DUCK.execute(f"select {text(value, 'duckdb')}").fetchall() == [(value,)]
    assert LITE.execute(f"select {text(value, 'sqlite')}").fetchall() == [(value,)]


DUCK, LITE = duckdb.connect(), sqlite3.connect(":memory:")


@pytest.mark.postgres
def test_a_text_comes_back_from_postgres_under_either_setting(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for setting in ("on", "off"):
            connection.execute(f"set standard_conforming_strings = {setting}".encode())
            connection.execute(b"set escape_string_warning = off")
            for value in HOSTILE:
                found = connection.execute(f"select {text(value, 'postgres')}".encode()).fetchall()
                assert found == [(value,)]
    with pytest.raises(Inexpressible):
        text("a\0b", "postgres")


def test_mysql_is_given_digits_that_no_mode_reads_otherwise() -> None:
    assert text("\\'; drop", "mysql") == "convert(x'5c273b2064726f70' using utf8mb4)"
    assert identifier("a`b", "mysql") == "`a``b`"


@pytest.mark.parametrize("name", [*HOSTILE, "select", "a b", "Ünï"])
def test_a_column_of_any_name_is_checked(name: str) -> None:
    contract = table(
        column(name, required=True, unique=True, logicalTypeOptions={"pattern": "^x"},
               quality=[rule("invalidValues", arguments={"validValues": [name]}), rule("missingValues", arguments={"missingValues": [name]})])
    )  # fmt: skip
    for made in (duck, lite):
        dataset = made({name: T.TEXT}, [(name,), ("x",), (None,)])
        results = {one.kind: one for one in SqlChecker().check(dataset, contract, now=NOW)}
        assert results["required"].failing == 1
        assert results["invalidValues"].failing == 1
        assert results["missingValues"].failing == 2
        assert results["unique"].failing == 0
        assert results["pattern"].failing == (0 if name.startswith("x") else 1)
        assert dataset.rows(f"select count(*) as n from {dataset.relation}")[0]["n"] == 3


def test_a_nul_in_a_value_is_a_value_and_in_a_name_is_nobodys() -> None:
    contract = table(
        column("a", quality=[rule("invalidValues", arguments={"validValues": ["x\0y"]})]), column("b\0c")
    )
    results = {
        one.id: one
        for one in SqlChecker().check(duck({"a": T.TEXT}, [("x\0y",), ("x",)]), contract, now=NOW)
    }
    assert results["t.a.invalidValues"].failing == 1
    assert results["t.b\0c.column"].verdict is Verdict.FAIL


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True])
def test_what_is_no_number_is_no_literal(value: float) -> None:
    with pytest.raises(Inexpressible):
        number(value, "duckdb")


def test_a_number_beyond_64_bits_is_compared_as_a_float_where_the_dialect_would_do_so_silently() -> None:
    assert number(2**70, "sqlite") == repr(float(2**70))
    assert number(2**70, "postgres") == str(2**70)


@pytest.mark.parametrize(
    "value", ["'; drop table t; --", "yesterday", "2024-13-01", "", "2024-01-01' or '1'='1"]
)
def test_what_is_no_moment_is_no_literal(value: str) -> None:
    for kind in ("date", "timestamp", "time"):
        with pytest.raises(Inexpressible):
            moment(value, kind, "duckdb", zoned=False)


def test_half_of_a_character_is_refused() -> None:
    with pytest.raises(Inexpressible):
        text("\ud800", "duckdb")
