"""Similarity of meaning, with an embedding of letters that can be reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from roadworthy.evaluation import Grade, Grader, Test, Transcript
from roadworthy.measure.grading import SemanticSimilarity
from roadworthy.quantities import digest

NAME = digest(b"letters")


def letters(texts: Sequence[str]) -> NDArray[np.float32]:
    """How often a, b and c occur."""
    return np.array([[text.count(letter) for letter in "abc"] for text in texts], dtype=np.float32)


def similar(output: object, expected: object, embed: Any = letters, passes_at: float = 0.8) -> Grade:
    grader = Grader("close", "semantic", passes_at=passes_at)
    grading = SemanticSimilarity(embed, instrument=NAME)
    return grading.grade(grader, Test("t", {}, expected), Transcript(output=output))


def test_the_value_is_the_cosine_and_the_grader_says_what_passes() -> None:
    grade = similar("ab", "a")
    assert grade.value == pytest.approx(1 / 2**0.5)
    assert not grade.passed
    assert similar("ab", "a", passes_at=0.7).passed
    assert similar("aab", "baa").value == pytest.approx(1.0)


def test_the_nearest_of_several_accepted_answers_counts() -> None:
    assert similar("ab", {"any_of": ["c", "ba"]}).value == pytest.approx(1.0)


def test_the_end_of_a_long_text_counts() -> None:
    beginning = "a a a a. " * 200
    assert similar(beginning + "b. " * 2_000, "a").value == pytest.approx(0.37, abs=0.1)


def test_an_empty_answer_is_wrong_and_a_missing_expectation_is_ungraded() -> None:
    assert similar("  ", "a").value == 0.0
    assert similar("a", None).value is None
    assert similar("a", {"any_of": [7]}).value is None


@pytest.mark.parametrize(
    "rows",
    [
        np.array([[np.nan, 1.0]]),
        np.array([[np.inf, 1.0]]),
        np.zeros((1, 3)),
        np.ones((2, 3)),
        np.ones(3),
    ],
)
def test_an_embedding_without_usable_numbers_grades_nothing(rows: NDArray[np.float64]) -> None:
    grade = similar("a", "b", embed=lambda _: rows)
    assert (grade.value, grade.passed) == (None, None)


def test_an_embedding_that_breaks_is_ungraded_and_not_0() -> None:
    def broken(_: Sequence[str]) -> NDArray[np.float32]:
        raise RuntimeError("secret of a case")

    grade = similar("a", "b", embed=broken)
    assert grade.value is None
    assert "secret" not in grade.reason


@given(st.text("abc. \n", min_size=1, max_size=3_000), st.text("abc. ", min_size=1, max_size=200))
@settings(max_examples=60, deadline=None)
def test_a_similarity_lies_between_0_and_1(output: str, expected: str) -> None:
    value = similar(output, expected).value
    assert value is None or 0 <= value <= 1


def test_another_embedding_is_another_instrument() -> None:
    one = SemanticSimilarity(letters, instrument=NAME).digest
    assert one != SemanticSimilarity(letters, instrument=digest(b"other")).digest
