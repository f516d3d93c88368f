"""One HTTP exchange: a request out, at most 4 MB of an answer back, foreign errors translated."""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from roadworthy.adapters.openai.address import check_nearness
from roadworthy.errors import InputProblem
from roadworthy.ports.address import Address, bearer
from roadworthy.routing import retry_after

if TYPE_CHECKING:
    from pyreqwest.client import SyncClient

LARGEST_ANSWER = 4_000_000
"""Bytes of an answer, unpacked, that are read."""
_CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a server sent. ``wait_s`` is how long it asks to wait before the next request."""

    status: int
    body: bytes
    wait_s: float = 0.0


class Failed(Exception):
    """No whole answer came. ``again``: another try may help."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again


class Exchange:
    """Posts JSON to one path below an address. Several threads share its connections.

    The key is sent to the host of the address and nowhere else: redirects are not followed, and no proxy
    sees what is not encrypted.
    """

    def __init__(self, address: Address, path: str, *, key: str) -> None:
        self._authorization = bearer(key) if key else ""
        self._address = address
        self._url = address.base + path
        self._client: SyncClient | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Exchange({self._url!r})"

    def post(self, body: bytes, *, timeout_s: float) -> Answered:
        """Send once and read the answer. Errors: ``Failed``; ``InputProblem`` RW-LLM-001, RW-LLM-008."""
        client = self._open()
        errors = importlib.import_module("pyreqwest.exceptions")
        request = client.post(self._url).timeout(timedelta(seconds=max(timeout_s, 0.001)))
        request = request.header("Content-Type", "application/json").header("Accept", "application/json")
        if self._authorization:
            request = request.header("Authorization", self._authorization, is_sensitive=True)
        try:
            with request.body_bytes(body).build_streamed() as answer:
                parts: list[bytes] = []
                size = 0
                while (chunk := answer.body_reader.read_chunk()) is not None:
                    size += len(chunk)
                    if size > LARGEST_ANSWER:
                        raise Failed(f"its answer is larger than {LARGEST_ANSWER:,} bytes", again=False)
                    parts.append(bytes(chunk))
                return Answered(
                    answer.status,
                    b"".join(parts),
                    retry_after(answer.get_header("Retry-After"), datetime.now(UTC)),
                )
        except errors.RequestTimeoutError:
            raise Failed("it did not answer in time", again=True) from None
        except errors.ConnectError:
            raise Failed("no connection could be made", again=True) from None
        except errors.PyreqwestError:
            raise Failed("the connection broke off", again=True) from None

    def _open(self) -> SyncClient:
        # Built by the first request: charters name models that a process may never ask.
        with self._lock:
            if self._client is None:
                self._client = self._build()
            return self._client

    def _build(self) -> SyncClient:
        try:
            from pyreqwest.client import SyncClientBuilder
        except ImportError:
            raise InputProblem(
                "RW-LLM-008",
                "language models are asked with `pyreqwest`, which is not installed",
                hint="pip install pyreqwest",
            ) from None
        check_nearness(self._address)
        builder = SyncClientBuilder().follow_redirects(False).referer(False).user_agent("roadworthy")
        builder = builder.connect_timeout(timedelta(seconds=_CONNECT_S))
        return (builder if self._address.encrypted else builder.no_proxy()).build()
