"""What graders read: a part of the answer, a part of what is expected, and whether two values are the same."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, NewType

from pydantic import BaseModel, ConfigDict, Field

from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.strict import MAX_DEPTH, depth, shown
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript

LONGEST_TEXT = 1_000_000
"""Characters of an answer that are looked at; a longer one is ungraded, never half read."""

MOST_MARKS = 30
"""Combining characters one after another (UAX #15, 13: stream-safe). Sorting a run takes time by its square,
and no language writes so many."""
_FIRST_MARK = "\u0300"
_INTO_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")  # no marks themselves: normalised they are

Folded = NewType("Folded", str)


class Options(BaseModel):
    """What a kind of grader can be told. Unknown options and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Compared(Options):
    """Options of every kind that holds one part of the answer against one part of what is expected."""

    field: str = Field(
        default="", description="part of the answer: `reply.lines.0`, or a JSON Pointer `/reply/lines/0`"
    )
    expected_field: str = Field(default="", description="part of what is expected, written the same way")


class NoValue(Exception):
    """There is nothing to look at; carries the grade that says so."""

    def __init__(self, grade: Grade) -> None:
        super().__init__(grade.reason)
        self.grade = grade


class Unreadable(Exception):
    """A text that is not looked at; carries the reason. The answer is ungraded."""


_NOTHING = object()


def at(value: object, path: str) -> object:
    """The part of a JSON value that a path leads to, or ``_NOTHING``."""
    if not path:
        return value
    if path.startswith("/"):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    else:
        parts = path.split(".")
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif (
            isinstance(value, list | tuple)
            and part.isdecimal()
            and len(part) < 10
            and int(part) < len(value)
        ):
            value = value[int(part)]
        else:
            return _NOTHING
    return value


def answered(grader: Grader, transcript: Transcript, path: str) -> Any:
    """The part of the answer that is graded. Errors: ``NoValue``, graded 0, where it has no such part."""
    value = at(transcript.output, path)
    if value is _NOTHING:
        raise NoValue(Grade.of(grader, 0.0, f"the answer has no `{path}`"))
    if depth(value) > MAX_DEPTH:
        raise NoValue(Grade.ungraded(grader, f"the answer is nested deeper than {MAX_DEPTH}"))
    return value


def expected(grader: Grader, test: Test, path: str = "") -> Any:
    """What is expected. Errors: ``NoValue``, ungraded, where the test does not say."""
    if test.expected is None:
        raise NoValue(Grade.ungraded(grader, "the test does not say what is expected"))
    value = at(test.expected, path)
    if value is _NOTHING:
        raise NoValue(Grade.ungraded(grader, f"what the test expects has no `{path}`"))
    return value


def alternatives(value: object) -> list[Any]:
    """``{"any_of": […]}`` stands for several right answers."""
    if (
        isinstance(value, Mapping)
        and set(value) == {"any_of"}
        and isinstance(value["any_of"], list | tuple)
    ):
        return list(value["any_of"])
    return [value]


def accepted(grader: Grader, test: Test, path: str = "") -> list[Any]:
    """Every answer the test accepts. Errors: ``NoValue``, ungraded, where there is none."""
    found = alternatives(expected(grader, test, path))
    if not found:
        raise NoValue(Grade.ungraded(grader, "the test accepts no answer: its `any_of` is empty"))
    return found


def as_text(grader: Grader, value: object) -> str:
    """A text as it is, anything else as compact JSON. Errors: ``NoValue`` where it is too long to read."""
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    if len(text) > LONGEST_TEXT:
        raise NoValue(
            Grade.ungraded(grader, f"the answer has {len(text)} characters, {LONGEST_TEXT} can be graded")
        )
    return text


def stream_safe(text: str) -> str:
    """The same text, fit for Unicode normalisation. Errors: ``Unreadable`` for a run of too many marks."""
    # Most texts have none: found without looking at each letter.
    if text.isascii() or max(text) < _FIRST_MARK:
        return text
    run = 0
    for letter in text:
        run = run + 1 if unicodedata.combining(letter) or letter in _INTO_MARKS else 0
        if run > MOST_MARKS:
            raise Unreadable(f"a text has more than {MOST_MARKS} combining characters one after another")
    return text


def folded(text: str, *, ignore_case: bool, ignore_space: bool) -> Folded:
    """The text as it is compared: composed (Unicode NFC), and without what is to be ignored.

    Errors: ``Unreadable`` as ``stream_safe``.
    """
    text = unicodedata.normalize("NFC", stream_safe(text))
    if ignore_case:
        # Folding can decompose: compose again, so that equal texts stay equal.
        text = unicodedata.normalize("NFC", text.casefold())
    if ignore_space:
        text = " ".join(text.split())
    return Folded(text)


def same(one: object, other: object, *, ignore_case: bool = False, ignore_space: bool = False) -> bool:
    """Are two JSON values equal? 1 and 1.0 are, true and 1 are not; no order among the keys of an object."""
    if isinstance(one, str) and isinstance(other, str):
        return folded(one, ignore_case=ignore_case, ignore_space=ignore_space) == folded(
            other, ignore_case=ignore_case, ignore_space=ignore_space
        )
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return set(one) == set(other) and all(
            same(one[key], other[key], ignore_case=ignore_case, ignore_space=ignore_space) for key in one
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(
            same(left, right, ignore_case=ignore_case, ignore_space=ignore_space)
            for left, right in zip(one, other, strict=True)
        )
    return False


def includes(whole: object, part: object) -> bool:
    """Has ``whole`` everything that ``part`` names? Objects may have more keys; lists and values are equal."""
    if isinstance(whole, Mapping) and isinstance(part, Mapping):
        return all(key in whole and includes(whole[key], part[key]) for key in part)
    return same(whole, part)


def kind_of(value: object) -> str:
    """What a JSON value is, in a word for people."""
    if isinstance(value, str):
        return "the text"
    if isinstance(value, bool):
        return "the value"
    if isinstance(value, int | float):
        return "the number"
    if value is None:
        return "nothing:"
    return "the list" if isinstance(value, list | tuple) else "the object"


def quoted(value: object) -> str:
    """A value as it stands in a reason."""
    return f"`{shown(value)}`"
