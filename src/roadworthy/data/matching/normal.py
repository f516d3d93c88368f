"""The spelling of a value that is compared: what two honest writers of the same thing may write differently is gone.

One implementation in Python, so that every engine compares the same texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum

_MISSING_WORDS = r"- -- --- . ? ?? n/a na n.a. nan null none nil unknown unbekannt keine keiner k.a. missing inconnu tbd tba xxx #n/a \n"
_MISSING = frozenset(
    (*_MISSING_WORDS.split(), "not available", "not applicable", "keine angabe", "not known", "desconocido")
)
# German writers and machines without umlauts use two letters; the other marks are simply left out.
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_LEGAL_WORDS = (
    "gmbh mbh ag kg ohg gbr ug haftungsbeschraenkt kgaa se ev eg co inc incorporated llc llp lp ltd limited corp "
    "corporation company plc pty sa sas sarl srl spa sl slu bv nv ab oy oyj asa aps gesmbh und and the cie"
)
_LEGAL = frozenset(_LEGAL_WORDS.split())
_LEGAL_SPELLED = re.compile(
    r"\b(g\.? ?m\.? ?b\.? ?h|e\. ?v|e\. ?k|s\. ?a(?:\. ?r\. ?l|\. ?s)?|s\. ?r\. ?l|s\. ?p\. ?a|b\. ?v|n\. ?v|"
    r"l\. ?l\. ?c|l\. ?t\. ?d|p\. ?l\. ?c|a\. ?g|k\. ?g|o\. ?h\. ?g)\b\.?"
)
_STREETS = {
    "strasse": "str", "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr",
    "boulevard": "blvd", "lane": "ln", "place": "pl", "platz": "pl", "court": "ct", "square": "sq", "parkway": "pkwy",
    "highway": "hwy", "circle": "cir", "crescent": "cres", "terrace": "tce", "suite": "ste", "apartment": "apt",
    "north": "n", "south": "s", "east": "e", "west": "w", "first": "1st", "second": "2nd", "third": "3rd",
}  # fmt: skip
_TITLE_WORDS = (
    "dr prof mr mrs ms miss mister herr frau dipl ing med phil rer nat mba phd jr sr mme mlle sir"
)
_TITLES = frozenset(_TITLE_WORDS.split())
_DATE = re.compile(r"(\d{1,4})[-./ ](\d{1,2})[-./ ](\d{1,4})(?:[T ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBER = re.compile(r"[-+]?\d[\d.,' ]*")


class Form(StrEnum):
    """How a column's values are spelled for comparing."""

    NAME = "name"
    PERSON = "person"
    ORGANISATION = "organisation"
    STREET = "street"
    WORDS = "words"
    CODE = "code"
    DIGITS = "digits"
    EMAIL = "e-mail"
    DATE_YMD = "date, year first"
    DATE_DMY = "date, day first"
    DATE_MDY = "date, month first"
    YEAR = "year"
    NUMBER = "number"


def fold(text: str) -> str:
    """Small letters without marks, as a machine of old would write them: `Müller` is `mueller`."""
    small = text.casefold()
    if small.isascii():
        return small
    # Composed first: an umlaut may come as a letter and a mark.
    composed = unicodedata.normalize("NFKC", small).casefold().translate(_LETTERS)
    return "".join(one for one in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(one))


def words(text: str) -> list[str]:
    """The words and numbers of a folded text, in order."""
    return _WORD.findall(fold(text))


def _name(text: str) -> str:
    return " ".join(words(text))


def _person(text: str) -> str:
    found = [word for word in words(text) if word not in _TITLES]
    # Sorted: `Meyer, Anna` and `Anna Meyer` are one spelling.
    return " ".join(sorted(found or words(text)))


def _organisation(text: str) -> str:
    folded = _LEGAL_SPELLED.sub(lambda match: re.sub(r"[. ]", "", match[0]), fold(text))
    found = _WORD.findall(folded.replace("'", "").replace("’", ""))
    return " ".join([word for word in found if word not in _LEGAL] or found)


def _street(text: str) -> str:
    found = []
    for word in words(text):
        if len(word) > 7 and word.endswith("strasse"):
            word = word[:-4]
        found.append(_STREETS.get(word, word))
    return " ".join(found)


def _code(text: str) -> str:
    return "".join(words(text))


def _digits(text: str) -> str:
    digits = "".join(one for one in unicodedata.normalize("NFKC", text) if "0" <= one <= "9")
    return digits.lstrip("0")


def _email(text: str) -> str:
    address = text.strip().casefold().removeprefix("mailto:")
    return "".join(one for one in address if one.isprintable()) if "@" in address else ""


def _year_of(text: str) -> str:
    found = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)(?!\d)", text)
    return found[1] if found else ""


def _number(text: str) -> str:
    """As Python writes the number; the last of several marks is the decimal one, a lone one before three digits is not."""
    found = _NUMBER.search(text)
    if not found:
        return ""
    plain = re.sub(r"[ ']", "", found[0]).rstrip(".,")
    marks = [one for one in plain if one in ".,"]
    if len(set(marks)) == 2:
        decimal = plain[max(plain.rfind("."), plain.rfind(","))]
        plain = plain.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    elif len(marks) > 1 or (marks and marks[0] == "," and re.search(r",\d{3}$", plain)):
        plain = plain.replace(marks[0], "")
    else:
        plain = plain.replace(",", ".")
    try:
        return repr(float(plain))
    except ValueError:
        return ""


def _date(order: str) -> Callable[[str], str]:
    def spell(text: str) -> str:
        folded = text.strip()
        if compact := _COMPACT.fullmatch(folded):
            return _valid(compact[1], compact[2], compact[3])
        match = _DATE.fullmatch(folded)
        if not match:
            return ""
        if len(match[1]) == 4:
            return _valid(match[1], match[2], match[3])
        day, month = (match[1], match[2]) if order == "dmy" else (match[2], match[1])
        year = match[3]
        if len(year) == 2:
            year = ("19" if int(year) > 30 else "20") + year
        return _valid(year, month, day)

    return spell


def _valid(year: str, month: str, day: str) -> str:
    """Eight digits where these can be a date. A month and day beyond theirs stay: an error is compared, not lost."""
    if len(year) != 4 or len(month) > 2 or len(day) > 2:
        return ""
    return f"{year}{int(month):02}{int(day):02}"


_SPELL: dict[Form, Callable[[str], str]] = {
    Form.NAME: _name,
    Form.PERSON: _person,
    Form.ORGANISATION: _organisation,
    Form.STREET: _street,
    Form.WORDS: _name,
    Form.CODE: _code,
    Form.DIGITS: _digits,
    Form.EMAIL: _email,
    Form.DATE_YMD: _date("ymd"),
    Form.DATE_DMY: _date("dmy"),
    Form.DATE_MDY: _date("mdy"),
    Form.YEAR: _year_of,
    Form.NUMBER: _number,
}
# A person may be called Na; nobody has it as a phone number.
_MAY_SOUND_MISSING = frozenset({Form.NAME, Form.PERSON, Form.ORGANISATION})


def normal(text: str | None, form: Form) -> str | None:
    """The spelling that is compared, or None where there is nothing to compare.

    Edge: a text that only says that a value is missing (`n/a`, `unbekannt`, `-`) is none, except in names,
    where only marks are. A date that cannot be read as one is none.
    """
    if text is None:
        return None
    bare = text.strip()
    if not bare or (bare.casefold() in _MISSING and (form not in _MAY_SOUND_MISSING or not bare.isalpha())):
        return None
    return _SPELL[form](bare) or None


_SOUNDS = str.maketrans("bpfvwcgjkqsxzdtlmnr", "1111122222222334556")


def sound(spelled: str) -> str:
    """A rough sound: consonants by class, without vowels and doublings; vowel-only names are as they are.

    Coarser than Soundex (Russell 1918): the first letter counts by its class too, so that `Philipp` and `Filip`
    meet.
    """
    found: list[str] = []
    text = spelled.replace("ph", "f").replace("sch", "s").replace("ch", "k")
    for one in text.translate(_SOUNDS):
        if one.isdigit() and (not found or found[-1] != one):
            found.append(one)
    return "".join(found)[:5] or spelled[:3]
