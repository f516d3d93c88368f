"""What the values of each kind of database become, and that none is lost on the way."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from tests.adapters.databases.conftest import Place

from roadworthy.adapters.databases.kinds import quoted, shape
from roadworthy.data import ColumnType
from roadworthy.testing.conformance.datasets import batches


def kinds(dataset) -> dict[str, ColumnType]:
    return {column.name: column.type for column in dataset.columns}


@pytest.mark.postgres
def test_types_of_postgres_come_as_what_they_are(postgres: Place) -> None:
    postgres.do(
        "create type mood as enum ('fine', 'tired')",
        "create domain postcode as varchar(5)",
        """create table t (i int, b bigint, n numeric(12, 2), f double precision, x boolean, d date, ts timestamp,
           tz timestamptz, tm time, j jsonb, a int[], u uuid, by bytea, m mood, p postcode, free numeric, iv interval)""",
        """insert into t values (1, 9007199254740993, 1.50, 0.1, true, '2024-02-29', '2024-02-29 10:00:00.5',
           '2024-02-29 10:00:00+02', '23:59', '{"a": 1}', '{1,2}', '00000000-0000-0000-0000-00000000000a', '\\x00ff',
           'fine', '01067', 123.4560, '1 day')""",
        "insert into t (i) values (null)",
    )
    table = postgres.open("t")
    assert kinds(table) == {
        "i": ColumnType.INTEGER, "b": ColumnType.INTEGER, "n": ColumnType.NUMBER, "f": ColumnType.NUMBER,
        "x": ColumnType.BOOLEAN, "d": ColumnType.DATE, "ts": ColumnType.TIMESTAMP, "tz": ColumnType.TIMESTAMP,
        "tm": ColumnType.TIME, "j": ColumnType.OBJECT, "a": ColumnType.ARRAY, "u": ColumnType.TEXT,
        "by": ColumnType.BINARY, "m": ColumnType.TEXT, "p": ColumnType.TEXT, "free": ColumnType.NUMBER,
        "iv": ColumnType.UNKNOWN,
    }  # fmt: skip
    first, second = batches(table.stream())
    assert first["b"] == 9007199254740993
    assert first["n"] == Decimal("1.50")
    assert first["tz"] == datetime(2024, 2, 29, 8, tzinfo=UTC)
    assert first["tm"] == time(23, 59)
    assert (first["j"], first["a"], first["by"], first["m"]) == ('{"a": 1}', "{1,2}", b"\x00\xff", "fine")
    assert first["free"] == Decimal("123.4560")
    assert set(second.values()) == {None}
    texts = table.texts()
    assert (texts["n"], texts["free"], texts["by"]) == (["1.50", None], ["123.4560", None], ["00ff", None])
    assert [finding.code for finding in table.reading.findings] == ["RW-DATA-131"]


@pytest.mark.postgres
def test_dates_that_only_postgres_knows_are_counted_and_keep_their_text(postgres: Place) -> None:
    postgres.do(
        "create table t (d date, ts timestamptz)",
        "insert into t values ('infinity', '-infinity'), ('2024-01-01', now())",
    )
    table = postgres.open("t")
    assert [row["d"] for row in batches(table.stream())] == [None, date(2024, 1, 1)]
    assert [(one.code, one.rows) for one in table.reading.findings] == [
        ("RW-DATA-130", 1),
        ("RW-DATA-130", 1),
    ]
    assert table.texts(["d"])["d"] == ["infinity", "2024-01-01"]
    assert table.rows(f"select d from {table.relation}")[0] == {"d": "infinity"}


def test_invalid_dates_of_mysql_are_counted_and_keep_their_text(mysql: Place) -> None:
    mysql.do(
        "create table t (id int primary key, d date, dt datetime, b bigint unsigned, j json, bits bit(3), took time)",
        "insert into t values (1, '0000-00-00', '2020-00-10', 18446744073709551615, '[1]', b'101', '100:00:00')",
        "insert into t values (2, '2024-02-29', '2024-02-29 10:00:00', 1, null, null, null)",
    )
    table = mysql.open("t")
    first, second = batches(table.stream())
    assert (first["d"], first["dt"], second["d"]) == (None, None, date(2024, 2, 29))
    assert (first["b"], first["bits"], first["took"]) == (Decimal(18446744073709551615), "5", "100:00:00")
    assert sorted((one.code, one.rows) for one in table.reading.findings) == [
        ("RW-DATA-130", 1),
        ("RW-DATA-130", 1),
    ]
    assert table.texts(["d", "dt"]) == {
        "d": ["0000-00-00", "2024-02-29"],
        "dt": ["2020-00-10 00:00:00", "2024-02-29 10:00:00"],
    }


def test_sqlite_values_of_another_kind_than_their_column_are_counted_and_keep_their_text(
    sqlite: Place,
) -> None:
    sqlite.do(
        "create table t (i integer, d date, b boolean, x blob, any_kind)",
        "insert into t values (1, '2024-02-29', 1, x'00ff', 1.5), ('seven', 20240229, 5, 'text', x'01'), (2.5, 'soon', 0, null, 'a')",
    )
    table = sqlite.open("t")
    assert [row["i"] for row in batches(table.stream(["i"]))] == [1, None, None]
    rows = batches(table.stream(["d", "b", "x"]))
    assert [row["d"] for row in rows] == [date(2024, 2, 29), None, None]
    assert [row["b"] for row in rows] == [True, None, False]
    assert {one.message.split("`")[1]: one.rows for one in table.reading.findings if one.code == "RW-DATA-130"} == {
        "i": 2, "d": 2, "b": 1,
    }  # fmt: skip
    assert table.texts(["i", "d"]) == {"i": ["1", "seven", "2.5"], "d": ["2024-02-29", "20240229", "soon"]}


def test_texts_that_are_no_utf8_are_replaced_and_counted(sqlite: Place) -> None:
    sqlite.do("create table t (name text)", "insert into t values (cast(x'c3' as text)), ('fine')")
    table = sqlite.open("t")
    assert [row["name"] for row in batches(table.stream())] == ["\ufffd", "fine"]
    assert [(one.code, one.rows) for one in table.reading.findings] == [("RW-DATA-102", 1)]


@pytest.mark.parametrize("kind", ["sqlite", "mysql", "postgres"])
@pytest.mark.parametrize(
    "name", ['a"b', "a`b", "x'; drop table t; --", "select", "größe", "a.b", 'a"; --`']
)
def test_a_name_in_quotes_is_a_name_and_nothing_else(
    kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    place: Place = request.getfixturevalue(kind)
    spelled = quoted(name, kind)  # type: ignore[arg-type]
    doubled = spelled.replace("%", "%%")
    place.do(f"create table {doubled} ({quoted(name, kind)} int)", f"insert into {spelled} values (7)")  # type: ignore[arg-type]
    table = place.open(name)
    assert [column.name for column in table.columns] == [name]
    assert batches(table.stream()) == [{name: 7}]
    assert table.texts() == {name: ["7"]}


def test_a_name_with_a_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quoted("a\0b", "sqlite")


@pytest.mark.parametrize(
    ("native", "kind", "expected"),
    [
        ("character varying(10)", "postgres", ColumnType.TEXT),
        ("timestamp(3) without time zone", "postgres", ColumnType.TIMESTAMP),
        ("numeric(10,0)", "postgres", ColumnType.INTEGER),
        ("numeric(10,2)[]", "postgres", ColumnType.ARRAY),
        ("int(10) unsigned zerofill", "mysql", ColumnType.INTEGER),
        ("enum('a)','b')", "mysql", ColumnType.TEXT),
        ("DOUBLE PRECISION", "sqlite", ColumnType.NUMBER),
        ("UNSIGNED BIG INT", "sqlite", ColumnType.INTEGER),
        ("", "sqlite", ColumnType.UNKNOWN),
    ],
)
def test_native_types_are_understood(native: str, kind: str, expected: ColumnType) -> None:
    assert shape("x", native, kind, nullable=True).column.type is expected  # type: ignore[arg-type]
