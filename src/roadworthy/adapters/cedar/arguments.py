"""The arguments of a tool as policies see them: one Cedar action for each tool, typed by the charter.

Only arguments that a policy speaks of are put to Cedar; all of them are checked first. What is
missing, of another type or too large is a denial before any policy is asked, because a policy that
errs would be skipped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cedarpy import pst

from roadworthy.charter.tooling import Argument
from roadworthy.policy import LIMIT, Tool

CEDAR_TYPES: Final[Mapping[str, str]] = {
    "text": "String",
    "integer": "Long",
    "boolean": "Bool",
    "list": "Set<String>",
}
"""What policies can compare. Cedar has no fractions that hold every number, and no open records."""

_OPEN = frozenset({"list", "object"})
_ARGUMENTS = pst.GetAttr(base=pst.Var(name="context"), attr="arguments")
_CONTEXT = pst.Var(name="context")


@dataclass(frozen=True, slots=True)
class Declared:
    """A tool of the charter: the facts about it, and the arguments it is called with."""

    facts: Tool
    arguments: Mapping[str, Argument]

    @property
    def action(self) -> dict[str, str]:
        """The tool's own action; it belongs to ``Action::"call"``."""
        return {"type": "Action", "id": self.facts.name}

    def wrong(self, given: object, spoken: Collection[str]) -> tuple[str, ...]:
        """What is wrong with the arguments of a call, in sentences that repeat no value.

        A list or an object that no policy speaks of may be missing here: it was checked where it came in.
        """
        if not self.arguments:
            return ()
        if not isinstance(given, Mapping):
            return ("expected arguments by name",)
        said = [
            f"argument `{name}` is missing"
            for name, one in self.arguments.items()
            if one.required and given.get(name) is None and (name in spoken or one.type not in _OPEN)
        ]
        if stray := sum(name not in self.arguments for name in given):
            said.append(f"{stray} arguments are not declared")
        said.extend(
            f"argument `{name}` {what}"
            for name, one in self.arguments.items()
            if given.get(name) is not None and (what := _wrong(one, given[name], spoken=name in spoken))
        )
        return tuple(said)

    def typed(self, given: Mapping[str, object], spoken: Collection[str]) -> dict[str, Any]:
        """The arguments for Cedar's context: those that policies speak of and that it has a type for."""
        return {name: given[name] for name in self._shown(spoken) if given.get(name) is not None}

    def wrong_typed(self, shown: object, spoken: Collection[str]) -> tuple[str, ...]:
        """What is wrong with arguments as they stand in a context: the last look before Cedar."""
        if not self.arguments:
            return ()
        if not isinstance(shown, Mapping):
            return ("expected arguments by name",)
        names = self._shown(spoken)
        stray = (
            [f"{len(set(shown) - set(names))} arguments are not declared"]
            if set(shown) - set(names)
            else []
        )
        missing = [
            f"argument `{name}` is missing"
            for name in names
            if name not in shown and self.arguments[name].required
        ]
        found = [
            f"argument `{name}` {what}"
            for name in names
            if name in shown and (what := _wrong(self.arguments[name], shown[name], spoken=True))
        ]
        return (*stray, *missing, *found)

    def schema(self, context: str, spoken: Collection[str] | None = None) -> str:
        """The tool's action in Cedar's schema language; ``context`` holds the fields that every call has."""
        record = ""
        if self.arguments:
            fields = "".join(
                f"      {_quoted(name)}{'' if self.arguments[name].required else '?'}: "
                f"{CEDAR_TYPES[self.arguments[name].type]},\n"
                for name in self._shown(spoken)
            )
            record = f"    arguments: {{\n{fields}    }},\n"
        return (
            f'action {_quoted(self.facts.name)} in ["call"] appliesTo {{\n'
            f"  principal: [UseCase],\n  resource: [Tool],\n  context: {{{context}{record}  }},\n}};\n"
        )

    def _shown(self, spoken: Collection[str] | None) -> tuple[str, ...]:
        return tuple(
            name
            for name, one in self.arguments.items()
            if one.type in CEDAR_TYPES and (spoken is None or name in spoken)
        )


def spoken_of(nodes: Collection[pst.Template], tools: Mapping[str, Declared]) -> frozenset[str]:
    """Names of arguments that policies speak of; all declared ones where a policy takes them as a whole."""
    every = frozenset(name for tool in tools.values() for name in tool.arguments)
    found: set[str] = set()
    for node in nodes:
        for name in names_in(node):
            found |= every if name is None else {name}
    return frozenset(found & every)


def names_in(node: object) -> Iterator[str | None]:
    """The arguments named under a node of a policy; None for a use of all of them at once."""
    if isinstance(node, pst.GetAttr) and node.base == _ARGUMENTS:
        yield node.attr
    elif isinstance(node, pst.HasAttr) and node.base == _ARGUMENTS:
        yield node.attrs[0]
    elif isinstance(node, pst.HasAttr) and node.base == _CONTEXT:
        if node.attrs[0] == "arguments":
            yield from node.attrs[1:2]
    elif node in (_ARGUMENTS, _CONTEXT):
        yield None
    elif isinstance(node, pst.GetAttr) and node.base == _CONTEXT:
        return
    elif isinstance(node, Mapping):
        for each in node.values():
            yield from names_in(each)
    elif isinstance(node, tuple):
        for each in node:
            yield from names_in(each)
    elif hasattr(node, "__dataclass_fields__"):
        for field in node.__dataclass_fields__:
            yield from names_in(getattr(node, field))


def _wrong(argument: Argument, value: object, *, spoken: bool = False) -> str:
    """What is wrong with one value, or empty."""
    match argument.type:
        case "text":
            return _wrong_text(argument, value)
        case "integer":
            return _wrong_number(argument, value) if type(value) is int else "is not a whole number"
        case "number":
            return _wrong_number(argument, value) if type(value) in (int, float) else "is not a number"
        case "boolean":
            return "" if type(value) is bool else "is not true or false"
        case "list":
            return _wrong_list(argument, value, spoken=spoken)
        case _:
            return "" if isinstance(value, Mapping) else "is not an object"


def _wrong_text(argument: Argument, value: object) -> str:
    if not isinstance(value, str):
        return "is not text"
    if len(value) > argument.max_length:
        return f"is longer than {argument.max_length} characters"
    if argument.one_of and value not in argument.one_of:
        return "is not on its list"
    return "" if value.isascii() or _is_unicode(value) else "holds half a character"


def _wrong_list(argument: Argument, value: object, *, spoken: bool) -> str:
    if not isinstance(value, list | tuple):
        return "is not a list"
    if len(value) > argument.max_length:
        return f"has more than {argument.max_length} entries"
    if (spoken or argument.one_of) and not all(
        isinstance(each, str) and _is_unicode(each) for each in value
    ):
        return "has entries that are not text"
    if argument.one_of and not set(value) <= set(argument.one_of):
        return "has entries that are not on its list"
    return ""


def _wrong_number(argument: Argument, value: object) -> str:
    if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
        return "is not a number"
    low = -LIMIT if argument.minimum is None else max(argument.minimum, -LIMIT)
    high = LIMIT if argument.maximum is None else min(argument.maximum, LIMIT)
    if not low <= value <= high:
        return f"lies outside {low} to {high}"
    return "is not on its list" if argument.one_of and str(value) not in argument.one_of else ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)
