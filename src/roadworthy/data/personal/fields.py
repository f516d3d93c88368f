"""What a label, a title or a sentence announces: names, dates of birth, papers, and what Art. 9 protects."""

from __future__ import annotations

import re

from roadworthy.data.personal import credentials, labels
from roadworthy.data.personal.checks import is_date
from roadworthy.data.personal.classes import Kind, PersonalClass
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.words import words

_P = PersonalClass
_LONGEST_VALUE = 100
_STARTS = re.compile(r"[ \t]{0,8}")
_LOOSE_VALUE = re.compile(r"[^\n\r\"<>|;\t{}\[\]]{1,100}")
_COMMA = re.compile(r",(?= ?[A-Za-z_\"']{2,20}[=:])|,(?=\S)|\s{2,}|\s[-–—/]\s|&|\s\(|\.(?=\s|$)")
_LABEL_AHEAD = re.compile(r"[, ]{1,2}[\w.-]{2,20}[:=]")
_NAME_WORD = r"(?:[^\W\d_](?:[^\W\d_]|['’.-](?=\w))*\.?)"
_NAME = re.compile(rf"{_NAME_WORD}(?:,? {{1,2}}{_NAME_WORD}){{0,4}}")
_PARTICLES = words(
    "van von de der den del della di da dos das du la le el al bin ibn ben y e zu zur ter ten und af"
)
_NO_NAMES = words("""the a an is are was be it this that and or not no none null nil true false unknown n/a na string str text char
    varchar int integer number object array value name required optional please see team all there sir madam customer
    customers friend friends valued colleague colleagues everyone both support service hello hi dear thanks today
    tomorrow again here we you your our my mine his her their its to for from with of in on at by as if das der die
    ein eine ist nicht und oder kein keine wir ihr sie alle zusammen kunde kunden kundin damen herren team leute ich
    le la les un une est pas et ou tous client bonjour el los las es no y o cliente hola todos undefined default test
    example redacted hidden anonymous user admin system root guest just calling about regarding very really urgent
    only also what when where why how who which monday tuesday wednesday thursday friday saturday sunday january
    february march april june july august september october november december montag dienstag mittwoch donnerstag
    freitag samstag sonntag santa god world lord wiki""")
_DATE_TEXT = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{2,4}(?!\d)|\d{1,2}(?:st|nd|rd|th|er|º|\.)?[ -](?:of |de )?[^\W\d_]{3,10}\.?,?[ -](?:de |del )?\d{4}"
    r"|[^\W\d_]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{8}(?!\d)"
)
_DATE_BEFORE = re.compile(
    r"(?<![\w.])(\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{1,2}\. [^\W\d_]{3,10} \d{4})[ ,(]{1,2}(?:in [^\W\d_]{2,20} )?\Z"
)
_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Monsieur|Madame|Mme|Señora?|Sra?|Sir)\b\.?")
_MONTHS = words("""jan feb mar mär mrz apr mai may jun jul aug sep oct okt nov dec dez fév fev avr jui aoû aou déc ene abr ago
    dic gen mag giu lug set ott out mei maa""")
_BIRTH_WITHIN = re.compile(
    r"[^\d\n]{0,24}?(?=\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d)", re.IGNORECASE
)
_PAPER = re.compile(
    r"(?:[\s\"'’)]{0,3}(?:nummer|number|numéro|número|numero|num|nr|no|n°|nº|id|ist|is|lautet|hat|die|der|has|the|with|mit|est|es|è|card|licen[cs]e|#)?"
    r"[.:=#\"'\s]{0,4}){1,4}",
    re.IGNORECASE,
)
_PAPER_VALUE = re.compile(r"[A-Z0-9](?:[ -]?[A-Z0-9]){4,19}(?![\w])")
_GENDERS = words("""m f d x w male female man woman männlich weiblich divers non-binary nonbinary homme femme masculin féminin
    hombre mujer masculino femenino maschio femmina other""")
_ORDINARY_WORDS = words(
    "none no not unknown null n/a na see yes true false keine nein aucun ninguna nessuna -"
)
_PAPERS = (_P.PASSPORT, _P.DRIVING_LICENCE, _P.NATIONAL_ID, _P.TAX_ID, _P.BANK_ACCOUNT, _P.LICENCE_PLATE)


def read_label(text: str, start: int, end: int) -> tuple[Span | None, int]:
    """The value of a labelled field (``Geburtsdatum: …``, ``"lastName": "…"``), and where to go on."""
    label = text[start:end].rstrip(":=>\t ").rstrip("\"'")
    header = labels.read_known(label.partition("(")[0].rstrip("\"' "))
    before = text[max(0, start - 24) : start]
    if header is None or _is_of_a_thing(before, header):
        return None, end
    if header.cls.kind is Kind.SECRET:
        secret = credentials.read_secret(text, _value_start(text, end)[0], header.cls)
        return secret, secret.end if secret is not None else end
    at, quote = _value_start(text, end)
    value, value_end = _value(text, at, quote, whole_line=header.cls is _P.POSTAL_ADDRESS)
    if not value or "@" in value:
        return None, end
    if (not quote and text[value_end : value_end + 1] in ("[", "{")) or "(" in value.split(" ")[0]:
        return None, end  # a type or a call in a program
    bare = header.bare and not quote
    found = _judged(value, header, told=quote or text[end - 1] == ">" or _begins_line(before), bare=bare)
    if found is None:
        return None, end
    return Span(at, at + len(found[0]), header.cls, found[1]), at + len(found[0])


def read_introduced(text: str, start: int, end: int, words: str) -> tuple[Span | None, int]:
    """The name after "my name is", a greeting or a farewell, and where to go on."""
    at = end
    while at < len(text) and at < end + 3 and text[at].isspace():
        at += 1
    found = _NAME.match(text, at, at + 60)
    if found is None:
        return None, end
    if _TITLE.match(found[0]) is not None:
        return None, end  # the title announces it
    said = words.strip().lower()
    sure = "name" in said or said.startswith(("ich hei", "je m", "me llamo", "mi chiamo", "ik heet"))
    name = _capitalised(found[0])
    # A greeting needs a comma, a farewell the end of the line: "Dear Diary", "Thanks, Google is down".
    after = text[at + len(name) : at + len(name) + 1]
    closes = after in ("", ",", "\n", "\r", "!") or (after in "." and sure)
    if name and not name.isupper() and (sure or (closes and (name.count(" ") <= 2))):
        return Span(at, at + len(name), _P.PERSON_NAME, 0.85 if sure else 0.6), at + len(name)
    first = found[0].split(" ")[0].rstrip(",.")
    if sure and not name and len(first) > 1 and first.lower() not in _NO_NAMES:
        return Span(at, at + len(first), _P.PERSON_NAME, 0.55), at + len(first)
    return None, end


def read_titled(text: str, start: int, end: int) -> tuple[Span | None, int]:
    """The name after ``Mr``, ``Frau`` or ``Dr.``, and where to go on. The title itself stays."""
    at = text.index(" ", start, end) + 1
    for title in ("Dr. ", "Prof. ", "Dr ", "Prof ", "med. "):
        if text.startswith(title, at):
            at += len(title)
    found = _NAME.match(text, at, at + 60)
    name = _capitalised(found[0]) if found is not None else ""
    if not name or (name.isupper() and len(name) < 3):
        return None, end
    return Span(at, at + len(name), _P.PERSON_NAME, 0.8), at + len(name)


def read_birth(text: str, start: int, end: int) -> tuple[Span | None, int]:
    """The date that a word of birth announces within the same line, or closes, and where to go on."""
    gap = _BIRTH_WITHIN.match(text, end, end + 40)
    found = _DATE_TEXT.match(text, gap.end(), gap.end() + 40) if gap is not None else None
    if found is None or not _is_some_date(found[0]):
        found = _DATE_BEFORE.search(text, max(0, start - 32), start)
        if found is None or not _is_some_date(found[1]):
            return None, end
        return Span(found.start(1), found.end(1), _P.DATE_OF_BIRTH, 0.9), end
    return Span(found.start(), found.end(), _P.DATE_OF_BIRTH, 0.95), found.end()


def read_paper(text: str, start: int, end: int) -> tuple[Span | None, int]:
    """The number of a passport, a licence or another paper that is named before it, and where to go on."""
    header = labels.read_known(text[start:end])
    if header is None:
        return None, end
    gap = _PAPER.match(text, end, end + 48)
    at = gap.end() if gap is not None else end
    found = _PAPER_VALUE.match(text, at, at + 48)
    if found is None or at == end:
        return None, end
    value = found[0].split(" ")[0] if header.cls is _P.PASSPORT else found[0]
    if not _is_number_of_paper(value) or is_date(value):
        return None, end
    return Span(at, at + len(value), header.cls, 0.8), at + len(value)


def is_name(value: str) -> bool:
    """Whether a value has the form of a person's name: a few words of letters, none of them an ordinary one."""
    bare = value.strip()
    found = _NAME.fullmatch(bare.replace("  ", " "))
    if found is None or len(bare) > 60:
        return False
    words = [word.strip(",.").lower() for word in bare.split()]
    return not any(word in _NO_NAMES and word not in _PARTICLES for word in words)


def _capitalised(words: str) -> str:
    """The part of some words that a name reaches: capitals, and particles between them."""
    kept = end = 0
    for word in words.split(" "):
        plain = word.strip(",.").lower()
        is_initial = len(plain) == 1 and word[:1].isupper() and plain not in "ia"
        if word and not is_initial and plain in _NO_NAMES and plain not in _PARTICLES:
            break
        end += len(word) + (1 if end else 0)
        if not word:
            continue
        if word[0].isupper():
            kept = end
            # "Ms. Camila. Have a …": only an initial or a title ends in a point.
            if word.endswith(",") or (word.endswith(".") and len(word) > 3):
                break
        elif plain not in _PARTICLES:
            break
    return words[:kept].rstrip(".,'’-") if kept else ""


def _is_of_a_thing(before: str, header: labels.Header) -> bool:
    """Whether the words before a label make it another one: ``file name:``, ``$name =``, ``obj.name=``."""
    if not header.exact or header.bare:
        if before[-1:] in (" ", "_", "-") and before[-2:-1].isalnum():
            tied = before.rstrip(" _-").split()[-1:]
            return not tied or labels.read(f"{tied[0]} name") is None
        return before[-1:] in (".", "$", "@", "/", "<") and before[-1:] != "<"
    if before[-1:] in ("_", "-", ".", "$"):
        word = re.split(r"[^\w]", before.rstrip("_-.$"))[-1]
        return before[-1:] in (".", "$") or labels.read(f"{word} {header.cls}") is None
    return False


def _begins_line(before: str) -> bool:
    return not before or before.rstrip(" \t*-•>#\"'{,(|")[-1:] in ("", "\n", "\r")


def _value_start(text: str, end: int) -> tuple[int, str]:
    gap = _STARTS.match(text, end)
    at = gap.end() if gap is not None else end
    quote = text[at : at + 1]
    if quote == "\\" and text[at + 1 : at + 2] == '"':
        return at + 2, '\\"'  # JSON inside of JSON
    return (at + 1, quote) if quote in ('"', "'") and quote else (at, "")


def _value(text: str, at: int, quote: str, *, whole_line: bool) -> tuple[str, int]:
    if quote:
        end = text.find(quote, at, at + _LONGEST_VALUE + 1)
        value = text[at:end] if end >= 0 else ""
        return ("" if "\n" in value else value), end
    found = _LOOSE_VALUE.match(text, at, at + _LONGEST_VALUE)
    if found is None:
        return "", at
    value = found[0]
    if not whole_line:
        cut = _COMMA.search(value)
        value = value[: cut.start()] if cut is not None else value
    ahead = _LABEL_AHEAD.search(value)
    value = value[: ahead.start()] if ahead is not None else value
    value = value.rstrip(" .,'’")
    return value, at + len(value)


def _judged(value: str, header: labels.Header, *, told: bool | str, bare: bool) -> tuple[str, float] | None:
    """The part of a labelled value that fits its label, and how surely; None where nothing does."""
    cls = header.cls
    if value.lower() in _ORDINARY_WORDS:
        return None
    if cls is _P.PERSON_NAME:
        name = _capitalised(value)
        if header.bare and (not told or " " not in name or name != value):
            return None
        whole = is_name(name) and (not bare or len(name) == len(value))
        return (name, 0.6 if header.bare else 0.85) if name and whole else None
    if cls is _P.DATE_OF_BIRTH:
        found = _DATE_TEXT.match(value)
        return (found[0], 0.97) if found is not None and _is_some_date(found[0]) else None
    if cls is _P.POSTCODE:
        return (value, 0.8) if 4 <= len(value) <= 10 and any(char.isdigit() for char in value) else None
    if cls is _P.POSTAL_ADDRESS:
        fits = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
        return (value, 0.8) if fits and " " in value and "://" not in value and "=" not in value else None
    if cls is _P.GENDER:
        return (value, 0.8) if value.lower() in _GENDERS else None
    if cls in _PAPERS:
        return (value, 0.7) if _is_number_of_paper(value) else None
    if cls in (_P.LOCATION, _P.NATIONALITY):
        return (value, 0.7) if value[:1].isupper() and is_name(value) else None
    if cls is _P.USERNAME:
        fits = re.fullmatch(r"[\w.+-]{3,40}", value) is not None and value.lower() not in _NO_NAMES
        return (value, 0.7) if fits and told else None
    if cls.kind in (Kind.SPECIAL, Kind.CRIMINAL):
        fits = (
            value[:1].isalnum()
            and any(char.isalpha() for char in value)
            and not re.search(r"[(){}=]", value)
        )
        return (value, 0.75) if fits and told else None
    return None


def _is_number_of_paper(value: str) -> bool:
    digits = sum(char.isdigit() for char in value)
    return 5 <= len(value) <= 24 and digits >= 4 and re.fullmatch(r"[\w /.-]+", value) is not None


def _is_some_date(written: str) -> bool:
    word = re.search(r"[^\W\d_]{3,10}", written)
    if word is not None:
        return word[0][:3].lower() in _MONTHS
    return is_date(written) or (len(written) == 8 and written.isdigit() and written[:2] in ("19", "20"))
