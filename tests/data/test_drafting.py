"""A drafted contract suggests what generalises, and nothing that is chance."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from roadworthy.data import Column, ColumnProfile, ColumnType, Guess, Profile
from roadworthy.data.drafting import draft
from roadworthy.quantities import digest

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
ROWS = 1000


def column(name: str, type: ColumnType = ColumnType.TEXT, **facts: Any) -> ColumnProfile:
    return ColumnProfile(
        **{"column": Column(name, type, "X"), "rows": ROWS, "nulls": 0, "distinct": 500, **facts}
    )


def profile(*columns: ColumnProfile, rows: int = ROWS, sampled: int | None = None) -> Profile:
    return Profile("orders", rows, rows if sampled is None else sampled, columns, Guess("csv"), digest(b""))


def drafted(one: ColumnProfile, **more: Any) -> dict[str, Any]:
    document = draft(profile(one, **more), {}, NOW).document
    found: dict[str, Any] = document["schema"][0]["properties"][0]
    return found


def test_a_draft_is_a_contract_of_the_standard_with_an_owner() -> None:
    document = draft(profile(column("a")), {}, NOW, owner="ada").document
    assert (document["apiVersion"], document["kind"], document["id"], document["status"]) == (
        "v3.1.0",
        "DataContract",
        "orders",
        "draft",
    )
    assert document["team"] == {"members": [{"username": "ada", "role": "owner"}]}
    assert document["schema"][0]["quality"][0]["mustBeBetween"] == [500, 2000]
    assert document == draft(profile(column("a")), {}, NOW, owner="ada").document


def test_a_key_is_the_column_that_is_called_one() -> None:
    keys = [
        column("serial", ColumnType.INTEGER, distinct=ROWS),
        column("order_id", ColumnType.INTEGER, distinct=ROWS),
    ]
    found = draft(profile(*keys), {}, NOW).tables[0]
    assert found.key == ("order_id",)
    assert found.columns[0].unique


def test_a_measurement_that_happens_to_differ_is_no_key() -> None:
    assert "unique" not in drafted(column("weight", ColumnType.NUMBER, distinct=ROWS))
    assert "primaryKey" not in drafted(column("weight", ColumnType.NUMBER, distinct=ROWS))
    assert "unique" not in drafted(column("name", distinct=3, rows=3), rows=3)
    assert "unique" not in drafted(column("x", ColumnType.INTEGER, distinct=ROWS, distinct_exact=False))


def test_gaps_are_promised_with_room_and_full_columns_as_full() -> None:
    assert drafted(column("a"))["required"] is True
    gappy = drafted(column("a", nulls=100))
    assert "required" not in gappy
    assert gappy["quality"] == [{"metric": "nullValues", "mustBeLessOrEqualTo": 16, "unit": "percent"}]
    assert "quality" not in drafted(column("a", nulls=900))


def test_a_small_closed_set_is_listed_and_free_text_is_not() -> None:
    closed = column(
        "state", distinct=3, frequent=(("b", 600), ("a", 300), ("c", 100)), shortest=1, longest=1
    )
    rule = drafted(closed)["quality"][0]
    assert rule == {"metric": "invalidValues", "arguments": {"validValues": ["a", "b", "c"]}, "mustBe": 0}
    for open_set in (
        replace(closed, frequent=closed.frequent[:2]),
        replace(closed, distinct=30),
        replace(closed, frequent=(("b", 600), ("a", 399), ("c", 1))),
        replace(closed, frequent=(("b" * 50, 600), ("a", 300), ("c", 100))),
        replace(closed, distinct_exact=False),
        replace(closed, rows=20, frequent=(("b", 10), ("a", 6), ("c", 4))),
    ):
        assert "quality" not in drafted(open_set, rows=open_set.rows)


@pytest.mark.parametrize(
    ("masks", "lengths", "pattern"),
    [
        ((("9", ROWS),), (5, 5), "^[0-9]{5}$"),
        ((("A-9", ROWS),), (4, 9), r"^[A-Z]+\-[0-9]+$"),
        ((("9.9", 600), ("9", 400)), (1, 9), r"^([0-9]+|[0-9]+\.[0-9]+)$"),
        ((("Aa", ROWS),), (4, 9), None),
        ((("Aa Aa 9 A", ROWS),), (4, 9), None),
        ((("A9", 900),), (2, 9), None),
        ((("A9", 999), ("?9", 1)), (2, 9), None),
        (tuple((f"9{one}", 250) for one in "-/.:"), (2, 9), None),
        ((), (2, 9), None),
    ],
)
def test_a_pattern_is_drafted_where_every_value_has_the_shape(
    masks: tuple[tuple[str, int], ...], lengths: tuple[int, int], pattern: str | None
) -> None:
    found = drafted(column("a", masks=masks, shortest=lengths[0], longest=lengths[1]))
    assert found.get("logicalTypeOptions", {}).get("pattern") == pattern


@pytest.mark.parametrize(
    ("type", "low", "high", "expected"),
    [
        (ColumnType.INTEGER, "10", "97", {"minimum": 0, "maximum": 120}),
        (ColumnType.INTEGER, "-50", "50", {"minimum": -75, "maximum": 75}),
        (ColumnType.INTEGER, "1000", "1100", {"minimum": 970, "maximum": 1200}),
        (ColumnType.NUMBER, "0.1", "0.9", {"minimum": 0, "maximum": 1.1}),
        (ColumnType.NUMBER, "-3", "0", {"minimum": -3.8, "maximum": 0}),
        (ColumnType.INTEGER, "5", "5", {"minimum": 3, "maximum": 7}),
        (ColumnType.NUMBER, "nan", "1", None),
        (ColumnType.NUMBER, None, None, None),
    ],
)
def test_a_range_has_room_and_does_not_cross_zero(
    type: ColumnType, low: str, high: str, expected: dict[str, float] | None
) -> None:
    assert drafted(column("a", type, minimum=low, maximum=high)).get("logicalTypeOptions") == expected


def test_dates_have_a_first_year_and_no_end() -> None:
    found = drafted(column("day", ColumnType.DATE, minimum="2019-05-06", maximum="2025-01-01"))
    assert found["logicalTypeOptions"] == {"minimum": "2019-01-01"}


def test_freshness_is_drafted_where_a_moment_is_recent() -> None:
    fed = column(
        "updated_at", ColumnType.TIMESTAMP, minimum="2025-01-01 00:00:00", maximum="2026-01-10 09:00:00"
    )
    old = column("born", ColumnType.DATE, minimum="1950-01-01", maximum="2001-01-01")
    levels = draft(profile(old, fed), {}, NOW).document["slaProperties"]
    assert levels == [{"property": "freshness", "value": 1, "unit": "d", "element": "orders.updated_at"}]
    assert "slaProperties" not in draft(profile(old), {}, NOW).document
    future = replace(fed, maximum="2999-01-01 00:00:00")
    assert "slaProperties" not in draft(profile(future), {}, NOW).document


def test_personal_data_are_classified_and_never_listed() -> None:
    one = column("mail", distinct=2, frequent=(("a@b", 500), ("c@d", 500)))
    found = draft(profile(one), {"mail": ("email", "name")}, NOW)
    assert found.tables[0].columns[0].personal == ("email", "name")
    assert found.tables[0].columns[0].classification == "personal"
    assert "a@b" not in str(found.document)


def test_what_only_a_sample_shows_is_not_promised() -> None:
    one = column("id", ColumnType.INTEGER, distinct=100, rows=100, minimum="1", maximum="9")
    found = drafted(one, rows=ROWS, sampled=100)
    assert found == {"name": "id", "logicalType": "integer", "physicalType": "X"}


def test_an_empty_table_promises_nothing_but_its_form() -> None:
    document = draft(profile(column("a", rows=0, distinct=0), rows=0), {}, NOW).document
    assert document["schema"] == [
        {
            "name": "orders",
            "logicalType": "object",
            "properties": [{"name": "a", "logicalType": "string", "physicalType": "X"}],
        }
    ]


def test_the_moment_of_a_draft_names_its_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        draft(profile(), {}, datetime(2026, 1, 1))
