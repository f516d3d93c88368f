"""What answers calls to models: two methods, so that the client behind them can be exchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from roadworthy.charter import LanguageModelPlan
    from roadworthy.routing import Candidate
    from roadworthy.usage import Level


class Outgoing(msgspec.Struct, frozen=True):
    """One request: where, with which headers, what, and how long until its headers and between two chunks."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_s: float


class Incoming(msgspec.Struct, frozen=True):
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
    """No whole answer came. ``sent``: the request may have reached the model, and may be billed. ``late``: the
    time for it ran out."""

    def __init__(self, reason: str, *, sent: bool, late: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.late = late


class Upstream(Protocol):
    """Sends requests to one model's server. Redirects are never followed."""

    async def post(self, request: Outgoing, *, most: int) -> Incoming:
        """The whole answer, of at most so many bytes. Errors: ``Broken``."""

    def stream(self, request: Outgoing) -> AbstractAsyncContextManager[Flow]:
        """The answer as it comes. Leaving the context early ends the connection. Errors: ``Broken``."""

    async def close(self) -> None:
        """Give back every connection."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is asked: by which upstream, at which base address, with which headers."""

    upstream: Upstream
    base: str
    headers: Mapping[str, str]


class Catalogue(Protocol):
    """What an installation knows of the models that charters name, and of the budgets above use cases."""

    def candidate(self, name: str, plan: LanguageModelPlan, *, region: str, today: date) -> Candidate:
        """The model as one that may be chosen, with its price. ``region``: where the use case's data are,
        for a model that does not say where it runs."""

    def snapshot(self, candidate: Candidate) -> str:
        """A short name of exactly this price, kept with every call that is charged by it."""

    def endpoint(self, plan: LanguageModelPlan) -> Endpoint:
        """Errors: ``InputProblem`` for an address or a secret that is missing or cannot be used."""

    def limits(self, unit: str) -> Mapping[Level, int]:
        """The monthly limits of the platform, and of this unit, as far as the installation has any."""
