"""The wire: what is sent to ``/chat/completions``, and what can be read of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from roadworthy.ports.language import Message
from roadworthy.quantities import Cost
from roadworthy.usage import Price, Tokens, Wire, tokens_told

_BYTES_A_TOKEN = 3  # English has four to five, code and other languages fewer: reckoned high
_OVERHEAD_TOKENS = 4_096  # templates and schemas that a server adds before it counts
_MOST_WRITTEN = 1_000_000
_LONGEST_WORD = 64

Form = Literal["json_schema", "json_object", "none"]
_WEAKER: dict[Form, Form] = {"json_schema": "json_object", "json_object": "none"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which of the optional words a server understands; the first refusal of each teaches it."""

    form: Form = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True
    seed: bool = True

    def after(self, refusal: str, *, shaped: bool) -> Dialect | None:
        """The dialect to try next, given the words of a refusal; None where nothing is left to drop.

        ``shaped``: a JSON Schema was asked for.
        """
        if "max_tokens" in refusal and self.limit == "max_tokens":
            return replace(self, limit="max_completion_tokens")
        if "temperature" in refusal and self.temperature:
            return replace(self, temperature=False)
        if "seed" in refusal and self.seed:
            return replace(self, seed=False)
        if shaped and self.form in _WEAKER:
            return replace(self, form=_WEAKER[self.form])
        return None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, before it is written in a dialect."""

    model: str
    messages: Sequence[Message]
    max_tokens: int
    temperature: float
    seed: int
    schema: Mapping[str, object] | None

    def body(self, dialect: Dialect) -> bytes:
        """The JSON that is sent."""
        fields: dict[str, object] = {
            "model": self.model,
            "messages": [{"role": each.role, "content": whole(each.content)} for each in self.messages],
            "stream": False,
            dialect.limit: self.max_tokens,
        }
        if dialect.temperature:
            fields["temperature"] = self.temperature
        if dialect.seed:
            fields["seed"] = self.seed
        if self.schema is not None and dialect.form == "json_schema":
            shape = {"name": "answer", "strict": True, "schema": self.schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif self.schema is not None and dialect.form == "json_object":
            fields["response_format"] = {"type": "json_object"}
        return json.dumps(fields).encode("ascii")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of an exchange; ``told`` by the server, or reckoned from the texts."""

    tokens: Tokens
    told: bool

    def cost(self, price: Price) -> Cost:
        """What they come to, rounded up to a whole nano-unit."""
        return price.cost(self.tokens)


@dataclass(frozen=True, slots=True)
class Reply:
    """What could be read of an answer. ``text`` is None where it holds no choice that can be read."""

    text: str | None
    usage: Usage
    model: str
    ended: bool
    refused: bool


def read_reply(body: bytes, *, sent: bytes) -> Reply | None:
    """The answer to ``sent``; None where it is no JSON object at all.

    Counts that cannot be (none at all, not whole, negative, none for a text, more than the texts could
    give) are not believed: they are reckoned from the texts instead, on the high side.
    """
    value = _object(body)
    if value is None:
        return None
    choice = _first(value.get("choices"))
    message = choice.get("message") if choice else None
    text: str | None = None
    refused = False
    if choice and isinstance(message, dict):
        refused = bool(message.get("refusal")) or choice.get("finish_reason") == "content_filter"
        text = _content(message.get("content"))
    name = value.get("model")
    return Reply(
        text=text,
        usage=_usage(value.get("usage"), sent=sent, text=text or ""),
        model=name[:200] if isinstance(name, str) else "",
        ended=not choice or choice.get("finish_reason") != "length",
        refused=refused,
    )


def read_refusal(body: bytes) -> tuple[str, str]:
    """(a word that names the error, all its words) of an error body; empty where it has none.

    Only the first may be shown: the sentence of a server can repeat what it was sent.
    """
    value = _object(body) or {}
    error = value.get("error", value)
    if not isinstance(error, dict):
        return "", ""
    words = [str(error[key])[:2_000] for key in ("code", "type", "param", "message") if error.get(key)]
    named = [each for each in (error.get("code"), error.get("type")) if isinstance(each, str)]
    shown = next((each for each in named if _is_word(each)), "")
    return shown, " ".join(words)


def whole(text: str) -> str:
    """The text with half characters (lone surrogates) replaced, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _first(choices: object) -> dict[str, Any] | None:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return None


def _content(content: object) -> str | None:
    """A text, or the texts of its parts; no content at all is an empty text (cut off while thinking)."""
    if content is None:
        return ""
    if isinstance(content, str):
        return whole(content)
    if isinstance(content, list):
        parts = [each.get("text") for each in content if isinstance(each, dict)]
        return whole("".join(each for each in parts if isinstance(each, str)))
    return None


def _usage(told: object, *, sent: bytes, text: str) -> Usage:
    tokens = tokens_told(Wire.CHAT, told, read=len(sent) + _OVERHEAD_TOKENS, written=_MOST_WRITTEN)
    # What was asked held something, and so does an answer with a text.
    if tokens is not None and tokens.read > 0 and (tokens.written > 0 or not text):
        return Usage(tokens, told=True)
    reckoned = Tokens(-(-len(sent) // _BYTES_A_TOKEN), -(-len(text.encode()) // _BYTES_A_TOKEN))
    return Usage(reckoned, told=False)


def _is_word(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_WORD
        and text.isascii()
        and text.replace("_", "").replace("-", "").isalnum()
    )
