"""What the library answers, written in the OpenAI wire: JSON, events of a stream, errors."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from roadworthy.adapters.anyllm.asking import Refusal
from roadworthy.ports.upstream import Broken, Incoming

_JSON = {"content-type": "application/json"}
_MOST_WORDS = 2_000
_UNSENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "UnsupportedProtocol",
        "EndpointConnectionError",
        "ConnectTimeoutError",
    }
)
"""What HTTP clients of SDKs raise before anything was sent."""
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
DONE = b"data: [DONE]\n\n"


def answer(found: Any) -> Incoming:
    """A whole answer."""
    value = _plain(found)
    for choice in value.get("choices") or []:
        message = choice.setdefault("message", {})
        message.setdefault("content", None)  # clients expect the field, be it empty
        message.setdefault("refusal", None)
    return Incoming(200, _JSON, _dump(value))


class Events:
    """Chunks of one streamed chat completion as server-sent events.

    The library makes each chunk on its own, with an id of its own and tool calls numbered by their place
    among all parts of the answer; clients that put answers together expect one id, and calls from 0.
    """

    def __init__(self) -> None:
        self._id = ""
        self._calls: dict[int, int] = {}

    def chat(self, chunk: Any) -> bytes:
        """One chunk; empty where it says nothing."""
        value = _plain(chunk)
        first = not self._id
        if first:
            self._id = str(value.get("id") or "chatcmpl-0")
        value["id"] = self._id
        kept = []
        for choice in value.get("choices") or []:
            delta = choice.get("delta") or {}
            for call in delta.get("tool_calls") or []:
                call["index"] = self._calls.setdefault(call.get("index") or 0, len(self._calls))
            if first:
                delta.setdefault("role", "assistant")
            end = choice.get("finish_reason")
            if delta or end:
                kept.append({**choice, "delta": delta, "finish_reason": end})
        if not kept and not value.get("usage"):
            return b""
        value["choices"] = kept
        return b"data: " + _dump(value) + b"\n\n"

    def response(self, event: Any) -> bytes:
        """One event of ``/responses``, by its name."""
        value = _plain(event)
        kind = str(value.get("type") or "message")
        return b"event: " + kind.encode() + b"\ndata: " + _dump(value) + b"\n\n"


def refused(refusal: Refusal) -> Incoming:
    """What was not sent, as the wire tells it."""
    return _error(400, refusal.message, code=refusal.code, param=refusal.param)


def failed(error: Exception) -> Incoming:
    """A provider's refusal or failure, as the status and body of the wire.

    Errors: ``Broken`` where there was no answer, or one that cannot be read.
    """
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    if isinstance(error, NotImplementedError) or name == "UnsupportedParameterError":
        return _error(
            400, str(error), code="unsupported_parameter", param=getattr(error, "parameter_name", "")
        )
    if getattr(error, "title", "") in {"CompletionParams", "ResponsesParams"}:
        return _error(400, "a field of the request has a form that this provider does not take")
    if status is None and name == "InvalidRequestError":
        return _error(400, str(getattr(error, "message", error)), code="unsupported_parameter")
    if not isinstance(status, int) or not 400 <= status < 600:
        raise broken(error)
    headers = {}
    if wait := _wait(error):
        headers["retry-after"] = wait
    kind = getattr(error, "error_type", None)
    return _error(
        status,
        str(getattr(error, "message", "")) or "the provider refuses the request",
        kind=kind if isinstance(kind, str) else "",
        code=str(getattr(error, "code", None) or ""),
        param=str(getattr(error, "param", None) or ""),
        headers=headers,
    )


def broken(error: BaseException) -> Broken:
    """No whole answer. What the SDK says is not repeated: it may hold the address, or texts."""
    seen: BaseException | None = error
    depth = 0
    names = []
    while seen is not None and depth < 10:
        names.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__ or getattr(seen, "original_exception", None)
        depth += 1
    if _UNSENT.intersection(names):
        return Broken("no connection could be made", sent=False)
    kind = getattr(error, "error_type", None)
    told = f" ({kind[:60]})" if isinstance(kind, str) and kind.isidentifier() else ""
    return Broken(f"the provider's answer broke off{told}", sent=True)


def _wait(error: Exception) -> str:
    wait = getattr(error, "retry_after", None)
    if wait is None:  # the library reads it for 429 alone
        response = getattr(getattr(error, "original_exception", None), "response", None)
        headers = getattr(response, "headers", None)
        wait = headers.get("retry-after") if headers is not None else None
    return wait if isinstance(wait, str) and wait.isprintable() and len(wait) < 60 else ""


def _error(
    status: int,
    message: str,
    *,
    kind: str = "",
    code: str = "",
    param: str = "",
    headers: Mapping[str, str] | None = None,
) -> Incoming:
    body = {
        "error": {
            "message": message[:_MOST_WORDS],
            "type": kind or _KINDS.get(status) or ("server_error" if status >= 500 else _KINDS[400]),
            "param": param or None,
            "code": code or None,
        }
    }
    return Incoming(status, {**_JSON, **(headers or {})}, _dump(body))


def _plain(found: Any) -> dict[str, Any]:
    """The value without what is not there, with the names under which the wire tells cached tokens."""
    value: dict[str, Any] = (
        found if isinstance(found, dict) else found.model_dump(mode="json", exclude_none=True)
    )
    if value.get("created") == 0:  # not every provider says when
        value["created"] = int(time.time())
    usage = value.get("usage")
    details = usage.get("prompt_tokens_details") if isinstance(usage, dict) else None
    if isinstance(details, dict) and "cache_write_tokens" in details:
        details.setdefault("cache_creation_tokens", details["cache_write_tokens"])
    return value


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
