"""YAML as plain values with their places, and back. Guarded against texts that are made to hurt.

Plain words are read by YAML 1.2: ``NO`` is Norway and ``1:30`` a text. Only ``true`` and ``false`` are
truth values, dates stay texts. What is written reads the same by YAML 1.1 and 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from roadworthy.data.contract import Contract
from roadworthy.errors import InputProblem, Problem

MAX_BYTES = 8_000_000
MOST_NODES = 400_000
"""Values of a file, each counted as often as an alias repeats it."""
MOST_DEPTH = 60
_LONGEST_MESSAGE = 300

Path = tuple[str | int, ...]
Place = tuple[int, int]

# The C parser is twenty times faster; PyYAML without it lacks nothing else.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVED = (
    ("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    (
        "tag:yaml.org,2002:int",
        re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
        list("-+0123456789"),
    ),
    (
        "tag:yaml.org,2002:float",
        re.compile(
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        list("-+.0123456789"),
    ),
    ("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"]),
)


class _Loader(_PARSER):  # type: ignore[misc]
    """Nodes only: nothing is ever built from a tag."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


class _Dumper(yaml.SafeDumper):
    """Quotes whatever either version of YAML would take for something else than a text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: list(pairs) for first, pairs in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        """Repeat what an alias stood for, rather than pointing at it."""
        return True


for _tag, _pattern, _first in _RESOLVED:
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)


def _text_node(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # Line breaks of other alphabets and the like are folded to a blank unless they are escaped.
    style = None if value.isprintable() else '"'
    # A query of several lines stays readable.
    lines = value.split("\n")
    if len(lines) > 1 and all(line.isprintable() and line == line.rstrip() for line in lines):
        style = "|" if value == value.lstrip() else style
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text_node)


def write(contract: Contract) -> str:
    """The contract as a file: everything of its document, in its order. Comments of a file read before are gone."""
    text: str = yaml.dump(
        _built_in(contract.document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text


def _built_in(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _built_in(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_built_in(item) for item in value]
    return value


class Report:
    """The problems of one file, each at its place and fit to be shown."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.places: dict[Path, Place] = {}

    def add(self, message: str, place: Place, hint: str = "") -> None:
        """One more problem, at line and column."""
        self.problems.append(Problem(fit(message), self.file, *place, hint=fit(hint)))

    def at(self, path: Path, message: str, hint: str = "") -> None:
        """One more problem, where the path stands."""
        self.add(message, self.nearest(path), hint)

    def nearest(self, path: Path) -> Place:
        """Where a path stands, or the part of it that exists."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def fit(message: str) -> str:
    """One line of printable text, whatever of the file is repeated in it."""
    shown = message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…"
    return "".join(letter if letter.isprintable() else "�" for letter in shown)


def parse(text: str | bytes, report: Report) -> dict[str, Any]:
    """The mapping a file holds; values that cannot be read become problems of the report.

    Errors: ``InputProblem`` RW-DATA-201 for what is no YAML mapping, too long or made to hurt.
    """
    whole = _decoded(text, report.file)
    try:
        _guard(whole, report.file)
        root = yaml.compose(whole, Loader=_Loader)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise unreadable(report.file, f"not YAML: {problem.problem}", place) from None
    except yaml.YAMLError as problem:
        raise unreadable(report.file, f"not YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(root, yaml.MappingNode):
        raise unreadable(report.file, "expected a mapping with `apiVersion`, `kind`, `id` and so on")
    plain: dict[str, Any] = _Plain(report).of(root, ())
    return plain


def unreadable(file: str, message: str, place: Place = (1, 1), hint: str = "") -> InputProblem:
    """The file as a whole is none that could be a contract."""
    return InputProblem("RW-DATA-201", Problem(fit(message), file, *place, hint=hint))


def _decoded(text: str | bytes, file: str) -> str:
    if len(text) > MAX_BYTES:
        raise unreadable(file, f"found {len(text)} bytes, a contract has at most {MAX_BYTES}")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            told = f"byte {problem.start} is not UTF-8"
            raise unreadable(file, told, hint="save the file as UTF-8") from None
    # A lone surrogate is no character, and no database takes it.
    if bad := re.search(r"[\ud800-\udfff]", text):
        raise unreadable(file, f"character {bad.start()} is half of a character")
    return text


def _guard(text: str, file: str) -> None:
    """Depth and number of values, found before anything is built: building recurses, parsing does not."""
    depth = documents = 0
    for nodes, event in enumerate(_events(text)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if depth > MOST_DEPTH:
            raise unreadable(file, f"nested deeper than {MOST_DEPTH}", place)
        if nodes > MOST_NODES * 2:
            raise unreadable(file, f"more than {MOST_NODES} values", place)
        if documents > 1:
            raise unreadable(file, "a second document begins here, expected one contract a file", place)


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_PARSER)


class _Plain:
    """Plain values of nodes, remembering where each path stands. Doubled keys are problems."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._nodes = 0

    def of(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        start = _start(node)
        # An alias may stand for itself, or for gigabytes.
        if len(path) > MOST_DEPTH:
            raise unreadable(self._report.file, f"nested deeper than {MOST_DEPTH}", start)
        if self._nodes > MOST_NODES:
            raise unreadable(self._report.file, f"more than {MOST_NODES} values with all aliases", start)
        self._report.places[path] = start
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._scalar(node, start)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._report.add("a key is a word, found a list or a mapping", _start(key_node))
                continue
            if key_node.tag == "tag:yaml.org,2002:merge":
                several = isinstance(value_node, yaml.SequenceNode)
                for one in value_node.value if several else [value_node]:
                    inherited = self.of(one, path)
                    if not isinstance(inherited, dict):
                        self._report.add("`<<` takes a mapping or a list of them", _start(value_node))
                        continue
                    merged = {**inherited, **merged}
                continue
            key = str(key_node.value)
            if key in result:
                self._report.add(f"`{key}` stands twice", _start(key_node), hint="keep one of them")
            if not _encodes(key):
                self._report.add("half of a character stands in this key", _start(key_node))
            result[key] = self.of(value_node, (*path, key))
            # A problem about an entry is shown at its key, which is what the reader looks for.
            self._report.places[*path, key] = _start(key_node)
        return {**merged, **result}

    def _scalar(self, node: yaml.Node, start: Place) -> Any:
        text, kind = str(node.value), node.tag.rpartition(":")[2]
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return {"true": True, "false": False}[text.lower()]
            if kind == "int":
                return _whole(text)
            if kind == "float":
                return float(text.replace(".inf", "inf").replace(".nan", "nan") if len(text) < 6 else text)
        except (ValueError, KeyError):
            self._report.add(f"`{text[:60]}` is no {kind} that a contract could hold", start)
            return None
        if kind not in ("str", "timestamp"):
            self._report.add(f"the tag `{node.tag}` is not read, expected a plain value", start)
            return None
        if not _encodes(text):
            self._report.add("half of a character stands in this text", start)
            return None
        return text


def _whole(text: str) -> int:
    if len(text) > 80:
        raise ValueError("no number of a contract has that many digits")
    bare = text.lstrip("+-")
    base = {"0o": 8, "0x": 16}.get(bare[:2], 10)
    return int(text, base)


def _encodes(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _start(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
