"""The real application of a filled installation, served as `roadworthy up` serves it, with a clock around it.

    served.py HOME DATABASE_URL

The first line it prints is one JSON object: the address, and a session of an administrator and of a reviewer. Each answer
says in ``Server-Timing`` how long the application took from the request to the last byte that it gave away, and how much
CPU time the whole process spent meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from roadworthy.operate import access
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.app import application
from roadworthy.wiring import Workspace, open_deployment
from roadworthy.wiring.serving import serve_application

SYSTEM = Principal("the-admin", "the-admin", Kind.PERSON, frozenset(Role) - {Role.CLIENT})


class Timed:
    """ASGI middleware: holds the answer back until it is whole, to say in its head what it took. Streams pass through."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] == "/events":
            await self._app(scope, receive, send)
            return
        held: list[Any] = []

        async def hold(message: Any) -> None:
            held.append(message)

        began, worked = time.perf_counter(), time.process_time()
        await self._app(scope, receive, hold)
        wall, cpu = time.perf_counter() - began, time.process_time() - worked
        head = held[0]
        told = f"app;dur={wall * 1000:.3f}, cpu;dur={cpu * 1000:.3f}"
        head["headers"] = [*head["headers"], (b"server-timing", told.encode())]
        for message in held:
            await send(message)


def main() -> None:
    home, url = Path(sys.argv[1]), sys.argv[2]
    place = Workspace(home, url)
    deployment = open_deployment(place)
    sessions = {
        who: access.issue(deployment, SYSTEM, who, access.SESSION) for who in ("the-admin", "the-reviewer")
    }
    app = application(deployment)

    async def drain() -> None:
        app.state.draining.set()
        await asyncio.sleep(0)

    def ready(address: str) -> None:
        print(json.dumps({"address": address, "sessions": sessions, "pid": os.getpid()}), flush=True)

    timed: Any = Timed(app)
    serve_application(timed, interface="asgi", host="127.0.0.1", port=18_400, on_ready=ready, on_end=drain)
    deployment.store.close()


if __name__ == "__main__":
    main()
