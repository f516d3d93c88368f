"""What stands for a hidden value, ``[EMAIL_1_KQXBTZ]``, and how it is found again in whatever a model made of it."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from roadworthy.data.personal.classes import PersonalClass

TAG_LENGTH = 6
# Consonants alone: a tag is no word, and no digit of it can be taken for a part of the number before it.
_TAG_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_BASE = len(_TAG_LETTERS)
_STEPS = tuple(_BASE**place for place in range(TAG_LENGTH))
LITERAL = "TEXT"
"""The kind of what only looks like a stand-in, and is hidden so that it comes back as it was."""
_KINDS = (*(cls.upper() for cls in PersonalClass), LITERAL)
# Longer than the longest form below: what is held back of a stream never exceeds it.
MOST_CHARACTERS = 72

_MOST_BETWEEN = 4
_BETWEEN = rf"[ _\\-]{{1,{_MOST_BETWEEN}}}"
_SEPARATORS = re.compile(r"[ _\\-]+")
_TOO_FAR = re.compile(rf"[ _\\-]{{{_MOST_BETWEEN + 1}}}")
_HEAD = re.compile(
    rf"(?:{'|'.join(kind.replace('_', _BETWEEN) for kind in sorted(_KINDS, key=len, reverse=True))})"
    rf"{_BETWEEN}[0-9]{{1,6}}{_BETWEEN}\Z",
    re.IGNORECASE | re.ASCII,
)
# A bracket as it is, escaped for Markdown, for HTML, for a string of JSON or for a URL.
_OPENINGS = ("&#91;", "&#x5b;", "&lsqb;", "&lbrack;", r"\u005b", r"\\u005b", "%5b")
_CLOSINGS = ("&#93;", "&#x5d;", "&rsqb;", "&rbrack;", r"\u005d", r"\\u005d", "%5d")


def _forms(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in words)


def _beginnings(words: tuple[str, ...]) -> str:
    """What every proper beginning of the words looks like, longest first."""
    starts = {word[:length] for word in words for length in range(1, len(word))}
    return "|".join(re.escape(start) for start in sorted(starts, key=len, reverse=True))


_OPENING = re.compile(rf"(?:(\\{{0,2}})\[|{_forms(_OPENINGS)}) {{0,2}}\Z", re.IGNORECASE | re.ASCII)
_CLOSING = re.compile(rf" {{0,2}}(?:(\\{{0,2}})\]|{_forms(_CLOSINGS)})", re.IGNORECASE | re.ASCII)
_OPENING_SO_FAR = re.compile(
    rf"(?:(?:\\{{0,2}}\[|{_forms(_OPENINGS)}) {{0,2}}|\\{{1,2}}|{_beginnings(_OPENINGS)})\Z",
    re.IGNORECASE | re.ASCII,
)
_CLOSING_SO_FAR = re.compile(rf" {{0,2}}(?:\\{{1,2}}|{_beginnings(_CLOSINGS)})?", re.IGNORECASE | re.ASCII)
_LONGEST_OPENING = 12
_MAY_OPEN = re.compile(r"[\[\\&%]")
_SMALL = {ord(char): char.lower() for char in string.ascii_uppercase}


class Found(NamedTuple):
    """Characters ``start`` to ``end`` stand for ``value``."""

    start: int
    end: int
    value: str


@lru_cache(maxsize=4_096)
def tag_of(secret: bytes) -> str:
    """Six letters that only this secret gives: they tell the stand-ins of one disguise from every other's.

    Units:   one of 64 million tags; a hash (RFC 7693), so that nobody learns the secret from them.
    """
    digest = hashlib.blake2b(secret, digest_size=8, person=b"rw stand-ins").digest()
    number = int.from_bytes(digest, "big")
    return "".join([_TAG_LETTERS[number // step % _BASE] for step in _STEPS])


def small(text: str) -> str:
    """The text in small letters, every character at its place."""
    lowered = text.lower()
    # One capital of Turkish becomes two characters; then only plain letters are changed.
    return lowered if len(lowered) == len(text) else text.translate(_SMALL)


class Reader:
    """Finds the stand-ins of one tag. ``table`` knows each without its brackets; it may grow meanwhile."""

    def __init__(self, tag: str, table: Mapping[str, str]) -> None:
        self.tag = tag.lower()
        self._table = table
        # Of the stand-ins seen so far, for streams alone: kinds, their first words and beginnings of those.
        self._seen = 0
        self._kinds: frozenset[str] = frozenset()
        self._words: frozenset[str] = frozenset()
        self._beginnings: tuple[str, ...] = ()

    def _learn(self) -> None:
        kinds = frozenset(name.rsplit("_", 2)[0].lower() for name in self._table)
        self._seen = len(self._table)
        if kinds != self._kinds:
            self._kinds = kinds
            self._words = frozenset(kind.partition("_")[0] for kind in kinds)
            self._beginnings = tuple(
                {word[:length] for word in self._words for length in range(1, len(word))}
            )

    def find(self, text: str, begin: int = 0) -> Iterator[Found]:
        """The stand-ins in a text from ``begin`` on, in order.

        Edge:    exactly as handed out, or, where the tag leaves no doubt, in other case, with blanks or
                 backslashes between its parts, with escaped brackets or with none.
        """
        if not self._table:
            return
        lowered = small(text)
        last = begin
        at = lowered.find(self.tag, begin)
        while at >= 0:
            found = self._exact(text, last, at) or self._loose(text, last, at)
            if found is None:
                at = lowered.find(self.tag, at + 1)
                continue
            yield found
            last = found.end
            at = lowered.find(self.tag, last)

    def _exact(self, text: str, last: int, at: int) -> Found | None:
        end = at + TAG_LENGTH
        if text[end : end + 1] != "]":
            return None
        opening = text.rfind("[", max(last, at - MOST_CHARACTERS), at)
        value = self._table.get(text[opening + 1 : end]) if opening >= 0 else None
        return None if value is None else Found(opening, end + 1, value)

    def _loose(self, text: str, last: int, at: int) -> Found | None:
        head = _HEAD.search(text, max(last, at - MOST_CHARACTERS), at)
        if head is None:
            return None
        start, end = head.start(), at + TAG_LENGTH
        value = self._table.get(_SEPARATORS.sub("_", text[start:end].upper()))
        if value is None:
            return None
        opening = _OPENING.search(text, max(last, start - _LONGEST_OPENING), start)
        closing = _CLOSING.match(text, end)
        if opening is not None and closing is not None:
            # A backslash before one bracket alone escapes nothing of ours.
            kept = len(opening[1] or "") if closing[1] == "" else 0
            return Found(opening.start() + kept, closing.end(), value)
        if _is_of_a_word(text[start - 1 : start]) or _is_of_a_word(text[end : end + 1]):
            return None
        return Found(start, end, value)

    def undecided(self, text: str, begin: int) -> int:
        """From where on a text may be the beginning of a stand-in that later characters complete.

        Edge:    the length of the text where nothing of it may; never more than ``MOST_CHARACTERS`` before.
        """
        if self._seen != len(self._table):
            self._learn()
        size = len(text)
        floor = max(begin, size - MOST_CHARACTERS)
        held = size
        if _MAY_OPEN.search(text, max(floor, size - _LONGEST_OPENING)) is not None:
            opening = _OPENING_SO_FAR.search(text, max(floor, size - _LONGEST_OPENING))
            held = size if opening is None else opening.start()
        tail = small(text[floor:])
        for word in self._words:
            at = tail.find(word)
            while at >= 0:
                if self._may_go_on(tail[at:]):
                    held = min(held, self._with_opening(text, floor, floor + at))
                at = tail.find(word, at + 1)
        if tail.endswith(self._beginnings):
            for start in self._beginnings:
                if tail.endswith(start):
                    held = min(held, self._with_opening(text, floor, size - len(start)))
        return held

    def _may_go_on(self, rest: str) -> bool:
        """Whether some continuation makes a stand-in of small letters that begin with a kind's first word."""
        at = rest.find(self.tag)
        if at >= 0:
            return _CLOSING_SO_FAR.fullmatch(rest, at + TAG_LENGTH) is not None
        if _TOO_FAR.search(rest) is not None:
            return False
        shape = _SEPARATORS.sub("_", rest)
        for kind in self._kinds:
            if kind.startswith(shape):
                return True
            if shape.startswith(kind) and shape[len(kind)] == "_":
                digits, parted, letters = shape[len(kind) + 1 :].partition("_")
                if self.tag.startswith(letters) and (digits.isdigit() or not (digits or parted)):
                    return True
        return False

    def _with_opening(self, text: str, floor: int, start: int) -> int:
        """Where a stand-in begins whose kind begins at ``start``; the text's length where none can."""
        opening = _OPENING.search(text, max(floor, start - _LONGEST_OPENING), start)
        if opening is not None:
            return opening.start()
        return len(text) if _is_of_a_word(text[start - 1 : start]) else start


def _is_of_a_word(char: str) -> bool:
    return char.isalnum() or char == "_"
