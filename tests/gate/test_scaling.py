"""How will this scale: from what was measured, with what breaks first and what nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gate.material import CHARTER, evidence, measurement

from roadworthy.evidence import Measurement
from roadworthy.gate.scaling import FEWEST, WORKING_HOURS, Limit, Pace, Scale, scale
from roadworthy.quantities import Interval

HOURLY = 9000 / WORKING_HOURS


def cost(value: float = 0.004, high: float = 0.005) -> Measurement:
    return measurement(value, kind="cost.per_case", unit="EUR", interval=Interval(value, high))


def load(value: float = 0.2, high: float = 0.25) -> Measurement:
    return measurement(value, kind="business.review_load", interval=Interval(0.1, high))


def limits(*measured: Measurement, pace: Pace | None = None) -> dict[str, Limit]:
    return {one.name: one for one in found(*measured, pace=pace).limits}


def found(*measured: Measurement, pace: Pace | None = None) -> Scale:
    return scale(CHARTER, evidence(*measured), pace or Pace())


def test_the_worse_end_of_the_interval_decides_when_the_budget_breaks() -> None:
    budget = limits(cost())["the monthly budget"]
    assert budget.breaks_at == pytest.approx(120 / (0.005 * 9000))
    assert [at.holds for at in budget.at] == [True, False, False]
    assert [at.value for at in budget.at] == pytest.approx([45, 135, 450])


def test_the_first_to_break_is_named_with_what_nobody_measured() -> None:
    told = found(cost(), load(high=0.6))
    assert told.first is not None
    assert told.first.name == "the reviewers' time"
    assert told.sentence.startswith("the reviewers' time breaks first, beyond 1.6 times the expected 9,000")
    assert told.sentence.endswith("not known how far these go: the time of a case, the throughput")


def test_what_breaks_before_the_expected_volume_is_said_so() -> None:
    assert found(load(value=1.1, high=1.4)).sentence.startswith(
        "the reviewers' time breaks before the expected 9,000 cases a month are reached"
    )


def test_with_nothing_measured_nothing_is_claimed() -> None:
    told = found()
    assert told.first is None
    assert told.sentence.startswith("nothing was measured that tells where it breaks")
    assert {at.holds for limit in told.limits for at in limit.at} == {None}
    assert "never measured" in told.limits[0].rests_on


def test_a_cost_in_another_unit_is_no_cost_in_euro() -> None:
    other = measurement(0.004, kind="cost.per_case", unit="USD")
    assert limits(other)["the monthly budget"].breaks_at is None


def test_a_rate_counts_as_far_as_it_was_worked() -> None:
    pace = Pace(n=FEWEST, p95_seconds=10, busiest_hour=int(HOURLY * 3) + 1)
    told = limits(pace=pace)
    assert [at.holds for at in told["the throughput"].at] == [True, True, None]
    assert [at.holds for at in told["the time of a case"].at] == [True, True, None]
    assert told["the throughput"].breaks_at is None


def test_a_load_drill_says_where_the_throughput_ends() -> None:
    drill = measurement(
        0.06,
        kind="operation.throughput",
        unit="cases per second",
        interval=Interval(HOURLY * 4 / 3600, 1.0),
    )
    told = limits(drill)["the throughput"]
    assert told.breaks_at == pytest.approx(4)
    assert [at.holds for at in told.at] == [True, True, False]


def test_a_case_that_is_too_slow_already_is_too_slow_at_every_volume() -> None:
    told = found(pace=Pace(n=100, p95_seconds=31, busiest_hour=10))
    assert [at.holds for at in {one.name: one for one in told.limits}["the time of a case"].at] == [
        False
    ] * 3
    assert told.first is not None
    assert told.first.name == "the time of a case"


def test_what_costs_nothing_never_breaks_and_is_null_in_the_document() -> None:
    told = found(cost(0.0, 0.0))
    assert "nothing that was measured grows" in told.sentence
    document = told.as_json()["limits"]
    assert isinstance(document, list)
    assert document[0]["breaks_at"] is None


@given(st.floats(0, 10), st.floats(0, 10))
def test_what_holds_at_a_volume_holds_at_a_smaller_one(price: float, reviewed: float) -> None:
    for limit in found(cost(price, price), load(min(reviewed, 0.2), max(reviewed, 0.2))).limits:
        holds = [at.holds for at in limit.at]
        assert holds == sorted(holds, key=lambda one: (one is None, one is False))
