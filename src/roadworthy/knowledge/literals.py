"""What has to stand in a source literally before it may be repeated: numbers, dates, names, codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from roadworthy.knowledge.sentences import NEGATIONS, STOPWORDS, listed, normal

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jan jänner", "february februar feb", "march märz mar mrz", "april apr", "may mai",
            "june juni jun", "july juli jul", "august aug", "september sept sep", "october oktober oct okt",
            "november nov", "december dezember dec dez",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DOTTED = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})\b")
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)?\s(?:of\s)?({_MONTH})\b\.?(?:,?\s(\d{{4}}))?", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\.?\s(\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(\d{{4}}))?", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.,])[-−]?\d{1,20}(?:(?:[.,'’]\d{1,20})|(?:[ ]\d{3}(?!\d))){0,8}")
_CODE = re.compile(r"\b[A-Za-z0-9]{1,40}(?:[/_.-][A-Za-z0-9]{1,40}){0,8}\b")
_GLUED = re.compile(r"\d+[a-z]{1,3}")
_AFTER = re.compile(r"\s?[-–]?\s?(%|€|\$|£|[^\W\d_]{1,12})")
_BEFORE = re.compile(r"(€|\$|£|\bEUR|\bUSD|\bGBP|\bCHF)\s?$")
_UNITS = {
    word: names.split()[0]
    for names in (
        "% percent prozent", "eur € euro euros", "usd $ dollar dollars", "gbp £ pound pounds pfund", "chf",
        "cent cents", "second seconds sekunde sekunden s", "minute minutes minuten min", "hour hours stunde stunden h",
        "day days tag tage tagen", "week weeks woche wochen", "month months monat monate monaten",
        "year years jahr jahre jahren", "km kilometer kilometers kilometern", "m meter meters", "cm", "mm",
        "kg kilo kilogram", "g gram gramm", "mb", "gb", "times mal", "business werktag werktage werktagen working",
    )
    for word in names.split()
}  # fmt: skip
_CAPITAL = re.compile(r"[^\W\d_][^\W_]*(?:['’-][^\W_]+)*")
_SPELT = {
    word: str(number)
    for number, pair in enumerate(
        (
            "zero null", "one eins", "two zwei", "three drei", "four vier", "five fünf", "six sechs", "seven sieben",
            "eight acht", "nine neun", "ten zehn", "eleven elf", "twelve zwölf",
        )
    )
    for word in pair.split()
}  # fmt: skip
_SPELT_WORD = re.compile(rf"\b({'|'.join(_SPELT)})\b", re.IGNORECASE)
_ARTICLES = frozenset({"one", "eins", "zero", "null"})
_FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATES = ((_ISO, "ymd"), (_DOTTED, "dmy"), (_SLASHED, "?"), (_DAY_FIRST, "dmy"), (_MONTH_FIRST, "mdy"))
_GERMAN = listed("der die das und ist nicht ein eine den dem mit für von zu auf sie ihr wird werden")


@dataclass(frozen=True, slots=True)
class Figure:
    """A date, code or number where it stands: its span in ``normal(text)``, and all that it can mean."""

    kind: Literal["date", "code", "number"]
    written: str
    meanings: frozenset[str]
    start: int
    end: int


def figures(text: str) -> dict[str, frozenset[str]]:
    """Dates, codes and numbers of a text: as written → what each can mean.

    ``1.500`` can be one and a half or fifteen hundred; ``03/04/2026`` two dates. A date without its year
    is that day of any year. A number keeps its unit (``14 day``); up to twelve it may be spelt out.
    """
    return {each.written: each.meanings for each in spotted(text)}


def spotted(text: str) -> tuple[Figure, ...]:
    """The figures of a text in order; what is part of a date or a code is no number of its own."""
    rest = normal(text)
    found: list[Figure] = []
    for pattern, order in _DATES:
        for match in reversed(list(pattern.finditer(rest))):
            if meanings := _dates(match, order):
                found.append(Figure("date", match[0], meanings, *match.span()))
                rest = _blanked(rest, match)
    for match in reversed(list(_CODE.finditer(rest))):
        if _is_code(match[0]):
            found.append(Figure("code", match[0], frozenset({match[0].casefold()}), *match.span()))
            rest = _blanked(rest, match)
    found += [_with_unit(match, rest, _number(match[0])) for match in _NUMBER.finditer(rest)]
    found += [
        _with_unit(match, rest, frozenset({_SPELT[match[0].lower()]}))
        for match in _SPELT_WORD.finditer(rest)
    ]
    return tuple(sorted(found, key=lambda each: each.start))


def offered_figures(source: str) -> frozenset[str]:
    """All that the figures of a source can stand for.

    A source may say more: ``3 May 2026`` supports ``3 May``, and ``14 days`` supports ``14``.
    """
    offered: set[str] = set()
    for meanings in figures(source).values():
        for meaning in meanings:
            offered |= {meaning, meaning.partition(" ")[0]}
            if _FULL_DATE.fullmatch(meaning):
                offered.add("*" + meaning[4:])
    return frozenset(offered)


def missing_figures(stated: Mapping[str, frozenset[str]], offered: frozenset[str]) -> tuple[str, ...]:
    """Figures of a statement, as written, that are not offered.

    A spelt-out one or zero needs no support: it is an article or a figure of speech as often.
    """
    return tuple(
        written
        for written, meanings in stated.items()
        if not meanings & offered and written.split()[0].casefold() not in _ARTICLES
    )


def names(sentence: str) -> frozenset[str]:
    """Words that are written as names: capitalised within the sentence, or with several capitals.

    German capitalises every noun: there only words with a capital inside count, and those that follow
    another capitalised word. The first word of a sentence tells nothing, unless a capitalised one follows.
    """
    sentence = normal(sentence)
    tokens = list(_CAPITAL.finditer(sentence))
    german = sum(each[0].casefold() in _GERMAN for each in tokens) >= 2
    high = [_is_high(each[0]) for each in tokens]
    found = set()
    for place, token in enumerate(tokens):
        starts = not any(each.isalnum() for each in sentence[: token.start()])
        follows = place > 0 and high[place - 1] and (place > 1 or high[place])
        leads = place + 1 < len(tokens) and high[place + 1]
        inside = any(each.isupper() for each in token[0][1:])
        if inside or (high[place] and (leads if starts else follows or not german)):
            found.add(token[0].casefold())
    return frozenset(found)


def opening(sentence: str) -> str:
    """The first word of a sentence where it is a content word: it may be a name, its capital does not tell."""
    first = _CAPITAL.search(normal(sentence))
    return first[0].casefold() if first and _is_high(first[0]) else ""


def _is_high(word: str) -> bool:
    """Capitalised, and no function word."""
    return word[:1].isupper() and word.casefold() not in STOPWORDS | NEGATIONS


def _dates(match: re.Match[str], order: str) -> frozenset[str]:
    """The days a match can mean; none where there is no such day."""
    orders = ("dmy", "mdy") if order == "?" else (order,)
    found = set()
    for each in orders:
        parts = dict(zip(each, match.groups(), strict=True))
        month = _MONTHS.get(parts["m"].lower()) or int(parts["m"])
        day = int(parts["d"])
        if 1 <= month <= 12 and 1 <= day <= 31:
            year = parts["y"] or "*"
            found.add(f"{'20' + year if len(year) == 2 else year}-{month:02d}-{day:02d}")
    return frozenset(found)


def _is_code(word: str) -> bool:
    """Letters and digits that name a thing (`SKU-12B`, `A4`), not a number with its unit or a compound."""
    if not (any(each.isdigit() for each in word) and any(each.isalpha() for each in word)):
        return False
    if _GLUED.fullmatch(word):
        return False
    if "." in word and not word[0].isalpha():
        return False
    parts = re.split(r"[/_.-]", word)
    mixed = any(not each.isdigit() and not each.isalpha() and not _GLUED.fullmatch(each) for each in parts)
    return mixed or any(each.isalpha() and each.isupper() for each in parts)


def _blanked(text: str, match: re.Match[str]) -> str:
    """The text without a match, as long as before; nothing on its two sides grows together."""
    return text[: match.start()] + " ;".ljust(len(match[0])) + text[match.end() :]


def _with_unit(match: re.Match[str], text: str, values: frozenset[str]) -> Figure:
    """A number as written, with the unit that stands beside it."""
    after, before = (
        _AFTER.match(text, match.end()),
        _BEFORE.search(text[max(0, match.start() - 5) : match.start()]),
    )
    word = after[1].casefold() if after else ""
    unit = _UNITS.get(word) or (_UNITS[before[1].casefold()] if before else "")
    beside = after[0] if after and word in _UNITS else ""
    meanings = frozenset(f"{value} {unit}" for value in values) if unit else values
    return Figure("number", match[0] + beside, meanings, match.start(), match.end() + len(beside))


def _number(written: str) -> frozenset[str]:
    """What digits with separators can mean, as plain decimals."""
    sign = "-" if written[0] in "-−" else ""
    digits = written.lstrip("-−").replace("’", "'").replace(" ", "'")
    separators = [each for each in digits if not each.isdigit()]
    groups = re.split(r"[.,']", digits)
    readings = set()
    if not separators:
        readings.add(digits)
    if (
        separators
        and len(set(separators)) == 1
        and all(len(each) == 3 for each in groups[1:])
        and len(groups[0]) <= 3
    ):
        readings.add("".join(groups))
    if separators and separators[-1] != "'" and separators.count(separators[-1]) == 1:
        readings.add("".join(groups[:-1]) + "." + groups[-1])
    if not readings:
        readings.update(groups)  # `1.2.3` is a version or a list: each part has to be found
    return frozenset(sign + _plain(each) for each in readings)


def _plain(number: str) -> str:
    whole, point, part = number.partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (point + part if part else "")
