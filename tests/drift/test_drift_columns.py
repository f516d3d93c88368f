"""Columns: what kind each is, which are left out and why, and where a cell lies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.drift import Column, Unwatched, as_number, codes_of, column_of


def test_numbers_are_cut_at_quantiles_and_their_ends_hold_a_twentieth():
    column = column_of("n", [str(n * 7 % 1000) for n in range(1000)])
    assert isinstance(column, Column)
    assert column.kind == "number"
    shares = np.bincount(codes_of(column, [str(n) for n in range(1000)]), minlength=column.bins) / 1000
    assert shares[: column.low + 1].sum() == pytest.approx(0.05, abs=0.002)
    assert shares[column.high :].sum() == pytest.approx(0.05, abs=0.002)


def test_empty_strange_and_usual_cells_have_codes_of_their_own():
    column = column_of("n", [str(n % 7) for n in range(100)])
    assert [column.code(cell) for cell in ("", " NA ", "NaN", "null")] == [column.missing] * 4
    assert column.code("abc") == column.strange
    assert column.code("1_0") == column.strange
    assert column.code("-99") == 0
    category = column_of("c", ["red", "blue"] * 50)
    assert category.code("green") == category.strange
    assert category.called(category.code("green")) == "new"
    assert category.called(category.code(" red ")) == "red"


def test_rare_values_of_a_category_are_known_but_told_together():
    column = column_of("c", ["a"] * 500 + ["b"] * 400 + [f"x{n}" for n in range(50)])
    assert column.names == ("a", "b", "rare ones")
    assert column.called(column.code("x7")) == "rare ones"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["", "NA"] * 50, "empty"),
        ([str(n) for n in range(100)], "counts up"),
        ([f"2026-11-{n % 28 + 1:02d}T10:00:00" for n in range(100)], "a time"),
        ([f"text {n}" for n in range(100)], "free texts"),
    ],
)
def test_what_cannot_be_watched_says_why(cells, why):
    found = column_of("x", cells)
    assert isinstance(found, Unwatched)
    assert why in found.why


def test_a_column_that_was_asked_for_is_watched_all_the_same():
    assert isinstance(column_of("x", [str(n) for n in range(100)], asked=True), Column)
    assert isinstance(column_of("x", [f"text {n}" for n in range(100)], asked=True), Column)


def test_a_column_of_one_value_tells_lower_and_higher_ones():
    column = column_of("x", ["3"] * 100)
    assert isinstance(column, Column)
    assert len({column.code("2"), column.code("3"), column.code("4")}) == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9).map(str), min_size=1, max_size=60), st.text(max_size=20))
def test_every_cell_has_a_code_and_larger_numbers_never_a_smaller_one(cells, other):
    column = column_of("x", cells, asked=True)
    assert isinstance(column, Column)
    assert 0 <= column.code(other) <= column.missing
    placed = [column.code(cell) for cell in sorted(cells, key=float)]
    assert placed == sorted(placed)
    assert max(placed) < column.bins


def test_a_number_is_finite():
    assert [as_number(text) for text in ("1e3", "inf", "nan", "", "1_0")] == [
        1000.0,
        None,
        None,
        None,
        None,
    ]
