"""Whole bodies of the OpenAI wire: personal data hidden in every string that carries content, restored in every answer."""

from __future__ import annotations

import json
import math
import re
from enum import Enum
from typing import Any

import msgspec

from roadworthy.data.personal.disguise import Disguise, begins_json
from roadworthy.data.personal.words import words
from roadworthy.errors import InputProblem, Problem

DEEPEST = 64
MOST_BYTES = 32 << 20
# Values that name parts of the wire. Everything else is content, also what nobody has heard of yet.
STRUCTURE = words("""model role type id object status tool_call_id call_id item_id file_id response_id previous_response_id
    conversation finish_reason system_fingerprint encoding_format service_tier reasoning_effort effort verbosity truncation
    detail format modalities include voice tool_choice function_call prompt_cache_retention encrypted_content signature
    thought_signature b64_json file_data""")
# In a tool or a schema names are structure, and so is what the provider needs to reach a tool of its own.
_SCHEMA_STRUCTURE = STRUCTURE | words("""name pattern required $ref $id $schema $anchor $defs strict contentEncoding contentMediaType
    server_url server_label connector_id authorization vector_store_ids file_ids allowed_tools syntax search_context_size
    mode environment display_width""")
_EXAMPLES = words("default example examples const")
_SCHEMAS = words("tools functions response_format json_schema schema tool_choice format function_call")
_FREE = words("metadata variables arguments")
_LINKS = words("url image_url file_url")
# Beside these a `name` is that of a function, and so it is inside them.
_NAMED = words("function custom tool_choice function_call json_schema format")
_TOKENS = words("input prompt")
_SOUND = words("input_audio audio")
# Fields of the wire whose reading depends on what stands around them, or on their value.
_PARTICULAR = _LINKS | words("arguments name data")
_FEWEST_DIGITS = 10**6
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_SEGMENT = re.compile(r"[^?&=#/;]+")


class _Reads(Enum):
    """How a part of a body is read."""

    WIRE = "fields of the wire, known ones apart"
    SCHEMA = "a tool or a schema: its words are content, its names are not"
    FREE = "data of the caller: every value and every key is content"


# A container, how it is read, the name it stands under, and how deep.
_Part = tuple[Any, _Reads, str, int]


def hide_body(
    disguise: Disguise, body: bytes, *, deepest: int = DEEPEST, most_bytes: int = MOST_BYTES
) -> bytes:
    """The body of a request with the personal data in its content hidden; structure and numbers stay as they are.

    Content is every string but names of the wire (``model``, ``role``, ``type``, ids, names of functions,
    schemas without their descriptions and examples): what nobody has heard of is content. The arguments
    of a tool call stay valid JSON; in them and in other data of the caller, keys and long whole numbers
    are searched as well, and a number that is found becomes a string.
    Edge:    what cannot be searched passes: pictures, sound and files in base64.
    Errors:  ``InputProblem`` RW-HIDE-002 where the body is no object of JSON in UTF-8, 003 where it is
             deeper than ``deepest``, 004 where it is longer than ``most_bytes``, 005 where an object
             names a field twice, 006 where content comes as numbers of tokens. Nothing is passed on then.
    """
    if len(body) > most_bytes:
        raise InputProblem(
            "RW-HIDE-004",
            f"the body has {len(body):,} bytes, and {most_bytes:,} are the most that is searched",
            hint="send less at once",
        )
    content = _decoded(body)
    if type(content) is not dict:
        raise InputProblem("RW-HIDE-002", "the body is no object of JSON", hint="send `{…}`")
    _Hiding(disguise, deepest).walk((content, _Reads.WIRE, "", 0))
    return _encoded(content)


class _TwiceError(ValueError):
    """An object names a field twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _TwiceError
    return made


def _number(written: str) -> float:
    value = float(written)
    if not math.isfinite(value):
        raise ValueError("a number out of range")
    return value


def _no_number(written: str) -> float:
    raise ValueError(f"{written} is no JSON")


# The standard library's, because it alone tells of fields that are named twice.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_constant=_no_number)


def _decoded(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except _TwiceError:
        raise InputProblem(
            "RW-HIDE-005", "an object in the body names a field twice", hint="name every field once"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # The reader's own sentence may show what stands there.
        raise InputProblem("RW-HIDE-002", "the body is no JSON in UTF-8", hint="send valid JSON") from None


def _encoded(content: Any) -> bytes:
    try:
        return msgspec.json.encode(content)
    except RecursionError:
        raise _too_deep() from None
    except (UnicodeEncodeError, OverflowError):
        raise InputProblem(
            "RW-HIDE-002",
            "the body holds half of a character, or a whole number of more than 64 bits",
            hint="send whole characters; write long numbers as strings",
        ) from None


def _too_deep() -> InputProblem:
    return InputProblem(
        "RW-HIDE-003", "the body is nested too deeply to be searched", hint="send flatter JSON"
    )


class _Hiding:
    """One walk over one body, in the order in which it is written."""

    def __init__(self, disguise: Disguise, deepest: int) -> None:
        self._disguise = disguise
        self._deepest = deepest

    def walk(self, whole: _Part) -> bool:
        """Hide what is found, in place; whether anything was."""
        changed = False
        parts = [whole]
        while parts:
            part = parts.pop()
            if part[3] > self._deepest:
                raise _too_deep()
            inner: list[_Part] = []
            if type(part[0]) is dict:
                changed |= self._fields(part, inner)
            else:
                changed |= self._elements(part, inner)
            inner.reverse()
            parts += inner
        return changed

    def _fields(self, part: _Part, inner: list[_Part]) -> bool:
        box, reads, _, depth = part
        wire = reads is _Reads.WIRE
        changed = False
        for key, value in box.items():
            kind = type(value)
            if kind is str:
                if wire and key not in _PARTICULAR:
                    hidden = value if key in STRUCTURE else self._text(value, "", depth)
                else:
                    hidden = self._string(part, key, value)
                if hidden != value:
                    box[key] = hidden
                    changed = True
            elif kind is dict or kind is list:
                inner.append((value, _within(reads, key), key, depth + 1))
            elif kind is int and depth > 0 and reads is not _Reads.SCHEMA:
                hidden = self._whole_number(value, key)
                if hidden:
                    box[key] = hidden
                    changed = True
        if reads is _Reads.FREE:
            changed |= self._keys(box)
        return changed

    def _elements(self, part: _Part, inner: list[_Part]) -> bool:
        box, reads, name, depth = part
        passed = _is_structure(reads, name)
        changed = False
        for at, value in enumerate(box):
            kind = type(value)
            if kind is str:
                hidden = value if passed else self._text(value, name if reads is _Reads.FREE else "", depth)
                if hidden != value:
                    box[at] = hidden
                    changed = True
            elif kind is dict or kind is list:
                inner.append((value, reads, name, depth + 1))
            elif kind is int and reads is not _Reads.SCHEMA:
                if reads is _Reads.WIRE and name in _TOKENS:
                    raise InputProblem(
                        "RW-HIDE-006",
                        Problem(
                            "content as numbers of tokens cannot be searched for personal data", place=name
                        ),
                        hint="send it as text",
                    )
                hidden = self._whole_number(value, name)
                if hidden:
                    box[at] = hidden
                    changed = True
        return changed

    def _string(self, part: _Part, key: str, value: str) -> str:
        box, reads, name, depth = part
        if reads is _Reads.FREE:
            return self._text(value, key, depth)
        if _is_structure(reads, key) or (key == "data" and name in _SOUND):
            return value
        if key == "arguments":
            return self._inside(value, depth) or self._disguise.hide(value)
        if key == "name" and (name in _NAMED or box.get("role") == "function" or "arguments" in box):
            return value
        if key in _LINKS:
            return value if value[:5].lower() == "data:" else self._link(value)
        return self._text(value, "", depth)

    def _text(self, value: str, label: str, depth: int) -> str:
        # Escapes hide what they stand for from a search of the text: "jane\u0040example.org".
        if "\\" in value and value.lstrip()[:1] in ("{", "["):
            inside = self._inside(value, depth)
            if inside:
                return inside
        return self._disguise.hide(value, label=label)

    def _inside(self, value: str, depth: int) -> str:
        """JSON in a string with the values in it hidden; empty where it is no object or list of JSON."""
        try:
            content = _DECODER.decode(value)
        except _TwiceError:
            raise InputProblem(
                "RW-HIDE-005",
                "an object of JSON inside a string of the body names a field twice",
                hint="name every field once",
            ) from None
        except RecursionError:
            raise _too_deep() from None
        except ValueError:
            return ""
        if type(content) is not dict and type(content) is not list:
            return ""
        changed = self.walk((content, _Reads.FREE, "", depth + 1))
        return _encoded(content).decode() if changed else value

    def _keys(self, box: dict[str, Any]) -> bool:
        """Hide keys that are personal themselves; two that redaction makes one keep apart by a number."""
        names = [self._disguise.hide(key) for key in box]
        if names == list(box):
            return False
        values = list(box.values())
        box.clear()
        for name, value in zip(names, values, strict=True):
            free, number = name, 1
            while free in box:
                number += 1
                free = f"{name} ({number})"
            box[free] = value
        return True

    def _whole_number(self, value: int, label: str) -> str:
        if -_FEWEST_DIGITS < value < _FEWEST_DIGITS:
            return ""
        written = str(value)
        hidden = self._disguise.hide(written, label=label)
        return "" if hidden == written else hidden

    def _link(self, link: str) -> str:
        """A URL with what is found in it hidden, also what is written with percent signs."""
        hidden = self._disguise.hide(link)
        if "%" not in hidden:
            return hidden

        def segment(found: re.Match[str]) -> str:
            plain = _without_percent(found[0])
            covered = self._disguise.hide(plain)
            return found[0] if covered == plain else covered

        return _SEGMENT.sub(segment, hidden)


def _within(reads: _Reads, key: str) -> _Reads:
    """How what stands under a key is read."""
    if reads is _Reads.WIRE:
        if key in _FREE:
            return _Reads.FREE
        return _Reads.SCHEMA if key in _SCHEMAS else reads
    return _Reads.FREE if reads is _Reads.SCHEMA and key in _EXAMPLES else reads


def _is_structure(reads: _Reads, key: str) -> bool:
    if reads is _Reads.WIRE:
        return key in STRUCTURE
    return reads is _Reads.SCHEMA and key in _SCHEMA_STRUCTURE


def _without_percent(segment: str) -> str:
    if "%" not in segment:
        return segment
    plain = _PERCENT.sub(
        lambda found: bytes((int(found[1], 16),)), segment.encode("utf-8", "surrogatepass")
    )
    return plain.decode("utf-8", "replace")


def restore_body(disguise: Disguise, body: bytes) -> bytes:
    """The body of an answer with the values restored in every string but the names of the wire.

    In the arguments of a tool call, and in content that is an object of JSON, values are escaped as
    JSON needs it.
    Edge:    a body without a stand-in is returned as it is; one that is no JSON is restored as text.
    """
    if not disguise.mentioned_in(body):
        return body
    try:
        content = msgspec.json.decode(body)
        restored = msgspec.json.encode(restore_content(disguise, content))
    except (msgspec.DecodeError, UnicodeEncodeError, OverflowError, RecursionError):
        text = body.decode("utf-8", "surrogateescape")
        plain = disguise.restore(text, quoted=begins_json(text))
        return plain.encode("utf-8", "surrogateescape")
    return restored


def restore_content(disguise: Disguise, content: Any) -> Any:
    """Decoded content with the values restored in its strings, in place; what is no container is returned anew."""
    if type(content) is str:
        return disguise.restore(content, quoted=begins_json(content))
    boxes = [content] if type(content) in (dict, list) else []
    while boxes:
        box = boxes.pop()
        # Values alone are set while it is gone over: no field comes or goes.
        for key, value in box.items() if type(box) is dict else enumerate(box):
            kind = type(value)
            if kind is dict or kind is list:
                boxes.append(value)
            elif kind is str and key not in STRUCTURE:
                box[key] = disguise.restore(value, quoted=key == "arguments" or begins_json(value))
    return content
