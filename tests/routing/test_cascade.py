"""Confidence of an answer, read from itself; and whether the next model is asked."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.routing import Candidate, Route, confidence, fits, next_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"enum": ["a", "b"]}, "score": {"type": "integer", "minimum": 0}},
    "required": ["label"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}


def answer(text: object = "yes", *, finish: str | None = "stop", **message: object) -> dict[str, Any]:
    logprobs = message.pop("logprobs", None)
    choice = {"message": {"content": text, **message}, "finish_reason": finish, "logprobs": logprobs}
    return {"choices": [choice]}


def tokens(*logs: object) -> dict[str, object]:
    return {"content": [{"token": "t", "logprob": log} for log in logs]}


def test_a_whole_answer_that_nothing_speaks_against_is_sure() -> None:
    assert confidence(answer()) == 1.0
    assert confidence(json.dumps(answer()).encode()) == 1.0


NONE = {
    "refused": answer("no", refusal="I cannot"),
    "filtered": answer("half", finish="content_filter"),
    "cut off": answer("half", finish="length"),
    "without an end": answer("half", finish=None),
    "empty": answer("  "),
    "without a text": answer(None),
    "without choices": {"choices": []},
    "an error": {"error": {"message": "x"}},
    "no object": [1],
    "no JSON": b"{",
    "no UTF-8": b'{"choices": "\xff"}',
    "nested without end": b"[" * 100_000,
    "a probability above 1": answer(logprobs=tokens(-0.1, 0.5)),
    "a probability that is none": answer(logprobs=tokens(-0.1, "x")),
    "a token that cannot be": answer(logprobs=tokens(-0.1, -math.inf)),
    "a call without arguments that can be read": answer(None, finish="tool_calls", tool_calls=[{"function": {"arguments": "{"}}]),
}  # fmt: skip


@pytest.mark.parametrize("why", NONE)
def test_what_is_no_answer_has_no_confidence(why: str) -> None:
    assert confidence(NONE[why]) == 0.0


def test_told_probabilities_are_taken_as_their_geometric_mean() -> None:
    told = answer(logprobs=tokens(math.log(0.9), math.log(0.4)))
    assert confidence(told) == pytest.approx(math.sqrt(0.36))


def test_of_several_choices_the_least_sure_one_counts() -> None:
    both = {"choices": [*answer()["choices"], *answer(logprobs=tokens(math.log(0.3)))["choices"]]}
    assert confidence(both) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ('{"label": "a"}', 1.0),
        ('{"label": "a", "score": 3}', 1.0),
        ('{"label": "c"}', 0.0),
        ('{"score": 3}', 0.0),
        ('{"label": "a", "more": 1}', 0.0),
        ('{"label": "a", "score": NaN}', 0.0),
        ('Here it is: {"label": "a"}', 0.0),
        ("[]", 0.0),
    ],
)
def test_what_does_not_fit_the_form_that_was_asked_for_has_none(text: str, sure: float) -> None:
    assert confidence(answer(text), asked=FORM) == sure
    assert confidence(answer(text), asked=json.dumps(FORM).encode()) == sure


def test_a_json_object_is_any_object_and_a_text_is_any_text() -> None:
    assert confidence(answer('{"x": 1}'), asked={"type": "json_object"}) == 1.0
    assert confidence(answer("[1]"), asked={"type": "json_object"}) == 0.0
    assert confidence(answer("[1"), asked={"type": "text"}) == 1.0


def test_a_form_that_cannot_be_read_is_kept_by_nobody() -> None:
    assert confidence(answer(), asked=b"{") == 0.0


def test_a_call_to_a_tool_is_an_answer() -> None:
    calls = [{"function": {"name": "look", "arguments": '{"id": 3}'}}]
    assert confidence(answer(None, finish="tool_calls", tool_calls=calls), asked=FORM) == 1.0


def test_answers_of_the_responses_wire_are_read_too() -> None:
    def response(*output: object, status: str = "completed") -> dict[str, object]:
        return {"status": status, "output": list(output)}

    def said(text: str, **more: object) -> dict[str, object]:
        return {"type": "message", "content": [{"type": "output_text", "text": text, **more}]}

    form = {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}
    thought = {"type": "reasoning", "summary": []}
    assert confidence(response(thought, said("yes"))) == 1.0
    assert confidence(response(said("yes"), status="incomplete")) == 0.0
    assert confidence(response(thought)) == 0.0
    assert confidence(response(said('{"label": "a"}')), asked=form) == 1.0
    assert confidence(response(said('{"label": "z"}')), asked=form) == 0.0
    assert confidence(response({"type": "message", "content": [{"type": "refusal"}]})) == 0.0
    assert confidence(response({"type": "function_call", "arguments": "{}"})) == 1.0
    sure = response(said("yes", logprobs=[{"logprob": math.log(0.5)}]))
    assert confidence(sure) == pytest.approx(0.5)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "finish_reason", "logprobs", "logprob", "tool_calls",
                         "output", "type", "text", "status", "function", "arguments"]), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(values, values)
def test_whatever_comes_has_a_confidence_from_0_to_1(value: object, form: object) -> None:
    assert 0.0 <= confidence(value, asked=form) <= 1.0


def test_the_next_model_is_asked_only_where_there_is_one_and_a_threshold() -> None:
    one = Candidate("a", "a", "", frozenset(), None)
    two = Route((one, one), "", {})
    assert next_of(two, 0.4, 0.5)
    assert next_of(two, math.nan, 0.5)
    assert not next_of(two, 0.5, 0.5)
    assert not next_of(two, 0.4, None)
    assert not next_of(two, 0.4, 0.5, asked=2)
    assert not next_of(Route((one,), "", {}), 0.0, 0.5)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 1.5]) | st.sampled_from(["", "a", "bb"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip
kinds = st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])


def schemas() -> st.SearchStrategy[Any]:
    def words(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.fixed_dictionaries(
            {},
            optional={
                "type": kinds | st.lists(kinds, min_size=1, max_size=3, unique=True),
                "enum": st.lists(plain, min_size=1, max_size=3),
                "const": plain,
                "minimum": st.integers(-2, 2), "exclusiveMinimum": st.integers(-2, 2),
                "maximum": st.integers(-2, 2), "exclusiveMaximum": st.integers(-2, 2),
                "minLength": st.integers(0, 2), "maxLength": st.integers(0, 2),
                "minItems": st.integers(0, 2), "maxItems": st.integers(0, 2),
                "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
                "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
                "additionalProperties": inner, "items": inner,
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "anyOf": st.lists(inner, min_size=1, max_size=2), "allOf": st.lists(inner, min_size=1, max_size=2),
                "oneOf": st.lists(inner, min_size=1, max_size=2), "not": inner,
            },
        )  # fmt: skip

    return st.recursive(st.booleans() | words(st.booleans()), words, max_leaves=6)


@settings(max_examples=120, deadline=None)
@given(plain, schemas())
def test_shapes_are_judged_as_an_independent_validator_does(value: object, schema: Any) -> None:
    assert fits(value, schema) == jsonschema.Draft202012Validator(schema).is_valid(value)


def test_references_within_the_schema_are_followed_and_no_others() -> None:
    tree = {
        "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["id"]}},
        "$ref": "#/$defs/node",
    }  # fmt: skip
    assert fits({"id": 1, "next": {"id": 2}}, tree)
    assert not fits({"id": 1, "next": {}}, tree)
    assert not fits({}, {"$ref": "http://127.0.0.1/schema"})
    assert not fits({}, {"$ref": "#/$defs/nothing"})
    assert not fits({}, {"$ref": "#"}), "it never ends"


def test_a_schema_that_takes_too_long_fits_nothing() -> None:
    bomb: Any = {"type": "string"}
    for _ in range(20):
        bomb = {"anyOf": [bomb, bomb, bomb]}
    assert not fits(1, bomb)


def test_a_pattern_is_left_to_the_server_that_promised_it() -> None:
    assert fits("aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", {"type": "string", "pattern": "(a+)+$"})
