"""A judge beside people: agreement beyond chance, silence, self-contradiction, and the right to gate."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from roadworthy.errors import InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust import (
    Confusion,
    certify_judge,
    clopper_pearson,
    cohen_kappa,
    flip_rate,
    kappa_of_table,
    krippendorff_alpha,
    swap_probe,
)

# Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, table 18.1.
DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
SILENCE = "."


def units(*observers):
    """Krippendorff's notation: one row for each observer, one column for each thing, a dot for a gap."""
    rows = [observer.split() for observer in observers]
    return [[None if cell == SILENCE else cell for cell in column] for column in zip(*rows, strict=True)]


def test_kappa_and_its_standard_error_are_the_published_ones():
    found = kappa_of_table(DIAGNOSES)
    assert found.value == pytest.approx(0.676, abs=0.001)
    assert found.standard_error == pytest.approx(0.087, abs=0.001)
    assert found.n == 100
    assert kappa_of_table([[20, 5], [10, 15]]).value == pytest.approx(0.4)


@pytest.mark.parametrize("table", [DIAGNOSES, [[40, 9], [6, 45]], [[70, 12], [5, 13]]])
def test_the_standard_error_is_that_of_the_bootstrap(table):
    counts = np.array(table)
    size, n = len(table), counts.sum()
    random = np.random.default_rng(20261121)
    draws = random.multinomial(n, counts.ravel() / n, size=4000).reshape(-1, size, size) / n
    agreed = np.trace(draws, axis1=1, axis2=2)
    chance = (draws.sum(axis=2) * draws.sum(axis=1)).sum(axis=1)
    resampled = (agreed - chance) / (1 - chance)
    assert kappa_of_table(table).standard_error == pytest.approx(resampled.std(), rel=0.06)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_kappa_is_that_of_an_independent_implementation(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = cohen_kappa(first, second)
    if found.value is None:
        assert len({*first, *second}) == 1
        return
    assert found.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-12)
    assert -1 <= found.interval.low <= found.value <= found.interval.high <= 1


@pytest.mark.parametrize(("n", "passed", "right"), [(50, 0.5, 0.9), (60, 0.8, 0.9), (100, 0.7, 0.98)])
def test_the_interval_of_kappa_covers_the_truth(n, passed, right):
    truth = np.array(
        [[passed * right, passed * (1 - right)], [(1 - passed) * (1 - right), (1 - passed) * right]]
    )
    chance = truth.sum(axis=1) @ truth.sum(axis=0)
    kappa = (np.trace(truth) - chance) / (1 - chance)
    random, draws = np.random.default_rng(3), 800
    tables = random.multinomial(n, truth.ravel(), size=draws).reshape(-1, 2, 2)
    covered = sum(kappa in kappa_of_table(table).interval for table in tables)
    assert covered / draws >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / draws)


def test_ten_agreements_are_not_certainty():
    found = cohen_kappa([True, False] * 5, [True, False] * 5)
    assert found.value == 1.0
    assert found.interval.low == pytest.approx(2 * clopper_pearson(10, 10).low - 1)
    assert found.interval.low < 0.5


def test_ratings_that_are_always_the_same_have_no_kappa():
    for first, second in ((["yes"] * 9, ["yes"] * 9), ([], [])):
        assert cohen_kappa(first, second).value is None
        assert cohen_kappa(first, second).interval == Interval(-1, 1)


def test_nobody_agrees_with_silence():
    spoken = cohen_kappa([True, False] * 10, [True, False] * 10)
    silent = cohen_kappa([True, False] * 10 + [None] * 5, [True, False] * 10 + [None] * 5)
    assert silent.value < spoken.value


def test_published_examples_of_krippendorffs_alpha():
    # Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, examples A, B and C (nominal).
    binary = units("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    assert krippendorff_alpha(binary, seed=1).value == pytest.approx(0.095, abs=0.0005)
    nominal = units("a a b b d c c c e d d a", "b a b b b c c c e d d d")
    assert krippendorff_alpha(nominal, seed=1).value == pytest.approx(0.692, abs=0.0005)
    gaps = units(
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    found = krippendorff_alpha(gaps, seed=1)
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert (found.units, found.unpaired) == (11, 1)
    assert found.interval.low < 0.743 < found.interval.high
    assert found == krippendorff_alpha(gaps, seed=1)


def test_the_interval_of_alpha_covers_the_truth():
    # Two raters who are each right nine times in ten on a fair coin: alpha is (0.9 - 0.1) ** 2.
    random, covered, draws = np.random.default_rng(8), 0, 150
    for _ in range(draws):
        coin = random.random(80) < 0.5
        pairs = [coin ^ (random.random(80) < 0.1) for _ in range(2)]
        covered += 0.64 in krippendorff_alpha(np.column_stack(pairs).tolist(), seed=2, draws=400).interval
    assert covered / draws >= 0.93 - 2 * math.sqrt(0.93 * 0.07 / draws)


def test_alpha_says_where_it_says_nothing():
    assert krippendorff_alpha([["a", "a"], ["a", None]], seed=1).value is None
    assert krippendorff_alpha([], seed=1).interval == Interval(-1, 1)
    agreed = krippendorff_alpha([["a", "a"], ["b", "b"]] * 10, seed=1)
    assert agreed.value == 1.0
    # 17 % of the things may be disputed, where chance alone would dispute about half.
    assert agreed.interval.low == pytest.approx(1 - clopper_pearson(0, 20).high * 39 / 20)
    lonely = krippendorff_alpha([["a", "b"]], seed=1)
    assert lonely.interval.low <= lonely.value <= lonely.interval.high


def judged(*, passed_passed=0, passed_failed=0, failed_passed=0, failed_failed=0, unread=0):
    pairs = [(True, True)] * passed_passed + [(True, False)] * passed_failed + [(True, None)] * unread
    return Confusion.of(pairs + [(False, True)] * failed_passed + [(False, False)] * failed_failed)


def test_an_unreadable_verdict_is_counted_and_agrees_with_nobody():
    plain = judged(passed_passed=40, failed_failed=40, passed_failed=5, failed_passed=5)
    silent = judged(passed_passed=40, failed_failed=40, passed_failed=5, failed_passed=5, unread=10)
    assert (plain.n, plain.unread, silent.n, silent.unread) == (90, 0, 100, 10)
    assert silent.kappa().value < plain.kappa().value
    assert silent.sensitivity() == clopper_pearson(40, 55)
    assert silent.specificity() == plain.specificity() == clopper_pearson(40, 45)
    assert (
        plain.kappa().value
        == cohen_kappa([True] * 45 + [False] * 45, [True] * 40 + [False] * 45 + [True] * 5).value
    )


def test_a_judge_that_surely_agrees_may_gate():
    found = certify_judge(
        judged(passed_passed=48, failed_failed=49, passed_failed=3), kappa_min=0.6, min_labels=50
    )
    assert (found.may_gate, found.labels, found.labels_needed) == (True, 100, 0)
    assert found.sentence.startswith("the judge may gate: kappa 0.94, between 0.83 and")


def test_a_judge_with_too_few_labels_may_not_and_hears_how_many_are_missing():
    few = certify_judge(judged(passed_passed=20, failed_failed=20), kappa_min=0.6, min_labels=50)
    assert (few.may_gate, few.labels_needed) == (False, 10)
    wide = certify_judge(
        judged(passed_passed=26, failed_failed=24, passed_failed=4, failed_passed=5),
        kappa_min=0.6,
        min_labels=50,
    )
    assert not wide.may_gate
    assert wide.kappa.interval.low < 0.6 < wide.kappa.value
    assert wide.labels_needed > 50
    # With so many, and agreement as it was, it may.
    times = 1 + math.ceil(wide.labels_needed / 59)
    more = judged(
        passed_passed=26 * times, failed_failed=24 * times, passed_failed=4 * times, failed_passed=5 * times
    )
    assert certify_judge(more, kappa_min=0.6, min_labels=50).may_gate
    assert "more answers graded by people would settle it" in wide.sentence


def test_a_judge_that_agrees_too_little_is_not_sent_for_more_labels():
    found = certify_judge(
        judged(passed_passed=30, failed_failed=30, passed_failed=20, failed_passed=20),
        kappa_min=0.6,
        min_labels=50,
    )
    assert (found.may_gate, found.labels_needed) == (False, None)
    assert "more labels would not change that" in found.sentence


def test_a_judge_that_saw_good_answers_only_may_not_gate():
    found = certify_judge(judged(passed_passed=200), kappa_min=0.0, min_labels=50)
    assert not found.may_gate
    assert found.labels_needed == 50
    assert "nothing to tell apart" in found.sentence
    assert found.specificity == Interval(0, 1)


def test_silence_and_what_people_reach_are_told_beside():
    people = cohen_kappa([True, False] * 30, [True, False] * 28 + [False, True] * 2)
    found = certify_judge(
        judged(passed_passed=30, failed_failed=30, unread=4), kappa_min=0.5, min_labels=50, ceiling=people
    )
    assert found.unread == 4
    assert "4 verdicts could not be read and count as disagreement" in found.sentence
    assert f"two people agree with kappa {people.value:.2f}" in found.sentence


def test_repeated_judgements_show_how_often_a_judge_contradicts_itself():
    found = flip_rate([[True] * 4, [True, True, False, True], [True, None], [False], [False, False]])
    assert found.rate == pytest.approx((0 + 0.5 + 1 + 0) / 4)
    assert (found.unstable, found.n) == (2, 4)
    assert found.interval == clopper_pearson(2, 4)
    assert flip_rate([[True]]).rate is None


def test_a_judge_that_prefers_the_first_answer_is_found():
    # Wins when first, wins when second.
    biased = swap_probe(
        [(True, False)] * 20 + [(False, True)] * 4 + [(True, True)] * 10 + [(None, True)] * 2
    )
    assert (biased.n, biased.lowered, biased.raised, biased.unread) == (36, 20, 4, 2)
    assert biased.p_value == pytest.approx(stats.binomtest(4, 24).pvalue)
    assert biased.biased
    assert biased.shift == pytest.approx(-16 / 34)
    fair = swap_probe([(True, False)] * 5 + [(False, True)] * 5 + [(True, True)] * 30)
    assert not fair.biased
    assert (swap_probe([]).p_value, swap_probe([]).shift) == (1.0, None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Confusion(passed_passed=-1),
        lambda: Confusion.of([(True, "yes")]),
        lambda: Confusion.of([(None, True)]),
        lambda: cohen_kappa(["a"], []),
        lambda: kappa_of_table([[1, 2]]),
        lambda: kappa_of_table([[1, -2], [3, 4]]),
        lambda: certify_judge(Confusion(), kappa_min=2, min_labels=0),
    ],
)
def test_what_is_no_agreement_is_refused(ask):
    with pytest.raises(InputProblem) as caught:
        ask()
    assert caught.value.code == "RW-TRUST-034"


def test_a_confidence_of_certainty_is_refused():
    with pytest.raises(InputProblem, match="confidence"):
        kappa_of_table(DIAGNOSES, confidence=Share(1.0))
