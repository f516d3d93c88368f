"""Ranges and bounds, against published figures and scipy.stats."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import clopper_pearson, upper_bound, wilson

# Newcombe 1998, Statistics in Medicine 17, table I: methods 3 (score) and 5 (exact).
NEWCOMBE = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]
COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("successes", "trials", "score", "exact"), NEWCOMBE)
def test_the_ranges_are_the_published_ones(successes, trials, score, exact):
    found = wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx(score, abs=5e-5)
    found = clopper_pearson(successes, trials)
    assert (found.low, found.high) == pytest.approx(exact, abs=5e-5)


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_both_ranges_agree_with_scipy(counts, confidence):
    test = binomtest(*counts)
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
        theirs = test.proportion_ci(confidence, method=method)
        found = ours(*counts, confidence=Share(confidence))
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
        assert counts[0] / counts[1] in found


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_upper_bound_is_the_rate_at_which_so_few_errors_have_probability_delta(counts, delta):
    wrong, n = counts
    bound = upper_bound(wrong, n, delta=Share(delta))
    theirs = binomtest(wrong, n, alternative="less").proportion_ci(1 - delta, method="exact").high
    assert bound == pytest.approx(theirs, abs=1e-9)
    if wrong < n:
        assert binom.cdf(wrong, n, bound) == pytest.approx(delta, rel=1e-6)


def test_without_cases_nothing_is_excluded():
    for ours in (wilson, clopper_pearson):
        assert (ours(0, 0).low, ours(0, 0).high) == (0.0, 1.0)
    assert upper_bound(0, 0, delta=Share(0.05)) == 1.0


def test_when_everything_is_wrong_the_bound_is_one():
    assert upper_bound(7, 7, delta=Share(0.05)) == 1.0
    assert clopper_pearson(7, 7).high == wilson(7, 7).high == 1.0


def test_counts_that_cannot_be_are_refused():
    for successes, trials in ((3, 2), (-1, 5)):
        for ours in (wilson, clopper_pearson):
            with pytest.raises(InputProblem, match="is not a count of cases") as caught:
                ours(successes, trials)
            assert caught.value.code == "RW-TRUST-001"


def test_a_certainty_of_one_is_refused():
    with pytest.raises(InputProblem, match="`confidence` lies strictly between 0 and 1") as caught:
        wilson(1, 2, confidence=Share(1.0))
    assert caught.value.code == "RW-TRUST-002"
    with pytest.raises(InputProblem, match="`delta`"):
        upper_bound(1, 2, delta=Share(0.0))
