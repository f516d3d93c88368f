"""A provider with a wire of its own is asked, and answers, as if it spoke the OpenAI wire."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.adapters.anyllm.anthropic_server import (
    begun,
    called,
    ended,
    error,
    event,
    message,
    spoken,
    text,
    tool,
)

from roadworthy.adapters.anyllm import AnyLlmUpstream
from roadworthy.errors import InputProblem
from roadworthy.ports.address import Address
from roadworthy.ports.upstream import Broken, Incoming, Outgoing
from roadworthy.testing.conformance.upstream import sends, sends_and_ends, sends_and_hangs
from roadworthy.testing.serving import Answering, Received, Serving, whole

ASKED: dict[str, Any] = {
    "model": "claude-small",
    "max_completion_tokens": 50,
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}],
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "parameters": {"type": "object", "properties": {"id": {"type": "integer"}}},
        },
    }
]


def request(
    asked: object = None, path: str = "/chat/completions", *, timeout_s: float = 5.0, **more: Any
) -> Outgoing:
    body = asked if isinstance(asked, bytes) else json.dumps(asked or {**ASKED, **more}).encode()
    return Outgoing(f"provider:anthropic{path}", {"authorization": "Bearer other"}, body, timeout_s)


def with_server(
    answering: Answering, scenario: Callable[[AnyLlmUpstream, Serving], Awaitable[Any]], key: str = "k-1"
) -> Any:
    # Loading an SDK may take long on a busy machine, and is not what is timed here.
    import_module("any_llm.providers.anthropic")

    async def whole_scenario() -> Any:
        async with asyncio.timeout(30), Serving(answering) as server:
            address = Address.parse(f"http://127.0.0.1:{server.port}")
            upstream = AnyLlmUpstream("anthropic", key=key, address=address)
            try:
                return await scenario(upstream, server)
            finally:
                await upstream.close()

    return asyncio.run(whole_scenario())


def post(answering: Answering, asked: Outgoing, most: int = 1_000_000) -> tuple[Incoming, list[Received]]:
    async def scenario(upstream: AnyLlmUpstream, server: Serving) -> tuple[Incoming, list[Received]]:
        return await upstream.post(asked, most=most), server.received

    found: tuple[Incoming, list[Received]] = with_server(answering, scenario)
    return found


def read(answering: Answering, asked: Outgoing) -> tuple[int, list[bytes], Broken | None]:
    async def scenario(upstream: AnyLlmUpstream, server: Serving) -> tuple[int, list[bytes], Broken | None]:
        parts: list[bytes] = []
        async with upstream.stream(asked) as flow:
            try:
                async for part in flow.chunks():
                    parts.append(part)
            except Broken as broken:
                return flow.status, parts, broken
            return flow.status, parts, None

    found: tuple[int, list[bytes], Broken | None] = with_server(answering, scenario)
    return found


def events_in(parts: list[bytes]) -> list[ChatCompletionChunk]:
    assert parts[-1] == b"data: [DONE]\n\n"
    return [ChatCompletionChunk.model_validate_json(part.removeprefix(b"data: ")) for part in parts[:-1]]


def told(incoming: Incoming) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(incoming.body)["error"]
    return found


def test_a_question_arrives_in_the_provider_s_wire_and_its_answer_in_ours() -> None:
    got, received = post(sends(message(text("Hello"), text("!"))), request(stop=["x"], temperature=0.5))
    sent = json.loads(received[0].body)
    assert received[0].path == "/v1/messages"
    assert received[0].headers["x-api-key"] == "k-1"
    assert "authorization" not in received[0].headers
    assert sent["max_tokens"] == 50
    assert (sent["system"], sent["stop_sequences"], sent["temperature"]) == ("Be brief.", ["x"], 0.5)
    assert sent["messages"] == [{"role": "user", "content": "Hello?"}]
    answered = ChatCompletion.model_validate_json(got.body)
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert answered.choices[0].message.content == "Hello!"
    assert answered.choices[0].finish_reason == "stop"
    assert answered.created > 0


def test_tokens_read_from_and_put_into_the_cache_are_part_of_those_read() -> None:
    got, _ = post(sends(message(text("a"))), request())
    usage = json.loads(got.body)["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (15, 5, 20)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 3
    assert usage["prompt_tokens_details"]["cache_creation_tokens"] == 2


def test_instructions_of_either_name_and_form_are_instructions() -> None:
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
        {"role": "system", "content": "Three."},
        {"role": "user", "content": [{"type": "text", "text": "Hello?"}]},
    ]  # fmt: skip
    _, received = post(sends(message(text("a"))), request(messages=messages))
    assert json.loads(received[0].body)["system"] == "One.\nTwo.\nThree."


def test_tools_are_offered_called_and_answered() -> None:
    answer = message(text("Let me see."), tool("look_up", id=7), stop="tool_use")
    got, received = post(sends(answer), request(tools=TOOLS, tool_choice="required"))
    sent = json.loads(received[0].body)
    assert sent["tools"][0]["name"] == "look_up"
    assert sent["tool_choice"]["type"] == "any"
    choice = ChatCompletion.model_validate_json(got.body).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    call = choice.message.tool_calls[0]
    assert call.type == "function"
    assert (call.id, call.function.name) == ("tu_1", "look_up")
    assert json.loads(call.function.arguments) == {"id": 7}
    again = [
        *ASKED["messages"],
        {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": "tu_1", "content": "seven"},
    ]
    _, received = post(sends(message(text("It is seven."))), request(messages=again, tools=TOOLS))
    assert json.loads(received[0].body)["messages"][2]["content"][0]["tool_use_id"] == "tu_1"


def test_a_streamed_answer_comes_as_one_stream_of_chunks_with_its_usage() -> None:
    status, parts, broken = read(
        sends(begun(), spoken("Hel", "lo"), ended()),
        request(stream=True, stream_options={"include_usage": True}),
    )
    assert (status, broken) == (200, None)
    chunks = events_in(parts)
    assert len({each.id for each in chunks}) == 1
    said = [choice.delta for each in chunks for choice in each.choices]
    assert said[0].role == "assistant"
    assert "".join(delta.content or "" for delta in said) == "Hello"
    assert [choice.finish_reason for each in chunks for choice in each.choices][-1] == "stop"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, chunks[-1].choices) == (15, 5, [])


def test_streamed_calls_of_tools_are_numbered_from_zero() -> None:
    answer = (
        begun(),
        spoken("Let me see."),
        called("look_up", '{"id":', "7}", index=1),
        called("look_up", '{"id":8}', index=2),
        ended("tool_use"),
    )
    _, parts, _ = read(sends(*answer), request(stream=True, tools=TOOLS))
    found: dict[int, str] = {}
    for each in events_in(parts):
        for choice in each.choices:
            for call in choice.delta.tool_calls or []:
                assert call.function is not None
                found[call.index] = found.get(call.index, "") + (call.function.arguments or "")
    assert found == {0: '{"id":7}', 1: '{"id":8}'}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "kind", "headers"),
    [
        ("400 Bad Request", "invalid_request_error", {}),
        ("401 Unauthorized", "authentication_error", {}),
        ("403 Forbidden", "permission_error", {}),
        ("404 Not Found", "not_found_error", {}),
        ("413 Too Large", "request_too_large", {}),
        ("429 Too Many Requests", "rate_limit_error", {"retry-after": "7"}),
        ("500 Internal Server Error", "api_error", {}),
        ("503 Unavailable", "api_error", {"retry-after": "3"}),
        ("529 Overloaded", "overloaded_error", {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    ],
)
def test_errors_keep_their_status_and_waits_and_are_asked_once(
    streamed: bool, status: str, kind: str, headers: dict[str, str]
) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answering = sends(error(status, kind, "not like this", raw))

    async def scenario(upstream: AnyLlmUpstream, server: Serving) -> tuple[Incoming, int]:
        asked = request(stream=True) if streamed else request()
        if not streamed:
            return await upstream.post(asked, most=10_000), len(server.received)
        async with upstream.stream(asked) as flow:
            body = b"".join([part async for part in flow.chunks()])
            return Incoming(flow.status, flow.headers, body), len(server.received)

    got, requests = with_server(answering, scenario)
    assert (got.status, requests) == (int(status[:3]), 1)
    assert told(got)["type"] == kind
    assert "not like this" in told(got)["message"]
    assert got.headers.get("retry-after") == headers.get("retry-after")


def test_a_redirect_is_not_followed_and_no_key_goes_elsewhere() -> None:
    moved = whole(b"", status="307 Temporary Redirect", headers="Location: /v1/elsewhere\r\n")
    with pytest.raises(Broken) as caught:
        post(sends(moved), request())
    assert caught.value.sent


def test_an_answer_that_breaks_off_hangs_or_is_no_answer_may_be_billed() -> None:
    for answering in (
        sends_and_ends(b""),
        sends_and_ends(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", rudely=True),
        sends(whole(b"no json", headers="Content-Type: application/json\r\n")),
    ):
        with pytest.raises(Broken) as caught:
            post(answering, request())
        assert caught.value.sent
        assert "127.0.0.1" not in caught.value.reason
    with pytest.raises(Broken, match=r"nothing came for 0\.2 s") as caught:
        post(sends_and_hangs(), request(timeout_s=0.2))
    assert caught.value.sent


def test_a_stream_that_breaks_off_gives_what_came() -> None:
    for answering in (
        sends_and_ends(begun(), spoken("Hel")),
        sends_and_hangs(begun(), spoken("Hel")),
        sends(begun(), spoken("Hel"), _overloaded()),
    ):
        status, parts, broken = read(answering, request(stream=True, timeout_s=0.3))
        assert status == 200
        assert any(b"Hel" in part for part in parts)
        assert broken is not None
        assert broken.sent


def _overloaded() -> bytes:
    from roadworthy.testing.serving import chunk

    return chunk(event("error", error={"type": "overloaded_error", "message": "Overloaded"})) + b"0\r\n\r\n"


def test_leaving_a_stream_ends_its_connection() -> None:
    async def scenario(upstream: AnyLlmUpstream, server: Serving) -> None:
        async with upstream.stream(request(stream=True, timeout_s=20.0)) as flow:
            async for _ in flow.chunks():
                break
        await server.left.wait()

    with_server(sends_and_hangs(begun(), spoken("Hel")), scenario)


def test_without_a_connection_nothing_was_sent() -> None:
    async def scenario() -> Broken:
        async with Serving(sends(b"")) as server:
            port = server.port
        upstream = AnyLlmUpstream("anthropic", key="k", address=Address.parse(f"http://127.0.0.1:{port}"))
        with pytest.raises(Broken) as caught:
            await upstream.post(request(), most=10_000)
        await upstream.close()
        return caught.value

    assert not asyncio.run(scenario()).sent


def test_an_answer_that_is_too_large_is_left() -> None:
    with pytest.raises(Broken, match="larger than 1,000 bytes"):
        post(sends(message(text("a" * 2_000))), request(), most=1_000)


@pytest.mark.parametrize(
    ("asked", "param", "words"),
    [
        (b"{", None, "not JSON"),
        (b"[" * 100_000, None, "not JSON"),
        (b"[]", None, "no.* JSON object"),
        ({"messages": [{"role": "user", "content": "a"}]}, "model", "no text"),
        ({**ASKED, "messages": []}, "messages", "empty"),
        ({**ASKED, "messages": [{"content": "a"}]}, "messages[0]", "role"),
        ({**ASKED, "messages": [{"role": "user", "content": 7}]}, "messages[0]", "neither"),
        ({**ASKED, "messages": [{"role": "system", "content": [{"type": "image_url"}]}]}, "messages[0]",
         "text alone"),
        ({**ASKED, "messages": [{"role": "assistant", "tool_calls": [{"id": "a"}]}]}, "messages[0]", "function"),
        ({**ASKED, "messages": [{"role": "assistant", "tool_calls": [
            {"id": "a", "function": {"name": "f", "arguments": "{"}}]}]}, "messages[0]", "JSON object"),
        ({**ASKED, "extra_headers": {"x-api-key": "other"}}, "extra_headers", "not passed on"),
        ({**ASKED, "extra_body": {"max_tokens": 1_000_000}}, "extra_body", "not passed on"),
        ({**ASKED, "timeout": 9_999}, "timeout", "not passed on"),
        ({**ASKED, "temperature": "hot"}, None, "form"),
        ({**ASKED, "n": 2}, "n", "one choice"),
        ({**ASKED, "response_format": {"type": "json_object"}}, None, "not supported"),
        ({**ASKED, "seed": 1}, None, "seed"),
    ],
)  # fmt: skip
def test_what_the_provider_cannot_be_asked_is_refused_before_it_leaves(
    asked: object, param: str | None, words: str
) -> None:
    got, received = post(sends(message(text("a"))), request(asked))
    assert (got.status, received) == (400, [])
    if param is not None:
        assert told(got)["param"] == param
    import re

    assert re.search(words, told(got)["message"])
    assert told(got)["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/responses", "/embeddings", "/models"])
def test_a_path_the_provider_does_not_have_is_refused(path: str) -> None:
    got, received = post(sends(message(text("a"))), request({"model": "m", "input": "a"}, path))
    assert (got.status, received) == (400, [])
    assert told(got)["code"] in {"unsupported_endpoint", "unknown_url"}


def test_keys_and_addresses_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k-of-somebody-else")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    with pytest.raises(InputProblem) as caught:
        AnyLlmUpstream("anthropic", key="")
    assert caught.value.code == "RW-UPSTREAM-003"
    upstream = AnyLlmUpstream("anthropic", key="k-1")
    client = upstream._provider.client
    assert str(client.base_url).rstrip("/") == "https://api.anthropic.com"
    asyncio.run(upstream.close())


def test_an_unknown_provider_and_a_missing_package_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InputProblem) as caught:
        AnyLlmUpstream("antropic", key="k")
    assert caught.value.code == "RW-UPSTREAM-002"
    assert "`anthropic`" in caught.value.problems[0].hint
    with pytest.raises(InputProblem) as caught:
        AnyLlmUpstream("bedrock", key="k")
    assert caught.value.code == "RW-UPSTREAM-001"
    assert caught.value.hint == "pip install 'any-llm-sdk[bedrock]'"
    monkeypatch.setitem(sys.modules, "any_llm", None)
    with pytest.raises(InputProblem) as caught:
        AnyLlmUpstream("anthropic", key="k")
    assert caught.value.code == "RW-UPSTREAM-001"
    assert caught.value.hint == "pip install 'roadworthy[providers]'"
