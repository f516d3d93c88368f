"""What changed, told to open pages as it happens: names of things, never their content.

One reader follows the ledger for all pages of this process while any is open. A page that hears of a change asks
for itself anew with its own rights, so that nothing reaches it that it might not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from roadworthy.errors import RoadworthyError
from roadworthy.operate.watching.feed import Told, read_told
from roadworthy.principal import Principal, allows
from roadworthy.server.problems import problem_json
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor

PATH: Final = "/events"
LOOK_EVERY_S: Final = 1.0
MOST_PATIENT: Final = 2.0
"""Times as long between two looks where nothing happens: an open page costs a server less than a thousandth of a core."""
HEARTBEAT_S: Final = 15.0
SESSION_EVERY_S: Final = 60.0
MOST_WAITING: Final = 50
"""Changes that one page has not taken yet; beyond them it is told to ask for everything."""
MOST_PAGES: Final = 1_000
_EVERYTHING: Final = "everything"
_NAMES: Final = ("use_case", "case", "review", "effect", "release", "alert", "stop")
_READ_BY: Final[Mapping[str, str]] = {"case": "case.read", "effect": "case.read", "review": "review.read"}
"""Topic of an event (what stands before the dot of its kind) to the right it takes; any other takes `gate.read`."""


@dataclass(slots=True, eq=False)
class _Page:
    """One open page: who looks at it, and what it has not been told yet."""

    principal: Principal
    topics: frozenset[str]
    waiting: asyncio.Queue[Mapping[str, str] | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=MOST_WAITING)
    )

    def offer(self, event: Told) -> None:
        """Take a change that this page asked for and whose principal may hear of it."""
        topic = event.kind.partition(".")[0]
        if self.topics and topic not in self.topics:
            return
        if not allows(
            self.principal, _READ_BY.get(topic, "gate.read"), use_case=event.about.get("use_case", "")
        ):
            return
        told = {"kind": event.kind}
        told |= {name: event.about[name] for name in _NAMES if name in event.about}
        if self.waiting.full():
            # What a slow page missed it learns by asking for itself once.
            self._forget()
            told = {"kind": _EVERYTHING}
        self.waiting.put_nowait(told)

    def end(self) -> None:
        """Say nothing more."""
        self._forget()
        self.waiting.put_nowait(None)

    def _forget(self) -> None:
        while not self.waiting.empty():
            self.waiting.get_nowait()


class Live:
    """The stream of changes under ``/events``, for browsers that are signed in.

    ``draining`` ends all streams, so that a server that stops does not wait for open pages.
    """

    def __init__(self, renderer: Renderer, *, draining: Any) -> None:
        self._renderer = renderer
        self._draining = draining
        self._pages: set[_Page] = set()
        self._reader: asyncio.Task[None] | None = None

    def routes(self) -> list[BaseRoute]:
        """Where pages listen."""
        return [Route(PATH, self._listen, methods=["GET"], name="events")]

    async def _listen(self, request: Request) -> Response:
        try:
            by = await run_in_threadpool(self._renderer.visitor, request)
        except RoadworthyError as problem:
            return problem_json(problem)
        # A browser tries again by itself after anything but 204: somebody who was signed out is told to stop.
        if by.principal is None:
            return Response(status_code=204)
        if len(self._pages) >= MOST_PAGES:
            return Response(status_code=503, headers={"Retry-After": "30"})
        asked = request.query_params.get("topics", "")[:200]
        page = _Page(by.principal, frozenset(filter(None, asked.split(","))))
        return StreamingResponse(
            self._told(request, by, page),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _told(self, request: Request, by: Visitor, page: _Page) -> AsyncIterator[str]:
        self._pages.add(page)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._follow())
        checked = time.monotonic()
        try:
            yield "retry: 3000\n\n"
            while not self._draining.is_set():
                try:
                    told = await asyncio.wait_for(page.waiting.get(), HEARTBEAT_S)
                    if told is None:
                        return
                    yield f"data: {json.dumps(told, separators=(',', ':'))}\n\n"
                except TimeoutError:
                    yield ": here\n\n"
                if time.monotonic() - checked > SESSION_EVERY_S:
                    checked = time.monotonic()
                    again = await run_in_threadpool(self._still, request, by)
                    if again is None:
                        return
                    page.principal = again
        finally:
            self._pages.discard(page)

    def _still(self, request: Request, by: Visitor) -> Principal | None:
        """Whose page it is now; None once the session has ended."""
        try:
            return self._renderer.visitor(request).principal
        except RoadworthyError:
            return by.principal

    async def _follow(self) -> None:
        """Read the ledger on while a page is open. What cannot be read now is read at the next look."""
        deployment = self._renderer.deployment
        at: int | None = None
        pause = LOOK_EVERY_S
        while self._pages and not self._draining.is_set():
            events: Collection[Told] = ()
            with contextlib.suppress(RoadworthyError):
                at, events = await run_in_threadpool(read_told, deployment, at)
                for event in events:
                    for page in tuple(self._pages):
                        page.offer(event)
            pause = LOOK_EVERY_S if events else min(MOST_PATIENT * LOOK_EVERY_S, pause * 1.1)
            await asyncio.sleep(pause)
        for page in tuple(self._pages):
            page.end()
