"""Servers that answer, hang and break off, and a client's requests to them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import pytest

from roadworthy.ports.upstream import Broken, Incoming, Outgoing, Upstream
from roadworthy.testing.serving import Answering, Received, Serving, chunk, chunked

Result = TypeVar("Result")
Opener = Callable[[str], Upstream]
"""An upstream of the server at a base address."""
SECRET = "sk-not-to-be-told"  # noqa: S105 - a key of no one
BODY = b'{"model":"small","messages":[]}'
PATIENCE_S = 0.3
LARGEST = 1_000_000


def sends(*parts: bytes) -> Answering:
    """A server that sends these parts and keeps the connection."""

    async def answering(_: Received, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return answering


def sends_and_hangs(*parts: bytes) -> Answering:
    """A server that sends these parts and then nothing."""

    async def answering(request: Received, writer: asyncio.StreamWriter) -> None:
        await sends(*parts)(request, writer)
        await asyncio.Event().wait()

    return answering


def sends_and_ends(*parts: bytes, rudely: bool = False) -> Answering:
    """A server that sends these parts and ends the connection, or resets it."""

    async def answering(request: Received, writer: asyncio.StreamWriter) -> None:
        await sends(*parts)(request, writer)
        if rudely:
            ending = writer.get_extra_info("socket")
            ending.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            writer.transport.abort()
        writer.close()

    return answering


async def sends_without_end(_: Received, writer: asyncio.StreamWriter) -> None:
    """A server that never stops sending."""
    writer.write(chunked(ended=False))
    while True:
        writer.write(chunk(b"x" * 8_192))
        await writer.drain()


def outgoing(
    base: str,
    body: bytes = BODY,
    *,
    timeout_s: float = PATIENCE_S,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Outgoing:
    """A request for a chat completion."""
    named = {"authorization": f"Bearer {SECRET}", "content-type": "application/json", **headers}
    return Outgoing(f"{base}/chat/completions", named, body, timeout_s)


def asked(answering: Answering, scenario: Callable[[Serving], Awaitable[Result]]) -> Result:
    """What a scenario gives against such a server, within 20 seconds."""

    async def whole_scenario() -> Result:
        async with asyncio.timeout(20), Serving(answering) as server:
            return await scenario(server)

    return asyncio.run(whole_scenario())


class Scenes:
    """What every part of the suite sends requests with."""

    @pytest.fixture
    def open_upstream(self) -> Opener:
        """An upstream of the server at a base address; replaced by whoever inherits."""
        raise NotImplementedError

    @pytest.fixture
    def post(self, open_upstream: Opener) -> Callable[[Answering], Incoming]:
        """Sends one request to such a server."""

        def post(answering: Answering, most: int = LARGEST) -> Incoming:
            async def scenario(server: Serving) -> Incoming:
                upstream = open_upstream(server.base)
                try:
                    return await upstream.post(outgoing(server.base), most=most)
                finally:
                    await upstream.close()

            return asked(answering, scenario)

        return post

    @pytest.fixture
    def read(self, open_upstream: Opener) -> Callable[[Answering], tuple[list[bytes], Broken | None]]:
        """Reads a streamed answer of such a server: what came, and what ended it before its end."""

        def read(answering: Answering) -> tuple[list[bytes], Broken | None]:
            async def scenario(server: Serving) -> tuple[list[bytes], Broken | None]:
                upstream = open_upstream(server.base)
                parts: list[bytes] = []
                try:
                    async with upstream.stream(outgoing(server.base)) as flow:
                        async for part in flow.chunks():
                            parts.append(part)
                except Broken as broken:
                    return parts, broken
                finally:
                    await upstream.close()
                return parts, None

            return asked(answering, scenario)

        return read
