"""Two orders become one: what words tell and what meaning tells are added up, and what is stale stands back."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.knowledge.ranking import DIRECTIONS, STALE_SHARE, closeness, joined

_scores = st.dictionaries(st.integers(0, 30), st.floats(0.001, 60), max_size=20)
_cosines = st.dictionaries(st.integers(0, 30), st.floats(-1, 1), max_size=20)


def test_words_and_closeness_are_added_and_each_order_says_its_place() -> None:
    first, second, third = joined({7: 9.0, 3: 8.0}, {3: 0.6, 9: 0.5}, stale=set(), top_k=9, candidates=9)
    assert (first.place, first.word_rank, first.meaning_rank) == (3, 2, 1)
    assert first.score == pytest.approx(8.0 - DIRECTIONS / 2 * math.log(1 - 0.36))
    assert (first.word_score, first.similarity) == (8.0, 0.6)
    assert (second.place, second.word_rank, second.word_score) == (9, 0, 0.0)
    assert (third.place, third.meaning_rank, third.score) == (7, 0, 9.0)
    assert math.isnan(third.similarity)


def test_closeness_is_the_surprise_of_directions_at_random() -> None:
    """The logarithm of the share of random directions as close, apart from a factor that changes little."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(200_000, DIRECTIONS))
    cosines = rows[:, 0] / np.linalg.norm(rows, axis=1)
    near, far = (-math.log((cosines >= c).mean()) for c in (0.4, 0.2))
    assert closeness(0.4) - closeness(0.2) == pytest.approx(near - far, abs=0.8)


def test_what_lies_aside_or_has_no_vector_is_no_surprise_and_the_same_text_a_finite_one() -> None:
    assert closeness(0.0) == closeness(-0.7) == closeness(math.nan) == 0.0
    assert closeness(1.0) == closeness(1.0000001) < 300


def test_of_equal_scores_the_first_place_comes_first() -> None:
    found = joined({5: 1.0, 2: 1.0}, {}, stale=set(), top_k=9, candidates=9)
    assert [one.place for one in found] == [2, 5]
    assert [one.word_rank for one in found] == [1, 2]
    names = joined({("b", 0): 1.0, ("a", 1): 1.0}, {}, stale=set(), top_k=9, candidates=1)
    assert [one.place for one in names] == [("a", 1)]


def test_what_is_stale_counts_half_and_is_found_where_nothing_else_fits() -> None:
    found = joined({1: 10.0, 2: 6.0, 3: 4.0}, {}, stale={1}, top_k=9, candidates=9)
    assert [one.place for one in found] == [2, 1, 3]
    assert found[1].score == 10.0 * STALE_SHARE
    assert found[1].stale
    assert [one.place for one in joined({1: 1.0}, {}, stale={1}, top_k=1, candidates=1)] == [1]


@given(_scores, _cosines, st.sets(st.integers(0, 30)), st.integers(0, 50), st.integers(1, 30))
def test_everything_found_is_ranked_once_by_falling_scores(
    words: dict[int, float], meaning: dict[int, float], stale: set[int], top_k: int, candidates: int
) -> None:
    ranked = joined(words, meaning, stale=stale, top_k=top_k, candidates=candidates)
    assert len({one.place for one in ranked}) == len(ranked) <= top_k
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert all(1 <= max(one.word_rank, one.meaning_rank) <= candidates for one in ranked)
    assert ranked == joined(
        dict(reversed(words.items())), dict(reversed(meaning.items())),
        stale=stale, top_k=top_k, candidates=candidates,
    ) or any(math.isnan(one.similarity) for one in ranked)  # fmt: skip


@given(_scores, _cosines)
def test_what_is_better_by_words_and_by_meaning_never_stands_below(
    words: dict[int, float], meaning: dict[int, float]
) -> None:
    ranked = joined(words, meaning, stale=set(), top_k=99, candidates=99)
    for above, below in itertools.pairwise(ranked):
        # Whoever has no vector is taken as lying aside.
        near, far = (max(one.similarity, 0.0) if one.meaning_rank else 0.0 for one in (above, below))
        assert not (below.word_score > above.word_score and far > near)


@given(_scores, _cosines, st.integers(0, 30), st.floats(0.001, 20))
def test_who_gains_by_words_loses_no_place(
    words: dict[int, float], meaning: dict[int, float], place: int, more: float
) -> None:
    def position(scores: dict[int, float]) -> int:
        ranked = joined(scores, meaning, stale=set(), top_k=99, candidates=99)
        return [one.place for one in ranked].index(place) if place in {*scores, *meaning} else 99

    assert position(words | {place: words.get(place, 0.0) + more}) <= position(words)


@given(_scores, _cosines, st.integers(31, 40))
def test_what_else_is_found_changes_no_score(
    words: dict[int, float], meaning: dict[int, float], other: int
) -> None:
    def scores(more: float) -> dict[int, float]:
        found = joined(words | {other: more}, meaning | {other: 0.9}, stale=set(), top_k=99, candidates=99)
        return {one.place: one.score for one in found if one.place != other}

    assert scores(0.1) == scores(70.0)
