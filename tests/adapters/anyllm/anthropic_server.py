"""Answers in Anthropic's own wire, as its documentation of the Messages API shows them."""

from __future__ import annotations

import json
from typing import Any

from roadworthy.testing.serving import chunk, chunked, whole

USAGE = {
    "input_tokens": 10,
    "output_tokens": 5,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
}


def event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def message(*content: dict[str, Any], stop: str = "end_turn") -> bytes:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-small",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
    }
    return whole(json.dumps(body).encode(), headers="Content-Type: application/json\r\n")


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def tool(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "tu_1", "name": name, "input": arguments}


def error(status: str, kind: str, said: str, headers: str = "") -> bytes:
    body = {"type": "error", "error": {"type": kind, "message": said}}
    return whole(
        json.dumps(body).encode(), status=status, headers=f"Content-Type: application/json\r\n{headers}"
    )


def begun() -> bytes:
    """The beginning of a stream, up to the start of its message."""
    start = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-small",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**USAGE, "output_tokens": 1},
    }
    head = chunked(headers="Content-Type: text/event-stream\r\n", ended=False)
    return head + chunk(event("message_start", message=start))


def spoken(*words: str, index: int = 0) -> bytes:
    return b"".join(
        (
            chunk(event("content_block_start", index=index, content_block=text(""))),
            *(
                chunk(event("content_block_delta", index=index, delta={"type": "text_delta", "text": word}))
                for word in words
            ),
            chunk(event("content_block_stop", index=index)),
        )
    )


def called(name: str, *json_parts: str, index: int) -> bytes:
    block = {"type": "tool_use", "id": f"tu_{index}", "name": name, "input": {}}
    return b"".join(
        (
            chunk(event("content_block_start", index=index, content_block=block)),
            *(
                chunk(
                    event(
                        "content_block_delta",
                        index=index,
                        delta={"type": "input_json_delta", "partial_json": part},
                    )
                )
                for part in json_parts
            ),
            chunk(event("content_block_stop", index=index)),
        )
    )


def ended(stop: str = "end_turn") -> bytes:
    delta = {"stop_reason": stop, "stop_sequence": None}
    return (
        chunk(event("message_delta", delta=delta, usage={"output_tokens": 5}))
        + chunk(event("message_stop"))
        + b"0\r\n\r\n"
    )
