"""The books add up whatever they are told apart by, and what has no price is told."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.business.costs.report import (
    BY,
    BudgetUsed,
    Rates,
    lines,
    page,
    per_case,
    review_cost,
    showback,
    unpriced,
)
from roadworthy.business.costs.rows import CaseCost, EvaluationCost, ReviewCount, StepCost, Work
from roadworthy.quantities import Cost

DAY = date(2026, 11, 3)
RATES = {
    name: Rates(name, unit, Cost(10), Cost(1_000), review_cost(minutes=3, per_hour=Cost(40 * 10**9)), 100, {
        ("r1", "predict:intent"): "big-model"
    })
    for name, unit in (("support", "olga"), ("claims", "carl"))
}  # fmt: skip

steps = st.builds(
    StepCost,
    day=st.dates(date(2026, 10, 25), date(2026, 11, 8)),
    use_case=st.sampled_from(sorted(RATES)),
    release=st.sampled_from(["r1", "r2"]),
    work=st.sampled_from(list(Work)),
    step=st.sampled_from(["predict:intent", "call:crm.look"]),
    calls=st.integers(1, 9),
    attempts=st.integers(9, 20),
    unpriced=st.integers(0, 2),
    cost=st.builds(Cost, st.integers(0, 10**12)),
    interrupted=st.just(Cost(3)),
)


def a_step(**changes: object) -> StepCost:
    values: dict[str, object] = {
        "day": DAY, "use_case": "support", "release": "r1", "work": Work.LIVE, "step": "predict:intent",
        "calls": 10, "attempts": 12, "unpriced": 0, "cost": Cost(500), "interrupted": Cost(20),
    }  # fmt: skip
    return StepCost(**{**values, **changes})  # type: ignore[arg-type]


def a_case(**changes: object) -> CaseCost:
    values: dict[str, object] = {
        "day": DAY, "use_case": "support", "release": "r1", "work": Work.LIVE, "slice": "de",
        "handled_by": "automatic", "closed": True, "cases": 8, "cost": Cost(800),
    }  # fmt: skip
    return CaseCost(**{**values, **changes})  # type: ignore[arg-type]


@settings(max_examples=50)
@given(st.lists(steps, max_size=12))
def test_sums_are_the_same_whatever_lines_are_told_apart_by(found: list[StepCost]) -> None:
    total = sum(row.cost.nano for row in found)
    for size in range(len(BY) + 1):
        for by in combinations(BY, size):
            told = lines(found, [], RATES, by=by, period="month")
            assert sum(line.cost.nano for line in told) == total
            assert sum(line.calls for line in told) == sum(row.calls for row in found)


def test_the_model_behind_a_step_and_the_unit_that_pays_stand_on_the_line() -> None:
    (line,) = lines([a_step()], [], RATES)
    assert (line.model, line.unit, line.retries, line.interrupted) == ("big-model", "olga", 2, Cost(20))


def test_lines_come_by_day_by_month_or_all_at_once() -> None:
    found = [a_step(), a_step(day=DAY + timedelta(days=1)), a_step(day=date(2026, 12, 1))]
    assert [len(lines(found, [], RATES, period=period)) for period in ("day", "month", "all")] == [3, 2, 1]


def test_evaluations_are_lines_of_their_own_and_live_work_is_apart() -> None:
    evaluated = EvaluationCost(DAY, "support", "", "intents", 5, Cost(7), Cost(9))
    told = lines([a_step(), a_step(work=Work.MIRROR)], [evaluated], RATES, by=("work", "step"))
    assert {(line.work, line.step): line.cost.nano for line in told} == {
        ("live", "predict:intent"): 500,
        ("mirror", "predict:intent"): 500,
        ("evaluation", "answer:intents"): 7,
        ("evaluation", "grade:intents"): 9,
    }


def test_a_case_costs_machines_and_the_people_who_look_at_it() -> None:
    found = per_case(
        [a_case(), a_case(closed=False, cases=2, cost=Cost(0)), a_case(work=Work.PILOT), a_case(use_case="claims")],
        [ReviewCount(DAY, "support", "r1", Work.LIVE, "effect", 5), ReviewCount(DAY, "support", "r1", Work.PILOT, "effect", 50)],
        RATES["support"],
    )  # fmt: skip
    assert (found.cases, found.resolved, found.automatic, found.reviews) == (10, 8, 8, 5)
    assert found.people == Cost(5 * 2 * 10**9)
    assert found.each == Cost((10**10 + 800) // 10)
    assert found.each_resolved == Cost((10**10 + 800) // 8)
    assert found.usage_each == Cost(80)


def test_two_currencies_are_not_added_and_no_case_has_no_cost() -> None:
    swiss = Rates("support", "olga", Cost(10), Cost(10), Cost(5, "CHF"), 1, {})
    asked = [ReviewCount(DAY, "support", "r1", Work.LIVE, "effect", 1)]
    assert per_case([a_case()], asked, swiss).each is None
    assert per_case([], [], RATES["support"]).each is None


def test_a_reviewers_minutes_are_rounded_to_the_nano_unit() -> None:
    assert review_cost(minutes=1, per_hour=Cost(10**9)) == Cost(16_666_667)


def test_what_has_no_price_is_told_and_never_free() -> None:
    running = EvaluationCost(DAY, "support", "", "intents", 5, Cost(7), None)
    found = unpriced(
        [a_step(unpriced=3, step="call:crm.look"), a_step()], [running], free={("r1", "predict:intent"): "free-model"}
    )  # fmt: skip
    assert [(one.what, one.calls) for one in found] == [
        ("call:crm.look", 3),
        ("grade:intents", 5),
        ("predict:intent (free-model)", 10),
    ]


def test_the_part_of_a_budget_that_is_gone() -> None:
    assert BudgetUsed("support", "2026-11", Cost(1_000), Cost(500), Cost(480)).share == 0.5
    assert BudgetUsed("support", "2026-11", Cost(0), Cost(500), Cost(480)).share is None


def test_each_unit_is_shown_what_it_owes() -> None:
    found = lines([a_step(), a_step(use_case="claims"), a_step(work=Work.PILOT)], [], RATES, by=("unit",))
    assert showback(found) == (("carl", Cost(500)), ("olga", Cost(1_000)))


def test_pages_follow_one_another_to_the_end() -> None:
    found = lines([a_step(day=DAY + timedelta(days=at)) for at in range(5)], [], RATES, period="day")
    first, after = page(found, limit=3)
    second, end = page(found, after=after, limit=3)
    assert first + second == found
    assert end == 0


@pytest.mark.parametrize("after", [5, 99])
def test_a_page_behind_the_end_is_empty(after: int) -> None:
    assert page((), after=after) == ((), 0)
