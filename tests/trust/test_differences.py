"""Ranges for paired differences, against the likelihood, scipy and matrices written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from roadworthy.trust.differences import clustered, t_quantile, tango

Z = float(stats.norm.ppf(0.975))


def constrained(up, down, n, difference):
    """Score statistic with the likelihood maximised numerically under the stated difference."""

    def minus_likelihood(losing):
        gaining = losing + difference
        parts = ((up, gaining), (down, losing), (n - up - down, 1 - gaining - losing))
        return -sum(count * np.log(max(rate, 1e-12)) for count, rate in parts if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    losing = optimize.minimize_scalar(
        minus_likelihood, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
    ).x
    return (up - down - n * difference) / np.sqrt(n * (2 * losing + difference * (1 - difference)))


@pytest.mark.parametrize(("up", "down", "n"), [(12, 2, 50), (3, 0, 20), (1, 9, 40), (30, 25, 400)])
def test_the_score_range_ends_where_the_likelihood_says_so(up, down, n):
    found = tango(up, down, n, quantile=Z)
    for end, level in ((found.low, Z), (found.high, -Z)):
        assert constrained(up, down, n, end) == pytest.approx(level, abs=2e-3)


def test_pairs_that_never_differ_leave_a_range_of_known_width():
    for n in (1, 20, 2000):
        found = tango(0, 0, n, quantile=Z)
        assert (-found.low, found.high) == pytest.approx((Z**2 / (n + Z**2),) * 2)


def test_when_all_pairs_differ_the_same_way_the_range_ends_at_one():
    found = tango(10, 0, 10, quantile=Z)
    assert found.high == pytest.approx(1.0)
    assert 0.4 < found.low < 0.8


COUNTS = st.integers(1, 500).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda up: st.tuples(st.just(up), st.integers(0, n - up), st.just(n))
    )
)


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_the_score_range_holds_what_was_seen_and_turns_with_the_sign(counts):
    up, down, n = counts
    found = tango(up, down, n, quantile=Z)
    assert -1 <= found.low <= (up - down) / n + 1e-9
    assert (up - down) / n - 1e-9 <= found.high <= 1
    turned = tango(down, up, n, quantile=Z)
    assert (-turned.high, -turned.low) == pytest.approx((found.low, found.high), abs=1e-9)
    tighter = tango(10 * up, 10 * down, 10 * n, quantile=Z)
    assert tighter.high - tighter.low < found.high - found.low


@pytest.mark.parametrize(("n", "rate", "difference"), [(20, 0.1, 0.0), (60, 0.3, 0.1), (400, 0.05, 0.02)])
def test_the_score_range_covers_as_often_as_it_says(n, rate, difference):
    random = np.random.default_rng(3)
    up, down = (rate + difference) / 2, (rate - difference) / 2
    drawn, counts = np.unique(
        random.multinomial(n, [up, down, 1 - up - down], size=4000), axis=0, return_counts=True
    )
    covered = sum(
        count
        for (gained, lost, _), count in zip(drawn.tolist(), counts, strict=True)
        if difference in tango(gained, lost, n, quantile=Z)
    )
    assert covered / 4000 >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 4000)


def test_cases_that_stand_alone_give_the_usual_standard_error():
    values = np.random.default_rng(4).normal(size=37)
    found = clustered(values, np.arange(37))
    assert found.error == pytest.approx(stats.sem(values))
    assert found.freedom == pytest.approx(36)
    assert found.design == pytest.approx(1)
    reach = t_quantile(0.95, found.freedom) * found.error
    assert (values.mean() - reach, values.mean() + reach) == pytest.approx(
        stats.t.interval(0.95, 36, loc=values.mean(), scale=stats.sem(values))
    )


def test_clusters_of_equal_size_give_that_of_their_means():
    values = np.random.default_rng(5).normal(size=(9, 4))
    found = clustered(values.ravel(), np.repeat(np.arange(9), 4))
    assert found.error == pytest.approx(stats.sem(values.mean(axis=1)))
    assert found.freedom == pytest.approx(8)


def test_the_degrees_of_freedom_are_those_of_the_matrices_written_out():
    sizes = np.array([3, 5, 1, 9, 2])
    cluster, n = np.repeat(np.arange(5), sizes), sizes.sum()
    same = (cluster[:, None] == cluster[None, :]).astype(float)
    member = (np.arange(5)[:, None] == cluster[None, :]).astype(float)
    without_mean = np.eye(n) - 1 / n
    scale = np.diag(1 / np.sqrt(1 - sizes / n))
    by_hand = []
    for covariance in (np.eye(n), same):
        spread = scale @ member @ without_mean @ covariance @ without_mean @ member.T @ scale
        by_hand.append(np.trace(spread) ** 2 / np.trace(spread @ spread))
    found = clustered(np.random.default_rng(6).normal(size=n), cluster)
    assert found.freedom == pytest.approx(min(by_hand))


def test_cases_that_are_all_alike_within_their_cluster_count_as_one():
    values = np.repeat(np.random.default_rng(7).normal(size=50), 6)
    found = clustered(values, np.repeat(np.arange(50), 6))
    assert found.design == pytest.approx(6, rel=0.05)
    nothing = clustered(np.zeros(12), np.repeat(np.arange(4), 3))
    assert (nothing.error, nothing.design) == (0.0, 3.0)
