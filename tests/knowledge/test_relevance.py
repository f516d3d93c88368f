from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge.relevance import ndcg_at, precision_at, ranking, recall_at, reciprocal_rank

RELEVANCE = {"a": 3.0, "b": 2.0, "c": 1.0}


def test_several_passages_of_one_document_are_one_find() -> None:
    assert ranking(["a", "b", "a", "c"]) == ("a", "b", "c")


def test_recall_and_precision_count_what_stands_among_the_first() -> None:
    assert recall_at(["x", "a", "b"], RELEVANCE, 2) == pytest.approx(1 / 3)
    assert recall_at(["x", "a", "b"], RELEVANCE, 3) == pytest.approx(2 / 3)
    # A place without a document is a place.
    assert precision_at(["a"], RELEVANCE, 4) == 0.25


def test_the_reciprocal_rank_is_that_of_the_first_relevant_document() -> None:
    assert reciprocal_rank(["x", "y", "b", "a"], RELEVANCE, 10) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "y", "b"], RELEVANCE, 2) == 0


def test_ndcg_is_that_of_the_textbook() -> None:
    # Järvelin and Kekäläinen's gains with trec_eval's discount: gains 3 2 3 0 1 2, the ideal of all judged
    # documents 3 3 3 2 2 2 1 0; the figure that is told in textbooks for this example is 0.785.
    gains = {"d1": 3.0, "d2": 2.0, "d3": 3.0, "d4": 0.0, "d5": 1.0, "d6": 2.0, "d7": 3.0, "d8": 2.0}
    found = ndcg_at(["d1", "d2", "d3", "d4", "d5", "d6"], gains, 6)
    assert found == pytest.approx(0.785, abs=5e-4)
    log = [math.log2(place + 1) for place in range(1, 7)]
    gained = 3 / log[0] + 2 / log[1] + 3 / log[2] + 1 / log[4] + 2 / log[5]
    assert found == pytest.approx(gained / sum(g / d for g, d in zip((3, 3, 3, 2, 2, 2), log, strict=True)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=12).filter(any), st.integers(1, 12))
def test_ndcg_agrees_with_an_independent_implementation(gains: list[int], k: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    names = [f"d{place}" for place in range(len(gains))]
    scores = [[float(len(gains) - place) for place in range(len(gains))]]
    ours = ndcg_at(names, dict(zip(names, map(float, gains), strict=True)), k)
    assert ours == pytest.approx(metrics.ndcg_score([gains], scores, k=k))


@settings(max_examples=60, deadline=None)
@given(st.permutations(["a", "b", "c", "x", "y"]), st.integers(1, 6))
def test_no_order_is_better_than_the_best_and_deeper_never_finds_less(ranked: list[str], k: int) -> None:
    assert 0 <= ndcg_at(ranked, RELEVANCE, k) <= ndcg_at(["a", "b", "c"], RELEVANCE, k) == 1
    assert recall_at(ranked, RELEVANCE, k) <= recall_at(ranked, RELEVANCE, k + 1)
    assert reciprocal_rank(ranked, RELEVANCE, k) <= reciprocal_rank(ranked, RELEVANCE, k + 1)


def test_where_nothing_is_relevant_no_ranking_is_judged() -> None:
    for formula in (recall_at, precision_at, ndcg_at, reciprocal_rank):
        with pytest.raises(ValueError, match="no document is relevant"):
            formula(["a"], {"a": 0.0}, 3)
        with pytest.raises(ValueError, match="first place"):
            formula(["a"], {"a": 1.0}, 0)
