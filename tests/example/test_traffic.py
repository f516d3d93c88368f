"""Live traffic looks like people typing, and never shows what a model was trained on."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.example import company
from roadworthy.example.messages import Message
from roadworthy.example.seeded import stream
from roadworthy.example.traffic import slip

SEED = 7
SINCE = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def written() -> tuple[Message, ...]:
    return company.messages(seed=SEED)


def test_traffic_has_the_natural_mix_and_unique_keys(written: tuple[Message, ...]) -> None:
    arrived = list(company.traffic(4_000, seed=SEED, since=SINCE))
    live = {message.family for message in written if message.split == "live"}
    assert {message.family for message in arrived} <= live
    assert [message.key for message in arrived[:2]] == ["T-100001", "T-100002"]
    assert len({message.key for message in arrived}) == 4_000
    intents = Counter(message.intent for message in arrived)
    assert intents["out_of_scope"] / 4_000 == pytest.approx(0.12, abs=0.02)
    assert intents["hostile"] / 4_000 == pytest.approx(0.015, abs=0.006)
    german = sum(message.language == "de" for message in arrived)
    assert german / 4_000 == pytest.approx(0.35, abs=0.025)
    moments = [message.at for message in arrived if message.at]
    assert moments == sorted(moments)
    assert moments[0] >= SINCE


def test_a_stream_goes_on_where_another_ended() -> None:
    whole = list(company.traffic(30, seed=SEED, since=SINCE))
    rest = list(company.traffic(20, seed=SEED, since=SINCE, first=100_011))
    assert [(one.key, one.text) for one in whole[10:]] == [(one.key, one.text) for one in rest]
    endless = company.traffic(None, seed=SEED, since=SINCE)
    assert list(islice(endless, 30)) == whole
    with pytest.raises(ValueError, match="not negative"):
        next(company.traffic(-1, seed=SEED, since=SINCE))


def test_messages_arrive_typed_a_little_otherwise_and_hostile_ones_to_the_letter(
    written: tuple[Message, ...],
) -> None:
    original = {(message.family, message.language): message.text for message in written}
    arrived = list(company.traffic(2_000, seed=SEED, since=SINCE))
    changed = [one for one in arrived if original[one.family, one.language] != one.text]
    assert 0.4 < len(changed) / len(arrived) < 0.85
    texts = {message.text for message in written if message.intent == "hostile"}
    assert all(one.text in texts for one in arrived if one.intent == "hostile")


@settings(max_examples=80, deadline=None)
@given(text=st.text(max_size=60), seed=st.integers(0, 10_000), language=st.sampled_from(["en", "de"]))
def test_a_slip_touches_one_place_and_no_digit(text: str, seed: int, language: str) -> None:
    slipped = slip(text, language, stream(seed))
    assert abs(len(slipped) - len(text)) <= 1
    assert re.findall(r"\d", slipped) == re.findall(r"\d", text)
