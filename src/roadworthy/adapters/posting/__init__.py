"""Posting over HTTP with the client that calls to models use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import PyreqwestError

from roadworthy.errors import Unavailable
from roadworthy.ports.posting import Posted

MOST_BYTES = 65_536
"""Of an answer. The rest is not read."""
_MOST_WAIT_S = 3_600.0


class HttpPost:
    """The port ``Post``. One client with its connections for all of them; any thread may use it."""

    def __init__(self) -> None:
        self._client: SyncClient = (
            SyncClientBuilder()
            .follow_redirects(False)
            .referer(False)
            .user_agent("roadworthy")
            .connect_timeout(timedelta(seconds=10))
            .build()
        )

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Posted:
        """Post. Errors: ``Unavailable`` RW-TELEMETRY-001."""
        try:
            request = (
                self._client.post(url)
                .headers(dict(headers))
                .body_bytes(body)
                .timeout(timedelta(seconds=timeout_s))
            )
            with request.build_streamed() as answer:
                read = answer.body_reader.read(MOST_BYTES) or b""
                return Posted(answer.status, _seconds(answer.headers.get("retry-after", "")), bytes(read))
        except (PyreqwestError, TimeoutError, OSError, ValueError) as fault:
            # Neither the address nor the headers stand in the sentence: both may hold secrets.
            raise Unavailable(
                "RW-TELEMETRY-001",
                f"the receiver does not answer: {type(fault).__name__}",
                retry_is_safe=True,
            ) from None

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()


def _seconds(told: str) -> float:
    """``Retry-After`` in seconds; a date is taken for nothing said."""
    return min(float(told), _MOST_WAIT_S) if told.isascii() and told.isdecimal() else 0.0
