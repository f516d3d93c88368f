"""The YAML file beside a suite: how often it is asked, and which graders grade it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError

from roadworthy.charter.reading import YAML_FAULTS
from roadworthy.errors import Problem
from roadworthy.evaluation.grade import Grader
from roadworthy.evaluation.graders import KINDS, Kind
from roadworthy.evaluation.strict import LARGEST_INTEGER, fit, shown

LONGEST_FILE = 200_000
DEEPEST = 30
MOST_REPEATS = 100
LARGEST_SEED = 2**31 - 1
DEFAULT = Grader("exact", "exact")

Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(slots=True)
class Settings:
    """What the file says; without a file, the one grader `exact`, once."""

    graders: tuple[Grader, ...] = (DEFAULT,)
    repeats: int = 1
    seed: int = 1
    note: str = ""
    text_field: str = "text"
    named: frozenset[str] = frozenset({"exact"})
    """Graders that the file names, sound or not: a test that names a faulty one is no further problem."""


class _Loader(yaml.SafeLoader):
    """No aliases: a few lines of them stand for gigabytes, or for themselves. No depth without end."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="found an alias, expected the value itself", problem_mark=mark
            )
        if self._depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST}", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(slots=True)
class _Page:
    """One file: its values, where each stands, and what is wrong with it."""

    file: str
    problems: list[Problem]
    places: dict[Path, Place] = field(default_factory=dict)

    def say(self, message: str, path: Path = (), hint: str = "", place: Place | None = None) -> None:
        """A problem at the place of a path, or of the part of it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = place or self.places.get(path, (1, 1))
        self.problems.append(Problem(fit(message, 300), self.file, line, column, hint))


def read_settings(text: str, *, file: str, problems: list[Problem]) -> Settings:
    """What a settings file says. What is wrong is added to ``problems``, each at its line and column."""
    page = _Page(file, problems)
    settings = Settings()
    if len(text) > LONGEST_FILE:
        page.say(f"found {len(text)} characters, such a file has at most {LONGEST_FILE}")
        return settings
    data = _data(text, page)
    if data is None:
        return settings
    settings.note = _text(data.pop("note", ""), "note", page)
    settings.text_field = _text(data.pop("text_field", "text"), "text_field", page) or "text"
    settings.repeats = _whole(data.pop("repeats", 1), "repeats", 1, MOST_REPEATS, page)
    settings.seed = _whole(data.pop("seed", 1), "seed", 0, LARGEST_SEED, page)
    if "graders" in data:
        told = data.pop("graders")
        settings.graders = _graders(told, page)
        settings.named = frozenset(told) if isinstance(told, dict) else frozenset()
    for name in data:
        known = ("note", "repeats", "seed", "text_field", "graders")
        page.say(f"unknown field `{name}`", (name,), _near(name, known))
    return settings


def _data(text: str, page: _Page) -> dict[str, Any] | None:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        page.say(f"not YAML: {problem.problem}", place=(mark.line + 1, mark.column + 1) if mark else (1, 1))
        return None
    except YAML_FAULTS as problem:
        page.say(f"not YAML: {(str(problem).splitlines() or [type(problem).__name__])[0]}")
        return None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        page.say("expected a mapping with `graders`, `repeats` and so on")
        return None
    found = _plain(root, (), page)
    return found if isinstance(found, dict) else None


def _plain(node: yaml.Node, path: Path, page: _Page) -> Any:
    place = (node.start_mark.line + 1, node.start_mark.column + 1)
    page.places.setdefault(path, place)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, number), page) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            at = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                page.say("a key is a word, found a list or a mapping", place=at)
                continue
            key = str(key_node.value)
            if key in found:
                page.say(f"`{key}` stands twice", place=at, hint="keep one of them")
            page.places[*path, key] = at
            found[key] = _plain(value_node, (*path, key), page)
        return found
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except YAML_FAULTS:
        page.say(f"cannot read the value `{shown(str(node.value), 60)}`", place=place)
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_INTEGER:
        page.say("no number here has that many digits", place=place)
        return None
    if isinstance(value, float) and not -1e300 < value < 1e300:
        page.say(f"`{shown(str(node.value), 60)}` is no number that can be used", place=place)
        return None
    return value if isinstance(value, str | int | float | bool | type(None)) else str(node.value)


def _text(value: object, name: str, page: _Page) -> str:
    if isinstance(value, str):
        return value
    page.say(f"`{name}`: expected a text, found `{shown(value, 60)}`", (name,))
    return ""


def _whole(value: object, name: str, least: int, most: int, page: _Page) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    page.say(
        f"`{name}`: expected a whole number from {least} to {most}, found `{shown(value, 60)}`", (name,)
    )
    return least


def _graders(told: object, page: _Page) -> tuple[Grader, ...]:
    if not isinstance(told, Mapping) or not told:
        page.say(
            "`graders`: expected a mapping of names to graders",
            ("graders",),
            "`graders: {answer: {kind: exact}}`",
        )
        return (DEFAULT,)
    read = [_grader(str(name), one, page) for name, one in told.items()]
    return tuple(one for one in read if one is not None)


def _grader(name: str, told: object, page: _Page) -> Grader | None:
    path: Path = ("graders", name)
    if not name.strip() or not name.isprintable() or len(name) > 80:
        page.say("a grader's name is a short printable text", path)
        return None
    # `answer: exact` is short for `answer: {kind: exact}`.
    options = {"kind": told} if isinstance(told, str) else told
    if not isinstance(options, Mapping):
        page.say(
            f"`{name}`: expected a kind, or a mapping with `kind`", path, f"kinds are {', '.join(KINDS)}"
        )
        return None
    left = dict(options)
    word = left.pop("kind", None)
    kind = KINDS.get(word) if isinstance(word, str) else None
    passes_at = left.pop("passes_at", 1.0)
    if isinstance(passes_at, bool) or not isinstance(passes_at, int | float) or not 0 <= passes_at <= 1:
        page.say(
            f"`{name}.passes_at`: expected a number from 0 to 1, found `{shown(passes_at, 60)}`",
            (*path, "passes_at"),
        )
        passes_at = 1.0
    if kind is None:
        said = f"unknown kind `{shown(word, 60)}`" if word is not None else "`kind` is missing"
        near = _near(word if isinstance(word, str) else "", tuple(KINDS))
        page.say(f"`{name}`: {said}", (*path, "kind"), near)
        return None
    return Grader(name, kind.name, left, float(passes_at)) if _sound(name, kind, left, page) else None


def _sound(name: str, kind: Kind, options: Mapping[str, object], page: _Page) -> bool:
    try:
        kind.options.model_validate(dict(options))
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False)[:20]:
            path: Path = ("graders", name, *error["loc"])
            where = ".".join(str(part) for part in (name, *error["loc"]))
            if error["type"] == "extra_forbidden":
                known = [one.alias or word for word, one in kind.options.model_fields.items()]
                hint = _near(str(error["loc"][-1]), (*known, "passes_at"))
                page.say(f"`{where}`: a grader of kind `{kind.name}` has no such option", path, hint)
            elif error["type"] == "missing":
                page.say(f"`{where}` is missing", path)
            else:
                message = error["msg"].removeprefix("Value error, ")
                found = error.get("input")
                told = f", found `{shown(found, 60)}`" if isinstance(found, str | int | float) else ""
                page.say(f"`{where}`: {message[:1].lower()}{message[1:]}{told}", path)
        return False
    return True


def _near(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
