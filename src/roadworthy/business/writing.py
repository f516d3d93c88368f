"""An assessment as the text of its file: the blank form with its help, and the answers in their places."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from typing import Any

from roadworthy.business.questions import BY_ID
from roadworthy.business.reading import blank

_INDENT = "    "
_PLAIN = frozenset(string.ascii_letters + string.digits + " -._")
_OTHERWISE = frozenset(("yes", "no", "on", "off", "true", "false", "null", "none", "y", "n"))
"""Words that YAML, or the reader of assessments, takes for something else than a text."""


def with_answers(idea: str, title: str, answers: Mapping[str, Mapping[str, Any]]) -> str:
    """The blank form with answers filled in; reads back to the same answers.

    A value stands as JSON, which is YAML too: no text of an answer can become anything else in the file.
    """
    lines, question = [], ""
    for line in blank(idea).splitlines():
        name, colon, rest = line.strip().partition(":")
        if line.startswith("title:"):
            lines.append(f"title: {value_text(title)}")
        elif colon and line.startswith("  ") and line[2:3] not in (" ", "#") and name in BY_ID:
            question = name
            lines.append(line)
        elif colon and question and line.startswith(_INDENT) and line[4:5] not in (" ", "#"):
            told = answers.get(question, {}).get(name)
            shown = "" if told is None or told == "" else f" {value_text(told)}"
            lines.append(f"{_INDENT}{name}:{shown}{rest}")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def value_text(value: Any) -> str:
    """A value on one line: plain where it is a figure or a simple text, quoted where it might be read otherwise."""
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {value_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_text(each) for each in value) + "]"
    return str(value)


def _is_plain(text: str) -> bool:
    """Would YAML read exactly this text? Only letters, figures, and single signs between them."""
    if text.lower() in _OTHERWISE or text != " ".join(text.split()) or not text[:1].isalnum():
        return False
    # Every number and every day begins with a figure and holds no space.
    return all(one in _PLAIN for one in text) and (text[0].isalpha() or " " in text)
