"""Labels for a stricter promise or more automation: exact power, the planning table, honest refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import (
    Calibration,
    Threshold,
    certify,
    labels_for_automation,
    labels_for_promise,
    labels_needed,
)

FIVE = Share(0.05)
ALL = np.full(10, 0.9)


def calibration(wrong, n):
    """So many labelled cases at one and the same score."""
    return Calibration(np.full(n, 0.9), np.arange(n) < wrong)


def promise(wrong, n, alpha, **more):
    settings_ = {"threshold": 0.9, "traffic_scores": ALL, "delta": FIVE, **more}
    return labels_for_promise(calibration(wrong, n), alpha=Share(alpha), **settings_)


def population(size, seed=7):
    random = np.random.default_rng(seed)
    scores = random.beta(3, 0.6, size)
    return scores, random.random(size) < (1 - scores) ** 1.3


@pytest.mark.parametrize(("alpha", "tabled"), [(0.01, 1315), (0.02, 590), (0.05, 234), (0.10, 116)])
def test_without_labels_it_asks_for_those_of_the_planning_table(alpha, tabled):
    # Without labels the plan is for 0.4 alpha; the table was scanned coarsely and may be a little above.
    found = promise(0, 0, alpha)
    assert 0.89 * tabled <= found.labels <= tabled
    assert found.labels == labels_needed(alpha=Share(alpha), delta=FIVE, true_error=Share(0.4 * alpha))
    assert found.error == pytest.approx(0.4 * alpha)


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 300), st.integers(0, 6), st.sampled_from([0.05, 0.1, 0.2]))
def test_no_fewer_labels_have_the_power(n, wrong, alpha):
    found = promise(wrong, n, alpha)
    if not found.labels:
        if found.labels == 0:
            assert binom.cdf(wrong, n, alpha) <= 0.05
        else:
            assert wrong / n >= alpha or found.error >= alpha or alpha - found.error < 0.01
        return
    further = np.unique(np.concatenate((np.arange(1, min(found.labels, 400) + 1), [found.labels])))
    total = n + further
    allowed = binom.ppf(0.05, total, alpha)
    allowed -= binom.cdf(allowed, total, alpha) > 0.05
    enough = binom.cdf(allowed - wrong, further, found.error) >= 0.8
    assert enough[-1]
    assert not enough[:-1].any()


def test_what_is_proven_already_takes_no_labels():
    found = promise(1, 300, 0.05)
    assert (found.labels, found.accepted, found.wrong) == (0, 300, 1)
    assert "is proven already" in found.sentence


def test_an_error_above_the_promise_is_not_mended_by_labels():
    seems = promise(12, 200, 0.05)
    assert seems.labels is None
    assert (
        "the error there seems to lie above 5.0 %, and no number of labels changes that" in seems.sentence
    )
    surely = promise(60, 300, 0.05)
    assert "the error there lies above 5.0 %" in surely.sentence
    assert surely.reach == Share(0.0)


def test_an_error_close_to_the_promise_takes_more_than_anybody_labels():
    found = promise(499, 10_000, 0.05)
    assert found.labels is None
    assert "would take more than 100000" in found.sentence


def test_only_a_part_of_further_labels_lies_above_the_threshold():
    traffic = np.linspace(0, 1, 1001)
    whole, half = (
        labels_for_promise(
            calibration(1, 80), threshold=threshold, traffic_scores=traffic, alpha=FIVE, delta=FIVE
        )
        for threshold in (0.0, 0.5)
    )
    assert half.labels == pytest.approx(2 * whole.labels, abs=2)
    nobody = labels_for_promise(
        calibration(1, 80), threshold=1.5, traffic_scores=traffic, alpha=FIVE, delta=FIVE
    )
    assert nobody.labels is None
    assert "no traffic reaches this threshold" in nobody.sentence


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), st.integers(50, 400))
def test_one_more_error_never_asks_for_fewer_labels(wrong, n):
    one, other = (promise(count, n, 0.05).labels for count in (wrong, wrong + 1))
    assert other is None or (one is not None and one <= other)


def test_the_labels_for_a_stricter_promise_prove_it_about_four_times_in_five():
    scores, wrong = population(60_000)
    traffic = scores[:3000]
    first = Calibration(scores[:1000], wrong[:1000])
    found = certify(first, traffic_scores=traffic, alpha=Share(0.06), delta=FIVE)
    alpha = Share(0.05)
    plan = labels_for_promise(first, threshold=found.value, traffic_scores=traffic, alpha=alpha, delta=FIVE)
    assert plan.labels
    # The plan speaks of the error it states; draw the further cases with exactly that.
    random = np.random.default_rng(8)
    accepted = random.binomial(plan.labels, plan.share.value, size=2000)
    wrong_then = plan.wrong + random.binomial(accepted, plan.error)
    proven = binom.cdf(wrong_then, plan.accepted + accepted, alpha.value) <= 0.05
    assert 0.72 < proven.mean() < 0.9


def test_the_labels_for_more_automation_reach_it_in_most_draws():
    scores, wrong = population(60_000)
    traffic = scores[:3000]
    begun, wanted = Calibration(scores[:300], wrong[:300]), Share(0.7)
    settings_ = {"traffic_scores": traffic, "alpha": Share(0.08), "delta": FIVE}
    before = certify(begun, **settings_)
    plan = labels_for_automation(begun, wanted=wanted, **settings_)
    assert isinstance(before, Threshold)
    assert before.automation < wanted
    assert plan.labels
    assert plan.share.value == pytest.approx(0.7, abs=0.01)
    assert plan.reach == plan.share
    random = np.random.default_rng(9)
    reached = 0
    for _ in range(100):
        drawn = np.concatenate((np.arange(300), 300 + random.choice(59_700, plan.labels, replace=False)))
        after = certify(Calibration(scores[drawn], wrong[drawn]), **settings_)
        reached += isinstance(after, Threshold) and after.value <= plan.threshold
    assert reached >= 60


def test_more_automation_than_the_model_is_good_for_is_refused_with_its_reach():
    scores, wrong = population(4000)
    plan = labels_for_automation(
        Calibration(scores, wrong), wanted=Share(1.0), traffic_scores=scores, alpha=FIVE, delta=FIVE
    )
    assert plan.labels is None
    assert 0.7 < plan.reach.value < 0.85
    assert plan.share == Share(1.0)


def test_a_share_below_the_start_is_a_single_test():
    scores = np.linspace(0, 1, 400)
    plan = labels_for_automation(
        Calibration(scores, np.zeros(400)),
        wanted=Share(0.2),
        traffic_scores=scores,
        alpha=FIVE,
        delta=FIVE,
    )
    assert (plan.labels, plan.accepted) == (0, 80)


def test_what_cannot_be_planned_for_is_refused():
    with pytest.raises(InputProblem, match="expected a number") as caught:
        promise(0, 10, 0.05, threshold=float("nan"))
    assert caught.value.code == "RW-TRUST-016"
    sample = calibration(0, 10)
    with pytest.raises(InputProblem, match="no automation needs no labels") as caught:
        labels_for_automation(sample, wanted=Share(0.0), traffic_scores=ALL, alpha=FIVE, delta=FIVE)
    assert caught.value.code == "RW-TRUST-016"
    with pytest.raises(InputProblem, match="`power` lies strictly between"):
        promise(0, 10, 0.05, power=Share(1.0))
    with pytest.raises(InputProblem, match="those of recent traffic"):
        promise(0, 10, 0.05, traffic_scores=[])
