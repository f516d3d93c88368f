"""Runs of digits: cards, telephone numbers, addresses of computers, identifiers, and all that only looks like them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from roadworthy.data.personal import checks, phones
from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.identifiers import identify
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.topics import Context, Topic, around

_P = PersonalClass
_HYPHENS = {ord(char): "-" for char in "\u2010\u2011\u2012\u2013\u2014"} | {
    ord(char): " " for char in "\u00a0\u2007\u2009\u202f"
}
_WORD = re.compile(r"\S+")
_DIGITS = re.compile(r"\d+")
_DECIMAL = re.compile(r"[+(]?(?!0\d)\d+\.\d+")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3}){1,5}")
_YEARS = re.compile(r"(?:1[89]|20)\d\d(?:[-/](?:1[89]|20)?\d\d)+")
_CENTS = re.compile(r",\d{1,2}(?!\d)")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extension|durchwahl|poste|#)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_TAIL = re.compile(r"[-\u2010\u2011][0-9A-Za-z-]*")
_LETTERED = re.compile(
    r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Z](?!\w)|\d{2} ?\d{6} ?[A-Z] ?\d{3}(?!\w)|\d{8}-?[A-Z](?!\w)|\d{7}[A-W][A-IW]?(?!\w)"
    r"|\d{1,2}\.\d{3}\.\d{3}-[kK](?!\w)|[12] ?\d\d ?\d\d ?2[AB] ?\d{3} ?\d{3} ?\d\d(?!\w)|\d{17}X(?!\w)"
)
_CARD = re.compile(r"\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -]?)\d{6}\2\d{4,5}|\d{12,19}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
_SSN = re.compile(r"\d{3}([- ]?)\d{2}\1\d{4}")
_SORT_CODE = re.compile(r"\d{2}-\d{2}-\d{2}")
_SEPARATORS = frozenset(("-", "/", ".", "(", ")"))
# Characters before a number that make it a part of something longer.
_GLUE = frozenset("_%\\@")


class _Word(NamedTuple):
    start: int
    end: int
    text: str


def read_number(
    text: str, start: int, end: int, lead: Context, regions: Sequence[str]
) -> tuple[list[Span], int]:
    """What a run of digits and separators holds, and where to go on."""
    lettered = _LETTERED.match(text, start) if text[end : end + 2].lstrip("- ")[:1].isalpha() else None
    if lettered is not None and not _is_inside_word(text, start):
        context = around(text, start, lettered.end(), lead)
        coded = _lettered(lettered[0], context)
        if coded is not None:
            return [Span(start, lettered.end(), *coded)], lettered.end()
    if _is_inside_word(text, start):
        return [], end
    run = text[start:end]
    if run[8:9] == "-" and (whole := _UUID.match(text, start)) is not None:
        return [], whole.end()
    if not run.isascii():
        run = run.translate(_HYPHENS)
    if run.count(".") == 3 and len(run) <= 15 and checks.is_ipv4(run):
        found = _address(text, _Word(start, end, run), lead)
        return ([found] if found is not None else []), end
    if _is_plain(text, run, start, end):
        found = _whole(text, start, end, run, lead, regions)
        if found is not None:
            return _with_extension(text, [found], end, end)
        # Too short to be two things: a card and its date, two telephone numbers.
        if run.isdigit() or end - start < 16:
            return [], end
    words, far = _own_words(text, run, start, end)
    spans: list[Span] = []
    pending: list[_Word] = []
    decimal = False
    for word in words:
        cls = None if word.text.isdigit() else _special(text, word, lead, regions)
        if cls is None:
            pending.append(word)
            continue
        decimal = decimal or cls == "decimal"
        spans += _sequence(text, pending, lead, regions)
        pending = []
        if isinstance(cls, Span):
            spans.append(cls)
    spans += _sequence(text, pending, lead, regions)
    if decimal:
        # A row of measurements: what would be a telephone number by its form alone is none here.
        spans = [span for span in spans if span.cls is not _P.PHONE or span.confidence > 0.8]
    return _with_extension(text, spans, end, far)


def _with_extension(text: str, spans: list[Span], end: int, far: int) -> tuple[list[Span], int]:
    if not spans or spans[-1].end != end or spans[-1].cls is not _P.PHONE:
        return spans, far
    extension = _EXTENSION.match(text, end)
    if extension is None:
        return spans, far
    spans[-1] = Span(spans[-1].start, extension.end(), _P.PHONE, spans[-1].confidence)
    return spans, extension.end()


def _is_plain(text: str, run: str, start: int, end: int) -> bool:
    """Whether nothing around or in a run asks for a second look: no neighbour it may belong to, no date in it."""
    after = text[end : end + 1]
    if after and (after.isalnum() or after in "_@,-‐‑:"):
        return False
    if text[start - 1 : start] in (".", ",") and start:
        return False
    return "." not in run and "/" not in run and ("-" not in run or end - start > 10)


def read_ipv4(text: str, start: int, end: int, lead: Context) -> list[Span]:
    """The address of a computer with too few digits for a run of its own."""
    if _is_inside_word(text, start):
        return []
    found = _address(text, _Word(start, end, text[start:end]), lead)
    return [found] if found is not None else []


def _is_inside_word(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    if not before or text[start] == "+":
        return False
    if before.isalnum() or before in _GLUE:
        return True
    # "e29b-41d4…", "INV-20240117": a hyphen ties a number to letters and digits before it.
    if before in "-‐‑" and start > 1 and text[start - 2].isalnum():
        tied = text[max(0, start - 16) : start - 1].rsplit(None, 1)[-1:]
        return not tied or around(tied[0], len(tied[0]), len(tied[0])).nearest & Topic.PHONE == 0
    return False


def _own_words(text: str, run: str, start: int, end: int) -> tuple[list[_Word], int]:
    """The words of a run without those that are parts of something longer, and where to go on."""
    words = [_Word(start + word.start(), start + word.end(), word[0]) for word in _WORD.finditer(run)]
    if (
        text[start - 1 : start] in (".", ",")
        and start > 1
        and text[start - 2].isdigit()
        and words[0].text[0] not in "0+("
    ):
        words = words[1:]
    after = text[end : end + 1]
    if not after or not words:
        return words, end
    if after.isalnum() or after == "_":
        extended = _EXTENSION.match(text, end)
        return (words if extended is not None else words[:-1]), end
    if after == "@":
        return words[:-1], end
    if after == "," and _CENTS.match(text, end):
        # An amount with blanks between its thousands: "1 234 567,80".
        last = len(words) - 1
        while last > 0 and len(words[last].text) == 3 and words[last].text.isdigit():
            last -= 1
        return words[:last], end
    if after in "-‐‑":
        tail = _TAIL.match(text, end)
        if tail is not None and any(char.isdigit() for char in tail[0]):
            return words[:-1], tail.end()
    if after == ":" and text[end + 1 : end + 2].isdigit() and "." not in words[-1].text:
        return (words[:-1] if len(words[-1].text) <= 2 else words), end
    return words, end


def _special(text: str, word: _Word, lead: Context, regions: Sequence[str]) -> Span | str | None:
    """A finding that is one word, a name for what is none and stays apart, or None for a word like others."""
    bare = word.text.strip("().-/")
    if bare.count(".") == 3 and checks.is_ipv4(bare):
        at = word.start + word.text.index(bare)
        return _address(text, _Word(at, at + len(bare), bare), lead) or "version"
    if 6 <= len(bare) <= 10 and checks.is_date(bare):
        context = around(text, word.start, word.end, lead)
        if context.nearest & Topic.BIRTH:
            at = word.start + word.text.index(bare)
            return Span(at, at + len(bare), _P.DATE_OF_BIRTH, 0.95)
        # "03.93.92" is a day nobody was born on, and the head of a telephone number: it has more parts.
        return "date"
    if _YEARS.fullmatch(bare):
        return "years"
    if "." in bare and (_DECIMAL.fullmatch(bare) or _THOUSANDS.fullmatch(bare)):
        context = around(text, word.start, word.end, lead)
        if not context.nearest & (Topic.PHONE | Topic.IDENTITY):
            return "decimal"
    return None


def _address(text: str, word: _Word, lead: Context) -> Span | None:
    """An IPv4 address, unless it is a version, a mask, or nobody's."""
    if not checks.is_ipv4(word.text):
        return None
    parts = [int(part) for part in word.text.split(".")]
    before, after = text[word.start - 1 : word.start], text[word.end : word.end + 2]
    if after[:1].isalnum() or after[:1] == "_":
        return None
    if (after[:1] in (".", "-") and after[1:].isalnum()) or (
        before == "." and text[word.start - 2 : word.start - 1].isalnum()
    ):
        return None
    if before == "/" and text[word.start - 2 : word.start - 1].isalnum():
        return None
    # Loopback, "this network", masks and multicast belong to no person.
    if parts[0] in (0, 127) or parts[0] >= 224:
        return None
    context = around(text, word.start, word.end, lead)
    if context.nearest & Topic.VERSION:
        return None
    network = bool(context.all & Topic.NETWORK)
    if not network and context.nearest & (Topic.REFERENCE | Topic.AMOUNT):
        return None
    if not network and max(parts[:3]) < 32 and context.is_against:
        return None
    if max(parts) < 20 and not network and after[:1] not in (":", "/"):
        return None
    return Span(word.start, word.end, _P.IP_ADDRESS, 0.95 if network else 0.8)


def _sequence(text: str, words: Sequence[_Word], lead: Context, regions: Sequence[str]) -> list[Span]:
    """What words that stand together are: one number written with blanks, or several."""
    while words and words[0].text in _SEPARATORS:
        words = words[1:]
    while words and words[-1].text in _SEPARATORS:
        words = words[:-1]
    if not words:
        return []
    found = _joined(text, words, lead, regions)
    if found is not None:
        return [found]
    if len(words) == 1:
        return []
    card = _card_among(text, words, lead) if words[-1].end - words[0].start > 13 else None
    if card is not None:
        at, span, to = card
        return [
            *_sequence(text, words[:at], lead, regions),
            span,
            *_sequence(text, words[to:], lead, regions),
        ]
    for at in range(1, len(words)):
        # A bracket, a plus or a lone separator begins another number.
        if words[at].text[0] in "(+" or words[at].text in _SEPARATORS:
            return [
                *_sequence(text, words[:at], lead, regions),
                *_sequence(text, words[at:], lead, regions),
            ]
    # Numbers one after the other, each complete in itself.
    alone = [_joined(text, [word], lead, regions) if len(word.text) >= 10 else None for word in words]
    if any(alone):
        return [found for found in alone if found is not None]
    # A foreign word at either end: "0171 2345678 12", "3 0171 2345678".
    for part in (words[:-1], words[1:]):
        if sum(len(word.text) for word in part) >= 9:
            found = _joined(text, part, lead, regions)
            if found is not None:
                return [found]
    return []


def _joined(text: str, words: Sequence[_Word], lead: Context, regions: Sequence[str]) -> Span | None:
    start, end = words[0].start, words[-1].end
    run = text[start:end]
    return _whole(text, start, end, run if run.isascii() else run.translate(_HYPHENS), lead, regions)


def _whole(text: str, start: int, end: int, run: str, lead: Context, regions: Sequence[str]) -> Span | None:
    """What a run is as one number; None where it is none that matters."""
    if run[0] == "(" and ")" not in run:
        start, run = start + 1, run[1:]
    digits = run if run.isdigit() else "".join(_DIGITS.findall(run))
    if len(digits) < 6:
        return None
    context = around(text, start, end, lead)
    if len(digits) >= 12:
        card = _card(text, start, end, run, digits, context)
        if card is not None:
            return card
    if len(digits) == 9 and _SSN.fullmatch(run):
        found = _social_security(start, end, run, digits, context)
        if found is not None:
            return found
    if len(digits) >= 8:
        found = _identified(start, end, run, digits, context)
        if found is not None:
            return found
    if checks.is_compact_date(digits) and not context.nearest & Topic.PHONE:
        if context.nearest & Topic.BIRTH and len(digits) == 8:
            return Span(start, end, _P.DATE_OF_BIRTH, 0.85)
        return None
    account = _account(start, end, run, digits, context)
    if account is not None:
        return account
    return _phone(text, start, end, run, digits, context, regions)


def _phone(
    text: str, start: int, end: int, run: str, digits: str, context: Context, regions: Sequence[str]
) -> Span | None:
    # In an address of the web only a word for telephones makes a number one.
    if text[start - 1 : start] in ("/", "=", "&") and start > 1 and not context.nearest & Topic.PHONE:
        return None
    confidence = phones.likeness(run, digits, context, regions)
    return Span(start, end, _P.PHONE, confidence) if confidence >= 0.5 else None


def _card(text: str, start: int, end: int, run: str, digits: str, context: Context) -> Span | None:
    if not 12 <= len(digits) <= 19 or _CARD.fullmatch(run) is None or len(set(digits)) == 1:
        return None
    if not checks.passes_luhn(digits):
        return None
    issuer = checks.card_issuer(digits)
    if context.all & Topic.CARD:
        return Span(start, end, _P.CREDIT_CARD, 0.99 if issuer else 0.8, issuer)
    if not issuer:
        return None
    if not run.isdigit():
        return Span(start, end, _P.CREDIT_CARD, 0.9, issuer)
    # One number in ten passes Luhn: alone, only the two usual lengths, away from words for other numbers.
    if context.is_against or len(digits) not in (15, 16) or text[start - 1 : start] == "/":
        return None
    return Span(start, end, _P.CREDIT_CARD, 0.7, issuer)


def _card_among(text: str, words: Sequence[_Word], lead: Context) -> tuple[int, Span, int] | None:
    """A card's number inside a longer row of numbers: before its expiry date, after a count."""
    for at in range(len(words)):
        if len(words[at].text) < 4 or not words[at].text[0].isdigit():
            continue
        for to in range(at + 1, min(len(words), at + 5) + 1):
            start, end = words[at].start, words[to - 1].end
            run = text[start:end].translate(_HYPHENS)
            digits = "".join(_DIGITS.findall(run))
            if len(digits) > 19:
                break
            if len(digits) >= 13:
                card = _card(text, start, end, run, digits, around(text, start, end, lead))
                if card is not None:
                    return at, card, to
    return None


def _social_security(start: int, end: int, run: str, digits: str, context: Context) -> Span | None:
    told = bool(context.all & Topic.SSN)
    if not told and ("-" not in run or context.is_against or context.nearest & Topic.PHONE):
        return None
    if told or not context.country:
        if checks.is_ssn(digits):
            return Span(start, end, _P.US_SSN, 0.97 if told else 0.85, "US")
        if told and checks.is_itin(digits):
            return Span(start, end, _P.TAX_ID, 0.9, "US")
    return None


def _identified(start: int, end: int, run: str, digits: str, context: Context) -> Span | None:
    wanted = context.all & (Topic.IDENTITY | Topic.TAX | Topic.SSN)
    # Of digits and blanks alone only these lengths mean something by themselves (Swiss, French, Chinese).
    if not wanted and len(digits) not in (13, 15, 18) and not _SEPARATORS.intersection(run):
        return None
    if context.nearest & Topic.PHONE and run.isdigit():
        return None
    match = identify(run, context, unasked=not context.is_against)
    if match is None and not run.isdigit() and wanted:
        match = identify(digits, context)
    if match is None:
        return None
    return Span(start, end, match.cls, match.confidence, match.country)


def _lettered(written: str, context: Context) -> tuple[PersonalClass, float, str] | None:
    compact = written.replace(" ", "")
    if checks.is_german_insurance_number(compact):
        return _P.NATIONAL_ID, 0.95, "DE"
    match = identify(written, context, unasked=not context.is_against)
    return None if match is None else (match.cls, match.confidence, match.country)


def _account(start: int, end: int, run: str, digits: str, context: Context) -> Span | None:
    if not context.nearest & Topic.ACCOUNT or context.all & Topic.PHONE:
        return None
    plain = run.isdigit() and 6 <= len(digits) <= 12
    if (
        plain
        or _SORT_CODE.fullmatch(run)
        or (not run.isdigit() and 8 <= len(digits) <= 20 and "." not in run)
    ):
        return Span(start, end, _P.BANK_ACCOUNT, 0.65)
    return None
