"""Every declared check gets exactly one verdict, and never a success that was not shown."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.sqlchecks.contracts import column, rule, table
from tests.adapters.sqlchecks.tables import Bench, T, Table, duck, lite

from roadworthy.adapters.duckdb import DuckWorkbench
from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.data.check import CheckResult, History, Verdict
from roadworthy.data.contract import ContractTable
from roadworthy.data.declared import checks_of
from roadworthy.errors import InputProblem

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
PASS, FAIL, NOT = Verdict.PASS, Verdict.FAIL, Verdict.NOT_EVALUATED


def checked(dataset: Table, contract: ContractTable, **more: Any) -> dict[str, CheckResult]:
    results = SqlChecker().check(dataset, contract, now=more.pop("now", NOW), **more)
    assert [one.id for one in results] == [one.id for one in checks_of(contract)]
    assert all(one.reason for one in results if one.verdict is NOT)
    json.dumps([one.as_json() for one in results])
    return {one.id.removeprefix("t."): one for one in results}


WIDE = table(
    column("a", "string", required=True, unique=True, logicalTypeOptions={"pattern": "^x", "minLength": 1}),
    column("b", "integer", required=True, logicalTypeOptions={"minimum": 0, "maximum": 9}),
    quality=[rule("rowCount", mustBeGreaterThan=0)],
)


def test_the_usual_checks_take_three_statements() -> None:
    dataset = duck({"a": T.TEXT, "b": T.INTEGER}, [("x", 1), ("xy", 2)])
    results = checked(dataset, WIDE)
    assert {one.verdict for one in results.values()} == {PASS}
    assert len(dataset.asked) == 3


def test_only_failed_checks_are_looked_at_again_and_show_masked_values() -> None:
    dataset = duck({"a": T.TEXT, "b": T.INTEGER}, [("xAda Lovelace 36", 1), ("Ada", 2), ("xz", 50)])
    results = checked(dataset, WIDE)
    assert results["a.pattern"].sample[0].as_json() == {"row": "1", "value": "Aa"}
    assert results["b.maximum"].sample[0].row == "2"
    assert len(dataset.asked) == 5
    shown = json.dumps([one.as_json() for one in results.values()])
    assert "Ada" not in shown


def test_a_row_is_named_by_its_key_and_a_personal_key_is_masked() -> None:
    contract = table(
        column("id", "string", primaryKey=True, classification="restricted"),
        column("n", "integer", required=True),
    )
    results = checked(duck({"id": T.TEXT, "n": T.INTEGER}, [("Ada-1", 1), ("Eve-2", None)]), contract)
    assert [one.row for one in results["n.required"].sample] == ["Aa-9"]
    open_key = table(column("id", "string", primaryKey=True), column("n", "integer", required=True))
    results = checked(duck({"id": T.TEXT, "n": T.INTEGER}, [("Ada-1", 1), ("Eve-2", None)]), open_key)
    assert [one.row for one in results["n.required"].sample] == ["Eve-2"]


def test_a_missing_column_fails_and_nothing_about_it_passes() -> None:
    results = checked(duck({"b": T.INTEGER}, [(1,)]), WIDE)
    of_a = {name: one.verdict for name, one in results.items() if name.startswith("a.")}
    assert of_a.pop("a.column") is FAIL
    assert set(of_a.values()) == {NOT}
    assert results["b.required"].verdict is PASS


def test_a_column_in_other_letters_is_the_same_unless_two_would_be() -> None:
    contract = table(column("Amount", "integer", required=True))
    assert checked(lite({"AMOUNT": T.INTEGER}, [(1,)]), contract)["Amount.required"].verdict is PASS
    other = duck({"x": T.INTEGER}, [(1,)])
    other.columns = tuple(type(other.columns[0])(name, T.INTEGER) for name in ("AMOUNT", "amount"))
    assert checked(other, contract)["Amount.column"].verdict is FAIL


def test_an_undeclared_column_is_told_and_may_be_welcome() -> None:
    closed = checked(duck({"a": T.INTEGER, "b": T.INTEGER}, []), table(column("a"), open=False))[
        "undeclared"
    ]
    assert (closed.verdict, closed.severity, closed.reason) == (FAIL, "warning", "nobody declared `b`")
    assert "undeclared" not in checked(duck({"a": T.INTEGER, "b": T.INTEGER}, []), table(column("a")))


def test_a_type_that_differs_fails_and_one_of_a_text_file_is_told_by_its_values() -> None:
    contract = table(column("a", "integer"), column("b", "string"), column("c", "date"))
    spec = {"a": T.TEXT, "b": T.INTEGER, "c": T.TEXT}
    rows = [("1", 1, "2024-01-01"), ("x", 2, "never"), (None, 3, None)]
    typed = checked(duck(spec, rows), contract)
    assert [typed[f"{name}.type"].verdict for name in "abc"] == [FAIL, FAIL, FAIL]
    assert typed["a.type"].reason == "found `VARCHAR`, expected integer"
    spelled = checked(duck(spec, rows, format="csv"), contract)
    assert [spelled[f"{name}.type"].failing for name in "ac"] == [1, 1]
    assert spelled["b.type"].verdict is PASS


def test_sqlite_is_asked_what_its_columns_really_hold() -> None:
    contract = table(column("a", "integer", logicalTypeOptions={"maximum": 5}), column("c", "date"))
    results = checked(
        lite({"a": T.INTEGER, "c": T.DATE}, [(1, "2024-01-01"), ("many", "soon"), (2.5, None)]), contract
    )
    assert results["a.type"].failing == 2
    assert results["a.maximum"].failing == 0
    assert results["c.type"].failing == 1


def test_one_bad_check_spoils_no_other() -> None:
    dataset = duck({"a": T.TEXT, "b": T.INTEGER}, [("x", 1), ("y", 99)], broken="length(")
    results = checked(dataset, WIDE)
    broken = results.pop("a.minLength")
    assert broken.verdict is NOT
    assert results["b.maximum"].failing == 1
    assert {name for name, one in results.items() if one.verdict is FAIL} == {"a.pattern", "b.maximum"}
    assert "Lovelace" not in broken.reason
    assert "RW-TEST-002" in broken.reason


def test_a_connection_that_is_lost_passes_nothing_and_is_not_asked_forever() -> None:
    many = table(*(column(f"c{n}", "integer", required=True) for n in range(40)))
    dataset = duck({f"c{n}": T.INTEGER for n in range(40)}, [[1] * 40], gone="select")
    results = checked(dataset, many)
    asked = [one for name, one in results.items() if name.endswith("required")]
    assert {one.verdict for one in asked} == {NOT}
    assert "the connection was lost" in asked[0].reason
    assert len(dataset.asked) < 10


def test_a_check_without_a_number_of_rows_is_not_evaluated() -> None:
    dataset = duck({"a": T.TEXT, "b": T.INTEGER}, [("x", 1)], gone='(select count(*) from "t")')
    assert {
        one.verdict
        for name, one in checked(dataset, WIDE).items()
        if name.split(".")[-1] in ("required", "rowCount")
    } == {NOT}


def test_an_empty_table_breaks_no_rule_of_rows_but_has_no_percentage() -> None:
    contract = table(
        column(
            "a", "integer", required=True, quality=[rule("nullValues", unit="percent", mustBeLessThan=5)]
        )
    )
    results = checked(duck({"a": T.INTEGER}, []), contract)
    assert (results["a.required"].verdict, results["a.required"].rows) == (PASS, 0)
    assert results["a.nullValues"].verdict is NOT


OPERATORS = [
    ({"mustBe": 2}, PASS), ({"mustBe": 3}, FAIL), ({"mustNotBe": 2}, FAIL), ({"mustNotBe": 3}, PASS),
    ({"mustBeGreaterThan": 2}, FAIL), ({"mustBeGreaterThan": 1.5}, PASS), ({"mustBeGreaterOrEqualTo": 2}, PASS),
    ({"mustBeLessThan": 2}, FAIL), ({"mustBeLessThan": 2.1}, PASS), ({"mustBeLessOrEqualTo": 2}, PASS),
    ({"mustBeBetween": [2, 3]}, PASS), ({"mustBeBetween": [0, 1]}, FAIL), ({"mustNotBeBetween": [2, 3]}, FAIL),
    ({"mustNotBeBetween": [0, 1]}, PASS), ({"mustBe": 50, "unit": "percent"}, PASS), ({"mustBeLessThan": 50, "unit": "percent"}, FAIL),
]  # fmt: skip


@pytest.mark.parametrize(("bound", "expected"), OPERATORS)
def test_every_operator_compares_rows_and_percent(bound: dict[str, Any], expected: Verdict) -> None:
    contract = table(column("a", "integer", quality=[{"metric": "nullValues", **bound}]))
    result = checked(duck({"a": T.INTEGER}, [(1,), (2,), (None,), (None,)]), contract)["a.nullValues"]
    assert (result.verdict, result.failing, result.rows) == (expected, 2, 4)


def test_severity_dimension_and_id_are_those_of_the_rule() -> None:
    contract = table(
        column(
            "a",
            quality=[
                rule("nullValues", id="r1", severity="info", dimension="accuracy"),
                rule("nullValues"),
                rule("nullValues"),
            ],
        )
    )
    results = checked(duck({"a": T.INTEGER}, [(None,)]), contract)
    assert (results["a.r1"].severity, results["a.r1"].dimension) == ("info", "accuracy")
    assert {"a.nullValues", "a.nullValues.2"} < set(results)


def test_what_a_program_cannot_check_says_so() -> None:
    contract = table(
        column("a", "string", logicalTypeOptions={"format": "zodiac"}, quality=[{"type": "text", "description": "be kind"}]),
        column("o", "object", properties=[column("inner", "string", required=True)]),
        quality=[{"type": "custom", "engine": "soda", "implementation": "x"}, rule("freshnessIndex"),
                 {"metric": "rowCount"}, rule("invalidValues", arguments={"pattern": "x", "median": 3})],
    )  # fmt: skip
    results = checked(duck({"a": T.TEXT, "o": T.TEXT}, [("x", "y")]), contract)
    for name in (
        "a.format",
        "a.text",
        "o+o.inner.required",
        "custom",
        "freshnessIndex",
        "rowCount",
        "invalidValues",
    ):
        name = name.replace("o+", "")
        assert results[name].verdict is NOT, name
    assert "soda" in results["custom"].reason


def test_a_tolerance_of_our_own_loosens_a_property() -> None:
    loose = [{"property": "roadworthy.atMost", "value": {"required": 50}}]
    rows = [(1,), (None,)]
    assert (
        checked(
            duck({"a": T.INTEGER}, rows),
            table(column("a", "integer", required=True, customProperties=loose)),
        )["a.required"].verdict
        is PASS
    )
    assert (
        checked(
            duck({"a": T.INTEGER}, rows),
            table(column("a", "integer", required=True), customProperties=loose),
        )["a.required"].verdict
        is PASS
    )
    assert (
        checked(duck({"a": T.INTEGER}, rows), table(column("a", "integer", required=True)))[
            "a.required"
        ].verdict
        is FAIL
    )


def fresh(newest: str, *, zone: str = "", made: Any = duck, **level: Any) -> CheckResult:
    options = {"logicalTypeOptions": {"defaultTimezone": zone}} if zone else {}
    contract = table(
        column("at", "timestamp", **options),
        levels=[{"property": "freshness", "value": 1, "unit": "d", "element": "t.at", **level}],
    )
    return checked(made({"at": T.TIMESTAMP}, [("2020-01-01 00:00:00",), (newest,), (None,)]), contract)[
        "at." + level.get("property", "freshness")
    ]


@pytest.mark.parametrize("made", [duck, lite])
def test_freshness_is_the_age_of_the_newest_value(made: Any) -> None:
    assert fresh("2026-01-09 13:00:00", made=made).verdict is PASS
    assert fresh("2026-01-09 11:00:00", made=made).verdict is FAIL
    assert fresh("2026-01-09 11:00:00", value="25h", made=made).verdict is PASS
    assert fresh("2026-01-09 11:00:00", property="retention", made=made).verdict is FAIL
    assert fresh("2026-01-09 11:00:00", property="retention", value=10, unit="y", made=made).verdict is PASS


def test_a_moment_without_a_zone_is_in_the_zone_that_the_contract_names() -> None:
    assert fresh("2026-01-09 08:00:00", zone="America/New_York").verdict is PASS
    assert fresh("2026-01-09 08:00:00", zone="Asia/Tokyo").verdict is FAIL
    assert fresh("2026-01-09 08:00:00", zone="Mars/Olympus").verdict is NOT


def test_a_newest_value_in_the_future_proves_no_freshness() -> None:
    result = fresh("2999-12-31 00:00:00")
    assert result.verdict is NOT
    assert "future" in result.reason


@pytest.mark.parametrize(
    "level", [{"unit": "parsecs"}, {"value": "soon"}, {"value": True}, {"property": "availability"}]
)
def test_a_service_level_that_rows_cannot_tell_is_not_evaluated(level: dict[str, Any]) -> None:
    assert fresh("2026-01-10 11:00:00", **level).verdict is NOT


def test_freshness_of_an_empty_table_is_not_evaluated() -> None:
    contract = table(
        column("at", "timestamp"),
        levels=[{"property": "freshness", "value": 1, "unit": "d", "element": "t.at"}],
    )
    assert checked(duck({"at": T.TIMESTAMP}, []), contract)["at.freshness"].verdict is NOT


def test_volume_is_compared_with_earlier_runs_and_few_of_them_prove_nothing() -> None:
    contract = table(
        column("a"), customProperties=[{"property": "roadworthy.volume", "value": {"runs": 10}}]
    )
    dataset = duck({"a": T.INTEGER}, [(1,)] * 100)
    few = checked(dataset, contract, history=History({"t.volume": [100.0] * 4}))["volume"]
    assert (few.verdict, few.value) == (NOT, 100)
    assert "4 earlier runs" in few.reason
    assert (
        checked(dataset, contract, history=History({"t.volume": [98, 103, 101, 99, 97, 100]}))[
            "volume"
        ].verdict
        is PASS
    )
    assert (
        checked(dataset, contract, history=History({"t.volume": [998, 1003, 1001, 999, 997, 1000]}))[
            "volume"
        ].verdict
        is FAIL
    )


def test_what_a_dialect_cannot_say_is_looked_at_in_the_workbench() -> None:
    contract = table(
        column("a", "string", primaryKey=True, logicalTypeOptions={"pattern": "^x"}), column("b", "integer")
    )
    dataset = lite({"a": T.TEXT, "b": T.INTEGER}, [("x", 1), ("y", 1)], broken="regexp")
    assert checked(dataset, contract)["a.pattern"].verdict is NOT
    bench = Bench()
    result = checked(dataset, contract, workbench=bench)["a.pattern"]
    assert (result.verdict, result.failing, result.sample[0].row) == (FAIL, 1, "y")
    assert [one.name for one in bench.landed[0].columns] == ["a"]
    assert all(one.closed for one in bench.landed)


def test_rows_that_fail_are_told_up_to_a_limit() -> None:
    contract = table(
        column("id", "integer", primaryKey=True),
        column("a", "integer", unique=True, logicalTypeOptions={"maximum": 5}),
    )
    dataset = duck({"id": T.INTEGER, "a": T.INTEGER}, [(n, n // 2) for n in range(20)])
    checks = {one.kind: one for one in checks_of(contract)}
    found = SqlChecker().failing_rows(
        dataset, checks["maximum"], contract, limit=3, mask=lambda value: value
    )
    assert [(one.row, one.value) for one in found] == [("12", "6"), ("13", "6"), ("14", "7")]
    twins = SqlChecker().failing_rows(
        dataset, checks["unique"], contract, limit=100, mask=lambda value: value
    )
    assert len(twins) == 20
    assert SqlChecker().failing_rows(dataset, checks["type"], contract) == ()
    lost = table(column("z", "integer", required=True))
    with pytest.raises(InputProblem, match="is missing"):
        SqlChecker().failing_rows(dataset, {one.kind: one for one in checks_of(lost)}["required"], lost)


def test_progress_goes_from_nothing_to_everything() -> None:
    parts: list[float] = []
    checked(
        duck({"a": T.TEXT, "b": T.INTEGER}, [("x", 1)]),
        WIDE,
        progress=lambda part, doing: parts.append(part or 0.0),
    )
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (0.0, 1.0)


def test_lists_are_counted_by_duckdb() -> None:
    dataset = duck({"a": T.TEXT}, [])
    dataset.connection.execute("create table l as select unnest([[1, 2], [1, 1], [], null]) as a")
    dataset.relation, dataset.columns = "l", (type(dataset.columns[0])("a", T.ARRAY, "INTEGER[]"),)
    results = checked(
        dataset,
        table(column("a", "array", logicalTypeOptions={"minItems": 1, "maxItems": 1, "uniqueItems": True})),
    )
    assert [results[f"a.{name}"].failing for name in ("minItems", "maxItems", "uniqueItems")] == [1, 2, 1]


def test_a_time_zone_is_asked_of_the_type() -> None:
    contract = table(column("at", "timestamp", logicalTypeOptions={"timezone": True}))
    dataset = duck({"at": T.TIMESTAMP}, [])
    assert checked(dataset, contract)["at.timezone"].verdict is FAIL
    dataset.columns = (type(dataset.columns[0])("at", T.TIMESTAMP, "TIMESTAMP WITH TIME ZONE"),)
    assert checked(dataset, contract)["at.timezone"].verdict is PASS


def test_the_age_is_told_in_seconds() -> None:
    result = fresh("2026-01-10 11:00:00")
    assert result.value == timedelta(hours=1).total_seconds()


def test_a_table_that_turns_out_to_be_none_makes_a_reason_for_every_check(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"this is no parquet")
    with closing(DuckWorkbench(tmp_path / "bench")) as bench:
        results = SqlChecker().check(bench.open(str(tmp_path / "t.parquet")), WIDE, now=NOW)
    assert [one.id for one in results] == [one.id for one in checks_of(WIDE)]
    assert {one.verdict for one in results} == {NOT}
    assert all("RW-DATA-1" in one.reason for one in results)
