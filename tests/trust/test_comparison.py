"""Better, not worse, worse, or not to be told yet: the verdicts, their errors, what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import Scored, compare, compare_paired, pair


def scored(values, clusters=None, names=None):
    names = names or [f"c{place}" for place in range(len(values))]
    return Scored(names, values, clusters=clusters)


def pairs_of(gained, lost, same, **settings_):
    a = [1] * gained + [0] * lost + [1] * same
    b = [0] * gained + [1] * lost + [1] * same
    return compare(scored(a), scored(b), **settings_)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((20, 5, 175), "better"),
        ((5, 20, 175), "worse"),
        ((3, 3, 394), "not worse"),
        ((3, 3, 34), "cannot tell yet"),
        ((0, 0, 40), "cannot tell yet"),
        ((0, 0, 400), "not worse"),
    ],
)
def test_the_verdict_follows_from_the_range_and_the_margin(counts, verdict):
    found = pairs_of(*counts, margin=0.02)
    assert found.verdict == verdict
    assert (found.gained, found.lost, found.n) == (*counts[:2], sum(counts))
    assert found.difference == pytest.approx((counts[0] - counts[1]) / sum(counts))
    assert found.difference in found.interval
    assert (found.cases_needed == 0) == (verdict != "cannot tell yet")
    assert found.p_value == pytest.approx(
        stats.binomtest(counts[0], counts[0] + counts[1]).pvalue if counts[0] + counts[1] else 1.0
    )
    assert "Tango" in found.method


def test_where_less_is_better_the_verdict_turns_and_the_difference_stays():
    more = pairs_of(20, 5, 175, margin=0.02)
    less = pairs_of(20, 5, 175, margin=0.02, higher_is_better=False)
    assert less.verdict == "worse"
    assert less.difference == more.difference
    assert less.interval == more.interval
    assert less.lower == -more.interval.high
    assert (more.lower, more.upper) == (more.interval.low, more.interval.high)


def test_the_further_cases_settle_it_about_four_times_in_five():
    found = pairs_of(6, 6, 88, margin=0.05)
    assert found.verdict == "cannot tell yet"
    n = found.n + found.cases_needed
    random = np.random.default_rng(1)
    told = 0
    for gained, lost, same in random.multinomial(n, [0.06, 0.06, 0.88], size=200):
        told += pairs_of(gained, lost, same, margin=0.05).verdict != "cannot tell yet"
    assert 0.7 < told / 200 < 0.92


def test_where_the_difference_is_the_margin_no_number_of_cases_tells():
    assert pairs_of(5, 10, 85, margin=0.05).cases_needed is None


def test_values_between_right_and_wrong_are_compared_with_the_paired_t_test():
    random = np.random.default_rng(2)
    b = random.random(60)
    a = b + random.normal(0.02, 0.1, 60)
    found = compare(scored(a), scored(b), margin=0.01)
    theirs = stats.ttest_rel(a, b)
    interval = theirs.confidence_interval(0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert "t interval" in found.method


def test_cases_of_one_conversation_count_for_less_than_cases_that_stand_alone():
    random = np.random.default_rng(3)
    effect = np.repeat(random.normal(0.02, 0.1, 40), 5)
    b = random.random(200)
    a = b + effect
    names = [f"k{place // 5}" for place in range(200)]
    alone = compare(scored(a), scored(b), margin=0.01)
    together = compare(scored(a, names), scored(b, names), margin=0.01)
    assert together.clusters == 40
    assert together.difference == pytest.approx(alone.difference)
    assert together.interval.high - together.interval.low > 2 * (alone.interval.high - alone.interval.low)
    assert "CR2, 40 clusters" in together.method


def test_right_and_wrong_in_clusters_use_the_effective_number_of_cases():
    names = [f"k{place // 10}" for place in range(200)]
    a, b = np.ones(200), np.ones(200)
    b[:10], a[50:53] = 0, 0
    alone, together = (
        compare(scored(a), scored(b), margin=0.05),
        compare(scored(a, names), scored(b, names), margin=0.05),
    )
    assert together.interval.low < alone.interval.low
    assert together.interval.high > alone.interval.high
    assert "effective number of cases" in together.method


def test_nothing_that_differs_is_no_proof_of_anything():
    names = [f"k{place // 10}" for place in range(100)]
    same = np.ones(100)
    together = compare(scored(same, names), scored(same, names), margin=0.05)
    assert together.verdict == "cannot tell yet"
    assert together.interval.high > 0.25
    graded = np.linspace(0, 1, 40)
    found = compare(scored(graded), scored(graded), margin=0.01)
    assert found.verdict == "cannot tell yet"
    assert found.p_value is None
    assert "widened" in found.method
    constant = compare(scored(np.full(40, 3.5)), scored(np.full(40, 3.5)), margin=0.01)
    assert (constant.verdict, constant.interval, constant.cases_needed) == ("cannot tell yet", None, None)


def test_a_single_cluster_tells_nothing():
    names = ["k"] * 30
    random = np.random.default_rng(4)
    for a, b in ((np.ones(30), np.zeros(30)), (random.random(30), random.random(30))):
        found = compare(scored(a, names), scored(b, names), margin=0.1)
        assert (found.verdict, found.cases_needed, found.clusters) == ("cannot tell yet", None, 1)
    assert found.interval is None
    assert (found.lower, found.upper) == (-np.inf, np.inf)
    assert found.p_value is None


def clustered_sample(random, clusters, *, kind):
    size = 1 + random.geometric(0.2, size=clusters)
    cluster = np.repeat(np.arange(clusters), size)
    names = [f"k{number}" for number in cluster]
    if kind == "graded":
        d = random.normal(size=clusters)[cluster] * 0.5 + random.normal(size=len(cluster))
        return scored(d, names), scored(np.zeros(len(cluster)), names)
    of_cluster = random.choice([1, -1, 0], p=[0.05, 0.05, 0.9], size=clusters)[cluster]
    of_case = random.choice([1, -1, 0], p=[0.05, 0.05, 0.9], size=len(cluster))
    d = np.where(random.random(len(cluster)) < 0.6, of_cluster, of_case)
    return scored((d > 0).astype(float), names), scored((d < 0).astype(float), names)


@pytest.mark.parametrize("kind", ["graded", "right or wrong"])
@pytest.mark.parametrize("clusters", [6, 25])
def test_few_clusters_are_covered_too(kind, clusters):
    random = np.random.default_rng(5)
    rounds = 300
    covered = sum(
        0.0 in compare(*clustered_sample(random, clusters, kind=kind), margin=0.1).interval
        for _ in range(rounds)
    )
    assert covered / rounds >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / rounds)


def test_releases_that_are_alike_are_seldom_called_better_or_worse():
    random = np.random.default_rng(6)
    wrong = 0
    for _ in range(400):
        a, b = random.random((2, 80)) < 0.8
        wrong += compare(scored(a), scored(b), margin=0.0).verdict in ("better", "worse")
    assert wrong / 400 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


GRADES = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]), st.integers(0, 6)),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(GRADES, st.floats(0, 0.3))
def test_the_other_way_round_is_the_mirror(cases, margin):
    a, b, clusters = zip(*cases, strict=True)
    names = [f"k{number}" for number in clusters]
    one = compare(scored(a, names), scored(b, names), margin=margin)
    other = compare(scored(b, names), scored(a, names), margin=margin)
    assert other.difference == pytest.approx(-one.difference)
    if one.interval is not None:
        assert one.interval.low == pytest.approx(-other.interval.high, abs=1e-9)
    if one.verdict == "worse":
        assert other.verdict == "better"
    if one.cases_needed is not None:
        assert one.cases_needed >= 0


@settings(max_examples=40, deadline=None)
@given(GRADES, st.randoms(use_true_random=False))
def test_the_order_of_the_cases_changes_nothing(cases, random):
    names = [f"c{place}" for place in range(len(cases))]
    a, b, clusters = zip(*cases, strict=True)
    groups = [f"k{number}" for number in clusters]
    shuffled = list(range(len(cases)))
    random.shuffle(shuffled)
    again = [[row[place] for place in shuffled] for row in (names, b, groups)]
    one = compare(scored(a, groups), scored(b, groups), margin=0.1)
    other = compare(scored(a, groups), Scored(again[0], again[1], clusters=again[2]), margin=0.1)
    assert one == other


def test_what_cannot_be_a_side_is_refused_with_every_reason():
    with pytest.raises(InputProblem) as caught:
        Scored(["x", "x", ""], [1.0, float("nan")], clusters=["k"])
    assert caught.value.code == "RW-TRUST-010"
    assert [problem.message for problem in caught.value.problems] == [
        "3 cases, 2 values and 1 clusters, expected one of each per case",
        "1 cases come more than once: `x`",
        "1 cases or clusters have no name",
        "1 of 2 values are not finite numbers",
    ]


def test_sides_that_do_not_fit_are_refused_with_every_reason():
    a = Scored([f"a{place}" for place in range(8)] + ["both"], np.ones(9), clusters=["k"] * 9)
    b = Scored(["both", "b"], [0, 1], clusters=["other", "k"])
    with pytest.raises(InputProblem) as caught:
        pair(a, b)
    assert caught.value.code == "RW-TRUST-011"
    assert [problem.message for problem in caught.value.problems] == [
        "8 of 9 cases are in `a` only: `a0`, `a1`, `a2`, `a3`, `a4` and 3 more",
        "1 of 2 cases are in `b` only: `b`",
        "1 cases belong to other clusters in `b` than in `a`: `both`",
    ]
    with pytest.raises(InputProblem, match="no case is in both"):
        pair(scored([1], names=["x"]), scored([1], names=["y"]), common_only=True)


def test_the_common_cases_are_compared_only_where_asked_for():
    a, b = scored([1, 0, 1], names=["x", "y", "z"]), scored([0, 0, 1], names=["y", "x", "w"])
    found = pair(a, b, common_only=True)
    assert (found.cases, found.left_out) == (("x", "y"), 2)
    assert (found.a.tolist(), found.b.tolist()) == ([1, 0], [0, 0])
    assert compare(a, b, margin=0.5, common_only=True).left_out == 2


def test_a_margin_or_certainty_that_cannot_be_is_refused():
    for margin in (-0.1, float("nan"), float("inf")):
        with pytest.raises(InputProblem, match="a margin is a number from 0 up") as caught:
            compare(scored([1, 0]), scored([1, 1]), margin=margin)
        assert caught.value.code == "RW-TRUST-012"
    with pytest.raises(InputProblem, match="strictly between"):
        compare(scored([1]), scored([1]), margin=0.1, confidence=Share(1.0))
    with pytest.raises(InputProblem, match="nothing can be compared"):
        compare_paired(pair(scored([1]), scored([1])).only([]), margin=0.1)


def in_clusters(sizes, lost):
    """Every case of a cluster is lost, or none."""
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    names = [f"k{number}" for number in cluster]
    return scored(1.0 - lost[cluster], names), scored(np.ones(len(cluster)), names)


@pytest.mark.parametrize(
    ("sizes", "graded"),
    [
        ([300] * 3 + [2] * 40, False),
        ([300] * 3 + [2] * 40, True),
        ([200] + [1] * 30, False),
        ([200] + [1] * 60, True),
        ([100] + [5] * 20, False),
    ],
    ids=["three of 300", "three of 300, graded", "one of 200", "one of 200, graded", "half in one"],
)
def test_a_worse_release_is_seldom_called_not_worse_however_unequal_the_clusters(sizes, graded):
    random = np.random.default_rng(8)
    mistaken, rounds = 0, 100
    for _ in range(rounds):
        a, b = in_clusters(sizes, (random.random(len(sizes)) < 0.1).astype(float))
        if graded:
            a = Scored(
                a.cases, np.asarray(a.values) + random.normal(0, 0.02, len(a.values)), clusters=a.clusters
            )
        mistaken += compare(a, b, margin=0.05).verdict in ("better", "not worse")
    assert mistaken / rounds <= 0.025 + 2 * np.sqrt(0.025 * 0.975 / rounds)


def test_one_cluster_of_nearly_all_cases_tells_no_more_than_one():
    lost = np.zeros(31)
    lost[1:4] = 1
    found = compare(*in_clusters([1000] + [1] * 30, lost), margin=0.05)
    assert (found.verdict, found.interval.low, found.interval.high) == ("cannot tell yet", -1.0, 1.0)
    assert (found.p_value, found.cases_needed) == (None, None)
    assert "one cluster holds most of the cases" in found.method
