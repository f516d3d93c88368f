"""Where a model's server may be asked: over TLS anywhere, in the clear only on this machine or network."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from roadworthy.errors import InputProblem, Problem

_HINT = "such as `https://host/v1`, or `http://127.0.0.1:8080/v1` on this machine"


@dataclass(frozen=True, slots=True)
class Address:
    """A base address that was checked, and whether what is sent there is encrypted.

    ``unsure``: it is not encrypted, and names its host by a word. What that stands for is looked up by
    whoever connects, and has to pass ``check``.
    """

    base: str
    host: str
    port: int
    encrypted: bool
    unsure: bool

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
        literal = _literal(host) is not None
        if parts.scheme == "http" and literal and not is_near(host):
            problems.append("texts would travel unencrypted to a public address")
        if problems:
            raise _unusable(problems)
        encrypted = parts.scheme == "https"
        base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        return cls(base, host, port or (443 if encrypted else 80), encrypted, not encrypted and not literal)

    def check(self, found: Collection[str]) -> None:
        """All that an unencrypted host stands for has to be of this machine or a private network.

        Errors: ``InputProblem`` RW-LLM-001 where one is public.
        """
        if not self.encrypted and not all(is_near(each) for each in found):
            raise _unusable([f"`{self.host}` is a public host, and texts would travel unencrypted"])


def bearer(key: str) -> str:
    """What is sent as ``Authorization`` (RFC 6750 §2.1).

    Errors: ``InputProblem`` RW-LLM-002 for a key with characters that no key has; it is not repeated.
    """
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise InputProblem(
            "RW-LLM-002",
            "the key of the language model holds characters that no key has, such as a space or line end",
            hint="set the environment variable named by `secret` again",
        )
    return f"Bearer {key}"


def is_near(host: str) -> bool:
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


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _unusable(problems: list[str]) -> InputProblem:
    return InputProblem(
        "RW-LLM-001",
        [
            Problem(f"the address of a language model cannot be used: {each}", place="url", hint=_HINT)
            for each in problems
        ],
    )
