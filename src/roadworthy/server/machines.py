"""Carrying out the API's operations: key, query, body, repetition, answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import InputProblem, Problem, Refused, RoadworthyError
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.server.api import OPERATIONS
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import check_body, read_json, read_query
from roadworthy.server.idempotency import FINAL, Answered, once
from roadworthy.server.openapi import document
from roadworthy.server.operations import PREFIX, Operation
from roadworthy.server.problems import PROBLEM_TYPE, Json, problem_json, problem_text, status_of
from roadworthy.server.session import bearer
from roadworthy.server.versions import known, made_for, tag

Endpoint = Callable[[Request], Awaitable[Response]]


def routes(deployment: Deployment, *, title: str) -> list[BaseRoute]:
    """Every operation as a route, and the document that describes them."""
    described = _described(title)

    async def openapi(_request: Request) -> Response:
        return Json(described)

    return [
        Route(f"{PREFIX}/openapi.json", openapi, methods=["GET"], name="openapi"),
        *(
            Route(PREFIX + one.path, _endpoint(deployment, one), methods=[one.method], name=one.name)
            for one in OPERATIONS
        ),
    ]


@cache
def _described(title: str) -> Mapping[str, Any]:
    """Made once: the operations of a process are always the same."""
    return document(OPERATIONS, title=title)


def _endpoint(deployment: Deployment, operation: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        return await run_in_threadpool(_answer, deployment, operation, request, body)

    return endpoint


def _answer(deployment: Deployment, operation: Operation, request: Request, body: bytes) -> Response:
    try:
        principal = recognised(deployment, request)
        if operation.body is None:
            return _shown(deployment, operation, request, principal)
        answered = _act(deployment, operation, request, body, principal)
    except RoadworthyError as problem:
        return problem_json(problem)
    headers = {"Idempotent-Replayed": "true"} if answered.replayed else {}
    kind = "application/json" if answered.status < 400 else PROBLEM_TYPE
    return Response(answered.text, answered.status, headers, media_type=kind)


def recognised(deployment: Deployment, request: Request) -> Principal:
    """The principal of the request's key. Errors: ``Refused`` RW-ACCESS-012."""
    token = bearer(request.headers)
    if not token:
        raise Refused("RW-ACCESS-012", "no key was sent", hint="send `Authorization: Bearer rw_key_…`")
    return access.recognise(deployment, token, kind=access.KEY)


def _asked(
    deployment: Deployment, operation: Operation, request: Request, principal: Principal
) -> tuple[Ask, dict[str, str]]:
    query = read_query(request.url.query, known=operation.query)
    missing = sorted(operation.required - set(query))
    if missing:
        raise InputProblem("RW-SERVER-005", [Problem("is missing", place=name) for name in missing])
    path = {name: str(value) for name, value in request.path_params.items()}
    unreadable = sorted(name for name, value in {**path, **query}.items() if "\0" in value)
    if unreadable:
        raise InputProblem(
            "RW-SERVER-005", [Problem("holds a zero byte", place=name) for name in unreadable]
        )
    return Ask(deployment, principal, path, query), query


def _shown(
    deployment: Deployment, operation: Operation, request: Request, principal: Principal
) -> Response:
    ask, query = _asked(deployment, operation, request, principal)
    version = None
    if operation.version is not None:
        # Before it is looked at: a tag may name an older version than what is shown, never a newer one.
        with suppress(RoadworthyError), deployment.store.read() as tx:
            version = operation.version(ask, tx)
    reply = operation.act(ask, None)
    text = _text(reply.content)
    headers = {}
    if version is not None:
        headers["ETag"] = tag(version, text)
        if known(request.headers.get("if-none-match", ""), headers["ETag"]):
            return Response(status_code=304, headers=headers)
    if following := reply.content.get("after", "") if operation.is_list else "":
        address = f"{quote(request.scope['path'])}?{urlencode({**query, 'after': following})}"
        headers["Link"] = f'<{address}>; rel="next"'
    return Response(text, reply.status, headers, media_type="application/json")


def _act(
    deployment: Deployment, operation: Operation, request: Request, raw: bytes, principal: Principal
) -> Answered:
    ask, _ = _asked(deployment, operation, request, principal)
    read = read_json(raw, content_type=request.headers.get("content-type", ""))
    shape = operation.body
    assert shape is not None, "what changes something has a body"
    made = request.headers.get("if-match", "")

    def act() -> Answered:
        try:
            body = check_body(shape, read)
            bound = made_for(ask, made, operation.version) if made else ask
            reply = operation.act(bound, body)
        except InputProblem as problem:
            if problem.code not in FINAL:
                raise
            return Answered(status_of(problem), problem_text(problem))
        kept = "" if reply.kept is None else _text(reply.kept)
        return Answered(reply.status, _text(reply.content), kept=kept)

    key = request.headers.get("idempotency-key")
    if key is None:
        return act()
    scope = f"{principal.id}/{principal.use_case} {request.method} {request.url.path}"
    same = f"{request.url.query}\n{made}\n".encode() + raw
    return once(deployment, scope=scope, key=key, request=same, act=act, urgent=operation.urgent)


def _text(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)
