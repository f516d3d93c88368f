"""``tools.lock``: what people approved of tools whose servers describe them, as a file of the use case's folder.

It is part of the release's digest, so approving something else makes another release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from roadworthy.errors import InputProblem, Problem
from roadworthy.evaluation.strict import NotJson, parse_json
from roadworthy.ports.tooling import Definition

FILE: Final = "tools.lock"
_VERSION: Final = 1
_PARTS: Final = {"name", "description", "input_schema", "output_schema", "annotations"}


def read_lock(content: bytes | None) -> Mapping[str, Definition]:
    """What is approved, by the name of the tool in the charter. No file: nothing.

    Errors: ``InputProblem`` RW-TOOL-015 for a file that was not written by ``roadworthy tools approve``, or edited.
    """
    if content is None:
        return {}
    try:
        read = parse_json(content.decode("utf-8"))
        if not isinstance(read, dict) or read.get("schema_version") != _VERSION:
            raise ValueError(f"expected schema_version {_VERSION}")
        return {str(name): _definition(str(name), one) for name, one in read["tools"].items()}
    except (NotJson, ValueError, KeyError, AttributeError, TypeError) as problem:
        raise InputProblem(
            "RW-TOOL-015",
            Problem(f"this is no list of approved tools: {problem}", FILE),
            hint="`roadworthy tools approve` writes it",
        ) from None


def written(definitions: Mapping[str, Definition]) -> str:
    """The file: sorted, so that what changed is seen line by line."""
    tools = {name: {"digest": one.digest, "definition": one.as_json()} for name, one in definitions.items()}
    text = json.dumps(
        {"schema_version": _VERSION, "tools": tools}, indent=2, sort_keys=True, ensure_ascii=False
    )
    return f"{text}\n"


def _definition(name: str, read: Mapping[str, Any]) -> Definition:
    said = read["definition"]
    if set(said) != _PARTS:
        raise ValueError(f"the definition of `{name}` has other parts than {', '.join(sorted(_PARTS))}")
    found = Definition(
        name=str(said["name"]),
        description=str(said["description"]),
        input_schema=dict(said["input_schema"]),
        output_schema=None if said["output_schema"] is None else dict(said["output_schema"]),
        annotations=dict(said["annotations"]),
    )
    if found.digest != read["digest"]:
        raise ValueError(f"the definition of `{name}` was edited after it was approved")
    return found
