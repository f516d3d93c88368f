"""Carrying out the API's operations: key, query, body, repetition, answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import InputProblem, Problem, Refused, RoadworthyError
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.server.api import OPERATIONS, PREFIX, Operation
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import check_body, read_json, read_query
from roadworthy.server.idempotency import FINAL, Answered, once
from roadworthy.server.openapi import document
from roadworthy.server.problems import Json, problem_json, status_of
from roadworthy.server.session import bearer

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(deployment: Deployment, *, title: str) -> list[BaseRoute]:
    """Every operation as a route, and the document that describes them."""
    described = document(OPERATIONS, title=title)

    async def openapi(_request: Request) -> Response:
        return Json(described)

    return [
        Route(f"{PREFIX}/openapi.json", openapi, methods=["GET"], name="openapi"),
        *(
            Route(PREFIX + one.path, _endpoint(deployment, one), methods=[one.method], name=one.name)
            for one in OPERATIONS
        ),
    ]


def _endpoint(deployment: Deployment, operation: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_answer, deployment, operation, request, body)

    return endpoint


def _answer(deployment: Deployment, operation: Operation, request: Request, body: bytes) -> Response:
    try:
        principal = recognised(deployment, request)
        answered = _act(deployment, operation, request, body, principal)
    except RoadworthyError as problem:
        return problem_json(problem)
    headers = {"Idempotent-Replayed": "true"} if answered.replayed else {}
    return Response(answered.text, answered.status, headers, media_type="application/json")


def recognised(deployment: Deployment, request: Request) -> Principal:
    """The principal of the request's key. Errors: ``Refused`` RW-ACCESS-012."""
    token = bearer(request.headers)
    if not token:
        raise Refused("RW-ACCESS-012", "no key was sent", hint="send `Authorization: Bearer rw_key_…`")
    return access.recognise(deployment, token, kind=access.KEY)


def _act(
    deployment: Deployment, operation: Operation, request: Request, raw: bytes, principal: Principal
) -> Answered:
    query = read_query(request.url.query, known=operation.query)
    missing = sorted(operation.required - set(query))
    if missing:
        raise InputProblem("RW-SERVER-005", [Problem("is missing", place=name) for name in missing])
    ask = Ask(deployment, principal, dict(request.path_params), query)
    if operation.body is None:
        return _done(operation, ask, None)
    read = read_json(raw, content_type=request.headers.get("content-type", ""))
    shape = operation.body

    def act() -> Answered:
        try:
            return _done(operation, ask, check_body(shape, read))
        except InputProblem as problem:
            if problem.code not in FINAL:
                raise
            return Answered(status_of(problem), json.dumps(problem.as_json(), ensure_ascii=False))

    key = request.headers.get("idempotency-key")
    if key is None:
        return act()
    scope = f"{principal.id}/{principal.use_case} {request.method} {request.url.path}"
    return once(deployment, scope=scope, key=key, request=f"{request.url.query}\n".encode() + raw, act=act)


def _done(operation: Operation, ask: Ask, body: object) -> Answered:
    reply = operation.act(ask, body)
    return Answered(reply.status, json.dumps(reply.content, ensure_ascii=False, allow_nan=False))
