"""Holding values against JSON Schemas with `jsonschema-rs`: made ready once, asked on every call, without words of the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation.strict import MAX_DEPTH, depth
from roadworthy.ports.tooling import Check

MOST_TOLD: Final = 5
_LONGEST: Final = 120


def compiled(schema: Mapping[str, Any], *, place: str) -> Check:
    """A check of values. References lead nowhere but into the schema, patterns take linear time.

    Errors: ``InputProblem`` RW-TOOL-001 for what is no JSON Schema (draft 2020-12).
    """
    try:
        if depth(schema) > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH}")
        ready = jsonschema_rs.Draft202012Validator(
            dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions(), validate_formats=False
        )
    except (ValueError, TypeError) as problem:
        first = str(problem).splitlines()[0]
        raise InputProblem("RW-TOOL-001", Problem(f"this is no JSON Schema: {first}", place)) from None

    def check(value: object) -> tuple[str, ...]:
        # Deeper ones would take the validator's stack, and whoever sends them means no good.
        if depth(value) > MAX_DEPTH:
            return (f"it is nested deeper than {MAX_DEPTH}",)
        try:
            return tuple(_told(one) for one in islice(ready.iter_errors(value), MOST_TOLD))
        except Exception as fault:  # noqa: BLE001 - what cannot be told to fit does not
            return (f"its schema cannot be applied: {type(fault).__name__}",)

    return check


def _told(problem: jsonschema_rs.ValidationError) -> str:
    path = "/".join(str(part) for part in problem.instance_path)[:_LONGEST]
    where = f"`{path}`" if path else "the answer"
    kind: Any = problem.kind
    if kind.name == "required":
        return f"{where} lacks `{kind.property}`"
    if kind.name == "type":
        return f"{where} is no {' or '.join(_sorted(kind.types))}"
    keyword = problem.schema_path[-1] if problem.schema_path else kind.name
    return f"{where} does not meet `{keyword}`"


def _sorted(names: Iterable[object]) -> list[str]:
    return sorted(str(name) for name in names)
