"""Few labels of people and many verdicts: published numbers, coverage, gain, useless judges."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import clopper_pearson, corrected_mean, corrected_share, rogan_gladen


def yes_or_no(n, many):
    """Grades by a formula, so that another implementation can be given the same."""
    i, k = np.arange(n), np.arange(many)
    people, others = (i * 7) % 10 < 8, (k * 7) % 10 < 8
    judge = np.where((i * 3) % 20 < 17, people, ~people)
    rest = np.where((k * 3) % 20 < 17, others, ~others) ^ (k % 11 == 0)
    return people.astype(float), judge.astype(float), rest.astype(float)


def graded():
    i, k = np.arange(80), np.arange(800)
    people, others = ((i * 37) % 80) / 80, ((k * 37) % 800) / 800
    judge = np.clip(people + ((i * 53) % 31 - 15) / 60, 0, 1)
    return people, judge, np.clip(others + ((k * 53) % 31 - 13) / 60, 0, 1)


# ppi_mean_pointestimate and ppi_mean_ci of ppi-python 0.2.3 (MIT) on the same grades, alpha 5 %.
PUBLISHED = [
    (yes_or_no(60, 600), 0.5, 0.7875, 0.7104464166066553, 0.8645535833933446),
    (yes_or_no(60, 600), 1.0, 0.775, 0.676696033417727, 0.873303966582273),
    (yes_or_no(200, 2000), 0.5, 0.786, 0.7437917990285087, 0.8282082009714914),
    (yes_or_no(200, 2000), 1.0, 0.772, 0.7181434849416001, 0.8258565150584),
    (graded(), 0.5, 0.5104447916666667, 0.4729107923687684, 0.547978790964565),
]
TUNED = [
    (yes_or_no(60, 600), 0.7873821727347708, 0.7103440200920894, 0.8644203253774523),
    (yes_or_no(200, 2000), 0.7858944563688846, 0.7436931534339344, 0.8280957593038347),
    (graded(), 0.5199740427085064, 0.48732209052532244, 0.5526259948916905),
]


@pytest.mark.parametrize(("grades", "trust", "mean", "low", "high"), PUBLISHED)
def test_mean_and_interval_are_those_of_ppi_python(grades, trust, mean, low, high):
    found = corrected_mean(*grades, trust=trust)
    assert found.mean == pytest.approx(mean, abs=1e-12)
    # Ours is wider by Student's t and n - 1, within 4 % at these sizes.
    reach = (found.interval.high - found.interval.low) / (high - low)
    assert 1 < reach < 1.04


@pytest.mark.parametrize(("grades", "mean", "low", "high"), TUNED)
def test_the_tuned_trust_is_nearly_that_of_ppi_python(grades, mean, low, high):
    found = corrected_mean(*grades)
    assert found.mean == pytest.approx(mean, abs=0.001)
    assert (found.interval.high - found.interval.low) / (high - low) == pytest.approx(1.02, abs=0.025)


def test_the_formula_is_the_published_one():
    people, judge, rest = graded()
    found = corrected_mean(people, judge, rest, trust=0.7)
    variance = 0.49 * rest.var(ddof=1) / 800 + (people - 0.7 * judge).var(ddof=1) / 80
    assert found.mean == pytest.approx(0.7 * rest.mean() + (people - 0.7 * judge).mean())
    assert found.standard_error == pytest.approx(math.sqrt(variance))
    assert found.gain == pytest.approx(people.var(ddof=1) / 80 / variance)
    assert found.people == pytest.approx(people.mean())
    assert (found.labels, found.judged) == (80, 880)


def draw(random, n, *, rate, sensitivity, specificity):
    people = random.random(n) < rate
    return people, np.where(people, random.random(n) < sensitivity, random.random(n) >= specificity)


@pytest.mark.parametrize(
    ("n", "sensitivity", "specificity"),
    [(20, 0.9, 0.8), (60, 0.95, 0.9), (40, 0.5, 0.5), (40, 1.0, 1.0), (60, 0.99, 0.97)],
)
def test_both_intervals_cover_the_truth_whatever_the_judge(n, sensitivity, specificity):
    random, draws, by_mean, by_share = np.random.default_rng(20261121), 400, 0, 0
    counted = 0
    for _ in range(draws):
        people, judge = draw(random, n + 800, rate=0.75, sensitivity=sensitivity, specificity=specificity)
        mean = corrected_mean(people[:n], judge[:n], judge[n:])
        by_mean += 0.75 in mean.interval
        verdicts = {True: int(judge.sum()), False: int((~judge).sum())}
        if min(judge[:n].sum(), (~judge[:n]).sum()) < 2:
            continue
        counted += 1
        labelled = zip(people[:n].tolist(), judge[:n].tolist(), strict=True)
        by_share += 0.75 in corrected_share(labelled, verdicts).interval
    for covered, of in ((by_mean, draws), (by_share, counted)):
        assert covered / of >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / of)


def test_the_correction_takes_out_the_judges_bias_and_a_good_judge_saves_labels():
    random, means = np.random.default_rng(4), []
    for _ in range(50):
        people, judge = draw(random, 4300, rate=0.7, sensitivity=0.97, specificity=0.8)
        found = corrected_mean(people[:300], judge[:300], judge[300:])
        means.append(found.mean)
    assert found.judge == pytest.approx(0.7 * 0.97 + 0.3 * 0.2, abs=0.02)
    assert np.mean(means) == pytest.approx(0.7, abs=4 * found.standard_error / math.sqrt(50))
    assert found.useful
    assert found.gain > 2
    width = found.interval.high - found.interval.low
    assert width < found.people_interval.high - found.people_interval.low
    assert found.sentence.endswith(f"one label counts for {found.gain:.1f}")


def test_a_judge_that_knows_nothing_is_called_useless():
    random = np.random.default_rng(4)
    people, judge = draw(random, 2200, rate=0.7, sensitivity=0.5, specificity=0.5)
    found = corrected_mean(people[:200], judge[:200], judge[200:])
    assert found.trust < 0.2
    assert not found.useful
    assert found.sentence.endswith("label people only")
    constant = corrected_mean(people[:200], np.ones(200), np.ones(2000))
    assert (constant.trust, constant.mean) == (0.0, pytest.approx(people[:200].mean()))
    # A judge who says the opposite is not trusted the other way round.
    assert corrected_mean(people[:200], ~people[:200], ~people[200:]).trust == 0.0


def test_ten_labels_that_all_agree_are_not_certainty():
    found = corrected_mean([1.0] * 10, [1.0] * 10, [1.0] * 1000)
    assert found.mean == 1.0
    assert found.interval.low < 0.75
    assert found.people_interval == clopper_pearson(10, 10)
    mixed = corrected_mean([1.0, 0.0] * 10, [1.0, 0.0] * 10, [1.0, 0.0] * 500)
    assert mixed.interval.high - mixed.interval.low > 0.3


def test_by_verdict_the_share_is_the_weighted_mean_of_the_groups():
    labelled = [(True, True)] * 18 + [(False, True)] * 2 + [(True, False)] * 3 + [(False, False)] * 7
    labelled += [(True, None)] * 2 + [(False, None)] * 2
    found = corrected_share(labelled, {True: 700, False: 200, None: 100})
    assert found.mean == pytest.approx(0.7 * 0.9 + 0.2 * 0.3 + 0.1 * 0.5)
    assert found.judge == 0.7
    assert (found.labels, found.judged) == (34, 1000)
    within = sum(
        weight**2 * rate * (1 - rate) / n
        for weight, rate, n in ((0.7, 19 / 22, 20), (0.2, 4 / 12, 10), (0.1, 3 / 6, 4))
    )
    mixing = sum(w * (r - found.mean) ** 2 for w, r in ((0.7, 0.9), (0.2, 0.3), (0.1, 0.5))) / 1000
    assert found.standard_error == pytest.approx(math.sqrt(within + mixing))


def test_verdicts_nobody_labelled_are_named_and_not_left_out():
    with pytest.raises(InputProblem) as caught:
        corrected_share([(True, True)] * 20 + [(False, False)], {True: 100, False: 40, None: 7})
    assert caught.value.code == "RW-TRUST-036"
    assert [problem.place for problem in caught.value.problems] == ["failed", "unreadable"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([True, False, None])), min_size=1, max_size=40),
    st.integers(0, 500),
)
def test_a_share_is_found_within_its_interval_or_the_gap_is_named(labelled, further):
    counted = Counter(judge for _, judge in labelled)
    counted[True] += further
    if any(counted[verdict] and sum(judge is verdict for _, judge in labelled) < 2 for verdict in counted):
        with pytest.raises(InputProblem) as caught:
            corrected_share(labelled, counted)
        assert caught.value.code == "RW-TRUST-036"
    else:
        found = corrected_share(labelled, counted)
        assert 0 <= found.interval.low <= found.mean <= found.interval.high <= 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=30),
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
)
def test_a_mean_is_found_within_its_interval(pairs, rest):
    found = corrected_mean([a for a, _ in pairs], [b for _, b in pairs], rest)
    assert 0 <= found.interval.low <= found.mean <= found.interval.high <= 1
    assert 0 <= found.trust <= 1


def test_rogan_and_gladen_turn_errors_of_known_size_back():
    seen = 0.3 * 0.9 + 0.7 * (1 - 0.8)
    assert rogan_gladen(seen, sensitivity=Share(0.9), specificity=Share(0.8)) == pytest.approx(0.3)
    assert rogan_gladen(0.1, sensitivity=Share(0.9), specificity=Share(0.8)) == 0.0
    assert rogan_gladen(0.5, sensitivity=Share(0.5), specificity=Share(0.5)) is None


@pytest.mark.parametrize(
    ("ask", "problems"),
    [
        (lambda: corrected_mean([1.0], [1.0, 0.0], []), 3),
        (lambda: corrected_mean([1.0, 2.0, 0.0], [1.0, math.nan, 0.0], [[1.0]]), 3),
        (lambda: corrected_mean([1.0] * 3, [1.0] * 3, [1.0], trust=2.0), 1),
        (lambda: corrected_share([], {}), 1),
        (lambda: corrected_share([("yes", True)], {True: 1}), 1),
        (lambda: corrected_share([(True, True), (True, False)], {}), 2),
        (lambda: rogan_gladen(1.2, sensitivity=Share(1.0), specificity=Share(1.0)), 1),
    ],
)
def test_grades_that_do_not_fit_are_told_all_at_once(ask, problems):
    with pytest.raises(InputProblem) as caught:
        ask()
    assert caught.value.code == "RW-TRUST-035"
    assert len(caught.value.problems) == problems


@pytest.mark.parametrize("n", [30, 40, 59, 72, 150])
def test_one_group_of_verdicts_has_the_exact_range(n):
    for kept in (n, n - 1, n // 2, 0):
        labelled = [(True, True)] * kept + [(False, True)] * (n - kept)
        assert corrected_share(labelled, {True: 500}).interval == clopper_pearson(kept, n)


def test_all_kept_is_not_taken_for_more_than_the_labels_can_say():
    assert corrected_share([(True, True)] * 40, {True: 500}).interval.low < 0.95
    assert corrected_share([(True, True)] * 72, {True: 500}).interval.low > 0.95


@pytest.mark.parametrize(
    ("rate", "n", "sensitivity", "specificity"),
    [(0.95, 40, 1.0, 0.0), (0.95, 60, 0.95, 0.5), (0.95, 150, 0.97, 0.7), (0.98, 60, 1.0, 1.0)],
)
def test_a_lower_end_near_1_is_seldom_above_the_truth(rate, n, sensitivity, specificity):
    random, above, counted = np.random.default_rng(31), 0, 0
    for _ in range(500):
        people, judge = draw(random, 600, rate=rate, sensitivity=sensitivity, specificity=specificity)
        labelled = list(zip(people[:n].tolist(), judge[:n].tolist(), strict=True))
        seen = Counter(judge.tolist())
        if min(Counter(judge[:n].tolist())[verdict] for verdict in seen) < 2:
            continue
        counted += 1
        above += corrected_share(labelled, seen).interval.low > rate
    assert above <= counted * 0.025 + 2 * math.sqrt(counted * 0.025 * 0.975)
