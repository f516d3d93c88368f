"""Serving an application from this process, until it is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from granian.constants import Interfaces
from granian.server.embed import Server

from roadworthy.errors import Unavailable

TRIES = 20
POLL_S = 0.02
MOST_CONNECTIONS = 2_048
"""At once: what is beyond waits until one is closed. A page that listens for changes holds one all the while."""
BACKLOG = 1_024
"""Connections that the system keeps until they are taken."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_INTERFACES = {"asgi": Interfaces.ASGINL, "rsgi": Interfaces.RSGI}
_log = logging.getLogger("roadworthy.server")


def serve(
    app: Any,
    *,
    interface: Literal["asgi", "rsgi"],
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    on_end: Callable[[], Awaitable[None]],
    stop: threading.Event | None = None,
) -> None:
    """Serve on ``host`` and ``port``, or on the first free port of the next 20, until SIGTERM or SIGINT.

    ``on_ready`` is told the URL once a connection is taken; another port than the one asked for is
    logged as a warning too. On a signal ``on_end`` is awaited while everything is still served; then
    requests under way are answered, and this returns. A second signal ends the process at once. From any
    thread but the main one it cannot see signals: there ``stop`` is set instead.

    Errors: ``Unavailable`` RW-SERVER-001 where no port is free, or the address is not of this machine.
    """
    free = free_port(host, port)
    if port not in {0, free}:
        _log.warning("port %s is taken, serving on %s", port, free)
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        runner.run(_serve(app, interface, host, free, on_ready, on_end, stop))


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop on libuv where it is installed: half the time a request spends in Python's own."""
    try:
        import uvloop
    except ImportError:  # not made for this platform
        return None
    return uvloop.new_event_loop


def free_port(host: str, port: int) -> int:
    """The first port from ``port`` on that nobody listens on. Port 0 asks the system for any."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + TRIES, 65_535) + 1):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # Without reuse of the port: the server's own socket would share it with a stranger's unnoticed.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError as problem:
                if problem.errno not in {errno.EADDRINUSE, errno.EACCES}:
                    raise Unavailable(
                        "RW-SERVER-001", f"`{host}` is no address of this machine", retry_is_safe=True
                    ) from None
                continue
            return int(probe.getsockname()[1])
    raise Unavailable(
        "RW-SERVER-001",
        f"no free port from {port} to {min(port + TRIES, 65_535)} on {host}",
        retry_is_safe=True,
        hint="name another one with `--port`",
    )


async def _serve(
    app: Any,
    interface: str,
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    on_end: Callable[[], Awaitable[None]],
    stop: threading.Event | None,
) -> None:
    # Embedded: in this process and event loop. Its log is silent, faults are logged where they happen.
    server = Server(
        app,
        address=host,
        port=port,
        interface=_INTERFACES[interface],
        websockets=False,
        log_enabled=False,
        backlog=BACKLOG,
        # Without it the server takes no more at once than the system keeps, by default 128: pages that listen fill that.
        backpressure=MOST_CONNECTIONS,
    )
    loop = asyncio.get_running_loop()
    ending: list[asyncio.Task[None]] = []

    async def end() -> None:
        try:
            await on_end()
        finally:
            server.stop()  # type: ignore[no-untyped-call]

    def asked_to_end() -> None:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        ending.append(loop.create_task(end()))

    for number in _SIGNALS:
        with contextlib.suppress(RuntimeError, ValueError):  # not the main thread
            loop.add_signal_handler(number, asked_to_end)
    if stop is not None:
        ending.append(loop.create_task(_when(stop, end)))
    announcing = asyncio.create_task(_announce(host, port, on_ready))
    try:
        await server.serve()
    finally:
        announcing.cancel()


async def _when(stop: threading.Event, end: Callable[[], Awaitable[None]]) -> None:
    await asyncio.to_thread(stop.wait)
    await end()


async def _announce(host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Say where the server is, once it takes a connection."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    while True:
        try:
            _, writer = await asyncio.open_connection(reachable, port)
        except OSError:
            await asyncio.sleep(POLL_S)
            continue
        writer.close()
        break
    shown = f"[{reachable}]" if ":" in reachable else reachable
    on_ready(f"http://{shown}:{port}")
