"""Answers that come as server-sent events: every text restored across its pieces, in the form that clients add up."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import msgspec

from roadworthy.data.personal.disguise import Disguise, Restorer
from roadworthy.data.personal.wire import STRUCTURE, restore_content

_Path = tuple[str | int, ...]
_DONE = b"[DONE]"
_DELTA, _ENDS = ".delta", ".done"
# Deltas that carry bytes in base64, or nothing to read.
_NO_TEXT = re.compile(r"audio(?!_transcript)|image")
_DEEPEST = 8
_FUNCTIONS = frozenset(("function", "function_call", "custom"))
_PLACES = ("item_id", "output_index", "content_index", "summary_index")
_LAST_EVENTS = frozenset(("response.completed", "response.incomplete", "response.failed", "error"))


class EventRestorer:
    """Restores a stream of chat completions, of completions or of a response, one event's ``data`` after another.

    Every text of the stream (a choice's content, the arguments of one tool call, one part of a response)
    has a restorer of its own. What one still holds is given out in the event that ends its text, before
    the client is told the end; a response gets one more ``delta`` event for it, and the numbers of the
    events after that move by one.
    """

    def __init__(self, disguise: Disguise) -> None:
        self._disguise = disguise
        self._texts: dict[_Path, Restorer] = {}
        # The last event of a response that carried a piece of each text, to copy where one more is needed.
        self._patterns: dict[_Path, dict[str, Any]] = {}
        self._chunk: dict[str, Any] = {}
        self._added = 0
        self._number: int | None = None

    def feed(self, payload: bytes) -> list[bytes]:
        """What to send on for one event, in order; mostly one payload.

        Edge:    a payload that is no object of JSON is sent on as it is, ``[DONE]`` after all that was held.
        """
        if not self._disguise.is_reversible:
            return [payload]
        if payload.strip() == _DONE:
            return [*self.end(), payload]
        try:
            event = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [payload]
        if type(event) is not dict:
            return [payload]
        choices = event.get("choices")
        if type(choices) is list:
            return [self._chat(payload, event, choices)]
        if type(event.get("type")) is str:
            return self._response(payload, event, event["type"])
        return [msgspec.json.encode(restore_content(self._disguise, event))]

    def end(self) -> list[bytes]:
        """What is still held when a stream stops without saying so; empty where nothing is."""
        rest: list[bytes] = []
        choices: dict[int, dict[str, Any]] = {}
        for path in list(self._texts):
            held = self._texts.pop(path).end()
            if not held:
                continue
            if path in self._patterns:
                rest.append(self._one_more(path, held))
            else:
                _put(choices.setdefault(int(path[0]), {}), path[1:], held)
        if choices:
            listed = [
                {"index": index, **choice, "finish_reason": None} for index, choice in choices.items()
            ]
            rest.append(msgspec.json.encode({**self._chunk, "choices": listed}))
        return rest

    def _chat(self, payload: bytes, event: dict[str, Any], choices: list[Any]) -> bytes:
        self._chunk = {key: value for key, value in event.items() if key not in ("choices", "usage")}
        changed = False
        for at, choice in enumerate(choices):
            if type(choice) is not dict:
                continue
            index = choice.get("index", at)
            index = index if type(index) is int else at
            for field in ("delta", "text"):
                if field in choice:
                    changed |= self._pieces(choice, field, (index, field))
            # Where a whole message stands in an event, it is restored as such.
            if type(choice.get("message")) is dict and self._disguise.mentioned_in(payload):
                restore_content(self._disguise, choice["message"])
                changed = True
            if choice.get("finish_reason") is not None:
                changed |= self._finish(choice, index)
        return msgspec.json.encode(event) if changed else payload

    def _pieces(self, box: Any, key: Any, path: _Path) -> bool:
        """Feed every string under a key of a delta to the restorer of its path; whether any changed."""
        value = box[key]
        if type(value) is str:
            if (
                key in STRUCTURE
                or (key == "name" and _FUNCTIONS.intersection(path))
                or (key == "data" and "audio" in path)
            ):
                return False
            given = self._text(path, quoted=True if key == "arguments" else None).feed(value)
            box[key] = given
            return given != value
        if len(path) > _DEEPEST:
            return False
        changed = False
        if type(value) is dict:
            for inner in value:
                changed |= self._pieces(value, inner, (*path, inner))
        elif type(value) is list:
            for at, element in enumerate(value):
                index = element.get("index", at) if type(element) is dict else at
                changed |= self._pieces(value, at, (*path, index if type(index) is int else at))
        return changed

    def _finish(self, choice: dict[str, Any], index: int) -> bool:
        changed = False
        for path in [path for path in self._texts if path[0] == index]:
            held = self._texts.pop(path).end()
            if held:
                _put(choice, path[1:], held)
                changed = True
        return changed

    def _response(self, payload: bytes, event: dict[str, Any], kind: str) -> list[bytes]:
        sent: list[bytes] = []
        changed = False
        base = kind.removesuffix(_DELTA)
        if base != kind and type(event.get("delta")) is str:
            if _NO_TEXT.search(kind) is None:
                path = _place(base, event)
                given = self._text(path, quoted=True if "arguments" in kind else None).feed(event["delta"])
                changed = given != event["delta"]
                event["delta"] = given
                self._patterns[path] = event
        else:
            if kind.endswith(_ENDS):
                path = _place(kind.removesuffix(_ENDS), event)
                text = self._texts.pop(path, None)
                held = text.end() if text is not None else ""
                sent += [self._one_more(path, held)] if held else []
            elif kind in _LAST_EVENTS:
                sent += self.end()
            if self._disguise.mentioned_in(payload):
                restore_content(self._disguise, event)
                changed = True
        number = event.get("sequence_number")
        if type(number) is int:
            self._number = event["sequence_number"] = number + self._added
        return [*sent, msgspec.json.encode(event) if changed or self._added else payload]

    def _one_more(self, path: _Path, held: str) -> bytes:
        event = {**self._patterns.pop(path), "delta": held}
        if self._number is not None:
            self._added += 1
            self._number += 1
            event["sequence_number"] = self._number
        return msgspec.json.encode(event)

    def _text(self, path: _Path, *, quoted: bool | None) -> Restorer:
        found = self._texts.get(path)
        if found is None:
            found = self._texts[path] = Restorer(self._disguise, quoted=quoted)
        return found


def _place(kind: str, event: dict[str, Any]) -> _Path:
    return (kind, *(str(event.get(name, "")) for name in _PLACES))


def _put(box: dict[str, Any], path: _Path, held: str) -> None:
    """Append a text at a path of a delta, making what is missing; elements of lists are known by their index."""
    here: Any = box
    for step, following in pairwise(path):
        if type(here) is list:
            here = _element(here, step)
            continue
        if not here.get(step):
            here[step] = [] if type(following) is int else {}
        here = here[step]
    if type(here) is list:
        here.append(held)
    else:
        here[path[-1]] = (here.get(path[-1]) or "") + held


def _element(several: list[Any], index: str | int) -> dict[str, Any]:
    for each in several:
        if type(each) is dict and each.get("index") == index:
            return each
    # Before the others: a client takes the next tool call for the end of the one before.
    several.insert(0, {"index": index})
    return several[0]  # type: ignore[no-any-return]
