from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.measure.knowledge.unanswerable import Scored, detection, separation


def scored(high: list[float], low: list[float], *, tied: bool = False) -> list[Scored]:
    return [
        *(Scored(f"c{place}", score, True) for place, score in enumerate(high)),
        *(Scored(f"{'c' if tied else 'd'}{place}", score, False) for place, score in enumerate(low)),
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=12),
    st.lists(st.integers(0, 5), min_size=1, max_size=12),
)
def test_the_area_agrees_with_an_independent_implementation(high: list[int], low: list[int]) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    found = separation(scored([float(one) for one in high], [float(one) for one in low]))
    truth = [1] * len(high) + [0] * len(low)
    assert found is not None
    assert found.auroc == pytest.approx(metrics.roc_auc_score(truth, high + low))
    assert found.interval.low <= found.auroc <= found.interval.high


def test_the_variance_is_that_of_delong_where_every_case_stands_alone() -> None:
    # By the definition: structural components over all pairs, each variance over n - 1.
    high, low = [0.9, 0.8, 0.7, 0.55, 0.4], [0.6, 0.5, 0.35, 0.3]
    psi = np.array([[float(x > y) + 0.5 * (x == y) for y in low] for x in high])
    variance = psi.mean(axis=1).var(ddof=1) / len(high) + psi.mean(axis=0).var(ddof=1) / len(low)
    area = psi.mean()
    reach = 1.959963984540054 * np.sqrt(variance) / (area * (1 - area))
    centre = np.log(area / (1 - area))
    found = separation(scored(high, low))
    assert found is not None
    assert found.auroc == pytest.approx(area)
    # The term between kinds is nothing but cancelling parts here: none shares a cluster.
    assert found.interval.low == pytest.approx(1 / (1 + np.exp(reach - centre)), abs=1e-9)
    assert found.interval.high == pytest.approx(1 / (1 + np.exp(-reach - centre)), abs=1e-9)


@pytest.mark.parametrize("tied", [False, True])
def test_the_interval_covers_the_truth_as_often_as_it_says(tied: bool) -> None:
    rng = np.random.default_rng(11)
    covered, rounds = 0, 300
    for _ in range(rounds):
        shared = rng.normal(size=60)
        low = 0.6 * shared + 0.8 * rng.normal(size=60) if tied else rng.normal(size=60)
        high = (0.6 * shared + 0.8 * rng.normal(size=60) if tied else rng.normal(size=60)) + 1.0
        found = separation(scored(high.tolist(), low.tolist(), tied=tied))
        assert found is not None
        # Normal scores one apart with variance 1 each: Φ(1 / √2).
        covered += 0.7602499 in found.interval
    assert 0.92 <= covered / rounds <= 0.98


def test_where_nothing_overlaps_the_range_is_no_point() -> None:
    found = separation(scored([0.9] * 20, [0.1] * 20))
    assert found is not None
    assert found.auroc == 1
    assert 0.8 < found.interval.low < 0.9


def test_one_kind_alone_cannot_be_told_apart() -> None:
    assert separation(scored([0.5], [])) is None


def test_the_line_is_set_on_one_half_and_checked_on_the_other() -> None:
    rng = np.random.default_rng(3)
    found = detection(scored((rng.normal(size=400) + 3).tolist(), rng.normal(size=400).tolist()))
    assert found.threshold is not None
    assert found.false_alarms is not None
    assert found.noticed is not None
    assert found.false_alarms.tests + found.noticed.tests < 500
    assert 0.1 in found.false_alarms.interval
    # Below the tenth percentile of N(3, 1) lies 95.7 % of N(0, 1).
    assert found.noticed.value > 0.85


def test_too_few_questions_draw_no_line() -> None:
    found = detection(scored([0.5, 0.6], [0.1]), false_alarms=0.05)
    assert (found.threshold, found.noticed) == (None, None)
    assert found.separation is not None
