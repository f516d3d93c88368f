"""Open tabs: what a page that only listens costs the server, and how soon all of them are told of a change."""

from __future__ import annotations

import os
import re
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TICKS = os.sysconf("SC_CLK_TCK")


class NotTaken(Exception):
    """A server that has no room for so many open tabs."""


@dataclass
class Tab:
    """A browser's stream of changes: the connection, and what came over it."""

    connection: socket.socket
    heard: bytes = b""

    def fileno(self) -> int:
        return self.connection.fileno()


def open_tabs(address: str, session: str, count: int) -> list[Tab]:
    """So many streams, each on a connection of its own, all of them begun."""
    at = urlsplit(address)
    tabs = []
    for _ in range(count):
        connection = socket.create_connection((str(at.hostname), int(at.port or 80)), timeout=30)
        connection.sendall(
            f"GET /events HTTP/1.1\r\nHost: {at.netloc}\r\nAccept: text/event-stream\r\n"
            f"Cookie: roadworthy_session={session}\r\n\r\n".encode()
        )
        tabs.append(Tab(connection))
    begun = listen(tabs, lambda tab: b"retry:" in tab.heard, within_s=30)
    if len(begun) < count:
        raise NotTaken(f"the server took {len(begun)} of {count} streams, and nobody else's request")
    return tabs


def listen(tabs: Sequence[Tab], heard: Callable[[Tab], bool], *, within_s: float) -> list[float]:
    """When each tab had heard it, in seconds from now, in order; fewer than there are tabs where some did not."""
    began, times = time.monotonic(), [0.0 for tab in tabs if heard(tab)]
    waiting = {tab.fileno(): tab for tab in tabs if not heard(tab)}
    while waiting and time.monotonic() - began < within_s:
        for number in select.select(list(waiting), [], [], 0.5)[0]:
            tab = waiting[number]
            part = tab.connection.recv(65_536)
            tab.heard += part
            if heard(tab):
                times.append(time.monotonic() - began)
            if heard(tab) or not part:
                del waiting[number]
    return sorted(times)


def forget(tabs: Sequence[Tab]) -> None:
    """Read away what lies in the connections."""
    while ready := select.select(tabs, [], [], 0)[0]:
        for tab in ready:
            tab.connection.recv(65_536)
    for tab in tabs:
        tab.heard = b""


def cpu_s(process: int) -> float:
    """CPU time a process has had, threads that ended among it; in ticks of the clock, a hundredth of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_kb(process: int) -> int:
    """Memory that a process holds."""
    found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0
