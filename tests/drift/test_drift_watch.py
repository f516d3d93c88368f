"""Thresholds from clean history and the watch itself: false alarms, detection, what an alarm says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.drift import Watch, calibrate, codes_of, column_of
from roadworthy.drift.calibration import block_length, drawn, episode_peaks
from roadworthy.errors import InputProblem

RANDOM = np.random.default_rng(8)
ROWS = 2_000


def table(random, rows, *, shift=0.0, red=0.5, missing=0.0):
    """Amounts, colours and shops; reds cost more."""
    colour = np.where(random.random(rows) < red, "red", "blue")
    amount = random.lognormal(0, 1, rows) + shift + (colour == "red") * 0.5
    cells = [f"{value:.3f}" for value in amount]
    empty = random.random(rows) < missing
    return {
        "amount": ["" if gone else cell for gone, cell in zip(empty, cells, strict=True)],
        "colour": colour.tolist(),
        "shop": random.choice(list("abcdefghij"), rows).tolist(),
    }


@pytest.fixture(scope="module")
def learnt():
    reference = table(np.random.default_rng(1), ROWS)
    columns = [column_of(name, cells) for name, cells in reference.items()]
    codes = [codes_of(column, reference[column.name]) for column in columns]
    return columns, codes, calibrate(columns, codes, window=200, rows_per_false_alarm=20_000, seed=1)


def alarms_of(learnt, *tables):
    columns, codes, calibration = learnt
    watch = Watch(calibration, codes)
    found = []
    for rows in tables:
        streamed = np.stack([codes_of(column, rows[column.name]) for column in columns], axis=1)
        for row in streamed.tolist():
            found += watch.add(row)
    return found


def test_a_clean_stream_rings_about_as_often_as_was_stated(learnt):
    # 100,000 rows at one in 20,000: five are due, and the reference is a sample too.
    rows = table(np.random.default_rng(2), 100_000)
    assert len(alarms_of(learnt, rows)) <= 5 + 2 * math.sqrt(5) + 2


def test_a_change_of_amounts_is_found_and_told(learnt):
    random = np.random.default_rng(3)
    found = alarms_of(learnt, table(random, 1000), table(random, 600, shift=1.0))
    first = next(alarm for alarm in found if alarm.column == "amount")
    assert 1000 < first.row <= 1150
    assert first.value >= first.threshold
    assert first.moved is not None
    assert "to" in first.change


def test_a_change_of_the_mix_names_the_value_that_grew(learnt):
    random = np.random.default_rng(4)
    found = alarms_of(learnt, table(random, 600), table(random, 600, red=0.85))
    mix = next(alarm for alarm in found if alarm.column == "colour")
    assert mix.statistic == "mix (JS divergence)"
    assert mix.change.startswith("`red`: 5")
    assert 600 < mix.row <= 900


def test_a_column_that_goes_empty_is_an_alarm_of_its_own(learnt):
    random = np.random.default_rng(5)
    found = alarms_of(learnt, table(random, 600), table(random, 300, missing=1.0))
    assert (found[0].column, found[0].statistic) == ("amount", "missing")
    assert 600 < found[0].row <= 650


def test_a_new_category_is_found_and_told(learnt):
    random = np.random.default_rng(6)
    later = table(random, 400)
    later["shop"] = ["new" if n % 5 == 0 else cell for n, cell in enumerate(later["shop"])]
    found = alarms_of(learnt, table(random, 600), later)
    assert (found[0].column, found[0].statistic) == ("shop", "strange")
    assert found[0].change.startswith("cells that are new: 0.0% to")


def test_the_segment_with_most_of_the_change_is_named(learnt):
    random = np.random.default_rng(7)
    later = table(random, 600)
    later["amount"] = [
        str(float(cell) * 40) if shop == "c" else cell
        for cell, shop in zip(later["amount"], later["shop"], strict=True)
    ]
    found = alarms_of(learnt, table(random, 600), later)
    assert found[0].segment == "shop = c"


def test_an_episode_rings_once_for_each_column(learnt):
    random = np.random.default_rng(9)
    found = alarms_of(learnt, table(random, 400), table(random, 2000, missing=1.0))
    assert sum(alarm.column == "amount" for alarm in found) == 1


def test_the_same_seed_gives_the_same_thresholds(learnt):
    columns, codes, calibration = learnt
    again = calibrate(columns, codes, window=200, rows_per_false_alarm=20_000, seed=1)
    assert again.threshold == calibration.threshold


def test_a_rarer_false_alarm_takes_a_higher_threshold(learnt):
    columns, codes, calibration = learnt
    rarer = calibrate(columns, codes, window=200, rows_per_false_alarm=1_000_000, seed=1)
    assert rarer.threshold > calibration.threshold
    assert rarer.threshold_range.low < rarer.threshold < rarer.threshold_range.high


def test_a_reference_that_is_too_short_says_so():
    column = column_of("x", list("ab") * 100)
    codes = codes_of(column, list("ab") * 100)
    with pytest.raises(InputProblem, match="200 rows, thresholds for windows of 300 need at least 600"):
        calibrate([column], [codes], window=300, rows_per_false_alarm=1000, seed=1)
    with pytest.raises(InputProblem, match="no column"):
        calibrate([], [], window=300, rows_per_false_alarm=1000, seed=1)


def test_rows_that_stand_alone_are_drawn_one_by_one_and_dependent_ones_in_blocks():
    assert block_length(RANDOM.integers(0, 9, 4000)) == 1
    runs = np.repeat(RANDOM.integers(0, 9, 100), 40)
    assert block_length(runs) >= 40
    assert block_length(np.zeros(100, dtype=np.int64)) == 1


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.integers(1, 300), st.integers(1, 50), st.integers(0, 99))
def test_drawn_rows_are_as_many_as_asked_and_follow_one_another_in_blocks(rows, length, block, seed):
    found = drawn(rows, length, block, np.random.default_rng(seed))
    assert len(found) == length
    assert ((found >= 0) & (found < rows)).all()
    inside = [place for place in range(1, length) if place % block]
    assert all(found[place] == (found[place - 1] + 1) % rows for place in inside)


def test_an_episode_lasts_until_the_scores_were_quiet():
    scores = np.array([0, 5, 6, 0, 5, 0, 0, 0, 7.0])
    assert episode_peaks(scores, floor=4, apart=2) == [6.0, 7.0]
