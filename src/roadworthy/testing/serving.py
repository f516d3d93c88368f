"""A small HTTP server on this machine that answers, and misbehaves, exactly as a test says."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_LARGEST_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came. Names of headers are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answering = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer, or part of one. Closing the writer ends the connection."""


@dataclass
class Serving:
    """Listens on loopback while its context is open, and keeps what came."""

    answering: Answering
    tls: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client ended its connection."""
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self.tls, limit=_LARGEST_HEAD
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def base(self) -> str:
        """Its base address, as a charter names it."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/v1"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: those of `start_server` report their cancelling as a fault.
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                self.received.append(request := await _read(reader))
                await self._answer(request, reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            self.left.set()
        finally:
            writer.transport.abort()

    async def _answer(
        self, request: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answers; a client that leaves meanwhile is noticed, and ends the answer."""
        answering = asyncio.ensure_future(self.answering(request, writer))
        watching = asyncio.ensure_future(_gone(reader))
        done, _ = await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
        for each in (answering, watching):
            each.cancel()
        await asyncio.gather(answering, watching, return_exceptions=True)
        if watching in done and answering not in done:
            raise EOFError
        answering.result()


async def _gone(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof():
        if reader.exception() is not None:
            return
        await asyncio.sleep(0.005)


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
    }
    size = headers.get("content-length", "")
    body = await reader.readexactly(int(size)) if size.isdigit() else b""
    return Received(method, path, headers, body)


def whole(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """An answer with its length."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(*parts: bytes, headers: str = "", ended: bool = True) -> bytes:
    """An answer in chunks, with its end or without."""
    head = f"HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(chunk(part) for part in parts) + (b"0\r\n\r\n" if ended else b"")


def chunk(part: bytes) -> bytes:
    """One chunk (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(part), part)
