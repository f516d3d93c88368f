"""How often a failed request is sent again."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.routing import Retries, retry_after

chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10), st.integers(-3, 2_000), chances, st.floats(0, 100), st.floats(0, 200))
def test_waits_are_bounded_and_never_undercut_what_the_server_asks_for(
    attempts: int, failed: int, chance: float, asked_s: float, left_s: float
) -> None:
    wait = Retries(attempts=attempts).wait_s(failed, chance=chance, asked_s=asked_s, left_s=left_s)
    if failed >= attempts:
        assert wait is None
    if wait is not None:
        assert asked_s <= wait <= 60.0
        assert wait < left_s


def test_waits_double_and_lie_between_half_and_all_of_it() -> None:
    retries = Retries(attempts=20)
    for failed, full in ((1, 0.25), (2, 0.5), (3, 1.0), (6, 8.0), (19, 8.0)):
        assert retries.wait_s(failed, chance=0.0) == full / 2
        assert retries.wait_s(failed, chance=0.5) == full * 0.75


def test_attempts_are_counted_over_all_models() -> None:
    assert Retries(attempts=3).wait_s(2, chance=0.0) is not None
    assert Retries(attempts=3).wait_s(3, chance=0.0) is None
    assert Retries(attempts=10**9).wait_s(10**8, chance=0.0) == 4.0


def test_a_server_that_asks_for_too_long_is_not_asked_again() -> None:
    assert Retries().wait_s(1, chance=0.0, asked_s=59.0) == 59.0
    for asked in (61.0, math.inf, math.nan):
        assert Retries().wait_s(1, chance=0.0, asked_s=asked) is None


def test_those_who_were_told_the_same_time_do_not_come_back_together() -> None:
    waits = {Retries().wait_s(1, chance=chance / 10, asked_s=5.0) for chance in range(10)}
    assert len(waits) == 10


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Tue, 10 Mar 2026 12:00:30 GMT", 30.0),
        ("Tue, 10 Mar 2026 11:00:00 GMT", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        (None, 0.0),
        ("9" * 40, 999_999_999.0),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_by_a_date(header: str | None, seconds: float) -> None:
    assert retry_after(header, datetime(2026, 3, 10, 12, tzinfo=UTC)) == seconds
