"""OpenAI's own client for Python, unchanged: whatever it can ask comes back as it expects it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel
from tests.gateway.answers import TEXT
from tests.gateway.clients import PIXEL, Door, Gateway, served, straight
from tests.gateway.upstream import Reply, Upstream

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "good day to you"}]
# Made once: every client would read all certificates of the machine, and no test here needs any.
TRUST = ssl.create_default_context()


def tool(name: str) -> Any:
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": city}}


class Parcel(BaseModel):
    number: int
    where: str
    on_its_way: bool
    stops: list[str]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Upstream() as model, served(tmp_path_factory.mktemp("gateway"), model) as found:
        yield found


@pytest.fixture(params=["straight", "gateway"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    if request.param == "straight":
        yield straight(request.getfixturevalue("upstream"))
    else:
        yield request.getfixturevalue("gateway").next_door()


def client_of(door: Door, **changes: Any) -> OpenAI:
    options = {"max_retries": 0, "timeout": 20.0, "default_headers": door.headers, **changes}
    http = openai.DefaultHttpxClient(verify=TRUST)
    return OpenAI(base_url=door.url, api_key=door.key, http_client=http, **options)


@pytest.fixture
def client(door: Door) -> Iterator[OpenAI]:
    with client_of(door) as found:
        yield found


# ── chat completions ──


def test_a_chat_is_answered_with_its_tokens(client: OpenAI, door: Door) -> None:
    found = client.chat.completions.create(model=door.model, messages=HELLO)
    assert found.choices[0].message.content == TEXT
    assert found.choices[0].finish_reason == "stop"
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (4, 8)


def test_headers_come_with_the_answer(client: OpenAI, door: Door) -> None:
    found = client.chat.completions.with_raw_response.create(model=door.model, messages=HELLO)
    assert found.headers["content-type"].startswith("application/json")
    assert found.parse().choices[0].message.content == TEXT


def test_a_stream_says_the_same(client: OpenAI, door: Door) -> None:
    with client.chat.completions.create(model=door.model, messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    assert "".join(each.choices[0].delta.content or "" for each in chunks) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(each.usage is None for each in chunks)


def test_a_stream_ends_with_its_tokens_where_they_are_asked_for(client: OpenAI, door: Door) -> None:
    options: Any = {"include_usage": True}
    with client.chat.completions.create(
        model=door.model, messages=HELLO, stream=True, stream_options=options
    ) as stream:
        *_, last = stream
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == 12


@pytest.mark.parametrize("lines", ["plain", "crlf", "multi", "comments", "close_colon", "no_done"])
def test_every_lawful_way_to_write_a_stream_arrives(client: OpenAI, door: Door, lines: Any) -> None:
    door.upstream.always = Reply(lines=lines, piece=7)
    with client.chat.completions.create(model=door.model, messages=HELLO, stream=True) as stream:
        assert "".join(each.choices[0].delta.content or "" for each in stream if each.choices) == TEXT


def test_a_stream_helper_adds_the_events_up(client: OpenAI, door: Door) -> None:
    with client.chat.completions.stream(model=door.model, messages=HELLO) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content == TEXT


def test_tools_are_called_side_by_side_and_their_results_go_back(client: OpenAI, door: Door) -> None:
    tools = [tool("weather"), tool("time")]
    found = client.chat.completions.create(model=door.model, messages=HELLO, tools=tools)
    calls = found.choices[0].message.tool_calls or []
    assert found.choices[0].finish_reason == "tool_calls"
    assert [(one.function.name, one.function.arguments) for one in calls if one.type == "function"] == [
        ("weather", '{"city": "text"}'),
        ("time", '{"city": "text"}'),
    ]
    results: list[Any] = [{"role": "tool", "tool_call_id": one.id, "content": "fine"} for one in calls]
    turn: Any = found.choices[0].message.model_dump(exclude_none=True)
    again = client.chat.completions.create(model=door.model, messages=[*HELLO, turn, *results], tools=tools)
    assert again.choices[0].message.content == TEXT
    assert door.upstream.seen[-1].body["messages"][-1]["tool_call_id"] == calls[1].id


def test_one_tool_at_a_time_where_that_is_asked_for(client: OpenAI, door: Door) -> None:
    found = client.chat.completions.create(
        model=door.model, messages=HELLO, tools=[tool("weather"), tool("time")], parallel_tool_calls=False
    )
    assert len(found.choices[0].message.tool_calls or []) == 1


def test_calls_of_tools_stream_in_pieces(client: OpenAI, door: Door) -> None:
    with client.chat.completions.stream(
        model=door.model, messages=HELLO, tools=[tool("weather"), tool("time")]
    ) as stream:
        calls = stream.get_final_completion().choices[0].message.tool_calls or []
    assert [(one.function.name, one.function.arguments) for one in calls] == [
        ("weather", '{"city": "text"}'),
        ("time", '{"city": "text"}'),
    ]


def test_a_schema_is_kept_and_parsed(client: OpenAI, door: Door) -> None:
    found = client.chat.completions.parse(model=door.model, messages=HELLO, response_format=Parcel)
    assert found.choices[0].message.parsed == Parcel(
        number=7, where="text", on_its_way=True, stops=["text"]
    )
    sent = door.upstream.seen[-1].body["response_format"]["json_schema"]
    assert sent["strict"] is True


@pytest.mark.parametrize(("finish", "error"), [("length", openai.LengthFinishReasonError),
                                               ("content_filter", openai.ContentFilterFinishReasonError)])  # fmt: skip
def test_what_was_cut_short_is_not_parsed(
    client: OpenAI, door: Door, finish: str, error: type[Exception]
) -> None:
    door.upstream.always = Reply(finish=finish)
    with pytest.raises(error):
        client.chat.completions.parse(model=door.model, messages=HELLO, response_format=Parcel)


def test_images_arrive(client: OpenAI, door: Door) -> None:
    parts: Any = [
        {"type": "text", "text": "what is this"},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": PIXEL}},
    ]
    found = client.chat.completions.create(model=door.model, messages=[{"role": "user", "content": parts}])
    assert found.choices[0].message.content == "I see 2 images"
    assert door.upstream.seen[-1].body["messages"][0]["content"] == parts


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices_and_their_probabilities(client: OpenAI, door: Door, stream: bool) -> None:
    said = ["", "", ""]
    if stream:
        with client.chat.completions.create(
            model=door.model, messages=HELLO, n=3, logprobs=True, stream=True
        ) as chunks:
            for each in chunks:
                for choice in each.choices:
                    said[choice.index] += choice.delta.content or ""
                    if choice.delta.content:
                        assert choice.logprobs is not None
    else:
        found = client.chat.completions.create(model=door.model, messages=HELLO, n=3, logprobs=True)
        assert found.usage is not None
        assert found.usage.completion_tokens == 24
        for one in found.choices:
            said[one.index] = one.message.content or ""
            assert one.logprobs is not None
            assert (one.logprobs.content or [])[0].logprob == -0.25
    assert said == [TEXT] * 3


def test_a_bound_cuts_the_answer(client: OpenAI, door: Door) -> None:
    found = client.chat.completions.create(model=door.model, messages=HELLO, max_completion_tokens=3)
    assert found.choices[0].finish_reason == "length"
    assert found.choices[0].message.content == "Guten Tag, schöne"


def test_what_this_client_does_not_know_is_passed_on(client: OpenAI, door: Door) -> None:
    client.chat.completions.create(model=door.model, messages=HELLO, extra_body={"top_k": 5}, seed=7)
    sent = door.upstream.seen[-1].body
    assert (sent["top_k"], sent["seed"]) == (5, 7)


# ── responses ──


def test_a_response_is_answered(client: OpenAI, door: Door) -> None:
    found = client.responses.create(model=door.model, input="good day to you", instructions="be brief")
    assert found.output_text == TEXT
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens) == (6, 8)


def test_a_response_streams_its_events(client: OpenAI, door: Door) -> None:
    with client.responses.create(model=door.model, input="good day", stream=True) as stream:
        events = list(stream)
    assert events[0].type == "response.created"
    assert "".join(each.delta for each in events if each.type == "response.output_text.delta") == TEXT
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.usage is not None
    assert [each.sequence_number for each in events] == list(range(len(events)))


def test_a_helper_adds_the_events_of_a_response_up(client: OpenAI, door: Door) -> None:
    with client.responses.stream(model=door.model, input="good day") as stream:
        assert stream.get_final_response().output_text == TEXT


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_calls_tools(client: OpenAI, door: Door, stream: bool) -> None:
    named: Any = {**tool("weather")["function"], "type": "function", "strict": False}
    if stream:
        with client.responses.stream(model=door.model, input="good day", tools=[named]) as events:
            found: Any = events.get_final_response()
    else:
        found = client.responses.create(model=door.model, input="good day", tools=[named])
    assert [(one.name, one.arguments) for one in found.output] == [("weather", '{"city": "text"}')]


def test_a_response_keeps_a_schema(client: OpenAI, door: Door) -> None:
    found = client.responses.parse(model=door.model, input="good day", text_format=Parcel)
    assert found.output_parsed == Parcel(number=7, where="text", on_its_way=True, stops=["text"])


def test_a_response_that_was_cut_says_why(client: OpenAI, door: Door) -> None:
    found = client.responses.create(model=door.model, input="good day", max_output_tokens=2)
    assert found.status == "incomplete"
    assert found.incomplete_details is not None
    assert found.incomplete_details.reason == "max_output_tokens"


# ── embeddings, models ──


@pytest.mark.parametrize("form", ["float", "base64"])
def test_texts_are_embedded(client: OpenAI, door: Door, form: Any) -> None:
    found = client.embeddings.create(
        model=door.model, input=["good day", "bye"], dimensions=4, encoding_format=form
    )
    assert len(found.data) == 2
    assert found.usage.prompt_tokens == 3
    if form == "float":
        assert found.data[1].embedding == [3 / 16, 4 / 16, 5 / 16, 6 / 16]


def test_embeddings_without_a_form_are_numbers(client: OpenAI, door: Door) -> None:
    found = client.embeddings.create(model=door.model, input="good day", dimensions=4)
    assert list(found.data[0].embedding) == [0.5, 0.5625, 0.625, 0.6875]


def test_models_are_listed_and_looked_up(client: OpenAI, door: Door) -> None:
    names = [one.id for one in client.models.list()]
    assert names
    assert client.models.retrieve(names[0]).id == names[0]
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing-of-this-name")


# ── errors ──

CLASSES: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", CLASSES)
def test_every_refusal_is_the_class_that_programs_catch(
    client: OpenAI, door: Door, status: int, stream: bool
) -> None:
    door.upstream.always = Reply(status=status)
    expected = door.passes_on(status)
    with pytest.raises(CLASSES[expected]) as raised:
        client.chat.completions.create(model=door.model, messages=HELLO, stream=stream)
    assert raised.value.status_code == expected
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["message"]
    assert raised.value.type


def test_an_error_within_a_stream_is_raised(client: OpenAI, door: Door) -> None:
    door.upstream.always = Reply(breaks="error", after=3)
    with client.chat.completions.create(model=door.model, messages=HELLO, stream=True) as stream:
        assert [next(stream).choices[0].delta.content for _ in range(3)] == ["", "Guten", " Tag,"]
        with pytest.raises(openai.APIError):
            next(stream)


def test_a_refusal_is_tried_again_after_the_time_it_names(door: Door) -> None:
    door.upstream.then(Reply(status=429, retry_after="0.01"), Reply(status=503, retry_after="0.01"))
    with client_of(door, max_retries=2) as client:
        found = client.chat.completions.create(model=door.model, messages=HELLO)
    assert found.choices[0].message.content == TEXT
    assert len(door.upstream.seen) == 3


def test_what_tries_cannot_mend_is_not_tried_again(door: Door) -> None:
    door.upstream.always = Reply(status=422)
    with client_of(door, max_retries=2) as client, pytest.raises(openai.UnprocessableEntityError):
        client.chat.completions.create(model=door.model, messages=HELLO)
    assert len(door.upstream.seen) == 1


def test_what_the_gateway_itself_refuses_is_of_these_classes_too(gateway: Gateway) -> None:
    door = gateway.next_door()
    asked: dict[str, Any] = {"model": door.model, "messages": HELLO}
    with client_of(replace(door, key="rw_gat_wrong")) as client, pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(**asked)
    with (
        client_of(replace(door, headers={})) as client,
        pytest.raises(openai.BadRequestError, match="case"),
    ):
        client.chat.completions.create(**asked)
    with client_of(door) as client, pytest.raises(openai.NotFoundError, match="nothing-of-this-name"):
        client.chat.completions.create(**{**asked, "model": "nothing-of-this-name"})
    with client_of(door) as client, pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**asked, max_tokens=-1)
    assert door.upstream.seen == []


# ── time and leaving ──


def test_a_model_that_hangs_is_a_timeout(door: Door) -> None:
    door.upstream.always = Reply(breaks="hang", when="before")
    with client_of(door, timeout=0.2) as client, pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model=door.model, messages=HELLO)
    door.upstream.release()


def test_a_caller_may_leave_a_stream_and_go_on(client: OpenAI, door: Door) -> None:
    door.upstream.then(Reply(breaks="hang", after=3))
    with client.chat.completions.create(model=door.model, messages=HELLO, stream=True) as stream:
        assert next(stream).choices[0].delta.role == "assistant"
        assert next(stream).choices[0].delta.content == "Guten"
    door.upstream.release()
    assert door.upstream.until(lambda: door.upstream.ended() == 1)
    assert (
        client.chat.completions.create(model=door.model, messages=HELLO).choices[0].message.content == TEXT
    )


def test_twenty_calls_run_side_by_side(door: Door) -> None:
    door.upstream.always = Reply(together=20)

    async def every() -> list[str | None]:
        async with AsyncOpenAI(
            base_url=door.url, api_key=door.key, default_headers=door.headers, max_retries=0, timeout=20
        ) as client:
            found = await asyncio.gather(
                *(client.chat.completions.create(model=door.model, messages=HELLO) for _ in range(20))
            )
        return [one.choices[0].message.content for one in found]

    assert asyncio.run(every()) == [TEXT] * 20
    assert door.upstream.peak == 20


def test_who_sends_less_than_announced_asks_no_model_and_the_door_stays_open(gateway: Gateway) -> None:
    door = gateway.next_door()
    where = urlsplit(door.url)
    head = (
        f"POST {where.path}/chat/completions HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Authorization: Bearer {door.key}\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    )
    for cut in (
        "",
        '{"model": "m001", ',
        '{"model": "m001", "messages": [{"role": "user", "content": "hi"}]}',
    ):
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=5) as client:
            client.sendall((head + cut).encode())
            client.shutdown(socket.SHUT_WR)
            assert b" 200 " not in client.recv(65_536).partition(b"\r\n")[0]
    assert door.upstream.seen == []
    with client_of(door) as again:
        answer = again.chat.completions.create(model=door.model, messages=HELLO)
    assert answer.choices[0].message.content == TEXT
