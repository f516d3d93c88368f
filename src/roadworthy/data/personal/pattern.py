"""The one expression that a text is searched with: where something personal may begin, for validators to judge.

It matches beginnings and no more than a validator needs to start from, on the bytes of UTF-8. RE2 finds
the end of a match before its beginning, so every repetition is bounded: a bound keeps many failed
attempts on hostile text linear altogether. And the automaton stays small enough to be fast.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from roadworthy.data.personal.labels import label_words

# One character outside ASCII, as bytes.
_FOREIGN = r"[\x80-\xff]{2,4}"
_CAPITAL = r"(?:[A-Z]|\xc3[\x80-\x9e]|[\xc4-\xc9\xce-\xd1][\x80-\xbf])"
# Between digits people also write no-break and thin blanks and typographic hyphens.
GAPS = " .-/()\u00a0\u2007\u2009\u2010\u2011\u2012\u2013\u2014\u202f"
_GAP = r"(?:[ .\-/()]|\xc2\xa0|\xe2\x80[\x87\x89\x90-\x94\xaf])"
# More digits than the longest number that means something; whatever is longer is no number at all.
MOST_DIGITS = 40

_KEYS = (
    r"\b(?:A(?:KIA|SIA|ROA|IDA)[0-9A-Z]|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|[srp]k_(?:live|test)_|sk-|"
    r"AIza|ya29\.|SG\.|npm_|pypi-|hf_|dop_v1_|shpat_|AGE-SECRET-KEY-|eyJ)[\w-]|(?i:\bbearer )[\w]"
)
_INTRODUCTIONS = (
    "my name is|my name's|my name’s|i am called|mein name ist|mein name lautet|ich heiße|ich heisse|je m'appelle|"
    "je m’appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome è|mijn naam is|ik heet|kind regards,|"
    "best regards,|warm regards,|regards,|sincerely,|mit freundlichen grüßen,?|mit freundlichen gruessen,?|"
    "viele grüße,?|beste grüße,?|lg,?|mfg,?|cordialement,?|bien à vous,?|saludos,?|cordiali saluti,?|thanks,|"
    "groeten,?|hello,? this is|hi,? this is|this is|hi|hier ist|hier spricht|dear|liebe|lieber|hallo|chère|cher|querido|querida"
)
_TITLES = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herr|Herrn|Frau|Hr|Monsieur|Madame|Mademoiselle|Mme|Mlle|Señor|Señora|"
    "Señorita|Sra|Srta|Signor|Signora|Sig|Dott|Mevrouw|Meneer|Dhr|Mevr"
)
_BIRTHS = (
    r"\b(?i:born|dob|birthday|birth|geboren|geb|nee|naissance|nacido|nacida|nacimiento|nato|nata|nascita)\b"
    r"|\b[Nn]\xc3[\xa9\x89][Ee]?[ :(]"
)
_PAPERS = (
    "passport|reisepass|reisepassnummer|passnummer|passeport|pasaporte|passaporto|paspoort|driving licence|"
    "driving license|driver license|drivers license|drivers licence|driver's license|driver’s license|"
    "driver's licence|führerschein|führerscheinnummer|personalausweis|personalausweisnummer|permis de conduire|"
    "permiso de conducir|patente di guida|rijbewijs|identity card|id card|carte d'identité|carte d’identité"
)
_STREETS = "straße|strasse|str\\.|gasse|allee|platz|ufer|damm|chaussee|steig|straat|laan|gracht|weg|ring"
_WAYS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Place|Pl|Square|Sq|Terrace|Close|"
    "Crescent|Cres|Highway|Hwy|Parkway|Pkwy|Trail|Circle|Alley|Loop"
)
_ADDRESS = (
    rf"\b\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|av\.|boulevard|bd|chemin|all{_FOREIGN}e|impasse|quai|route|"
    r"cours|place) [A-Za-z\x80-\xff]"
    r"|\b(?:Calle|C/|Avenida|Avda\.?|Paseo|Plaza|Via|Viale|Piazza|Corso) [A-Z\x80-\xff]"
    rf"|(?i:\b(?:p\.? ?o\.? box|postfach|bo{_FOREIGN}te postale|apartado de correos) )\d"
    rf"|(?i:{{streets}}) \d"
    rf"|[\w.] (?:{_WAYS})\b"
)
_CODES = (
    r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b"
    r"|\b[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d\b"
    r"|\b[A-Z]{2} \d{2} ?\d{2} ?\d{2} ?[A-D]\b"
    r"|\b[A-Z]{5}\d{4}[A-Z]\b"
    r"|\b[XYZ]-?\d{7}-?[A-Z]\b"
    r"|\b(?:ATU|NL|ES|FR|CHE)-?[A-Z0-9]\d{2}"
    r"|\b[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{3}"
)
_DEVICE = r"\b[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]|\b(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}\b"
_IPV4 = r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"
_NUMBER = rf"(?:\+{_GAP}?|\(\+?)?\d(?:{_GAP}{{0,3}}\d){{5,{MOST_DIGITS - 1}}}"


def _foreign(words: str) -> str:
    """The words of an alternation as bytes, an accented letter matching itself, its plain form and both together."""
    return "".join(char if char.isascii() else _spellings(char) for char in words)


def _spellings(char: str) -> str:
    plain = unicodedata.normalize("NFKD", char.replace("ß", "ss").replace("’", "'"))
    plain = "".join(each for each in plain if each.isascii())
    return rf"(?:{plain}{_FOREIGN}|{plain}|{_FOREIGN})"


def _labels() -> str:
    names = "|".join(
        _foreign(re.escape(name).replace(r"\ ", "[ _-]?").replace("'", "(?:'|’)?"))
        for name in label_words()
    )
    return rf"(?i:\b(?:{names}))(?:\\?[\"']|\s?\([^()\n]{{0,20}}\))?\s?(?:[:=>]|\t)"


# What begins with a letter, in the order of precedence where two begin at the same place.
LETTERED: tuple[tuple[str, str], ...] = (
    ("key", _KEYS),
    ("paper", rf"(?i:\b(?:{_foreign(_PAPERS)}))\b"),
    ("introduction", rf"(?i:\b(?:{_foreign(_INTRODUCTIONS)}))\s"),
    ("title", rf"\b(?:{_foreign(_TITLES)})\.? (?:{_CAPITAL}|v[ao]n |d[eiu][rlns]? |te[rn] )"),
    ("birth", _BIRTHS),
    ("device", _DEVICE),
    ("code", _CODES),
    ("address", _ADDRESS.replace("{streets}", _foreign(_STREETS))),
    ("postcode", r"\b[A-Z]{1,2}\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2}\b"),
)
_OTHERS = (r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY", _NUMBER, _IPV4, r"@[\w\[\x80-\xff]")
# The last character of a label, and of nothing else that begins with a letter.
LABEL_ENDS = ":=>\t"


def build() -> tuple[Any, re.Pattern[bytes]]:
    """Two compiled expressions on bytes of UTF-8: one finds beginnings, the other tells which of ``LETTERED`` one is.

    The first, RE2's, has no groups: with groups it goes over every match again with an automaton the
    size of all labels, which costs more than the whole search. So the second, Python's, is asked at a
    beginning alone; its n-th group is the n-th of ``LETTERED``.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    # The cache of automaton states: with the usual 8 MiB it overflows on varied text and starts again.
    options.max_mem = 64 << 20
    lettered = [pattern for _, pattern in LETTERED]
    every = (*lettered[:1], _labels(), *lettered[1:], *_OTHERS)
    return (
        re2.compile("|".join(f"(?:{pattern})" for pattern in every).encode(), options),
        re.compile("|".join(f"({pattern})" for pattern in lettered).encode()),
    )
