"""Questions that nothing answers are gathered, ranked by how often and how lately they were asked."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.knowledge.gaps import Question, gaps

TODAY = date(2026, 6, 1)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def world(*sizes: int, seed: int = 1, noise: float = 0.15) -> tuple[list[Question], np.ndarray, list[int]]:
    """Questions around some themes, all unanswered; and the theme of each."""
    random = np.random.default_rng(seed)
    themes = random.normal(size=(len(sizes), 64))
    themes /= np.linalg.norm(themes, axis=1, keepdims=True)
    truth = [theme for theme, size in enumerate(sizes) for _ in range(size)]
    random.shuffle(truth)
    rows = unit(themes[truth] + noise * random.normal(size=(len(truth), 64)) / 2)
    asked = [Question(f"c{n}", f"about theme{theme}", TODAY, 0.2, "a.md") for n, theme in enumerate(truth)]
    return asked, rows, truth


def test_themes_are_found_and_the_largest_comes_first() -> None:
    asked, rows, truth = world(40, 25, 10)
    found = gaps(asked, rows, below=0.5, today=TODAY)
    assert [gap.size for gap in found.gaps] == [40, 25, 10]
    for gap in found.gaps:
        assert len({truth[place] for place in gap.members}) == 1
        assert gap.medoid in gap.members
    assert found.gaps[0].share == 40 / 75


def test_the_medoid_has_the_largest_sum_of_cosines() -> None:
    asked, rows, _ = world(30)
    (gap,) = gaps(asked, rows, below=0.5, today=TODAY).gaps
    sums = (rows @ rows.T).sum(axis=1)
    assert sums[gap.medoid] == pytest.approx(sums.max(), abs=1e-4)


def test_what_is_answered_is_no_gap_but_counts_among_the_questions() -> None:
    asked, rows, _ = world(4)
    asked[0] = replace(asked[0], score=0.9)
    asked[1] = replace(asked[1], score=0.8)
    asked[2] = replace(asked[2], score=math.nan)
    found = gaps(asked, rows, below=0.5, today=TODAY)
    assert (found.asked, found.unanswered, [gap.size for gap in found.gaps]) == (4, 2, [2])


def test_recent_questions_are_more_urgent_than_old_ones_and_weeks_are_told() -> None:
    asked, rows, truth = world(10, 8)
    asked = [
        replace(question, day=TODAY - timedelta(days=56 if theme == 0 else 3))
        for question, theme in zip(asked, truth, strict=True)
    ]
    first, second = gaps(asked, rows, below=0.5, today=TODAY).gaps
    assert (first.size, second.size) == (8, 10)
    assert second.urgency == pytest.approx(2.5)
    assert first.weeks == (0, 0, 0, 0, 0, 0, 0, 8)
    assert first.trend == math.inf


def test_a_word_is_told_only_where_three_cases_use_it() -> None:
    asked, rows, _ = world(5)
    asked = [replace(one, text="Tell me of bitcoin") for one in asked[:3]] + [
        replace(one, text="Tell me of Rosamund") for one in asked[3:]
    ]
    (gap,) = gaps(asked, rows, below=0.5, today=TODAY).gaps
    assert "bitcoin" in gap.words
    assert "rosamund" not in gap.words
    same = [replace(one, case="c") for one in asked]
    assert gaps(same, rows, below=0.5, today=TODAY).gaps[0].words == ()


def test_rows_that_are_no_vectors_are_counted_apart() -> None:
    asked, rows, _ = world(3)
    rows[0], rows[1] = np.nan, 0
    found = gaps(asked, rows, below=0.5, today=TODAY)
    assert (found.unanswered, found.unread, len(found.gaps)) == (3, 2, 1)
    with pytest.raises(ValueError, match="one row"):
        gaps(asked, rows[:1], below=0.5, today=TODAY)
    assert gaps([], np.zeros((0, 4), np.float32), below=0.5, today=TODAY).gaps == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100), st.integers(1, 40), st.floats(0.3, 0.99))
def test_each_unanswered_question_stands_in_one_gap(seed: int, size: int, together: float) -> None:
    random = np.random.default_rng(seed)
    rows = unit(random.normal(size=(size, 5)))
    asked = [
        Question(f"c{n}", "x", TODAY, float(random.random()), count=int(random.integers(1, 5)))
        for n in range(size)
    ]
    found = gaps(asked, rows, below=0.5, today=TODAY, together=together)
    members = [place for gap in found.gaps for place in gap.members]
    assert sorted(members) == [n for n, one in enumerate(asked) if one.score < 0.5]
    assert sum(gap.size for gap in found.gaps) == found.unanswered
    again = gaps(asked, rows, below=0.5, today=TODAY, together=together)
    assert [(gap.members, gap.medoid) for gap in found.gaps] == [
        (gap.members, gap.medoid) for gap in again.gaps
    ]


def test_many_questions_take_seconds() -> None:
    asked, rows, _ = world(*[20] * 250)
    begun = time.process_time()
    assert len(gaps(asked, rows, below=0.5, today=TODAY).gaps) >= 200
    assert time.process_time() - begun < 6
