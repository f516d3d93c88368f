"""When two values are the same, and when one stands in a text: as a whole, never in part.

Texts are compared character by character (in Unicode's composed form, nothing folded), because a letter that
only looks like another one names somebody else. Four kinds of text have spellings that name the same thing:
addresses of mail, account numbers, telephone numbers and addresses on the web.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from roadworthy.data.personal.checks import passes_iban

LONGEST: Final = 2_000
"""Characters of a value that is looked for in a text; a longer one is content and steers nothing."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,15})(?:\.\d{1,9})?", re.ASCII)
_MAIL = re.compile(r"(?:mailto:)?([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190})", re.ASCII)
_ACCOUNT = re.compile(r"[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}", re.ASCII)
_PHONE = re.compile(r"(?:tel:)?\+(?:[\s().\-/]{0,2}\d){7,15}", re.ASCII)
_WEB = re.compile(r"(?:(https?)://)?([A-Za-z0-9.-]{1,253}(?::\d{1,5})?)([/?#].*)?", re.ASCII | re.DOTALL)
_FIGURES = re.compile(
    r"(?<![\w.,%/@+-])[€$£¥]?(-?(?:0|[1-9]\d{0,15})(?:\.\d{1,9})?)"
    r"(?=[€$£¥%]?(?:[\s\"'”’»)\]};:!?]|[.,](?:\s|$)|$))"
)
_CENTS = re.compile(r"\d{1,13}\.\d\d", re.ASCII)
_OPENING = frozenset("\"'“”„‘’‚«»([{<,;`*_")
_CLOSING = frozenset("\"'”’“‘»«)]}>,;`*_")
_ENDING = frozenset(".!?:")


def known_as(value: object) -> tuple[str, ...]:
    """The keys under which a trusted value is kept. Truth values and nothing are kept under none."""
    if isinstance(value, str):
        number = _plain_number(value)
        return (*_as_text(value), *((f"figure:{number}",) if number else ()))
    number = _number(value)
    return (f"number:{number}",) if number else ()


def looked_up_as(value: object) -> tuple[str, ...]:
    """The keys under which a value is looked for: `4990` finds the number and the text, `007` only itself."""
    if isinstance(value, str):
        number = _plain_number(value)
        return (*_as_text(value), *((f"number:{number}",) if number else ()))
    number = _number(value)
    return (f"number:{number}", f"figure:{number}") if number else ()


def flattened(text: str) -> str:
    """A text as values are looked for in it: composed, with one blank for every run of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def stands_in(flat: str, value: str) -> bool:
    """Whether a value is a word, or several words, of a flattened text: nothing is glued to its ends.

    `bob@example.com` stands in `write to bob@example.com.` and not in `bob@example.com.evil.org`.
    """
    wanted = unicodedata.normalize("NFC", value)
    if not wanted or len(wanted) > LONGEST or " ".join(wanted.split()) != wanted:
        return False
    at = flat.find(wanted)
    while at >= 0:
        if _opens(flat, at) and _closes(flat, at + len(wanted)):
            return True
        at = flat.find(wanted, at + 1)
    return False


def figures(text: str) -> Iterator[str]:
    """Keys of the numbers that a text writes in plain digits; `49.90` also counts as 4990 hundredths."""
    for found in _FIGURES.finditer(text):
        if number := _plain_number(found[1]):
            yield f"figure:{number}"
        if _CENTS.fullmatch(found[1]):
            yield f"cents:{int(found[1].replace('.', ''))}"


def as_cents(value: object) -> str:
    """The key under which an amount in minor units stands where a text writes it with two decimals."""
    return f"cents:{value}" if type(value) is int and value.bit_length() < 60 else ""


def _as_text(value: str) -> tuple[str, ...]:
    composed = unicodedata.normalize("NFC", value)
    keys = [f"text:{composed}"]
    if len(composed) > LONGEST or not composed.isascii():
        return tuple(keys)
    if mail := _MAIL.fullmatch(composed):
        keys.append(f"mail:{mail[1].lower()}")
    elif _PHONE.fullmatch(composed):
        keys.append("phone:" + "".join(filter(str.isdigit, composed)))
    elif (web := _WEB.fullmatch(composed)) and "." in web[2]:
        # Without a scheme it may as well be the name of a file, whose letters count.
        host = web[2].lower() if web[1] else web[2]
        rest = web[3] or ""
        keys.append(f"web:{host}{'' if rest == '/' else rest}")
    if _ACCOUNT.fullmatch(composed):
        compact = composed.replace(" ", "").replace("-", "").upper()
        if passes_iban(compact):
            keys.append(f"account:{compact}")
    return tuple(keys)


def _plain_number(text: str) -> str:
    """A number written plainly, without the zeros at the end of its decimals; `007` is no number, it is a name."""
    if len(text) > 30 or not _NUMBER.fullmatch(text):
        return ""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, int):
        return str(value) if value.bit_length() < 60 else ""
    if not math.isfinite(value) or abs(value) >= 1e15:
        return ""
    return str(int(value)) if value.is_integer() else _plain_number(repr(value))


def _opens(text: str, at: int) -> bool:
    return at == 0 or text[at - 1].isspace() or text[at - 1] in _OPENING


def _closes(text: str, end: int) -> bool:
    if end >= len(text):
        return True
    char = text[end]
    if char.isspace():
        return True
    after = text[end + 1 : end + 2]
    if char in _ENDING:
        return not after or after.isspace() or after in _CLOSING
    if char in "'’" and after.isalnum():
        # "Bob's account" names Bob; "O'Brien" does not name O.
        return after == "s" and not text[end + 2 : end + 3].isalnum()
    return char in _CLOSING
