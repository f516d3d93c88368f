"""Sending a message to another program over HTTP: the one thing that exporters and receivers of alerts need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Posted(NamedTuple):
    """What came back: a status, how long to wait before trying again (0 where nothing was said), and the
    beginning of the answer."""

    status: int
    retry_after_s: float
    body: bytes


class Post(Protocol):
    """Posts and follows no redirect: what is sent goes where it was configured to go."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Posted:
        """Errors: ``Unavailable`` RW-TELEMETRY-001 where nothing answers in time."""
