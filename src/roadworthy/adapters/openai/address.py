"""What the name of an unencrypted host stands for, looked up before anything is sent there."""

from __future__ import annotations

import socket

from roadworthy.errors import Unavailable
from roadworthy.ports.address import Address


def check_nearness(address: Address) -> None:
    """All that an unencrypted host stands for has to be of this machine or a private network.

    Errors: ``InputProblem`` RW-LLM-001 where one is public, ``Unavailable`` RW-LLM-006 where the name is
    not found.
    """
    if address.encrypted:
        return
    try:
        found = {
            str(each[4][0])
            for each in socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        }
    except (OSError, UnicodeError):
        raise Unavailable(
            "RW-LLM-006",
            f"the host `{address.host}` of the language model is not found",
            retry_is_safe=True,
            hint="check the address in `models` of the charter",
        ) from None
    address.check(found)
