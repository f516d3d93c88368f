"""Reviewers who err: double reviews, planted cases, contradicting labels, and what can still be proven."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust import (
    Label,
    Planted,
    Resolution,
    clopper_pearson,
    corrected_error,
    double_review,
    errors_of_doubles,
    floor_under_alpha,
    planted_checks,
    resolve,
)

ANNA, BORIS, CHRIS = "anna", "boris", "chris"


def test_one_person_is_single_two_who_find_the_same_agree():
    assert resolve([Label(ANNA, True)]) == Resolution("single", True)
    assert resolve([Label(ANNA, False), Label(ANNA, False)]) == Resolution("single", False)
    assert resolve([Label(ANNA, False), Label(BORIS, False)]) == Resolution("agreed", False)


def test_labels_that_contradict_are_never_averaged():
    open_ = resolve([Label(ANNA, True), Label(BORIS, False)])
    assert (open_.state, open_.wrong, open_.assumed_wrong) == ("contradicted", None, True)
    # Two of three is no decision.
    assert resolve([Label(ANNA, False), Label(BORIS, False), Label(CHRIS, True)]).wrong is None
    # The same person, twice.
    assert resolve([Label(ANNA, True), Label(ANNA, False)]).state == "contradicted"


def test_who_saw_both_decides_and_the_contradiction_stays_visible():
    labels = [Label(ANNA, True), Label(BORIS, False), Label(CHRIS, False, decides=True)]
    assert resolve(labels) == Resolution("contradicted", False)
    assert not resolve(labels).assumed_wrong
    assert resolve([*labels, Label("dora", True, decides=True)]).wrong is True
    assert resolve([Label(ANNA, True), Label(CHRIS, False, decides=True)]) == Resolution(
        "contradicted", False
    )
    assert resolve([Label(CHRIS, False, decides=True)]) == Resolution("single", False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([ANNA, BORIS]), st.booleans()), min_size=1, max_size=5))
def test_the_order_of_labels_does_not_matter(found):
    labels = [Label(*one) for one in found]
    assert len({resolve(order) for order in itertools.permutations(labels)}) == 1


def test_a_case_without_a_label_is_refused():
    with pytest.raises(InputProblem) as caught:
        resolve([])
    assert caught.value.code == "RW-TRUST-037"


def test_the_bounds_from_disagreement_are_the_closed_form():
    found = double_review(18, 100)
    rate = clopper_pearson(18, 100)
    assert found.rate == rate
    assert found.error.low == pytest.approx(rate.low / 2)
    assert 2 * found.error.high * (1 - found.error.high) == pytest.approx(rate.high)
    assert double_review(0, 0).error == Interval(0, 0.5)
    assert double_review(100, 100).error.high == 0.5


@pytest.mark.parametrize(("one", "two"), [(0.05, 0.05), (0.02, 0.15), (0.2, 0.2)])
def test_the_bounds_from_disagreement_cover_the_mean_error_of_independent_reviewers(one, two):
    random, draws = np.random.default_rng(20261121), 500
    differ = (random.random((draws, 150)) < one) != (random.random((draws, 150)) < two)
    mean = (one + two) / 2
    covered = sum(mean in double_review(int(row.sum()), 150).error for row in differ)
    assert covered / draws >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / draws)


def test_where_somebody_decided_each_reviewers_error_is_known_and_where_nobody_did_it_is_open():
    agreed = [Label(ANNA, False), Label(BORIS, False)]
    boris_erred = [Label(ANNA, True), Label(BORIS, False), Label(CHRIS, True, decides=True)]
    undecided = [Label(ANNA, True), Label(BORIS, False)]
    alone = [Label(ANNA, True)]
    everyone, anna, boris = errors_of_doubles([agreed] * 16 + [boris_erred] * 3 + [undecided] + [alone] * 5)
    assert (everyone.reviewer, everyone.checks, everyone.wrong, everyone.unknown) == ("", 40, 3, 2)
    assert (anna.reviewer, anna.checks, anna.wrong, anna.unknown) == (ANNA, 20, 0, 1)
    assert (boris.reviewer, boris.checks, boris.wrong, boris.unknown) == (BORIS, 20, 3, 1)
    assert boris.interval == Interval(clopper_pearson(3, 20).low, clopper_pearson(4, 20).high)
    assert boris.within(Share(0.1)) is None
    assert boris.within(Share(0.9)) is True
    assert boris.within(Share(0.01)) is False


def test_without_double_reviews_nothing_is_known():
    (everyone,) = errors_of_doubles([[Label(ANNA, True)]])
    assert (everyone.checks, everyone.interval) == (0, Interval(0, 1))


def test_planted_cases_show_missed_and_invented_errors():
    checks = [Planted(ANNA, wrong=True, found_wrong=True)] * 18 + [
        Planted(BORIS, wrong=True, found_wrong=False)
    ] * 2
    checks += [Planted(ANNA, wrong=False, found_wrong=False)] * 30 + [
        Planted(ANNA, wrong=False, found_wrong=True)
    ]
    found = planted_checks(checks)
    assert found.sensitivity == clopper_pearson(18, 20)
    assert found.specificity == clopper_pearson(30, 31)
    everyone, anna, boris = found.errors
    assert (everyone.checks, everyone.wrong) == (51, 3)
    assert (anna.checks, anna.wrong, anna.interval) == (49, 1, clopper_pearson(1, 49))
    assert (boris.checks, boris.wrong) == (2, 2)
    assert planted_checks([]).sensitivity == Interval(0, 1)


def interval():
    return st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda ends: Interval(min(ends), max(ends)))


@settings(max_examples=300, deadline=None)
@given(interval(), interval(), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_true_error_lies_in_the_corrected_range_wherever_reviewers_lie_in_theirs(
    sensitivity, specificity, at_sensitivity, at_specificity, error
):
    true_sensitivity = sensitivity.low + at_sensitivity * (sensitivity.high - sensitivity.low)
    true_specificity = specificity.low + at_specificity * (specificity.high - specificity.low)
    seen = error * true_sensitivity + (1 - error) * (1 - true_specificity)
    if true_sensitivity + true_specificity <= 1:
        return
    observed = Interval(max(0.0, seen - 1e-9), min(1.0, seen + 1e-9))
    found = corrected_error(observed, sensitivity=sensitivity, specificity=specificity)
    assert found.low - 1e-6 <= error <= found.high + 1e-6


def test_reviewers_who_miss_errors_raise_the_bound_and_who_invent_them_lower_the_estimate():
    observed, exact = Interval(0.02, 0.06), Interval(1, 1)
    same = corrected_error(observed, sensitivity=exact, specificity=exact)
    assert (same.low, same.high) == (pytest.approx(0.02), pytest.approx(0.06))
    missing = corrected_error(observed, sensitivity=Interval(0.8, 0.95), specificity=exact)
    assert missing.high == pytest.approx(0.06 / 0.8)
    assert missing.low == pytest.approx(0.02 / 0.95)
    inventing = corrected_error(observed, sensitivity=exact, specificity=Interval(0.97, 0.99))
    assert inventing.low == 0.0
    assert inventing.high == pytest.approx((0.06 - 0.01) / 0.99)


def test_reviewers_who_find_fewer_errors_than_they_are_said_to_invent_do_not_prove_perfection():
    found = corrected_error(
        Interval(0, 0.01), sensitivity=Interval(0.8, 1), specificity=Interval(0.9, 0.95)
    )
    assert (found.low, found.high) == (0.0, pytest.approx(0.01 / 0.8))


def test_reviewers_nobody_tested_prove_nothing():
    unknown = Interval(0, 1)
    assert corrected_error(Interval(0, 0.01), sensitivity=unknown, specificity=unknown) == unknown
    assert floor_under_alpha(sensitivity=unknown, specificity=unknown) == 1.0


def test_reviewers_put_a_floor_under_alpha_that_planted_cases_lower():
    def floor(right, of):
        found = planted_checks(
            [Planted(ANNA, wrong=True, found_wrong=True)] * 50
            + [Planted(ANNA, wrong=False, found_wrong=False)] * right
            + [Planted(ANNA, wrong=False, found_wrong=True)] * (of - right)
        )
        return floor_under_alpha(sensitivity=found.sensitivity, specificity=found.specificity)

    assert floor(20, 20) == pytest.approx((1 - clopper_pearson(20, 20).low) / clopper_pearson(50, 50).low)
    assert floor(20, 20) > floor(200, 200) > floor(2000, 2000) > 0
    assert floor(190, 200) > floor(200, 200)
    assert floor_under_alpha(sensitivity=Interval(1, 1), specificity=Interval(0.98, 0.98)) == 0.0
