"""Characters that people do not see: taken out of a text, and told where they carry something."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_TAGS = re.compile("[\U000e0000-\U000e007f]+")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
"""England, Scotland and Wales have flags that are spelt in tag characters (Unicode TR 51)."""
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")
_OVERRIDES = re.compile("[\u202a\u202b\u202d\u202e]")
_RUNS = re.compile("[\u200b-\u200d\u2060-\u2064\u180e\ufeff\u034f\u115f\u1160\u3164\uffa0]{4,}")
_NOTHING = re.compile("[\u200b\u2060-\u2064\u180e\ufeff\u034f\u00ad]")
"""Seen by nobody and needed by no script: ends of words for a line break, and byte order marks."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")


class Seen(NamedTuple):
    """A text as people see it. ``hidden``: one sentence for each way in which something was hidden in it.
    ``broken``: characters that no text has, such as NUL."""

    text: str
    hidden: tuple[str, ...]
    broken: int


def seen(text: str) -> Seen:
    """The text without what people do not see. Scripts that need joiners and marks of direction keep them.

    Edge: overrides of direction are taken out, since they show letters in another order than a model reads.
    """
    if text.isascii() and text.isprintable():
        return Seen(text, (), 0)
    hidden: list[str] = []
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").replace("\u2028", "\n")
    # A pair of halves is a letter, as JSON and UTF-16 write it; a half alone is none.
    if _SURROGATES.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text, broken = _CONTROLS.subn("", text)
    text = _flags_kept(text, lambda part: _tags(part, hidden))
    text = _without(text, _SELECTORS, "a run of variation selectors, which can carry a text", hidden)
    text = _without(text, _RUNS, "a run of characters without width, which can carry a text", hidden)
    text = _without(text, _OVERRIDES, "marks that turn the direction of letters", hidden)
    return Seen(_NOTHING.sub("", text), tuple(hidden), broken)


def _flags_kept(text: str, change: Callable[[str], str]) -> str:
    parts, at = [], 0
    for flag in _FLAG.finditer(text):
        parts += [change(text[at : flag.start()]), flag.group()]
        at = flag.end()
    return "".join([*parts, change(text[at:])])


def _tags(text: str, hidden: list[str]) -> str:
    found = _TAGS.findall(text)
    if not found:
        return text
    spelt = "".join(chr(ord(letter) - 0xE0000) for letter in "".join(found))
    hidden.append(f"tag characters that spell `{''.join(filter(str.isprintable, spelt))[:150]}`")
    return _TAGS.sub("", text)


def _without(text: str, what: re.Pattern[str], called: str, hidden: list[str]) -> str:
    bare, times = what.subn("", text)
    if times:
        hidden.append(called)
    return bare
