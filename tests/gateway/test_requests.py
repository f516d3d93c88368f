"""What is read of a request, and what is sent on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.errors import InputProblem
from roadworthy.gateway.requests import Asked, read_request
from roadworthy.usage import Wire

ASKED = {"model": "small", "messages": [{"role": "user", "content": "Where is my parcel?"}]}


def read(wire: Wire = Wire.CHAT, /, **fields: object) -> Asked:
    first = {"model": "small", "input": "x"} if wire is not Wire.CHAT else ASKED
    return read_request(wire, json.dumps({**first, **fields}).encode())


def problems(wire: Wire = Wire.CHAT, /, **fields: object) -> list[str]:
    with pytest.raises(InputProblem) as raised:
        read(wire, **fields)
    return [problem.place for problem in raised.value.problems]


def test_what_a_model_reads_is_never_more_tokens_than_bytes() -> None:
    short, long = read(), read(messages=[{"role": "user", "content": "é" * 1_000}])
    assert long.read - short.read > 1_900


def test_a_picture_by_its_address_counts_as_the_dearest_there_is() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://host/a.png"}}
    found = read(messages=[{"role": "user", "content": [{"type": "text", "text": "?"}, part]}])
    assert "images" in found.able
    assert found.read > 50_000


def test_a_text_that_speaks_of_pictures_is_a_text() -> None:
    found = read(messages=[{"role": "user", "content": 'use "image_url" and input_image'}])
    assert "images" not in found.able
    assert found.read < 5_000


@pytest.mark.parametrize("wrong", [-1, 0, 1.5, "10", True, 10**9, [], {}])
def test_a_limit_that_cannot_be_is_refused_with_its_name(wrong: object) -> None:
    assert problems(max_tokens=wrong) == ["max_tokens"]
    assert problems(Wire.RESPONSES, max_output_tokens=wrong) == ["max_output_tokens"]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputProblem) as raised:
        read_request(Wire.CHAT, b'{"model": 7, "stream": "yes", "max_tokens": -1, "n": 0}')
    assert [one.place for one in raised.value.problems] == [
        "model",
        "stream",
        "max_tokens",
        "n",
        "messages",
    ]


def test_two_limits_are_one_too_many() -> None:
    assert problems(max_tokens=5, max_completion_tokens=9) == ["max_tokens"]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools"),
        ({"tools": "all"}, "tools"),
        ({"tools": [7]}, "tools"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"service_tier": "priority"}, "service_tier"),
        ({"speed": "fast"}, "speed"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
            "messages",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "x"}}]}]},
            "messages",
        ),
        ({"modalities": ["text", "audio"]}, "modalities"),
    ],
)
def test_what_a_provider_does_beside_tokens_is_refused(fields: dict[str, object], place: str) -> None:
    assert problems(**fields) == [place]


def test_an_answer_in_the_background_is_refused() -> None:
    assert problems(Wire.RESPONSES, background=True) == ["background"]


def test_what_is_read_from_an_earlier_answer_is_said() -> None:
    assert read(Wire.RESPONSES, previous_response_id="resp_1").elsewhere
    assert not read(Wire.RESPONSES, previous_response_id=None).elsewhere


@pytest.mark.parametrize(
    ("wire", "fields", "able"),
    [
        (Wire.CHAT, {}, {"chat"}),
        (Wire.CHAT, {"stream": True}, {"chat", "streaming"}),
        (Wire.CHAT, {"tools": [{"type": "function"}]}, {"chat", "tools"}),
        (Wire.CHAT, {"response_format": {"type": "json_schema"}}, {"chat", "json_schema"}),
        (Wire.CHAT, {"response_format": {"type": "text"}}, {"chat"}),
        (Wire.RESPONSES, {"text": {"format": {"type": "json_schema"}}}, {"chat", "json_schema"}),
        (Wire.EMBEDDINGS, {}, {"embeddings"}),
    ],
)
def test_what_a_model_has_to_be_able_to_do(wire: Wire, fields: dict[str, object], able: set[str]) -> None:
    assert read(wire, **fields).able == able


def test_unknown_fields_pass_as_they_came() -> None:
    body = b'{"model":"a","messages":[1e400, "\\ud83d\\ude00"],"odd":{"x": 0.1000}}'
    sent = read_request(Wire.CHAT, body).body(model="b", written=5, limit="max_tokens")
    assert b'[1e400, "\\ud83d\\ude00"]' in sent
    assert b'{"x": 0.1000}' in sent


def test_a_limit_is_put_where_the_request_states_none() -> None:
    assert json.loads(read().body(model="m", written=7, limit="max_tokens"))["max_tokens"] == 7


def test_a_stated_limit_keeps_its_word() -> None:
    sent = json.loads(read(max_tokens=9).body(model="m", written=9, limit="max_completion_tokens"))
    assert sent["max_tokens"] == 9
    assert "max_completion_tokens" not in sent


def test_a_stream_is_always_asked_for_its_usage() -> None:
    sent = json.loads(read(stream=True).body(model="m", written=7, limit="max_tokens"))
    assert sent["stream_options"] == {"include_usage": True}
    kept = read(stream=True, stream_options={"include_obfuscation": False, "include_usage": False})
    assert json.loads(kept.body(model="m", written=7, limit="max_tokens"))["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }
    assert not kept.wants_usage


def test_a_name_that_stands_twice_means_the_same_to_us_and_to_the_model() -> None:
    body = b'{"model":"cheap","messages":[],"model":"dear","max_tokens":1,"max_tokens":2}'
    found = read_request(Wire.CHAT, body)
    assert (found.model, found.written) == ("dear", 2)
    sent = found.body(model="x", written=2, limit="max_tokens")
    assert sent.count(b'"model"') == sent.count(b'"max_tokens"') == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"model":"a"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"{}x",
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InputProblem) as raised:
        read_request(Wire.CHAT, body)
    assert raised.value.code == "RW-CALL-001"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(
    ["model", "messages", "input", "stream", "max_tokens", "n", "tools", "temperature", "stream_options",
     "response_format", "text", "modalities", "service_tier", "prompt", "background"]
)  # fmt: skip


@settings(max_examples=150)
@given(fields=st.dictionaries(_names, _json), wire=st.sampled_from(list(Wire)))
def test_any_object_is_read_or_refused_in_words(fields: dict[str, object], wire: Wire) -> None:
    body = json.dumps(fields).encode()
    try:
        found = read_request(wire, body)
    except InputProblem:
        return
    assert found.read >= len(body)
    assert json.loads(found.body(model="m", written=3, limit="max_tokens"))["model"] == "m"
