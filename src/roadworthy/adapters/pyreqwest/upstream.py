"""One model's server, asked through pyreqwest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Self

from pyreqwest.client import Client
from pyreqwest.exceptions import (
    BuilderError,
    ClientClosedError,
    DetailedPyreqwestError,
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)
from pyreqwest.http import HeaderMap
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response, ResponseBodyReader

from roadworthy.adapters.pyreqwest.connecting import Clients
from roadworthy.ports.address import Address
from roadworthy.ports.upstream import Broken, Incoming, Outgoing

_NOT_CONNECTED = "client error (Connect)"
"""What hyper calls a request that found no connection: of all failures, those after which nothing was sent."""


class PyreqwestUpstream:
    """Sends requests to one server, over connections that are kept and shared.

    Requests of the same ``timeout_s`` share them; up to 16 different ones are kept. Certificates are
    checked against those the system trusts; a proxy of the environment is used for encrypted servers only.
    Belongs to one event loop. Edge: a request that is cancelled before its headers came goes on in the
    background until they come, at most ``timeout_s``: pyreqwest 0.15 does not end it.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._below = address.base + "/"
        self._clients = Clients(address)

    def __repr__(self) -> str:
        return f"PyreqwestUpstream({self._address.base!r})"

    async def post(self, request: Outgoing, *, most: int) -> Incoming:
        """The whole answer; the size is that of the unpacked body."""
        while True:
            client, at = self._clients.at_once(request.timeout_s), ""
            if client is None:
                client, at = await self._clients.ready(request.timeout_s)
            try:
                async with self._prepared(client, request) as answer:
                    headers = answer.headers
                    if (
                        "content-length" in headers
                    ):  # one step; room is made for as many bytes as are announced
                        whole = await answer.body_reader.read(most + 1)
                        body = whole.to_bytes() if whole is not None else b""
                        if len(body) > most:
                            raise _too_large(most)
                    else:
                        body = await _gathered(answer.body_reader, most)
                    return Incoming(answer.status, _Headers(headers), body)
            except PyreqwestError as error:
                self._again(error, at, request.timeout_s)

    def stream(self, request: Outgoing) -> _Exchange:
        """The answer as it comes."""
        return _Exchange(self, request)

    async def close(self) -> None:
        """Give back every connection."""
        await self._clients.close()

    def _prepared(self, client: Client, request: Outgoing, ahead: int | None = None) -> StreamRequest:
        if not request.url.startswith(self._below):
            raise Broken("the request does not belong to this server", sent=False)
        try:
            builder = client.post(request.url).headers(request.headers).body_bytes(request.body)
            if ahead is not None:
                builder = builder.streamed_read_buffer_limit(ahead)
            return builder.build_streamed()
        except (ValueError, PyreqwestError):
            raise Broken("the address or a header of the request cannot be sent", sent=False) from None

    def _again(self, error: PyreqwestError, at: str, timeout_s: float) -> None:
        """Nothing, where the name of the server has another address and none of the request was sent."""
        if not _is_unconnected(error):
            raise _broken(error, timeout_s) from None
        if not self._clients.unreached(at):
            slow = isinstance(error, RequestTimeoutError)
            reason = "no connection in time" if slow else "no connection could be made"
            raise Broken(reason, sent=False) from None


class _Exchange:
    """A request whose answer is read while it comes: the context, and what it gives."""

    __slots__ = ("_answer", "_prepared", "_request", "_upstream", "headers", "status")

    status: int
    headers: Mapping[str, str]

    def __init__(self, upstream: PyreqwestUpstream, request: Outgoing) -> None:
        self._upstream = upstream
        self._request = request
        self._prepared: StreamRequest | None = None
        self._answer: Response | None = None

    async def __aenter__(self) -> Self:
        while self._answer is None:
            # Without the 0, the client reads 64 KB before it gives the first byte.
            client, at = await self._upstream._clients.ready(self._request.timeout_s)
            self._prepared = self._upstream._prepared(client, self._request, 0)
            try:
                self._answer = await self._prepared.__aenter__()
            except PyreqwestError as error:
                self._upstream._again(error, at, self._request.timeout_s)
        self.status, self.headers = self._answer.status, _Headers(self._answer.headers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._prepared is not None:
            await self._prepared.__aexit__(kind, error, trace)

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        return _Chunks(
            self._answer.body_reader if self._answer is not None else None, self._request.timeout_s
        )


class _Chunks:
    """The body of an answer, piece after piece: a plain iterator, which costs less than a generator does."""

    __slots__ = ("_reader", "_timeout_s")

    def __init__(self, reader: ResponseBodyReader | None, timeout_s: float) -> None:
        self._reader = reader
        self._timeout_s = timeout_s

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk = await self._reader.read_chunk() if self._reader is not None else None
        except PyreqwestError as error:
            raise _broken(error, self._timeout_s) from None
        if chunk is None:
            raise StopAsyncIteration
        return chunk.to_bytes()


async def _gathered(reader: ResponseBodyReader, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while (chunk := await reader.read_chunk()) is not None:
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        parts.append(chunk.to_bytes())
    return b"".join(parts)


def _too_large(most: int) -> Broken:
    return Broken(f"the answer is larger than {most:,} bytes", sent=True)


def _broken(error: PyreqwestError, timeout_s: float) -> Broken:
    if isinstance(error, BuilderError | ClientClosedError | PoolTimeoutError):
        return Broken("the request could not be sent", sent=False)
    if isinstance(error, RequestTimeoutError):
        return Broken(f"nothing came for {timeout_s:g} s", sent=True, late=True)
    return Broken("the connection broke off", sent=True)


def _is_unconnected(error: PyreqwestError) -> bool:
    # Its classes do not tell: a server that hangs up, or is silent, is a ConnectError as well.
    causes = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    return any(cause["message"] == _NOT_CONNECTED for cause in causes or ())


class _Headers(Mapping[str, str]):
    """Headers by names in small letters, read when they are asked for; a value that is no text is left out."""

    __slots__ = ("_found",)

    def __init__(self, found: HeaderMap) -> None:
        self._found = found

    def __getitem__(self, name: str) -> str:
        try:
            return self._found[name]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name in self._found if name in self))

    def __len__(self) -> int:
        return len(list(iter(self)))
