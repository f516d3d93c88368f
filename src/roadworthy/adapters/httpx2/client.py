"""Clients behind the guard: one for each set of hosts, on one event loop."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache

import httpcore2
import httpx2

from roadworthy.adapters.httpx2.guard import Guard, why_not_named
from roadworthy.errors import Refused, Unavailable
from roadworthy.ports.tooling import Background, Barred, BrokenAnswer, HttpAnswer

# They write every address into their log, and with it what was asked.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)
_CONNECT_S = 10.0
_GRACE_S = 2.0


class TooLong(httpx2.StreamError):
    """A body beyond what may be read, or one that is packed: its length is unknown before it is unpacked."""


class _Counted(httpx2.AsyncByteStream):
    """Stops reading a body that is longer than announced."""

    def __init__(self, inner: httpx2.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._inner:
            read += len(part)
            if read > self._most:
                raise TooLong(f"the answer is longer than {self._most} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport on a pool whose connections the guard opens. It never asks the environment for a proxy."""

    def __init__(self, hosts: Sequence[str], most_bytes: int) -> None:
        super().__init__(verify=_trusted(), trust_env=False)
        self._hosts = tuple(hosts)
        self._most = most_bytes
        # httpx2 offers no way to hand a network over; the pool's own parameter is public.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_trusted(),
            max_connections=20,
            max_keepalive_connections=10,
            keepalive_expiry=30.0,
            network_backend=Guard(hosts),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        refused = why_not_named(str(request.url), self._hosts)
        if refused:
            raise Barred(refused)
        response = await super().handle_async_request(request)
        # A jar would carry what one case was given into the calls of the next.
        response.headers.pop("set-cookie", None)
        if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            await response.aclose()
            raise TooLong("the answer is packed, which nobody asked for")
        streams_on = response.headers.get("content-type", "").startswith("text/event-stream")
        if not streams_on and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream, self._most)
        return response


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities this machine trusts. One for all: making one costs milliseconds."""
    return ssl.create_default_context()


def guarded_client(
    hosts: Sequence[str],
    *,
    timeout_s: float,
    most_bytes: int,
    headers: Mapping[str, str] | None = None,
    auth: httpx2.Auth | None = None,
) -> httpx2.AsyncClient:
    """A client that reaches these hosts and no others, follows nothing, and reads no longer bodies."""
    return httpx2.AsyncClient(
        transport=_GuardedTransport(hosts, most_bytes),
        timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S)),
        headers={"accept-encoding": "identity", "user-agent": "roadworthy", **(headers or {})},
        auth=auth,
        trust_env=False,
        follow_redirects=False,
    )


class GuardedHttp:
    """The port ``Http``."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._lock = threading.Lock()
        self._clients: dict[tuple[frozenset[str], int], httpx2.AsyncClient] = {}

    def __call__(
        self,
        method: str,
        url: str,
        *,
        hosts: Sequence[str],
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_s: float,
        most_bytes: int,
    ) -> HttpAnswer:
        refused = why_not_named(url, hosts)
        if refused:
            raise barred(refused)
        try:
            work = self._ask(self._client(hosts, timeout_s, most_bytes), method, url, headers, body)
            return self._background.run(work, within_s=timeout_s)
        except Barred as problem:
            raise barred(str(problem)) from None
        except TooLong as problem:
            raise BrokenAnswer(str(problem)) from None
        except TimeoutError:
            raise silent(f"no answer within {timeout_s:g} s", nothing_sent=False) from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            raise silent("the server cannot be reached", nothing_sent=True) from None
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL) as problem:
            # The words of the fault may hold the address, and so what was asked.
            raise silent(f"the request failed: {type(problem).__name__}", nothing_sent=False) from None

    def close(self) -> None:
        """Give back the connections."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            self._background.run(client.aclose(), within_s=_GRACE_S)

    def _client(self, hosts: Sequence[str], timeout_s: float, most_bytes: int) -> httpx2.AsyncClient:
        with self._lock:
            key = (frozenset(hosts), most_bytes)
            if key not in self._clients:
                self._clients[key] = guarded_client(hosts, timeout_s=timeout_s, most_bytes=most_bytes)
            return self._clients[key]

    async def _ask(
        self,
        client: httpx2.AsyncClient,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> HttpAnswer:
        answer = await client.request(method, url, headers=dict(headers), content=body)
        return HttpAnswer(
            answer.status_code,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.content,
        )


def barred(reason: str) -> Refused:
    """What callers are told of a host that may not be reached."""
    return Refused(
        "RW-TOOL-006",
        reason,
        may_overrule="builder",
        hint="name the host in the tool's `hosts`; an address inside a network with its port",
    )


def silent(reason: str, *, nothing_sent: bool) -> Unavailable:
    """What callers are told of a server that gave no whole answer."""
    return Unavailable("RW-TOOL-004", reason, retry_is_safe=nothing_sent, hint="see that the server runs")
