"""The grader that holds an answer against a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

from pydantic import Field, field_validator

from roadworthy.errors import Unavailable
from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders.reading import Options, answered, as_text, quoted
from roadworthy.evaluation.graders.texts import compiled
from roadworthy.evaluation.strict import MAX_DEPTH, NotJson, depth, fit, parse_json
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript

MOST_TOLD = 5


class JsonSchema(Options):
    """Options of `json_schema`."""

    schema_: dict[str, Any] = Field(alias="schema", description="a JSON Schema, draft 2020-12")
    field: str = Field(default="", description="part of the answer")

    @field_validator("schema_")
    @classmethod
    def _is_schema(cls, schema: dict[str, Any]) -> dict[str, Any]:
        if depth(schema) > MAX_DEPTH:
            raise ValueError(f"the schema is nested deeper than {MAX_DEPTH}")
        validator(json.dumps(schema, sort_keys=True))
        return schema


@lru_cache(maxsize=64)
def validator(schema: str) -> Any:
    """A validator for the schema that a JSON text holds. It reads nothing but this text.

    Errors: ``ValueError`` for what is no schema, ``Unavailable`` RW-EVAL-004 without the library.
    """
    try:
        jsonschema: Any = import_module("jsonschema")
        referencing: Any = import_module("referencing")
    except ImportError:
        raise Unavailable(
            "RW-EVAL-004",
            "graders of the kind `json_schema` need the package `jsonschema`",
            retry_is_safe=True,
            hint="install `jsonschema` beside Roadworthy",
        ) from None
    drawn = json.loads(schema)
    try:
        jsonschema.Draft202012Validator.check_schema(drawn)
    except jsonschema.SchemaError as problem:
        where = "/".join(str(part) for part in problem.absolute_path)
        raise ValueError(f"no JSON Schema at `/{fit(where, 80)}`: {fit(problem.message)}") from None
    # Patterns come from a file and meet foreign text: RE2 takes linear time for them, `re` does not.
    kind = jsonschema.validators.extend(
        jsonschema.Draft202012Validator,
        {"pattern": _pattern, "patternProperties": _pattern_properties},
    )
    for pattern in _patterns(drawn):
        compiled(pattern, ignore_case=False)
    # An empty registry: a reference that leads outside is a problem, not a request to another machine.
    return kind(drawn, registry=referencing.Registry())


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            yield pattern
        inner = schema.get("patternProperties")
        if isinstance(inner, dict):
            yield from inner
        for one in schema.values():
            yield from _patterns(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from _patterns(one)


def _pattern(machine: Any, pattern: str, instance: object, schema: object) -> Iterator[Exception]:
    if isinstance(instance, str) and compiled(pattern, ignore_case=False).search(instance) is None:
        yield import_module("jsonschema").ValidationError(f"does not match `{pattern}`")


def _pattern_properties(
    machine: Any, patterns: dict[str, Any], instance: object, schema: object
) -> Iterator[Exception]:
    if not isinstance(instance, dict):
        return
    for pattern, inner in patterns.items():
        for key, value in instance.items():
            if compiled(pattern, ignore_case=False).search(key) is not None:
                yield from machine.descend(value, inner, path=key, schema_path=pattern)


def json_schema(options: JsonSchema, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Has the answer the shape that was asked for? A text is read as JSON first.

    Errors: ``Unavailable`` RW-EVAL-004 without the library.
    """
    value = answered(grader, transcript, options.field)
    if isinstance(value, str):
        try:
            value = parse_json(as_text(grader, value))
        except NotJson as problem:
            return Grade.of(grader, 0.0, f"the answer is no JSON: {problem}")
    machine = validator(json.dumps(options.schema_, sort_keys=True))
    told = []
    for broken in machine.iter_errors(value):
        where = "".join(f"/{part}" for part in broken.absolute_path) or "/"
        told.append(f"at {quoted(where)}: {fit(broken.message)}")
        if len(told) > MOST_TOLD:
            told[-1] = "and more"
            break
    if told:
        return Grade.of(grader, 0.0, "; ".join(told))
    return Grade.of(grader, 1.0, "has the shape of the schema")
