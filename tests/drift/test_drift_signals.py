"""Signals against closed forms and scipy."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from roadworthy.drift import column_of
from roadworthy.drift.signals import CATEGORY, NUMBER, distance, population_stability, signals

RANDOM = np.random.default_rng(4)


def counted(column, cells):
    return np.bincount([column.code(cell) for cell in cells], minlength=column.bins + 2).astype(float)


def test_a_window_like_the_reference_has_no_signal():
    cells = [str(v) for v in RANDOM.normal(size=500)]
    column = column_of("x", cells)
    usual = counted(column, cells)
    assert signals(column, usual[None, :], usual) == pytest.approx(np.zeros((1, len(NUMBER))), abs=1e-12)


def test_the_ks_distance_is_that_of_scipy_up_to_the_width_of_a_bin():
    one, two = RANDOM.normal(size=2000), RANDOM.normal(0.5, 1.3, size=400)
    column = column_of("x", [str(v) for v in one])
    found = signals(column, counted(column, map(str, two))[None, :], counted(column, map(str, one)))[0]
    exact = stats.ks_2samp(one, two).statistic
    assert exact - 0.05 <= found[NUMBER.index("KS distance")] <= exact + 1e-9


def test_the_mean_rank_is_that_of_mann_and_whitney():
    one, two = RANDOM.integers(0, 9, 900).astype(float), RANDOM.integers(3, 12, 300).astype(float)
    column = column_of("x", [str(v) for v in one])
    found = signals(column, counted(column, map(str, two))[None, :], counted(column, map(str, one)))[0]
    # Values beyond the largest one known share its bin.
    statistic = stats.mannwhitneyu(np.minimum(two, 8), one).statistic / (len(one) * len(two))
    assert found[NUMBER.index("mean rank")] == pytest.approx(statistic - 0.5, abs=0.06)


def test_the_divergence_of_a_mix_is_that_of_scipy():
    one, two = RANDOM.choice(list("abcd"), 600), RANDOM.choice(list("abcd"), 200, p=[0.7, 0.1, 0.1, 0.1])
    column = column_of("x", one.tolist())
    usual, window = counted(column, one), counted(column, two)
    expected = jensenshannon(window[:4] / 200, usual[:4] / 600, base=2) ** 2
    assert signals(column, window[None, :], usual)[0][0] == pytest.approx(expected)


def test_a_window_of_empty_cells_speaks_of_them_alone():
    column = column_of("x", list("ab") * 100)
    usual = counted(column, list("ab") * 100)
    found = signals(column, counted(column, [""] * 50)[None, :], usual)[0]
    assert found.tolist() == [0.0, 1.0, 0.0]
    assert CATEGORY[1] == "missing"


def test_population_stability_is_the_symmetric_sum():
    one, two = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    assert population_stability(one, two) == pytest.approx(-0.4 * np.log(5 / 9) + 0.4 * np.log(5))
    assert np.isfinite(population_stability(np.array([1.0, 0.0]), two))


def test_the_distance_of_a_shift_is_the_shift():
    one = RANDOM.uniform(0, 100, 20_000)
    column = column_of("x", [str(v) for v in one])
    window = counted(column, map(str, np.clip(one + 10, 0, 100)))
    usual = counted(column, map(str, one))
    moved = distance(column, (window / window.sum())[: column.bins], (usual / usual.sum())[: column.bins])
    assert moved == pytest.approx(10, abs=1.5)
    assert distance(column_of("c", list("ab") * 20), np.ones(2), np.ones(2)) is None
