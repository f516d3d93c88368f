"""Waiting for others' work: until nothing is left, and not for ever."""

from __future__ import annotations

import pytest

from roadworthy.errors import Unavailable
from roadworthy.operate.work import wait_for


def test_waiting_ends_when_nothing_is_left_and_tells_how_far_it_is() -> None:
    counts, seen = iter([3, 2, 0]), []
    wait_for(lambda: next(counts), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (3, 3)]


def test_more_done_than_was_asked_for_is_an_end_too() -> None:
    counts = iter([2, -1])
    wait_for(lambda: next(counts))


def test_a_count_that_does_not_change_is_not_waited_for_forever() -> None:
    with pytest.raises(Unavailable) as told:
        wait_for(lambda: 2, patience_s=0.0)
    assert told.value.code == "RW-WORK-001"
