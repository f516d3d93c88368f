"""Clients of one server: one for each patience, and for an unencrypted name one for each checked address."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder

from roadworthy.errors import InputProblem
from roadworthy.ports.address import Address
from roadworthy.ports.upstream import Broken

CONNECT_S = 10.0
_FRESH_S = 60.0
"""What a name stands for is looked up again after so long: containers move."""
_IDLE_S = 60.0
"""Less than the 75 s after which common servers close a connection that nobody uses."""
_MOST_CLIENTS = 16


class Clients:
    """Hands out clients that share connections.

    An unencrypted server that is named by a word is asked at addresses that were looked up and checked
    here, and at no others: the client never looks up the name itself.
    """

    def __init__(self, address: Address, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._clients: OrderedDict[tuple[float, str], Client] = OrderedDict()
        self._found: list[str] = []
        self._found_at = 0.0

    def at_once(self, timeout_s: float) -> Client | None:
        """The client, where one is there and nothing has to be looked up."""
        return None if self._address.unsure else self._clients.get((timeout_s, ""))

    async def ready(self, timeout_s: float) -> tuple[Client, str]:
        """The client for this patience, and which address of the name it asks (empty: there is but one).

        Errors: ``Broken``, with nothing sent.
        """
        if not self._address.unsure:
            return self._client(timeout_s, ""), ""
        if not self._found or self._clock() - self._found_at > _FRESH_S:
            await self._look_up()
        at = self._found[0]
        return self._client(timeout_s, at), at

    def unreached(self, at: str) -> bool:
        """No connection could be made there. Whether the name has another address to try."""
        if at in self._found:
            self._found.remove(at)
        return bool(at and self._found)

    async def close(self) -> None:
        """Give back every connection. A request that comes later opens new ones."""
        clients, self._clients = self._clients, OrderedDict()
        for client in clients.values():
            await client.close()

    async def _look_up(self) -> None:
        host = self._address.host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, self._address.port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            raise Broken(f"the host `{host}` is not found", sent=False) from None
        names = list(dict.fromkeys(str(each[4][0]) for each in found))
        try:
            self._address.check(names)
        except InputProblem:
            raise Broken(
                f"`{host}` is a public host, and texts would travel unencrypted", sent=False
            ) from None
        if self._found and self._found[0] in names:  # it answered so far
            names.sort(key=lambda name: name != self._found[0])
        self._found, self._found_at = names, self._clock()

    def _client(self, timeout_s: float, at: str) -> Client:
        client = self._clients.get((timeout_s, at))
        if client is None:
            client = self._clients[timeout_s, at] = self._build(timeout_s, at)
            if len(self._clients) > _MOST_CLIENTS:
                # Requests that are on their way keep theirs; its connections end with the last of them.
                self._clients.popitem(last=False)
        return client

    def _build(self, timeout_s: float, at: str) -> Client:
        builder = ClientBuilder().follow_redirects(False).referer(False).user_agent("roadworthy")
        # A connection that takes too long is told apart from an answer that does: connecting gives up first.
        builder = builder.connect_timeout(timedelta(seconds=min(CONNECT_S, 0.9 * timeout_s)))
        builder = builder.read_timeout(timedelta(seconds=timeout_s)).pool_idle_timeout(
            timedelta(seconds=_IDLE_S)
        )
        if not self._address.encrypted:
            builder = builder.no_proxy()
        if at:
            builder = builder.resolve(self._address.host, at, self._address.port)
        return builder.build()
