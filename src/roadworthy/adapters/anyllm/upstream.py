"""One provider, asked through its own SDK as if it spoke the OpenAI wire."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from roadworthy.adapters.anyllm.asking import Question, Refusal, read_question
from roadworthy.adapters.anyllm.library import open_provider
from roadworthy.adapters.anyllm.telling import DONE, Events, answer, broken, failed, refused
from roadworthy.errors import InputProblem
from roadworthy.ports.address import Address
from roadworthy.ports.upstream import Broken, Incoming, Outgoing

Found = TypeVar("Found")
_STREAM = {"content-type": "text/event-stream; charset=utf-8"}


class AnyLlmUpstream:
    """Takes chat completions, and where the provider has them responses and embeddings.

    ``address`` replaces the provider's own; the key is given here, and headers of a request are not read.
    What the provider cannot do is answered with 400 in the wire's error form. Each request is sent once
    where the SDK lets its retries be turned off. Edge: a whole answer is held by the SDK before its size
    is known.

    Errors: ``InputProblem`` RW-UPSTREAM-001 to 004 when it is made.
    """

    def __init__(self, provider: str, *, key: str, address: Address | None = None) -> None:
        self._name = provider
        self._address = address
        self._provider = open_provider(provider, key=key, address=address)
        self._timed = getattr(self._provider, "TIMEOUT_SUPPORT", "unsupported") != "unsupported"
        self._checked = address is None or not address.unsure

    def __repr__(self) -> str:
        return f"AnyLlmUpstream({self._name!r})"

    async def post(self, request: Outgoing, *, most: int) -> Incoming:
        """The whole answer."""
        try:
            question = read_question(request.url, request.body)
            found = answer(await self._ask(question, request.timeout_s))
        except Refusal as refusal:
            found = refused(refusal)
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an SDK raises
            found = failed(error)
        if len(found.body) > most:
            raise Broken(f"the answer is larger than {most:,} bytes", sent=True)
        return found

    def stream(self, request: Outgoing) -> _Flow:
        """The answer as it comes."""
        return _Flow(self, request)

    async def close(self) -> None:
        """Give back every connection."""
        client = getattr(self._provider, "client", None)
        close = getattr(client, "close", None)
        if asyncio.iscoroutinefunction(close):
            with contextlib.suppress(RuntimeError):  # the loop of its connections has ended already
                await close()

    async def _ask(self, question: Question, timeout_s: float) -> Any:
        """What the library gives: a whole answer, or an iterator. Errors: ``Refusal``, ``Broken``, the library's own."""
        await self._check_nearness()
        ask = self._provider
        options = dict(question.options)
        if self._timed and question.path != "/embeddings":
            options["timeout"] = timeout_s
        asked: Awaitable[Any]
        if question.path == "/responses":
            if not ask.SUPPORTS_RESPONSES:
                raise self._without("/responses")
            asked = ask.aresponses(question.model, question.content, **options)
        elif question.path == "/embeddings":
            if not ask.SUPPORTS_EMBEDDING:
                raise self._without("/embeddings")
            asked = ask.aembedding(question.model, question.content, **options)
        else:
            asked = ask.acompletion(question.model, question.content, **options)
        return await within(asked, timeout_s)

    def _without(self, path: str) -> Refusal:
        return Refusal(f"the provider `{self._name}` has no `{path}`", code="unsupported_endpoint")

    async def _check_nearness(self) -> None:
        """An unencrypted server named by a word is looked up once, before the first request."""
        if self._checked or self._address is None:
            return
        host = self._address.host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, self._address.port, type=socket.SOCK_STREAM
            )
            self._address.check([str(each[4][0]) for each in found])
        except (OSError, UnicodeError):
            raise Broken(f"the host `{host}` is not found", sent=False) from None
        except InputProblem:
            raise Broken(
                f"`{host}` is a public host, and texts would travel unencrypted", sent=False
            ) from None
        self._checked = True


async def within(asked: Awaitable[Found], timeout_s: float) -> Found:
    """What comes of it in time. Errors: ``Broken``; whatever the provider says."""
    try:
        async with asyncio.timeout(timeout_s):
            return await asked
    except TimeoutError:
        raise Broken(f"nothing came for {timeout_s:g} s", sent=True, late=True) from None


class _Flow:
    """An answer that is still coming: the context, and what it gives."""

    status: int
    headers: Mapping[str, str]

    def __init__(self, upstream: AnyLlmUpstream, request: Outgoing) -> None:
        self._upstream = upstream
        self._request = request
        self._whole: bytes | None = None
        self._first: Any = None
        self._chunks: Any = None
        self._is_chat = True

    async def __aenter__(self) -> Self:
        incoming = await self._open()
        if incoming is None:
            self.status, self.headers = 200, _STREAM
        else:
            self.status, self.headers, self._whole = incoming.status, incoming.headers, incoming.body
        return self

    async def _open(self) -> Incoming | None:
        """The answer where it is whole already; None where events follow."""
        wait = self._request.timeout_s
        try:
            question = read_question(self._request.url, self._request.body)
            self._is_chat = question.path == "/chat/completions"
            found = await self._upstream._ask(question, wait)
            if not hasattr(found, "__aiter__"):
                return answer(found)
            self._chunks = aiter(found)
            # SDKs send when the first chunk is asked for: only then is there a status.
            self._first = await within(anext(self._chunks, None), wait)
        except Refusal as refusal:
            return refused(refusal)
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an SDK raises
            return failed(error)
        return None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Events as bytes."""
        if self._whole is not None:
            yield self._whole
            return
        events = Events()
        write = events.chat if self._is_chat else events.response
        chunk = self._first
        while chunk is not None:
            if data := write(chunk):
                yield data
            chunk = await self._next()
        if self._is_chat:
            yield DONE

    async def _next(self) -> Any:
        try:
            return await within(anext(self._chunks, None), self._request.timeout_s)
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an SDK raises
            raise broken(error) from None
