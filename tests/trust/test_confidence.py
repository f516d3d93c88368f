"""The range that may be looked at after every value: coverage over whole paths, fairness, storage."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust import ConfidenceSequence, clopper_pearson
from roadworthy.trust.confidence import _GRID

UNIT = st.floats(0, 1)
WEIGHT = st.floats(0.01, 1)


def ever_wrong(values, mean, *, weights=None, delta=0.05, step=10):
    """Whether the range ever leaves the mean out, looked at every few values."""
    sequence = ConfidenceSequence(Share(delta))
    weights = np.ones(len(values)) if weights is None else weights
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        sequence = sequence.extend(values[part], weights=weights[part])
        if mean not in sequence.interval:
            return True
    return False


@pytest.mark.parametrize("mean", [0.03, 0.5])
def test_the_range_holds_at_all_looks_together_in_all_but_delta_of_the_streams(mean):
    random, streams, delta = np.random.default_rng(20261121), 60, 0.2
    broken = sum(
        ever_wrong((random.random(300) < mean).astype(float), mean, delta=delta) for _ in range(streams)
    )
    assert broken / streams <= delta + 2 * math.sqrt(delta * (1 - delta) / streams)


def test_it_holds_for_grades_between_right_and_wrong():
    random, streams, delta = np.random.default_rng(7), 50, 0.2
    broken = sum(ever_wrong(random.beta(2, 6, 300), 0.25, delta=delta) for _ in range(streams))
    assert broken / streams <= delta + 2 * math.sqrt(delta * (1 - delta) / streams)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(UNIT, WEIGHT), max_size=12), st.integers(0, 198), WEIGHT, WEIGHT)
def test_the_next_bet_is_fair_for_the_true_mean(earlier, point, weight_of_wrong, weight_of_right):
    # Wrong and right values carry other weights; drawn so that the weighted error has mean 0 at m.
    m = float(_GRID[point])
    odds = weight_of_right * m, weight_of_wrong * (1 - m)
    chance = odds[0] / sum(odds)
    before = ConfidenceSequence()
    for value, weight in earlier:
        before = before.update(value, weight=weight)
    growth = {"above": 0.0, "below": 0.0}
    for value, weight, likely in ((1.0, weight_of_wrong, chance), (0.0, weight_of_right, 1 - chance)):
        after = before.update(value, weight=weight)
        for side in growth:
            growth[side] += likely * math.exp(getattr(after, side)[point] - getattr(before, side)[point])
    assert growth == pytest.approx({"above": 1.0, "below": 1.0}, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(UNIT, WEIGHT), max_size=30))
def test_what_is_ruled_out_lies_at_the_two_ends_only(seen):
    # Otherwise reading the range off a grid would not be right between its points.
    sequence = ConfidenceSequence()
    for value, weight in seen:
        sequence = sequence.update(value, weight=weight)
    slack = 2e-6 * (len(seen) + 1)
    assert (np.diff(sequence.above) <= slack).all()
    assert (np.diff(sequence.below) >= -slack).all()


def test_it_narrows_to_less_than_twice_the_range_for_one_look():
    random = np.random.default_rng(3)
    wrong = (random.random(2000) < 0.05).astype(float)
    found = ConfidenceSequence().extend(wrong)
    once = clopper_pearson(int(wrong.sum()), 2000)
    assert once.low > found.interval.low
    assert found.interval.high > once.high
    assert found.interval.high - found.interval.low < 2 * (once.high - once.low)
    assert once.high < found.upper <= found.interval.high
    assert found.mean == pytest.approx(wrong.mean())


def test_without_values_everything_is_possible():
    assert ConfidenceSequence().interval == Interval(0.0, 1.0)
    assert ConfidenceSequence().upper == 1.0
    assert ConfidenceSequence().mean is None


def test_a_mean_that_changes_never_leaves_an_empty_range():
    changed = ConfidenceSequence().extend([0.0] * 300 + [1.0] * 300)
    assert changed.interval.low <= changed.interval.high


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(UNIT, WEIGHT), min_size=1, max_size=20))
def test_a_state_survives_storage_and_the_order_of_calls_does_not_matter(seen):
    values, weights = [value for value, _ in seen], [weight for _, weight in seen]
    at_once = ConfidenceSequence().extend(values, weights=weights)
    one_by_one = ConfidenceSequence()
    for value, weight in seen:
        stored = json.loads(json.dumps(one_by_one.as_json()))
        one_by_one = ConfidenceSequence.from_json(stored).update(value, weight=weight)
    assert one_by_one == at_once


def test_the_state_stays_small():
    sequence = ConfidenceSequence().extend(np.random.default_rng(1).random(3000))
    assert len(json.dumps(sequence.as_json())) < 6000


def test_values_and_weights_that_cannot_be_are_told_all_at_once():
    with pytest.raises(InputProblem) as caught:
        ConfidenceSequence().extend([0.5, 2.0, math.nan], weights=[0.0, 1.0])
    assert caught.value.code == "RW-TRUST-033"
    assert [problem.place for problem in caught.value.problems] == ["", "values", "weights"]
    with pytest.raises(InputProblem, match="twice 199"):
        ConfidenceSequence(above=(0.0,))


@pytest.mark.parametrize(
    "change",
    [{"above": [0.0]}, {"n": "many"}, {"below": [None] * 199}, {"delta": 2.0}, {"weight": math.nan}],
)
def test_a_state_that_was_not_written_by_us_is_corrupt(change):
    stored = ConfidenceSequence().as_json() | change
    with pytest.raises(Corrupt) as caught:
        ConfidenceSequence.from_json(stored)
    assert caught.value.code == "RW-TRUST-032"
    with pytest.raises(Corrupt, match="`delta` is missing"):
        ConfidenceSequence.from_json({})
