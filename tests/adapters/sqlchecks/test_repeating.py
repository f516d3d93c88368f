"""Repeated keys are counted exactly, however they are looked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.sqlchecks.contracts import column, table
from tests.adapters.sqlchecks.tables import T, Table, duck
from tests.adapters.sqlchecks.test_equals_python import NOW

from roadworthy.adapters.sqlchecks import SqlChecker, checker, repeating, sampling
from roadworthy.adapters.sqlchecks.asking import Unanswered, ask
from roadworthy.adapters.sqlchecks.repeating import bitmap, count_in_passes, ends
from roadworthy.data.check import CheckResult


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table is a large one."""
    monkeypatch.setattr(repeating, "PASS_ROWS", 3)
    monkeypatch.setattr(sampling, "PASS_ROWS", 3)
    monkeypatch.setattr(checker, "LARGE_ROWS", 2)


def naive(values: list[Any]) -> int:
    there = [one for one in values if one is not None]
    return len(there) - len(set(there))


def checked(dataset: Table, *names: str) -> list[CheckResult]:
    contract = table(*(column(name, unique=True) for name in names))
    return [one for one in SqlChecker().check(dataset, contract, now=NOW) if one.kind == "unique"]


@pytest.mark.usefixtures("small")
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(st.none(), st.integers(-9, 9), st.integers(-(2**63), 2**63 - 1)), max_size=20))
def test_a_bitmap_and_passes_count_the_same(values: list[int | None]) -> None:
    dataset = duck({"a": T.INTEGER}, [(one,) for one in values])
    assert count_in_passes(dataset, ('"a"',), len(values)) == naive(values)
    known = ask(dataset, [part.sql for part in ends('"a"')], source=dataset.relation)
    there = [one for one in values if one is not None]
    marked = bitmap('"a"', dataset.relation, known)
    assert bool(marked) == (bool(there) and max(there) - min(there) < 8 * len(there))
    if marked:
        assert ask(dataset, [marked], source="") == [naive(values)]
    assert checked(dataset, "a")[0].failing == naive(values)


@pytest.mark.usefixtures("small")
def test_a_large_table_is_looked_at_in_passes_and_its_rows_are_found() -> None:
    dataset = duck({"a": T.TEXT, "b": T.INTEGER}, [(f"k{n % 9}", n) for n in range(12)])
    found = checked(dataset, "a", "b")
    assert [one.failing for one in found] == [3, 0]
    assert len(found[0].sample) >= 2
    passes = [sql for sql in dataset.asked if "hash(" in sql and "join" not in sql]
    assert ["by hash" in sql for sql in passes] == [True] + [False] * 4
    assert any("bitstring_agg" in sql for sql in dataset.asked)


@pytest.mark.usefixtures("small")
def test_keys_whose_hashes_all_differ_are_read_once() -> None:
    dataset = duck({"a": T.TEXT}, [(f"k{n}",) for n in range(12)])
    assert count_in_passes(dataset, ('"a"',), 12) == 0
    assert len(dataset.asked) == 1


@pytest.mark.usefixtures("small")
def test_a_pass_that_fails_makes_no_figure() -> None:
    dataset = duck({"a": T.TEXT}, [(f"k{n % 11}",) for n in range(12)])
    dataset.broken = "% 4 = 2"
    assert isinstance(count_in_passes(dataset, ('"a"',), 12), Unanswered)


@pytest.mark.usefixtures("small")
def test_a_bitmap_that_fails_leads_to_passes() -> None:
    dataset = duck({"a": T.INTEGER}, [(n % 5,) for n in range(12)])
    dataset.broken = "bitstring"
    assert checked(dataset, "a")[0].failing == 7


def test_a_range_that_is_mostly_empty_is_not_marked() -> None:
    assert bitmap('"a"', "t", [0, 10**9, 10**6]) == ""
    assert bitmap('"a"', "t", [None, None, 0]) == ""
    assert bitmap('"a"', "t", [-(2**63), 2**63 - 1, 2**60]) == ""
    assert "bitstring_agg" in bitmap('"a"', "t", [0, 999_999, 10**6])
