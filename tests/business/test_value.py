"""Value in ranges: distributions, money over time, and the worth of knowing more."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.business.material import POLICY, returns, valued

from roadworthy.business import (
    UNKNOWN,
    Counts,
    Estimate,
    Facts,
    Range,
    Unpriced,
    Value,
    evpi,
    evppi,
    label_gap,
    value_of,
)
from roadworthy.business.figures import figures_of, widened
from roadworthy.business.simulation import simulate, timetable
from roadworthy.business.spreads import Z90, BetaShare, Fixed, amount, counted, share
from roadworthy.errors import InputProblem
from roadworthy.quantities import Share
from roadworthy.trust import labels_needed

ENDS = np.array([-Z90, 0.0, Z90])


def test_an_even_range_is_the_lognormal_of_the_textbook() -> None:
    low, middle, high = 10.0, 30.0, 90.0
    sigma = math.log(high / low) / 2.563
    normal = np.linspace(-3, 3, 25)
    expected = stats.lognorm(sigma, scale=middle).ppf(stats.norm.cdf(normal))
    assert np.allclose(amount(low, middle, high).at(normal), expected, rtol=1e-3)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(1, 900) | st.just(0.0), min_size=3, max_size=3).map(sorted))
def test_an_amount_has_the_stated_quantiles_however_skewed(ends: list[float]) -> None:
    spread = amount(*ends)
    assert np.allclose(spread.at(ENDS), ends, rtol=1e-9, atol=1e-12)
    drawn = spread.at(np.linspace(-5, 5, 101))
    assert (np.diff(drawn) >= -1e-9 * drawn[:-1]).all()
    assert (drawn >= 0).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.002, 0.998), min_size=3, max_size=3, unique=True).map(sorted))
def test_a_share_has_the_stated_quantiles_and_stays_a_share(ends: list[float]) -> None:
    spread = share(*ends)
    drawn = spread.at(np.linspace(-6, 6, 121))
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert (np.diff(drawn) >= -1e-12).all()
    low, middle, high = (float(one) for one in spread.at(ENDS))
    assert middle == pytest.approx(ends[1], abs=2e-3)
    assert low == pytest.approx(ends[0], abs=2e-2)
    assert high == pytest.approx(ends[2], abs=2e-2)


def test_a_share_that_is_a_beta_is_found_again() -> None:
    true = stats.beta(3.0, 40.0)
    found = share(*map(float, true.ppf([0.1, 0.5, 0.9])))
    assert isinstance(found, BetaShare)
    assert found.below == pytest.approx((3.0, 40.0), rel=1e-3)
    assert found.above == pytest.approx((3.0, 40.0), rel=1e-3)


def test_counts_give_the_posterior_of_an_even_prior() -> None:
    normal = np.linspace(-3, 3, 13)
    expected = stats.beta(1 + 30, 1 + 10).ppf(stats.norm.cdf(normal))
    assert np.allclose(counted(30, 10).at(normal), expected, atol=5e-4)


def test_a_single_figure_is_read_as_a_range_and_a_stated_one_stays() -> None:
    assert widened(Range(100, 100, 100), 1.25, is_share=False) == Range(80, 100, 125)
    assert widened(Range(90, 100, 110), 1.25, is_share=False) == Range(90, 100, 110)
    assert widened(Range(0, 0, 0), 1.25, is_share=False) == Range(0, 0, 0)
    told = widened(Range(0.5, 0.5, 0.5), 1.25, is_share=True)
    assert (told.p10, told.p50, told.p90) == pytest.approx((0.4, 0.5, 0.6))


def sure(**figures: float) -> dict[str, Fixed]:
    return {name: Fixed(amount) for name, amount in figures.items()}


def test_without_chance_the_value_is_the_sum_of_the_formula() -> None:
    policy = POLICY.model_copy(update={"month_noise": 0.0, "figure_spread": 1.0})
    idea = returns()
    stated = figures_of(idea, Facts(), policy)
    fixed = replace(
        stated, figures=tuple(replace(one, spread=Fixed(one.range.p50), of="") for one in stated.figures)
    )
    found = simulate(fixed, policy, idea="x", seed=1, draws=100)
    known = {one.name: one.range.p50 for one in stated.figures}
    minute = known["hourly"] / 60
    a = known["automation_share"]
    per_case = (
        a * (known["minutes"] - known["minutes_left"]) * minute
        - a * known["error_share"] * known["error_cost"]
        - (1 - a) * (known["review_minutes"] - known["minutes"]) * minute
        - a * policy.spot_check_share * known["review_minutes"] * minute
        - known["price_per_case"] * (1 + policy.repeated_calls)
    )
    total = -known["build"]
    for month in range(1, policy.horizon_months + 1):
        live = month > policy.build_months
        ramp = min(1.0, max(0.0, (month - policy.build_months) / policy.ramp_months))
        money = ramp * known["volume"] * per_case - live * (
            known["infrastructure"]
            + known["people"]
            + policy.governance_hours_per_month.minimal * known["hourly"]
        )
        total += money / (1 + policy.discount_per_year) ** (month / 12)
    total -= known["exit"] / (1 + policy.discount_per_year) ** (policy.horizon_months / 12)
    assert found.npv == pytest.approx(np.full(100, total), rel=1e-9)


def test_the_months_discounted_are_the_value() -> None:
    figures = figures_of(returns(), Facts(), POLICY)
    found = simulate(figures, POLICY, idea="x", seed=3, draws=500)
    _, _, factor = timetable(POLICY)
    again = factor @ found.months() - found.drawn["build"] - found.drawn["exit"] * factor[-1]
    assert found.npv == pytest.approx(again, rel=1e-9)


def test_the_same_seed_gives_the_same_value_and_another_another() -> None:
    first, second = valued(returns()), valued(returns())
    assert isinstance(first, Value)
    assert first == second
    assert first.as_json() == second.as_json()
    other = value_of(returns(), POLICY, seed=6, draws=2000)
    assert isinstance(other, Value)
    assert other.mean != first.mean


def test_volumes_of_two_ideas_move_together_and_other_figures_do_not() -> None:
    figures = figures_of(returns(), Facts(), POLICY)
    one, two = (simulate(figures, POLICY, idea=name, seed=3, draws=10_000).drawn for name in ("a", "b"))
    together = np.corrcoef(np.log(one["volume"]), np.log(two["volume"]))[0, 1]
    assert together == pytest.approx(POLICY.moves_with_volume["volume"] ** 2, abs=0.04)
    assert abs(np.corrcoef(one["hourly"], two["hourly"])[0, 1]) < 0.04


def test_without_an_essential_answer_there_is_no_value() -> None:
    idea = returns().with_field("volume", "cases_per_month", UNKNOWN)
    assert valued(idea) == Unpriced(("volume.cases_per_month",))


def test_break_even_points_are_where_the_mean_is_nothing() -> None:
    idea = returns().with_field("review", "minutes_per_review", Range(7, 8, 9))
    figures = figures_of(idea, Facts(), POLICY)
    futures = simulate(figures, POLICY, idea=idea.idea, seed=5, draws=2000)
    value = valued(idea)
    assert isinstance(value, Value)
    assert value.break_even_automation is not None
    assert 0 < value.break_even_automation < 1
    assert futures.npv_with(automation_share=value.break_even_automation).mean() == pytest.approx(
        0, abs=1e-3
    )
    assert value.break_even_error_cost is not None
    assert futures.npv_with(error_cost=value.break_even_error_cost).mean() == pytest.approx(0, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-2, 2), st.floats(0, 3))
def test_knowing_one_figure_is_worth_something_from_nothing_to_everything(
    seed: int, mean: float, weight: float
) -> None:
    rng = np.random.default_rng(seed)
    figure = rng.lognormal(size=800)
    npv = mean + weight * (figure - 1.6) + rng.standard_normal(800)
    assert -1e-12 <= evppi(npv, figure) <= evpi(npv) + 1e-12


def test_the_value_of_knowing_is_that_of_the_closed_form() -> None:
    # NPV = x + y with x, y standard normal: knowing x is worth E[max(x, 0)] = 1/sqrt(2 pi).
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 40_000))
    assert evppi(x + y, x) == pytest.approx(1 / math.sqrt(2 * math.pi), abs=0.015)
    assert evpi(x + y) == pytest.approx(math.sqrt(2) / math.sqrt(2 * math.pi), abs=0.015)
    assert evppi(x + y, rng.standard_normal(40_000)) < 0.01


def test_an_idea_that_surely_gains_has_nothing_worth_measuring() -> None:
    idea = (
        returns()
        .with_field("volume", "cases_per_month", Range(90_000, 91_000, 92_000))
        .with_field("minutes", "minutes_per_case", Range(9, 10, 11))
        .with_field("error", "cost_of_error", Range(0.1, 0.1, 0.1))
        .with_field("review", "minutes_per_review", Range(1, 1.1, 1.2))
    )
    value = valued(idea)
    assert isinstance(value, Value)
    assert value.chance == 1
    assert value.evpi == 0
    assert value.measure_next == ""
    assert value.pay_back.never == 0


def test_a_fact_replaces_the_asked_range_of_its_figure_and_says_so() -> None:
    facts = Facts(
        automation=Counts(160, 200, "pilot of 3 November"),
        error=Estimate(0.02, 0.01, 0.04, 300, "spot checks"),
        cost_per_case=Estimate(0.05, 0.04, 0.06, 300, "probe"),
    )
    before = {one.name: one for one in figures_of(returns(), Facts(), POLICY).figures}
    after = {one.name: one for one in figures_of(returns(), facts, POLICY).figures}
    measured = {name for name, one in after.items() if one.came == "measured"}
    assert measured == {"automation_share", "error_share", "price_per_case"}
    assert all(after[name] == before[name] for name in before if name not in measured)
    assert after["automation_share"].range.p50 == pytest.approx(stats.beta(161, 41).median(), abs=1e-3)
    assert after["automation_share"].source == "pilot of 3 November, 160 of 200"
    low, high = after["price_per_case"].spread.at(np.array([-1.959964, 1.959964]))
    assert (low, high) == pytest.approx((0.04, 0.06), rel=1e-4)


def test_a_figure_that_nobody_knows_is_assumed_wide_and_named_as_assumed() -> None:
    idea = returns().with_field("operation", "people_per_month", UNKNOWN)
    figure = figures_of(idea, Facts(), POLICY)["people"]
    assert figure.came == "assumed"
    assert POLICY.version in figure.source
    assert figure.range.p50 == pytest.approx(POLICY.assumed.people.p50 * 45_000)


@pytest.mark.parametrize(("seed", "draws"), [(-1, 1000), (1, 10), (1, 10**9)])
def test_a_seed_or_number_of_draws_that_cannot_be_is_refused(seed: int, draws: int) -> None:
    with pytest.raises(InputProblem, match=r"expected") as raised:
        value_of(returns(), POLICY, seed=seed, draws=draws)
    assert raised.value.code == "RW-BUSINESS-013"


def test_facts_that_cannot_be_are_refused_together() -> None:
    with pytest.raises(InputProblem) as raised:
        Facts(automation=Counts(5, 3, "x"), error=Estimate(2.0, 0.1, 3.0, 1, "y"))
    assert raised.value.code == "RW-BUSINESS-012"
    assert len(raised.value.problems) == 2


def test_missing_labels_are_those_of_the_certificate_over_the_part_that_is_accepted() -> None:
    needed = labels_needed(alpha=Share(0.05), delta=Share(0.05), true_error=Share(0.03))
    assert needed is not None
    found = label_gap(400, alpha=0.05, delta=0.05, error=None, automation=0.5)
    assert found.needed == 2 * needed
    assert found.missing == 2 * needed - 400
    assert found.basis == "assumed"
    hopeless = label_gap(
        400, alpha=0.05, delta=0.05, error=Estimate(0.08, 0.05, 0.1, 200, "probe"), automation=0.5
    )
    assert hopeless.needed is None
    assert "no number of labels" in hopeless.sentence
