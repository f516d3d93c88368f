"""What drills count: steps that ran again, percentiles, figures with which nothing can be measured."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.casework.journal import Step
from roadworthy.errors import InputProblem
from roadworthy.measure.drills.crash import Crash, steps_run_again
from roadworthy.measure.drills.load import Load, nearest
from roadworthy.ports.rehearsing import Sighting
from roadworthy.quantities import Cost, Id

BEGAN = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NAMES = ("predict:intent", "retrieve:help", "generate:reply")


def recorded(*seconds: float) -> dict[tuple[str, int], list[Step]]:
    """Steps of one run, recorded so many seconds after its beginning."""
    return {
        ("c", 1): [
            Step(Id("c"), 1, place, NAMES[place], "", Id("p"), 1, 1, Cost(0), BEGAN + timedelta(seconds=at))
            for place, at in enumerate(seconds)
        ]
    }


def began(place: int, at: float, *, process: int = 1) -> Sighting:
    return Sighting("step", BEGAN.timestamp() + at, process, "c/1", NAMES[place], "")


def test_a_run_in_which_every_step_begins_before_it_is_recorded_repeats_nothing() -> None:
    seen = [began(0, 0.5), began(1, 1.5), began(2, 2.5)]
    assert steps_run_again(seen, recorded(1, 2, 3)) == 0


def test_an_attempt_that_a_kill_cut_short_is_no_repetition() -> None:
    seen = [began(0, 0.5), began(1, 1.2), began(1, 1.5, process=2), began(2, 2.5, process=2)]
    assert steps_run_again(seen, recorded(1, 2, 3)) == 0


def test_a_recorded_step_that_begins_once_more_is_counted() -> None:
    seen = [began(0, 0.5), began(1, 1.5), began(0, 2.2, process=2), began(2, 2.5, process=2)]
    assert steps_run_again(seen, recorded(1, 2, 3)) == 1


def test_a_step_after_the_end_of_its_run_is_counted() -> None:
    assert steps_run_again([began(2, 9)], recorded(1, 2, 3)) == 1


def test_a_step_that_never_ended_because_people_took_the_case_is_not_counted() -> None:
    assert steps_run_again([began(0, 0.5), began(1, 1.5)], recorded(1)) == 0


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert nearest([float(value) for value in range(1, 101)], 0.95) == 95
    assert nearest([1.0, 2.0], 0.99) == 2
    assert math.isnan(nearest([], 0.5))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0.01, 1))
def test_at_least_that_part_lies_at_or_below_the_percentile(values: list[float], part: float) -> None:
    ascending = sorted(values)
    found = nearest(ascending, part)
    assert sum(value <= found for value in ascending) >= part * len(ascending) - 1e-9


@pytest.mark.parametrize(
    "asked",
    [
        Load(seconds=0),
        Load(factor=math.nan),
        Load(rate=-1),
        Load(workers=0),
        Crash(kills=0),
        Crash(cases=0),
    ],
)
def test_figures_that_measure_nothing_are_refused(asked: Load | Crash) -> None:
    with pytest.raises(InputProblem) as refused:
        asked.check()
    assert refused.value.code == "RW-DRILL-008"
