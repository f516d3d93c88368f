from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.measure.knowledge.shelf import TODAY, base, shop

from roadworthy.knowledge.answerable import Signs, answerable, signs, telling, threshold_at
from roadworthy.operate.knowledge.retrieving import find
from roadworthy.ports.knowledge import Hit


def hits(question: str, means: str = "both") -> tuple[Hit, ...]:
    shelf = base(shop())
    return find(shelf, question, reader=shelf.reader, today=TODAY, top_k=10, means=means)  # type: ignore[arg-type]


def test_a_question_that_a_document_answers_scores_above_one_that_nothing_does() -> None:
    answered = "How long does the warranty on machines last?"
    strange = "Which minister opened the tunnel under the mountain?"
    assert answerable(hits(answered), answered) > answerable(hits(strange), strange)


def test_nothing_found_speaks_for_nothing() -> None:
    assert answerable((), "anything at all") == 0


def test_without_vectors_the_words_decide() -> None:
    found = hits("warranty on tunnels", "words")
    assert math.isnan(signs(found, "warranty on tunnels").similarity)
    assert 0 < answerable(found, "warranty on tunnels") < answerable(found, "warranty on machines") == 1


def test_a_name_that_nothing_mentions_weighs_more_than_a_word_that_all_share() -> None:
    found = hits("parcels and goods and an invoice for Mixpanel")
    assert signs(found, "an invoice to Mixpanel").coverage < 0.5


def test_numbers_tell_and_small_words_do_not() -> None:
    assert telling("What is the price of the 2024 model?") == {"price", "2024", "model"}


@settings(max_examples=100, deadline=None)
@given(*(st.floats(0, 1) for _ in range(4)))
def test_the_score_lies_between_nothing_and_one_and_rises_with_each_sign(
    similarity: float, margin: float, coverage: float, agreement: float
) -> None:
    found = Signs(similarity, margin, coverage, agreement).score
    assert 0 <= found <= 1 + 1e-12
    assert found <= Signs(1.0, margin, coverage, agreement).score
    assert found <= Signs(similarity, margin, 1.0, agreement).score


def test_the_threshold_keeps_its_rate_of_false_alarms() -> None:
    rng = np.random.default_rng(5)
    rates = []
    for _ in range(400):
        scores = rng.normal(size=60)
        line = threshold_at(scores[:59].tolist(), 0.1)
        assert line is not None
        rates.append(scores[59] < line)
    # 6 of 60 places: the rate is a tenth, up to the noise of 400 draws (three standard errors).
    assert np.mean(rates) == pytest.approx(0.1, abs=0.045)


def test_too_few_questions_set_no_threshold() -> None:
    assert threshold_at([0.5] * 18, 0.05) is None
    assert threshold_at([0.5] * 19, 0.05) == 0.5
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_at([0.5], 0.0)
