"""The example's charter as text, and what reading a changed one says."""

from importlib import resources

import pytest

from roadworthy.charter import Charter, read
from roadworthy.errors import InputProblem, Problem

EXAMPLE = (resources.files("roadworthy.example") / "support" / "charter.yaml").read_text(encoding="utf-8")


def example() -> Charter:
    return read(EXAMPLE, file="charter.yaml")


def changed(*changes: tuple[str, str]) -> str:
    """The example with pieces of its text replaced; each piece stands in it exactly once."""
    text = EXAMPLE
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def refusal(text: str | bytes) -> InputProblem:
    with pytest.raises(InputProblem) as refused:
        read(text, file="charter.yaml")
    return refused.value


def problems(text: str | bytes) -> tuple[Problem, ...]:
    return refusal(text).problems


def place_of(text: str, piece: str) -> tuple[int, int]:
    """Line and column, from 1, at which a piece that stands in the text once begins."""
    assert text.count(piece) == 1, piece
    before = text[: text.index(piece)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
