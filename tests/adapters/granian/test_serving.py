"""Which port is served on. That a process serves, drains and ends is tested with the doors."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
import urllib.request
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from roadworthy.errors import Unavailable

serving = import_module("roadworthy.adapters.granian.serving")


def test_where_no_port_is_free_it_says_which_were_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "TRIES", 0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Unavailable, match="no free port") as raised:
            serving.free_port("127.0.0.1", other.getsockname()[1])
    assert raised.value.code == "RW-SERVER-001"


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(Unavailable, match="no address of this machine"):
        serving.free_port(host, 0)


def test_port_0_is_any_free_port() -> None:
    assert serving.free_port("127.0.0.1", 0) > 1023


def test_pages_are_answered_beside_many_streams_that_stay_open() -> None:
    listening, held = asyncio.Event(), []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/page":
            await send({"type": "http.response.body", "body": b"here"})
            return
        await send({"type": "http.response.body", "body": b": \n\n", "more_body": True})
        await listening.wait()
        await send({"type": "http.response.body", "body": b""})

    async def end() -> None:
        listening.set()

    ready: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    server = threading.Thread(
        target=serving.serve,
        args=(app,),
        kwargs={
            "interface": "asgi", "host": "127.0.0.1", "port": 0, "on_ready": ready.put, "on_end": end, "stop": stop,
        },
    )  # fmt: skip
    server.start()
    try:
        at = urlsplit(ready.get(timeout=10))
        for _ in range(200):
            stream = socket.create_connection((at.hostname, at.port), timeout=5)
            held.append(stream)
            stream.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        for stream in held:
            assert stream.recv(64).startswith(b"HTTP/1.1 200")
        with urllib.request.urlopen(f"{at.geturl()}/page", timeout=5) as page:
            assert page.read() == b"here"
    finally:
        for stream in held:
            stream.close()
        stop.set()
        server.join(timeout=10)
    assert not server.is_alive()
