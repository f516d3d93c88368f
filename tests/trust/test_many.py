"""Many metrics and slices: corrections against scipy and by hand, empty slices that say so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import (
    Scored,
    benjamini_hochberg,
    compare_slices,
    holm,
    pair,
    repeated,
    upper_bound,
    worst_slice,
)

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@given(P_VALUES)
def test_benjamini_and_hochberg_agree_with_scipy(values):
    assert benjamini_hochberg(values) == pytest.approx(stats.false_discovery_control(values, method="bh"))


@given(P_VALUES)
def test_holm_is_the_step_down_rule(values):
    found = holm(values)
    level, expected, smallest = 0.0, {}, sorted(range(len(values)), key=lambda place: values[place])
    for rank, place in enumerate(smallest):
        level = max(level, values[place] * (len(values) - rank))
        expected[place] = min(1.0, level)
    assert found == pytest.approx([expected[place] for place in range(len(values))])
    assert all(after >= before for after, before in zip(found, values, strict=True))


def test_no_test_is_no_finding_and_an_impossible_p_value_is_refused():
    assert holm([]) == benjamini_hochberg([]) == ()
    for value in (1.5, float("nan")):
        with pytest.raises(InputProblem, match="a p-value lies between 0 and 1") as caught:
            holm([value])
        assert caught.value.code == "RW-TRUST-014"


def test_the_worst_slice_is_the_one_that_may_be_worst():
    found = worst_slice({"de": (95, 100), "fr": (9, 10), "it": (960, 1000)})
    assert found.worst.name == "fr"
    assert found.empty == ()
    # One-sided and split over three slices: the exact bound on the share of wrong ones.
    assert found.worst.lower == pytest.approx(1 - upper_bound(1, 10, delta=Share(0.05 / 3)))
    assert [one.name for one in found.slices] == ["fr", "de", "it"]


def test_an_empty_slice_is_the_worst_and_named():
    found = worst_slice({"de": (95, 100), "fr": (0, 0)})
    assert (found.worst.name, found.worst.lower, found.empty) == ("fr", 0.0, ("fr",))
    with pytest.raises(InputProblem, match="no slice"):
        worst_slice({})


def test_all_slices_are_bounded_at_once_as_often_as_promised():
    random = np.random.default_rng(1)
    rates, sizes = np.array([0.9, 0.8, 0.95, 0.7, 0.99]), np.array([30, 80, 200, 15, 60])
    missed = 0
    for _ in range(400):
        right = random.binomial(sizes, rates)
        found = worst_slice({str(at): (int(right[at]), int(sizes[at])) for at in range(5)})
        missed += any(one.lower > rates[int(one.name)] for one in found.slices)
    assert missed / 400 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 400)


def sliced(rates, n=100, seed=2):
    random = np.random.default_rng(seed)
    names, slices, a, b = [], {}, [], []
    for name, (of_a, of_b) in rates.items():
        for place in range(n):
            names.append(f"{name}-{place}")
            slices[names[-1]] = name
            a.append(float(random.random() < of_a))
            b.append(float(random.random() < of_b))
    return pair(Scored(names, a), Scored(names, b)), slices


def test_a_slice_that_got_worse_is_found_behind_a_good_average():
    paired, slices = sliced({"de": (0.95, 0.6), "en": (0.95, 0.6), "fr": (0.4, 0.9)})
    found = compare_slices(paired, slices, margin=0.05, expected=["it"])
    assert [one.name for one in found][:2] == ["it", "fr"]
    empty, worst = found[:2]
    assert empty.comparison is None
    assert empty.adjusted_p == 1.0
    assert "holds no case: nothing is known of it" in empty.sentence
    assert worst.comparison.verdict == "worse"
    assert worst.adjusted_p < 0.05
    assert worst.adjusted_p >= worst.comparison.p_value
    assert "`fr`: worse" in worst.sentence
    # Three slices with cases share the risk.
    assert worst.comparison.confidence.value == pytest.approx(1 - 0.05 / 3)


def test_slices_that_are_alike_are_seldom_called_different():
    findings = 0
    for seed in range(60):
        paired, slices = sliced(dict.fromkeys("abcde", (0.8, 0.8)), n=40, seed=seed)
        findings += any(one.adjusted_p <= 0.05 for one in compare_slices(paired, slices, margin=0.05))
    assert findings / 60 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 60)


def test_cases_without_a_slice_are_refused():
    paired, slices = sliced({"de": (0.9, 0.8)}, n=5)
    slices.pop("de-0")
    with pytest.raises(InputProblem, match="1 of 5 cases have no slice") as caught:
        compare_slices(paired, slices, margin=0.05)
    assert caught.value.code == "RW-TRUST-014"


def test_repeats_are_split_into_what_is_between_and_within_cases():
    random = np.random.default_rng(3)
    table = random.normal(0, 2, (4000, 1)) + random.normal(0, 1, (4000, 5))
    found = repeated(table)
    assert (found.n, found.k) == (4000, 5)
    assert found.between == pytest.approx(4, rel=0.06)
    assert found.within == pytest.approx(1, rel=0.03)
    assert found.error == pytest.approx(np.sqrt((4 + 1 / 5) / 4000), rel=0.03)
    assert found.error_with(5) == pytest.approx(found.error)
    assert found.error_with(1) > found.error_with(3) > found.error_with(50)


def test_repeats_are_worth_it_where_the_attempts_differ_more_than_the_cases():
    random = np.random.default_rng(4)
    unsteady = repeated(random.normal(0, 1, (500, 1)) + random.normal(0, 3, (500, 4)))
    steady = repeated(random.normal(0, 3, (500, 1)) + random.normal(0, 1, (500, 4)))
    assert steady.worth == 1 < unsteady.worth
    k = unsteady.worth
    assert unsteady.error_with(k + 1) > 0.95 * unsteady.error_with(k)
    assert unsteady.error_with(k) <= 0.95 * unsteady.error_with(k - 1)
    assert repeated(np.ones((5, 3))).worth == 1


def test_what_one_attempt_or_one_case_cannot_show_is_not_made_up():
    once = repeated([[0.0], [1.0]])
    assert (once.within, once.between, once.worth, once.error_with(3)) == (None, None, None, None)
    assert once.error == pytest.approx(0.5)
    one_case = repeated([[0.0, 1.0]])
    assert (one_case.between, one_case.error) == (None, None)
    for table in ([0.5, 0.5], [[]], [[0.5, float("nan")]]):
        with pytest.raises(InputProblem) as caught:
            repeated(table)
        assert caught.value.code == "RW-TRUST-013"
