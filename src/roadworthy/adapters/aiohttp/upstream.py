"""One model's server, asked through aiohttp."""

from __future__ import annotations

import asyncio
import socket
import string
import urllib.request
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_exceptions import (
    ClientConnectorError,
    ClientProxyConnectionError,
    ClientSSLError,
    ConnectionTimeoutError,
)
from aiohttp.resolver import ThreadedResolver
from multidict import CIMultiDictProxy

from roadworthy.errors import InputProblem
from roadworthy.ports.address import Address
from roadworthy.ports.upstream import Broken, Incoming, Outgoing

_CONNECT_S = 10.0
_IDLE_S = 60.0
_TOKEN = frozenset("!#$%&'*+-.^_`|~" + string.ascii_letters + string.digits)
"""What names of headers are made of (RFC 9110 §5.6.2): aiohttp lets a space through."""
_UNPACKED = frozenset({"content-encoding", "content-length"})
_UNCONNECTED = (ClientConnectorError, ClientProxyConnectionError, ClientSSLError, ConnectionTimeoutError)


class AiohttpUpstream:
    """Sends requests to one server, over connections that are kept and shared.

    Certificates are checked against those the system trusts; a proxy of the environment is used for
    encrypted servers only. Belongs to one event loop.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._below = address.base + "/"
        self._proxy = _proxy(address)
        self._opened: ClientSession | None = None

    def __repr__(self) -> str:
        return f"AiohttpUpstream({self._address.base!r})"

    async def post(self, request: Outgoing, *, most: int) -> Incoming:
        """The whole answer; the size is that of the unpacked body."""
        async with self.stream(request) as flow:
            parts: list[bytes] = []
            size = 0
            async for chunk in flow.chunks():
                size += len(chunk)
                if size > most:
                    raise Broken(f"the answer is larger than {most:,} bytes", sent=True)
                parts.append(chunk)
            return Incoming(flow.status, flow.headers, b"".join(parts))

    def stream(self, request: Outgoing) -> _Exchange:
        """The answer as it comes."""
        return _Exchange(self, request)

    async def close(self) -> None:
        """Give back every connection. A request that comes later opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.close()

    async def _send(self, request: Outgoing) -> ClientResponse:
        if not request.url.startswith(self._below):
            raise Broken("the request does not belong to this server", sent=False)
        if not all(name and _TOKEN.issuperset(name) for name in request.headers):
            raise Broken("a header of the request cannot be sent", sent=False)
        timeout = ClientTimeout(
            total=None,
            sock_connect=min(_CONNECT_S, request.timeout_s),
            sock_read=request.timeout_s,
        )
        try:
            return await self._session().post(
                request.url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=timeout,
                proxy=self._proxy,
            )
        except _PublicHost:
            raise Broken(
                f"`{self._address.host}` is a public host, and texts would travel unencrypted", sent=False
            ) from None
        except _UNCONNECTED as error:
            slow = isinstance(error, TimeoutError)
            reason = "no connection in time" if slow else "no connection could be made"
            raise Broken(reason, sent=False) from None
        except ValueError:
            raise Broken("the address or a header of the request cannot be sent", sent=False) from None
        except (ClientError, OSError) as error:
            raise _broken(error, request.timeout_s) from None

    def _session(self) -> ClientSession:
        if self._opened is None:
            resolver = _NearOnly(self._address) if self._address.unsure else ThreadedResolver()
            self._opened = ClientSession(
                connector=TCPConnector(
                    limit=0, keepalive_timeout=_IDLE_S, resolver=resolver, ttl_dns_cache=60
                ),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": "roadworthy"},
                trust_env=False,
            )
        return self._opened


class _Exchange:
    """A request whose answer is read while it comes: the context, and what it gives."""

    __slots__ = ("_answer", "_request", "_upstream", "headers", "status")

    status: int
    headers: Mapping[str, str]

    def __init__(self, upstream: AiohttpUpstream, request: Outgoing) -> None:
        self._upstream = upstream
        self._request = request
        self._answer: ClientResponse | None = None

    async def __aenter__(self) -> Self:
        self._answer = answer = await self._upstream._send(self._request)
        self.status, self.headers = answer.status, _headers(answer.headers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._answer is not None:
            # Gives the connection back where the answer was read to its end, and ends it otherwise.
            if self._answer.content.at_eof():
                self._answer.release()
            else:
                self._answer.close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        if self._answer is None:
            return
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk
        except (ClientError, OSError) as error:
            raise _broken(error, self._request.timeout_s) from None


class _PublicHost(Exception):
    """A name stands for an address to which nothing is sent unencrypted."""


class _NearOnly(AbstractResolver):
    """Looks up a name; what it stands for has to be of this machine or a private network."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._below = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses. Errors: ``OSError`` where the name is not found."""
        found = await self._below.resolve(host, port, family)
        try:
            self._address.check([each["host"] for each in found])
        except InputProblem:
            raise _PublicHost from None
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._below.close()


def _proxy(address: Address) -> str | None:
    """The proxy the system names for encrypted servers."""
    if not address.encrypted or urllib.request.proxy_bypass(address.host):
        return None
    named = urllib.request.getproxies()
    return named.get("https") or named.get("all")


def _broken(error: Exception, timeout_s: float) -> Broken:
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return Broken(f"nothing came for {timeout_s:g} s", sent=True, late=True)
    return Broken("the connection broke off", sent=True)


def _headers(found: CIMultiDictProxy[str]) -> Mapping[str, str]:
    """Names in small letters; without those that speak of the packed body."""
    packed = "content-encoding" in found
    return {
        name.lower(): value
        for name, value in found.items()
        if not (packed and name.lower() in _UNPACKED) and value.isprintable()
    }
