"""Reading one operation of an OpenAPI 3 document: where it is, what it takes, what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from roadworthy.errors import InputProblem, Problem

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_DEEPEST: Final = 60
_MOST_HOPS: Final = 20
_SCHEMAS: Final = "#/components/schemas/"
_NOT_OURS: Final = {"accept", "content-type", "authorization"}
"""Header parameters that OpenAPI says to ignore: other parts of the document speak of them."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """``where``: path, query or header."""

    name: str
    where: str
    required: bool
    is_list: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """``body``: the names of its properties; None where the body is given as a whole, under ``body``."""

    method: str
    path: str
    server: str
    parameters: tuple[Parameter, ...]
    has_body: bool
    body_required: bool
    body: frozenset[str] | None
    body_schema: Mapping[str, Any]
    answers: Mapping[str, Mapping[str, Any] | None]
    """By status as it is written there: the schema of its JSON, None where it has none."""

    def schema_of(self, status: int) -> Mapping[str, Any] | None:
        """What is promised of an answer with this status; None for nothing."""
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self.answers:
                return self.answers[name]
        return None

    @property
    def takes(self) -> frozenset[str]:
        """The names of all arguments."""
        body = ({"body"} if self.body is None else self.body) if self.has_body else frozenset[str]()
        return frozenset(one.name for one in self.parameters) | body


class Document:
    """A document as it was read. Errors: ``InputProblem`` RW-TOOL-001 with the place inside it."""

    def __init__(self, content: bytes, file: str) -> None:
        self._file = file
        try:
            read = json.loads(content) if file.endswith(".json") else yaml.safe_load(content)
        except (ValueError, yaml.YAMLError, RecursionError):
            raise self._wrong("this is neither JSON nor YAML") from None
        if not isinstance(read, dict) or not str(read.get("openapi", "")).startswith("3."):
            raise self._wrong("expected an OpenAPI 3 document", "openapi")
        self._document: dict[str, Any] = read
        self._old = str(read["openapi"]).startswith("3.0")

    def operation(self, name: str) -> Operation:
        """The operation with this ``operationId``."""
        found = [one for one in self._operations() if one[3].get("operationId") == name]
        if len(found) != 1:
            known = sorted({str(one[3].get("operationId")) for one in self._operations()} - {"None"})
            hint = f"known: {', '.join(known[:20]) or 'none'}"
            raise self._wrong(f"{len(found) or 'no'} operations are called `{name}`", "paths", hint=hint)
        path, method, shared, operation = found[0]
        place = f"paths.{path}.{method}"
        content = self._resolved(operation.get("requestBody") or {}, place)
        schema = self._json_schema(content, place)
        if content and schema is None:
            raise self._wrong("its body is no JSON", place)
        names = self._properties(schema or {}, place)
        return Operation(
            method=method.upper(),
            path=path,
            server=self._server(operation, shared),
            parameters=tuple(self._parameters(shared, operation, place)),
            has_body=bool(content),
            body_required=bool(content.get("required")),
            body=names,
            body_schema=self._whole(schema or {}),
            answers={
                str(status).upper() if str(status).lower().endswith("xx") else str(status): self._answer(
                    answer, f"{place}.responses.{status}"
                )
                for status, answer in (operation.get("responses") or {}).items()
            },
        )

    def _operations(self) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
        for path, item in (self._document.get("paths") or {}).items():
            shared = self._resolved(item, f"paths.{path}")
            for method in METHODS:
                if isinstance(shared.get(method), dict):
                    yield str(path), method, shared, shared[method]

    def _server(self, operation: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
        servers = operation.get("servers") or shared.get("servers") or self._document.get("servers") or []
        first = servers[0] if servers and isinstance(servers[0], dict) else {}
        url = str(first.get("url", ""))
        for name, variable in (first.get("variables") or {}).items():
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        return url if "://" in url else ""

    def _parameters(
        self, shared: Mapping[str, Any], operation: Mapping[str, Any], place: str
    ) -> Iterator[Parameter]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for raw in (*(shared.get("parameters") or ()), *(operation.get("parameters") or ())):
            one = self._resolved(raw, place)
            found[str(one.get("name")), str(one.get("in"))] = one
        for (name, where), one in found.items():
            if where == "header" and name.lower() in _NOT_OURS:
                continue
            schema = self._resolved(one.get("schema") or {}, place)
            kinds = schema.get("type")
            usual = {"path": "simple", "query": "form", "header": "simple"}.get(where)
            plain = usual is not None and one.get("style", usual) == usual and "object" not in _list(kinds)
            plain = (
                plain
                and one.get("explode", where == "query") is (where == "query")
                and "content" not in one
            )
            if not plain:
                if not one.get("required") and where == "cookie":
                    continue
                hint = "path, query and header in their usual style; no objects"
                raise self._wrong(
                    f"the parameter `{name}` is of a form that is not spoken", place, hint=hint
                )
            yield Parameter(name, where, bool(one.get("required")), "array" in _list(kinds))

    def _answer(self, raw: Any, place: str) -> Mapping[str, Any] | None:
        schema = self._json_schema(self._resolved(raw, place), place)
        return None if schema is None else self._whole(schema)

    def _json_schema(self, content: Mapping[str, Any], place: str) -> dict[str, Any] | None:
        for kind, one in (content.get("content") or {}).items():
            plain = str(kind).partition(";")[0].strip().lower()
            if plain == "application/json" or plain.endswith("+json"):
                schema = one.get("schema", {}) if isinstance(one, dict) else {}
                return schema if isinstance(schema, dict) else {}
        return None

    def _properties(self, schema: Mapping[str, Any], place: str) -> frozenset[str] | None:
        found = self._resolved(schema, place)
        properties = found.get("properties")
        closed = isinstance(properties, dict) and not {"allOf", "anyOf", "oneOf"} & found.keys()
        return frozenset(str(name) for name in properties) if closed and properties else None

    def _whole(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema with everything it refers to and nothing else, in the words of JSON Schema 2020-12."""
        components = (self._document.get("components") or {}).get("schemas") or {}
        found: dict[str, Any] = {}
        waiting = [_modern(schema, _DEEPEST, old=self._old)]
        drawn = waiting[0]
        while waiting:
            for name in _referred(waiting.pop()):
                if name in components and name not in found:
                    found[name] = _modern(components[name], _DEEPEST, old=self._old)
                    waiting.append(found[name])
        return {"allOf": [drawn], "$defs": found}

    def _resolved(self, raw: Any, place: str) -> dict[str, Any]:
        for _ in range(_MOST_HOPS):
            if not isinstance(raw, dict):
                raise self._wrong("expected an object", place)
            reference = raw.get("$ref")
            if reference is None:
                return raw
            raw = self._at(str(reference), place)
        raise self._wrong("its references lead in a circle", place)

    def _at(self, reference: str, place: str) -> Any:
        if not reference.startswith("#/"):
            hint = "put everything into this one document"
            raise self._wrong(f"the reference `{reference[:80]}` leads out of it", place, hint=hint)
        here: Any = self._document
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(here, dict) or name not in here:
                raise self._wrong(f"the reference `{reference[:80]}` leads nowhere", place)
            here = here[name]
        return here

    def _wrong(self, message: str, where: str = "", *, hint: str = "") -> InputProblem:
        place = f"{self._file}: {where}" if where else self._file
        return InputProblem("RW-TOOL-001", Problem(message, place, hint=hint))


def _referred(value: Any) -> Iterator[str]:
    """The names of the schemas that one refers to, where it has the words of JSON Schema."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            reference = here.get("$ref")
            if isinstance(reference, str) and reference.startswith("#/$defs/"):
                yield reference.removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here


def _modern(value: Any, depth: int, *, old: bool) -> Any:
    """What OpenAPI 3.0 writes otherwise: `nullable`, and limits that exclude their own value."""
    if depth == 0 or not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [_modern(one, depth - 1, old=old) for one in value]
    drawn = {str(name): _modern(one, depth - 1, old=old) for name, one in value.items()}
    if isinstance(drawn.get("$ref"), str):
        drawn["$ref"] = drawn["$ref"].replace(_SCHEMAS, "#/$defs/", 1)
    if not old:
        return drawn
    for name, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(drawn.get(name), bool) and drawn.pop(name) and limit in drawn:
            drawn[name] = drawn.pop(limit)
    if drawn.pop("nullable", False) is True:
        if isinstance(drawn.get("enum"), list) and None not in drawn["enum"]:
            drawn["enum"] = [*drawn["enum"], None]
        if isinstance(drawn.get("type"), str):
            drawn["type"] = [drawn["type"], "null"]
        elif "type" not in drawn:
            return {"anyOf": [drawn, {"type": "null"}]}
    return drawn


def _list(kinds: object) -> list[object]:
    return kinds if isinstance(kinds, list) else [kinds]
