"""How much content changed since a proof."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt
from roadworthy.trust.content import ContentSketch

DOCUMENTS = st.sets(st.integers(0, 200), max_size=200)


def _sketch(documents: set[int] | range) -> ContentSketch:
    return ContentSketch.of(f"article-{one}" for one in documents)


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=200, deadline=None)
def test_small_sets_are_compared_exactly(before: set[int], now: set[int]) -> None:
    larger = max(len(before), len(now))
    expected = 1 - len(before & now) / larger if larger else 0.0
    assert _sketch(now).changed_since(_sketch(before)) == pytest.approx(expected)


@pytest.mark.parametrize("changed", [0, 500, 2_000, 5_000])
def test_large_sets_are_compared_to_a_few_points(changed: int) -> None:
    before, now = _sketch(range(10_000)), _sketch(range(changed, 10_000 + changed))
    assert now.changed_since(before) == pytest.approx(changed / 10_000, abs=0.08)


def test_a_sketch_stays_small_whatever_the_content() -> None:
    assert len(json.dumps(_sketch(range(50_000)).as_json())) < 6_000


def test_nothing_then_and_nothing_now_is_no_change() -> None:
    assert _sketch(set()).changed_since(_sketch(set())) == 0


def test_everything_gone_is_all_of_it() -> None:
    assert _sketch(set()).changed_since(_sketch({1, 2})) == 1


@given(DOCUMENTS)
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read_again(documents: set[int]) -> None:
    sketch = _sketch(documents)
    assert ContentSketch.from_json(json.loads(json.dumps(sketch.as_json()))) == sketch


@pytest.mark.parametrize(
    "stored", [None, [], {}, {"size": 2, "least": ["a"]}, {"size": "2", "least": ["a", "b"]}]
)
def test_anything_else_is_said_to_be_broken(stored: object) -> None:
    with pytest.raises(Corrupt, match="cannot be read"):
        ContentSketch.from_json(stored)
