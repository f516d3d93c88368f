"""The value of a month from counts: by hand, and unknown where something is not known."""

from __future__ import annotations

import pytest
from tests.operate.office import CHARTER

from roadworthy.business.month import Counted, month_value
from roadworthy.charter import read
from roadworthy.quantities import Cost, Money

VALUES = (
    "value: {cases_per_month: 100, minutes_per_case: 6, cost_per_hour: 30.00 EUR, cost_of_error: 20.00 EUR}"
)
DESK = read(
    CHARTER.replace(
        "value: {cases_per_month: 100, minutes_per_case: 1, cost_per_hour: 1.00 EUR, cost_of_error: 1.00 EUR}",
        VALUES,
    ),
    file="charter.yaml",
)
NOTHING = Counted(0, 0, 0, 0, 0, 0, Cost(0))


def test_a_month_by_hand() -> None:
    # 100 cases of 6 minutes, 10 done whole by people, 30 reviews of a minute: 510 minutes at 0.50 EUR.
    found = month_value(DESK, Counted(100, 80, 10, 30, 40, 1, Cost(1_500_000_000)))
    assert found.saved == Money(255_00, "EUR")
    # One of 40 known was wrong: two of 80, 20 EUR each. Usage is 1.50 EUR.
    assert found.harm == Money(40_00, "EUR")
    assert found.net == Money(213_50, "EUR")
    assert found.why == ""


def test_a_month_in_which_nothing_ended_brought_nothing() -> None:
    assert month_value(DESK, NOTHING).net == Money(0, "EUR")


def test_people_who_do_all_of_it_save_nothing() -> None:
    assert month_value(DESK, Counted(5, 0, 5, 0, 0, 0, Cost(0))).saved == Money(0, "EUR")


@pytest.mark.parametrize(
    ("counted", "why"),
    [
        (Counted(5, 5, 0, 0, 0, 0, Cost(0)), "nobody knows yet"),
        (Counted(5, 5, 0, 0, 5, 0, Cost(7, "USD")), "usage is counted in USD"),
    ],
)
def test_what_is_not_known_makes_no_sum(counted: Counted, why: str) -> None:
    found = month_value(DESK, counted)
    assert found.net is None
    assert why in found.why
    assert found.as_json()["net"] is None
