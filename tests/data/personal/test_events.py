"""Streams of the OpenAI wire are restored so that the official clients add them up to the whole answer."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from openai import omit
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from roadworthy.data.personal.disguise import Disguise
from roadworthy.data.personal.events import EventRestorer
from roadworthy.data.personal.standins import tag_of

SECRET = b"a secret of this case alone"
TAG = tag_of(SECRET)
EMAIL, PASSWORD = "jane.doe@example.org", 'x9"w\\ord'
MAIL, WORD = f"[EMAIL_1_{TAG}]", f"[PASSWORD_1_{TAG}]"
CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def used() -> Disguise:
    made = Disguise("pseudonymise", SECRET)
    assert made.hide(EMAIL) == MAIL
    assert made.hide(PASSWORD, label="password") == WORD
    return made


def cut(text: str, lengths: list[int]) -> Iterator[str]:
    at = turn = 0
    while at < len(text):
        length = lengths[turn % len(lengths)]
        yield text[at : at + length]
        at, turn = at + length, turn + 1


def chunk(delta: dict[str, Any], *, index: int = 0, finish: str | None = None) -> dict[str, Any]:
    return {**CHUNK, "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def sent(events: list[dict[str, Any]], *, done: bool = True) -> list[dict[str, Any]]:
    restorer = EventRestorer(used())
    given_out = [payload for event in events for payload in restorer.feed(json.dumps(event).encode())]
    if done:
        given_out += restorer.feed(b"[DONE]")
        assert given_out.pop() == b"[DONE]"
    return [json.loads(payload) for payload in [*given_out, *restorer.end()]]


def added_up(events: list[dict[str, Any]]) -> Any:
    state: Any = ChatCompletionStreamState()
    for event in events:
        state.handle_chunk(ChatCompletionChunk.model_validate(event))
    return state.get_final_completion()


LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None)
@given(
    LENGTHS,
    st.sampled_from([f"Wrote to {MAIL}.", f"Ask {MAIL}", "Ask for [EMAIL_1_", f"{MAIL}{MAIL} email"]),
)
def test_a_chat_is_added_up_by_the_official_client_to_the_restored_whole(
    lengths: list[int], text: str
) -> None:
    arguments = json.dumps({"to": MAIL, "password": WORD})
    events = [chunk({"role": "assistant", "content": ""})]
    for index in (0, 1):
        events += [chunk({"content": piece}, index=index) for piece in cut(text, lengths)]
    for at in (0, 1):
        call = {
            "index": at,
            "id": f"call_{at}",
            "type": "function",
            "function": {"name": "send", "arguments": ""},
        }
        events.append(chunk({"tool_calls": [call]}))
        events += [
            chunk({"tool_calls": [{"index": at, "function": {"arguments": piece}}]})
            for piece in cut(arguments, lengths)
        ]
    events += [chunk({}, finish="tool_calls"), chunk({}, index=1, finish="stop")]
    events.append(
        {**CHUNK, "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
    )
    completion = added_up(sent(events))
    whole = used().restore(text)
    assert [choice.message.content for choice in completion.choices] == [whole, whole]
    calls = completion.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"to": EMAIL, "password": PASSWORD}
    ] * 2
    assert [call.id for call in calls] == ["call_0", "call_1"]
    assert completion.usage.total_tokens == 2


def test_what_is_held_comes_in_the_chunk_that_finishes() -> None:
    events = sent([chunk({"content": "see [EMAIL_1"}), chunk({}, finish="length")])
    assert [event["choices"][0]["delta"] for event in events] == [
        {"content": "see "},
        {"content": "[EMAIL_1"},
    ]


def test_a_tool_call_cut_off_gets_what_was_held() -> None:
    call = {
        "index": 1,
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": '{"a": "[EMA'},
    }
    events = sent([chunk({"tool_calls": [call]}), chunk({}, finish="length")])
    assert events[1]["choices"][0]["delta"] == {
        "tool_calls": [{"index": 1, "function": {"arguments": "[EMA"}}]
    }


def test_a_stream_that_just_stops_gives_out_what_it_holds_once() -> None:
    events = sent([chunk({"content": "a [EMAIL"}), chunk({"content": "b [EMAIL"}, index=1)], done=False)
    assert events[-1]["id"] == "chatcmpl-1"
    assert [choice["delta"] for choice in events[-1]["choices"]] == [{"content": "[EMAIL"}] * 2


def test_events_that_change_nothing_are_the_same_bytes() -> None:
    restorer = EventRestorer(used())
    for payload in (
        b'{"choices": [{"index": 0, "delta": {"content": "Hello"}}] }',
        b'{ "choices": [], "usage": {} }',
        b"not json",
        b"[1]",
        b'{"type": "response.created", "sequence_number": 0 }',
    ):
        assert restorer.feed(payload) == [payload]


def test_nothing_is_read_where_nothing_was_hidden() -> None:
    payload = f'{{"choices": [{{"delta": {{"content": "{MAIL}"}}}}]}}'.encode()
    assert EventRestorer(Disguise("redact", SECRET)).feed(payload) == [payload]


def test_text_completions_are_restored_too() -> None:
    events = [
        {"choices": [{"index": 0, "text": piece, "finish_reason": None}]}
        for piece in cut(f"to {MAIL}", [3])
    ]
    assert "".join(event["choices"][0]["text"] for event in sent(events)) == f"to {EMAIL}"


def response(text: str, arguments: str, lengths: list[int]) -> list[dict[str, Any]]:
    base = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": [], "parallel_tool_calls": True,
            "tool_choice": "auto", "tools": [], "status": "in_progress"}  # fmt: skip
    part = {"type": "output_text", "text": "", "annotations": []}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    call = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "c",
        "name": "f",
        "arguments": "",
        "status": "in_progress",
    }
    here = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    there = {"item_id": "fc_1", "output_index": 1}
    whole, called = {**part, "text": text}, {**call, "arguments": arguments, "status": "completed"}
    said = {**message, "content": [whole], "status": "completed"}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": base},
        {"type": "response.output_item.added", "output_index": 0, "item": message},
        {"type": "response.content_part.added", **here, "part": part},
        *(
            {"type": "response.output_text.delta", **here, "delta": piece, "logprobs": []}
            for piece in cut(text, lengths)
        ),
        {"type": "response.output_text.done", **here, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **here, "part": whole},
        {"type": "response.output_item.done", "output_index": 0, "item": said},
        {"type": "response.output_item.added", "output_index": 1, "item": call},
        *(
            {"type": "response.function_call_arguments.delta", **there, "delta": piece}
            for piece in cut(arguments, lengths)
        ),
        {"type": "response.function_call_arguments.done", **there, "name": "f", "arguments": arguments},
        {"type": "response.output_item.done", "output_index": 1, "item": called},
        {
            "type": "response.completed",
            "response": {**base, "status": "completed", "output": [said, called]},
        },
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


@settings(max_examples=25, deadline=None)
@given(LENGTHS, st.sampled_from([f"Wrote to {MAIL}.", f"Ask {MAIL}", "Ask for [EMAIL_1_"]))
def test_a_response_is_added_up_by_the_official_client_to_the_restored_whole(
    lengths: list[int], text: str
) -> None:
    arguments = json.dumps({"to": MAIL, "password": WORD})
    events = sent(response(text, arguments, lengths), done=False)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    whole = used().restore(text)
    for kind, expected in (
        ("response.output_text", whole),
        ("response.function_call_arguments", used().restore(arguments, quoted=True)),
    ):
        assert "".join(event["delta"] for event in events if event["type"] == f"{kind}.delta") == expected
    state: Any = ResponseStreamState(input_tools=[], text_format=omit)
    last: Any = None
    for event in events:
        for made in state.handle_event(EVENT.validate_python(event)):
            last = made
    assert last.response.output_text == whole
    assert json.loads(last.response.output[1].arguments) == {"to": EMAIL, "password": PASSWORD}
    done = next(event for event in events if event["type"] == "response.output_text.done")
    assert done["text"] == whole
