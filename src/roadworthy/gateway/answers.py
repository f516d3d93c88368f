"""Answers of models: what they say about usage, and how far that is believed."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.usage import Tokens, Wire, tokens_told


class _Details(msgspec.Struct, frozen=True):
    cached_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


_NONE = _Details()


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int = 0
    prompt_tokens_details: _Details = _NONE
    completion_tokens_details: _Details = _NONE


class _Message(msgspec.Struct):
    tool_calls: list[msgspec.Raw] | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None


class _Item(msgspec.Struct):
    type: str = ""


class _Answer(msgspec.Struct):
    usage: dict[str, Any] | None = None
    choices: list[_Choice] | None = None
    output: list[_Item] | None = None


class _Usual(msgspec.Struct):
    usage: _Usage
    choices: list[_Choice] = []


class _Event(msgspec.Struct):
    usage: dict[str, Any] | None = None
    response: _Answer | None = None
    choices: list[msgspec.Raw] | None = None


_answer, _usual = msgspec.json.Decoder(_Answer), msgspec.json.Decoder(_Usual)
_event = msgspec.json.Decoder(_Event)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Told(msgspec.Struct):
    """What an answer says about itself. ``tokens`` is None where it says nothing that can be."""

    tokens: Tokens | None
    tool_calls: int = 0


def read_answer(wire: Wire, body: bytes, *, read: int, written: int) -> Told | None:
    """What a whole answer says; None where it is no JSON object.

    ``read`` and ``written`` are the most tokens that the call could take: larger counts are not believed,
    nor are negative ones and those that are no whole numbers. An explicit 0 is 0.
    """
    if wire is Wire.CHAT and (usual := _read_usual(body, read, written)) is not None:
        return usual
    try:
        answer = _answer.decode(body)
    except msgspec.ValidationError:
        return Told(None) if _is_object(body) else None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    tokens = tokens_told(wire, answer.usage, read=read, written=written)
    calls = 0
    for one in answer.choices or ():
        if one.message is not None and one.message.tool_calls:
            calls += len(one.message.tool_calls)
    for item in answer.output or ():
        calls += item.type.endswith("_call")
    return Told(tokens, calls)


def _read_usual(body: bytes, read: int, written: int) -> Told | None:
    """A chat completion whose every count is there and can be; None for what takes a closer look."""
    try:
        answer = _usual.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    usage = answer.usage
    was_read, was_written = usage.prompt_tokens, usage.completion_tokens
    inner, outer = usage.prompt_tokens_details, usage.completion_tokens_details
    if inner.cache_creation_tokens or inner.cache_write_tokens:
        return None
    cached, reasoning = inner.cached_tokens, outer.reasoning_tokens
    if not (0 <= cached <= was_read <= read and 0 <= reasoning <= was_written <= written):
        return None
    calls = 0
    for one in answer.choices:
        if one.message is not None and one.message.tool_calls:
            calls += len(one.message.tool_calls)
    return Told(Tokens(was_read, was_written, cached, 0, reasoning), calls)


class Spoken(msgspec.Struct):
    """What one event of a stream says. ``bare``: it holds usage and no part of an answer."""

    tokens: Tokens | None
    bare: bool


def read_event(wire: Wire, payload: bytes, *, read: int, written: int) -> Spoken | None:
    """What an event with usage says; None where it is no JSON object."""
    try:
        event = _event.decode(payload)
    except msgspec.ValidationError:
        return Spoken(None, bare=False) if _is_object(payload) else None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    told = event.usage if event.response is None else event.response.usage
    tokens = tokens_told(wire, told, read=read, written=written)
    return Spoken(tokens, bare=told is not None and wire is Wire.CHAT and not event.choices)


def _is_object(body: bytes) -> bool:
    try:
        _object.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True
