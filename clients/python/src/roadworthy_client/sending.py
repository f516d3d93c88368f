"""Sending: one connection, requests that are repeated safely, errors as exceptions."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote

import httpx2

from roadworthy_client.errors import ApiError, Unavailable, Unreachable, error_of

_PASSING = frozenset({429, 502, 503, 504})
_ANSWERED_ELSEWHERE = "RW-SERVER-017"
_LONGEST_WAIT_S = 30.0
_FIRST_WAIT_S = 0.25
Told = TypeVar("Told")


class Answer(dict[str, Any]):
    """What was answered, with the version it was shown in; empty where it has none."""

    etag: str = ""


def etag_of(answer: object) -> str:
    """The version in which something was shown, for ``if_match``. Empty for anything that has none."""
    return str(getattr(answer, "etag", ""))


class Sender:
    """One server and one key. Safe to share between threads; close it, or use it in a ``with``.

    ``retries``: how often what may pass by itself is tried again. ``timeout``: seconds for one try.
    ``client``: an httpx2 client of your own (proxies, certificates); it is not closed here.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str,
        retries: int = 3,
        timeout: float = 30.0,
        client: httpx2.Client | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._retries = retries
        self._wait = wait
        self._mine = client is None
        self._client = client or httpx2.Client(timeout=timeout)

    def close(self) -> None:
        """Give the connections back. Again: nothing happens."""
        if self._mine:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(
        self,
        answer: type[Told],
        method: str,
        path: str,
        names: Mapping[str, str],
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> Told:
        """Ask, and again what may pass. ``answer``: the shape that the document promises; it is not checked here."""
        for name, value in names.items():
            if value in {"", ".", ".."}:
                raise ValueError(f"`{value}` cannot stand in an address, as {name}")
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = idempotency_key or secrets.token_hex(16)
            body = {name: value for name, value in body.items() if value is not None}
        if if_match:
            headers["If-Match"] = if_match
        asked = {name: str(value) for name, value in (query or {}).items() if value not in {None, ""}}
        attempt = 0
        while True:
            try:
                return cast(Told, self._once(method, path, asked, body, headers))
            except ApiError as problem:
                if attempt >= self._retries or not _may_pass(problem):
                    raise
                told = problem.retry_after
            except httpx2.TransportError as fault:
                if attempt >= self._retries:
                    raise Unreachable(
                        f"{self._url} did not answer: {type(fault).__name__}",
                        idempotency_key=headers.get("Idempotency-Key", ""),
                    ) from fault
                told = None
            self._wait(_span(attempt, told))
            attempt += 1

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> Answer:
        found = self._client.request(
            method, self._url + path, params=dict(query), json=body, headers=dict(headers)
        )
        try:
            content = found.json()
        except ValueError:
            content = None
        if not 200 <= found.status_code < 300 or not isinstance(content, dict):
            problem = error_of(found.status_code, content)
            problem.retry_after = _seconds(found.headers.get("retry-after", ""))
            raise problem
        answer = Answer(content)
        answer.etag = found.headers.get("etag", "")
        return answer

    def _pages(self, ask: Callable[[str], Any], rows: str) -> Iterator[Any]:
        after = ""
        while True:
            page = ask(after)
            yield from page[rows]
            after = page["after"]
            if not after:
                return


def _may_pass(problem: ApiError) -> bool:
    if isinstance(problem, Unavailable) and not problem.retry_is_safe:
        return False
    return problem.status in _PASSING or problem.code == _ANSWERED_ELSEWHERE


def _span(attempt: int, told: float | None) -> float:
    """Seconds until the next try: what the server says, else growing, with a part by chance so that many clients part."""
    if told is not None:
        return min(told, _LONGEST_WAIT_S)
    most = min(_FIRST_WAIT_S * float(1 << attempt), _LONGEST_WAIT_S)
    return most * (0.5 + random.random() / 2)  # noqa: S311


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
