"""Places in a text that hold personal data, and how they are hidden: masked for a look, or replaced and restored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from roadworthy.data.personal.classes import Kind, PersonalClass
from roadworthy.errors import InputProblem, Problem


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (code points, the end outside) hold ``cls``, this surely (0 to 1).

    ``detail`` says more where there is more: the country of an identifier, the issuer of a card. It is
    never the value.
    """

    start: int
    end: int
    cls: PersonalClass
    confidence: float
    detail: str = ""


# Brackets make sure that restoring finds pseudonyms alone, in one pass over a text of any size.
_MARK = re.compile(r"\[\w[\w -]{0,60}\]|<\w[\w -]{0,60}>|\{\w[\w -]{0,60}\}")

Replace = Callable[[PersonalClass, int], str]
"""What stands for the n-th value of a class, n from 1."""


def numbered(cls: PersonalClass, number: int) -> str:
    """``[EMAIL_1]``: the pseudonym that ``redact`` uses unless told otherwise."""
    return f"[{cls.upper()}_{number}]"


def mask(text: str, spans: Iterable[Span]) -> str:
    """The text with every finding covered, so that a person recognises it without reading it: ``j***@***``.

    Edge:    numbers keep their separators and the last two digits, names their first letter; secrets and
             what Art. 9 and 10 protect keep nothing.
    Errors:  ``InputProblem`` RW-DATA-501 for spans that overlap or lie outside the text.
    """
    pieces, last = [], 0
    for span in _checked(text, spans):
        pieces += [text[last : span.start], _covered(text[span.start : span.end], span.cls)]
        last = span.end
    return "".join([*pieces, text[last:]])


def redact(
    text: str,
    spans: Iterable[Span],
    *,
    replace: Replace = numbered,
    table: Mapping[str, str] | None = None,
) -> tuple[str, dict[str, str]]:
    """The text with pseudonyms for its findings, and the table that ``restore`` undoes it with.

    Within a call the same value gets the same pseudonym. To keep pseudonyms over the messages of one
    conversation, hand in the ``table`` of the call before; the answer's table extends it. A pseudonym
    that already stands in the text is passed over, so that restoring never touches it.
    Errors:  ``InputProblem`` RW-DATA-501 for spans that overlap or lie outside the text, RW-DATA-502
             where ``replace`` gives a pseudonym without brackets (``[]``, ``<>`` or ``{}`` around letters,
             digits, ``_``, ``-`` and blanks) or no new one for a new value.
    """
    known = dict(table or {})
    chosen = {value: name for name, value in known.items()}
    # Invariant: a name in here is never given to a value: it stands for something else.
    taken = {*known, *_MARK.findall(text)}
    counted: dict[PersonalClass, int] = {}
    pieces, last = [], 0
    for span in _checked(text, spans):
        value = text[span.start : span.end]
        name = chosen.get(value)
        if name is None:
            name, counted[span.cls] = _pseudonym(span.cls, counted.get(span.cls, 0), replace, taken)
            chosen[value] = name
            known[name] = value
            taken.add(name)
        pieces += [text[last : span.start], name]
        last = span.end
    return "".join([*pieces, text[last:]]), known


def restore(text: str, table: Mapping[str, str]) -> str:
    """The text with the values of the table in the place of their pseudonyms, wherever those now stand.

    Take the table that was given with the text: a later one may know a pseudonym that this text only mentions.
    """
    return _MARK.sub(lambda found: table.get(found[0], found[0]), text)


def join(spans: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """Findings of two searches of one text as one list without overlaps; the first search wins."""
    kept = sorted(spans, key=lambda span: span.start)
    merged: list[Span] = []
    at = 0
    for span in sorted(others, key=lambda span: span.start):
        while at < len(kept) and kept[at].end <= span.start:
            at += 1
        free = at == len(kept) or kept[at].start >= span.end
        if free and (not merged or merged[-1].end <= span.start):
            merged.append(span)
    return tuple(sorted([*kept, *merged], key=lambda span: span.start))


def _pseudonym(cls: PersonalClass, number: int, replace: Replace, taken: set[str]) -> tuple[str, int]:
    seen = set()
    while True:
        number += 1
        name = replace(cls, number)
        if name in seen or not _MARK.fullmatch(name):
            raise InputProblem(
                "RW-DATA-502",
                f"a pseudonym for `{cls}` is not in brackets, or was given before for another number",
                hint="make it of the class and the number, like `[EMAIL_1]`",
            )
        seen.add(name)
        if name not in taken:
            return name, number


def _checked(text: str, spans: Iterable[Span]) -> list[Span]:
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    last = 0
    for span in ordered:
        if not last <= span.start < span.end <= len(text):
            raise InputProblem(
                "RW-DATA-501",
                Problem(
                    f"`{span.cls}` at {span.start} to {span.end} overlaps another span or lies outside the "
                    f"text of {len(text)} characters",
                    hint="use the spans of this very text; `join` merges two searches",
                ),
            )
        last = span.end
    return ordered


def _covered(value: str, cls: PersonalClass) -> str:
    if cls is PersonalClass.EMAIL:
        return f"{value[0]}***@***"
    if cls.kind in (Kind.SECRET, Kind.SPECIAL, Kind.CRIMINAL):
        return "***"
    digits = sum(char.isdigit() for char in value)
    if digits < 6:
        return " ".join(f"{word[0]}***" if word[0].isalpha() else "***" for word in value.split())
    shown, covered = 2, []
    for char in reversed(value):
        keep = not char.isalnum() or (char.isdigit() and shown > 0)
        shown -= char.isdigit() and shown > 0
        covered.append(char if keep else "*")
    return "".join(reversed(covered))
