"""The OpenAPI document, made from the same table as the routes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from roadworthy import __version__
from roadworthy.server.api import PREFIX, Operation
from roadworthy.server.guard import MAX_BODY_BYTES

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_PROBLEMS = {
    400: "could not be read: not JSON, not UTF-8, a faulty header",
    401: "no valid key",
    403: "refused: the role, a policy or the gate said no",
    404: "does not exist",
    409: "somebody was first, or it changed since it was seen",
    422: "read, and wrong: every problem is named",
    500: "a fault; the number in the message leads to the log",
    503: "an outside thing failed; `Retry-After` says when to come back",
}
_BODY_PROBLEMS = {413: f"more than {MAX_BODY_BYTES} bytes", 415: "expected `application/json`"}


def document(operations: Sequence[Operation], *, title: str) -> dict[str, Any]:
    """OpenAPI 3.1 of these operations."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for operation in operations:
        if operation.body is not None:
            schemas[operation.body.__name__] = operation.body.model_json_schema()
        path = PREFIX + _PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": "Cases, reviews, verdicts and the stop switch.",
        },
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "a key such as `rw_key_…`"}
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            _parameter(name, "path", "", required=True) for name in _PARAMETER.findall(operation.path)
        ]
        + [
            _parameter(name, "query", meaning, required=name in operation.required)
            for name, meaning in operation.query.items()
        ],
        "responses": {str(status): _json("done", {"type": "object"}) for status in operation.statuses},
    }
    problems = _PROBLEMS
    if operation.method == "POST":
        problems = _PROBLEMS | _BODY_PROBLEMS
        described["parameters"].append(
            _parameter(
                "Idempotency-Key", "header", "the same key again gets the same answer", required=False
            )
        )
    if operation.body is not None:
        reference = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference}},
        }
    for status, meaning in sorted(problems.items()):
        described["responses"][str(status)] = _json(meaning, {"$ref": "#/components/schemas/Problem"})
    return described


def _parameter(name: str, place: str, meaning: str, *, required: bool) -> dict[str, Any]:
    parameter = {"name": name, "in": place, "required": required, "schema": {"type": "string"}}
    return {**parameter, "description": meaning} if meaning else parameter


def _json(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["kind", "code", "message", "hint"],
            "properties": {
                "kind": {
                    "enum": ["input", "not-found", "conflict", "refused", "unavailable", "corrupt", "error"]
                },
                "code": {"type": "string", "examples": ["RW-CASE-020"]},
                "message": {"type": "string"},
                "hint": {"type": "string", "description": "the next step"},
                "problems": {"type": "array", "items": {"type": "object"}},
                "reasons": {"type": "array", "items": {"type": "string"}},
                "may_overrule": {"type": "string"},
                "retry_is_safe": {"type": "boolean"},
                "broken": {"type": "array", "items": {"type": "string"}},
                "intact": {"type": "string"},
            },
        }
    },
}
