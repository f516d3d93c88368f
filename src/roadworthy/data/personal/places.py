"""Where people live: streets with their numbers in five languages, post boxes, British postcodes."""

from __future__ import annotations

import re

from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.words import words

_P = PersonalClass
_LOOK_BACK, _LOOK_AHEAD = 70, 90
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][^\W\d_]*[.'’]?(?:[-'’][^\W\d_]+)*"
_CITY = r"[^\W\d_a-zß-öø-ÿ][^\W\d_]+(?:['’][^\W\d_]+)?"
_WAYS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Square|Sq|Terrace|Close|"
    "Crescent|Cres|Highway|Hwy|Parkway|Pkwy|Trail|Circle|Alley|Loop"
)
_ENGLISH = re.compile(
    rf"(?<![\w.,/-])\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:(?:{_CAPITAL}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}(?:{_WAYS})\Z"
)
_ENGLISH_UNIT = re.compile(
    r"\.?,? (?:(?:[NS][EW]?|[EW])(?!\w)|(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|#)\.? ?#?\d{1,5}[A-Za-z]?\b)"
)
_US_END = re.compile(r",?\s{1,3}(?:[A-Z][\w.'-]{1,20} ?){1,3},?\s{1,3}[A-Z]{2},?\s\d{5}(?:-\d{4})?(?!\d)")
_GERMAN = re.compile(rf"(?:{_CAPITAL}[ -]){{0,3}}[^\W\d_][\w.-]{{0,30}}\Z")
_JOINED = re.compile(
    r"(?:stra(?:ß|ss)e|str\.|gasse|allee|platz|ufer|damm|chaussee|steig|straat|laan|gracht|weg|ring)",
    re.IGNORECASE,
)
_GERMAN_NUMBER = re.compile(r"\d{1,4} ?[a-zA-Z]?(?![\w.])(?: ?[-/–] ?\d{1,4}[a-z]?(?!\w))?")
_CONTINENTAL_END = re.compile(
    rf",?\s{{1,3}}(?:[A-Z]{{1,2}}-)?\d{{4,5}}(?: [A-Z]{{2}})?\s{_CITY}(?:[ -]{_CITY}){{0,2}}"
)
_FRENCH = re.compile(
    r"\d{1,4}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|chemin|all[ée]e|impasse|quai|route|cours|place) "
    rf"(?:(?:de la|de|du|des|le|la|les) |(?:de )?[ld]['’]){{0,2}}{_CAPITAL}(?:[ -](?:de |du |la )?{_CAPITAL}){{0,3}}"
)
_ROMANCE = re.compile(
    r"(?:Calle|C/|Avenida|Avda\.?|Paseo|Plaza|Via|Viale|Piazza|Corso) (?:(?:de la|de los|del|de|della|dei|dello) )?"
    rf"{_CAPITAL}(?: (?:de |del |la )?{_CAPITAL}){{0,3}},? (?:n[.º°o]{{0,2}} ?)?\d{{1,4}}(?!\w)"
)
_BOX = re.compile(r"\w[\w. ]{2,24}? \d{2,6}(?!\w)")
_NO_STREET = words("am auf unter in an der die das dem zum vom ihr sein")


def read_address(text: str, start: int, end: int) -> tuple[Span | None, int]:
    """The postal address that a street's word or number belongs to, and where to go on."""
    if text[start].isdigit():
        return _from_here(text, start, end, _FRENCH)
    if text[start:end].rstrip()[:2].isalpha() and text[start:end].lower().startswith(
        ("p.o", "po ", "p.o.", "postfach", "bo", "apartado")
    ):
        return _from_here(text, start, end, _BOX)
    street = _JOINED.match(text, start)
    if street is not None and text[end - 1].isdigit():
        return _german(text, start, street.end(), end)
    if (
        text[start : start + 2] in ("Ca", "C/", "Av", "Pa", "Pl", "Vi", "Pi", "Co")
        and not text[start + 1 : start + 2].isspace()
    ):
        return _from_here(text, start, end, _ROMANCE)
    return _english(text, end)


def _english(text: str, end: int) -> tuple[Span | None, int]:
    before = text[max(0, end - _LOOK_BACK) : end]
    found = _ENGLISH.search(before)
    if found is None or (
        found[0].split()[-1] in ("Close", "Way", "Place", "Loop") and found[0].count(" ") < 2
    ):
        return None, end - len(before.rpartition(" ")[2])
    start = end - len(before) + found.start()
    unit = _ENGLISH_UNIT.match(text, end, end + 24)
    far = unit.end() if unit is not None else end + (text[end : end + 1] == ".")
    tail = _US_END.match(text, far, far + _LOOK_AHEAD) or _CONTINENTAL_END.match(
        text, far, far + _LOOK_AHEAD
    )
    far = tail.end() if tail is not None else far
    return Span(start, far, _P.POSTAL_ADDRESS, 0.85 if tail is not None else 0.7), far


def _german(text: str, suffix: int, suffix_end: int, end: int) -> tuple[Span | None, int]:
    before = text[max(0, suffix - _LOOK_BACK) : suffix]
    found = _GERMAN.search(before[-48:])
    name = (found[0] if found is not None else "").split("\n")[-1]
    words = (name + text[suffix:suffix_end]).split()
    # Only words with a capital belong to the street's name; "um den Ring 3" has none.
    kept: list[str] = []
    for word in reversed(words):
        if word[0].isupper() and word.lower() not in _NO_STREET:
            kept.insert(0, word)
        else:
            break
    joined = " ".join(kept)
    number = _GERMAN_NUMBER.match(text, suffix_end + 1, suffix_end + 16)
    if not kept or number is None or len(joined) < 6:
        return None, end
    start = suffix_end - len(joined)
    if text[start:suffix_end] != joined:
        return None, end
    tail = _CONTINENTAL_END.match(text, number.end(), number.end() + _LOOK_AHEAD)
    far = tail.end() if tail is not None else number.end()
    sure = tail is not None or re.search(r"(?i)stra(?:ß|ss)e|str\.|straat|allee|gasse", joined) is not None
    return Span(start, far, _P.POSTAL_ADDRESS, 0.85 if sure else 0.55), far


def _from_here(text: str, start: int, end: int, form: re.Pattern[str]) -> tuple[Span | None, int]:
    found = form.match(text, start, start + _LOOK_AHEAD)
    if found is None:
        return None, end
    tail = _CONTINENTAL_END.match(text, found.end(), found.end() + _LOOK_AHEAD)
    far = tail.end() if tail is not None else found.end()
    return Span(start, far, _P.POSTAL_ADDRESS, 0.85 if tail is not None else 0.75), far
