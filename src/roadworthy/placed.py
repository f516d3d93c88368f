"""YAML files as plain values that know where they stand, with everything that is wrong at its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from roadworthy.errors import Problem

LONGEST_MESSAGE = 300
LARGEST = 2**256
"""Numbers beyond it are refused: nothing that is declared has so many digits."""

YAML_FAULTS = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What the YAML library raises for a faulty text: `!!int x`, `!!bool x` and a date of day 99 escape its own errors."""

Path = tuple[str | int, ...]
"""Where something stands in a file: names of fields, and indexes of lists."""
Place = tuple[int, int]
"""Line and column, from 1."""


class _Refused(yaml.MarkedYAMLError):
    """YAML, but of a kind that no declaration needs and that can be turned against its reader."""


class _Loader(yaml.SafeLoader):
    """No aliases: a few lines of them stand for gigabytes, or for themselves. No depth without end."""

    def __init__(self, text: str, deepest: int) -> None:
        super().__init__(text)
        self._deepest = deepest
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise _Refused(problem="found an alias, expected the value itself", problem_mark=mark)
        if self._depth > self._deepest:
            raise _Refused(problem=f"nested deeper than {self._deepest}", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


@dataclass(slots=True)
class Page:
    """One file while it is read: the place of every path, and its problems so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    places: dict[Path, Place] = field(default_factory=dict)

    def say(self, message: str, path: Path = (), hint: str = "", place: Place | None = None) -> None:
        """A problem at a place, or where a path stands.

        Edge: a value that was never in a file (a JSON body) has no line: 0.
        """
        line, column = place or (self.nearest(path) if self.places else (0, 0))
        self.problems.append(Problem(fit(message), self.file, line, column, hint))

    def nearest(self, path: Path) -> Place:
        """Where a path stands, or the part of it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def in_order(self, most: int) -> list[Problem]:
        """The problems in the order of the file, the first of a flood."""
        return sorted(self.problems, key=lambda problem: (problem.line, problem.column))[:most]

    def read(
        self,
        text: str | bytes,
        *,
        expected: str,
        called: str = "such a file",
        most_bytes: int = 200_000,
        deepest: int = 30,
        largest: int = LARGEST,
    ) -> dict[str, Any] | None:
        """The mapping that the file holds; None, with the problem said, where it cannot be read at all.

        ``expected`` says what a mapping was to hold. Keys that stand twice, values that cannot be read and
        numbers beyond ``largest`` are problems of their own, and their values are None.
        """
        if len(text) > most_bytes:
            self.say(f"found {len(text)} bytes, {called} has at most {most_bytes}", place=(1, 1))
            return None
        try:
            root = yaml.compose(
                text.decode() if isinstance(text, bytes) else text,
                Loader=lambda stream: _Loader(stream, deepest),  # type: ignore[arg-type]
            )
        except UnicodeDecodeError as problem:
            self.say(f"byte {problem.start} is not UTF-8", place=(1, 1), hint="save the file as UTF-8")
            return None
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark
            said = str(problem.problem)
            self.say(
                said if isinstance(problem, _Refused) else f"not YAML: {said}",
                place=(mark.line + 1, mark.column + 1) if mark else (1, 1),
            )
            return None
        except YAML_FAULTS as problem:
            self.say(f"not YAML: {(str(problem).splitlines() or ['?'])[0]}", place=(1, 1))
            return None
        if not isinstance(root, yaml.MappingNode):
            self.say(expected, place=(1, 1))
            return None
        found: dict[str, Any] = self._plain(root, (), largest)
        return found

    def _plain(self, node: yaml.Node, path: Path, largest: int) -> Any:
        place = self.places[path] = _start(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*path, number), largest) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, largest)
        try:
            value = yaml.SafeLoader("").construct_object(node)
        except YAML_FAULTS as problem:
            why = getattr(problem, "problem", "") or f"`{node.value}` is no {node.tag.rpartition(':')[2]}"
            self.say(f"cannot read this value: {why}", place=place)
            return None
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) > largest:
            self.say("no number here has that many digits", place=place)
            return None
        return value if isinstance(value, str | int | float | bool | type(None)) else str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path, largest: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.say("a key is a word, found a list or a mapping", place=_start(key_node))
                continue
            key = str(key_node.value)
            if key in found:
                self.say(f"`{key}` stands twice", hint="keep one of them", place=_start(key_node))
            found[key] = self._plain(value_node, (*path, key), largest)
            # A problem about an entry is shown at its key, which is what the reader looks for.
            self.places[*path, key] = _start(key_node)
        return found


def fit(message: str, most: int = LONGEST_MESSAGE) -> str:
    """One line of printable text, whatever of a file is repeated in it."""
    shown = message if len(message) <= most else message[: most - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in shown)


def _start(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def near(word: str, known: Iterable[str]) -> str:
    """A hint beside an unknown word: `did you mean …?`, else what is known; empty where nothing is."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(names)}" if names else ""
