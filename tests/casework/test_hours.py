"""Business hours: deadlines that pass only while somebody works, through nights, holidays and changes of clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.hours import AlwaysOpen, BusinessHours

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = {day: ((time(9), time(12, 30)), (time(13, 30), time(17))) for day in range(5)}
OFFICE = BusinessHours(BERLIN, WEEK, frozenset({date(2026, 12, 25)}))
NIGHT = BusinessHours(BERLIN, {day: ((time(0), time(0)),) for day in range(7)})
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20)).map(lambda at: at.replace(tzinfo=UTC))
lengths = st.timedeltas(timedelta(0), timedelta(hours=60))


def berlin(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        (berlin(2026, 5, 4, 9, 0), 2, berlin(2026, 5, 4, 11, 0)),
        (berlin(2026, 5, 4, 12, 0), 1, berlin(2026, 5, 4, 14, 0)),
        (berlin(2026, 5, 8, 16, 0), 2, berlin(2026, 5, 11, 10, 0)),
        (berlin(2026, 5, 9, 3, 0), 0, berlin(2026, 5, 11, 9, 0)),
        (berlin(2026, 12, 24, 16, 0), 2, berlin(2026, 12, 28, 10, 0)),
        (berlin(2026, 5, 4, 9, 0), 7, berlin(2026, 5, 4, 17, 0)),
    ],
)
def test_a_deadline_passes_only_while_somebody_works(start: datetime, hours: int, due: datetime) -> None:
    assert OFFICE.after(start, timedelta(hours=hours)) == due


def test_the_hour_that_clocks_skip_was_never_worked_and_the_one_they_repeat_is_worked_twice() -> None:
    spring, autumn = berlin(2026, 3, 29, 0, 0), berlin(2026, 10, 25, 0, 0)
    day = timedelta(hours=24)
    assert NIGHT.between(spring, berlin(2026, 3, 30, 0, 0)) == timedelta(hours=23)
    assert NIGHT.between(autumn, berlin(2026, 10, 26, 0, 0)) == timedelta(hours=25)
    assert NIGHT.after(spring, day) == spring.astimezone(UTC) + day
    early = BusinessHours(BERLIN, {6: ((time(1), time(4)),)})
    assert early.between(spring, berlin(2026, 3, 30, 0, 0)) == timedelta(hours=2)
    assert early.between(autumn, berlin(2026, 10, 26, 0, 0)) == timedelta(hours=4)


def test_opening_inside_the_hour_that_clocks_skip_never_runs_backwards() -> None:
    odd = BusinessHours(BERLIN, {6: ((time(2, 15), time(2, 45)), (time(2, 45), time(4)))})
    total = odd.between(berlin(2026, 3, 29, 0, 0), berlin(2026, 3, 30, 0, 0))
    assert timedelta(0) <= total <= timedelta(hours=2)


@given(moments, lengths)
def test_what_has_passed_at_the_deadline_is_what_was_given(start: datetime, length: timedelta) -> None:
    due = OFFICE.after(start, length)
    assert due >= start
    assert OFFICE.between(start, due) == length


@given(moments, lengths, lengths)
def test_two_lengths_after_one_another_are_as_long_as_both(
    start: datetime, one: timedelta, other: timedelta
) -> None:
    assert OFFICE.after(OFFICE.after(start, one), other) == OFFICE.after(start, one + other)


@given(moments, moments)
def test_working_time_is_never_more_than_time(start: datetime, end: datetime) -> None:
    worked = OFFICE.between(start, end)
    assert timedelta(0) <= worked <= max(timedelta(0), end - start)


def test_nobody_ever_works_in_an_empty_calendar_so_time_passes_as_it_does() -> None:
    closed = BusinessHours(BERLIN, {})
    start = datetime(2026, 5, 4, tzinfo=UTC)
    assert closed.after(start, timedelta(hours=4)) == start + timedelta(hours=4)
    assert AlwaysOpen().between(start, start - timedelta(hours=1)) == timedelta(0)
