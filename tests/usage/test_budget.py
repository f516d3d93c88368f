"""Budgets as a tree: who gets how much of what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.usage import Ask, Grant, Level, Node, Refusal, answers, chunk, path_of

ROOT = Node("platform@2026-11", Level.PLATFORM, 10_000)
KEYS = [Node(f"key:{number}@2026-11", Level.KEY, 10_000) for number in range(3)]


def test_a_path_runs_from_the_root_and_leaves_out_what_has_no_limit_or_no_name() -> None:
    limits = {Level.CASE: 1, Level.PLATFORM: 4, Level.USE_CASE: 3, Level.KEY: 2}
    path = path_of("support", month="2026-11", unit="sales", key="", case="ab", limits=limits)
    assert [node.id for node in path] == ["platform@2026-11", "use_case:support@2026-11", "case:support/ab"]
    assert [node.limit for node in path] == [4, 3, 1]


def test_an_ask_is_for_nothing_or_more_on_different_budgets() -> None:
    with pytest.raises(ValueError, match="nothing or more"):
        Ask((ROOT,), -1)
    with pytest.raises(ValueError, match="twice"):
        Ask((ROOT, ROOT), 1)


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**9), st.integers(0, 10**6))
def test_a_chunk_is_enough_or_nothing_and_never_more_than_is_left(
    needed: int, left: int, call: int
) -> None:
    leased = chunk(needed, left, call=call)
    assert leased == 0 if needed > left else needed <= leased <= left


def test_a_part_of_a_scarce_budget_is_leased_exactly() -> None:
    assert chunk(1, 1_000) == 10
    assert chunk(1, 1_000, call=126) == 1
    assert chunk(1, 1_000, call=125) == 10


ASKS = st.lists(
    st.builds(Ask, st.sampled_from([(ROOT, key) for key in KEYS]), st.integers(0, 400)),
    min_size=1,
    max_size=12,
)


@given(
    ASKS,
    st.integers(-50, 3_000),
    st.lists(st.integers(-50, 1_000), min_size=3, max_size=3),
    st.integers(0, 500),
)
def test_answers_together_never_take_more_than_there_is(
    asks: list[Ask], root: int, keys: list[int], in_hand: int
) -> None:
    left = {ROOT.id: root, **{key.id: amount for key, amount in zip(KEYS, keys, strict=True)}}
    hand = {ROOT.id: in_hand}
    found = answers(asks, left, hand)
    leased = dict.fromkeys(left, 0)
    needed = dict.fromkeys(left, 0)
    for ask, answer in zip(asks, found, strict=True):
        if isinstance(answer, Refusal):
            assert answer.node in ask.path
            assert 0 <= answer.left < ask.amount or ask.amount == 0
            continue
        assert isinstance(answer, Grant)
        for id_, amount in answer.amounts:
            assert amount > 0
            leased[id_] += amount
        for node in ask.path:
            needed[node.id] += ask.amount
    for id_, before in left.items():
        assert leased[id_] <= max(0, before)
        assert needed[id_] <= leased[id_] + hand.get(id_, 0)
        # A limit that was lowered binds what is in hand as well.
        assert needed[id_] <= max(0, before + hand.get(id_, 0))
