"""What a server says of tokens, and how far it is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.usage import Tokens, Wire, tokens_told

CHAT = {"prompt_tokens": 90, "completion_tokens": 30}
MOST = {"read": 100, "written": 50}


def test_all_kinds_are_told_apart() -> None:
    told = {
        **CHAT,
        "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 20},
        "completion_tokens_details": {"reasoning_tokens": 10},
    }
    assert tokens_told(Wire.CHAT, told, **MOST) == Tokens(90, 30, cached=40, stored=20, reasoning=10)


def test_the_responses_wire_has_its_own_words() -> None:
    told = {"input_tokens": 9, "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 2}}
    assert tokens_told(Wire.RESPONSES, told, **MOST) == Tokens(9, 3, reasoning=2)
    assert tokens_told(Wire.CHAT, told, **MOST) is None


def test_embeddings_write_nothing() -> None:
    assert tokens_told(Wire.EMBEDDINGS, {"prompt_tokens": 9, "total_tokens": 9}, **MOST) == Tokens(9, 0)


@pytest.mark.parametrize("part", [-1, 91, "40", 4.0, True, None, [], {}])
def test_a_part_that_cannot_be_leaves_the_dearer_bill(part: object) -> None:
    told = {**CHAT, "prompt_tokens_details": {"cached_tokens": part}}
    assert tokens_told(Wire.CHAT, told, **MOST) == Tokens(90, 30)


_odd = st.none() | st.booleans() | st.integers(-200, 200) | st.floats() | st.text(max_size=3)
_parts = st.dictionaries(
    st.sampled_from(["cached_tokens", "cache_creation_tokens", "cache_write_tokens", "reasoning_tokens"]),
    _odd,
)
_names = st.sampled_from([*CHAT, "prompt_tokens_details", "completion_tokens_details", "other"])


@given(told=st.dictionaries(_names, _odd | _parts) | _odd)
def test_whatever_is_told_gives_tokens_within_the_bounds_or_none(told: object) -> None:
    found = tokens_told(Wire.CHAT, told, **MOST)
    if found is not None:
        assert 0 <= found.read <= 100
        assert 0 <= found.written <= 50
        assert found.cached + found.stored <= found.read
