"""Whether a tool may be called with these arguments at all: asked before any policy, and before any connector."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from roadworthy.charter.tooling import Argument, Tool
from roadworthy.errors import InputProblem, Problem

MOST_CHARACTERS: Final = 1_000_000
"""Of all texts in the arguments of one call together."""

MOST_VALUES: Final = 10_000
DEEPEST: Final = 20
LARGEST: Final = 2**53 - 1
"""What a number of JSON carries exactly; a larger one is a text, or a mistake."""

MOST_PROBLEMS: Final = 20
_SHOWN: Final = 60


def check_arguments(name: str, tool: Tool, arguments: Mapping[str, object]) -> None:
    """Errors: ``InputProblem`` RW-RUN-013 with everything that is wrong with the arguments of a call of tool ``name``.

    Values are never repeated: they may be personal.
    """
    problems = argument_problems(tool, arguments)
    if problems:
        raise InputProblem(
            "RW-RUN-013",
            [Problem(each.message, place=f"{name}: {each.place}", hint=each.hint) for each in problems],
            hint="the charter says under `tools` what each is called with",
        )


def argument_problems(tool: Tool, arguments: Mapping[str, object]) -> tuple[Problem, ...]:
    """What is wrong with the arguments of a call, the first MOST_PROBLEMS of it.

    Where the tool declares no arguments, still nothing that is no JSON, too much or nested too deep.
    """
    return tuple(islice(_problems(tool, arguments), MOST_PROBLEMS))


def scalars(tool: Tool, arguments: Mapping[str, object]) -> dict[str, object]:
    """The declared arguments but objects: what policies may speak of."""
    return {
        name: arguments[name]
        for name, declared in tool.arguments.items()
        if declared.type != "object" and arguments.get(name) is not None
    }


def _problems(tool: Tool, arguments: Mapping[str, object]) -> Iterator[Problem]:
    if wrong := _not_json(arguments):
        # Nothing else is asked of what cannot be written down.
        yield wrong
        return
    if not tool.arguments:
        return
    known = f"known: {', '.join(sorted(tool.arguments))}"
    for name in arguments:
        if name not in tool.arguments:
            yield Problem("there is no such argument", place=_shown(name), hint=known)
    for name, declared in tool.arguments.items():
        value = arguments.get(name)
        if value is None:
            if declared.required:
                yield Problem("is missing", place=name)
            continue
        yield from (Problem(message, place=name) for message in _breaches(declared, value))


def _breaches(declared: Argument, value: object) -> Iterator[str]:
    kinds = _TYPES[declared.type]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        yield f"expected {_CALLED[declared.type]}, found {_kind(value)}"
        return
    if isinstance(value, str | list | tuple) and len(value) > declared.max_length:
        unit = "characters" if isinstance(value, str) else "entries"
        yield f"found {len(value)} {unit}, at most {declared.max_length} are taken"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if declared.minimum is not None and value < declared.minimum:
            yield f"at least {declared.minimum} is taken"
        if declared.maximum is not None and value > declared.maximum:
            yield f"at most {declared.maximum} is taken"
    if declared.one_of and not _on_list(value, declared.one_of):
        yield f"expected one of: {', '.join(declared.one_of[:MOST_PROBLEMS])}"


def _on_list(value: object, allowed: list[str]) -> bool:
    """Each entry of a list, and each name of an object, stands on it."""
    if isinstance(value, Mapping | list | tuple):
        return all(_on_list(entry, allowed) for entry in value)
    if isinstance(value, bool):
        return str(value).lower() in allowed
    return str(value) in allowed


_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list, tuple),
    "object": (Mapping,),
}
_CALLED = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
    "object": "an object",
}


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list | tuple) else "an object"


def _not_json(arguments: Mapping[str, object]) -> Problem | None:
    """The first thing that no journal could hold: found without recursion, whatever comes."""
    waiting: list[tuple[str, object, int]] = [("", arguments, 0)]
    characters = seen = 0
    while waiting:
        place, value, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            return Problem(f"more than {MOST_VALUES} values", place=place)
        if depth > DEEPEST:
            return Problem(f"nested deeper than {DEEPEST}", place=place)
        if isinstance(value, Mapping):
            for name, part in value.items():
                if not isinstance(name, str):
                    return Problem("a name that is no text", place=place)
                characters += len(name)
                waiting.append((place or _shown(name), part, depth + 1))
        elif isinstance(value, list | tuple):
            waiting += [(place, part, depth + 1) for part in value[: MOST_VALUES + 1]]
        elif isinstance(value, str):
            characters += len(value)
            if "\x00" in value or (
                not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)
            ):
                return Problem("is not valid text", place=place)
        elif wrong := _no_value(value):
            return Problem(wrong, place=place)
        if characters > MOST_CHARACTERS:
            return Problem(f"more than {MOST_CHARACTERS} characters in all", place=place)
    return None


def _no_value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return "expected a finite number"
    if isinstance(value, int | float):
        return "" if -LARGEST <= value <= LARGEST else f"expected a number of at most {LARGEST}"
    return f"expected a value that JSON can hold, found {type(value).__name__}"


def _shown(name: object) -> str:
    text = str(name)[:_SHOWN]
    return text if text.isprintable() else repr(text)
