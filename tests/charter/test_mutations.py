"""Whatever is done to a charter: it is read, or every problem has a place. Nothing else ever comes out."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.charter.texts import EXAMPLE

from roadworthy.charter import Charter, read
from roadworthy.errors import InputProblem, Problem

PLAIN: dict[str, Any] = yaml.safe_load(EXAMPLE)
LINES = EXAMPLE.splitlines(keepends=True)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["support", "crm", "4h", "1 EUR", "-0.1 EUR", "any", "automatic", "<<", "yes", "0o7", "1:30"]
    ),
    st.dates(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PIECES = ["&a ", "*a", "!!python/object:os.system ", "!!int ", "!!binary ", "!!bool ", "!!timestamp ", "? ", "- ", ": ", "{", "}", "[", "]", "\t", "\x00",
          "\ufeff", "---\n", "...\n", "%YAML 1.1\n", "| ", ">", '"', "'", "#", "\n", "  ", "\u2028", "\U0001f600", "\udc80", "@", "`"]  # fmt: skip


def found_wrong(text: str | bytes) -> tuple[Problem, ...]:
    """The problems of a text, each with a place; none if it is a charter."""
    try:
        charter = read(text, file="charter.yaml")
    except InputProblem as refused:
        found, code = refused.problems, refused.code
    else:
        assert isinstance(charter, Charter)
        return ()
    assert code in {"RW-CHARTER-001", "RW-CHARTER-002"}
    for problem in found:
        assert problem.place == "charter.yaml"
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert problem.message.isprintable()
        assert len(problem.message) <= 300
    return found


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, child in children:
        found += places(child, (*path, name))
    return found


PLACES = places(PLAIN)


def with_change(path: tuple[str | int, ...], change: object) -> Any:
    """A copy of the example with something else at a place. ``...`` takes the place out."""
    top, *rest = path

    def copy(value: Any, left: list[str | int]) -> Any:
        if not left:
            return change
        here, *further = left
        if isinstance(value, list):
            return [copy(item, further) if number == here else item for number, item in enumerate(value)]
        return {
            name: copy(item, further) if name == here else item
            for name, item in value.items()
            if not (name == here and not further and change is ...)
        }

    return copy(PLAIN, [top, *rest])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_other_values_at_any_place(changes: list[tuple[tuple[str | int, ...], object]]) -> None:
    text = yaml.safe_dump(with_change(*changes[0]), allow_unicode=True, sort_keys=False)
    found_wrong(text)


@pytest.mark.parametrize(
    "path",
    [path for path in PLACES if not isinstance(path[-1], int)],
    ids=lambda path: ".".join(map(str, path)),
)
def test_without_any_one_field_it_is_read_or_the_field_is_named(path: tuple[str | int, ...]) -> None:
    text = yaml.safe_dump(with_change(path, ...), sort_keys=False)
    found = found_wrong(text)
    name = str(path[-1]).removesuffix("s")
    assert not found or any(name in problem.message for problem in found)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(EXAMPLE)), st.sampled_from(PIECES)), min_size=1, max_size=4))
def test_other_characters_at_any_place(changes: list[tuple[int, str]]) -> None:
    text = EXAMPLE
    for at, piece in changes:
        text = text[:at] + piece + text[at:]
    found_wrong(text)


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(len(LINES))), st.integers(1, len(LINES)))
def test_lines_lost_and_shuffled(order: list[int], kept: int) -> None:
    found_wrong("".join(LINES[number] for number in order[:kept]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(EXAMPLE)), st.integers(0, 40), st.binary(max_size=8))
def test_other_bytes_at_any_place(at: int, gone: int, instead: bytes) -> None:
    content = EXAMPLE.encode()
    found_wrong(content[:at] + instead + content[at + gone :])
