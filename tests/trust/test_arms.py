"""Two arms of unknown split: false verdicts under continuous looking, coverage, edges, order."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust.arms import (
    Stratum,
    Values,
    difference_range,
    log_evidence_above,
    log_evidence_below,
)

FIVE = Share(0.05)
ENOUGH = math.log(20)


def counts(seed, new, old, share, cases):
    """Cases and errors of both arms after each case."""
    random = np.random.default_rng(seed)
    of_new = random.random(cases) < share
    wrong = random.random(cases) < np.where(of_new, new, old)
    return np.stack(
        [np.cumsum(each) for each in (of_new, of_new & wrong, ~of_new, ~of_new & wrong)], axis=1
    )


def stratum(row):
    n, wrong, n_old, wrong_old = (int(each) for each in row)
    return Stratum(Values.counted(wrong, n), Values.counted(wrong_old, n_old))


def fires(path, margin, *, every):
    return any(log_evidence_above([stratum(row)], [margin])[0] >= ENOUGH for row in path[every::every])


@pytest.mark.parametrize("share", [0.5, 0.05])
def test_equal_arms_are_called_worse_in_at_most_alpha_of_the_streams(share):
    streams = 100
    false = sum(fires(counts(seed, 0.1, 0.1, share, 600), 0.0, every=12) for seed in range(streams))
    assert false / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_a_difference_at_the_margin_is_called_more_in_at_most_alpha_of_the_streams():
    streams = 120
    false = sum(fires(counts(seed, 0.15, 0.1, 0.3, 600), 0.05, every=10) for seed in range(streams))
    assert false / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_three_times_the_errors_are_found_within_150_labelled_cases_per_arm():
    found = []
    for seed in range(60):
        path = counts(seed, 0.15, 0.05, 0.5, 1500)
        hit = next(row for row in path[20::6] if log_evidence_above([stratum(row)], [0.0])[0] >= ENOUGH)
        found.append((hit[0], hit[2]))
    assert np.median([new for new, _ in found]) <= 150
    assert np.median([old for _, old in found]) <= 150


def test_the_range_holds_the_truth_at_all_looks_together_wherever_one_stops():
    streams, broken = 60, 0
    for seed in range(streams):
        for row in counts(seed, 0.12, 0.05, 0.2, 1200)[30::90]:
            found = difference_range([stratum(row)], alpha=FIVE)
            if not found.low <= 0.07 <= found.high:
                broken += 1
                break
    assert broken / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_hours_that_are_harder_for_both_arms_raise_no_false_alarm():
    random = np.random.default_rng(3)
    streams, false = 80, 0
    for _ in range(streams):
        of_new = random.random(800) < 0.3
        wrong = random.random(800) < np.where(np.arange(800) // 100 % 2, 0.3, 0.02)
        path = np.stack(
            [np.cumsum(each) for each in (of_new, of_new & wrong, ~of_new, ~of_new & wrong)], axis=1
        )
        false += fires(path, 0.0, every=20)
    assert false / streams <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / streams)


def test_a_split_that_changes_with_the_hour_needs_a_stratum_for_each():
    # Nights are harder and mostly the new release's: mixed together equal arms look different.
    night = Stratum(Values.counted(180, 600), Values.counted(60, 200))
    day = Stratum(Values.counted(10, 200), Values.counted(30, 600))
    mixed = Stratum(night.candidate.added(day.candidate), night.baseline.added(day.baseline))
    assert log_evidence_above([mixed], [0.0])[0] >= ENOUGH
    assert log_evidence_above([night, day], [0.0])[0] < 0


def test_streams_of_zeros_and_of_ones_prove_nothing_of_a_difference():
    for wrong in (0, 50):
        same = [Stratum(Values.counted(wrong, 50), Values.counted(wrong, 50))]
        assert log_evidence_above(same, [0.0])[0] < 0
        found = difference_range(same, alpha=FIVE)
        assert found.low < 0 < found.high
        assert found.low == pytest.approx(-found.high)


def test_all_wrong_against_all_right_is_seen_at_once():
    found = difference_range([Stratum(Values.counted(30, 30), Values.counted(0, 30))], alpha=FIVE)
    assert found.low > 0.7
    assert found.high == 1.0


def test_without_cases_on_an_arm_nothing_is_ruled_out():
    alone = [Stratum(Values.counted(5, 50), Values())]
    assert log_evidence_above(alone, [0.0]).tolist() == [0.0]
    assert (difference_range(alone, alpha=FIVE).low, difference_range(alone, alpha=FIVE).high) == (-1, 1)


def test_amounts_that_vary_little_are_told_apart_with_few_cases():
    random = np.random.default_rng(5)
    new, old = Values.of(random.uniform(0.20, 0.24, 60)), Values.of(random.uniform(0.10, 0.14, 60))
    # As zeros and ones of the same means they would be far from it.
    rounded = Stratum(Values.counted(13, 60), Values.counted(7, 60))
    assert log_evidence_above([Stratum(new, old)], [0.0])[0] > ENOUGH
    assert log_evidence_above([rounded], [0.0])[0] < 1


def test_a_value_that_is_no_share_is_refused():
    for bad in (math.nan, -0.1, 1.1, math.inf):
        with pytest.raises(InputProblem, match="between 0 and 1"):
            Values.of([0.5, bad])
    with pytest.raises(InputProblem, match="not a count"):
        Values.counted(3, 2)


VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES, st.floats(-0.5, 0.5), st.randoms(use_true_random=False))
def test_the_order_of_cases_makes_no_difference(new, old, margin, chance):
    one = Stratum(Values.of(new), Values.of(old))
    chance.shuffle(new)
    chance.shuffle(old)
    parts = Values()
    for value in new:
        parts = parts.added(Values.of([value]))
    other = Stratum(parts, Values.of(old))
    assert log_evidence_above([one], [margin]) == pytest.approx(
        log_evidence_above([other], [margin]), abs=1e-6
    )


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_evidence_falls_as_the_margin_grows_and_mirrors_itself(new, old):
    strata = [Stratum(Values.of(new), Values.of(old))]
    margins = np.linspace(-0.95, 0.95, 21)
    found = log_evidence_above(strata, margins)
    assert (np.diff(found) <= 1e-3).all()
    mirrored = [Stratum(Values.of(old), Values.of(new))]
    assert log_evidence_below(mirrored, -margins) == pytest.approx(found, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_zeros_and_ones_are_the_same_counted_or_one_by_one(n, m, data):
    wrong, wrong_old = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    counted = Stratum(Values.counted(wrong, n), Values.counted(wrong_old, m))
    listed = Stratum(
        Values.of([1] * wrong + [0] * (n - wrong)), Values.of([1] * wrong_old + [0] * (m - wrong_old))
    )
    assert log_evidence_above([listed], [0.02]) == pytest.approx(
        log_evidence_above([counted], [0.02]), abs=1e-6
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 0.9), st.floats(0.02, 0.9))
def test_the_next_bet_is_fair_where_the_arms_just_differ_by_the_margin(new, old):
    """At the true level the wealth is a martingale: its mean after two cases, over all outcomes, is 1 or less."""
    expected = 0.0
    for first in (0, 1):
        for second in (0, 1):
            chance = (new if first else 1 - new) * (old if second else 1 - old)
            one = Stratum(Values.counted(first, 1), Values.counted(second, 1))
            expected += chance * math.exp(log_evidence_above([one], [new - old])[0])
    assert expected <= 1 + 1e-6


def test_a_large_arm_that_lies_still_does_not_widen_the_range():
    found = difference_range(
        [Stratum(Values.counted(754, 14_947), Values.counted(14_200, 285_053))], alpha=FIVE
    )
    assert found.low > -0.01
    assert found.high < 0.0115
