"""Answers of models: what they say about usage, and how far that is believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from roadworthy.usage import Tokens, Wire, tokens_told


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
    tokens = tokens_told(wire, answer.usage, read=read, written=written)
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
    tokens = tokens_told(wire, told, read=read, written=written)
    return Spoken(tokens, bare=told is not None and wire is Wire.CHAT and not event.choices)


def _is_object(body: bytes) -> bool:
    try:
        _object.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True
