"""Serving the gateway from this process, until it is asked to end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from roadworthy.gateway.door import Door
from roadworthy.wiring.serving import serve_application

_POLL_S = 0.02


def serve(
    door: Door,
    *,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    grace_s: float = 30.0,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until ``stop`` is set. Then no more calls are taken, those under way are answered for at most
    ``grace_s`` seconds, and this returns; a second signal ends the process at once.

    Errors: ``Unavailable`` RW-SERVER-001 where no port is free, or the address is not of this machine.
    """

    async def drain() -> None:
        door.drain()
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_s
        while door.under_way and loop.time() < until:
            await asyncio.sleep(_POLL_S)

    serve_application(
        door, interface="rsgi", host=host, port=port, on_ready=on_ready, on_end=drain, stop=stop
    )
