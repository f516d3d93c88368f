"""What a document promises, read from it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.data.bound import Bound, Operator, bound_of
from roadworthy.data.contract import contract_of, reference

NUMBERS = st.one_of(st.integers(-5, 5), st.floats(-5, 5))


@given(NUMBERS, NUMBERS, NUMBERS)
def test_every_operator_has_its_opposite(figure: float, one: float, other: float) -> None:
    low, high = sorted([one, other])
    for this, that in (
        (Operator.IS, Operator.IS_NOT),
        (Operator.ABOVE, Operator.AT_MOST),
        (Operator.BELOW, Operator.AT_LEAST),
    ):
        assert Bound(this, low).holds(figure) != Bound(that, low).holds(figure)
    assert Bound(Operator.BETWEEN, low, high).holds(figure) == (low <= figure <= high)
    assert Bound(Operator.NOT_BETWEEN, low, high).holds(figure) != Bound(Operator.BETWEEN, low, high).holds(
        figure
    )


@pytest.mark.parametrize(
    "operator", [one for one in Operator if one not in (Operator.IS_NOT, Operator.NOT_BETWEEN)]
)
@pytest.mark.parametrize("figure", [None, "3", True, float("nan")])
def test_what_is_no_number_keeps_no_bound_of_numbers(operator: Operator, figure: Any) -> None:
    assert not Bound(operator, 3, 4).holds(figure)


def test_texts_are_equal_or_not_and_never_a_number() -> None:
    assert Bound(Operator.IS, "a").holds("a")
    assert not Bound(Operator.IS, "1").holds(1)
    assert not Bound(Operator.IS, True).holds(1)
    assert Bound(Operator.IS, 1).holds(1.0)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"mustBe": 0}, "exactly 0"),
        ({"mustBeLessThan": 5, "unit": "percent"}, "less than 5 %"),
        ({"mustBeBetween": [1, 2.5]}, "1 to 2.5"),
        ({"mustNotBeBetween": [1, 2]}, "outside 1 to 2"),
        ({"mustBeGreaterOrEqualTo": 10_000_000}, "at least 10000000"),
    ],
)
def test_a_bound_is_told_in_words(document: dict[str, Any], words: str) -> None:
    assert str(bound_of(document)) == words


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"mustBe": 1, "mustNotBe": 2},
        {"mustBeLessThan": "x"},
        {"mustBeBetween": [1]},
        {"mustBeBetween": ["a", "b"]},
        {"mustBeLessThan": True},
    ],
)
def test_a_bound_of_another_form_is_none(document: dict[str, Any]) -> None:
    assert bound_of(document) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("orders.id", ("orders", "id")),
        ("/schema/orders/properties/id", ("orders", "id")),
        ("other.yaml#/schema/orders/properties/id", ("orders", "id")),
        ("schema/orders/properties/id", ("orders", "id")),
        ("orders", ("", "")),
        ("orders.address.zip", ("", "")),
        ("/schema/orders", ("", "")),
        ("", ("", "")),
        (".id", ("", "")),
    ],
)
def test_a_reference_names_a_table_and_a_column(text: str, expected: tuple[str, str]) -> None:
    assert reference(text) == expected


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        "schema",
                        "properties",
                        "quality",
                        "team",
                        "members",
                        "relationships",
                        "to",
                        "from",
                        "enum",
                        "slaProperties",
                        "name",
                        "items",
                        "customProperties",
                        "property",
                        "arguments",
                        "element",
                    ]
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=20,
    ).filter(lambda one: isinstance(one, dict))
)
def test_a_document_of_any_form_is_read_without_a_fault(document: dict[str, Any]) -> None:
    assert contract_of(document).document is document


def test_several_elements_of_a_service_level_are_one_promise_each() -> None:
    found = contract_of({
        "schema": [{"name": "a"}, {"name": "b", "physicalName": "tbl_b"}],
        "slaProperties": [{"property": "freshness", "value": 1, "unit": "d", "element": "a.x, tbl_b.y"}, {"property": "latency", "element": "a"}],
    })  # fmt: skip
    assert [one.element for one in found.tables[0].promises] == [("a", "x"), ("a", "")]
    assert [one.element for one in found.tables[1].promises] == [("tbl_b", "y")]
