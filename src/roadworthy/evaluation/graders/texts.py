"""Graders that read an answer as text or as a JSON value: equal, containing, matching, as long as allowed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from roadworthy.errors import Unavailable
from roadworthy.evaluation.grade import Grade, Grader
from roadworthy.evaluation.graders.reading import (
    Compared,
    Options,
    accepted,
    alternatives,
    answered,
    as_text,
    expected,
    folded,
    kind_of,
    quoted,
    same,
)
from roadworthy.evaluation.suite import Test
from roadworthy.evaluation.transcript import Transcript


class Exact(Compared):
    """Options of `exact`."""

    ignore_case: bool = Field(default=False, description="`Refund` and `refund` are the same")
    ignore_space: bool = Field(
        default=False, description="runs of white space count as one space, none at the ends"
    )


def exact(options: Exact, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Is the answer what is expected: the same text (Unicode NFC) or the same JSON value?

    Several right answers: ``{"any_of": […]}``.
    """
    wanted = accepted(grader, test, options.expected_field)
    found = answered(grader, transcript, options.field)
    for one in wanted:
        if same(found, one, ignore_case=options.ignore_case, ignore_space=options.ignore_space):
            return Grade.of(grader, 1.0, f"is {quoted(one)}")
    told = " or ".join(quoted(one) for one in wanted[:3]) + (" or another" if len(wanted) > 3 else "")
    only = wanted[0] if len(wanted) == 1 else found
    if kind_of(only) != kind_of(found):
        return Grade.of(
            grader, 0.0, f"expected {kind_of(only)} {told}, found {kind_of(found)} {quoted(found)}"
        )
    reason = f"expected {told}, found {quoted(found)}"
    if any(same(found, one, ignore_case=True, ignore_space=True) for one in wanted):
        reason += " (the same but for case or white space)"
    return Grade.of(grader, 0.0, reason)


class Contains(Compared):
    """Options of `contains`. Without lists of its own it looks for what the test expects."""

    all_of: list[str] = Field(
        default_factory=list, description="texts that all have to stand in the answer"
    )
    any_of: list[str] = Field(default_factory=list, description="texts of which one has to stand there")
    none_of: list[str] = Field(default_factory=list, description="texts that must not stand there")
    ignore_case: bool = Field(default=False, description="`Refund` and `refund` are the same")
    ignore_space: bool = Field(default=False, description="runs of white space count as one space")

    @model_validator(mode="after")
    def _no_empty_text(self) -> Contains:
        if not all((*self.all_of, *self.any_of, *self.none_of)):
            raise ValueError("an empty text stands in every answer")
        return self


def contains(options: Contains, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Do the texts that are looked for stand in the answer, and none that must not?

    A test may expect one text, a list (all of them) or ``{"any_of": […]}``. The value is 1 or 0.
    """
    all_of, any_of = list(options.all_of), list(options.any_of)
    if not (all_of or any_of or options.none_of) or (options.expected_field and test.expected is not None):
        wanted = expected(grader, test, options.expected_field)
        several = alternatives(wanted)
        if len(several) > 1 or several != [wanted]:
            any_of += several
        else:
            all_of += wanted if isinstance(wanted, list | tuple) else [wanted]
    if not all(isinstance(one, str) and one for one in (*all_of, *any_of)):
        return Grade.ungraded(grader, "what the test expects is no text and no list of texts")
    if not (all_of or any_of or options.none_of):
        return Grade.ungraded(grader, "the test expects an empty list: there is nothing to look for")

    def fold(text: str) -> str:
        return folded(text, ignore_case=options.ignore_case, ignore_space=options.ignore_space)

    text = fold(as_text(grader, answered(grader, transcript, options.field)))
    missing = [one for one in all_of if fold(one) not in text]
    forbidden = [one for one in options.none_of if fold(one) in text]
    told = [f"lacks {quoted(one)}" for one in missing] + [f"has {quoted(one)}" for one in forbidden]
    if any_of and not any(fold(one) in text for one in any_of):
        told.append("lacks each of " + ", ".join(quoted(one) for one in any_of[:5]))
    if told:
        return Grade.of(grader, 0.0, "the answer " + "; ".join(told[:5]))
    return Grade.of(grader, 1.0, "has what it has to and nothing that it must not")


class Regex(Compared):
    """Options of `regex`. Patterns are RE2: no look-around, no back-references, linear time."""

    matches: list[str] = Field(default_factory=list, description="patterns that all have to be found")
    not_matches: list[str] = Field(default_factory=list, description="patterns that must not be found")
    whole: bool = Field(default=False, description="`matches` have to cover the whole answer")
    ignore_case: bool = Field(default=False, description="upper and lower case are the same")

    @field_validator("matches", "not_matches")
    @classmethod
    def _compiles(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            compiled(pattern, ignore_case=False)
        return patterns

    @model_validator(mode="after")
    def _something(self) -> Regex:
        if not (self.matches or self.not_matches):
            raise ValueError("give `matches` or `not_matches`")
        return self


@lru_cache(maxsize=256)
def compiled(pattern: str, *, ignore_case: bool) -> Any:
    """A pattern ready to be used.

    Errors: ``ValueError`` where RE2 does not take it, ``Unavailable`` RW-EVAL-005 where RE2 is not installed.
    """
    try:
        import re2
    except ImportError:
        raise Unavailable(
            "RW-EVAL-005",
            "patterns need the package `google-re2`",
            retry_is_safe=True,
            hint="install Roadworthy again with all it depends on",
        ) from None
    options = re2.Options()
    options.log_errors = False
    options.never_nl = False
    options.dot_nl = False
    options.case_sensitive = not ignore_case
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as problem:
        why = problem.args[0] if problem.args else ""
        said = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        raise ValueError(f"`{pattern[:80]}` is no pattern of RE2: {said[:120]}") from None


def regex(options: Regex, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Are all patterns found in the answer, and none that must not be?"""
    text = as_text(grader, answered(grader, transcript, options.field))
    told = []
    for pattern in options.matches:
        machine = compiled(pattern, ignore_case=options.ignore_case)
        if (machine.fullmatch(text) if options.whole else machine.search(text)) is None:
            told.append(f"does not match {quoted(pattern)}")
    for pattern in options.not_matches:
        found = compiled(pattern, ignore_case=options.ignore_case).search(text)
        if found is not None:
            told.append(f"matches {quoted(pattern)} with {quoted(found.group(0))}")
    if told:
        return Grade.of(grader, 0.0, "the answer " + "; ".join(told[:5]))
    return Grade.of(grader, 1.0, "matches what it has to and nothing that it must not")


class Length(Options):
    """Options of `length`."""

    unit: Literal["characters", "words"] = Field(default="characters", description="what is counted")
    at_least: int = Field(default=0, ge=0, description="fewer are too few; 1 asks for an answer at all")
    at_most: int | None = Field(default=None, ge=0, description="more are too many")
    field: str = Field(default="", description="part of the answer")

    @model_validator(mode="after")
    def _some_bound(self) -> Length:
        if not self.at_least and self.at_most is None:
            raise ValueError("give `at_least` or `at_most`")
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("`at_most` is not less than `at_least`")
        return self


def length(options: Length, grader: Grader, test: Test, transcript: Transcript) -> Grade:
    """Is the answer neither too short nor too long? White space at its ends does not count."""
    text = as_text(grader, answered(grader, transcript, options.field)).strip()
    n = len(text.split()) if options.unit == "words" else len(text)
    if n < options.at_least:
        return Grade.of(grader, 0.0, f"has {n} {options.unit}, expected at least {options.at_least}")
    if options.at_most is not None and n > options.at_most:
        return Grade.of(grader, 0.0, f"has {n} {options.unit}, expected at most {options.at_most}")
    return Grade.of(grader, 1.0, f"has {n} {options.unit}")
