"""Who may be reached: the host as it is named, and the address as it is connected to.

An address is looked at after the name was resolved and is then connected to by its number: a name that
answers otherwise a moment later, or in one of the many ways to write 127.0.0.1, gains nothing.
``httpx-secure`` does this for clients of ``httpx``; MCP's library has clients of ``httpx2``, and a
connection to a barred address is not even begun here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

import anyio
import httpcore2
import httpx2

from roadworthy.ports.tooling import Barred

_SCHEMES: Final = {"http": 80, "https": 443}
_NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE: Final = IPv6Network("::/96")


def is_outside(address: str) -> bool:
    """Whether an address belongs to the public internet, and so does every address hidden in it.

    Hidden: IPv4 in IPv6 by mapping, 6to4, Teredo and NAT64. Errors: ``ValueError`` for no address.
    """
    found = ip_address(address.partition("%")[0])
    return all(one.is_global and not one.is_multicast for one in (found, *_inside(found)))


def _inside(found: IPv4Address | IPv6Address) -> Iterator[IPv4Address]:
    if isinstance(found, IPv4Address):
        return
    if found.ipv4_mapped is not None:
        yield found.ipv4_mapped
    if found.sixtofour is not None:
        yield found.sixtofour
    if found.teredo is not None:
        yield from found.teredo
    if any(found in network for network in (*_NAT64, _COMPATIBLE)):
        yield IPv4Address(found.packed[-4:])


def why_not_named(url: str, hosts: Sequence[str]) -> str:
    """Empty where the address's host is one of ``hosts``; otherwise why it is not.

    An entry is a host, which is reached on the usual port of https or http, or a host with another port. A user
    name in an address is refused: what stands before an @ is no host.
    """
    try:
        parsed = httpx2.URL(url)
        host, port = parsed.raw_host.decode("ascii").lower(), parsed.port
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return "this is no address of a server"
    if parsed.scheme not in _SCHEMES or not host:
        return "expected an address that begins with https:// or http://"
    if parsed.userinfo:
        return "an address may not name a user"
    port = port or _SCHEMES[parsed.scheme]
    shown = f"[{host}]" if ":" in host else host
    named = {entry.strip().lower() for entry in hosts}
    if f"{shown}:{port}" in named or (port == _SCHEMES[parsed.scheme] and {host, shown} & named):
        return ""
    return f"the host `{shown}:{port}` is not among those that `hosts` names"


class Guard(httpcore2.AsyncNetworkBackend):
    """Opens connections to public addresses, and to others only where ``hosts`` holds them by number and port.

    Whatever ``hosts`` says, unspecified, link-local and multicast addresses stay closed: cloud machines answer
    there with their own secrets.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts = frozenset(entry.strip().lower() for entry in hosts)
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to an address that was looked at. Errors: ``Barred``; those of httpcore2."""
        try:
            with anyio.fail_after(timeout):
                addresses = await self._admitted(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("its name was not resolved in time") from None
        fault: Exception = httpcore2.ConnectError("its name has no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address,
                    port,
                    timeout=timeout,
                    local_address=local_address,
                    socket_options=socket_options,
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as problem:
                fault = problem
        raise fault

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Never. Errors: ``Barred``."""
        raise Barred("a socket of this machine may not be reached")

    async def sleep(self, seconds: float) -> None:
        """Wait before the pool tries again."""
        await anyio.sleep(seconds)

    async def _admitted(self, host: str, port: int) -> list[str]:
        """Errors: ``Barred`` if one of the addresses may not be reached: a name with two faces is not trusted."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("its name cannot be resolved") from None
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        for address in addresses:
            if not self._may_reach(address, port):
                raise Barred(
                    f"`{host}` leads to an address inside a network, and `hosts` does not name that "
                    "address with its port"
                )
        return addresses

    def _may_reach(self, address: str, port: int) -> bool:
        try:
            if is_outside(address):
                return True
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if found.is_unspecified or found.is_link_local or found.is_multicast:
            return False
        shown = f"[{found}]" if found.version == 6 else str(found)
        return f"{shown}:{port}" in self._hosts
