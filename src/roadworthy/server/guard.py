"""What every request passes before a handler sees it, and every answer before it leaves.

The host that was asked for is one of ours (else a page elsewhere could point its own name at this
machine and read the answers), the body is small and complete before a thread is spent on it, every
answer carries the headers below, and no fault leaves without a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.server.problems import problem_json, unexpected

MAX_BODY_BYTES = 2 * 1024 * 1024
_HOST = re.compile(
    r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_-])?)(?:(?<!\])\.)?(?::[0-9]{1,5})?"
)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
HEALTH = frozenset({"/livez", "/readyz"})

CONTENT_SECURITY = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
STRICT_TRANSPORT = "max-age=31536000"


class Guard:
    """ASGI middleware. ``hosts`` are further names of this server, without port; loopback is always one.

    ``secure``: browsers reach this server over HTTPS only, and are told so.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], secure: bool) -> None:
        self._app = app
        self._hosts = LOOPBACK | {host.lower() for host in hosts if host}
        self._headers = {**HEADERS, **({"Strict-Transport-Security": STRICT_TRANSPORT} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def finish(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check_host(scope)
            body = await _whole_body(scope, receive)
            await self._app(scope, _replay(body, receive), finish)
        except _Gone:
            return
        except RoadworthyError as problem:
            await problem_json(problem)(scope, receive, finish)
        except Exception as fault:
            if begun:
                raise
            await problem_json(unexpected(fault))(scope, receive, finish)

    def _check_host(self, scope: Scope) -> None:
        host = Headers(scope=scope).get("host", "")
        if host_name(host) not in self._hosts and scope["path"] not in HEALTH:
            raise InputProblem(
                "RW-SERVER-006",
                Problem(f"`{host[:200]}` is not a name of this server"),
                hint="reach it by its own name, or declare this one when starting it",
            )


class _Gone(Exception):
    """The client left before its request was complete."""


def host_name(host: str) -> str:
    """The name in a ``Host`` header, without port, in small letters; empty for anything else than a name."""
    match = _HOST.fullmatch(host.lower())
    return match["name"] if match else ""


async def _whole_body(scope: Scope, receive: Receive) -> bytes:
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise _too_large()
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, following: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else await following()

    return receive


def _too_large() -> InputProblem:
    return InputProblem("RW-SERVER-002", Problem(f"a request has at most {MAX_BODY_BYTES} bytes"))
