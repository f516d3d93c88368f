"""Customers' messages: enough of every kind, and no wording in two splits."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations

import pytest

from roadworthy.example import company
from roadworthy.example.messages import ALIKE, SHARES, Message, words

SEED = 7


@pytest.fixture(scope="module")
def written() -> tuple[Message, ...]:
    return company.messages(seed=SEED)


def test_there_are_enough_messages_in_enough_intents_and_two_languages(
    written: tuple[Message, ...],
) -> None:
    assert len(written) >= 1_200
    in_scope = {message.intent for message in written} - {"out_of_scope", "hostile"}
    assert len(in_scope) == 30
    assert {message.language for message in written} == {"en", "de"}
    assert len({message.key for message in written}) == len(written)
    assert all(message.text.strip() and len(message.text) <= 10_000 for message in written)


def test_out_of_scope_is_about_an_eighth_and_nothing_is_written_twice(
    written: tuple[Message, ...],
) -> None:
    foreign = [message for message in written if message.intent == "out_of_scope"]
    hostile = [message for message in written if message.intent == "hostile"]
    assert 0.10 <= len(foreign) / len(written) <= 0.14
    assert Counter(message.language for message in foreign) >= Counter(en=120, de=70)
    assert len(hostile) >= 40
    texts = [message.text for message in foreign + hostile]
    assert len(set(texts)) == len(texts)


def test_hostile_messages_hide_letters_mix_alphabets_and_ramble(written: tuple[Message, ...]) -> None:
    texts = [message.text for message in written if message.intent == "hostile"]
    assert any("\u200b" in text for text in texts)
    assert any(re.search(r"[a-z]", text) and re.search(r"[а-я]", text) for text in texts)
    assert any(len(text) > 3_000 for text in texts)
    assert any("<script>" in text for text in texts)


def test_no_family_crosses_the_splits(written: tuple[Message, ...]) -> None:
    splits = defaultdict(set)
    for message in written:
        splits[message.family].add(message.split)
    assert all(len(found) == 1 for found in splits.values())


def alike(first: frozenset[str], second: frozenset[str]) -> bool:
    """Of the words of both, more than the share are the same: told from their numbers where these differ enough."""
    few, many = sorted((len(first), len(second)))
    if few <= ALIKE * many:
        return False
    shared = len(first & second)
    return shared > ALIKE * (few + many - shared)


def test_no_two_texts_of_different_splits_are_alike(written: tuple[Message, ...]) -> None:
    by_split = defaultdict(list)
    for message in written:
        by_split[message.split].append((words(message.text), message.key))
    for one, other in combinations(by_split.values(), 2):
        for first, key in one:
            close = [twin for second, twin in other if alike(first, second)]
            assert not close, (key, close)


def test_splits_keep_the_shares_of_their_kind(written: tuple[Message, ...]) -> None:
    counted = Counter((message.kind, message.split) for message in written)
    for kind, shares in SHARES.items():
        n = sum(counted[kind, split] for split in shares)
        for split, share in shares.items():
            assert counted[kind, split] / n == pytest.approx(share, abs=0.06), (kind, split)


def test_every_intent_can_be_learnt_in_both_languages(written: tuple[Message, ...]) -> None:
    learnt = Counter((message.intent, message.language) for message in written if message.split == "train")
    for intent in {message.intent for message in written} - {"out_of_scope", "hostile"}:
        assert learnt[intent, "en"] >= 25
        assert learnt[intent, "de"] >= 15


def test_no_hostile_message_is_learnt_from(written: tuple[Message, ...]) -> None:
    hostile = Counter(message.split for message in written if message.intent == "hostile")
    assert hostile["train"] == 0
    assert hostile["certify"] >= 20
    assert hostile["live"] >= 20
    assert {message.truth for message in written if message.intent == "hostile"} == {"out_of_scope"}


def test_certify_is_mixed_like_live_traffic_with_more_attacks(written: tuple[Message, ...]) -> None:
    certify = Counter(message.kind for message in written if message.split == "certify")
    assert certify["out_of_scope"] / certify.total() == pytest.approx(0.12, abs=0.02)
    assert certify["elaborate"] / certify.total() == pytest.approx(0.12, abs=0.05)
    assert 0.015 <= certify["hostile"] / certify.total() <= 0.06


def test_another_seed_splits_otherwise() -> None:
    one = {message.key: message.split for message in company.messages(seed=1)}
    other = {message.key: message.split for message in company.messages(seed=2)}
    assert one.keys() == other.keys()
    assert one != other
