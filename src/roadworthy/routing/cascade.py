"""Whether an answer is good enough to be given, or the next model is asked: its confidence, read from itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from roadworthy.routing.choice import Route
from roadworthy.routing.shape import fits

_WHOLE = frozenset({"stop", "tool_calls", "function_call"})
MOST_TOKENS = 200_000
LARGEST = 32_000_000
"""Bytes of an answer, or of a form; what is larger has no confidence."""
_NOTHING = object()


def confidence(answer: object, *, asked: object = None) -> float:
    """How sure a model is of its answer, from 0 to 1: a chat completion or a response of the OpenAI wire.

    0 for what is no answer: refused, filtered, cut off, empty, or not of the form that was ``asked`` for
    (`response_format` of the request, `text` on the responses wire). Else the geometric mean of the
    probabilities of its tokens where the server told them, else 1: nothing speaks against it. Of several
    choices the least sure one counts. Answer and form come as JSON bytes, or read already.

    It ranks answers of one model. What it is worth as a chance to be right is for a certificate to prove.
    """
    told, form = _read(answer), _read(asked) if asked is not None else None
    if not isinstance(told, Mapping) or form is _NOTHING:
        return 0.0
    if isinstance(form, Mapping) and "format" in form:
        form = form["format"]
    choices = told.get("choices")
    if choices is None and isinstance(told.get("output"), list):
        return _of_response(told, form)
    if not isinstance(choices, list) or not choices:
        return 0.0
    return min(_of_choice(one, form) for one in choices)


def next_of(route: Route, confidence: float, below: float | None, *, asked: int = 1) -> bool:
    """Whether the next model of a route is asked, after ``asked`` of them. ``below`` None: never."""
    # Written so that what is no number is not sure of anything.
    return below is not None and not confidence >= below and len(route.order) > asked


def _read(value: object) -> object:
    """The JSON value of some bytes; whatever was read already is itself."""
    if isinstance(value, Mapping | list | None):
        return value
    try:
        held = memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        return _NOTHING
    if held.nbytes > LARGEST:
        return _NOTHING
    try:
        return _json(bytes(held).decode())
    except UnicodeDecodeError:
        return _NOTHING


def _json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NOTHING


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is no JSON")


def _of_choice(choice: object, form: object) -> float:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        return 0.0
    # A server that does not say how the answer ended does not say that it is whole either.
    if choice.get("finish_reason") not in _WHOLE or message.get("refusal"):
        return 0.0
    calls = message.get("tool_calls")
    told = choice.get("logprobs")
    tokens = told.get("content") if isinstance(told, Mapping) else None
    if isinstance(calls, list) and calls:
        # What a tool is called with has the tool's form; a text beside it is not the answer.
        called = [one.get("function") if isinstance(one, Mapping) else None for one in calls]
        return _sure(tokens) if all(_is_call(one) for one in called) else 0.0
    return _sure(tokens) if _is_text(message.get("content"), form) else 0.0


def _of_response(told: Mapping[str, object], form: object) -> float:
    output = told["output"]
    if told.get("status") != "completed" or not isinstance(output, list):
        return 0.0
    found: list[float] = []
    for item in output:
        kind = item.get("type") if isinstance(item, Mapping) else None
        if kind == "function_call":
            found.append(1.0 if _is_call(item) else 0.0)
        elif kind == "message":
            found += _parts(item.get("content"), form)
    return min(found, default=0.0)


def _parts(parts: object, form: object) -> list[float]:
    """How sure each text of a message is; a refusal among them is no answer."""
    if not isinstance(parts, list) or not parts:
        return [0.0]
    found = []
    for part in parts:
        text = part.get("text") if isinstance(part, Mapping) and part.get("type") == "output_text" else None
        found.append(_sure(part.get("logprobs")) if _is_text(text, form) else 0.0)
    return found


def _is_call(function: object) -> bool:
    told = function.get("arguments") if isinstance(function, Mapping) else None
    return isinstance(told, str) and isinstance(_json(told or "{}"), Mapping)


def _is_text(text: object, form: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and _of_form(text, form)


def _of_form(text: str, form: object) -> bool:
    kind = form.get("type") if isinstance(form, Mapping) else None
    if not isinstance(form, Mapping) or kind not in {"json_object", "json_schema"}:
        return True
    value = _json(text)
    if value is _NOTHING:
        return False
    if kind == "json_object":
        return isinstance(value, Mapping)
    # The chat wire names the schema in an object of its own, the responses wire does not.
    named = form.get("json_schema", form)
    schema = named.get("schema") if isinstance(named, Mapping) else None
    return fits(value, schema) if isinstance(schema, Mapping | bool) else True


def _sure(tokens: object) -> float:
    if not isinstance(tokens, Sequence) or isinstance(tokens, str | bytes) or not tokens:
        return 1.0
    logs: list[float] = []
    for token in tokens[:MOST_TOKENS]:
        log = token.get("logprob") if isinstance(token, Mapping) else None
        if not isinstance(log, int | float) or isinstance(log, bool) or not log <= 0:
            return 0.0
        logs.append(float(log))
    return math.exp(math.fsum(logs) / len(logs)) if min(logs) > -math.inf else 0.0
