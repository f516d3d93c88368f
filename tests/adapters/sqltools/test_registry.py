"""Registries on SQLite: they say whether a value is known, for whom, and nothing else."""

from pathlib import Path

import pytest

from roadworthy.adapters.sqltools import build_registry
from roadworthy.charter import Registry
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.flow import KnownValues

URL = "sqlite:///{data}/desk.sqlite"


def registry(data: Path, sql: str, *, url: str = URL) -> KnownValues:
    return build_registry(
        Registry(source="desk", sql=sql), url, data=data, place="tools.x.endorse.to", timeout="5s"
    )


def test_a_value_is_known_where_the_question_answers_a_row(desk: Path) -> None:
    known = registry(desk.parent, "select 1 from customer where email = :value")

    assert known.names == frozenset()
    assert known.knows({"value": "ada@example.com"})
    assert not known.knows({"value": "eve@evil.com"})
    assert not known.knows({"value": "x' or '1'='1"})
    assert not known.knows({"value": 7})


def test_it_is_known_for_whom(desk: Path) -> None:
    known = registry(desk.parent, "select 1 from customer where email = :value and id = :customer")

    assert known.names == {"customer"}
    assert known.knows({"value": "ada@example.com", "customer": "c1"})
    assert not known.knows({"value": "ada@example.com", "customer": "c2"})


@pytest.mark.parametrize(
    "sql", ["select 1 from customer", "select 1 -- :value", "select 1 from customer where id = ':value'"]
)
def test_a_question_that_does_not_ask_about_the_value_is_no_registry(desk: Path, sql: str) -> None:
    with pytest.raises(InputProblem, match="does not ask about `:value`") as caught:
        registry(desk.parent, sql)

    assert caught.value.code == "RW-SQL-010"


def test_a_question_changes_nothing(desk: Path) -> None:
    with pytest.raises(InputProblem):
        registry(desk.parent, "delete from customer where id = :value")


def test_a_registry_that_is_away_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        registry(tmp_path, "select 1 where :value = 1").knows({"value": 1})


def test_another_kind_of_source_is_no_registry(tmp_path: Path) -> None:
    with pytest.raises(InputProblem) as caught:
        registry(tmp_path, "select 1 where :value = 1", url="suppliers.csv")

    assert caught.value.code == "RW-SQL-001"
