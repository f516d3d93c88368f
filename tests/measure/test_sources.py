from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.operate.office import CHARTER

from roadworthy.charter import Entity, read
from roadworthy.errors import InputProblem
from roadworthy.measure import sources

ENTITY = Entity(table="customer", key=["email"], also=[["name", "postcode"]], duplicates_max=0.01)


class Rows:
    """A source that answers every question with the same rows."""

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self._rows = rows

    def rows(self, sql: str, *, limit: int = 100_000) -> Sequence[Mapping[str, Any]]:
        return self._rows


def loaded(source: Rows, changes: str = "") -> Any:
    charter = read(CHARTER.replace("steward: olga}", f"steward: olga{changes}}}"), file="c")
    return SimpleNamespace(charter=charter, sources={"books": source})


def customer(name: str, email: str | None, postcode: str = "1") -> dict[str, Any]:
    return {"name": name, "email": email, "postcode": postcode}


def test_two_spellings_of_one_address_are_one_customer() -> None:
    rows = [customer("Ada", "ada@example.com"), customer("A. L.", " ADA@example.com ")]
    assert sources.count_duplicates(rows, ENTITY) == 1


def test_agreement_is_followed_from_record_to_record() -> None:
    rows = [
        customer("Ada", "a@example.com"),
        customer("Ada", "b@example.com"),
        customer("Other", "b@example.com", "2"),
        customer("Alone", "c@example.com", "3"),
    ]
    assert sources.count_duplicates(rows, ENTITY) == 2


def test_empty_values_agree_with_nothing() -> None:
    assert sources.count_duplicates([customer("", None), customer("", None)], ENTITY) == 0


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("12")), max_size=15),
    st.randoms(),
)
def test_the_order_of_records_does_not_matter(raw, random) -> None:
    rows = [customer(name, email, postcode) for name, email, postcode in raw]
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert sources.count_duplicates(rows, ENTITY) == sources.count_duplicates(shuffled, ENTITY)


def test_the_baseline_is_what_the_query_says() -> None:
    fact = sources.kpi_baseline(loaded(Rows({"n": 0.61})))
    assert (fact.value, fact.unit) == (0.61, "share")


@pytest.mark.parametrize(
    "rows", [[], [{"n": "many"}], [{"n": 1}, {"n": 2}], [{"n": None}], [{"a": 1, "b": 2}]]
)
def test_a_query_gives_one_row_with_one_number(rows) -> None:
    with pytest.raises(InputProblem, match="one number"):
        sources.kpi_baseline(loaded(Rows(*rows)))


@pytest.mark.parametrize(
    "newest", ["2026-05-03", "2026-05-03T00:00:00", "2026-05-03 00:00:00+00:00", datetime(2026, 5, 3)]
)
def test_age_is_counted_from_the_newest_entry(newest) -> None:
    promise = ", refreshed: {source: books, sql: select 1}, max_age: 2d"
    (fact,) = sources.freshness(loaded(Rows({"at": newest}), promise), now=datetime(2026, 5, 4, tzinfo=UTC))
    assert fact.value == 86_400
