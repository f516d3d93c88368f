"""Which tools an agent elsewhere is shown: those of the charter that policies could allow it, as they were approved.

What a server says of its tools today is not asked here: what was approved with the release is told, so the list of
a release never changes under an agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from roadworthy.charter import Argument, Charter, Tool
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import tool_facts
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.operate.outside.cases import release_of
from roadworthy.operate.tools.lock import FILE, read_lock
from roadworthy.policy import NEUTRAL, Request
from roadworthy.ports import LoadedRelease
from roadworthy.ports.tooling import Definition

RESULT: Final = "roadworthy_result"
END: Final = "roadworthy_end"
_TYPES: Final = {"text": "string", "list": "array"}
_NEVER_ALONE: Final = "This changes something: it may have to wait for a person."


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool as an agent is shown it. ``name`` fits every framework and model; ``tool`` is the charter's name."""

    name: str
    tool: str
    description: str
    schema: Mapping[str, Any]
    writes: bool


def offers(deployment: Deployment, caller: Caller) -> tuple[Offer, ...]:
    """The tools of a key, by name. Errors: those of ``release_of``."""
    release = release_of(deployment, caller)
    with deployment.store.read() as tx:
        archive = deployment.store.releases.archive(tx, caller.release)
    approved = read_lock(archive.files.get(FILE))
    names = names_of(release.charter)
    return tuple(
        _offer(name, tool, release.charter.tools[tool], approved.get(tool))
        for name, tool in sorted(names.items())
        if tool in release.tools and _may_be_allowed(release, caller, tool)
    )


def names_of(charter: Charter) -> Mapping[str, str]:
    """The charter's names by those that agents know: models take letters, digits, `_` and `-`, and no dot."""
    names: dict[str, str] = {}
    for tool in sorted(charter.tools):
        plain, number = tool.replace(".", "_"), 2
        name = plain
        while name in names or name in {RESULT, END}:
            name, number = f"{plain}_{number}", number + 1
        names[name] = tool
    return names


def _may_be_allowed(release: LoadedRelease, caller: Caller, tool: str) -> bool:
    """Some permit may still come true for it, and no forbid is true whatever the case is."""
    charter = release.charter
    left = release.policies.remaining(
        Request(
            use_case=caller.use_case,
            stage=caller.stage,
            tool=tool_facts(charter, tool),
            autonomy=charter.autonomy,
            purpose=charter.purpose,
            amount_minor=0,
            spent_today_minor=0,
            confidence_bp=0,
            marking=NEUTRAL,
            untrusted_control=frozenset(),
            approvals=frozenset(),
            stopped=False,
        )
    ).values()
    return any(one.startswith("permit") for one in left) and "forbid always" not in left


def _offer(name: str, tool: str, declared: Tool, approved: Definition | None) -> Offer:
    said = declared.description or (approved.description if approved is not None else "")
    words = " ".join(
        filter(None, (said or _plainly(tool, declared), _NEVER_ALONE if declared.writes else ""))
    )
    schema = _schema(declared.arguments)
    if not declared.arguments and approved is not None:
        schema = _without(approved.input_schema, str(declared.options.get("key", "")))
    return Offer(name, tool, words, schema, declared.writes)


def _plainly(tool: str, declared: Tool) -> str:
    return f"{'Does' if declared.writes else 'Looks up'} `{tool}`."


def _schema(arguments: Mapping[str, Argument]) -> Mapping[str, Any]:
    """JSON Schema of declared arguments; without any, an object of anything."""
    if not arguments:
        return {"type": "object"}
    return {
        "type": "object",
        "properties": {name: _property(one) for name, one in arguments.items()},
        "required": [name for name, one in arguments.items() if one.required],
        "additionalProperties": False,
    }


def _property(argument: Argument) -> dict[str, Any]:
    told: dict[str, Any] = {"type": _TYPES.get(argument.type, argument.type)}
    if argument.description:
        told["description"] = argument.description
    if argument.type == "text":
        told["maxLength"] = argument.max_length
        if argument.one_of:
            told["enum"] = list(argument.one_of)
    elif argument.type == "list":
        told["maxItems"] = argument.max_length
    told |= {"minimum": argument.minimum} if argument.minimum is not None else {}
    return told | ({"maximum": argument.maximum} if argument.maximum is not None else {})


def _without(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An approved schema without the argument that Roadworthy fills in itself."""
    if not key:
        return schema
    properties = {name: one for name, one in dict(schema.get("properties", {})).items() if name != key}
    required = [name for name in schema.get("required", ()) if name != key]
    return {**schema, "properties": properties, "required": required}
