"""The application: routes and what stands before them, over one installation."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.server import (
    alert_forms,
    audit_forms,
    case_forms,
    cost_files,
    data_forms,
    forms,
    incoming,
    machines,
    pages,
    policy_forms,
    preference_forms,
    release_forms,
    review_forms,
    settings_forms,
    signing,
    use_case_forms,
)
from roadworthy.server.assets import Assets
from roadworthy.server.guard import Guard, host_name
from roadworthy.server.health import Health
from roadworthy.server.live import Live
from roadworthy.server.metrics import Metrics
from roadworthy.server.operations import PREFIX
from roadworthy.server.problems import no_such_page, problem_json, wrong_method
from roadworthy.server.rendering import Renderer
from roadworthy.server.session import NOBODY, Cookies, Visitor

if TYPE_CHECKING:
    from roadworthy.wiring.place import Workspace


def application(
    deployment: Deployment,
    *,
    title: str = "Roadworthy",
    environment: str = "",
    public_url: str = "",
    hosts: Collection[str] = (),
    secret: Callable[[str], str] | None = None,
    forget: case_forms.Forget | None = None,
    place: Workspace | None = None,
) -> Starlette:
    """The door of one installation: ``/api/v1`` for machines, pages for people, health, static files.

    ``public_url`` is the address people use where it is not loopback (``https://roadworthy.example``):
    with HTTPS, cookies never travel without it. ``hosts`` are further names by which this server may
    be reached; any other is refused. ``environment`` (`Staging`) stands on every page. ``secret`` reads the
    secrets of signed messages: without it none are taken. ``forget`` erases a person from every index of knowledge: without it nobody is erased here.
    ``place``: its workspace, whose files the settings look at: without it they tell of the database alone.
    ``state.draining`` of the result is the event that makes
    ``/readyz`` say no.
    """
    address = urlsplit(public_url)
    if public_url and not (address.scheme in {"http", "https"} and host_name(address.netloc)):
        raise InputProblem(
            "RW-SERVER-016", Problem(f"`{public_url}` is no address such as `https://roadworthy.example`")
        )
    secure = address.scheme == "https"
    known = {*hosts, *([host_name(address.netloc)] if public_url else ())}
    assets, health = Assets(), Health(deployment)
    renderer = Renderer(
        deployment,
        title=title,
        assets=assets,
        cookies=Cookies(secure=secure),
        environment=environment,
        place=place,
    )

    def other(request: Request, fault: Exception) -> Response:
        return _other(renderer, request, fault)

    made = Starlette(
        routes=[
            *machines.routes(deployment, title=title),
            *(incoming.routes(deployment, secret=secret) if secret else ()),
            *health.routes(),
            *Metrics(deployment).routes(),
            *assets.routes(),
            *signing.routes(renderer),
            *alert_forms.routes(renderer),
            *audit_forms.routes(renderer),
            *case_forms.routes(renderer, forget=forget),
            *forms.routes(renderer),
            *review_forms.routes(renderer),
            *release_forms.routes(renderer),
            *policy_forms.routes(renderer),
            *use_case_forms.routes(renderer),
            *cost_files.routes(renderer),
            *data_forms.routes(renderer),
            *preference_forms.routes(renderer),
            *settings_forms.routes(renderer),
            *pages.routes(renderer),
            *Live(renderer, draining=health.draining).routes(),
        ],
        middleware=[Middleware(Guard, hosts=known, secure=secure)],
        exception_handlers={HTTPException: other},
    )
    made.state.draining = health.draining
    return made


def _visitor(renderer: Renderer, request: Request) -> Visitor:
    try:
        return renderer.visitor(request)
    except RoadworthyError:
        return NOBODY


def _other(renderer: Renderer, request: Request, fault: Exception) -> Response:
    """What the router says itself: no such page, or not this method."""
    problem: RoadworthyError = no_such_page(request.url.path)
    headers = {}
    if isinstance(fault, HTTPException) and fault.status_code == 405:
        problem, headers = wrong_method(request.method), dict(fault.headers or {})
    path = request.url.path
    if path.startswith(f"{PREFIX}/") or path.endswith(".json"):
        response: Response = problem_json(problem)
    else:
        response = renderer.problem(request, problem, by=_visitor(renderer, request))
    response.headers.update(headers)
    return response
