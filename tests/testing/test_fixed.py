from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from roadworthy.testing.fixed import FixedClock, SeededEntropy

AT = datetime(2026, 1, 2, tzinfo=UTC)


def test_a_clock_stands_still_until_it_is_told_to_go_on() -> None:
    clock = FixedClock(AT)
    assert clock.now() == clock.now() == AT
    assert clock.advance(timedelta(hours=1)) == clock.now() == AT + timedelta(hours=1)


@pytest.mark.parametrize("at", [AT.replace(tzinfo=None), AT.astimezone(timezone(timedelta(hours=1)))])
def test_a_clock_shows_utc(at: datetime) -> None:
    with pytest.raises(ValueError, match="UTC"):
        FixedClock(at)


def test_entropy_repeats_for_the_same_seed_only() -> None:
    one, same, other = SeededEntropy(1), SeededEntropy(1), SeededEntropy(2)
    asked = [one.bytes(count) for count in (0, 1, 10, 32, 33, 100, 10, 10)]
    assert [len(found) for found in asked] == [0, 1, 10, 32, 33, 100, 10, 10]
    assert asked == [same.bytes(count) for count in (0, 1, 10, 32, 33, 100, 10, 10)]
    assert asked[-1] != asked[-2]
    assert other.bytes(100) != SeededEntropy(1).bytes(100)
