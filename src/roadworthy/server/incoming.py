"""``/in/USE_CASE/NAME``: signed messages of other systems. Who signs needs no key of ours."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.incoming.hooks import Hooks
from roadworthy.server.bodies import JSON_TYPE, read_json
from roadworthy.server.problems import Json, problem_json

PREFIX = "/in"


def routes(deployment: Deployment, *, secret: Callable[[str], str]) -> list[BaseRoute]:
    """The one route. ``secret`` reads what a charter names as ``env:NAME`` or ``file:PATH``."""
    hooks = Hooks(deployment, secret=secret, read=lambda body: read_json(body, content_type=JSON_TYPE))

    async def endpoint(request: Request) -> Response:
        # Signed are the bytes as they came: nothing is read of them before they are proven.
        body = await request.body()
        return await run_in_threadpool(_answer, hooks, request, body)

    return [Route(f"{PREFIX}/{{use_case}}/{{name}}", endpoint, methods=["POST"], name="incoming")]


def _answer(hooks: Hooks, request: Request, body: bytes) -> Response:
    """202 for something new, 200 for what was heard before; written down before it is answered."""
    place = request.path_params
    try:
        heard = hooks.hear(place["use_case"], place["name"], request.headers, body)
    except RoadworthyError as problem:
        return problem_json(problem)
    return Json({"taken": heard.what, "again": heard.again}, 200 if heard.again else 202)
