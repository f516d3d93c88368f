"""Streams as they pass."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.gateway.events import Events, Malformed
from roadworthy.usage import Tokens, Wire

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}


def chunk(content: str = "", **fields: object) -> bytes:
    told = {"id": "c", "choices": [{"index": 0, "delta": {"content": content}}], **fields}
    return b"data: " + json.dumps(told, ensure_ascii=False).encode() + b"\n\n"


STREAM = (
    b": hello\n\n"
    + chunk("Where ")
    + chunk("is \u00e9\U0001f600 data: {")
    + chunk("it?", usage=None)
    + chunk(choices=[], usage=USAGE)
    + b"data: [DONE]\n\n"
)


def events(*, hide: bool = False, wire: Wire = Wire.CHAT) -> Events:
    return Events(wire, read=1_000, written=100, hide_usage=hide)


def passed(follower: Events, pieces: list[bytes]) -> bytes:
    return b"".join(follower.feed(piece) for piece in pieces) + follower.finish() + follower.ended


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[one:other] for one, other in pairwise(ends)]


@given(places=st.lists(st.integers(min_value=0, max_value=10_000), max_size=12))
def test_however_a_stream_is_cut_the_same_passes(places: list[int]) -> None:
    follower = events()
    assert passed(follower, cut(STREAM, places)) == STREAM
    assert follower.tokens == Tokens(9, 3, cached=4)
    assert follower.done


@given(
    places=st.lists(st.integers(min_value=0, max_value=10_000), max_size=12),
    ends=st.sampled_from([b"\r\n", b"\r"]),
)
def test_other_line_ends_are_read_too(places: list[int], ends: bytes) -> None:
    follower = events()
    assert passed(follower, cut(STREAM.replace(b"\n", ends), places)) == STREAM
    assert follower.tokens == Tokens(9, 3, cached=4)


def test_usage_that_the_client_did_not_ask_for_is_taken_out() -> None:
    follower = events(hide=True)
    found = passed(follower, [STREAM])
    assert b"prompt_tokens" not in found
    assert found.count(b"data: ") == STREAM.count(b"data: ") - 1
    assert follower.tokens == Tokens(9, 3, cached=4)


def test_usage_beside_a_piece_of_the_answer_is_read_and_passed() -> None:
    follower = events(hide=True)
    stream = chunk("x", usage=USAGE)
    assert passed(follower, [stream]) == stream
    assert follower.tokens == Tokens(9, 3, cached=4)


@pytest.mark.parametrize("blank", [b"", b" "])
def test_events_that_say_of_usage_that_there_is_none_pass_as_they_are(blank: bytes) -> None:
    follower = events()
    said = chunk("a", usage=None).replace(b'"usage": null', b'"usage":' + blank + b"null")
    assert follower.feed(said) is said
    assert follower.feed(said[:20]) + follower.feed(said[20:]) == said
    assert follower.tokens is None


def test_the_last_word_about_usage_counts() -> None:
    follower = events()
    passed(
        follower,
        [chunk("a", usage={"prompt_tokens": 9, "completion_tokens": 1}) + chunk(choices=[], usage=USAGE)],
    )
    assert follower.tokens == Tokens(9, 3, cached=4)


@pytest.mark.parametrize(
    "lie",
    [{"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": 9.0, "completion_tokens": 1},
     {"prompt_tokens": "9", "completion_tokens": 1}, {"prompt_tokens": 10**9, "completion_tokens": 1},
     {"prompt_tokens": 9, "completion_tokens": 101}, {"prompt_tokens": True, "completion_tokens": 1}, {}],
)  # fmt: skip
def test_counts_that_cannot_be_are_not_believed(lie: dict[str, object]) -> None:
    follower = events()
    passed(follower, [chunk(choices=[], usage=lie)])
    assert follower.tokens is None


def test_an_explicit_nothing_is_nothing() -> None:
    follower = events()
    passed(follower, [chunk(choices=[], usage={"prompt_tokens": 0, "completion_tokens": 0})])
    assert follower.tokens == Tokens(0, 0)


def test_the_usage_of_the_responses_wire_stands_in_its_last_event() -> None:
    told = {"type": "response.completed", "response": {"usage": {"input_tokens": 9, "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 2}}}}  # fmt: skip
    stream = b"event: response.completed\ndata: " + json.dumps(told).encode() + b"\n\n"
    follower = events(wire=Wire.RESPONSES, hide=True)
    assert passed(follower, [stream]) == stream
    assert follower.tokens == Tokens(9, 3, reasoning=2)


@pytest.mark.parametrize(
    "garbage",
    [
        b"<html>\n\n",
        b"data: {not\n\n",
        b'data: {"usage": }\n\n',
        b"data: 7\n\n",
        b"data: [1]\n\n",
        b"\x00\xff\n\n",
    ],
)
def test_what_is_no_stream_of_events_is_malformed(garbage: bytes) -> None:
    follower = events()
    with pytest.raises(Malformed):
        follower.feed(chunk("a") + garbage)


def test_an_event_that_does_not_end_is_not_held_for_ever() -> None:
    follower = events()
    endless = [b"data: {" + b"x" * 100_000] * 100
    with pytest.raises(Malformed):
        passed(follower, endless)


def test_half_an_event_at_the_end_is_malformed() -> None:
    follower = events()
    follower.feed(b'data: {"choices": [')
    with pytest.raises(Malformed):
        follower.finish()


@given(data=st.binary(max_size=200), places=st.lists(st.integers(min_value=0, max_value=200), max_size=4))
def test_any_bytes_pass_or_are_malformed(data: bytes, places: list[int]) -> None:
    try:
        passed(events(), cut(data, places))
    except Malformed:
        return


def test_data_over_several_lines_is_one_event() -> None:
    stream = b'data: {"choices": [],\ndata: "usage": {"prompt_tokens": 9, "completion_tokens": 3}}\n\n'
    follower = events()
    assert passed(follower, [stream]) == stream
    assert follower.tokens == Tokens(9, 3)
