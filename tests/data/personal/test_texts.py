"""Texts as people and programs write them, with what has to be found in them and what must not be."""

import re
from pathlib import Path

import pytest

from roadworthy.data.personal import Classifier, PersonalClass

LINES = [
    line
    for line in Path(__file__).with_name("texts.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
CLASSIFIER = Classifier()


def parsed(line: str) -> tuple[str, list[tuple[int, int, PersonalClass]]]:
    """The text without its marks, and where each mark stood."""
    line = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), line).replace("\\n", "\n")
    text, marks, last = "", [], 0
    for found in re.finditer(r"«(\w+)\|([^»]*)»", line):
        text += line[last : found.start()]
        marks.append((len(text), len(text) + len(found[2]), PersonalClass(found[1])))
        text += found[2]
        last = found.end()
    return text + line[last:], marks


@pytest.mark.parametrize("line", LINES)
def test_exactly_what_is_marked_is_found(line: str) -> None:
    text, marks = parsed(line)
    found = [(span.start, span.end, span.cls) for span in CLASSIFIER.spans(text)]
    assert found == marks
