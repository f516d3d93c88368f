"""Costs of cases that were really worked: books, budget, forecast, unusual days and advice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.operate.flows import reply
from tests.operate.office import BEN, OLGA, SHOP, START, Office

from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.business.costs.rows import Work
from roadworthy.errors import InputProblem, NotFound, Refused
from roadworthy.measure.costs import advise, books, budgets, focus, unusual, volume_forecast
from roadworthy.quantities import Cost

COSTS = SqlCosts()
TODAY = START.date()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.store.close()


@pytest.fixture
def worked(office: Office) -> Office:
    """Two cases of one sender that ask the same, and one that a person has to see."""
    office.release(reply)
    for key, text in (("K-1", "refund 0.9"), ("K-2", "refund 0.9"), ("K-3", "refund 0.1")):
        office.submit(key, text)
    office.engine.drain()
    return office


def test_the_books_hold_what_the_cases_cost_to_the_nano_unit(worked: Office) -> None:
    found = books(worked.deployment, OLGA, ["desk"], costs=COSTS, first=TODAY, last=TODAY)
    with worked.store.read() as tx:
        cases = worked.store.cases.list(tx, "desk").rows
    assert len(cases) == 3
    live = [line for line in found.lines(by=("work",), period="all") if line.work == "live"]
    assert sum(line.cost.nano for line in live) == sum(case.cost.nano for case in cases)
    (one,) = found.per_case()
    assert (one.cases, one.usage) == (3, sum((case.cost for case in cases), start=Cost(0)))
    assert {line.step for line in found.lines(by=("step",), period="all")} >= {
        "predict:intent",
        "call:books.look",
        "generate:reply",
    }
    assert {line.unit for line in found.lines(by=("unit",), period="all")} == {"olga"}
    assert found.unpriced() == ()


def test_the_budget_counts_what_was_decided_and_the_forecast_says_it_is_too_early(worked: Office) -> None:
    found = books(worked.deployment, OLGA, ["desk"], costs=COSTS, first=TODAY, last=TODAY)
    ((used, end),) = budgets(worked.deployment, found, costs=COSTS, today=TODAY)
    assert used.limit == Cost(1_000 * 10**9)
    assert used.spent == used.counted
    assert end.band is None
    assert "too little" in end.note
    assert "too little" in volume_forecast(worked.deployment, OLGA, "desk", costs=COSTS, today=TODAY).note
    assert unusual(worked.deployment, OLGA, "desk", costs=COSTS, today=TODAY).looked == 0


def test_equal_calls_for_one_subject_are_offered_as_a_cache(worked: Office) -> None:
    tomorrow = TODAY + timedelta(days=1)
    found = advise(worked.deployment, OLGA, "desk", costs=COSTS, today=tomorrow, days=1)
    assert {one.kind for one in found} == {"cache"}
    # Reads of systems are no offer, however often they repeat.
    assert not any(one.subject.startswith("call:") for one in found)
    assert any(one.subject.startswith("predict:intent") for one in found)
    assert all(one.yearly.nano > 0 and not one.ready for one in found)


def test_a_month_is_exported_twice_as_the_same_bytes(worked: Office) -> None:
    first, last = TODAY.replace(day=1), TODAY.replace(day=31)
    texts = [
        focus(
            books(worked.deployment, OLGA, [], costs=COSTS, first=first, last=last),
            month=first,
            account="acme",
        )
        for _ in range(2)
    ]
    assert texts[0] == texts[1]
    assert texts[0].count("\n") == 1 + 3
    assert '""use_case"":""desk""' in texts[0]


def test_wrong_days_and_unknown_use_cases_are_told_with_the_next_step(worked: Office) -> None:
    with pytest.raises(InputProblem) as backwards:
        books(worked.deployment, OLGA, [], costs=COSTS, first=TODAY, last=TODAY - timedelta(days=1))
    assert backwards.value.code == "RW-COST-001"
    with pytest.raises(NotFound) as unknown:
        books(worked.deployment, OLGA, ["dezk", "x"], costs=COSTS, first=TODAY, last=TODAY)
    assert unknown.value.code == "RW-COST-002"
    assert len(unknown.value.problems) == 2
    with pytest.raises(InputProblem) as none:
        advise(worked.deployment, OLGA, "desk", costs=COSTS, today=TODAY, days=0)
    assert none.value.code == "RW-COST-003"


def test_a_client_does_not_see_what_cases_cost(worked: Office) -> None:
    with pytest.raises(Refused):
        books(worked.deployment, SHOP, ["desk"], costs=COSTS, first=TODAY, last=TODAY)
    assert books(worked.deployment, BEN, ["desk"], costs=COSTS, first=TODAY, last=TODAY).steps


def test_every_day_stands_in_the_series_a_day_without_cases_as_nothing(office: Office) -> None:
    office.release(reply)
    office.submit("K-1")
    office.engine.drain()
    office.clock.advance(timedelta(days=40))
    office.submit("K-2")
    office.engine.drain()
    today = TODAY + timedelta(days=41)
    found = books(office.deployment, OLGA, ["desk"], costs=COSTS, first=TODAY, last=today)
    assert len([row for row in found.steps if row.work is Work.LIVE]) == 6
    ((_, end),) = budgets(office.deployment, found, costs=COSTS, today=today)
    assert end.history == 41
    assert end.band is not None
