"""In which encoding a text is written, and the same text in UTF-8 with nothing lost silently."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from roadworthy.adapters.duckdb.spelling import near
from roadworthy.adapters.duckdb.survey import Survey
from roadworthy.adapters.duckdb.unpacking import CHUNK, reachable
from roadworthy.data import Finding
from roadworthy.errors import InputProblem, Problem

SAMPLE = 1 << 20
_BROKEN = re.compile("[\udc80-\udcff]+")
_SOUND = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_ENOUGH = 100_000
_NO_ENCODINGS = frozenset(
    {"unicode_escape", "raw_unicode_escape", "idna", "punycode", "utf-7", "undefined", "mbcs", "oem"}
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_WESTERN = frozenset("äöüÄÖÜßéèêëàâçñáíóúôîïœæøåÅØÆÉÈÀÇÑÓÍÚÁãõìòùÿ€£§°´’‘“”„–—…«»·©®²³½¼º¡¿µ\xa0")
_LINES = 5


@dataclass(frozen=True, slots=True)
class Text:
    """A text as UTF-8 on this machine. ``owned`` files are ours to remove."""

    path: Path
    owned: bool
    encoding: str
    certain: bool
    findings: tuple[Finding, ...]
    survey: Survey


@dataclass(slots=True)
class _Seen:
    """What strict reading as UTF-8 met."""

    broken: int = 0
    several: int = 0
    """Characters of more than one byte that were sound."""
    lines: list[int] = field(default_factory=list)
    sample: bytearray = field(default_factory=bytearray)


def declared(name: str) -> str:
    """The canonical name of an encoding. Errors: ``InputProblem`` RW-DATA-151 for one that is unknown."""
    try:
        known = codecs.lookup(name)
    except LookupError:
        known = None
    if known is None or not known._is_text_encoding or known.name in _NO_ENCODINGS:
        common = (
            "utf-8",
            "cp1252",
            "iso-8859-1",
            "iso-8859-15",
            "utf-16",
            "cp1250",
            "cp1251",
            "shift_jis",
            "gb18030",
        )
        raise InputProblem(
            "RW-DATA-151", Problem(f"there is no encoding `{name}`", hint=near(name, common))
        )
    return known.name


def glance(head: bytes, wanted: str) -> tuple[str, str]:
    """The first characters of a text and the encoding they were read in, before the whole is known."""
    encoding = declared(wanted) if wanted else _marked(head) or "utf-8"
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if not wanted and encoding == "utf-8" and "\ufffd" in text:
        seen = _Seen()
        _note(codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(head), head, seen, 1)
        encoding, _ = _decide(seen)
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    return text.removeprefix("\ufeff"), encoding


def as_utf8(
    path: Path, name: str, wanted: str, survey: Callable[[], Survey], scratch: Callable[[], Path]
) -> Text:
    """The file itself where it is sound UTF-8, otherwise a copy that is.

    Bytes that are no characters of the encoding become U+FFFD and are told with their lines.
    Without a mark or a wish, UTF-8 is tried on all of the file; what is not UTF-8 is guessed from the
    lines that failed. Errors: ``InputProblem`` RW-DATA-151, ``Unavailable`` RW-DATA-157 and 161.
    """
    with reachable(name):
        with path.open("rb") as stream:
            start = stream.read(SAMPLE)
        encoding = declared(wanted) if wanted else _marked(start)
        certain = True
        if encoding in ("", "utf-8", "utf-8-sig"):
            count = survey()
            seen = _scan(path, count)
            if not seen.broken:
                return Text(path, False, "utf-8", True, (), count)
            encoding, certain = (encoding, True) if encoding else _decide(seen)
        return _rewritten(path, name, encoding, certain, survey(), scratch())


def _marked(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # UTF-16 without a mark: every other byte of European text is zero.
    pairs = len(head) // 2
    if pairs >= 2:
        even, odd = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
        if odd > 0.3 * pairs and even < 0.02 * pairs:
            return "utf-16-le"
        if even > 0.3 * pairs and odd < 0.02 * pairs:
            return "utf-16-be"
    return ""


def _scan(path: Path, survey: Survey) -> _Seen:
    seen = _Seen()
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    line = 1
    with path.open("rb") as stream:
        first = True
        while data := stream.read(CHUNK):
            if first:
                data, first = data.removeprefix(codecs.BOM_UTF8), False
            if not seen.broken:
                survey.take(data)
            if data.isascii() and not decoder.getstate()[0]:
                line += data.count(b"\n")
                continue
            text = decoder.decode(data)
            _note(text, data, seen, line)
            line += text.count("\n")
            if seen.broken > _ENOUGH:
                break
    _note(decoder.decode(b"", final=True), b"", seen, line)
    survey.finish()
    return seen


def _note(text: str, data: bytes, seen: _Seen, line: int) -> None:
    if text.isascii():
        return
    try:
        text.encode()
        seen.several += len(data) - len(text)
        return
    except UnicodeEncodeError:
        pass
    found = list(_BROKEN.finditer(text))
    seen.broken += len(found)
    seen.several += len(_SOUND.findall(text))
    for match in found[: _LINES - len(seen.lines)]:
        seen.lines.append(line + text.count("\n", 0, match.start()))
    for match in found[:2000]:
        if len(seen.sample) > 64 << 10:
            break
        begin = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        context = text[
            max(begin, match.start() - 100) : min(end if end >= 0 else len(text), match.end() + 100)
        ]
        seen.sample += context.encode("utf-8", "surrogateescape") + b"\n"


def _decide(seen: _Seen) -> tuple[str, bool]:
    """UTF-8 with a few broken places, or another encoding altogether."""
    if seen.broken <= 10 * seen.several:
        return "utf-8", True
    sample = bytes(seen.sample)
    if _looks_western(sample):
        return "cp1252", True
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return (best.encoding if best and best.encoding not in ("ascii", "utf_8") else "cp1252"), False


def _looks_western(sample: bytes) -> bool:
    """Whether this reads as Windows-1252: known letters, and rarely two of them side by side."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = [place for place, sign in enumerate(text) if sign > "\x7f"]
    if not all(text[place] in _WESTERN for place in high):
        return False
    together = sum(1 for place in high if place + 1 < len(text) and text[place + 1] > "\x7f")
    return together * 2 <= len(high)


def _rewritten(path: Path, name: str, encoding: str, certain: bool, survey: Survey, target: Path) -> Text:
    decoder = codecs.getincrementaldecoder(encoding)("roadworthy-mark")
    broken, line = 0, 1
    lines: list[int] = []
    with path.open("rb") as source, target.open("wb") as out:
        first, last = True, False
        while not last:
            data = source.read(CHUNK)
            last = not data
            text = decoder.decode(data, final=last)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            if "\ud800" in text:
                found = [match.start() for match in re.finditer("\ud800+", text)]
                broken += len(found)
                lines += [line + text.count("\n", 0, place) for place in found[: _LINES - len(lines)]]
                text = re.sub("\ud800+", "\ufffd", text)
            line += text.count("\n")
            plain = text.encode("utf-8", "replace")
            survey.take(plain)
            out.write(plain)
    survey.finish()
    spelled = "utf-8" if encoding == "utf-8-sig" else encoding
    findings = []
    if not certain:
        message = f"the encoding is not told by the file and was guessed as {spelled}"
        findings.append(Finding("RW-DATA-101", message, place=name, hint="say which one with `encoding`"))
    if broken:
        shown = ", ".join(str(one) for one in lines)
        message = f"bytes that are no {spelled}, first in line {shown}; they are read as `\ufffd`"
        hint = (
            "the file mixes encodings or is damaged: have it written anew, or say which one with `encoding`"
        )
        findings.append(Finding("RW-DATA-102", message, place=name, hint=hint, rows=broken))
    return Text(target, True, spelled, certain, tuple(findings), survey)


def _mark(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return "\ud800", fault.end


codecs.register_error("roadworthy-mark", _mark)
