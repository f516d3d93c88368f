"""YAML files as plain values that know where they stand."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.placed import LONGEST_MESSAGE, Page

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.text(st.characters(codec="ascii"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(text: str | bytes, **more: int) -> tuple[object, list[tuple[int, int, str]]]:
    page = Page("file.yaml")
    found = page.read(text, expected="expected a mapping", **more)  # type: ignore[arg-type]
    return found, [(one.line, one.column, one.message) for one in page.problems]


@given(st.dictionaries(st.text("xyz", min_size=1), JSON, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_json_is_read_as_what_it_is(value: dict[str, object]) -> None:
    assert read(json.dumps(value)) == (value, [])


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_whatever_bytes_come_there_are_values_or_problems_and_no_crash(text: bytes) -> None:
    found, problems = read(text)
    assert found is not None or problems


@pytest.mark.parametrize(
    ("text", "said"),
    {
        "an alias": ("a: &x 1\nb: *x\n", (2, 4, "found an alias, expected the value itself")),
        "no mapping": ("- a\n", (1, 1, "expected a mapping")),
        "a key that stands twice": ("a: 1\nb: 2\na: 3\n", (3, 1, "`a` stands twice")),
        "a key that is a list": ("? [a]\n: 1\n", (1, 3, "a key is a word, found a list or a mapping")),
        "a number without end": ("a: " + "9" * 200, (1, 4, "no number here has that many digits")),
        "a value that is none": ("a: !!int x", (1, 4, "cannot read this value: `x` is no int")),
        "bytes that are no text": (b"a: \xff", (1, 1, "byte 3 is not UTF-8")),
    }.values(),
)
def test_what_is_wrong_is_said_where_it_stands(text: str | bytes, said: tuple[int, int, str]) -> None:
    assert read(text)[1][:1] == [said]


def test_depth_and_size_have_an_end() -> None:
    assert read("a: " + "[" * 100 + "]" * 100)[1][0][2] == "nested deeper than 30"
    assert (
        read("a: 1 # " + "x" * 100, most_bytes=50)[1][0][2] == "found 107 bytes, such a file has at most 50"
    )


def test_a_problem_stands_at_its_key_or_at_the_part_of_its_path_that_exists() -> None:
    page = Page("file.yaml")
    page.read("a:\n  b: 1\n", expected="")
    page.say("wrong", ("a", "b"))
    page.say("missing", ("a", "c", 0))
    assert [(one.line, one.column) for one in page.problems] == [(2, 3), (1, 1)]


def test_values_that_were_in_no_file_have_no_line() -> None:
    page = Page("body")
    page.say("wrong", ("a",))
    assert page.problems[0].line == 0


def test_what_a_file_repeats_is_shown_in_one_line() -> None:
    page = Page("file.yaml")
    page.say("x\n\x1b[31m" * 200)
    assert len(page.problems[0].message) == LONGEST_MESSAGE
    assert page.problems[0].message.isprintable()
