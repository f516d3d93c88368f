"""Gaps, estimates without labels, similarity, and how fast a budget of errors burns."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from roadworthy.drift import Minute, Neighbours, Rule, burn, calibrated, usual_gaps
from roadworthy.drift.estimate import Tallied
from roadworthy.errors import InputProblem
from roadworthy.quantities import Share

START = datetime(2026, 11, 1, tzinfo=UTC)
RANDOM = np.random.default_rng(6)


def arrivals(n, mean, seed=1):
    random = np.random.default_rng(seed)
    return [START + timedelta(seconds=s) for s in np.cumsum(random.exponential(mean, n))]


def test_a_stream_that_fell_silent_is_noticed_and_a_usual_one_is_not():
    gaps = usual_gaps(arrivals(2000, 60), rows_per_false_alarm=100_000)
    false = 0
    for at in arrivals(20_000, 60, seed=2):
        gaps, gap = gaps.after(at + timedelta(days=9))
        false += gap is not None
    assert false <= 1
    _, gap = gaps.after(gaps.latest + timedelta(hours=3))
    assert gap == pytest.approx(3 * 3600)


def test_a_clock_that_jumps_back_is_counted_and_is_no_gap():
    gaps = usual_gaps(arrivals(200, 60), rows_per_false_alarm=1000)
    gaps, _ = gaps.after(START)
    gaps, gap = gaps.after(START - timedelta(days=1))
    assert (gap, gaps.backwards) == (None, 1)
    assert gaps.latest == START


def test_times_with_and_without_a_zone_are_told_apart_by_nothing():
    gaps = usual_gaps(arrivals(200, 60), rows_per_false_alarm=1000)
    gaps, _ = gaps.after(START)
    gaps, gap = gaps.after(START.replace(tzinfo=None) + timedelta(seconds=5))
    assert gap is None


def test_too_few_arrivals_say_nothing_of_gaps():
    with pytest.raises(InputProblem, match="need at least 100"):
        usual_gaps(arrivals(50, 60), rows_per_false_alarm=1000)


def model(n, seed, sharp=1.0):
    random = np.random.default_rng(seed)
    sure = random.beta(5 * sharp, 2, n)
    return sure, random.random(n) < sure**1.5


def test_an_estimate_covers_the_truth_where_confidence_keeps_its_meaning():
    inside = 0
    for seed in range(60):
        meant = calibrated(*model(2000, seed))
        sure, right = model(1000, 100 + seed, sharp=0.7)
        counts = np.bincount([meant.place(each) for each in sure], minlength=len(meant.right))
        found = Tallied(meant, tuple(counts.tolist())).estimate()
        inside += found.interval.low <= right.mean() <= found.interval.high
    assert inside >= 52


def test_an_estimate_of_nothing_is_none_and_few_answers_give_no_calibration():
    meant = calibrated(*model(500, 1))
    assert Tallied(meant, (0,) * len(meant.right)).estimate() is None
    with pytest.raises(InputProblem, match="an estimate needs 200"):
        calibrated([0.5] * 20, [True] * 20)
    with pytest.raises(InputProblem, match="finite"):
        calibrated([math.nan] * 300, [True] * 300)


def test_similarity_is_the_mean_to_the_five_nearest_without_itself():
    vectors = RANDOM.normal(size=(300, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = Neighbours(vectors)
    exact = np.sort(vectors @ vectors.T - 9 * np.eye(300), axis=1)[:, -5:].mean(axis=1)
    assert near.among_themselves() == pytest.approx(exact, abs=1e-5)
    assert near.similarity(vectors[:3]).min() > exact[:3].min()
    assert near.similarity(np.zeros((1, 8), dtype=np.float32))[0] == 0


def minutes(rate, events=100, length=4320):
    return [Minute(n, events, round(events * rate)) for n in range(length)]


def test_a_budget_that_burns_fast_pages_and_a_steady_one_is_fine():
    calm = burn(minutes(0.0), now=4319, objective=Share(0.999))
    assert {each.state for each in calm} == {"fine"}
    fast = burn(minutes(0.02), now=4319, objective=Share(0.999))
    assert [each.state for each in fast] == ["burning"] * 4
    assert fast[0].long == pytest.approx(20)


def test_what_has_stopped_no_longer_pages():
    stopped = [*minutes(0.02, length=4310), *(Minute(n, 100, 0) for n in range(4310, 4320))]
    first = burn(stopped, now=4319, objective=Share(0.999))[0]
    assert first.state == "fine"
    assert first.long > 14.4 > first.short == 0


def test_few_events_do_not_page_and_none_at_all_are_told():
    one = burn([Minute(4319, 1, 1)], now=4319, objective=Share(0.999))
    assert {each.state for each in one} == {"too few"}
    assert {each.state for each in burn([], now=4319, objective=Share(0.999))} == {"silent"}


def test_bad_luck_of_a_loose_objective_is_too_few():
    rule = Rule(60, 5, 1.0, "ticket")
    few = [Minute(n, 1, int(n % 3 == 0)) for n in range(4305, 4320)]
    assert burn(few, now=4319, objective=Share(0.75), rules=(rule,))[0].state in ("too few", "fine")


def test_burning_that_cannot_be_is_refused():
    with pytest.raises(InputProblem, match="no count"):
        Minute(0, 1, 2)
    with pytest.raises(InputProblem, match="longer one"):
        Rule(5, 60, 1.0, "page")
    with pytest.raises(InputProblem, match="objective"):
        burn([], now=0, objective=Share(1.0))
