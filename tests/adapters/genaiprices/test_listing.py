"""The shipped list as whole numbers: never less than the library reckons, and exactly that where one price applies."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage
from genai_prices.data import providers as library

from roadworthy.adapters.genaiprices import Listed, listed, models, providers, source
from roadworthy.errors import NotFound
from roadworthy.usage import Price, Tokens

TODAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE = Decimal(1)
TEXT = {"input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok"}


def found(name: str, at: date = TODAY, **changes: object) -> Listed:
    one = listed(name, at, **{"rate": ONE, **changes})  # type: ignore[arg-type]
    assert one is not None
    return one


def price(name: str, at: date = TODAY, **changes: object) -> Price:
    one = found(name, at, **changes).price
    assert one is not None
    return one


def by_library(name: str, tokens: Tokens, at: datetime = NOON) -> int:
    provider_id, _, model_id = name.partition("/")
    provider = next(one for one in library if one.id == provider_id)
    model = next(one for one in provider.models if one.id == model_id)
    used = Usage(
        input_tokens=tokens.read,
        output_tokens=tokens.written,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.stored,
    )
    told = model.calc_price(used, provider, genai_request_timestamp=at)
    return int(told.total_price * 10**9)


def plain() -> list[str]:
    """Entries of the list with one price for texts, whatever their length and the hour."""
    names = []
    for provider in library:
        for model in provider.models:
            told = (
                {key: one for key, one in vars(model.prices).items() if one is not None}
                if hasattr(model.prices, "calc_price")
                else {}
            )
            if {"input_mtok", "output_mtok"} <= set(told) <= TEXT and all(
                isinstance(one, Decimal) for one in told.values()
            ):
                names.append(f"{provider.id}/{model.id}")
    return names  # fmt: skip


def test_where_one_price_applies_it_is_the_library_s_to_the_nano() -> None:
    chance = random.Random(3)
    names = chance.sample(plain(), 60)
    for name in names:
        cached, stored = chance.randrange(50_000), chance.randrange(50_000)
        tokens = Tokens(
            cached + stored + chance.randrange(100_000), chance.randrange(9_000), cached, stored
        )
        entry = listed(name, TODAY, rate=ONE)
        if entry is None or entry.found != name:
            continue
        assert entry.price is not None, name
        assert 0 <= entry.price.nano(tokens) - by_library(name, tokens) <= 5, name


def test_it_is_never_less_than_the_library_reckons() -> None:
    chance = random.Random(5)
    names = [f"{one.provider}/{one.model}" for one in models(TODAY, rate=ONE) if one.listed.price]
    for name in chance.sample(names, 150):
        known = listed(name, TODAY, rate=ONE)
        if known is None or known.price is None:
            continue
        for read in (1_000, 150_000, 400_000):
            tokens = Tokens(read, 500)
            for hour in (2, 8, 20):
                at = NOON.replace(hour=hour)
                assert known.price.nano(tokens) >= by_library(name, tokens, at), name


def test_a_price_is_turned_into_euro_at_the_stated_rate_and_rounded_up() -> None:
    told = price("openai/gpt-4o")
    assert (told.read, told.written, told.cached) == (2_500_000_000, 10_000_000_000, 1_250_000_000)
    assert price("openai/gpt-4o", rate=Decimal("0.92")).read == 2_300_000_000
    assert price("openai/gpt-4o", rate=Decimal("0.3333333333")).read == 833_333_334
    assert told.currency == "EUR"
    assert told.source == f"{source()}: openai/gpt-4o"


def test_long_texts_are_charged_their_price_unless_the_context_excludes_them() -> None:
    assert price("google/gemini-2.5-pro").written == 15_000_000_000
    assert price("google/gemini-2.5-pro", context=200_000).written == 10_000_000_000
    assert price("google/gemini-2.5-pro", context=200_001).written == 15_000_000_000
    assert any("over 200,000 tokens" in note for note in found("google/gemini-2.5-pro").notes)


def test_the_dearest_hour_of_the_day_counts() -> None:
    told = found("deepseek/deepseek-chat")
    assert told.price is not None
    assert told.price.read == 270_000_000
    assert "the dearest hour of the day" in told.notes


def test_a_price_is_that_of_its_day() -> None:
    before, after = date(2026, 12, 31), date(2027, 1, 1)
    assert price("google/gemini-3.6-flash", before).read == 750_000_000
    assert price("google/gemini-3.6-flash", after).read == 1_500_000_000


def test_a_fee_for_every_request_is_part_of_the_price() -> None:
    assert price("perplexity/sonar").request == 12_000_000
    assert price("perplexity/sonar").nano(Tokens()) == 12_000_000


def test_what_is_put_into_a_cache_costs_the_longest_time_it_may_stay_there() -> None:
    told = found("anthropic/claude-3-5-haiku-latest")
    assert told.price is not None
    assert (told.price.cached, told.price.stored) == (80_000_000, 1_600_000_000)
    assert any("cache" in note for note in told.notes)


def test_a_model_that_draws_costs_what_its_pictures_cost() -> None:
    told = found("google/gemini-3-pro-image-preview")
    assert told.price is not None
    assert told.price.written == 120_000_000_000
    assert any("pictures" in note for note in told.notes)


def test_thoughts_that_cost_more_than_words_set_the_price_of_what_is_written() -> None:
    assert price("perplexity/sonar-deep-research").written == 8_000_000_000


def test_a_model_that_is_not_listed_has_no_price_at_all_rather_than_0() -> None:
    for name in ("openai/nothing", "ollama/llama", "nobody/x", "openai", "openai/", "/gpt-4o", ""):
        assert listed(name, TODAY, rate=ONE) is None, name
    empty = [one for one in models(TODAY, rate=ONE) if one.listed.price is None]
    assert empty
    assert all(one.listed.price is None or one.listed.price.read > 0 for one in models(TODAY, rate=ONE))


def test_a_model_that_writes_and_has_no_price_for_it_has_none() -> None:
    name = "openai/text-embedding-3-small"
    assert found(name).price is None
    assert price(name, writes=False).read == 20_000_000
    assert price(name, writes=False).written == 0


def test_other_names_of_a_model_are_found_and_said() -> None:
    dated = found("anthropic/claude-3-5-haiku-20241022")
    assert dated.found == "anthropic/claude-3-5-haiku-latest"
    assert dated.price is not None
    assert dated.price.source.endswith(dated.found)
    assert found("azure/gpt-4o").found == "openai/gpt-4o", "a cloud that has no price of its own"


def test_the_list_is_shown_by_provider_and_searched() -> None:
    told = list(models(TODAY, rate=ONE, provider="anthropic", search="HAIKU"))
    assert told
    assert all("haiku" in f"{one.model} {one.name}".lower() for one in told)
    assert {one.provider for one in told} == {"anthropic"}
    assert "openai" in providers()
    with pytest.raises(NotFound) as refused:
        list(models(TODAY, rate=ONE, provider="antropic"))
    assert refused.value.code == "RW-PRICE-004"
    assert refused.value.problems[0].hint == "did you mean `anthropic`?"


def test_importing_it_loads_no_list() -> None:
    code = "import sys, roadworthy.adapters.genaiprices; print('genai_prices' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
