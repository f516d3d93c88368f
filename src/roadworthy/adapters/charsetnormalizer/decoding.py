"""Bytes to text: what they are by their marks, by what they claim, as UTF-8, or by a guess that is told."""

from __future__ import annotations

import codecs

from roadworthy.operate.knowledge.packages import needed
from roadworthy.ports.knowledge import Decoded

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_ENOUGH = 64
"""Bytes outside ASCII, from which on a guess is one."""
# Python decodes with these, but they are no encodings of texts.
_NONE = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "utf-7"}
)


def decode(data: bytes, *, stated: str = "") -> Decoded | str:
    """The text that the bytes are, or why they are none.

    Order: a byte order mark, the stated encoding, UTF-8, a guess from the first 200,000 bytes. A stated one that
    does not fit is told. Errors: ``InputProblem`` RW-KNOWLEDGE-011 where the package for guessing is missing.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _with(data, encoding, f"marked as {encoding.removesuffix('-sig')}")
    if not data:
        return Decoded("", "utf-8")
    claimed = _codec(stated)
    if claimed and (text := _strict(data, claimed)) is not None:
        return Decoded(text, claimed)
    doubt = f"it claims to be `{stated[:40]}`, which it is not" if stated else ""
    if (text := _strict(data, "utf-8")) is not None:
        if text.count("\0") * 20 > len(text):
            return _wide(data) or "holds bytes and no text"
        return Decoded(text, "utf-8", doubt if claimed not in ("", "ascii") else "")
    return _guessed(data, doubt)


def _guessed(data: bytes, doubt: str) -> Decoded | str:
    if wide := _wide(data):
        return wide
    if data[:_SAMPLE].count(0) * 20 > len(data[:_SAMPLE]):
        return "holds bytes and no text"
    package = needed("charset_normalizer", what="texts that are not UTF-8")
    best = package.from_bytes(data[:_SAMPLE]).best()
    if best is None:
        return "is in no encoding that is known; save it as UTF-8"
    name = str(best.encoding)
    others = sum(byte > 127 for byte in data[:_SAMPLE])
    why = f"read as {name}, which is a guess" + (" from few letters" if others < _ENOUGH else "")
    return _with(data, name, f"{doubt}; {why}" if doubt else why, always=True)


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 without a mark: every other byte of western text is 0."""
    head = data[:4000]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros = head[first::2].count(0)
        if zeros * 10 > len(head) * 3 and head[1 - first :: 2].count(0) * 10 < len(head):
            return _with(data, encoding, f"read as {encoding}, which is a guess", always=True)
    return None


def _with(data: bytes, encoding: str, why: str, *, always: bool = False) -> Decoded:
    text = _strict(data, encoding)
    if text is not None:
        return Decoded(text, encoding, why if always else "")
    return Decoded(
        data.decode(encoding, "replace"), encoding, f"{why}, and some bytes do not fit: they are shown as �"
    )


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError, ValueError):
        return None


def _codec(stated: str) -> str:
    """What Python calls it; empty for none. Pages that say ISO 8859-1 mean Windows 1252 (WHATWG Encoding)."""
    try:
        found = codecs.lookup(stated.strip()) if stated.strip() and "\0" not in stated else None
    except (LookupError, ValueError):
        return ""
    if found is None or not found._is_text_encoding or found.name in _NONE:
        return ""
    return "cp1252" if found.name in ("iso8859-1", "ascii") and found.name != "ascii" else found.name
