"""From the text of a charter to a typed value, with every problem at its line and column."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from roadworthy.charter.model import LOOSE_END, Charter, Path, loose_ends
from roadworthy.errors import InputProblem, Problem

MAX_BYTES = 200_000
"""A long charter has ten thousand; reading this many takes two seconds."""
_MAX_DEPTH = 30

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


def read(text: str | bytes, *, file: str) -> Charter:
    """Parse and validate. ``file`` is only named in problems.

    Errors: ``InputProblem`` RW-CHARTER-001 (no YAML mapping) or RW-CHARTER-002 (wrong content),
    carrying all problems at once, each with line and column.
    """
    if len(text) > MAX_BYTES:
        raise _unreadable(file, f"found {len(text)} bytes, a charter has at most {MAX_BYTES}")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as problem:
            raise _unreadable(
                file, f"byte {problem.start} is not UTF-8", hint="save the file as UTF-8"
            ) from None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = str(problem.problem) if isinstance(problem, _Refused) else f"not YAML: {problem.problem}"
        raise InputProblem("RW-CHARTER-001", Problem(said, file, line, column)) from None
    except yaml.YAMLError as problem:
        raise _unreadable(file, f"not YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(root, yaml.MappingNode):
        raise _unreadable(file, "expected a mapping with `use_case`, `title` and so on")
    places: dict[Path, Place] = {}
    problems: list[Problem] = []
    data = _plain(root, (), places, problems, file)
    loose = [
        Problem(f"`{_name(path)}`: {what}", file, *_nearest(path, places))
        for path, what in loose_ends(data)
    ]
    problems += loose
    charter: Charter | None = None
    try:
        charter = Charter.model_validate(data)
    except ValidationError as invalid:
        problems.extend(
            _problem(dict(error), places, file)
            for error in invalid.errors()
            if not (loose and error["type"] == LOOSE_END)
        )
    if problems or charter is None:
        ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
        raise InputProblem("RW-CHARTER-002", ordered, hint="`roadworthy charter lint` shows them all again")
    return charter


def _unreadable(file: str, message: str, *, hint: str = "") -> InputProblem:
    return InputProblem("RW-CHARTER-001", Problem(message, place=file, line=1, column=1, hint=hint))


def _plain(
    node: yaml.Node, path: Path, places: dict[Path, Place], problems: list[Problem], file: str
) -> Any:
    """Plain values of a node, remembering where each path stands. Doubled keys are problems."""
    places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(Problem("a key is a word, found a list or a mapping", file, *place))
                continue
            key = str(key_node.value)
            if key in result:
                problems.append(Problem(f"`{key}` stands twice", file, *place, hint="keep one of them"))
            result[key] = _plain(value_node, (*path, key), places, problems, file)
            # A problem about an entry is shown at its key, which is what the reader looks for.
            places[*path, key] = place
        return result
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(item, (*path, number), places, problems, file) for number, item in enumerate(node.value)
        ]
    try:
        value = yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as problem:
        why = getattr(problem, "problem", "") or problem
        problems.append(Problem(f"cannot read this value: {why}", file, *places[path]))
        return None
    return value if isinstance(value, str | int | float | bool | type(None)) else str(node.value)


def _problem(error: Mapping[str, Any], places: Mapping[Path, Place], file: str) -> Problem:
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    line, column = _nearest(path, places)
    name = _name(path)
    kind = error["type"]
    if kind == "extra_forbidden":
        return Problem(f"unknown field `{name}`", file, line, column, _did_you_mean(path))
    if kind == "missing":
        return Problem(f"`{name}` is missing", file, line, column)
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    found = error.get("input")
    shown = f", found `{str(found)[:60]}`" if isinstance(found, str | int | float | bool) else ""
    return Problem(f"`{name}`: {message}{shown}", file, line, column)


def _name(path: Path) -> str:
    return ".".join(str(part) for part in path) or "charter"


def _nearest(path: Path, places: Mapping[Path, Place]) -> Place:
    while path and path not in places:
        path = path[:-1]
    return places.get(path, (1, 1))


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
