"""Signing in and out. A one-time link is spent by the form behind it, not by opening it.

Mail programs and browsers open links ahead of people; a link that worked on GET would be used up,
or worse, used by them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import Refused, RoadworthyError, Unavailable
from roadworthy.operate import access
from roadworthy.server.bodies import read_query
from roadworthy.server.forms import Fields, submitted
from roadworthy.server.pages import guarded
from roadworthy.server.problems import status_of
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import Visitor, local_path, new_visit

_PASSWORD_CHECKS = threading.BoundedSemaphore(2)
"""Checking one password takes 64 MB and tens of milliseconds on purpose: never more than two at once."""
PASSWORD_WAIT_S = 3.0


def routes(renderer: Renderer) -> list[BaseRoute]:
    """The sign-in page, and the targets of its form and of sign-out."""

    async def show(request: Request) -> Response:
        return await run_in_threadpool(_show, renderer, request)

    def sign_in(request: Request, by: Visitor, fields: Fields) -> Response:
        return _sign_in(renderer, request, by, fields)

    def sign_out(_request: Request, by: Visitor, _fields: Fields) -> Response:
        access.sign_out(renderer.deployment, by.secret)
        response = RedirectResponse("/sign-in", 303)
        renderer.cookies.end_session(response)
        return response

    return [
        Route("/sign-in", show, methods=["GET"], name="sign_in_form"),
        Route("/sign-in", submitted(renderer, sign_in, anybody=True), methods=["POST"], name="sign_in"),
        Route("/sign-out", submitted(renderer, sign_out), methods=["POST"], name="sign_out"),
    ]


def _show(renderer: Renderer, request: Request) -> Response:
    """The form. Opening it spends nothing and tells nothing about the link."""

    def act(request: Request, by: Visitor) -> Response:
        query = read_query(request.url.query, known=("token", "next"), strict=False)
        return _form(renderer, request, by, query)

    return guarded(renderer, request, act)


def _sign_in(renderer: Renderer, request: Request, by: Visitor, fields: Fields) -> Response:
    try:
        if fields.get("token"):
            session = _with_link(renderer, fields["token"])
        else:
            session = _with_password(renderer, fields.get("name", "").strip(), fields.get("password", ""))
    except RoadworthyError as problem:
        kept = {name: fields.get(name, "") for name in ("next", "name")}
        return _form(renderer, request, by, kept, problem=problem)
    if by.principal is not None:
        access.sign_out(renderer.deployment, by.secret)
    response = RedirectResponse(local_path(fields.get("next", "/")), 303)
    renderer.cookies.set_session(response, session)
    return response


def _form(
    renderer: Renderer,
    request: Request,
    by: Visitor,
    fields: Mapping[str, str],
    *,
    problem: RoadworthyError | None = None,
) -> Response:
    fresh = not by.secret
    shown_to = Visitor(None, new_visit()) if fresh else by
    data = {
        "token": fields.get("token", ""),
        "next": local_path(fields.get("next", "/")),
        "name": fields.get("name", ""),
        "signed_in_as": by.principal.name if by.principal else "",
    }
    status = status_of(problem) if problem else 200
    response = renderer.page(request, "sign_in.html", data, by=shown_to, status=status, problem=problem)
    if fresh:
        renderer.cookies.set_visit(response, shown_to.secret)
    return response


def _with_link(renderer: Renderer, token: str) -> str:
    try:
        return access.sign_in_with_link(renderer.deployment, token)
    except Refused as problem:
        raise Refused(
            problem.code,
            "this link was used already, or is older than 15 minutes",
            hint="`roadworthy login --link` prints a new one",
        ) from None


def _with_password(renderer: Renderer, name: str, password: str) -> str:
    if not _PASSWORD_CHECKS.acquire(timeout=PASSWORD_WAIT_S):
        raise Unavailable("RW-SERVER-015", "too many people sign in at this moment", retry_is_safe=True)
    try:
        return access.sign_in(renderer.deployment, name, password)
    finally:
        _PASSWORD_CHECKS.release()
