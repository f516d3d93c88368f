"""Damage that shows in the characters of a value alone: space around it, encodings mixed up, look-alike letters."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator

from roadworthy.data.suspects.columns import Column
from roadworthy.data.suspects.suspect import ValueHit

_SPACE = re.compile(r"^[\s\u00a0\u200b\ufeff]+|[\s\u00a0\u200b\ufeff]+$")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u2060\ufeff]"
)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,5}|#x[0-9a-fA-F]{2,4});")
# What begins a character of two or three bytes in UTF-8 when each byte is read as a character of its own.
_SCRAMBLED = re.compile("[ÂÃÄÅÎÏÐÑØÙâãä][\u0080-\u00bf‘’‚“”„†‡•…‰‹›€™–—˜šŠœŒžŽŸƒˆ¡-¿]|‚Ä|√[^\\d\\s]")
_WORD = re.compile(r"[^\W\d_]+")
_LOOK_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеосрхуіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "ABESIJKMHOPCTXYaeocpxyijsABEZHIKMNOPTYXo",
)
_ENCODINGS = ("cp1252", "latin-1", "mac_roman")

_Look = Callable[[str], tuple[bool, str | None]]


def surface_hits(column: Column) -> Iterator[ValueHit]:
    """Values with damaged characters, each kind only where it is not the custom of the column."""
    if not column.filled:
        return
    texts = ["" if value is None else value for value in column.values]
    for rule, base, limit, reason, suspicious, look in _KINDS:
        found = [
            (code, repair)
            for code, text in enumerate(texts)
            if column.solid[code] and suspicious(text)
            for is_one, repair in (look(text),)
            if is_one
        ]
        rows = sum(int(column.counts[code]) for code, _ in found)
        share = rows / column.filled
        if not rows or share > limit:
            continue
        confidence = base * (1.0 - 0.4 * share / limit)
        for code, repair in found:
            yield ValueHit(column.index, code, rule, confidence, reason, repair)


def _around(text: str) -> tuple[bool, str | None]:
    cut = _SPACE.sub("", text)
    return cut != text, cut


def _within(text: str) -> tuple[bool, str | None]:
    inner = _INVISIBLE.sub("", text)
    return inner != text, inner.strip()


def _entity(text: str) -> tuple[bool, str | None]:
    read = html.unescape(text)
    return read != text, read


def _lost(text: str) -> tuple[bool, str | None]:
    """The replacement character, or a mark on a letter that no language puts there."""
    if "\ufffd" in text:
        return True, None
    normal = unicodedata.normalize("NFC", text)
    for at, char in enumerate(normal[1:], start=1):
        if unicodedata.combining(char) and "LATIN" in unicodedata.name(normal[at - 1], ""):
            return True, None
    return False, None


def _scrambled(text: str) -> tuple[bool, str | None]:
    """Text in UTF-8 that was read as something else, once or several times over."""
    best, current = text, text
    for _ in range(3):
        for encoding in _ENCODINGS:
            try:
                candidate = current.encode(encoding).decode("utf-8")
            except UnicodeError:
                continue
            if candidate != current and "\ufffd" not in candidate:
                best = current = candidate
                break
        else:
            break
    if best != text:
        return True, best
    return len(re.findall("Ã[\u0080-\u00bf©¨¤¶¼±³¡]|â€|ï»¿", text)) > 0, None


def _look_alike(text: str) -> tuple[bool, str | None]:
    """A word of two alphabets."""
    for word in _WORD.findall(text):
        scripts = {_script(char) for char in word} - {""}
        if "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}:
            return True, text.translate(_LOOK_ALIKE)
    return False, None


def _script(char: str) -> str:
    # The micro sign and single Greek letters are at home in units and formulas.
    return (
        unicodedata.name(char, "").partition(" ")[0] if char.isalpha() and char not in "µμαβγδλΩπσ" else ""
    )


def _not_ascii(text: str) -> bool:
    return not text.isascii()


_KINDS: tuple[tuple[str, float, float, str, Callable[[str], bool], _Look], ...] = (
    (
        "whitespace", 0.93, 0.3, "space before or after the value",
        lambda text: bool(text) and (text[0].isspace() or text[-1].isspace() or not text.isascii()), _around,
    ),
    ("control", 0.92, 0.1, "characters that cannot be seen", lambda text: not text.isprintable(), _within),
    ("encoding", 0.75, 0.2, "an escape of HTML stands for a character", lambda text: "&" in text and ";" in text,
     lambda text: _entity(text) if _ENTITY.search(text) else (False, None)),
    ("encoding", 0.96, 0.5, "characters were lost in a change of encoding", _not_ascii, _lost),
    ("encoding", 0.96, 0.5, "text in UTF-8 was read in another encoding",
     lambda text: not text.isascii() and bool(_SCRAMBLED.search(text)), _scrambled),
    ("encoding", 0.93, 0.2, "letters of two alphabets in one word", _not_ascii, _look_alike),
)  # fmt: skip
