"""The head of a prompt file: its variables, the form of the answer, and how the model is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from roadworthy.errors import Problem
from roadworthy.placed import Page, Path, Place, near
from roadworthy.prompting.variable import MISSING, TYPES, Variable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
_FIELDS: Final = ("variables", "answer", "max_tokens", "temperature")
_OF_A_VARIABLE: Final = ("type", "default", "one_of")
_MOST_TOKENS: Final = 100_000
_DEFAULT_TOKENS: Final = 512
_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "list": {"type": "array", "items": {"type": "string"}},
}
_EXPECTED: Final = "expected a mapping with `variables` and so on"


@dataclass(slots=True)
class Head:
    """What the head says. ``misread`` are variables whose declaration is wrong, and told as such."""

    variables: dict[str, Variable] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    misread: set[str] = field(default_factory=set)
    answer: Mapping[str, Any] | None = None
    max_tokens: int = _DEFAULT_TOKENS
    temperature: float = 0.0


def read_head(text: str, *, place: str) -> tuple[Head | None, list[Problem]]:
    """The head of a file, and what is wrong with it; None where it is no YAML mapping."""
    page = Page(place)
    if not text.strip():
        return Head(), []
    told = page.read(text, expected=_EXPECTED, called="the head of a prompt", deepest=12)
    if told is None:
        return None, page.problems
    head = Head()
    for name in told:
        if name not in _FIELDS:
            page.say(f"unknown field `{name}`", (name,), near(name, _FIELDS))
    _variables(told.get("variables", {}), head, page)
    head.answer = _answer(told.get("answer"), page)
    tokens, temperature = told.get("max_tokens", _DEFAULT_TOKENS), told.get("temperature", 0.0)
    if isinstance(tokens, bool) or not isinstance(tokens, int) or not 1 <= tokens <= _MOST_TOKENS:
        page.say(f"`max_tokens`: expected a whole number from 1 to {_MOST_TOKENS:,}", ("max_tokens",))
    else:
        head.max_tokens = tokens
    if (
        isinstance(temperature, bool)
        or not isinstance(temperature, int | float)
        or not 0 <= temperature <= 2
    ):
        page.say("`temperature`: expected a number from 0 to 2", ("temperature",))
    else:
        head.temperature = float(temperature)
    return head, page.problems


def _variables(told: object, head: Head, page: Page) -> None:
    if not isinstance(told, Mapping):
        page.say("`variables`: expected names with their types", ("variables",))
        return
    for name, declared in told.items():
        path: Path = ("variables", name)
        before = len(page.problems)
        if not _NAME.fullmatch(name):
            page.say(
                f"`{name}` is no name of a variable", path, "letters, digits and `_`, at most 41 of them"
            )
        variable = _variable(name, declared, path, page)
        if len(page.problems) > before:
            head.misread.add(name)
        else:
            head.variables[name] = variable
            head.places[name] = page.nearest(path)


def _variable(name: str, declared: object, path: Path, page: Page) -> Variable:
    """A declaration such as ``object|none`` or ``{type: text, default: friendly}``; problems go to the page."""
    said: Mapping[str, Any] = declared if isinstance(declared, Mapping) else {"type": declared}
    for key in said:
        if key not in _OF_A_VARIABLE:
            page.say(f"unknown field `{key}`", (*path, key), near(key, _OF_A_VARIABLE))
    word = said.get("type")
    type_, _, rest = word.partition("|") if isinstance(word, str) else ("", "", "")
    if type_ not in TYPES or rest not in {"", "none"} or (isinstance(word, str) and word.endswith("|")):
        page.say(
            f"`{name}`: no type `{word}`" if isinstance(word, str) else f"`{name}`: expected a type",
            path,
            f"one of {', '.join(TYPES)}, each with `|none` where it may be missing",
        )
        return Variable(name, "text")
    one_of = _one_of(said.get("one_of"), type_, path, page)
    variable = Variable(name, type_, rest == "none", said.get("default", MISSING), one_of)
    if variable.default is not MISSING and (wrong := variable.wrong(variable.default)):
        page.say(f"`{name}`: the default does not fit: {wrong}", (*path, "default"))
    return variable


def _one_of(told: object, type_: str, path: Path, page: Page) -> tuple[str, ...]:
    if told is None:
        return ()
    texts = told if isinstance(told, list) else []
    if type_ != "text" or not texts or not all(isinstance(one, str) and one.isprintable() for one in texts):
        page.say(
            "`one_of`: expected a list of short texts, for a variable of type `text`", (*path, "one_of")
        )
        return ()
    return tuple(texts)


def _answer(told: object, page: Page) -> Mapping[str, Any] | None:
    """A JSON Schema: as it stands, or made of fields with their types."""
    if told is None:
        return None
    if not isinstance(told, Mapping) or not told:
        page.say("`answer`: expected fields with their types, or a JSON Schema of an object", ("answer",))
        return None
    if isinstance(told.get("properties"), Mapping):
        if told.get("type") != "object" or not told["properties"]:
            page.say("`answer`: expected the schema of an object with properties", ("answer",))
        return told
    for name, word in told.items():
        if word not in _SCHEMAS:
            page.say(
                f"`answer.{name}`: no type `{word}`"
                if isinstance(word, str)
                else f"`answer.{name}`: no type",
                ("answer", name),
                f"one of {', '.join(_SCHEMAS)}, or a JSON Schema for the whole answer",
            )
    if page.problems:
        return None
    return {
        "type": "object",
        "properties": {name: dict(_SCHEMAS[word]) for name, word in told.items()},
        "required": list(told),
        "additionalProperties": False,
    }
