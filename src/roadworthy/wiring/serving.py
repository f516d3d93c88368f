"""What serves an application of a door."""

from __future__ import annotations

import gc
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Literal


def serve_application(
    app: Any,
    *,
    interface: Literal["asgi", "rsgi"],
    host: str,
    port: int,
    on_ready: Callable[[str], None],
    on_end: Callable[[], Awaitable[None]],
    stop: threading.Event | None = None,
) -> None:
    """Serve from this process until SIGTERM or SIGINT, on ``port`` or the first free one of the next 20.

    ``on_ready`` is told the URL; ``on_end`` is awaited after a signal, while everything is still served. A thread
    that sees no signals sets ``stop`` instead.
    Errors: ``Unavailable`` RW-SERVER-001 where no port is free, or the address is not of this machine.
    """
    from roadworthy.adapters.granian import serve

    # What was loaded until now stays for good. Left to itself the collector walks all of it every few hundred requests,
    # which takes a quarter of the time a call through the gateway costs, and a tenth of a second of a page now and then.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    serve(app, interface=interface, host=host, port=port, on_ready=on_ready, on_end=on_end, stop=stop)
