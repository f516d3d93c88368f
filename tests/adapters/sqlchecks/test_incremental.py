"""What did not change is not read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.adapters.sqlchecks.contracts import column, rule, table
from tests.adapters.sqlchecks.tables import T, Table, duck
from tests.adapters.sqlchecks.test_equals_python import NOW

from roadworthy.adapters.sqlchecks import SqlChecker
from roadworthy.data import Partition
from roadworthy.data.check import CheckResult, Verdict
from roadworthy.data.contract import ContractTable

CONTRACT = table(
    column("a", "integer", required=True, unique=True, logicalTypeOptions={"minimum": 0}),
    column("b", "string", logicalTypeOptions={"pattern": "^x"}),
    column("at", "timestamp"),
    quality=[rule("rowCount", mustBe=6)],
    levels=[{"property": "freshness", "value": 90, "unit": "y", "element": "t.at"}],
)


class Cache(dict[str, Mapping[str, Any]]):
    """Figures in memory."""

    def put(self, key: str, figures: Mapping[str, Any]) -> None:
        self[key] = figures


def parts(rows: Mapping[str, list[tuple[Any, ...]]], marks: Mapping[str, str]) -> Table:
    """A table of several parts, each a table of its own."""
    spec = {"a": T.INTEGER, "b": T.TEXT, "at": T.TIMESTAMP}
    dataset = duck(spec, [], name="whole")
    for name, content in rows.items():
        dataset.connection.execute(f'create table {name} (a bigint, b varchar, "at" timestamp)')
        for row in content:
            dataset.connection.execute(f"insert into {name} values (?, ?, ?)", list(row))
    dataset.relations = {name: name for name in rows}
    dataset.partitions = tuple(Partition(name, marks.get(name, "")) for name in rows)
    dataset.relation = "(" + " union all ".join(f"select * from {name}" for name in rows) + ") as w"
    dataset.name = "t"
    return dataset


ROWS: dict[str, list[tuple[Any, ...]]] = {
    name: [(n * 10 + k, "x", "2025-01-01 00:00:00") for k in range(2)]
    for n, name in enumerate(("p0", "p1", "p2"))
}
MARKS = {"p0": "1", "p1": "1", "p2": "1"}


def run(dataset: Table, cache: Cache | None, contract: ContractTable = CONTRACT) -> dict[str, CheckResult]:
    return {one.id: one for one in SqlChecker().check(dataset, contract, now=NOW, cache=cache)}


def test_the_figures_of_parts_add_up_to_those_of_the_whole() -> None:
    whole, summed = run(parts(ROWS, MARKS), None), run(parts(ROWS, MARKS), Cache())
    assert {name: (one.verdict, one.value) for name, one in whole.items()} == {
        name: (one.verdict, one.value) for name, one in summed.items()
    }
    assert {one.verdict for one in whole.values()} == {Verdict.PASS}


def test_a_second_run_over_unchanged_parts_reads_nothing() -> None:
    cache = Cache()
    first = run(parts(ROWS, MARKS), cache)
    again = parts(ROWS, MARKS)
    assert run(again, cache) == first
    assert again.asked == []


def test_a_changed_part_is_read_alone_and_keys_are_asked_of_all() -> None:
    cache = Cache()
    run(parts(ROWS, MARKS), cache)
    changed = parts({**ROWS, "p1": [(10, "x", None), (20, "y", None)]}, {**MARKS, "p1": "2"})
    results = run(changed, cache)
    assert results["t.a.unique"].failing == 1
    assert results["t.b.pattern"].failing == 1
    counting = [sql for sql in changed.asked if " as p0" in sql and "limit" not in sql]
    assert len(counting) == 3
    assert [("p1" in sql, "p0 " in sql.partition("from")[2]) for sql in counting[:2]] == [(True, False)] * 2
    assert "bitstring_agg" in counting[2]


def test_a_new_part_is_read_alone_and_one_that_went_away_no_longer_counts() -> None:
    cache = Cache()
    run(parts(ROWS, MARKS), cache)
    fewer = parts({name: ROWS[name] for name in ("p0", "p2")}, MARKS)
    assert run(fewer, cache)["t.rowCount"].value == 4
    assert all("bitstring_agg" in sql for sql in fewer.asked)


def test_a_changed_rule_is_asked_alone() -> None:
    cache = Cache()
    run(parts(ROWS, MARKS), cache)
    other = table(
        *CONTRACT.document["properties"][:1], column("b", "string", logicalTypeOptions={"minLength": 1})
    )
    again = parts(ROWS, MARKS)
    run(again, cache, other)
    assert len(again.asked) == 3
    assert all("length" in sql and "is null" not in sql for sql in again.asked)


def test_parts_that_do_not_tell_whether_they_changed_are_read_every_time() -> None:
    cache = Cache()
    for _ in range(2):
        dataset = parts(ROWS, {**MARKS, "p2": ""})
        run(dataset, cache)
        assert len(dataset.asked) == 3
    assert not cache


def test_what_was_not_answered_is_not_remembered() -> None:
    cache = Cache()
    broken = parts(ROWS, MARKS)
    broken.broken = "from p1"
    assert run(broken, cache)["t.a.required"].verdict is Verdict.NOT_EVALUATED
    assert run(parts(ROWS, MARKS), cache)["t.a.required"].verdict is Verdict.PASS
