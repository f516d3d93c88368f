"""Requests of the OpenAI wire: only the fields that decide are read, the rest passes as it came.

Source: the OpenAI API reference (chat completions, responses, embeddings).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from roadworthy.errors import InputProblem, Problem
from roadworthy.usage import Wire

LARGEST: Final = 20_000_000
"""Bytes of a request that are read: pictures travel in it."""
_MOST_WRITTEN = 1_000_000
_MOST_CHOICES = 128
_LONGEST_MODEL = 200
_TEMPLATE_TOKENS = 1_024
"""What a server may add before it counts: templates, its own words about tools."""
_PICTURE_TOKENS = 50_000
"""What a picture named by its address is read as at most; the dearest seen is a little less."""
_PICTURES = (b"image_url", b"input_image")
_SEEN = frozenset({"image_url", "input_image"})
_SAID = frozenset({"text", "input_text", "output_text", "refusal", "summary_text", "reasoning_text"})
_LIMITS: Final[Mapping[Wire, tuple[str, ...]]] = {
    Wire.CHAT: ("max_completion_tokens", "max_tokens"),
    Wire.RESPONSES: ("max_output_tokens",),
    Wire.EMBEDDINGS: (),
}
_ELSEWHERE = ("previous_response_id", "conversation", "prompt")
"""Fields of the responses wire by which a server reads what is not in the request."""
_OWN_TOOLS = frozenset({"function", "custom"})
_TIERS = frozenset({"auto", "default", "flex"})

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_value = msgspec.json.Decoder()
_word, _count, _truth = msgspec.json.Decoder(str), msgspec.json.Decoder(int), msgspec.json.Decoder(bool)
_RARE: Final = frozenset(
    {
        "n", "tools", "functions", "stream_options", "response_format", "text", "modalities", "service_tier", "speed",
        "web_search_options", "background", "prompt", "previous_response_id", "conversation",
    }
)  # fmt: skip
"""Fields that need a closer look."""
_PLAIN, _STREAMED = frozenset({"chat"}), frozenset({"chat", "streaming"})


class Asked(msgspec.Struct):
    """A request that was read. ``fields`` hold every field as it came.

    ``read`` bounds the tokens that a model can read of it: a byte of text is never more than one token.
    ``written`` is the limit that the request states for one answer, 0 where it states none; ``choices`` how
    many answers are asked for. ``elsewhere``: more is read than stands in the request, at most what the
    model's context holds.
    """

    wire: Wire
    fields: dict[str, Any]
    model: str
    stream: bool
    read: int
    written: int
    limit: str
    choices: int
    able: frozenset[str]
    wants_usage: bool
    elsewhere: bool
    repeatable: bool
    size: int

    def body(self, *, model: str, written: int, limit: str) -> bytes:
        """What is sent to a model: the request with the server's name of the model and a limit."""
        fields = dict(self.fields)
        fields["model"] = model
        if self.limit:
            fields[self.limit] = written
        elif limit:
            fields[limit] = written
        if self.stream and self.wire is Wire.CHAT:
            options = _read(self.fields, "stream_options")
            fields["stream_options"] = {
                **(options if isinstance(options, dict) else {}),
                "include_usage": True,
            }
        return msgspec.json.encode(fields)


def read_request(wire: Wire, body: bytes) -> Asked:
    """Read a request.

    A field that stands twice counts as the last one, for us and for the model alike: what is sent on holds it
    once. Errors: ``InputProblem`` RW-CALL-001 for what is no JSON object, RW-CALL-002 with every field that
    cannot be, RW-CALL-010 for what nobody can bound the cost of.
    """
    try:
        fields: dict[str, Any] = _fields.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise InputProblem(
            "RW-CALL-001",
            Problem("the body is no JSON object", hint="send the JSON that the OpenAI wire describes"),
        ) from None
    if _RARE.isdisjoint(fields) and (asked := _usual(wire, fields, body)) is not None:
        return asked
    return _whole_request(wire, fields, body)


def _usual(wire: Wire, fields: dict[str, Any], body: bytes) -> Asked | None:
    """A request that only holds what nearly all hold, and no parts; None where anything else is the case."""
    if (
        wire is not Wire.CHAT
        or b'"type"' in body
        or "messages" not in fields
        or "model" not in fields
        or ("max_tokens" in fields and "max_completion_tokens" in fields)
    ):
        return None
    try:
        model = _word.decode(fields["model"])
        stream = fields.get("stream")
        limit = "max_tokens" if "max_tokens" in fields else "max_completion_tokens"
        told = fields.get(limit)
        written = 0 if told is None else _count.decode(told)
        streams = stream is not None and _truth.decode(stream)
    except msgspec.MsgspecError:
        return None
    if not 0 < len(model) <= _LONGEST_MODEL or (told is not None and not 1 <= written <= _MOST_WRITTEN):
        return None
    size = len(body)
    return Asked(
        wire, fields, model, streams, size + _TEMPLATE_TOKENS, written, limit if told is not None else "", 1,
        _STREAMED if streams else _PLAIN, False, False, _is_cold(fields), size,
    )  # fmt: skip


def _whole_request(wire: Wire, fields: dict[str, Any], body: bytes) -> Asked:
    problems: list[Problem] = []
    model = _text(fields, "model", problems)
    stream = _yes(fields, "stream", problems) if wire is not Wire.EMBEDDINGS else False
    limit, written = _limit(wire, fields, problems)
    choices = (
        _whole(fields, "n", problems, most=_MOST_CHOICES) if wire is Wire.CHAT and "n" in fields else 1
    )
    if wire is Wire.CHAT and "messages" not in fields:
        problems.append(Problem("`messages` is missing", place="messages"))
    if wire is not Wire.CHAT and "input" not in fields and "prompt" not in fields:
        problems.append(Problem("`input` is missing", place="input"))
    if problems:
        raise InputProblem("RW-CALL-002", problems)
    _check_bounded(wire, fields)
    # Parts of a message name their type; a message without parts has none, and is not searched.
    kinds = _kinds_of_parts(fields) if b'"type"' in body else frozenset()
    _check_parts(kinds)
    pictures = sum(body.count(mark) for mark in _PICTURES) if kinds & _SEEN else 0
    able = {"embeddings" if wire is Wire.EMBEDDINGS else "chat"}
    if stream:
        able.add("streaming")
    if "tools" in fields or "functions" in fields:
        able.add("tools")
    if _wants_schema(wire, fields):
        able.add("json_schema")
    if kinds & _SEEN:
        able.add("images")
    options = _read(fields, "stream_options") if stream and "stream_options" in fields else None
    return Asked(
        wire=wire,
        fields=fields,
        model=model,
        stream=stream,
        read=len(body) + _TEMPLATE_TOKENS + _PICTURE_TOKENS * pictures,
        written=written,
        limit=limit,
        choices=choices or 1,
        able=frozenset(able),
        wants_usage=bool(isinstance(options, dict) and options.get("include_usage")),
        elsewhere=wire is Wire.RESPONSES and any(_there(fields, name) for name in _ELSEWHERE),
        repeatable=wire is Wire.EMBEDDINGS or _is_cold(fields),
        size=len(body),
    )


def _is_cold(fields: Mapping[str, Any]) -> bool:
    """A model would say the same again."""
    told = fields.get("temperature")
    return told is not None and bytes(told).strip() in {b"0", b"0.0"}


def _check_bounded(wire: Wire, fields: Mapping[str, Any]) -> None:
    """What a server does beside reading and writing tokens has a price that no list of token prices holds."""
    problems = []
    if wire is Wire.EMBEDDINGS:
        return
    tools = _read(fields, "tools")
    if tools is not None:
        kinds = (
            [each.get("type") if isinstance(each, dict) else None for each in tools]
            if isinstance(tools, list)
            else [None]
        )
        foreign = sorted({str(kind)[:60] for kind in kinds if kind not in _OWN_TOOLS})
        problems += [
            Problem(f"the tool `{kind}` runs at the provider, at a cost that is not bounded", place="tools")
            for kind in foreign
        ]
    if _there(fields, "web_search_options"):
        problems.append(
            Problem("a search at the provider has a cost that is not bounded", place="web_search_options")
        )
    if _read(fields, "background") is True:
        problems.append(Problem("an answer in the background is not metered", place="background"))
    if _there(fields, "speed"):
        problems.append(Problem("a dearer speed is not priced", place="speed"))
    tier = _read(fields, "service_tier")
    if tier is not None and tier not in _TIERS:
        problems.append(Problem("this tier costs more than the list says", place="service_tier"))
    if b"audio" in bytes(fields.get("modalities", b"")):
        problems.append(Problem("spoken answers are not priced", place="modalities"))
    if problems:
        raise InputProblem("RW-CALL-010", problems)


def _limit(wire: Wire, fields: Mapping[str, Any], problems: list[Problem]) -> tuple[str, int]:
    """The word by which the request limits an answer, and the limit; empty and 0 for none."""
    found = [
        (name, _whole(fields, name, problems, most=_MOST_WRITTEN))
        for name in _LIMITS[wire]
        if _there(fields, name)
    ]
    if len(found) > 1:
        problems.append(Problem("two limits are stated, one was expected", place=found[1][0]))
    return found[0] if found else ("", 0)


def _wants_schema(wire: Wire, fields: Mapping[str, Any]) -> bool:
    name = "text" if wire is Wire.RESPONSES else "response_format"
    return name in fields and b"json_schema" in bytes(fields[name])


def _kinds_of_parts(fields: Mapping[str, Any]) -> frozenset[str]:
    """Which kinds of parts the messages hold; a text that only speaks of pictures has none."""
    found = set()
    for name in ("messages", "input"):
        turns = _read(fields, name)
        for turn in turns if isinstance(turns, list) else ():
            parts = turn.get("content") if isinstance(turn, dict) else None
            for part in parts if isinstance(parts, list) else ():
                if isinstance(part, dict):
                    found.add(str(part.get("type")))
    return frozenset(found)


def _check_parts(kinds: frozenset[str]) -> None:
    """Sound, films and files are read as more tokens than anybody can tell from their bytes."""
    if foreign := sorted(kinds - _SEEN - _SAID):
        raise InputProblem(
            "RW-CALL-010",
            [Problem(f"a part of kind `{kind[:60]}` has no bound", place="messages") for kind in foreign],
        )


def _there(fields: Mapping[str, Any], name: str) -> bool:
    return name in fields and bytes(fields[name]).strip() != b"null"


def _read(fields: Mapping[str, Any], name: str) -> Any:
    return _value.decode(fields[name]) if name in fields else None


def _text(fields: Mapping[str, Any], name: str, problems: list[Problem]) -> str:
    value = _read(fields, name)
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_MODEL:
        return value
    what = "is missing" if value is None else f"is no text of at most {_LONGEST_MODEL} characters"
    problems.append(Problem(f"`{name}` {what}", place=name))
    return ""


def _yes(fields: Mapping[str, Any], name: str, problems: list[Problem]) -> bool:
    raw = bytes(fields[name]).strip() if name in fields else b"false"
    if raw not in {b"true", b"false", b"null"}:
        problems.append(Problem(f"`{name}` is neither true nor false", place=name))
    return raw == b"true"


def _whole(fields: Mapping[str, Any], name: str, problems: list[Problem], *, most: int) -> int:
    value = _read(fields, name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        problems.append(Problem(f"`{name}` is a whole number from 1 to {most:,}", place=name))
        return 0
    return value
