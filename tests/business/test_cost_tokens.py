"""Tokens in the books: money of steps is moved to its model and never added, and every part adds up."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.business.test_cost_report import DAY, a_step

from roadworthy.business.costs.focus import focus_csv
from roadworthy.business.costs.report import Line, ModelPrice, Rates, lines, unpriced
from roadworthy.business.costs.rows import CallUse, ContextUse, Work
from roadworthy.business.costs.tokens import cached_share, parts, waste
from roadworthy.quantities import Cost
from roadworthy.usage import Price, Tokens

PRICE = Price(read=500_000_000, written=2_000_000_000, cached=50_000_000)
RATES = {
    "support": Rates(
        "support", "olga", Cost(10), Cost(1_000), Cost(5), 100, {},
        served={("r1", "small"): "small-1"}, prices={("r1", "small"): ModelPrice(PRICE, "p-1")},
    )
}  # fmt: skip
TOKENS = Tokens(1_000, 100, cached=400, reasoning=30)


def a_use(**changes: object) -> CallUse:
    values: dict[str, object] = {
        "day": DAY, "use_case": "support", "release": "r1", "work": Work.LIVE, "step": "predict:intent",
        "task": "intent", "model": "small", "calls": 5, "retries": 1, "failed": 0, "hits": 0, "estimated": 1,
        "unpriced": 0, "tokens": TOKENS, "cost": Cost(300),
    }  # fmt: skip
    return CallUse(**{**values, **changes})  # type: ignore[arg-type]


counts = st.integers(0, 10**7)
tokens = st.builds(
    lambda plain, cached, stored, written, reasoning: Tokens(
        plain + cached + stored, written + reasoning, cached, stored, reasoning
    ),
    counts, counts, counts, counts, counts,
)  # fmt: skip
prices = st.builds(
    Price, counts, counts, st.one_of(st.just(-1), counts), st.one_of(st.just(-1), counts), counts
)


def test_calls_of_a_step_move_its_cost_to_their_model_and_add_nothing() -> None:
    told = lines([a_step()], [], RATES, calls=[a_use()])
    assert [(line.model, line.cost.nano, line.calls) for line in told] == [
        ("", 200, 10),
        ("small-1", 300, 0),
    ]
    assert told[1].tokens == TOKENS
    assert (told[1].model_calls, told[1].estimated) == (5, 1)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    st.lists(st.integers(0, 10**6), max_size=5),
    st.sampled_from([DAY, date(2026, 11, 4)]),
)
def test_the_books_of_steps_hold_what_steps_cost_whatever_their_calls_say(
    own: list[int], called: list[int], day: date
) -> None:
    steps = [a_step(step=f"s{at}", cost=Cost(nano + 20)) for at, nano in enumerate(own)]
    calls = [
        a_use(step=f"s{at % 3}", model=f"m{at}", day=day, cost=Cost(nano)) for at, nano in enumerate(called)
    ]
    told = lines(steps, [], RATES, calls=calls)
    assert sum(line.cost.nano for line in told) == sum(own) + 20 * len(own)
    assert all(line.cost.nano >= line.interrupted.nano for line in told)
    assert sum(line.tokens.read for line in told) == 1_000 * len(calls)
    assert sum(line.calls for line in told) == 10 * len(steps)


def test_calls_through_the_gateway_are_lines_of_their_own_with_their_money() -> None:
    through = a_use(step="", task="reply", work=Work.PILOT)
    other = a_use(step="", task="", calls=2)
    told = lines([], [], RATES, calls=[through, other])
    assert [(line.work, line.step, line.calls, line.cost.nano, line.retries) for line in told] == [
        ("live", "gateway:small", 2, 300, 1),
        ("pilot", "gateway:reply", 5, 300, 1),
    ]


def test_a_call_without_a_price_is_told_and_not_free() -> None:
    found = unpriced([], [], free={}, calls=[a_use(step="", task="reply", unpriced=3), a_use(unpriced=9)])
    assert [(one.what, one.calls) for one in found] == [("gateway:reply", 3)]


@settings(max_examples=200)
@given(tokens, st.integers(0, 10**12), st.one_of(st.none(), prices))
def test_parts_of_a_cost_are_the_whole_to_the_last_nano_unit_or_nothing(
    found: Tokens, nano: int, price: Price | None
) -> None:
    told = parts(found, nano, price)
    assert sum(part.tokens for part in told) == found.read + found.written
    assert sum(part.nano for part in told) in {0, nano}
    assert all(part.nano >= 0 and part.tokens > 0 for part in told)


def test_each_kind_of_token_bears_what_its_price_says() -> None:
    nano = PRICE.nano(TOKENS)
    # 600 plain at 500, 400 cached at 50, 70 written and 30 of reasoning at 2,000 nano-units each.
    assert nano == 300_000 + 20_000 + 140_000 + 60_000
    assert {part.kind: part.nano for part in parts(TOKENS, nano, PRICE)} == {
        "Input Tokens": 300_000,
        "Cached Input Tokens": 20_000,
        "Output Tokens": 140_000,
        "Reasoning Tokens": 60_000,
    }


def a_line(**changes: object) -> Line:
    values: dict[str, object] = {
        "period": "2026-11-03", "use_case": "support", "unit": "olga", "work": "live", "release": "r1",
        "step": "generate:reply", "model": "small-1", "calls": 0, "retries": 0, "unpriced": 0,
        "cost": Cost(520_000), "interrupted": Cost(0), "tokens": TOKENS, "model_calls": 5, "estimated": 1,
        "price": ModelPrice(PRICE, "p-1"),
    }  # fmt: skip
    return Line(**{**values, **changes})  # type: ignore[arg-type]


def rows(*found: Line) -> list[dict[str, str]]:
    text = focus_csv(found, month=date(2026, 11, 1), account="acme")
    return list(csv.DictReader(io.StringIO(text)))


def test_focus_has_a_row_for_each_kind_of_token() -> None:
    found = rows(a_line())
    assert [(row["SkuMeter"], row["ConsumedQuantity"], row["ConsumedUnit"]) for row in found] == [
        ("Input Tokens", "600", "Tokens"),
        ("Cached Input Tokens", "400", "Tokens"),
        ("Output Tokens", "70", "Tokens"),
        ("Reasoning Tokens", "30", "Tokens"),
    ]
    assert {row["x_PriceSnapshot"] for row in found} == {"p-1"}
    assert [row["x_ModelCalls"] for row in found] == ["5", "0", "0", "0"]
    assert len({row["SkuPriceId"] for row in found}) == 4
    assert sum(Decimal(row["BilledCost"]) for row in found) == Decimal("0.00052")


def test_without_a_price_the_row_of_requests_holds_the_cost_and_tokens_are_told() -> None:
    found = rows(a_line(price=None, calls=5))
    assert [(row["ConsumedUnit"], row["BilledCost"]) for row in found] == [
        ("Requests", "0.00052"), *[("Tokens", "0")] * 4,
    ]  # fmt: skip


@settings(max_examples=60)
@given(tokens, st.integers(0, 10**12), st.one_of(st.none(), prices), st.integers(0, 3))
def test_focus_rows_of_a_line_cost_what_the_line_costs(
    found: Tokens, nano: int, price: Price | None, calls: int
) -> None:
    priced = ModelPrice(price, "p") if price else None
    told = rows(a_line(tokens=found, cost=Cost(nano), price=priced, calls=calls))
    assert sum(Decimal(row["BilledCost"]) for row in told) == Decimal(nano) / 10**9
    for row in told:
        assert Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"]) == Decimal(row["ListCost"])
    asked = [int(row["ConsumedQuantity"]) for row in told if row["ConsumedUnit"] == "Requests"]
    assert sum(asked) == calls


def test_two_prices_on_one_line_divide_no_cost() -> None:
    other = {**RATES["support"].prices, ("r1", "big"): ModelPrice(Price(1, 1), "p-2")}
    rates = {"support": Rates("support", "olga", Cost(1), Cost(1), Cost(1), 1, {}, prices=other)}
    (line,) = lines([], [], rates, calls=[a_use(step=""), a_use(step="", model="big")], by=("use_case",))
    assert line.price is None
    assert line.tokens == TOKENS + TOKENS


@pytest.mark.parametrize(
    ("found", "share"), [(Tokens(), None), (Tokens(10, 1), 0.0), (Tokens(10, 1, cached=4), 0.4)]
)
def test_the_cached_share_of_nothing_is_none(found: Tokens, share: float | None) -> None:
    assert cached_share(found) == share


def test_waste_is_what_lies_above_the_typical_context() -> None:
    reads = [100, 100, 100, 500, 1_000]
    found = ContextUse("s", "r", "generate:x", "x", "m", 5, sum(reads), 0, 5, 100, 100, 400 + 900)
    assert waste(found) == 1_300 / 1_800
    assert waste(ContextUse("s", "r", "", "", "m", 0, 0, 0, 0, 0, 0, 0)) == 0.0
    assert found.named == "generate:x"
