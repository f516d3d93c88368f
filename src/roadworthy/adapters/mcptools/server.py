"""One MCP server: a session that is opened when it is first needed, kept, and opened anew after it broke."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import httpx2
import mcp_types
from mcp import Client
from mcp.shared.exceptions import MCPError

from roadworthy.errors import Refused, RoadworthyError, Unavailable
from roadworthy.ports.tooling import Background, Barred, BrokenAnswer, Definition

T = TypeVar("T")
CONNECT_S: Final = 20.0
FRESH_S: Final = 5.0
"""How old a listing may be that a read rests on. A write rests on one of its own."""
_MOST_PAGES: Final = 50
_CLOSE_S: Final = 6.0
_ENDED: Final = "Session terminated"
# The library writes what it cannot read into its log, which is what somebody answered.
logging.getLogger("mcp.client").setLevel(logging.CRITICAL + 1)
logging.getLogger("mcp.shared").setLevel(logging.CRITICAL + 1)


class Lost(Exception):
    """The connection ended under a call. ``sent`` is False where the call surely had not left."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__("the connection ended")
        self.sent = sent


class Server:
    """A session with one server, for any thread. ``transport`` makes a connection; it is given a callback for lines
    that are too long. ``restarts``: a call that timed out takes the session with it, as a child may be stuck."""

    def __init__(
        self,
        background: Background,
        transport: Callable[[Callable[[], None]], AbstractAsyncContextManager[Any]],
        *,
        restarts: bool,
    ) -> None:
        self._background = background
        self._transport = transport
        self._restarts = restarts
        self._owner: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._ending = asyncio.Event()
        self._too_long = False
        self._listed: Mapping[str, Definition] = {}
        self._listed_at: float | None = None
        self._opening: asyncio.Lock | None = None

    def definition(self, tool: str, *, fresh: bool, timeout_s: float) -> Definition | None:
        """What the server says of a tool; None where it has none of that name. Errors: as ``call``."""
        at = self._listed_at
        if fresh or at is None or time.monotonic() - at > FRESH_S:
            self._listed = self._ask(_listed, timeout_s=timeout_s)
            self._listed_at = time.monotonic()
        return self._listed.get(tool)

    def call(
        self, tool: str, arguments: Mapping[str, object], *, meta: Mapping[str, str], timeout_s: float
    ) -> mcp_types.CallToolResult:
        """One call.

        Errors: ``Unavailable`` RW-TOOL-004 before anything was sent, ``Refused`` RW-TOOL-006; ``Lost`` and
        ``TimeoutError`` afterwards, ``MCPError`` as the server says, ``BrokenAnswer`` for what is no answer.
        """
        request = mcp_types.CallToolRequest(
            params=mcp_types.CallToolRequestParams(
                name=tool,
                arguments=dict(arguments),
                _meta=dict(meta) or None,
            )
        )

        # Not the session's own `call_tool`: it would hold the answer against patterns of the server with `re`.
        async def ask(client: Client) -> mcp_types.CallToolResult:
            return await client.session.send_request(request, mcp_types.CallToolResult)

        return self._ask(ask, timeout_s=timeout_s)

    def close(self) -> None:
        """End the session and, where it is a child of this process, the child. Used again, a new one begins."""
        self._background.run(self._end(), within_s=_CLOSE_S)

    # ── in the other colour ──

    def _ask(self, work: Callable[[Client], Awaitable[T]], *, timeout_s: float) -> T:
        try:
            try:
                return self._once(work, timeout_s)
            except MCPError as problem:
                # The server forgot the session (it was started anew) and has done nothing: once more in a new one.
                if problem.message != _ENDED:
                    raise
                self.close()
                return self._once(work, timeout_s)
        except TimeoutError:
            if self._restarts:
                self.close()
            raise
        except ValueError as problem:  # pydantic's among them
            raise BrokenAnswer(f"the server's answer is none: {type(problem).__name__}") from None

    def _once(self, work: Callable[[Client], Awaitable[T]], timeout_s: float) -> T:
        try:
            self._background.run(self._ready(), within_s=CONNECT_S)
        except TimeoutError:
            self.close()
            raise _silent("the server does not begin a session in time") from None
        except Exception as fault:  # noqa: BLE001 - whatever a transport raises, sorted below
            raise self._unreached(fault) from None
        return self._background.run(self._asked(work), within_s=timeout_s)

    async def _ready(self) -> None:
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._owner is not None and not self._owner.done():
                return
            self._too_long, self._listed_at = False, None
            self._ending = asyncio.Event()
            ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._owner = asyncio.create_task(self._own(ready))
            self._owner.add_done_callback(_looked_at)
            try:
                await ready
            except asyncio.CancelledError:
                self._owner.cancel()
                raise

    async def _own(self, ready: asyncio.Future[None]) -> None:
        """Hold the session open. One task enters and leaves it, as its scopes ask for."""
        try:
            transport = self._transport(self._note_too_long)
            async with Client(transport, cache=None, message_handler=self._heard) as client:
                self._client = client
                ready.set_result(None)
                await self._ending.wait()
        except BaseException as fault:
            if not ready.done():
                ready.set_exception(fault if isinstance(fault, Exception) else ConnectionError())
                return
            raise
        finally:
            self._client = None

    async def _asked(self, work: Callable[[Client], Awaitable[T]]) -> T:
        client, owner = self._client, self._owner
        if client is None or owner is None:
            raise Lost(sent=False)
        asked = asyncio.ensure_future(work(client))
        try:
            await asyncio.wait({asked, owner}, return_when=asyncio.FIRST_COMPLETED)
            # The library may still tell who waits that the connection ended; what it has told counts.
            if not asked.done():
                raise self._gone(owner)
            problem = asked.exception()
            if isinstance(problem, MCPError) and problem.code == mcp_types.CONNECTION_CLOSED:
                # The library keeps a session whose connection has ended: the next call needs another one.
                await asyncio.wait({owner}, timeout=0.2)
                fault = self._gone(owner)
                await self._end()
                raise fault
            return asked.result()
        finally:
            asked.cancel()

    def _gone(self, owner: asyncio.Task[None]) -> Exception:
        if self._too_long:
            return BrokenAnswer("the answer is longer than what may be read")
        fault = owner.exception() if owner.done() and not owner.cancelled() else None
        for one in _flat(fault):
            if isinstance(one, Barred):
                return _barred(one)
            if isinstance(one, httpx2.ConnectError | httpx2.ConnectTimeout):
                return Lost(sent=False)
            if isinstance(one, httpx2.StreamError):
                return BrokenAnswer(str(one))
        return Lost(sent=True)

    def _unreached(self, fault: Exception) -> Exception:
        if self._too_long:
            return BrokenAnswer("the answer is longer than what may be read", sent=False)
        for one in _flat(fault):
            if isinstance(one, Barred):
                return _barred(one)
            if isinstance(one, RoadworthyError):
                return one
        return _silent("the server cannot be reached, or begins no session")

    async def _end(self) -> None:
        owner = self._owner
        if owner is None or owner.done():
            return
        self._ending.set()
        await asyncio.wait({owner}, timeout=_CLOSE_S - 1)
        owner.cancel()

    def _note_too_long(self) -> None:
        self._too_long = True

    async def _heard(self, message: object) -> None:
        if isinstance(message, mcp_types.ToolListChangedNotification):
            self._listed_at = None


async def _listed(client: Client) -> Mapping[str, Definition]:
    found: dict[str, Definition] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            if tool.name in found:
                raise BrokenAnswer("the server names a tool twice", sent=False)
            found[tool.name] = _definition(tool)
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise BrokenAnswer("the server's list of tools does not end", sent=False)


def _definition(tool: mcp_types.Tool) -> Definition:
    hints = (
        tool.annotations.model_dump(by_alias=True, exclude_none=True, mode="json")
        if tool.annotations
        else {}
    )
    return Definition(
        name=tool.name,
        description=tool.description or "",
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations={**hints, **({"title": tool.title} if tool.title else {})},
    )


def _looked_at(owner: asyncio.Task[None]) -> None:
    """Who asks next is told; nobody else needs to be."""
    if not owner.cancelled():
        owner.exception()


def _flat(fault: BaseException | None) -> Iterator[BaseException]:
    if isinstance(fault, BaseExceptionGroup):
        for one in fault.exceptions:
            yield from _flat(one)
    elif fault is not None:
        yield fault


def _barred(problem: Barred) -> Refused:
    return Refused(
        "RW-TOOL-006",
        str(problem),
        may_overrule="builder",
        hint="name the host in the tool's `hosts`; an address inside a network with its port",
    )


def _silent(reason: str) -> Unavailable:
    return Unavailable("RW-TOOL-004", reason, retry_is_safe=True, hint="see that the server runs")
