"""What answers calls to models: two methods, so that the client behind them can be exchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request: where, with which headers, what, and how long until its headers and between two chunks."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole answer. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Flow(Protocol):
    """An answer that is still coming."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in small letters."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Its body as it comes, in pieces of any size. Errors: ``Broken``."""


class Broken(Exception):
    """No whole answer came. ``sent``: the request may have reached the model, and may be billed."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class Upstream(Protocol):
    """Sends requests to one model's server. Redirects are never followed."""

    async def post(self, request: Outgoing, *, most: int) -> Incoming:
        """The whole answer, of at most so many bytes. Errors: ``Broken``."""

    def stream(self, request: Outgoing) -> AbstractAsyncContextManager[Flow]:
        """The answer as it comes. Leaving the context early ends the connection. Errors: ``Broken``."""

    async def close(self) -> None:
        """Give back every connection."""
