"""Codes of letters and digits: bank accounts (IBAN), national and tax identifiers that contain letters."""

from __future__ import annotations

import re
from functools import lru_cache

from roadworthy.data.personal import checks
from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.identifiers import identify
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.topics import Context, Topic, around

_P = PersonalClass
_SEPARATORS = re.compile(r"[ \u00a0.-]")
_NINO = re.compile(
    r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
)
_COMPACT = re.compile(r"[A-Z0-9](?:[.-]?[A-Z0-9]){7,20}(?![\w])")


def read_code(text: str, start: int, end: int, lead: Context) -> tuple[Span | None, int]:
    """What a code that begins here is, and where to go on.

    Edge:    an IBAN is cut at its country's length, so that the word after it is no part of it.
    """
    if (
        text[start - 1 : start] in ("_", "-", "/", "=")
        and start > 1
        and text[start - 2].isalnum()
        and text[start - 1] != "="
    ):
        return None, end
    iban = _iban(text, start)
    if iban is not None:
        return iban, iban.end
    insurance = _NINO.match(text, start)
    context: Context | None = None
    if insurance is not None:
        context = around(text, start, insurance.end(), lead)
        # The country's own example is never given to anybody, but people are told to write it.
        if not context.is_against:
            told = bool(context.all & (Topic.IDENTITY | Topic.TAX))
            return Span(
                start, insurance.end(), _P.NATIONAL_ID, 0.95 if told else 0.75, "GB"
            ), insurance.end()
    compact = _COMPACT.match(text, start, start + 24)
    if compact is not None:
        context = around(text, start, compact.end(), lead)
        match = identify(compact[0], context, unasked=not context.nearest & Topic.REFERENCE)
        if match is not None:
            return Span(start, compact.end(), match.cls, match.confidence, match.country), compact.end()
    return None, end


def _iban(text: str, start: int) -> Span | None:
    length = checks.iban_length(text[start : start + 2])
    if not length:
        return None
    found = _iban_of(length).match(text, start)
    if found is None:
        return None
    end = found.end()
    after = text[end : end + 1]
    if after.isalnum() or after == "_":
        return None
    compact = _SEPARATORS.sub("", found[0])
    return Span(start, end, _P.IBAN, 0.99, compact[:2].upper()) if checks.passes_iban(compact) else None


@lru_cache(maxsize=64)
def _iban_of(length: int) -> re.Pattern[str]:
    """The form of an IBAN of this length, with the separators that people write in it."""
    return re.compile(rf"[A-Za-z]{{2}}\d{{2}}(?:[ \u00a0.-]?[A-Za-z0-9]){{{length - 4}}}")
