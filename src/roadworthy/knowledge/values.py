"""What can be compared in a sentence: money, percentages, durations, dates, times of day, telephone numbers, counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from roadworthy.knowledge.literals import Figure, spotted
from roadworthy.knowledge.sentences import NEGATIONS, STOPWORDS, normal, stem

# All patterns are linear: they are run on text from outside.
_CLOCK = re.compile(
    r"\b([01]?\d|2[0-4])(?:[:.]([0-5]\d)(?:\s?(am\b|pm\b|a\.m\.|p\.m\.|Uhr\b|h\b))|:([0-5]\d)\b|\s?(am\b|pm\b|a\.m\.|p\.m\.|Uhr\b))",
    re.IGNORECASE,
)
_PHONE = re.compile(r"(?<![\w.,])(?:\+\d|0\d)[\d /()-]{5,20}\d(?!\w)")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_NEXT = re.compile(r"[\s-]{1,2}([^\W\d_]{2,30})")
_DAYS = re.compile(r"[ -]?(?:days?|tagen?|tage)\b", re.IGNORECASE)
_MONEY: Final = frozenset({"eur", "usd", "gbp", "chf", "$", "€", "£", "cents", "cent"})
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_MONTHS: Final = {"month": 1, "year": 12}


@dataclass(frozen=True, slots=True)
class Value:
    """One value and its span in ``normal(sentence)``.

    ``kind`` names what it is a value of: only values of one kind can agree or not. ``meanings``: what it can
    stand for, alike however it is written: two values agree where they share a meaning.
    """

    kind: str
    written: str
    meanings: frozenset[str]
    start: int
    end: int

    def agrees(self, other: Value) -> bool:
        """They may be the same. A day without its year is that day of any year."""
        if self.meanings & other.meanings:
            return True
        if self.kind != "date":
            return False
        (full, of_any_year), (their_full, their_of_any_year) = _days(self), _days(other)
        return bool(of_any_year & (their_full | their_of_any_year) or their_of_any_year & full)


def values(sentence: str) -> tuple[Value, ...]:
    """The values of a sentence in order, English and German ways of writing them alike.

    ``1.50 EUR`` is ``1,50 €``, ``2 weeks`` are ``14 days``, ``9 am`` is ``9:00 Uhr``. A number without a unit
    counts what the next content word names: ``5 cards`` compares with ``3 cards``, not with ``3 letters``.
    """
    text = normal(sentence)
    found: list[Value] = []
    for match in _PHONE.finditer(text):
        digits = "".join(each for each in match[0] if each.isdigit())
        if 7 <= len(digits) <= 15:
            # With or without the country: the last seven digits name the line.
            found.append(Value("phone", match[0], frozenset({digits[-7:]}), *match.span()))
    text = _blanked(text, found)
    clocks = [value for match in _CLOCK.finditer(text) if (value := _clock(match))]
    text = _blanked(text, clocks)
    found += clocks
    found += [_figure(each, text) for each in spotted(text)]
    return tuple(sorted(found, key=lambda each: each.start))


def _days(value: Value) -> tuple[frozenset[str], frozenset[str]]:
    """The days of dates with their year, and of those without."""
    return (
        frozenset(each[5:] for each in value.meanings if each[:1] != "*"),
        frozenset(each[2:] for each in value.meanings if each[:1] == "*"),
    )


def _clock(match: re.Match[str]) -> Value | None:
    hour, minute = int(match[1]), int(match[2] or match[4] or 0)
    half = (match[3] or match[5] or "").casefold().replace(".", "")
    if half in {"am", "pm"}:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return Value("time of day", match[0], frozenset({f"{hour % 24:02d}:{minute:02d}"}), *match.span())


def _figure(figure: Figure, text: str) -> Value:
    if figure.kind != "number":
        return Value(figure.kind, figure.written, figure.meanings, figure.start, figure.end)
    unit = next(iter(figure.meanings)).partition(" ")[2]
    kind, scale = _measure(unit)
    if _YEAR.fullmatch(figure.written):
        kind = "year"
    elif not unit:
        kind = f"number of {counted}" if (counted := _counted(text, figure.end)) else "number"
    written, end = figure.written, figure.end
    if unit == "business" and (days := _DAYS.match(text, end)):
        written, end = written + days[0], days.end()
    meanings = frozenset(_scaled(each.partition(" ")[0], scale) for each in figure.meanings)
    return Value(kind, written, meanings, figure.start, end)


def _measure(unit: str) -> tuple[str, int]:
    if unit in _MONEY:
        return f"money in {unit}", 1
    if unit in _SECONDS:
        return "duration", _SECONDS[unit]
    if unit in _MONTHS:
        return "duration in months", _MONTHS[unit]
    return {"%": "percentage", "business": "duration in business days"}.get(unit, f"number of {unit}"), 1


def _scaled(number: str, scale: int) -> str:
    try:
        return format((Decimal(number) * scale).normalize(), "f")
    except InvalidOperation:
        return number


def _counted(text: str, end: int) -> str:
    """The stem of the first content word among the next three."""
    for _ in range(3):
        match = _NEXT.match(text, end)
        if match is None:
            return ""
        word, end = match[1].casefold(), match.end()
        if word not in STOPWORDS | NEGATIONS:
            return stem(word)
    return ""


def _blanked(text: str, found: list[Value]) -> str:
    for each in found:
        text = text[: each.start] + " ;".ljust(each.end - each.start) + text[each.end :]
    return text
