"""The OpenAPI document, made from the same table as the routes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from roadworthy import __version__
from roadworthy.server.guard import MAX_BODY_BYTES
from roadworthy.server.operations import PREFIX, Operation
from roadworthy.server.problems import PROBLEM_TYPE

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
_CHANGED = {412: "it changed since it was shown: another version than `If-Match` names"}
_JSON: Final = "application/json"
_HEADERS: Final[Mapping[str, tuple[str, str]]] = {
    "ETag": ("ETag", "the version that was shown, for `If-Match` and `If-None-Match`"),
    "Next": ("Link", 'the next page, with `rel="next"`; missing at the end'),
    "Replayed": ("Idempotent-Replayed", "`true`: the stored answer to a request that was made before"),
}
_TAGS: Final = (
    ("cases", ("/cases", "/lineage", "/policies")),
    ("reviews", ("/reviews", "/inbox", "/absences", "/skills", "/use-cases/{name}/reviewers")),
    ("effects", ("/effects", "/use-cases/{name}/tools")),
    ("watching", ("/stop", "/alerts", "/incident")),
    ("books", ("/costs", "/ledger", "/use-cases/{name}/forecast", "/use-cases/{name}/knowledge")),
    ("accounts", ("/me", "/accounts", "/keys", "/gateway")),
    ("releases", ("/use-cases",)),
)
_DESCRIPTION = """Cases, reviews, effects, releases, evidence and the stop switch of one installation.
Lists answer page by page: `after` of one answer asks for the next, and the header `Link` leads there.
A POST with an `Idempotency-Key` happens once however often it is sent. Errors are problems as in RFC 9457."""


def document(operations: Sequence[Operation], *, title: str) -> dict[str, Any]:
    """OpenAPI 3.1 of these operations."""
    models: dict[type[BaseModel], None] = {}
    for operation in operations:
        models.update(dict.fromkeys(one for one in (operation.body, operation.answer) if one is not None))
    mode: Literal["validation"] = "validation"
    _, made = models_json_schema(
        [(model, mode) for model in models], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = PREFIX + _PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "this server"}],
        "tags": [{"name": name} for name, _ in _TAGS],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, **_without_titles(made["$defs"])},
            "responses": {
                f"Problem{status}": {
                    "description": meaning,
                    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
                for status, meaning in sorted((_PROBLEMS | _BODY_PROBLEMS | _CHANGED).items())
            },
            "headers": {
                key: {"schema": {"type": "string"}, "description": meaning}
                for key, (_, meaning) in _HEADERS.items()
            },
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "a key such as `rw_key_…`"}
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [_tag(operation.path)],
        "parameters": [
            _parameter(name, "path", "", required=True) for name in _PARAMETER.findall(operation.path)
        ]
        + [
            _parameter(name, "query", meaning, required=name in operation.required)
            for name, meaning in operation.query.items()
        ],
        "responses": {str(status): _answer(operation) for status in operation.statuses},
    }
    problems = dict(_PROBLEMS)
    if operation.body is not None:
        problems |= _BODY_PROBLEMS
        described["parameters"].append(
            _parameter(
                "Idempotency-Key", "header", "the same key again gets the same answer", required=False
            )
        )
        reference = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        described["requestBody"] = {"required": True, "content": {_JSON: {"schema": reference}}}
    if operation.version is not None:
        if operation.body is not None:
            problems |= _CHANGED
            described["parameters"].append(
                _parameter(
                    "If-Match", "header", "the `ETag` of what this change is made for", required=False
                )
            )
        else:
            described["parameters"].append(
                _parameter("If-None-Match", "header", "the `ETag` of what is known", required=False)
            )
            described["responses"]["304"] = {"description": "it is what is known"}
    for status in sorted(problems):
        described["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return described


def _answer(operation: Operation) -> dict[str, Any]:
    carried = []
    if operation.body is not None:
        carried.append("Replayed")
    elif operation.version is not None:
        carried.append("ETag")
    if operation.is_list:
        carried.append("Next")
    told: dict[str, Any] = {
        "description": "done",
        "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{operation.answer.__name__}"}}},
    }
    if carried:
        told["headers"] = {_HEADERS[key][0]: {"$ref": f"#/components/headers/{key}"} for key in carried}
    return told


def _tag(path: str) -> str:
    return next(
        name for name, starts in _TAGS if any(path == one or path.startswith(f"{one}/") for one in starts)
    )


def _parameter(name: str, place: str, meaning: str, *, required: bool) -> dict[str, Any]:
    parameter = {"name": name, "in": place, "required": required, "schema": {"type": "string"}}
    if name == "limit":
        parameter["schema"] = {"type": "string", "pattern": "^[0-9]{1,3}$"}
    return {**parameter, "description": meaning} if meaning else parameter


def _without_titles(schema: Any) -> Any:
    """The schema without the titles that only repeat names, and with docstrings on one line."""
    if isinstance(schema, Mapping):
        return {
            name: " ".join(value.split())
            if name == "description" and isinstance(value, str)
            else _without_titles(value)
            for name, value in schema.items()
            if not (name == "title" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_without_titles(one) for one in schema]
    return schema


_TEXTS = {"type": "array", "items": {"type": "string"}}
_KIND = {"enum": ["input", "not-found", "conflict", "refused", "unavailable", "corrupt", "error"]}
_SAID: dict[str, Any] = {
    "kind": _KIND,
    "code": {"type": "string", "examples": ["RW-CASE-020"]},
    "hint": {"type": "string", "description": "the next step"},
    "problems": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["message", "place", "line", "column", "hint"],
            "properties": {
                "message": {"type": "string"},
                "place": {"type": "string"},
                "line": {"type": "integer"},
                "column": {"type": "integer"},
                "hint": {"type": "string"},
            },
        },
    },
    "reasons": _TEXTS,
    "may_overrule": {"type": "string"},
    "retry_is_safe": {"type": "boolean"},
    "asked_s": {"type": "number"},
    "broken": _TEXTS,
    "intact": {"type": "string"},
}
_PROBLEM: dict[str, Any] = {
    "description": "What went wrong (RFC 9457). `error` says the same as every other door of Roadworthy does.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "kind", "code", "hint", "error"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:roadworthy:problem:RW-CASE-020"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        **_SAID,
        "error": {
            "type": "object",
            "required": ["kind", "code", "message", "hint"],
            "properties": {"message": {"type": "string"}, **_SAID},
        },
    },
}
