"""The price file of an installation: everything that is wrong in it at once, and exact amounts."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.routing import Overlay, discounted, read_overlay, snapshot
from roadworthy.routing.prices import ONE_TO_ONE
from roadworthy.usage import Price, Tokens

TODAY = date(2026, 11, 21)
FILE = """
rates: {USD: 0.92, of: 2026-11-01}
models:
  openai/gpt-4o: {read: 2 USD, written: 8.5 EUR, cached: 1 EUR, request: 0.001 EUR, until: 2026-12-31}
  house-model:
    per_hour: 0.40 EUR
    tokens_per_second: {read: 2000, written: 40}
    context: 8192
    most_written: 1024
    retires: 2027-01-31
  anthropic/claude:
    - {discount: 0.2, until: 2026-10-31}
    - {discount: 0.25, from: 2026-11-01}
"""


def read(text: str = FILE) -> Overlay:
    return read_overlay(text, file="prices.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(InputProblem) as refused:
        read(text)
    assert refused.value.code == "RW-PRICE-002"
    return [str(one) for one in refused.value.problems]


def test_a_contract_is_read_at_the_stated_rate() -> None:
    stated = read().find(("openai/gpt-4o",), TODAY)
    assert stated is not None
    assert stated.price == Price(
        1_840_000_000, 8_500_000_000, 1_000_000_000, -1, 1_000_000,
        source="price file, 1 USD = 0.92 EUR of 2026-11-01",
    )  # fmt: skip


def test_a_machine_by_the_hour_has_a_price_for_each_token() -> None:
    stated = read().find(("", "house-model"), TODAY)
    assert stated is not None
    assert stated.price is not None
    # An hour of reading, and an hour of writing, cost what the hour costs, rounded up.
    assert stated.price.nano(Tokens(read=2000 * 3600)) == pytest.approx(400_000_000, abs=10)
    assert stated.price.nano(Tokens(written=40 * 3600)) >= 400_000_000
    assert (stated.context, stated.most_written, stated.retires) == (8192, 1024, date(2027, 1, 31))


def test_what_holds_today_is_found_and_nothing_else() -> None:
    overlay = read()
    found = overlay.find(("anthropic/claude",), TODAY)
    assert found is not None
    assert found.discount == Decimal("0.25")
    before = overlay.find(("anthropic/claude",), date(2026, 10, 31))
    assert before is not None
    assert before.discount == Decimal("0.2")
    assert overlay.find(("openai/gpt-4o",), date(2027, 1, 1)) is None
    assert overlay.find(("openai/gpt-4", "gpt-4o"), TODAY) is None


def test_without_a_rate_a_dollar_counts_as_a_euro_and_says_so() -> None:
    assert Overlay().dollar == ONE_TO_ONE
    assert ONE_TO_ONE.words == "1 USD = 1 EUR, not stated"
    assert problems("models: {a: {read: 1 USD, written: 1 USD}}") != [], "an own amount needs a stated rate"


def test_a_discount_takes_a_part_off_every_amount_and_rounds_up() -> None:
    price = discounted(Price(1_001, 2_000, -1, 0, 10, source="list"), Decimal("0.25"))
    assert price == Price(751, 1_500, -1, 0, 8, source="list, less 0.25 of it by the price file")


MISTAKES = {
    "a field that is none": ("models: {a: {red: 1 EUR, discount: 0.1}}", "unknown field `red`; did you mean `read`?"),
    "half a price": ("models: {a: {read: 1 EUR}}", "`written` missing"),
    "no amount": ("models: {a: {read: 1, written: 1 EUR}}", "`read`: expected an amount"),
    "less than nothing": ("models: {a: {read: -1 EUR, written: 1 EUR}}", "`read`: expected an amount"),
    "no rate": ("models: {a: {read: 1 GBP, written: 1 EUR}}", "no rate is stated for GBP"),
    "a rate of nothing": ("rates: {USD: 0, of: 2026-11-01}", "`USD`: expected the euro"),
    "a rate that is a word": ("rates: {USD: much, of: 2026-11-01}", "`USD`: expected the euro"),
    "a rate without end": ("rates: {USD: .inf, of: 2026-11-01}", "`USD`: expected the euro"),
    "a rate of no day": ("rates: {USD: 0.9}", "`of` is missing"),
    "a currency that is none": ("rates: {usd: 0.9, of: 2026-11-01}", "`usd` is no foreign currency"),
    "an hour without speed": ("models: {a: {per_hour: 1 EUR}}", "`tokens_per_second`: expected a number"),
    "a speed of nothing": ("models: {a: {per_hour: 1 EUR, tokens_per_second: 0}}", "`tokens_per_second`: expected"),
    "an hour beside a price": ("models: {a: {per_hour: 1 EUR, tokens_per_second: 9, read: 1 EUR}}", "expected no other price"),
    "a discount beside a price": ("models: {a: {discount: 0.1, read: 1 EUR, written: 1 EUR}}", "expected no price beside it"),
    "a discount in per cent": ("models: {a: {discount: 20}}", "`discount`: expected a part"),
    "a day that is none": ("models: {a: {discount: 0.1, from: soon}}", "`from`: expected a day"),
    "days the wrong way": ("models: {a: {discount: 0.1, from: 2026-02-01, until: 2026-01-01}}", "`from` comes before `until`"),
    "two on one day": ("models: {a: [{discount: 0.1}, {discount: 0.2, from: 2026-01-01}]}", "two entries speak of the same day"),
    "a context of nothing": ("models: {a: {context: 0}}", "`context`: expected a number of tokens"),
    "nothing at all": ("models: {a: {}}", "nothing is stated here"),
    "no mapping": ("models: {a: cheap}", "expected a mapping"),
    "a list of models": ("models: [a]", "`models`: expected a mapping"),
    "a part that is none": ("model: {}", "unknown field `model`; did you mean `models`?"),
    "an alias": ("models: &a {b: *a}", "found an alias"),
    "no YAML": ("models: [", "not YAML"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_named_with_its_place(mistake: str) -> None:
    text, said = MISTAKES[mistake]
    (found,) = problems(text)
    assert said in found
    assert found.startswith("prices.yaml:1:")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    found = problems(
        "rates: {USD: 0, of: never}\nmodels:\n  a: {read: x, written: 1 EUR}\n  b: {context: -1}\n"
    )
    assert [line.split(":")[1] for line in found] == ["1", "1", "3", "4"]


@settings(max_examples=80, deadline=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**30) | st.floats() | st.sampled_from(["1 EUR", "2 USD", "2026-01-01", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["rates", "models", "USD", "of", "read", "written", "cached", "per_hour", "tokens_per_second",
                         "discount", "from", "until", "context"]), inner, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_whatever_stands_in_the_file_it_is_read_or_refused(content: object) -> None:
    try:
        overlay = read(json.dumps(content))
    except InputProblem:
        return
    for entries in overlay.models.values():
        for one in entries:
            assert one.price is None or min(one.price.read, one.price.written) >= 0


def test_a_snapshot_names_exactly_one_price() -> None:
    price = Price(1, 2)
    named = {
        snapshot(one)
        for one in (price, Price(2, 2), Price(1, 3), Price(1, 2, 0), Price(1, 2, -1, 0), Price(1, 2, request=1),
                    Price(1, 2, source="list"), Price(1, 2, currency="USD"), None)
    }  # fmt: skip
    assert len(named) == 9
    assert snapshot(price) == snapshot(Price(1, 2))
    assert len(snapshot(price)) == 16
    assert snapshot(None) == "unpriced"
    assert snapshot(None, bound=5) != snapshot(None, bound=6)
