"""Finds personal data in running text and in columns: one pass for candidates, validators on those alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from roadworthy.data.personal import codes, credentials, fields, numbers, online, pattern, places
from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.columns import ColumnClasses, Tally
from roadworthy.data.personal.phones import REGIONS
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.topics import NOWHERE, Context, of_words

_KINDS = [kind for kind, _ in pattern.LETTERED]
_AT, _HYPHEN = ord("@"), ord("-")
# Every character has one byte that is none of these, also where a match ends inside a character.
_CONTINUED = bytes(range(0x80, 0xC0))
_NO_NUMBER = re.compile(r"[:A-Za-z]")
_DIGIT_STARTS = frozenset(b"0123456789+(")


class Classifier:
    """Finds personal data. Built once, asked from any number of threads; it remembers nothing of what it read.

    ``regions`` are the countries whose telephone numbers people write without a country code.
    """

    def __init__(self, *, regions: Sequence[str] = REGIONS, least: float = 0.5) -> None:
        self._regions = tuple(regions)
        self._least = least
        self._beginnings, self._lettered = pattern.build()

    def spans(self, text: str) -> tuple[Span, ...]:
        """Where personal data stand in a text: without overlaps, in order, at least ``least`` sure.

        Units:   offsets in code points, as Python counts the characters of a ``str``.
        Edge:    takes time linear in the text, whatever stands in it. Names and places in running text
                 are found where a title, a label, a greeting or a street's form announces them; the rest
                 takes a model (port ``Names``).
        """
        return self._search(text, NOWHERE)

    def column(self, name: str, values: Iterable[str]) -> ColumnClasses:
        """What a column of a table holds, by its header and its values; empty values are left out."""
        tally = Tally(name)
        lead = of_words(name)
        for value in values:
            stripped = value.strip()
            if stripped:
                tally.add(stripped, self._search(stripped[:4000], lead))
        return tally.classes()

    def _search(self, text: str, lead: Context) -> tuple[Span, ...]:
        data = text.encode("utf-8", "surrogatepass")
        plain = len(data) == len(text)
        spans: list[Span] = []
        place = char = on = 0
        hits = self._beginnings.finditer(data)
        while (hit := next(hits, None)) is not None:
            first, last = hit.span()
            if plain:
                start, end = first, last
            else:
                start = char + _characters(data[place:first])
                end = start + _characters(data[first:last])
                place, char = first, start
            if end <= on:
                continue
            if start >= on:
                found, on = self._judge(text, data, (start, end, first), lead)
                for span in found:
                    _add(spans, span, self._least)
                if on == end:
                    continue
                on = max(on, start + 1)
                if on > end:
                    continue
            # The search went on behind ``end``, or began before ``on``: what matters lies in between.
            if plain:
                hits = self._beginnings.finditer(data, on)
            else:
                place += len(text[char:on].encode("utf-8", "surrogatepass"))
                char = on
                hits = self._beginnings.finditer(data, place)
        return tuple(spans)

    def _judge(
        self, text: str, data: bytes, hit: tuple[int, int, int], lead: Context
    ) -> tuple[Sequence[Span], int]:
        """What the beginning at ``hit`` (two offsets in characters, one in bytes) holds, and where to go on."""
        start, end, first = hit
        byte = data[first]
        if byte == _AT:
            return _one(online.read_at(text, start))
        if byte == _HYPHEN:
            return _one(credentials.read_key_block(text, start))
        if byte in _DIGIT_STARTS:
            # A street ends in a letter or a space, a device has colons or letters in it; else it is a number.
            if text[end - 1].isdigit() and _NO_NUMBER.search(text, start, end) is None:
                if end - start < 10 and text.count(".", start, end) == 3:
                    return numbers.read_ipv4(text, start, end, lead), end
                return numbers.read_number(text, start, end, lead, self._regions)
        elif text[end - 1] in pattern.LABEL_ENDS and text.find(":", start, end - 1) < 0:
            return _one(fields.read_label(text, start, end))
        lettered = self._lettered.match(data, first)
        if lettered is None:
            return numbers.read_number(text, start, end, lead, self._regions)
        return self._lettered_kind(_KINDS[(lettered.lastindex or 1) - 1], text, start, end, lead)

    def _lettered_kind(
        self, kind: str, text: str, start: int, end: int, lead: Context
    ) -> tuple[Sequence[Span], int]:
        if kind == "birth":
            return _one(fields.read_birth(text, start, end))
        if kind == "paper":
            return _one(fields.read_paper(text, start, end))
        if kind == "introduction":
            return _one(fields.read_introduced(text, start, end, text[start:end]))
        if kind == "title":
            return _one(fields.read_titled(text, start, end))
        if kind == "key":
            return _one(credentials.read_key(text, start, end))
        if kind == "device":
            return _one(online.read_device(text, start, lead))
        if kind == "code":
            return _one(codes.read_code(text, start, end, lead))
        if kind == "address":
            return _one(places.read_address(text, start, end))
        return [Span(start, end, PersonalClass.POSTCODE, 0.6, "GB")], end


def _characters(data: bytes) -> int:
    return len(data) if data.isascii() else len(data.translate(None, _CONTINUED))


def _one(answer: tuple[Span | None, int]) -> tuple[Sequence[Span], int]:
    span, on = answer
    return (() if span is None else (span,)), on


def _add(spans: list[Span], span: Span, least: float) -> None:
    """Append a finding. One that reaches back over earlier ones (a number inside an address of mail) replaces them."""
    if span.confidence < least:
        return
    while spans and spans[-1].end > span.start:
        if spans[-1].start < span.start and spans[-1].confidence >= span.confidence:
            return
        spans.pop()
    spans.append(span)
