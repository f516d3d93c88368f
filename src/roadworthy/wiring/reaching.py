"""Which addresses behind a name may be connected to, where the connection is not made by the guarded HTTP client."""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import ip_address

from roadworthy.errors import Refused, Unavailable
from roadworthy.ports.address import is_near


def addresses_of(host: str, port: int, *, hosts: Collection[str] | None) -> list[str]:
    """The numbers of a host, each looked at: connect to these, not to the name, which may mean another a moment later.

    ``hosts`` as a tool's charter names them: an address inside a network has to stand there with its port. None:
    networks inside may be reached, and what cloud machines keep their own secrets at still may not.
    Errors: ``Refused`` RW-TOOL-006 if one of them may not be reached, ``Unavailable`` RW-TOOL-004 for an unknown name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable("RW-TOOL-004", f"`{host}` cannot be resolved", retry_is_safe=True) from None
    numbers = list(dict.fromkeys(str(one[4][0]) for one in found))
    for number in numbers:
        if not _may_reach(number, port, hosts):
            raise Refused(
                "RW-TOOL-006",
                f"`{host}` leads to an address inside a network",
                may_overrule="builder",
                hint="name the address with its port in the tool's `hosts`",
            )
    return numbers


def _may_reach(number: str, port: int, hosts: Collection[str] | None) -> bool:
    from roadworthy.adapters.httpx2 import is_outside

    if is_outside(number):
        return True
    if hosts is None:
        return is_near(number)
    found = ip_address(number.partition("%")[0])
    if found.is_unspecified or found.is_link_local or found.is_multicast:
        return False
    shown = f"[{found}]" if found.version == 6 else str(found)
    return f"{shown}:{port}" in {one.strip().lower() for one in hosts}
