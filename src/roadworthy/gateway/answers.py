"""Answers of models: what they say about usage, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from roadworthy.usage import Tokens, Wire


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


class _Event(msgspec.Struct):
    usage: dict[str, Any] | None = None
    response: _Answer | None = None
    choices: list[msgspec.Raw] | None = None


_answer = msgspec.json.Decoder(_Answer)
_event = msgspec.json.Decoder(_Event)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(slots=True)
class Told:
    """What an answer says about itself. ``tokens`` is None where it says nothing that can be."""

    tokens: Tokens | None
    tool_calls: int = 0


def read_answer(wire: Wire, body: bytes, *, read: int, written: int) -> Told | None:
    """What a whole answer says; None where it is no JSON object.

    ``read`` and ``written`` are the most tokens that the call could take: larger counts are not believed,
    nor are negative ones and those that are no whole numbers. An explicit 0 is 0.
    """
    try:
        answer = _answer.decode(body)
    except msgspec.ValidationError:
        return Told(None) if _is_object(body) else None
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    tokens = tokens_of(wire, answer.usage, read=read, written=written)
    calls = 0
    for one in answer.choices or ():
        if one.message is not None and one.message.tool_calls:
            calls += len(one.message.tool_calls)
    for item in answer.output or ():
        calls += item.type.endswith("_call")
    return Told(tokens, calls)


@dataclass(slots=True)
class Spoken:
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
    tokens = tokens_of(wire, told, read=read, written=written)
    return Spoken(tokens, bare=told is not None and wire is Wire.CHAT and not event.choices)


def tokens_of(wire: Wire, told: dict[str, Any] | None, *, read: int, written: int) -> Tokens | None:
    """The tokens of a ``usage`` object; None where it holds none that can be."""
    if told is None:
        return None
    first, second, inner, outer = (
        ("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
        if wire is Wire.RESPONSES
        else ("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")
    )
    was_read, was_written = told.get(first), told.get(second, 0)
    if type(was_read) is not int or type(was_written) is not int:
        return None
    if not (0 <= was_read <= read and 0 <= was_written <= written):
        return None
    cached = stored = reasoning = 0
    if type(parts := told.get(inner)) is dict:
        cached = _part(parts, "cached_tokens", was_read)
        stored = _part(parts, "cache_creation_tokens", was_read - cached)
        stored = stored or _part(parts, "cache_write_tokens", was_read - cached)
    if type(parts := told.get(outer)) is dict:
        reasoning = _part(parts, "reasoning_tokens", was_written)
    return Tokens(was_read, was_written, cached, stored, reasoning)


def _part(parts: dict[str, Any], name: str, whole: int) -> int:
    """A part of a count, where it can be one."""
    value = parts.get(name)
    return value if type(value) is int and 0 <= value <= whole else 0


def _is_object(body: bytes) -> bool:
    try:
        _object.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True
