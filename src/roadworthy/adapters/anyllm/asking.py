"""A request of the OpenAI wire, read as the arguments of the library. What it does not name is not passed on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

Path = Literal["/chat/completions", "/responses", "/embeddings"]
PATHS: tuple[Path, ...] = ("/chat/completions", "/responses", "/embeddings")

_CHAT = frozenset(
    [
        "tools",
        "tool_choice",
        "temperature",
        "top_p",
        "max_tokens",
        "response_format",
        "stream",
        "n",
        "stop",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "user",
        "parallel_tool_calls",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "stream_options",
        "max_completion_tokens",
        "reasoning_effort",
        "prompt_cache_key",
        "service_tier",
    ]
)
_RESPONSES = frozenset(
    [
        "tools",
        "tool_choice",
        "max_output_tokens",
        "temperature",
        "top_p",
        "stream",
        "instructions",
        "max_tool_calls",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "presence_penalty",
        "frequency_penalty",
        "truncation",
        "store",
        "service_tier",
        "user",
        "metadata",
        "previous_response_id",
        "include",
        "safety_identifier",
        "prompt_cache_key",
    ]
)
_EMBEDDINGS = frozenset({"dimensions", "encoding_format", "user"})
_KNOWN: dict[Path, frozenset[str]] = {
    "/chat/completions": _CHAT,
    "/responses": _RESPONSES,
    "/embeddings": _EMBEDDINGS,
}
_CONTENT: dict[Path, str] = {
    "/chat/completions": "messages",
    "/responses": "input",
    "/embeddings": "input",
}


class Refusal(Exception):
    """The request cannot be asked this way. Nothing was sent. ``param`` names the field."""

    def __init__(self, message: str, *, param: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message, self.param, self.code = message, param, code


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the library: its ``content`` is messages, or the input."""

    path: Path
    model: str
    content: Any
    options: dict[str, Any]

    @property
    def stream(self) -> bool:
        return bool(self.options.get("stream"))


def read_question(url: str, body: bytes) -> Question:
    """The question in a request. Errors: ``Refusal`` with the field that is wrong.

    Fields beyond those of the wire are refused rather than passed on: the library hands what it does not
    know to the provider's SDK, where a field such as ``extra_headers`` would change the request itself.
    """
    path = next((each for each in PATHS if url.endswith(each)), None)
    if path is None:
        raise Refusal("there is no such path", code="unknown_url")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("the body is not JSON") from None
    if not isinstance(value, dict):
        raise Refusal("the body is not a JSON object")
    model, content = value.pop("model", None), value.pop(_CONTENT[path], None)
    if not isinstance(model, str) or not model:
        raise Refusal("`model` is no text", param="model")
    options = {name: each for name, each in value.items() if each is not None}
    if foreign := sorted(set(options) - _KNOWN[path]):
        raise Refusal(
            f"`{foreign[0][:100]}` is not passed on to this provider",
            param=foreign[0][:100],
            code="unsupported_parameter",
        )
    if path == "/chat/completions":
        content = _messages(content)
        # Not every provider of the library reads the newer name, and a limit that is lost is a bill.
        if "max_completion_tokens" in options:
            options["max_tokens"] = options.pop("max_completion_tokens")
        if not options.get("stream"):
            options.pop("stream_options", None)
    elif not isinstance(content, str | list) or not content:
        raise Refusal("`input` is empty, or neither a text nor a list", param="input")
    if path == "/embeddings" and options.pop("encoding_format", "float") != "float":
        raise Refusal("this provider gives embeddings as numbers", param="encoding_format")
    return Question(path, model, content, options)


def _messages(content: object) -> list[dict[str, Any]]:
    """The messages, with instructions in the one form that every provider of the library reads."""
    if not isinstance(content, list) or not content:
        raise Refusal("`messages` is no list, or empty", param="messages")
    found = []
    for number, message in enumerate(content):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise Refusal(f"`{where}` is no message with a role", param=where)
        said = message.get("content")
        if said is not None and not isinstance(said, str) and not _are_parts(said):
            raise Refusal(f"`{where}.content` is neither a text nor a list of parts", param=where)
        for call in _calls(message.get("tool_calls"), where):
            _check_call(call, where)
        if message["role"] in {"system", "developer"}:
            message = {"role": "system", "content": _text(said, where)}
        found.append(message)
    return found


def _are_parts(said: object) -> bool:
    return isinstance(said, list) and all(isinstance(part, dict) for part in said)


def _text(said: object, where: str) -> str:
    if isinstance(said, str):
        return said
    parts = [part.get("text") for part in said] if isinstance(said, list) else []
    if not parts or not all(isinstance(part, str) for part in parts):
        raise Refusal(f"`{where}.content` of instructions is not text alone", param=where)
    return "\n".join(parts)


def _calls(found: object, where: str) -> list[Any]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise Refusal(f"`{where}.tool_calls` is no list", param=where)
    return found


def _check_call(call: object, where: str) -> None:
    """A call of a tool that is told again has to name its tool, with arguments that are JSON."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Refusal(f"`{where}.tool_calls` holds a call without its function", param=where)
    try:
        fine = isinstance(json.loads(function.get("arguments", "")), dict)
    except (TypeError, ValueError, RecursionError):
        fine = False
    if not fine or not isinstance(call, dict) or not isinstance(call.get("id"), str):
        raise Refusal(
            f"`{where}.tool_calls` holds a call without an id, or with arguments that are no JSON object",
            param=where,
        )
