"""The schema policies are checked against: the shipped one, and an action for every tool of a charter."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

import cedarpy

from roadworthy.adapters.cedar.arguments import Declared
from roadworthy.charter.tooling import Tool as CharterTool
from roadworthy.errors import Problem
from roadworthy.policy import Tool
from roadworthy.quantities import Digest, digest, digest_of

SCHEMA: Final = "schema.cedarschema"
BASE: Final = "base.cedar"


@cache
def shipped(name: str) -> str:
    """A file of the house."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def shipped_schema(name: str = SCHEMA) -> cedarpy.Schema:
    """A schema of the house, parsed."""
    return cedarpy.Schema.from_str(shipped(name))


def declared_tools(
    tools: Mapping[str, CharterTool], *, region: str
) -> tuple[dict[str, Declared], tuple[Problem, ...]]:
    """The tools of a charter as policies know them, and what keeps a policy from speaking of one."""
    found: dict[str, Declared] = {}
    problems: list[Problem] = []
    for name, tool in tools.items():
        if name == "call":
            problems.append(
                Problem("`call` stands for every tool", place="tools.call", hint="rename the tool")
            )
            continue
        problems.extend(
            Problem(
                "an argument's name holds a character that cannot be written",
                place=f"tools.{name}.arguments",
                hint="letters, digits and `_`",
            )
            for argument in tool.arguments
            if not argument.isprintable() or not argument
        )
        facts = Tool(
            name=name, sink=tool.sink, clearance=tool.clearance, region=tool.region or region or "any"
        )
        found[name] = Declared(facts, dict(tool.arguments))
    return found, tuple(problems)


def whole_schema(tools: Mapping[str, Declared]) -> cedarpy.Schema:
    """What policies may speak about: every tool with all its arguments. Policies are checked against it once."""
    if not tools:
        return shipped_schema()
    actions = "".join(tool.schema(_context()) for tool in tools.values())
    return cedarpy.Schema.from_str(f"{shipped(SCHEMA)}\n{actions}")


def schema_digest(tools: Mapping[str, Declared]) -> Digest:
    """Of everything that the meaning of a policy rests on beside the policy."""
    house = digest(shipped(SCHEMA).encode())
    if not tools:
        return house
    actions = {
        name: {
            "schema": tool.schema(""),
            "facts": [tool.facts.sink, tool.facts.clearance, tool.facts.region],
            "limits": {key: one.model_dump(mode="json") for key, one in tool.arguments.items()},
        }
        for name, tool in tools.items()
    }
    return digest_of({"house": house, "tools": actions})


class Frames:
    """What every question about one tool is asked in: its own small schema, and the entity that it is.

    A frame is made when a tool is first asked about. It knows one tool, so that a decision takes as
    long with ten thousand tools as with one.
    """

    def __init__(self, tools: Mapping[str, Declared], spoken: Collection[str]) -> None:
        self._tools = tools
        self._spoken = spoken
        self.of = lru_cache(maxsize=4096)(self._frame)

    def _frame(self, tool: Tool) -> tuple[cedarpy.Schema, cedarpy.Entities]:
        declared = self._tools.get(tool.name)
        schema = shipped_schema()
        if declared:
            schema = cedarpy.Schema.from_str(
                f"{shipped(SCHEMA)}\n{declared.schema(_context(), self._spoken)}"
            )
        entity = {
            "uid": uid("Tool", tool.name),
            "attrs": {"sink": uid("Sink", tool.sink), "clearance": tool.clearance, "region": tool.region},
            "parents": [uid("Connector", tool.connector)],
        }
        return schema, cedarpy.Entities.from_json_str(json.dumps([entity]), schema)


def uid(kind: str, name: str) -> dict[str, Any]:
    """An entity in Cedar's JSON."""
    return {"type": kind, "id": name}


@cache
def _context() -> str:
    """The fields of every call's context, as they stand in the shipped schema."""
    text = shipped(SCHEMA)
    begin = text.index("context: {") + len("context: {")
    return text[begin : text.index("\n  },\n", begin) + 1]
