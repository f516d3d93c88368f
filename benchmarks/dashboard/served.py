"""The real application of a filled installation, served as `roadworthy up` serves it, with a clock around it.

    served.py HOME DATABASE_URL

The first line it prints is one JSON object: the address, and a session of an administrator and of a reviewer. Each answer
says in ``Server-Timing`` how long the application took from the request to the last byte that it gave away; how much
CPU time the whole process and the processes of Postgres that work for it spent meanwhile; and how long it would have
taken had none of them waited for a processor that others held.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from roadworthy.operate import access
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.app import application
from roadworthy.wiring import Workspace, open_deployment
from roadworthy.wiring.serving import serve_application

SYSTEM = Principal("the-admin", "the-admin", Kind.PERSON, frozenset(Role) - {Role.CLIENT})


class Kernel:
    """What the kernel counts of this process and of those of Postgres that work for it, in milliseconds."""

    def __init__(self) -> None:
        self._served_by: set[int] = set()
        sa.event.listen(sa.pool.Pool, "connect", self._met)

    def _met(self, driver: Any, _: object) -> None:
        if hasattr(driver, "pgconn"):
            self._served_by.add(driver.info.backend_pid)

    def spent(self) -> tuple[float, float]:
        """CPU time, and time in which they could have worked and had no processor."""
        worked, waited = time.process_time() * 1e9, 0
        for path in Path("/proc/self/task").glob("*/schedstat"):
            waited += self._read(path)[1]
        for pid in self._served_by:
            ran, stood = self._read(Path(f"/proc/{pid}/schedstat"))
            worked, waited = worked + ran, waited + stood
        return worked / 1e6, waited / 1e6

    @staticmethod
    def _read(path: Path) -> tuple[int, int]:
        try:
            ran, stood, _ = path.read_text().split()
        except OSError:  # ended meanwhile, or not this kind of kernel
            return 0, 0
        return int(ran), int(stood)


class Timed:
    """ASGI middleware: holds the answer back until it is whole, to say in its head what it took. Streams pass through."""

    def __init__(self, app: Any, kernel: Kernel) -> None:
        self._app, self._kernel = app, kernel

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] == "/events":
            await self._app(scope, receive, send)
            return
        held: list[Any] = []

        async def hold(message: Any) -> None:
            held.append(message)

        worked, waited = self._kernel.spent()
        began = time.perf_counter()
        await self._app(scope, receive, hold)
        wall = (time.perf_counter() - began) * 1000
        cpu, waits = (
            after - before for after, before in zip(self._kernel.spent(), (worked, waited), strict=True)
        )
        head = held[0]
        told = f"app;dur={wall:.3f}, cpu;dur={cpu:.3f}, quiet;dur={max(wall - waits, 0):.3f}"
        head["headers"] = [*head["headers"], (b"server-timing", told.encode())]
        for message in held:
            await send(message)


def main() -> None:
    home, url = Path(sys.argv[1]), sys.argv[2]
    place, kernel = Workspace(home, url), Kernel()
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

    timed: Any = Timed(app, kernel)
    serve_application(timed, interface="asgi", host="127.0.0.1", port=18_400, on_ready=ready, on_end=drain)
    deployment.store.close()


if __name__ == "__main__":
    main()
