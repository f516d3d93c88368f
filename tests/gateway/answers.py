"""What a good server answers on the OpenAI wire: documents, and the events of a stream, out of what was asked.

A token is a word here, so that a test can count it by hand. What a stream says is what the whole answer says.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

CREATED = 1_790_000_000
TEXT = "Guten Tag, schöne Grüße 🙂 from the model"
DEEPEST = 8

Json = dict[str, Any]
Counting = Literal["asked", "always", "never", "early", "with_choices", "zero"]
"""When a stream tells its tokens. ``asked`` is what OpenAI does: in a last event, where `include_usage` asks for it."""


@dataclass(frozen=True)
class Event:
    """One event of a stream; the wire of responses gives it a name."""

    data: str
    name: str = ""


@dataclass(frozen=True)
class Said:
    """One choice: what was said, which tools it calls with what, and why it ended."""

    text: str
    calls: tuple[tuple[str, str], ...]
    finish: str

    @property
    def words(self) -> int:
        return len(self.text.split()) + sum(len(words.split()) for _, words in self.calls)


def words_of(document: object) -> int:
    """Words of every text in a list of messages, and 85 for each image."""
    if isinstance(document, str):
        return len(document.split())
    if isinstance(document, list):
        return sum(words_of(each) for each in document)
    if isinstance(document, dict):
        if document.get("type") in {"image_url", "input_image"}:
            return 85
        return words_of(document.get("content") or document.get("text") or "")
    return 0


def images_of(document: object) -> int:
    """Images in a list of messages."""
    if isinstance(document, list):
        return sum(images_of(each) for each in document)
    if isinstance(document, dict):
        here = document.get("type") in {"image_url", "input_image"}
        return here + images_of(document.get("content"))
    return 0


def fitting(schema: Any, whole: Any = None, depth: int = 0) -> Any:
    """The first thing that comes to mind that a JSON schema accepts."""
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    whole = schema if whole is None else whole
    if "$ref" in schema:
        target = whole
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        return fitting(target, whole, depth + 1)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return fitting(schema[choice][0], whole, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties") or {}
            return {name: fitting(each, whole, depth + 1) for name, each in properties.items()}
        case "array":
            return [fitting(schema.get("items"), whole, depth + 1)]
        case "string":
            return "text"
        case "integer":
            return 7
        case "number":
            return 7.5
        case "boolean":
            return True
    return None


def said(asked: Json, text: str, finish: str) -> Said:
    """What answers a request: its tools are called, its schema is kept, else the text; never over its bound."""
    messages = asked.get("messages") or asked.get("input") or []
    last = messages[-1] if isinstance(messages, list) and messages else {}
    answered = isinstance(last, dict) and (
        last.get("role") == "tool" or last.get("type") == "function_call_output"
    )
    tools = [each.get("function") or each for each in asked.get("tools") or ()]
    if tools and not answered and asked.get("tool_choice") != "none" and not finish:
        if asked.get("parallel_tool_calls") is False:
            tools = tools[:1]
        calls = tuple((each["name"], json.dumps(fitting(each.get("parameters")))) for each in tools)
        return Said("", calls, "tool_calls")
    form = asked.get("response_format") or (asked.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        schema = (form.get("json_schema") or form).get("schema")
        return Said(json.dumps(fitting(schema)), (), finish or "stop")
    if images := images_of(messages):
        text = f"I see {images} images"
    most = asked.get("max_completion_tokens") or asked.get("max_tokens") or asked.get("max_output_tokens")
    if isinstance(most, int) and 0 < most < len(text.split()):
        return Said(" ".join(text.split()[:most]), (), finish or "length")
    return Said(text, (), finish or "stop")


def pieces(text: str) -> Sequence[str]:
    """Its words, each with the space before it: together the text again."""
    found = text.split(" ")
    return [found[0], *(" " + each for each in found[1:])] if text else []


# ── chat completions ──


def chat_counts(asked: Json, one: Said, *, zero: bool = False) -> Json:
    read, written = words_of(asked.get("messages")), one.words * int(asked.get("n") or 1)
    if zero:
        read = written = 0
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "prompt_tokens_details": {"cached_tokens": read // 2, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def chat(asked: Json, one: Said, number: int, counts: Mapping[str, object] | None) -> Json:
    """The whole answer."""
    message: Json = {"role": "assistant", "content": one.text or None, "refusal": None}
    if one.calls:
        message["tool_calls"] = [_call(number, place, *each) for place, each in enumerate(one.calls)]
    choice: Json = {
        "message": message,
        "finish_reason": one.finish,
        "logprobs": _logprobs(one.text) if asked.get("logprobs") else None,
    }
    answer = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": CREATED,
        "model": asked.get("model", "scripted-1"),
        "choices": [{"index": index, **choice} for index in range(int(asked.get("n") or 1))],
        "system_fingerprint": "fp_scripted",
    }
    return answer if counts is None else {**answer, "usage": dict(counts)}


def chat_events(
    asked: Json, one: Said, number: int, counts: Mapping[str, object] | None, counting: Counting
) -> Iterator[Event]:
    """The same as a stream, with its tokens where ``counting`` puts them."""
    wanted = bool((asked.get("stream_options") or {}).get("include_usage"))
    told: Counting | Literal["nowhere"] = "nowhere" if counts is None else counting
    head: Json = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": asked.get("model", "scripted-1"),
        "system_fingerprint": "fp_scripted",
    }
    if wanted:
        head["usage"] = None

    def event(delta: Json, finish: str | None = None, index: int = 0, **more: object) -> Event:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        if asked.get("logprobs") and delta.get("content"):
            choice["logprobs"] = _logprobs(delta["content"])
        return Event(json.dumps({**head, "choices": [choice], **more}, ensure_ascii=False))

    choices = range(int(asked.get("n") or 1))
    for index in choices:
        early = {"usage": counts} if told == "early" and index == 0 else {}
        yield event({"role": "assistant", "content": "" if one.text else None}, index=index, **early)
    for piece in pieces(one.text):
        for index in choices:
            yield event({"content": piece}, index=index)
    for place, (name, words) in enumerate(one.calls):
        for index in choices:
            opened = _call(number, place, name, "")
            yield event({"tool_calls": [{"index": place, **opened}]}, index=index)
            for piece in pieces(words):
                arguments = {"index": place, "function": {"arguments": piece}}
                yield event({"tool_calls": [arguments]}, index=index)
    for index in choices:
        last = {"usage": counts} if told == "with_choices" and index == choices[-1] else {}
        yield event({}, one.finish, index, **last)
    if told == "always" or (told in {"asked", "zero"} and wanted):
        yield Event(json.dumps({**head, "choices": [], "usage": counts}))
    yield Event("[DONE]")


def _call(number: int, place: int, name: str, arguments: str) -> Json:
    function = {"name": name, "arguments": arguments}
    return {"id": f"call_{number}_{place}", "type": "function", "function": function}


def _logprobs(text: str) -> Json:
    content = [
        {"token": piece, "logprob": -0.25, "bytes": list(piece.encode()), "top_logprobs": []}
        for piece in pieces(text)
    ]
    return {"content": content, "refusal": None}


# ── responses ──


def response_counts(asked: Json, one: Said, *, zero: bool = False) -> Json:
    read, written = words_of(asked.get("input")) + words_of(asked.get("instructions")), one.words
    if zero:
        read = written = 0
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": read // 2},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }


def _items(one: Said, number: int, status: str) -> list[Json]:
    if one.calls:
        return [
            {
                "id": f"fc_{number}_{place}",
                "call_id": f"call_{number}_{place}",
                "type": "function_call",
                "name": name,
                "arguments": words,
                "status": status,
            }
            for place, (name, words) in enumerate(one.calls)
        ]
    part = {"type": "output_text", "text": one.text, "annotations": [], "logprobs": []}
    return [
        {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": [part],
        }
    ]


def response(asked: Json, one: Said, number: int, counts: Mapping[str, object] | None) -> Json:
    """The whole answer of the responses wire."""
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(one.finish)
    status = "incomplete" if cut else "completed"
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": cut} if cut else None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "metadata": asked.get("metadata") or {},
        "model": asked.get("model", "scripted-1"),
        "output": _items(one, number, status),
        "parallel_tool_calls": asked.get("parallel_tool_calls", True),
        "temperature": asked.get("temperature", 1.0),
        "text": asked.get("text") or {"format": {"type": "text"}},
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": asked.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None if counts is None else dict(counts),
    }


def response_events(
    asked: Json, one: Said, number: int, counts: Mapping[str, object] | None
) -> Iterator[Event]:
    """The same as named events, each with its number in the sequence."""
    last = response(asked, one, number, counts)
    begun = {**last, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    ended = "response.completed" if last["status"] == "completed" else "response.incomplete"
    plain: list[tuple[str, Json]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
        *(step for place, item in enumerate(last["output"]) for step in _item_events(place, item)),
        (ended, {"response": last}),
    ]
    for sequence, (name, body) in enumerate(plain):
        document = {"type": name, "sequence_number": sequence, **body}
        yield Event(json.dumps(document, ensure_ascii=False), name)


def _item_events(place: int, item: Json) -> Iterator[tuple[str, Json]]:
    here = {"output_index": place, "item_id": item["id"]}
    opened = {**item, "status": "in_progress"}
    if item["type"] == "function_call":
        opened["arguments"] = ""
        yield "response.output_item.added", {"output_index": place, "item": opened}
        for piece in pieces(item["arguments"]):
            yield "response.function_call_arguments.delta", {**here, "delta": piece}
        whole = {**here, "name": item["name"], "arguments": item["arguments"]}
        yield "response.function_call_arguments.done", whole
    else:
        opened["content"] = []
        part = item["content"][0]
        here["content_index"] = 0
        yield "response.output_item.added", {"output_index": place, "item": opened}
        yield "response.content_part.added", {**here, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield "response.output_text.delta", {**here, "delta": piece, "logprobs": []}
        yield "response.output_text.done", {**here, "text": part["text"], "logprobs": []}
        yield "response.content_part.done", {**here, "part": part}
    yield "response.output_item.done", {"output_index": place, "item": item}


# ── embeddings, models, errors ──


def embeddings(asked: Json, counts: Mapping[str, object] | None) -> Json:
    """One vector for each text: the first numbers after its length."""
    given = asked.get("input") or []
    texts = (
        given if isinstance(given, list) and not all(isinstance(each, int) for each in given) else [given]
    )
    size = int(asked.get("dimensions") or 8)
    vectors = [[float(len(each) + place) / 16 for place in range(size)] for each in texts]
    coded = asked.get("encoding_format") == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(struct.pack(f"<{size}f", *each)).decode() if coded else each,
        }
        for index, each in enumerate(vectors)
    ]
    answer: Json = {"object": "list", "data": data, "model": asked.get("model", "scripted-1")}
    return answer if counts is None else {**answer, "usage": dict(counts)}


def embedding_counts(asked: Json) -> Json:
    read = words_of(asked.get("input"))
    return {"prompt_tokens": read, "total_tokens": read}


def model(name: str) -> Json:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "scripted"}


def error(status: int) -> Json:
    """An error in OpenAI's shape."""
    kind, code = {
        401: ("invalid_request_error", "invalid_api_key"),
        403: ("invalid_request_error", "unsupported_country_region_territory"),
        404: ("invalid_request_error", "model_not_found"),
        429: ("requests", "rate_limit_exceeded"),
    }.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    return {"error": {"message": f"scripted {status}", "type": kind, "param": None, "code": code}}
