"""Where the price of a model comes from: the charter, the price file, the shipped list, and never from nowhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import InputProblem
from roadworthy.routing import Candidate
from roadworthy.usage import Price, Tokens
from roadworthy.wiring import Workspace
from roadworthy.wiring.prices import candidate_of, price_of

TODAY = date(2026, 11, 21)
RATES = "rates: {USD: 0.92, of: 2026-11-01}\n"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, "sqlite://")


def plan(**changes: object) -> LanguageModelPlan:
    fields: dict[str, object] = {
        "url": "http://127.0.0.1:1/v1",
        "model": "gpt-4o",
        "listed_as": "openai/gpt-4o",
    }
    return LanguageModelPlan(**{**fields, **changes})  # type: ignore[arg-type]


def known(place: Workspace, today: date = TODAY, **changes: object) -> Candidate:
    return candidate_of("big", plan(**changes), place=place, today=today, region="eu")


def write(place: Workspace, text: str) -> None:
    (place.home / "prices.yaml").write_text(text)


def test_the_charter_counts_before_the_file_and_the_file_before_the_list(place: Workspace) -> None:
    listed = known(place).price
    assert listed is not None
    assert (listed.read, listed.source) == (
        2_500_000_000, "genai-prices 0.2.3: openai/gpt-4o, 1 USD = 1 EUR, not stated",
    )  # fmt: skip
    write(place, RATES)
    at_rate = known(place).price
    assert at_rate is not None
    assert (at_rate.read, at_rate.source) == (
        2_300_000_000, "genai-prices 0.2.3: openai/gpt-4o, 1 USD = 0.92 EUR of 2026-11-01",
    )  # fmt: skip
    write(place, RATES + "models: {openai/gpt-4o: {read: 1 EUR, written: 2 EUR}}")
    assert known(place).price == Price(1_000_000_000, 2_000_000_000, source="price file")
    stated = known(place, read_price="0.50 EUR", written_price="0.60 EUR", cached_price="0.10 EUR").price
    assert stated == Price(500_000_000, 600_000_000, 100_000_000, source="charter")


def test_a_contract_that_ended_gives_way_to_the_list(place: Workspace) -> None:
    write(place, "models: {openai/gpt-4o: {read: 1 EUR, written: 2 EUR, until: 2026-11-20}}")
    price = known(place).price
    assert price is not None
    assert price.read == 2_500_000_000


def test_a_discount_is_taken_off_the_list(place: Workspace) -> None:
    write(place, "models: {openai/gpt-4o: {discount: 0.2}}")
    price = known(place).price
    assert price is not None
    assert price.read == 2_000_000_000
    assert price.source.endswith("less 0.2 of it by the price file")


def test_a_local_model_is_found_by_what_its_server_calls_it(place: Workspace) -> None:
    write(
        place,
        "models: {qwen: {per_hour: 0.36 EUR, tokens_per_second: 100, context: 4096, retires: 2027-03-01}}",
    )
    found = known(place, model="qwen", listed_as="", call_bound="0.01 EUR")
    assert found.price is not None
    assert found.price.nano(Tokens(1_000_000)) == 1_000_000_000
    assert (found.context, found.retires) == (4096, date(2027, 3, 1))


def test_what_nobody_knows_has_no_price_and_only_the_bound_of_the_charter(place: Workspace) -> None:
    unknown = known(place, listed_as="openai/not-there")
    assert (unknown.price, unknown.bound, unknown.most(1, 1)) == (None, None, None)
    bounded = known(place, listed_as="", call_bound="0.02 EUR")
    assert (bounded.price, bounded.bound) == (None, 20_000_000)
    with pytest.raises(InputProblem) as refused:
        price_of(plan(listed_as="openai/not-there"), place=place, today=TODAY)
    assert refused.value.code == "RW-PRICE-001"


def test_a_call_without_a_price_is_charged_its_bound_in_full(place: Workspace) -> None:
    price = price_of(plan(listed_as="", call_bound="0.02 EUR"), place=place, today=TODAY)
    assert price.nano(Tokens()) == price.nano(Tokens(10_000, 10_000)) == 20_000_000


def test_the_earliest_last_day_counts_and_the_charter_s_own_limits(place: Workspace) -> None:
    write(place, "models: {openai/gpt-4o: {retires: 2027-01-01, most_written: 100, context: 4096}}")
    assert known(place).retires == date(2027, 1, 1)
    found = known(place, retires="2027-02-01", context=8192, most_written=50)
    assert (found.retires, found.context, found.most_written) == (date(2027, 1, 1), 8192, 50)
    assert known(place, retires="2026-12-01").retires == date(2026, 12, 1)


def test_a_model_runs_where_it_says_or_where_the_use_case_does(place: Workspace) -> None:
    assert known(place).region == "eu"
    assert known(place, region="us").region == "us"


def test_a_stated_context_excludes_the_price_of_longer_texts(place: Workspace) -> None:
    long = known(place, listed_as="google/gemini-2.5-pro").price
    short = known(place, listed_as="google/gemini-2.5-pro", context=200_000).price
    assert long is not None
    assert short is not None
    assert long.written > short.written


def test_a_changed_file_is_read_anew(place: Workspace) -> None:
    write(place, "models: {openai/gpt-4o: {read: 1 EUR, written: 2 EUR}}")
    before = known(place).price
    write(place, "models: {openai/gpt-4o: {read: 10 EUR, written: 2 EUR}}")
    assert known(place).price != before


def test_a_file_that_cannot_be_read_is_an_error_and_not_an_empty_file(place: Workspace) -> None:
    write(place, "models: {openai/gpt-4o: {red: 1 EUR}}")
    with pytest.raises(InputProblem) as refused:
        known(place)
    assert refused.value.code == "RW-PRICE-002"
    (place.home / "prices.yaml").unlink()
    (place.home / "prices.yaml").mkdir()
    with pytest.raises(InputProblem) as refused:
        known(place)
    assert refused.value.code == "RW-PRICE-002"


def test_what_the_charter_states_needs_no_workspace() -> None:
    stated = plan(read_price="0.50 EUR", written_price="0.60 EUR")
    assert price_of(stated).read == 500_000_000
