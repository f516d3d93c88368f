"""Which country's identifier a number can be, by the checksums of python-stdnum (loaded when first asked)."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.topics import Context, Topic

_ID, _TAX = PersonalClass.NATIONAL_ID, PersonalClass.TAX_ID
_ANY_ID = Topic.IDENTITY | Topic.SSN


class Identifier(NamedTuple):
    """An identifier: how it is written, who checks it, and which words must stand near it (0: none need to)."""

    cls: PersonalClass
    country: str
    module: str
    lengths: tuple[int, ...]
    """Letters and digits, without separators: what most numbers are ruled out by."""
    form: re.Pattern[str]
    needs: int
    confidence: float


class Match(NamedTuple):
    """What a number was recognised as."""

    cls: PersonalClass
    country: str
    confidence: float


def _one(
    cls: PersonalClass,
    country: str,
    module: str,
    lengths: tuple[int, ...],
    form: str,
    needs: int,
    confidence: float,
) -> Identifier:
    return Identifier(cls, country, module, lengths, re.compile(form), needs, confidence)


# Forms with separators of their own, with letters, or with a date inside a checksum speak for
# themselves. Of plain digits one in ten or in eleven passes: those need a word beside them.
_IDENTIFIERS = (
    _one(_ID, "CH", "ch.ssn", (13,), r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", 0, 0.95),
    _one(_ID, "BE", "be.nn", (11,), r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", 0, 0.95),
    _one(_ID, "BR", "br.cpf", (11,), r"\d{3}\.\d{3}\.\d{3}-\d\d", 0, 0.95),
    _one(
        _ID,
        "CL",
        "cl.rut",
        (
            8,
            9,
        ),
        r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]",
        0,
        0.95,
    ),
    _one(_ID, "FR", "fr.nir", (15,), r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d", 0, 0.95),
    _one(_ID, "IT", "it.codicefiscale", (16,), r"[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]", 0, 0.99),
    _one(_ID, "MX", "mx.curp", (18,), r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", 0, 0.99),
    _one(_ID, "CN", "cn.ric", (18,), r"\d{17}[\dX]", 0, 0.9),
    _one(
        _ID,
        "FI",
        "fi.hetu",
        (
            10,
            11,
        ),
        r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]",
        0,
        0.9,
    ),
    _one(
        _ID,
        "SE",
        "se.personnummer",
        (
            10,
            12,
        ),
        r"(?:\d\d)?\d{6}[-+]\d{4}",
        0,
        0.8,
    ),
    _one(_ID, "KR", "kr.rrn", (13,), r"\d{6}-[1-8]\d{6}", 0, 0.8),
    _one(_ID, "CZ", "cz.rc", (10,), r"\d{6}/\d{4}", 0, 0.75),
    _one(_ID, "ES", "es.nie", (9,), r"[XYZ]-?\d{7}-?[A-Z]", 0, 0.9),
    _one(_ID, "ES", "es.dni", (9,), r"\d{8}-?[A-Z]", 0, 0.75),
    _one(
        _ID,
        "IE",
        "ie.pps",
        (
            8,
            9,
        ),
        r"\d{7}[A-W][A-IW]?",
        _ANY_ID | Topic.TAX,
        0.9,
    ),
    _one(
        _ID,
        "IN",
        "in_.pan",
        (10,),
        r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]",
        Topic.CARD | Topic.TAX | _ANY_ID,
        0.9,
    ),
    _one(_ID, "PL", "pl.pesel", (11,), r"\d{11}", _ANY_ID, 0.95),
    _one(_ID, "BE", "be.nn", (11,), r"\d{11}", _ANY_ID, 0.95),
    _one(_ID, "NO", "no.fodselsnummer", (11,), r"\d{6} ?\d{5}", _ANY_ID, 0.95),
    _one(_ID, "EE", "ee.ik", (11,), r"\d{11}", _ANY_ID, 0.9),
    _one(_ID, "HR", "hr.oib", (11,), r"\d{11}", _ANY_ID | Topic.TAX, 0.85),
    _one(_ID, "GR", "gr.amka", (11,), r"\d{11}", _ANY_ID, 0.9),
    _one(_ID, "TR", "tr.tckimlik", (11,), r"\d{11}", _ANY_ID, 0.9),
    _one(_ID, "BR", "br.cpf", (11,), r"\d{11}", _ANY_ID | Topic.TAX, 0.85),
    _one(_TAX, "DE", "de.idnr", (11,), r"\d{2} ?\d{3} ?\d{3} ?\d{3}", _ANY_ID | Topic.TAX, 0.95),
    _one(
        _TAX,
        "DE",
        "de.stnr",
        (
            10,
            11,
            12,
            13,
        ),
        r"\d{2,3}[ /]\d{3,4}[ /]\d{4,5}",
        Topic.TAX,
        0.85,
    ),
    _one(_ID, "NL", "nl.bsn", (9,), r"\d{4}\.?\d{2}\.?\d{3}", _ANY_ID, 0.9),
    _one(_ID, "PT", "pt.nif", (9,), r"\d{9}", _ANY_ID | Topic.TAX, 0.8),
    _one(_ID, "CA", "ca.sin", (9,), r"\d{3}[ -]?\d{3}[ -]?\d{3}", _ANY_ID, 0.8),
    _one(_ID, "DK", "dk.cpr", (10,), r"\d{6}-?\d{4}", _ANY_ID, 0.8),
    _one(_ID, "AT", "at.vnr", (10,), r"\d{4} ?\d{6}", _ANY_ID, 0.9),
    _one(_ID, "GB", "gb.nhs", (10,), r"\d{3}[ -]?\d{3}[ -]?\d{4}", _ANY_ID, 0.9),
    _one(_ID, "BG", "bg.egn", (10,), r"\d{10}", _ANY_ID, 0.9),
    _one(_TAX, "GB", "gb.utr", (10,), r"\d{5} ?\d{5}", Topic.TAX, 0.85),
    _one(_ID, "RO", "ro.cnp", (13,), r"\d{13}", _ANY_ID, 0.9),
    _one(_ID, "ZA", "za.idnr", (13,), r"\d{13}", _ANY_ID, 0.9),
    _one(_ID, "IN", "in_.aadhaar", (12,), r"\d{4} ?\d{4} ?\d{4}", _ANY_ID, 0.9),
    _one(_ID, "FR", "fr.nir", (15,), r"[12]\d{14}", 0, 0.95),
    _one(_TAX, "US", "us.ein", (9,), r"\d{2}-\d{7}", Topic.TAX, 0.8),
    _one(
        _TAX,
        "",
        "eu.vat",
        (
            9,
            10,
            11,
            12,
            13,
            14,
        ),
        r"(?:ATU|NL|ES|FR|[A-Z]{2})[A-Z0-9]{7,12}",
        0,
        0.85,
    ),
    _one(_TAX, "CH", "ch.uid", (12,), r"CHE-?\d{3}\.?\d{3}\.?\d{3}", 0, 0.85),
)
_BY_LENGTH = {
    length: tuple(each for each in _IDENTIFIERS if length in each.lengths) for length in range(8, 19)
}
_TOLD = _ANY_ID | Topic.TAX | Topic.CARD
_UNASKED = {
    length: tuple(each for each in several if not each.needs) for length, several in _BY_LENGTH.items()
}


def identify(written: str, context: Context, *, unasked: bool = True) -> Match | None:
    """What an identifier written like this is: its class, its country, how surely; None where nothing fits.

    ``unasked=False`` leaves out those that speak for themselves. Where words name a country, its
    checks come first.
    """
    best: Match | None = None
    length = len(written) if written.isalnum() else sum(map(str.isalnum, written))
    for each in (_BY_LENGTH if context.all & _TOLD else _UNASKED).get(length, ()):
        if each.needs:
            if not context.all & each.needs:
                continue
        elif not unasked:
            continue
        if each.form.fullmatch(written) is None or not _passes(each.module, written):
            continue
        if each.country == context.country or not context.country:
            return Match(each.cls, each.country, each.confidence)
        best = best or Match(each.cls, each.country, each.confidence - 0.2)
    return best


def _passes(module: str, written: str) -> bool:
    return bool(_module(module).is_valid(written))


@cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")
