"""Serving the door: over the standard streams of one agent, or over streamable HTTP for many."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, Final

from mcp.server.stdio import stdio_server

from roadworthy.errors import RoadworthyError
from roadworthy.mcp.door import Door, token_of
from roadworthy.wiring.serving import serve_application

PATH: Final = "/mcp"
LARGEST: Final = 2_000_000
"""Bytes of a request that are read."""
_POLL_S: Final = 0.02


async def over_stdio(door: Door) -> None:
    """Answer one agent until it closes its end."""
    async with stdio_server() as (arriving, leaving):
        await door.server.run(arriving, leaving, door.server.create_initialization_options())


def over_http(
    door: Door,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    grace_s: float = 30.0,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until ``stop`` is set; calls under way are answered for ``grace_s`` seconds.

    Errors: ``Unavailable`` RW-SERVER-001 where no port is free, or the address is not of this machine.
    """
    application = Application(door, host=host)

    async def end() -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_s
        while door.under_way and loop.time() < until:
            await asyncio.sleep(_POLL_S)
        await application.close()

    serve_application(
        application, interface="asgi", host=host, port=port, on_ready=on_ready, on_end=end, stop=stop
    )


class Application:
    """The door as ASGI: keys are asked for before the protocol reads a byte."""

    def __init__(self, door: Door, *, host: str) -> None:
        self._door = door
        self._inner = door.server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            stateless_http=True,
            max_request_body_size=LARGEST,
            host=host,
        )
        self._holding: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._ending = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/livez":
            await _send(send, 200, b"ok", "text/plain")
        elif path == "/readyz":
            ready = await self._door.reads()
            await _send(send, 200 if ready else 503, b"ok" if ready else b"no", "text/plain")
        elif path != PATH:
            await _send(send, 404, b"nothing answers here", "text/plain")
        else:
            try:
                await self._door.caller(token_of(_Headers(scope["headers"])))
            except RoadworthyError as problem:
                status = {"refused": 401, "unavailable": 503}.get(problem.kind, 401)
                await _send(send, status, json.dumps(problem.as_json()).encode(), "application/json")
                return
            await self._ready()
            await self._inner(scope, receive, send)

    async def close(self) -> None:
        """End what the protocol holds open. Again: nothing happens."""
        self._ending.set()
        if self._holding is not None:
            await asyncio.wait({self._holding}, timeout=5)

    async def _ready(self) -> None:
        # The server that carries this application knows no lifespan; one task enters and leaves the scopes.
        if self._holding is None:
            self._holding = asyncio.create_task(self._hold())
        await self._up.wait()

    async def _hold(self) -> None:
        async with self._door.server.session_manager.run():
            self._up.set()
            await self._ending.wait()


class _Headers(dict[str, str]):
    """The headers of ASGI by name."""

    def __init__(self, raw: Any) -> None:
        super().__init__((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)


async def _send(send: Any, status: int, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="roadworthy"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
