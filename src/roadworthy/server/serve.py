"""Serving the pages and the API from this process, until it is asked to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette

from roadworthy.wiring.serving import serve_application


def serve(
    app: Starlette, *, host: str, port: int, on_ready: Callable[[str], None], drain_s: float = 0.0
) -> None:
    """Serve on ``host`` and ``port``, or on the first free port of the next 20, until SIGTERM or SIGINT.

    On a signal ``/readyz`` says no, for ``drain_s`` seconds everything is still served (so that a load
    balancer can notice), requests under way are answered, and this returns. A second signal ends the process
    at once.

    Errors: ``Unavailable`` RW-SERVER-001 where no port is free, or the address is not of this machine.
    """

    async def drain() -> None:
        app.state.draining.set()
        await asyncio.sleep(drain_s)

    serve_application(app, interface="asgi", host=host, port=port, on_ready=on_ready, on_end=drain)
