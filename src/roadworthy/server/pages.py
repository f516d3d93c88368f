"""Pages to read: each is one view shown as HTML, as JSON under the same address with ``.json``, its rows with ``.csv``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import NotFound, Refused, RoadworthyError
from roadworthy.operate.explain import find_case
from roadworthy.principal import require
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import read_query
from roadworthy.server.machines import recognised
from roadworthy.server.problems import Json, problem_json, unexpected
from roadworthy.server.rendering import Renderer, with_query
from roadworthy.server.screens import PAGES, Page
from roadworthy.server.session import NOBODY, Visitor, bearer
from roadworthy.server.tables import Csv

Act = Callable[[Request, Visitor], Response]


def routes(renderer: Renderer) -> list[BaseRoute]:
    """All pages with their twins, the start, and the way from a case's key to its page."""
    made: list[BaseRoute] = [
        Route(
            "/",
            reading(renderer, lambda _request, _by: RedirectResponse("/portfolio", 303)),
            methods=["GET"],
        ),
        Route(
            "/find", reading(renderer, lambda request, by: _find(renderer, request, by)), methods=["GET"]
        ),
    ]
    for page in PAGES:
        made.append(
            Route(f"{page.path}.json", _twin(renderer, page), methods=["GET"], name=f"{page.name}.json")
        )
        if page.rows:
            made.append(
                Route(f"{page.path}.csv", _csv(renderer, page), methods=["GET"], name=f"{page.name}.csv")
            )
        made.append(
            Route(page.path, reading(renderer, _html(renderer, page)), methods=["GET"], name=page.name)
        )
    return made


def reading(renderer: Renderer, act: Act) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for somebody who is signed in; anybody else is sent to sign in first."""

    def signed_in(request: Request, by: Visitor) -> Response:
        if by.principal is None:
            here = with_query(request.url.path, request.url.query)
            return RedirectResponse(with_query("/sign-in", {"next": here}), 303)
        return act(request, by)

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(guarded, renderer, request, signed_in)

    return endpoint


def guarded(renderer: Renderer, request: Request, act: Act) -> Response:
    """What ``act`` answers to this browser, or the page about what went wrong."""
    by = NOBODY
    try:
        by = renderer.visitor(request)
        return act(request, by)
    except RoadworthyError as problem:
        return renderer.problem(request, problem, by=by)
    except Exception as fault:  # noqa: BLE001 - a person gets a page with a number, the log the rest
        return renderer.problem(request, unexpected(fault), by=by)


def ask(
    renderer: Renderer, request: Request, by: Visitor, known: tuple[str, ...] = (), *, strict: bool = False
) -> Ask:
    """The question behind a request of somebody who is signed in. ``strict``: unknown parameters are errors."""
    if by.principal is None:
        raise Refused("RW-ACCESS-012", "nobody is signed in", hint="sign in, then repeat")
    query = read_query(request.url.query, known=known, strict=strict)
    return Ask(renderer.deployment, by.principal, dict(request.path_params), query, renderer.place)


def _html(renderer: Renderer, page: Page) -> Act:
    def act(request: Request, by: Visitor) -> Response:
        data = page.view(ask(renderer, request, by, page.query))
        return renderer.page(request, page.template, data, by=by)

    return act


def _twin(renderer: Renderer, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """The same data as JSON."""
    return _told(renderer, page, lambda _request, data: Json(data))


def _csv(renderer: Renderer, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """The rows of the page as CSV; where more follow, a header `Link` says where."""

    def made(request: Request, data: dict[str, Any]) -> Response:
        query = dict(request.query_params) | {"after": data.get("after") or ""}
        following = with_query(request.url.path, query) if query["after"] else ""
        return Csv(data[page.rows], name=page.name, after=following)

    return _told(renderer, page, made)


def _told(
    renderer: Renderer, page: Page, made: Callable[[Request, dict[str, Any]], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """What the view answers, for the session of a browser or for a key."""

    def answer(request: Request) -> Response:
        try:
            by = renderer.visitor(request)
            if bearer(request.headers):
                by = Visitor(recognised(renderer.deployment, request), "")
            return made(request, page.view(ask(renderer, request, by, page.query, strict=True)))
        except RoadworthyError as problem:
            return problem_json(problem)

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


def _find(renderer: Renderer, request: Request, by: Visitor) -> Response:
    """From a case's id or key to its page."""
    asked = ask(renderer, request, by, ("name", "use_case"))
    require(asked.principal, "case.read", use_case=asked.use_case)
    wanted = asked.query.get("name", "").strip()
    if not wanted:
        return RedirectResponse("/cases", 303)
    with renderer.deployment.store.read() as tx:
        try:
            found = find_case(renderer.deployment, tx, wanted, use_case=asked.use_case)
        except NotFound:
            raise NotFound(
                "RW-CASE-023", f"no case `{wanted[:200]}`", hint="the list of cases shows the newest"
            ) from None
    return RedirectResponse(f"/cases/{found.id}", 303)
