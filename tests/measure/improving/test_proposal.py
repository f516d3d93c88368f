"""The texts a release learned from: those given, else those its model keeps, with what is missing of them."""

from __future__ import annotations

import pytest

from roadworthy.casework.label import same_text
from roadworthy.casework.prediction import Prediction
from roadworthy.errors import InputProblem
from roadworthy.measure.improving.proposal import Originals, originals
from roadworthy.quantities import digest_of


class Keeps:
    """A model that kept some of the texts it learned from."""

    digest = digest_of("keeps")
    trained_on = 5
    examples = (("where is my card", "card"), ("a long story…", "other"))

    def predict(self, text: str) -> Prediction:
        return Prediction("intent", "card", 0.5, "other", 0.1, (), self.digest)


def test_a_model_that_keeps_its_texts_lends_them_and_says_what_is_missing() -> None:
    found = originals(Keeps(), [])
    assert found.rows == Keeps.examples
    assert found.notes == (
        "the model keeps 2 of the 5 texts it learned from",
        "1 of the texts it keeps may be cut short",
    )
    assert originals(Keeps(), [("other text", "card")]).rows == (("other text", "card"),)


def test_blank_texts_and_labels_are_all_told_with_their_lines() -> None:
    with pytest.raises(InputProblem) as caught:
        originals(None, [("a", "b"), (" ", "b"), ("a", "")])
    assert caught.value.code == "RW-IMPROVE-004"
    assert [problem.line for problem in caught.value.problems] == [3, 4]


def test_a_text_with_several_labels_belongs_to_none() -> None:
    learned = Originals((("x", "a"), ("X!", "b"), ("x", "a"), ("y", "b"))).learned
    assert learned == {same_text("x"): "", same_text("y"): "b"}
