"""The difference of two parts drawn by lot, looked at whenever one likes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import Corrupt, InputProblem
from roadworthy.quantities import Interval, Share
from roadworthy.trust.holdout import DELTA, Case, HoldOut


def stream(
    seed: int, n: int, *, share: float = 0.9, lift: float = 0.0, spread: float = 0.2, drift: float = 0.0
) -> list[Case]:
    """Cases of which ``share`` go to the new way, whose figure is higher by ``lift``."""
    random = np.random.default_rng(seed)
    new = random.random(n) < share
    level = 0.5 + drift * np.sin(np.arange(n) / 40)
    figures = np.clip(level + lift * new + random.normal(0, spread, n), 0, 1)
    return [Case(bool(a), float(b), share) for a, b in zip(new, figures, strict=True)]


def by_hand(cases: list[Case], difference: float, *, delta: float) -> tuple[float, float]:
    """Both fortunes at one difference, written out case by case from the formulas of the module."""
    above = below = total = squares = 0.0
    sums = {True: [0.0, 0], False: [0.0, 0]}
    for n, one in enumerate(cases, 1):
        guess = {part: (total_ + 2.5) / (count + 5) for part, (total_, count) in sums.items()}
        centre = (1 - one.share) * guess[True] + one.share * guess[False]
        bet = math.sqrt(2 * math.log(2 / delta) / ((0.25 + squares) * math.log(n + 1)))
        gap = (one.figure - centre) / one.share if one.new else (centre - one.figure) / (1 - one.share)
        lowest = -max(centre / one.share, (1 - centre) / (1 - one.share))
        highest = max((1 - centre) / one.share, centre / (1 - one.share))
        above += math.log(1 + min(bet, 0.5 / (difference - lowest)) * (gap - difference))
        below += math.log(1 - min(bet, 0.5 / (highest - difference)) * (gap - difference))
        total += gap
        squares += (gap - total / (n + 1)) ** 2
        sums[one.new][0] += one.figure
        sums[one.new][1] += 1
    return above, below


def test_nothing_seen_rules_nothing_out() -> None:
    state = HoldOut()
    assert state.interval == Interval(-1.0, 1.0)
    assert (state.difference, state.finding(), state.more(), state.strayed) == (
        None,
        "cannot tell yet",
        None,
        False,
    )


def test_the_fortunes_are_those_of_the_formulas() -> None:
    cases = stream(1, 60, share=0.8)
    state = HoldOut().extend(cases)
    above, below = by_hand(cases, 0.0, delta=float(DELTA))
    middle = len(state.above) // 2
    assert state.above[middle] == pytest.approx(above, abs=60e-6)
    assert state.below[middle] == pytest.approx(below, abs=60e-6)


def test_a_better_way_is_found_better_and_a_worse_one_not() -> None:
    assert HoldOut().extend(stream(2, 1500, lift=0.2)).finding() == "improved"
    assert HoldOut().extend(stream(3, 1500, lift=-0.2)).finding() == "not improved"


def test_a_way_that_is_alike_is_found_not_better_by_what_would_be_worth_it() -> None:
    state = HoldOut().extend(stream(4, 3000, share=0.5))
    assert state.finding() == "cannot tell yet"
    assert state.finding(least=0.15) == "not improved"


def test_a_season_that_moves_both_parts_is_no_improvement() -> None:
    state = HoldOut().extend(stream(5, 1200, share=0.7, drift=0.3))
    assert state.finding() == "cannot tell yet"
    assert 0.0 in state.interval


def test_shares_may_change_from_case_to_case() -> None:
    cases = [*stream(6, 500, share=0.9, lift=0.15), *stream(7, 500, share=0.6, lift=0.15)]
    state = HoldOut().extend(cases)
    assert state.finding() == "improved"
    assert 0.15 in state.interval


def test_the_range_holds_at_all_looks_together() -> None:
    """20 streams, every case looked at: with 5 % risk each, more than 4 failures have probability 0.3 %."""
    broken = 0
    for seed in range(20):
        state, failed = HoldOut(), False
        for one in stream(100 + seed, 150, share=0.8, lift=0.1, spread=0.1):
            state = state.update(one)
            failed = failed or 0.1 not in state.interval
        broken += failed
    assert broken <= 4


def test_how_many_more_is_about_right() -> None:
    """Where the difference seen is near the true one the guess is right within a factor of three."""
    ratios = []
    for seed in range(12):
        cases = stream(200 + seed, 4000, share=0.7, lift=0.08)
        early = HoldOut().extend(cases[:150])
        more = early.more()
        told, state = 0, early
        for start in range(150, 4000, 50):
            state = state.extend(cases[start : start + 50])
            if state.finding() == "improved":
                told = state.n - 150
                break
        if more and told:
            ratios.append(more / told)
    assert len(ratios) >= 6
    assert 1 / 3 < float(np.median(ratios)) < 3


def test_told_already_takes_no_more() -> None:
    assert HoldOut().extend(stream(8, 1500, lift=0.3)).more() == 0


def test_figures_that_come_from_one_part_less_often_than_drawn_tell_nothing() -> None:
    """Half of what was kept with people never comes: then the cases seen are not those drawn."""
    cases = [
        one for number, one in enumerate(stream(9, 1500, share=0.7, lift=0.2)) if one.new or number % 2
    ]
    state = HoldOut().extend(cases)
    assert state.strayed
    assert state.interval.low > 0
    assert state.finding() == "cannot tell yet"
    assert state.more() is None


@pytest.mark.parametrize("figure", [-0.01, 1.01, math.nan, math.inf])
def test_a_figure_beyond_the_range_is_refused(figure: float) -> None:
    with pytest.raises(InputProblem, match="between 0 and 1"):
        HoldOut().update(Case(True, figure, 0.5))


@pytest.mark.parametrize("share", [0.0, 1.0, math.nan])
def test_a_case_that_could_go_one_way_only_is_refused(share: float) -> None:
    with pytest.raises(InputProblem, match="no second part"):
        HoldOut().update(Case(True, 0.5, share))


def test_a_certainty_of_one_is_refused() -> None:
    with pytest.raises(InputProblem, match="strictly between"):
        HoldOut(Share(0.0))


@settings(max_examples=25, deadline=None)
@given(
    cases=st.lists(
        st.tuples(st.booleans(), st.floats(0, 1), st.floats(0.5, 0.95)).map(lambda one: Case(*one)),
        max_size=25,
    ),
    cut=st.integers(0, 25),
)
def test_pieces_and_a_restart_give_the_same_as_the_whole(cases: list[Case], cut: int) -> None:
    whole = HoldOut().extend(cases)
    first = HoldOut.from_json(json.loads(json.dumps(HoldOut().extend(cases[:cut]).as_json())))
    assert first.extend(cases[cut:]) == whole
    assert whole.interval.low <= whole.interval.high
    ruled_out_below = np.flatnonzero(np.asarray(whole.above) >= 3.7)
    assert ruled_out_below.tolist() == list(range(len(ruled_out_below)))


@pytest.mark.parametrize(
    "change", [{"new": 3}, {"above": "x"}, {"above": [1.0]}, {"delta": 2}, {"total": None}, {"shares": {}}]
)
def test_a_damaged_state_is_told_as_damaged(change: dict[str, object]) -> None:
    with pytest.raises(Corrupt) as found:
        HoldOut.from_json({**HoldOut().as_json(), **change})
    assert found.value.code == "RW-KPI-002"


def test_a_state_that_lacks_a_part_names_it() -> None:
    kept = HoldOut().as_json()
    del kept["squares"]
    with pytest.raises(Corrupt) as found:
        HoldOut.from_json(kept)
    assert "squares" in str(found.value.as_json())
