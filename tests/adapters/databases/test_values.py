"""Values at the edges of their types, in three kinds of database: exact, told, or kept as text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.adapters.databases.conftest import Place

from roadworthy.data import ColumnType as T

UTC = dt.UTC


def rows_of(stream: Any) -> list[dict[str, Any]]:
    return list(pa.RecordBatchReader.from_stream(stream).read_all().to_pylist())


@pytest.mark.postgres
def test_numbers_of_postgres_are_exact_with_and_without_a_declared_scale(postgres: Place) -> None:
    postgres.do(
        "create domain cents as numeric(12, 2)",
        "create table t (d numeric(30, 10), n numeric, c cents, b bigint, w numeric)",
        """insert into t values (12345678901234567890.0123456789, 98765432109876543210.5, 1.10, 9007199254740993, 1),
           (null, 98765432109876543211.25, null, null, 1e60)""",
    )
    dataset = postgres.open("t")
    first, second = rows_of(dataset.stream())
    assert first["d"] == Decimal("12345678901234567890.0123456789")
    assert (first["n"], second["n"]) == (
        Decimal("98765432109876543210.5"),
        Decimal("98765432109876543211.25"),
    )
    assert (first["c"], first["b"]) == (Decimal("1.10"), 9007199254740993)
    # No type holds 61 digits: the column is approximate, and says so.
    assert second["w"] == 1e60
    assert [one.message for one in dataset.reading.findings if "`w`" in one.message]
    assert not [one.message for one in dataset.reading.findings if "`n`" in one.message]
    assert dataset.texts(["d", "c"]) == {
        "d": ["12345678901234567890.0123456789", None],
        "c": ["1.10", None],
    }


@pytest.mark.postgres
def test_what_is_no_number_in_a_numeric_column_is_told_and_kept(postgres: Place) -> None:
    postgres.do("create table t (d numeric)", "insert into t values ('NaN'), (1.5), ('Infinity')")
    dataset = postgres.open("t")
    assert [row["d"] for row in rows_of(dataset.stream())] == [None, Decimal("1.5"), None]
    assert [(one.code, one.rows) for one in dataset.reading.findings] == [("RW-DATA-130", 2)]
    assert dataset.texts() == {"d": ["NaN", "1.5", "Infinity"]}


@pytest.mark.postgres
def test_moments_with_and_without_a_zone(postgres: Place) -> None:
    postgres.do(
        "create table t (at timestamp(3), zoned timestamptz, t time, day date)",
        "insert into t values ('2024-02-29 12:34:56.789', '2024-02-29 12:34:56+02', '23:59:58', '2024-02-29')",
    )
    dataset = postgres.open("t")
    (row,) = rows_of(dataset.stream())
    assert row["at"] == dt.datetime(2024, 2, 29, 12, 34, 56, 789000)
    assert row["zoned"] == dt.datetime(2024, 2, 29, 10, 34, 56, tzinfo=UTC)
    assert (row["t"], row["day"]) == (dt.time(23, 59, 58), dt.date(2024, 2, 29))
    assert dataset.texts(["at", "zoned"]) == {
        "at": ["2024-02-29 12:34:56.789"],
        "zoned": ["2024-02-29 10:34:56+00"],
    }


@pytest.mark.postgres
@pytest.mark.parametrize("style", ["German", "SQL, DMY", "Postgres"])
def test_dates_are_spelled_in_one_way_whatever_the_server_prefers(postgres: Place, style: str) -> None:
    name = postgres.address.partition("?")[0].rpartition("/")[2]
    postgres.do(
        f"alter database \"{name}\" set datestyle = '{style}'", "create table t (day date)",
        "insert into t values (date '2024-02-29')",
    )  # fmt: skip
    dataset = postgres.open("t")
    assert dataset.texts() == {"day": ["2024-02-29"]}
    assert rows_of(dataset.stream()) == [{"day": dt.date(2024, 2, 29)}]


def test_the_types_of_mariadb(mysql: Place) -> None:
    mysql.do(
        """create table t (i int primary key, b bigint unsigned, s tinyint, f double, d decimal(30, 10), day date,
           at datetime(6), ts timestamp(3) null, t time, x blob, j json, e enum('a)b', 'c'), st set('p', 'q'),
           v varchar(5), bits bit(8), y year, u uuid, bin binary(2), un int unsigned zerofill)""",
        """insert into t values (1, 18446744073709551615, -1, 0.1, 12345678901234567890.0123456789, '2024-02-29',
           '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789', '-12:30:00', x'00ff', '{"k": [1]}', 'a)b', 'p,q',
           'ä', b'101', 2024, '00000000-0000-0000-0000-000000000001', x'00ff', 42)""",
    )
    dataset = mysql.open("t")
    found = {one.name: one.type for one in dataset.columns}
    for name, kind in {
        "i": T.INTEGER, "b": T.INTEGER, "s": T.INTEGER, "f": T.NUMBER, "d": T.NUMBER, "day": T.DATE, "at": T.TIMESTAMP,
        "ts": T.TIMESTAMP, "x": T.BINARY, "e": T.TEXT, "st": T.TEXT, "v": T.TEXT, "y": T.INTEGER, "u": T.TEXT,
        "bin": T.BINARY, "un": T.INTEGER,
    }.items():  # fmt: skip
        assert found[name] is kind, name
    (row,) = rows_of(dataset.stream())
    assert int(row["b"]) == 18446744073709551615
    assert row["d"] == Decimal("12345678901234567890.0123456789")
    assert (row["day"], row["x"], row["bin"]) == (dt.date(2024, 2, 29), b"\x00\xff", b"\x00\xff")
    assert (row["at"], row["un"]) == (dt.datetime(2024, 2, 29, 12, 34, 56, 789012), 42)
    assert row["t"].startswith("-12:30:00")
    assert (row["e"], row["st"], row["v"], row["y"]) == ("a)b", "p,q", "ä", 2024)
    assert row["u"] == "00000000-0000-0000-0000-000000000001"
    texts = {name: cells[0] for name, cells in dataset.texts().items()}
    assert (texts["d"], texts["x"], texts["bits"]) == ("12345678901234567890.0123456789", "00ff", "5")
    assert texts["at"] == "2024-02-29 12:34:56.789012"


def test_wide_numbers_of_mariadb_are_exact_as_long_as_a_type_can_hold_them(mysql: Place) -> None:
    mysql.do(
        "create table t (n int primary key, d decimal(65, 10), w decimal(65, 0))",
        "insert into t values (1, -12345678901234567890.0123456789, 1), (2, null, 1e60)",
    )
    dataset = mysql.open("t")
    first, second = rows_of(dataset.stream())
    assert (first["d"], second["d"], second["w"]) == (
        Decimal("-12345678901234567890.0123456789"),
        None,
        1e60,
    )
    assert [one.code for one in dataset.reading.findings] == ["RW-DATA-132"]


def test_the_types_of_sqlite(sqlite: Place) -> None:
    sqlite.do(
        "create table t (i integer, r real, d decimal(10, 2), ok boolean, day date, at datetime, x blob, v varchar(5), j json, bare)",
        """insert into t values (9007199254740993, 0.1, 1.5, 1, '2024-02-29', '2024-02-29 12:34:56', x'00ff', 'ä',
           '{"k": [1]}', 'anything')""",
    )
    dataset = sqlite.open("t")
    (row,) = rows_of(dataset.stream())
    assert (row["i"], row["r"], float(row["d"]), row["ok"]) == (9007199254740993, 0.1, 1.5, True)
    assert (row["day"], row["at"]) == (dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, 34, 56))
    assert (row["x"], row["v"], row["j"], row["bare"]) == (b"\x00\xff", "ä", '{"k": [1]}', "anything")
    assert dataset.texts(["i", "x"]) == {"i": ["9007199254740993"], "x": ["00ff"]}


def test_a_finding_counts_the_last_reading_not_all_of_them(sqlite: Place) -> None:
    sqlite.do("create table t (i integer, w integer)", "insert into t values ('abc', 'x'), (2, 'y')")
    dataset = sqlite.open("t")
    rows_of(dataset.stream())
    rows_of(dataset.stream())
    assert [one.rows for one in dataset.reading.findings] == [1, 2]
    rows_of(dataset.stream(["w"]))
    assert [one.rows for one in dataset.reading.findings] == [1, 2]
