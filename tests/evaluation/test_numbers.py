"""The number in a text, however it is written."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.evaluation import Grader, Test, Transcript, grade
from roadworthy.evaluation.graders.numbers import numbers_in


def graded(output, expected, **options):
    return grade(Grader("g", "numeric", options), Test("t", {}, expected), Transcript(output=output))


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("49,90 €", [["49.90"]]),
        ("€49.90.", [["49.90"]]),
        ("EUR49.90", [["49.90"]]),
        ("1.234", [["1.234", "1234"]]),
        ("1,234", [["1.234", "1234"]]),
        ("1,234.56", [["1234.56"]]),
        ("1.234,56", [["1234.56"]]),
        ("12,345,678", [["12345678"]]),
        ("1'234.50", [["1234.50"]]),
        ("1\u00a0234,5", [["1234.5"]]),
        ("0,125", [["0.125"]]),
        ("1234.567", [["1234.567"]]),
        ("-5 to \u22127", [["-5"], ["-7"]]),
        ("3-5 days", [["3"], ["5"]]),
        ("1,2,3", [["1"], ["2"], ["3"]]),
        ("3.2E-4", [["0.00032"]]),
        ("5kg, 10%", [["5"], ["10"]]),
        ("ORD-123, A4, v1.2.3, 12.03.2024, 12:30, 4x4 and x_9", []),
        ("none", []),
    ],
)
def test_numbers_are_read_as_people_write_them(text, readings):
    assert [[str(one) for one in means] for _, means in numbers_in(text)] == [
        [str(Decimal(one)) for one in means] for means in readings
    ]


def test_a_number_is_near_enough_within_either_tolerance():
    assert graded(10.5, 10, absolute=0.5).value == 1
    assert graded("about 10.6", 10, absolute=0.5).value == 0
    assert graded(105, 100, relative=0.05).value == 1
    assert graded(0.1 + 0.2, 0.3, absolute=1e-9).value == 1
    assert graded("10,6", 10, absolute=0.5).reason == "expected 10, found 10,6, 0.6 away"


def test_what_can_mean_two_numbers_is_ungraded_where_that_decides():
    said = graded("1.234", 1234)
    assert said.value is None
    assert "can mean 1.234 or 1234" in said.reason
    assert graded("1.234", 1234, decimal="comma").value == 1
    assert graded("1.234", 1234, decimal="point").value == 0
    assert graded("1.234", 99).value == 0


def test_several_numbers_are_told_and_one_can_be_chosen():
    said = graded("2 items cost 49,90", 49.9)
    assert said.value is None
    assert "2, 49,90" in said.reason
    assert graded("2 items cost 49,90", 49.9, take="last").value == 1
    assert graded("2 items cost 49,90", 49.9, take="first").value == 0
    assert graded("42, that is 42", 42).value == 1


def test_no_number_is_wrong_and_another_shape_is_ungraded():
    assert graded("I do not know", 3).value == 0
    assert graded({"n": 3}, 3).value is None
    assert graded({"n": 3}, 3, field="n").value == 1
    assert graded(True, 1).value == 0
    assert graded("3", "three").value is None
    assert graded(float("nan"), 3).value == 0


@settings(max_examples=80, deadline=None)
@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["point", "comma"]))
def test_a_grouped_number_is_read_back(number, spelling):
    text = f"{number:,.2f}"
    if spelling == "comma":
        text = text.translate(str.maketrans(",.", ".,"))
    for decimal in ("auto", spelling):
        assert [means for _, means in numbers_in(f"total {text} EUR", decimal)] == [(number,)]


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="0123456789.,'’-+eE \u00a0:x€", max_size=60))
def test_any_text_is_read_without_a_fault(text):
    for _, means in numbers_in(text):
        assert means
    assert not graded(text, 5).reason.startswith("the grader failed")


def test_a_hostile_text_takes_no_time():
    assert len(numbers_in("1,1" * 300_000)) <= 1_000
