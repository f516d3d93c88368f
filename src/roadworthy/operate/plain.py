"""Arguments and results as JSON values, before they are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from roadworthy.errors import InputProblem, Problem

R = TypeVar("R")


def plain(values: Mapping[str, object]) -> dict[str, object]:
    """Arguments as JSON values: what has ``as_json`` or is a model says how it is written."""
    return {name: _jsonable(value) for name, value in values.items()}


def _jsonable(value: object) -> object:
    if hasattr(value, "as_json"):
        return value.as_json()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _jsonable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "__dict__"):
        return _jsonable(vars(value))
    return str(value)


def mapping(value: object) -> dict[str, Any]:
    """A mapping as it is recorded. Errors: ``InputProblem`` RW-RUN-006 for anything else."""
    if not isinstance(value, Mapping):
        raise InputProblem("RW-RUN-006", f"expected a mapping, found {type(value).__name__}")
    return dict(value)


def shaped(value: object, shape: type[R], *, place: str) -> R:
    """A generated value as the type that a workflow asks for. Errors: ``InputProblem`` RW-RUN-005."""
    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as problem:
        raise InputProblem(
            "RW-RUN-005",
            [
                Problem(str(error["msg"]), place=f"{place}.{'.'.join(map(str, error['loc']))}")
                for error in problem.errors()
            ],
            hint="what was generated does not have the declared shape",
        ) from None
