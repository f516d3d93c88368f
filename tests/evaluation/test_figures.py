"""Figures of an evaluation: what counts, what does not, and how sure one may be."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import t as student
from tests.evaluation.material import EXACT, result, suite_of

from roadworthy.errors import InputProblem
from roadworthy.evaluation import (
    Evaluation,
    Grade,
    Grader,
    Result,
    Summary,
    Test,
    Transcript,
    paired_values,
    results_digest,
    summarise,
    worst_first,
)
from roadworthy.evaluation.estimating import estimate
from roadworthy.quantities import Cost, digest_of


def test_one_attempt_at_independent_tests_has_the_interval_of_wilson():
    suite = suite_of("a", "b", "c", "d")
    found = summarise(suite, [result(one, float(one != "d")) for one in "abcd"]).overall
    theirs = binomtest(3, 4).proportion_ci(method="wilson")
    assert found.passed.method == "wilson"
    assert (found.passed.interval.low, found.passed.interval.high) == pytest.approx(
        (theirs.low, theirs.high)
    )
    assert (found.tests, found.right, found.wrong) == (4, 3, 1)


def test_repeats_are_averaged_within_their_test_and_flips_are_told():
    suite = suite_of("a", "b", repeats=3)
    results = [result("a", float(n != 2), n) for n in (1, 2, 3)] + [result("b", 1.0, n) for n in (1, 2, 3)]
    found = summarise(suite, results).overall
    assert found.passed.value == pytest.approx((2 / 3 + 1) / 2)
    assert (found.tests, found.passed.tests, found.right, found.wrong) == (2, 2, 5, 1)
    assert (found.repeated, found.flipped, found.flip_rate) == (2, 1, 0.5)


def test_passing_every_time_is_not_called_certain():
    suite = suite_of(*(f"t{n}" for n in range(30)), repeats=3)
    found = summarise(suite, [result(f"t{n}", 1.0, k) for n in range(30) for k in range(3)]).overall
    assert found.passed.value == 1.0
    assert found.passed.interval.low == pytest.approx(binomtest(30, 30).proportion_ci(method="wilson").low)


def test_errors_ungraded_missing_and_erased_are_counted_as_what_they_are():
    suite = suite_of("a", "b", "c", "d", "e")
    results = [result("a", 1.0), result("b", "RW-X-001"), result("c", None), result("e", 0.0)]
    found = summarise(suite, results, erased={"e"})
    assert found.erased == 1
    figure = found.overall
    assert (figure.right, figure.wrong, figure.errors, figure.ungraded, figure.missing) == (1, 0, 1, 1, 1)
    assert (figure.tests, figure.passed.value) == (2, 0.5)


def test_overall_passes_what_every_grader_passes():
    near = Grader("near", "numeric")
    suite = suite_of("a", "b", "c", "d", "e", graders=(EXACT, near))

    def both(test, one, other):
        return Result(test, 1, Transcript(), (one, other) if other else (one,))

    def said(grader, value):
        return Grade.ungraded(grader, "") if value is None else Grade.of(grader, value, "")

    found = summarise(
        suite,
        [
            both("a", said(EXACT, 1), said(near, 1)),
            both("b", said(EXACT, 1), said(near, 0)),
            both("c", said(EXACT, 1), said(near, None)),
            both("d", said(EXACT, 0), said(near, None)),
            both("e", said(EXACT, 1), None),
        ],
    )
    assert (found.overall.right, found.overall.wrong, found.overall.ungraded) == (1, 2, 2)
    assert found.grader("exact").passed.value == pytest.approx(4 / 5)
    assert found.grader("near").tests == 2


def test_a_grader_that_a_test_does_not_name_has_no_part_in_it():
    near = Grader("near", "numeric")
    suite = suite_of(Test("a", {}, 1, graders=("exact",)), graders=(EXACT, near))
    found = summarise(suite, [result("a", 1.0)])
    assert found.overall.right == 1
    assert (found.grader("near").tests, found.grader("near").missing) == (0, 0)


def test_advisory_grades_decide_nothing_and_are_counted():
    judge = Grader("judge", "judge")
    suite = suite_of("a", "b", graders=(EXACT, judge))
    results = [
        Result("a", 1, Transcript(), (Grade.of(EXACT, 1, ""), Grade.of(judge, 0, "", advisory=True))),
        Result("b", 1, Transcript(), (Grade.of(EXACT, 0, ""), Grade.of(judge, 1, "", advisory=True))),
    ]
    found = summarise(suite, results)
    assert [one.came for one in results] == ["passed", "failed"]
    assert found.overall.passed.value == 0.5
    assert found.grader("judge").advisory == 2
    only = [Result("a", 1, Transcript(), (Grade.of(judge, 1, "", advisory=True),))]
    assert summarise(suite_of("a", graders=(judge,)), only).overall.ungraded == 1


def test_slices_have_figures_of_their_own_and_empty_ones_are_named():
    suite = suite_of(
        Test("a", {"q": 1}, 1, slices={"language": "de"}),
        Test("b", {"q": 2}, 1, slices={"language": "en"}),
        Test("c", {"q": 3}, 1, slices={"language": "fr"}),
    )
    found = summarise(suite, [result("a", 1.0), result("b", 0.0), result("c", 1.0)], erased={"c"})
    assert {one.name: one.overall.tests for one in found.slices} == {
        "language=de": 1,
        "language=en": 1,
        "language=fr": 0,
    }
    assert found.empty_slices == ("language=fr",)
    assert found.slices[2].overall.passed is None


def test_cost_and_time_are_of_what_was_answered():
    suite = suite_of(*"abcde")
    results = [
        result(one, 1.0, seconds=float(place), cost=Cost(place * 10**9))
        for place, one in enumerate("abcd", 1)
    ]
    found = summarise(suite, [*results, result("e", "RW-X-001")])
    assert (found.seconds.p50, found.seconds.p95) == (2.0, 4.0)
    assert found.answers_cost == (Cost(10 * 10**9),)
    assert found.cost_nano.p50 == 2e9
    mixed = summarise(suite, [result("a", 1.0, cost=Cost(1)), result("b", 1.0, cost=Cost(1, "USD"))])
    assert mixed.answers_cost == (Cost(1), Cost(1, "USD"))
    assert mixed.cost_nano is None


def test_results_of_another_suite_and_doubled_attempts_are_refused_together():
    with pytest.raises(InputProblem) as caught:
        summarise(suite_of("a"), [result("a", 1.0), result("a", 0.0), result("z", 1.0)])
    assert caught.value.code == "RW-EVAL-021"
    assert len(caught.value.problems) == 2


def test_clusters_have_the_standard_error_of_the_paper():
    rng = np.random.default_rng(5)
    values = [(f"c{n % 40}", float(v)) for n, v in enumerate(rng.uniform(0.2, 0.8, 200))]
    found = estimate(values)
    mean = np.mean([v for _, v in values])
    sums = [sum(v - mean for c, v in values if c == f"c{n}") for n in range(40)]
    error = np.sqrt(np.sum(np.square(sums)) * 40 / 39) / 200
    assert found.method == "t, clustered"
    assert found.interval.high - found.value == pytest.approx(student.ppf(0.975, 39) * error)


def test_one_cluster_says_nothing_and_no_test_says_less():
    assert estimate([("k", 1.0), ("k", 0.0)]).interval.low == 0.0
    assert estimate([("k", 1.0), ("k", 0.0)]).interval.high == 1.0
    assert estimate([]) is None


@pytest.mark.parametrize(
    ("clusters", "size", "repeats", "rate"), [(60, 1, 3, 0.9), (40, 5, 1, 0.85), (25, 4, 2, 0.95), (15, 6, 1, 0.7)]
)  # fmt: skip
def test_the_interval_covers_the_truth_about_as_often_as_it_says(clusters, size, repeats, rate):
    rng = np.random.default_rng(11)
    covered, draws = 0, 300
    for _ in range(draws):
        # Tests of a cluster share a difficulty, attempts share that of their test.
        shared = rng.beta(rate * 6, (1 - rate) * 6, clusters)
        own = rng.beta(shared[:, None] * 8 + 0.01, (1 - shared[:, None]) * 8 + 0.01, (clusters, size))
        passed = rng.binomial(repeats, own) / repeats
        values = [(f"c{row}", float(one)) for row, line in enumerate(passed) for one in line]
        low_bias = (rate * 8 + 0.01) / 8.02  # the mean of what is drawn
        covered += low_bias in estimate(values, counted=True).interval
    assert covered / draws >= 0.95 - 2.6 * np.sqrt(0.95 * 0.05 / draws)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from([0.0, 1 / 3, 1.0])), min_size=1, max_size=40
    )
)
def test_an_interval_holds_its_value_and_stays_between_0_and_1(values):
    for counted in (True, False):
        found = estimate(values, counted=counted)
        assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1


def test_the_worst_stand_first():
    results = [
        result("p", 1.0),
        result("u", None),
        result("e", "RW-X-001"),
        result("f", 0.0),
        result("g", 0.5),
    ]
    assert [one.test_id for one in worst_first(results)] == ["f", "g", "e", "u", "p"]


def record(summary):
    return Evaluation(
        "01ABC", "support", "x", digest_of(1), "r2", digest_of(2), digest_of(3), 1, 1, "ann",
        datetime(2026, 11, 21, 15, tzinfo=UTC), datetime(2026, 11, 21, 16, tzinfo=UTC), summary, digest_of(4),
        release="sha256:abc",
    )  # fmt: skip


def test_a_record_is_read_as_it_was_written_and_its_digest_holds():
    suite = suite_of(Test("a", {"q": 1}, 1, slices={"k": "v"}), Test("b", {"q": 2}, 1))
    summary = summarise(suite, [result("a", 1.0, seconds=2.0, cost=Cost(5)), result("b", None)])
    found = record(summary)
    again = Evaluation.from_json(json.loads(json.dumps(found.as_json())))
    assert again == found
    assert again.digest == found.digest
    assert Summary.from_json(summary.as_json()) == summary


def test_a_record_that_was_changed_is_refused_with_all_that_is_wrong():
    stored = json.loads(json.dumps(record(summarise(suite_of("a"), [])).as_json()))
    stored |= {"seed": "one", "started_at": "2026-11-21T15:00:00", "extra": 1, "results": "md5:1"}
    stored["summary"]["overall"]["tests"] = -1
    with pytest.raises(InputProblem) as caught:
        Evaluation.from_json(stored)
    assert caught.value.code == "RW-EVAL-020"
    assert len(caught.value.problems) == 5


def test_the_digest_of_results_does_not_depend_on_their_order():
    results = [result("a", 1.0, 1), result("a", 0.0, 2), result("b", None)]
    assert results_digest(results) == results_digest(results[::-1])
    assert results_digest(results) != results_digest(results[:2])


def test_only_tests_that_both_graded_are_paired_and_the_others_are_named():
    suite = suite_of(
        Test("a", {"q": 1}, 1, cluster="k"), "b", "c", "d", "e", Test("f", {"q": 6}, 1, cluster="k")
    )
    a = [result("a", 1.0, 1), result("a", 0.0, 2), result("b", None), result("c", 1.0), result("f", 0.5)]
    b = [result("a", 1.0), result("b", 1.0), result("d", 1.0), result("e", 1.0), result("f", "RW-X-001")]
    found = paired_values(suite, a, b, grader="exact", erased={"e"})
    assert found.a == (("a", "k", 0.5), ("f", "k", 0.5))
    assert found.b == (("a", "k", 1.0), ("f", "k", 0.0))
    assert {one.case: one.reason for one in found.apart} == {
        "b": "ungraded in the first",
        "c": "the second has no answer",
        "d": "the first has no answer",
        "e": "erased",
    }
    assert paired_values(suite, a, b).a == (("a", "k", 0.5), ("f", "k", 0.0))


UNEQUAL = [[1000] + [1] * 30, [100] + [1] * 30, [300] * 3 + [2] * 40, [100] + [5] * 20, "lognormal"]


@pytest.mark.parametrize(
    "sizes", UNEQUAL, ids=["1000+30", "100+30", "3x300+40x2", "half in one", "lognormal"]
)
@pytest.mark.parametrize("counted", [True, False])
def test_a_lower_end_is_seldom_above_the_truth_however_unequal_the_clusters(sizes, counted):
    rng = np.random.default_rng(17)
    above, draws = 0, 200
    for _ in range(draws):
        many = 1 + rng.lognormal(1, 1.5, 30).astype(int) if sizes == "lognormal" else sizes
        # Clusters pass or fail as one; graded values hardly vary within theirs.
        of = np.where(rng.random(len(many)) < 0.9, 1.0, 0.0 if counted else 0.05)
        values = [(f"c{at}", float(of[at])) for at, size in enumerate(many) for _ in range(size)]
        above += estimate(values, counted=counted).interval.low > (0.9 if counted else 0.905)
    assert above / draws <= 0.025 + 2 * np.sqrt(0.025 * 0.975 / draws)


@pytest.mark.parametrize("copies", [970, 2000, 6000])
def test_one_test_repeated_says_nothing_of_the_others(copies):
    easy = [("easy", 1.0)] * copies
    found = estimate(easy + [(f"hard {n}", 0.0) for n in range(30)], counted=True)
    assert (found.interval.low, found.interval.high, found.clusters) == (0.0, 1.0, 31)


def test_equal_clusters_are_worth_their_number():
    found = estimate([(f"c{n % 40}", float(n % 40 >= 4)) for n in range(400)])
    theirs = binomtest(36, 40).proportion_ci(method="wilson")
    # A little wider than forty tests that stand alone: t for z, 39 degrees of freedom.
    assert theirs.low - 0.02 < found.interval.low < theirs.low
    assert theirs.high < found.interval.high < theirs.high + 0.01
