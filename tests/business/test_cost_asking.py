"""Advice on calls to models, held against sums made by hand."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.business.test_cost_tokens import a_use

from roadworthy.business.costs.asking import LEAST_CALLS, Batch, batches, shorter_contexts
from roadworthy.business.costs.report import ModelPrice
from roadworthy.business.costs.rows import ContextUse, Work
from roadworthy.quantities import Cost
from roadworthy.usage import Price

HALF = Batch(0.5, "a price page")


def context(reads: list[int], *, written: int = 0, cached: int = 0) -> ContextUse:
    typical = statistics.median_low(reads)
    beyond = sum(max(0, read - typical) for read in reads)
    return ContextUse(
        "support", "r1", "generate:reply", "reply", "small", len(reads), sum(reads), cached, written,
        min(reads), typical, beyond,
    )  # fmt: skip


def advised(found: ContextUse, price: Price, *, days: int = 365) -> dict[str, int]:
    prices = {("r1", "small"): ModelPrice(price, "p")}
    return {one.kind: one.yearly.nano for one in shorter_contexts([found], prices, days=days)}


def test_long_contexts_are_cut_to_the_typical_one() -> None:
    reads = [1_000] * 30 + [9_000] * 10
    told = advised(context(reads, written=400), Price(read=500_000_000, written=1))
    # 10 calls of 8,000 tokens above the typical 1,000, at 500 nano-units each.
    assert told["shorter context"] == 10 * 8_000 * 500


def test_a_month_is_reckoned_up_to_a_year() -> None:
    reads = [1_000] * 30 + [9_000] * 10
    told = advised(context(reads, written=400), Price(read=500_000_000, written=1), days=30)
    assert told["shorter context"] == 10 * 8_000 * 500 * 365 // 30


def test_what_every_call_holds_may_be_cached_for_the_difference_in_price() -> None:
    reads = [1_000 + at for at in range(40)]
    told = advised(context(reads, written=40_000), Price(500_000_000, 1, cached=100_000_000))
    # The first call fills the cache; 39 read 1,000 tokens for 400 nano-units less each.
    assert told == {"cached context": 39 * 1_000 * 400}


def test_what_is_cached_already_is_not_offered_again() -> None:
    reads = [1_000] * 40
    price = Price(500_000_000, 1, cached=100_000_000)
    assert advised(context(reads, cached=39_000), price) == {}
    half = advised(context(reads, cached=19_000), price)
    assert half == {"cached context": 20_000 * 400}


@pytest.mark.parametrize(
    ("found", "price"),
    [
        (context([1_000] * 30 + [9_000] * 9, written=40_000), Price(500_000_000, 1)),  # writes a lot
        (context([1_000] * 40), Price(500_000_000, 1)),  # all alike, and a cache costs the same
        (context([10, 9_000] * ((LEAST_CALLS - 2) // 2)), Price(500_000_000, 1)),  # too few calls
        (context([1_000] * 30 + [9_000] * 10), Price(0, 0)),  # costs nothing
        (context([1_000] * 39 + [1_001]), Price(500_000_000, 1)),  # nothing to gain
    ],
)
def test_nothing_is_offered_without_evidence(found: ContextUse, price: Price) -> None:
    assert advised(found, price) == {}


def test_calls_without_a_known_price_are_passed_over() -> None:
    assert shorter_contexts([context([1_000] * 30 + [9_000] * 10)], {}, days=30) == []


def test_the_risk_is_said_and_a_mirror_is_the_next_step() -> None:
    (found,) = shorter_contexts(
        [context([1_000] * 30 + [9_000] * 10)], {("r1", "small"): ModelPrice(Price(10**9, 1), "p")}, days=30
    )
    assert not found.ready
    assert "mirror" in found.risk
    assert "1,000 tokens" in found.next_step
    assert "release" in found.next_step


@settings(max_examples=80)
@given(
    st.lists(st.integers(1, 10_000), min_size=LEAST_CALLS, max_size=60),
    st.integers(0, 10**9),
    st.floats(0, 1),
)
def test_no_offer_saves_more_than_reading_costs(reads: list[int], cached_price: int, part: float) -> None:
    read_price = 10**9
    found = context(reads, cached=int(sum(reads) * part))
    price = Price(read_price, 1, cached=min(cached_price, read_price))
    paid = Fraction(
        (found.read - found.cached) * read_price + found.cached * min(cached_price, read_price), 10**6
    )
    assert all(0 < saved <= paid for saved in advised(found, price).values())


def test_work_that_nobody_waits_for_is_offered_as_batches() -> None:
    calls = [
        a_use(work=Work.MIRROR, step="generate:reply", cost=Cost(1_000), calls=7),
        a_use(work=Work.MIRROR, step="generate:reply", cost=Cost(501), calls=3),
        a_use(work=Work.EVALUATION, step="generate:reply", cost=Cost(40)),
        a_use(work=Work.LIVE, step="generate:reply", cost=Cost(9_999)),
        a_use(work=Work.PILOT, step="", task="", hits=5, cost=Cost(0)),
    ]
    found = batches(calls, {("r1", "small"): HALF}, days=365)
    assert {one.subject: one.yearly for one in found} == {
        "generate:reply by small in mirror": Cost(500 + 250),
        "generate:reply by small in evaluation": Cost(20),
    }
    assert all(one.ready and "50% less (a price page)" in one.evidence for one in found)
    assert next(one for one in found if "mirror" in one.subject).evidence.startswith("10 calls")


def test_a_model_without_a_price_for_batches_is_not_offered_as_one() -> None:
    assert batches([a_use(work=Work.MIRROR)], {}, days=30) == []
    assert batches([a_use(work=Work.MIRROR)], {("r2", "small"): HALF}, days=30) == []
