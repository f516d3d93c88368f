"""Where a language model may be asked: over TLS anywhere, in the clear only on this machine or network."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from roadworthy.errors import InputProblem, Problem, Unavailable

_HINT = "such as `https://host/v1`, or `http://127.0.0.1:8080/v1` on this machine"


@dataclass(frozen=True, slots=True)
class Address:
    """A base address that was checked, and whether what is sent there is encrypted."""

    base: str
    host: str
    port: int
    encrypted: bool

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read the ``url`` of a charter's model.

        Errors: ``InputProblem`` RW-LLM-001 with all that is wrong. The address is not repeated in the
        error where it holds a name and password.
        """
        problems = []
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _unusable(["it is no address"]) from None
        if parts.scheme not in {"http", "https"}:
            problems.append("it begins with neither `https://` nor `http://`")
        if not host:
            problems.append("it names no host")
        if parts.username is not None or parts.password is not None:
            problems.append("it holds a name or password; a key belongs into the environment")
        if parts.query or parts.fragment:
            problems.append("it holds a query or a fragment")
        if any(character.isspace() or not character.isprintable() for character in url):
            problems.append("it holds spaces or invisible characters")
        if parts.scheme == "http" and _literal(host) is not None and not _near(host):
            problems.append("texts would travel unencrypted to a public address")
        if problems:
            raise _unusable(problems)
        encrypted = parts.scheme == "https"
        base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return cls(base, host, port or (443 if encrypted else 80), encrypted)

    def check_nearness(self) -> None:
        """Look up an unencrypted host: all its addresses have to be of this machine or a private network.

        Errors: ``InputProblem`` RW-LLM-001 where one is public, ``Unavailable`` RW-LLM-006 where the name
        is not found.
        """
        if self.encrypted:
            return
        try:
            found = {
                str(each[4][0])
                for each in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            }
        except (OSError, UnicodeError):
            raise Unavailable(
                "RW-LLM-006",
                f"the host `{self.host}` of the language model is not found",
                retry_is_safe=True,
                hint="check the address in `models` of the charter",
            ) from None
        if not all(_near(each) for each in found):
            raise _unusable([f"`{self.host}` is a public host, and texts would travel unencrypted"])


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _near(host: str) -> bool:
    """Of this machine or a private network. Link-local is not: cloud machines hand out secrets there."""
    address = _literal(host)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or (
        address.is_private
        and not (
            address.is_link_local or address.is_unspecified or address.is_reserved or address.is_multicast
        )
    )


def _unusable(problems: list[str]) -> InputProblem:
    return InputProblem(
        "RW-LLM-001",
        [
            Problem(f"the address of a language model cannot be used: {each}", place="url", hint=_HINT)
            for each in problems
        ],
    )
