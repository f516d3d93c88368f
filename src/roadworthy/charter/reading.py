"""From the text of a charter to a typed value, with every problem at its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from roadworthy.charter.model import LOOSE_END, Charter, Path, loose_ends
from roadworthy.errors import InputProblem, Problem

MAX_BYTES = 200_000
"""A long charter has ten thousand; reading this many takes two seconds."""
MOST_PROBLEMS = 200
LONGEST_MESSAGE = 300
_MAX_DEPTH = 30

YAML_FAULTS = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What the YAML library raises for a faulty text: `!!int x`, `!!bool x` and a date of day 99 escape its own errors."""

Place = tuple[int, int]


class _Refused(yaml.MarkedYAMLError):
    """YAML, but of a kind that a charter does not need and that can be turned against its reader."""


class _Loader(yaml.SafeLoader):
    """No aliases: a few lines of them stand for gigabytes, or for themselves. No depth without end."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise _Refused(problem="found an alias, expected the value itself", problem_mark=mark)
        if self._depth > _MAX_DEPTH:
            raise _Refused(problem=f"nested deeper than {_MAX_DEPTH}", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Report:
    """The problems of one file, each at its place and fit to be shown."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.places: dict[Path, Place] = {}

    def add(self, message: str, place: Place, hint: str = "") -> None:
        self.problems.append(Problem(_fit(message), self.file, *place, hint=hint))

    def nearest(self, path: Path) -> Place:
        """Where a path stands, or the part of it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def read(text: str | bytes, *, file: str) -> Charter:
    """Parse and validate. ``file`` is only named in problems.

    Errors: ``InputProblem`` RW-CHARTER-001 (no YAML mapping) or RW-CHARTER-002 (wrong content),
    carrying all problems at once (the first MOST_PROBLEMS of a flood), each with line and column.
    """
    root = _root(_decoded(text, file), file)
    report = _Report(file)
    data = _plain(root, (), report)
    loose = list(islice(loose_ends(data), MOST_PROBLEMS))
    for path, what in loose:
        report.add(f"`{_name(path)}`: {what}", report.nearest(path))
    charter: Charter | None = None
    try:
        charter = Charter.model_validate(data)
    except ValidationError as invalid:
        # What the model says of loose ends was said above, with a place.
        told = (error for error in invalid.errors() if not (loose and error["type"] == LOOSE_END))
        for error in islice(told, MOST_PROBLEMS):
            _tell(dict(error), report)
    if report.problems or charter is None:
        ordered = sorted(report.problems, key=lambda problem: (problem.line, problem.column))
        raise InputProblem(
            "RW-CHARTER-002", ordered[:MOST_PROBLEMS], hint="`roadworthy charter lint` shows them all again"
        )
    return charter


def _decoded(text: str | bytes, file: str) -> str:
    if len(text) > MAX_BYTES:
        raise _unreadable(file, f"found {len(text)} bytes, a charter has at most {MAX_BYTES}")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise _unreadable(
            file, f"byte {problem.start} is not UTF-8", hint="save the file as UTF-8"
        ) from None


def _root(text: str, file: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = str(problem.problem) if isinstance(problem, _Refused) else f"not YAML: {problem.problem}"
        raise _unreadable(file, said, place) from None
    except yaml.YAMLError as problem:
        raise _unreadable(file, f"not YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(root, yaml.MappingNode):
        raise _unreadable(file, "expected a mapping with `use_case`, `title` and so on")
    return root


def _unreadable(file: str, message: str, place: Place = (1, 1), hint: str = "") -> InputProblem:
    return InputProblem("RW-CHARTER-001", Problem(_fit(message), file, *place, hint=hint))


def _fit(message: str) -> str:
    """One line of printable text, whatever of the file is repeated in it."""
    shown = message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in shown)


def _plain(node: yaml.Node, path: Path, report: _Report) -> Any:
    """Plain values of a node, remembering where each path stands. Doubled keys are problems."""
    report.places[path] = _start(node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, report)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, number), report) for number, item in enumerate(node.value)]
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except YAML_FAULTS as problem:
        why = getattr(problem, "problem", "") or f"`{node.value}` is no {node.tag.rpartition(':')[2]}"
        report.add(f"cannot read this value: {why}", _start(node))
        return None
    if isinstance(value, int) and value.bit_length() > 256:
        report.add("no number of a charter has that many digits", _start(node))
        return None
    return value if isinstance(value, str | int | float | bool | type(None)) else str(node.value)


def _mapping(node: yaml.MappingNode, path: Path, report: _Report) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            report.add("a key is a word, found a list or a mapping", _start(key_node))
            continue
        key = str(key_node.value)
        if key in result:
            report.add(f"`{key}` stands twice", _start(key_node), hint="keep one of them")
        result[key] = _plain(value_node, (*path, key), report)
        # A problem about an entry is shown at its key, which is what the reader looks for.
        report.places[*path, key] = _start(key_node)
    return result


def _start(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _tell(error: Mapping[str, Any], report: _Report) -> None:
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    place, name = report.nearest(path), _name(path)
    if error["type"] == "extra_forbidden":
        report.add(f"unknown field `{name}`", place, hint=_did_you_mean(path))
        return
    if error["type"] == "missing":
        report.add(f"`{name}` is missing", place)
        return
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    found = error.get("input")
    shown = f", found `{str(found)[:60]}`" if isinstance(found, str | int | float | bool) else ""
    report.add(f"`{name}`: {message}{shown}", place)


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path) or "charter"


def _did_you_mean(path: Path) -> str:
    known = list(_fields_at(path[:-1]))
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(known)}" if known else ""


def _fields_at(path: Path) -> Iterable[str]:
    """Field names of the model that a path of a charter leads to."""
    annotation: Any = Charter
    for part in path:
        model = _model_in(annotation)
        if model is None:
            return ()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            if field is None:
                return ()
            annotation = field.annotation
        else:
            annotation = model  # a key of a mapping or an index of a list
    model = _model_in(annotation)
    return model.model_fields if model is not None else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
