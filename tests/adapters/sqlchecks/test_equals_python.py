"""What the databases count is what plain Python counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.sqlchecks import naive
from tests.adapters.sqlchecks.contracts import column, rule, table
from tests.adapters.sqlchecks.tables import T, Table, duck, lite, post
from tests.postgres import Server

from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.data.check import Verdict
from roadworthy.data.contract import ContractTable
from roadworthy.data.declared import checks_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {"te xt": T.TEXT, 'in"t': T.INTEGER, "num": T.NUMBER, "day": T.DATE, "at": T.TIMESTAMP}
WORDS = st.text("abAB1 '\"\\;-%äß漢\n", max_size=4)
WHOLE = st.integers(-20, 20)
NUM = st.one_of(st.integers(-8, 8).map(lambda one: one / 4), st.floats(-1e6, 1e6))
DAY = st.dates(date(1999, 12, 28), date(2000, 1, 4))
AT = st.datetimes(datetime(2000, 1, 1), datetime(2000, 1, 1, 0, 0, 2)).map(
    lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values, values)


ROWS = st.lists(st.tuples(maybe(WORDS), maybe(WHOLE), maybe(NUM), maybe(DAY), maybe(AT)), max_size=12)
PATTERNS = st.sampled_from(
    ["^a", "b$", "^[a-bA-B1]*$", r"\d", r"^\w+$", r"[^\s]", "a|b", "(a|b)+1?", ".", "^.?$", "ä", r"\\", "^a{1,2}$",
     r"[\w-]+$", "'", r"[[:alpha:]]", r"^\S*$", "^(?:a|ß)?$", r"\A1", r"1\z", "%"]
)  # fmt: skip
MIXED = st.lists(st.one_of(st.none(), st.booleans(), WHOLE, NUM, WORDS), min_size=1, max_size=4)


@st.composite
def contracts(draw: st.DrawFn) -> ContractTable:
    low, high = sorted([draw(WHOLE), draw(WHOLE)])
    day, at = draw(DAY).isoformat(), draw(AT).isoformat()
    return table(
        column("te xt", required=True, unique=True,
               logicalTypeOptions={"pattern": draw(PATTERNS), "minLength": draw(st.integers(0, 3)), "maxLength": draw(st.integers(0, 4))},
               quality=[rule("invalidValues", arguments={"validValues": draw(MIXED)}),
                        rule("invalidValues", arguments={"pattern": draw(PATTERNS), "validValues": draw(MIXED)}),
                        rule("missingValues", arguments={"missingValues": draw(MIXED)}), rule("nullValues")]),
        column('in"t', "integer", unique=True, enum=[{"value": one} for one in draw(MIXED)],
               logicalTypeOptions={"minimum": low, "maximum": high, "multipleOf": draw(st.sampled_from([1, 2, 3, 0.5])), "pattern": draw(PATTERNS)},
               quality=[rule("missingValues", arguments={"missingValues": draw(MIXED)})]),
        column("num", "number", logicalTypeOptions={"exclusiveMinimum": draw(NUM), "exclusiveMaximum": draw(NUM), "multipleOf": 0.25},
               quality=[rule("invalidValues", arguments={"min": low, "max": high})]),
        column("day", "date", primaryKey=True, logicalTypeOptions={"minimum": day, "exclusiveMaximum": day},
               quality=[rule("invalidValues", arguments={"validValues": [day, "never"]})]),
        column("at", "timestamp", logicalTypeOptions={"exclusiveMinimum": at, "maximum": at}),
        quality=[rule("duplicateValues", arguments={"properties": ["te xt", 'in"t']})],
    )  # fmt: skip


COUNTED = {"te xt", 'in"t', "num", "day", "at", 'te xt, in"t'}
OFTEN = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def compare(
    made: Callable[[list[tuple[Any, ...]]], Table], rows: list[tuple[Any, ...]], contract: ContractTable
) -> None:
    dataset = made(rows)
    results = {one.id: one for one in SqlChecker().check(dataset, contract, now=NOW)}
    as_dicts = [dict(zip(KINDS, row, strict=True)) for row in rows]
    counted = 0
    for check in checks_of(contract):
        if check.flaw is None and check.kind not in ("unique", "primaryKey", "duplicateValues"):
            continue
        result = results[check.id]
        expected = naive.failing(check, as_dicts, KINDS)
        assert result.failing == expected, (check, result)
        assert (result.verdict is Verdict.PASS) == (expected == 0)
        assert result.rows == len(rows)
        assert bool(result.sample) == (expected > 0), (check, result)
        counted += 1
    assert counted >= 20


@OFTEN
@given(rows=ROWS, contract=contracts())
def test_duckdb_counts_what_python_counts(rows: list[tuple[Any, ...]], contract: ContractTable) -> None:
    compare(lambda given: duck(KINDS, given), rows, contract)


@OFTEN
@given(rows=ROWS, contract=contracts())
def test_sqlite_counts_what_python_counts(rows: list[tuple[Any, ...]], contract: ContractTable) -> None:
    def made(given: list[tuple[Any, ...]]) -> Table:
        spelled = [
            (*row[:3], row[3] and row[3].isoformat(), row[4] and row[4].isoformat(" ")) for row in given
        ]
        return lite(KINDS, spelled)

    compare(made, rows, contract)


@pytest.mark.postgres
def test_postgres_counts_what_python_counts(postgres_server: Server) -> None:
    address = postgres_server.create()
    opened: list[Table] = []

    def made(given: list[tuple[Any, ...]]) -> Table:
        while opened:
            old = opened.pop()
            old.connection.execute(b"drop table t")
            old.connection.close()
        opened.append(post(address, KINDS, given))
        return opened[0]

    @settings(OFTEN, max_examples=25)
    @given(rows=ROWS, contract=contracts())
    def property(rows: list[tuple[Any, ...]], contract: ContractTable) -> None:
        compare(made, rows, contract)

    try:
        property()
    finally:
        for one in opened:
            one.connection.close()
        postgres_server.drop(address)
