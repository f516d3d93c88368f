"""Bodies of the OpenAI wire: content is hidden, structure is not, and answers come back with the values in them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.data.personal.disguise import Disguise
from roadworthy.data.personal.standins import tag_of
from roadworthy.data.personal.wire import hide_body, restore_body
from roadworthy.errors import InputProblem

SECRET = b"a secret of this case alone"
TAG = tag_of(SECRET)
EMAIL, PHONE, IBAN = "jane.doe@example.org", "+49 30 1234567", "DE89 3704 0044 0532 0130 00"


def disguise() -> Disguise:
    return Disguise("pseudonymise", SECRET)


def hidden(body: dict[str, Any], made: Disguise | None = None) -> Any:
    return json.loads(hide_body(made or disguise(), json.dumps(body).encode()))


def test_a_chat_is_hidden_in_its_content_and_kept_in_its_structure() -> None:
    body = {
        "model": "task:reply",
        "user": EMAIL,
        "seed": 4930123456789,
        "metadata": {"customer": EMAIL, EMAIL: "x"},
        "prediction": {"type": "content", "content": f"Dear {EMAIL}"},
        "messages": [
            {"role": "system", "content": f"Answer {EMAIL}"},
            {"role": "user", "name": EMAIL, "content": [{"type": "text", "text": f"call {PHONE}"}]},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": f"call_{EMAIL}",
                        "type": "function",
                        "function": {
                            "name": "send",
                            "arguments": json.dumps({"to": EMAIL, "n": 3, "account": IBAN}),
                        },
                    }
                ],
            },
            {
                "role": "tool",
                "tool_call_id": f"call_{EMAIL}",
                "content": '{"seen": "jane.doe\\u0040example.org"}',
            },
            {"role": "user", "content": "hi", "some_new_field": {"deep": [f"see {EMAIL}"]}},
        ],
    }
    seen = hidden(body)
    mail = f"[EMAIL_1_{TAG}]"
    assert (seen["model"], seen["user"], seen["seed"]) == ("task:reply", mail, 4930123456789)
    assert seen["metadata"] == {"customer": mail, mail: "x"}
    assert seen["prediction"]["content"] == f"Dear {mail}"
    first, second, third, fourth, fifth = seen["messages"]
    assert first == {"role": "system", "content": f"Answer {mail}"}
    assert second == {
        "role": "user",
        "name": mail,
        "content": [{"type": "text", "text": f"call [PHONE_1_{TAG}]"}],
    }
    call = third["tool_calls"][0]
    assert (call["id"], call["type"], call["function"]["name"]) == (f"call_{EMAIL}", "function", "send")
    assert json.loads(call["function"]["arguments"]) == {"to": mail, "n": 3, "account": f"[IBAN_1_{TAG}]"}
    assert fourth == {"role": "tool", "tool_call_id": f"call_{EMAIL}", "content": f'{{"seen":"{mail}"}}'}
    assert fifth["some_new_field"] == {"deep": [f"see {mail}"]}


def test_a_response_is_hidden_in_its_input_and_instructions() -> None:
    seen = hidden(
        {
            "model": "m",
            "instructions": f"Help {EMAIL}",
            "previous_response_id": "resp_1",
            "safety_identifier": EMAIL,
            "prompt_cache_key": EMAIL,
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": f"I am {EMAIL}"}],
                },
                {
                    "type": "function_call",
                    "call_id": "c1",
                    "name": "f",
                    "arguments": json.dumps({"a": EMAIL}),
                },
                {"type": "function_call_output", "call_id": "c1", "output": f"sent to {EMAIL}"},
                {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": EMAIL}]},
            ],
        }
    )
    mail = f"[EMAIL_1_{TAG}]"
    assert EMAIL not in json.dumps(seen)
    assert seen["input"][0]["content"][0] == {"type": "input_text", "text": f"I am {mail}"}
    assert seen["input"][1] == {
        "type": "function_call",
        "call_id": "c1",
        "name": "f",
        "arguments": f'{{"a":"{mail}"}}',
    }
    assert seen["previous_response_id"] == "resp_1"


@pytest.mark.parametrize("given", [f"mail {EMAIL}", [f"mail {EMAIL}", "nothing"]])
def test_texts_to_embed_are_hidden(given: object) -> None:
    assert EMAIL not in json.dumps(hidden({"model": "e", "input": given}))


def test_tools_and_schemas_keep_their_names_and_lose_what_they_say_about_people() -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "send_mail",
            "description": f"Sends, for example to {EMAIL}",
            "parameters": {
                "type": "object",
                "properties": {
                    "to": {"type": "string", "description": f"like {EMAIL}", "default": EMAIL},
                    "description": {"type": "string", "pattern": "^[0-9]{3}-[0-9]{2}-[0-9]{4}$"},
                },
                "required": ["to"],
            },
        },
    }
    seen = hidden(
        {"model": "m", "messages": [], "tools": [tool], "response_format": {"type": "json_object"}}
    )
    function = seen["tools"][0]["function"]
    assert EMAIL not in json.dumps(seen)
    assert function["name"] == "send_mail"
    assert function["parameters"]["required"] == ["to"]
    assert list(function["parameters"]["properties"]) == ["to", "description"]
    assert function["parameters"]["properties"]["description"]["pattern"] == "^[0-9]{3}-[0-9]{2}-[0-9]{4}$"


def test_a_picture_passes_and_a_link_loses_the_person_in_it() -> None:
    data = "data:image/png;base64,+4930123456789AAAA"
    parts = [
        {"type": "image_url", "image_url": {"url": url}}
        for url in (data, "https://x.example/a?mail=jane.doe%40example.org&w=3")
    ]
    first, second = hidden({"model": "m", "messages": [{"role": "user", "content": parts}]})["messages"][0][
        "content"
    ]
    assert first["image_url"]["url"] == data
    assert second["image_url"]["url"] == f"https://x.example/a?mail=[EMAIL_1_{TAG}]&w=3"


def test_a_long_number_in_arguments_becomes_a_string_and_the_field_says_what_it_is() -> None:
    arguments = json.dumps({"card_number": 4111111111111111, "lastName": "Connor", "count": 12})
    call = {
        "role": "assistant",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "pay", "arguments": arguments}}
        ],
    }
    seen = hidden({"model": "m", "messages": [call]})["messages"][0]["tool_calls"][0]["function"][
        "arguments"
    ]
    assert json.loads(seen) == {
        "card_number": f"[CREDIT_CARD_1_{TAG}]",
        "lastName": f"[PERSON_NAME_1_{TAG}]",
        "count": 12,
    }


def test_redacted_keys_that_become_the_same_stay_apart() -> None:
    made = Disguise("redact", SECRET)
    seen = hidden({"model": "m", "metadata": {"a@example.org": 1, "b@example.org": 2}}, made)
    assert seen["metadata"] == {"[EMAIL]": 1, "[EMAIL] (2)": 2}


def nested(depth: int) -> bytes:
    return b'{"messages":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "RW-HIDE-002"),
        (b'{"messages": [', "RW-HIDE-002"),
        (b'["a"]', "RW-HIDE-002"),
        (b'{"a": "\xff"}', "RW-HIDE-002"),
        (b'{"a": "\\ud800"}', "RW-HIDE-002"),
        (b'{"model": "\\ud800"}', "RW-HIDE-002"),
        (b'{"a": NaN}', "RW-HIDE-002"),
        (b'{"a": 1e999}', "RW-HIDE-002"),
        (b'{"a": ' + b"9" * 5000 + b"}", "RW-HIDE-002"),
        ('{"a": "x"}'.encode("utf-16"), "RW-HIDE-002"),
        (nested(70), "RW-HIDE-003"),
        (nested(200_000), "RW-HIDE-003"),
        (b'{"messages": [{"content": "jane@example.org", "content": "x"}]}', "RW-HIDE-005"),
        (b'{"messages": [{"function": {"arguments": "{\\"a\\": 1, \\"a\\": 2}"}}]}', "RW-HIDE-005"),
        (b'{"model": "e", "input": [1, 2, 3]}', "RW-HIDE-006"),
        (b'{"model": "e", "input": [[1, 2], [3]]}', "RW-HIDE-006"),
        (b'{"model": "e", "prompt": [9906]}', "RW-HIDE-006"),
    ],
)
def test_what_cannot_be_searched_is_an_error_and_not_passed_on(body: bytes, code: str) -> None:
    with pytest.raises(InputProblem) as caught:
        hide_body(disguise(), body)
    assert caught.value.code == code
    assert "jane" not in str(caught.value)


def test_json_inside_json_inside_json_ends_at_the_depth() -> None:
    inner = EMAIL
    for _ in range(8):
        inner = json.dumps({"a": inner})
    body = {"messages": [{"role": "tool", "content": inner}]}
    assert EMAIL not in json.dumps(hidden(body))
    with pytest.raises(InputProblem) as caught:
        hide_body(disguise(), json.dumps(body).encode(), deepest=5)
    assert caught.value.code == "RW-HIDE-003"


def test_a_body_beyond_the_limit_is_refused() -> None:
    with pytest.raises(InputProblem) as caught:
        hide_body(disguise(), b'{"a": "' + b"x" * 100 + b'"}', most_bytes=100)
    assert caught.value.code == "RW-HIDE-004"


def test_an_answer_gets_its_values_back_and_keeps_its_names() -> None:
    made = disguise()
    made.hide(f"{EMAIL} {PHONE}")
    mail = f"[EMAIL_1_{TAG}]"
    answer = {
        "id": f"chatcmpl-{mail}",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": f"Wrote to {mail}.",
                    "refusal": mail,
                    "reasoning_content": mail,
                    "tool_calls": [
                        {
                            "id": "c",
                            "type": "function",
                            "function": {"name": "f", "arguments": f'{{"to": "{mail}"}}'},
                        }
                    ],
                },
            }
        ],
    }
    seen = json.loads(restore_body(made, json.dumps(answer).encode()))
    message = seen["choices"][0]["message"]
    assert seen["id"] == f"chatcmpl-{mail}"
    assert (message["content"], message["refusal"], message["reasoning_content"]) == (
        f"Wrote to {EMAIL}.",
        EMAIL,
        EMAIL,
    )
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"to": EMAIL}


def test_a_value_with_quotes_does_not_break_the_json_it_is_restored_in() -> None:
    made = disguise()
    seen = hidden({"model": "m", "metadata": {"password": 'x9"w\\ord'}}, made)["metadata"]["password"]
    assert seen == f"[PASSWORD_1_{TAG}]"
    inner = json.dumps({"password": seen})
    answer = {
        "choices": [{"message": {"content": inner, "tool_calls": [{"function": {"arguments": inner}}]}}]
    }
    message = json.loads(restore_body(made, json.dumps(answer).encode()))["choices"][0]["message"]
    assert json.loads(message["content"]) == {"password": 'x9"w\\ord'}
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"password": 'x9"w\\ord'}


def test_an_answer_without_stand_ins_is_the_same_bytes() -> None:
    made = disguise()
    made.hide(EMAIL)
    body = b'{ "choices" : [] , "x": 1.50 }'
    assert restore_body(made, body) is body


def test_an_answer_that_is_no_json_is_restored_as_text() -> None:
    made = disguise()
    made.hide(EMAIL)
    assert (
        restore_body(made, f"\xff error for [EMAIL_1_{TAG}]".encode("latin-1"))
        == b"\xff error for " + EMAIL.encode()
    )


_JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8), st.sampled_from([EMAIL, PHONE, json.dumps({"x": [EMAIL]}), "a\\b", f"[EMAIL_1_{TAG}]"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["role", "content", "messages", "name", "arguments", "tools", "metadata", "x", EMAIL]), inner, max_size=4),
    ),
    max_leaves=16,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["model", "messages", "input", "tools", "metadata", "user"]), _JSON, max_size=4
    )
)
def test_any_body_is_hidden_or_refused_and_keeps_its_form(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    try:
        seen = hide_body(disguise(), raw)
    except InputProblem as problem:
        refused = problem.code
    else:
        assert list(json.loads(seen)) == list(body)
        return
    assert refused.startswith("RW-HIDE-")


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_never_crash_either_way(body: bytes) -> None:
    made = disguise()
    made.hide(EMAIL)
    restore_body(made, body + TAG.encode())
    with pytest.raises(InputProblem):
        hide_body(made, b"\x00" + body)
