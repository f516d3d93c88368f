"""A YAML file of the business side while it is read: plain values, where each stands, what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from roadworthy.charter.reading import YAML_FAULTS
from roadworthy.errors import Problem

LONGEST_FILE = 200_000
DEEPEST = 20
MOST_PROBLEMS = 200
LONGEST_MESSAGE = 300

Path = tuple[str | int, ...]
Place = tuple[int, int]


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
class Page:
    """The values of one file, the place of each path, and its problems."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    places: dict[Path, Place] = field(default_factory=dict)

    def say(self, message: str, path: Path = (), hint: str = "", place: Place | None = None) -> None:
        """A problem at the place of a path, or of the part of it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        # A value that never was in a file (a JSON body) has no line.
        line, column = place or self.places.get(path, (1, 1) if self.places else (0, 0))
        self.problems.append(Problem(fit(message), self.file, line, column, hint))

    def in_order(self) -> list[Problem]:
        """The problems in the order of the file, the first of a flood."""
        return sorted(self.problems, key=lambda one: (one.line, one.column))[:MOST_PROBLEMS]

    def read(self, text: str | bytes) -> dict[str, Any] | None:
        """The mapping that the file holds; None where it cannot be read at all."""
        if len(text) > LONGEST_FILE:
            self.say(f"found {len(text)} bytes, such a file has at most {LONGEST_FILE}", place=(1, 1))
            return None
        try:
            root = yaml.compose(text.decode() if isinstance(text, bytes) else text, Loader=_Loader)
        except UnicodeDecodeError as problem:
            self.say(f"byte {problem.start} is not UTF-8", place=(1, 1), hint="save the file as UTF-8")
            return None
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark
            at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self.say(f"not YAML: {problem.problem}", place=at)
            return None
        except YAML_FAULTS as problem:
            self.say(f"not YAML: {(str(problem).splitlines() or ['?'])[0]}", place=(1, 1))
            return None
        if not isinstance(root, yaml.MappingNode):
            self.say("expected a mapping with `idea`, `title` and `answers`", place=(1, 1))
            return None
        found: dict[str, Any] = self._plain(root, ())
        return found

    def _plain(self, node: yaml.Node, path: Path) -> Any:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self.places.setdefault(path, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        try:
            value = yaml.SafeLoader("").construct_object(node)
        except YAML_FAULTS:
            self.say(f"cannot read the value `{fit(str(node.value), 60)}`", place=place)
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= 1e15:
            self.say(f"`{fit(str(node.value), 60)}` is no number that can be used", place=place)
            return None
        return value if isinstance(value, str | int | float | bool | type(None)) else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            at = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                self.say("a key is a word, found a list or a mapping", place=at)
                continue
            key = str(key_node.value)
            if key in found:
                self.say(f"`{key}` stands twice", place=at, hint="keep one of them")
            self.places[*path, key] = at
            found[key] = self._plain(value_node, (*path, key))
        return found


def fit(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """One line of printable text, whatever of the file is repeated in it."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in short)


def near(word: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or what is known here."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(names)}"
