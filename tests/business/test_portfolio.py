"""Ideas side by side: ranks over futures, the best choice under capacities, and what comes when."""

import itertools
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from tests.business.material import POLICY, TODAY, judged, returns, valued

from roadworthy.business import (
    UNKNOWN,
    Candidate,
    Capacity,
    Conclusion,
    Facts,
    Range,
    Unpriced,
    compared,
    decide,
    read_assessment,
    shipped_policy,
    value_of,
)
from roadworthy.business.assessment import Assessment
from roadworthy.business.knapsack import choose
from roadworthy.errors import InputProblem

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "portfolio"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.integers(1, 10))
def test_the_choice_is_the_best_of_all_subsets(seed: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    weights = np.column_stack(
        [rng.lognormal(0, 1, items), rng.lognormal(0, 0.5, items), rng.random(items) < 0.3]
    ).astype(float)
    capacity = np.array(
        [
            weights[:, 0].sum() * rng.uniform(0, 1.1),
            weights[:, 1].sum() * rng.uniform(0.1, 1.1),
            rng.integers(0, 3),
        ]
    )
    values = rng.normal(0.5, 2, (12, items))
    chosen = choose(values, weights, capacity)
    subsets = np.array(list(itertools.product([0, 1], repeat=items)))
    fitting = subsets[(subsets @ weights <= capacity + 1e-9).all(axis=1)]
    best = (values @ fitting.T).max(axis=1)
    assert ((chosen @ weights) <= capacity + 1e-6).all()
    assert (values * chosen).sum(axis=1) == pytest.approx(best, abs=1e-9)


def test_the_choice_among_forty_is_that_of_an_independent_solver() -> None:
    rng = np.random.default_rng(8)
    cost, hours, high = rng.lognormal(10, 0.8, 40), rng.lognormal(2, 0.7, 40), (rng.random(40) < 0.3) * 1.0
    weights = np.column_stack([cost, hours, high])
    capacity = np.array([cost.sum() * 0.2, hours.sum() * 0.25, 2.0])
    values = cost * rng.lognormal(0.3, 0.7, (12, 40)) - 0.4 * cost
    found = (values * choose(values, weights, capacity)).sum(axis=1)
    for row, best in zip(values, found, strict=True):
        solved = milp(-row, constraints=LinearConstraint(weights.T, ub=capacity), integrality=np.ones(40), bounds=Bounds(0, 1),
                      options={"mip_rel_gap": 0.0})  # fmt: skip
        assert best == pytest.approx(-solved.fun, rel=1e-6)


def test_more_than_sixty_four_items_are_chosen_from_as_well() -> None:
    rng = np.random.default_rng(9)
    weights = np.ones((90, 1))
    values = rng.uniform(1, 2, (5, 90))
    chosen = choose(values, weights, np.array([30.0]))
    assert (chosen.sum(axis=1) == 30).all()
    assert (values * chosen).sum(axis=1) == pytest.approx(np.sort(values)[:, -30:].sum(axis=1))


def a_candidate(name: str, idea: Assessment | None = None, **figures: Range) -> Candidate:
    source = idea or returns()
    named = Assessment(name, name, source.currency, source.answers)
    for field, held in figures.items():
        question = {"cases_per_month": "volume", "build_cost": "integration", "build_weeks": "integration"}[
            field
        ]
        named = named.with_field(question, field, held)
    return Candidate(named, judged(named), valued(named))


PLENTY = Capacity(1e9, "EUR", 1e6, 99)


def test_ideas_are_ranked_by_what_a_week_brings_and_shares_add_up() -> None:
    found = compared(
        [
            a_candidate("small"),
            a_candidate("big", cases_per_month=Range(8e3, 9e3, 1e4)),
            a_candidate("slow", build_weeks=Range(30, 40, 50)),
        ],
        PLENTY,
        POLICY,
    )
    by_name = {one.idea: one for one in found.standings}
    assert found.standings[0].idea == "big"
    assert by_name["slow"].rank == 3
    assert sum(one.first for one in found.standings) == pytest.approx(1)
    assert sum(one.top_three for one in found.standings) == pytest.approx(3)


def test_the_order_of_the_ideas_changes_nothing() -> None:
    ideas = [
        a_candidate(name, cases_per_month=Range(n * 1e3, n * 1.2e3, n * 1.5e3))
        for n, name in ((2, "b"), (3, "a"), (4, "c"))
    ]
    capacity = Capacity(100_000, "EUR", 30, 1)
    assert compared(ideas, capacity, POLICY).as_json() == compared(ideas[::-1], capacity, POLICY).as_json()


def test_ideas_to_fund_come_before_those_to_govern_and_those_before_the_rest() -> None:
    blocked = a_candidate(
        "blocked", returns().with_field("fallback", "plan", UNKNOWN), cases_per_month=Range(8e3, 9e3, 1e4)
    )
    waiting = a_candidate("waiting", returns().with_field("kpi", "baseline", UNKNOWN))
    found = compared([waiting, blocked, a_candidate("ready")], PLENTY, POLICY)
    assert [(one.idea, one.rank) for one in found.standings] == [
        ("ready", 1),
        ("blocked", 2),
        ("waiting", None),
    ]
    assert found.together == ("ready",)


def test_capacities_are_kept_and_quarters_begin_what_is_left() -> None:
    ideas = [a_candidate(f"idea-{n}") for n in range(4)]
    found = compared(ideas, Capacity(100_000, "EUR", 1e6, 9), POLICY, quarters=2)
    assert len(found.together) == 2
    assert [len(quarter) for quarter in found.quarters] == [2, 2]
    tight = compared(ideas, Capacity(1e9, "EUR", 12, 9), POLICY, quarters=2)
    assert [len(quarter) for quarter in tight.quarters] == [1, 0]


def test_no_more_high_tier_ideas_begin_than_there_is_appetite_for() -> None:
    high = returns().with_field("people", "high_risk", ("credit",))
    ideas = [a_candidate(f"high-{n}", high, cases_per_month=Range(9e3, 1e4, 1.1e4)) for n in range(3)]
    # Reviews at this volume take more hours than the desk has.
    ideas = [
        Candidate(
            one.assessment, judged(one.assessment.with_field("review", "hours_per_week", 500.0)), one.value
        )
        for one in ideas
    ]
    assert {one.verdict.conclusion for one in ideas} == {Conclusion.FUND}
    assert len(compared(ideas, Capacity(1e9, "EUR", 1e6, 1), POLICY).together) == 1


def test_an_idea_that_another_beats_in_everything_is_flagged_with_by_whom() -> None:
    richer = returns().with_field("hourly_cost", "cost_per_hour", Range(80, 90, 100))
    dear = a_candidate("dear", build_cost=Range(6e4, 7e4, 1.2e5))
    found = compared([dear, a_candidate("rich", richer)], PLENTY, POLICY)
    assert {one.idea: one.dominated_by for one in found.standings} == {"rich": (), "dear": ("rich",)}
    # More volume brings more and takes more of the reviewers' hours: then neither beats the other.
    busy = a_candidate("busy", richer, cases_per_month=Range(4000, 5000, 6000))
    found = compared([dear, busy], PLENTY, POLICY)
    assert [one.dominated_by for one in found.standings] == [(), ()]


def test_what_cannot_be_compared_is_refused_with_all_reasons() -> None:
    one = a_candidate("one")
    other = Candidate(one.assessment, one.verdict, value_of(one.assessment, POLICY, seed=99, draws=2000))
    with pytest.raises(InputProblem) as raised:
        compared([one, other], Capacity(-1, "USD", 1, 1), POLICY)
    assert raised.value.code == "RW-BUSINESS-020"
    told = raised.value.message
    assert "two ideas have this name" in told
    assert "the portfolio in USD" in told
    assert "different seeds" in told
    assert "budget" in told
    with pytest.raises(InputProblem):
        compared([], PLENTY, POLICY)


def test_ideas_without_a_value_stand_last_and_unranked() -> None:
    unknown = a_candidate("unknown", returns().with_field("volume", "cases_per_month", UNKNOWN))
    assert isinstance(unknown.value, Unpriced)
    found = compared([unknown], PLENTY, POLICY)
    assert found.standings[0].rank is None
    assert found.together == ()


def test_the_twelve_examples_get_the_verdicts_they_are_known_for() -> None:
    expected = json.loads((EXAMPLES / "expected.json").read_text(encoding="utf-8"))
    policy, today = shipped_policy(), date.fromisoformat(expected["today"])
    assert policy.version == expected["policy"]
    found, candidates = {}, []
    for file in sorted(EXAMPLES.glob("*.yaml")):
        idea = read_assessment(file.read_text(encoding="utf-8"), file=file.name)
        assert idea.idea == file.stem
        value = value_of(idea, policy, seed=expected["seed"])
        verdict = decide(idea, Facts(), value, policy, today)
        candidates.append(Candidate(idea, verdict, value))
        found[idea.idea] = {
            "verdict": verdict.conclusion.value,
            "reasons": [reason.code for reason in verdict.reasons],
            "blockers": [blocker.reason.code for blocker in verdict.blockers],
            "tier": verdict.tier.level,
            "begin_inside": verdict.begin_inside,
        }
    assert len(found) == 12
    assert found == expected["ideas"]
    assert {one["verdict"] for one in found.values()} == {"fund", "govern first", "wait", "refuse"}
    portfolio = compared(candidates, Capacity(120_000, "EUR", 150, 1), policy)
    assert portfolio.quarters[0]
    assert today == TODAY
