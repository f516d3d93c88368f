"""A tool's pace: never more than its rate in any window, whoever asks and whenever."""

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.pace import Pace, Rate

START = 1_800_000_000.0
rates = st.tuples(st.integers(1, 200), st.sampled_from([1, 60, 3600]))


@given(rates, st.lists(st.floats(0, 0.2), min_size=1, max_size=300))
def test_no_window_holds_more_than_the_rate(rate: tuple[int, int], pauses: list[float]) -> None:
    calls, seconds = rate
    pace, now, left = Pace("u", "t"), START, []
    for pause in pauses:
        now += pause * seconds / calls * 3
        if pace.wait_s(now, Rate.of(calls, seconds)) == 0.0:
            pace = pace.took(now, Rate.of(calls, seconds))
            left.append(now)
    for first in left:
        # The clock's resolution at such a time is a quarter of a microsecond.
        assert sum(first <= one < first + seconds - 1e-5 for one in left) <= calls


@given(rates)
def test_who_waits_as_long_as_told_may_leave(rate: tuple[int, int]) -> None:
    limit = Rate.of(*rate)
    pace, now = Pace("u", "t"), START
    for _ in range(limit.burst + 20):
        now += pace.wait_s(now, limit) + 1e-5
        assert pace.wait_s(now, limit) == 0.0
        pace = pace.took(now, limit)


@given(rates, st.floats(0, 5), st.integers(0, 30))
def test_the_places_of_the_next_ones_are_those_that_the_bucket_gives(
    rate: tuple[int, int], within_s: float, taken: int
) -> None:
    limit = Rate.of(*rate)
    pace = Pace("u", "t")
    for _ in range(taken):
        pace = pace.took(START, limit)
    for place in pace.places(START, limit, within_s=within_s, most=40):
        assert pace.wait_s(START + place + 1e-5, limit) == 0.0
        pace = pace.took(START + place, limit)


def test_a_tenth_leaves_at_once_and_the_rest_evenly() -> None:
    burst, every_s = Rate.of(60, 60)
    assert burst == 6
    assert 1.0 < every_s < 1.1
    assert Rate.of(1, 3600) == (1, 3600.0)


def test_a_receiver_that_asks_to_wait_is_left_alone_and_has_not_failed() -> None:
    pace = Pace("u", "t").asked(START, 30.0)
    assert pace.circuit.why_not(START + 29)
    assert not pace.circuit.why_not(START + 31)
    assert pace.circuit.failures == 0
    assert not pace.clean
    assert pace.answered().clean


def test_after_five_failures_in_a_row_one_goes_to_see_whether_it_is_back() -> None:
    pace = Pace("u", "t")
    for _ in range(5):
        assert not pace.circuit.why_not(START)
        pace = pace.failed(START)
    assert pace.circuit.why_not(START + 0.5)
    assert not pace.circuit.why_not(START + 1.1)
    assert pace.answered().clean
