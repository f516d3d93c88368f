"""Arithmetic that numbers about people carry with them: check digits, issuers, lengths, calendars."""

from __future__ import annotations

import re

from roadworthy.data.personal.words import words

_SSN_NEVER_ISSUED = frozenset(("078051120", "219099999"))
# Length of an IBAN per country: SWIFT IBAN registry, release 101, and the users outside it.
_IBAN_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in words("""AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28
    CM27 CR22 CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GA27 GB22 GE22 GI23 GL18
    GQ27 GR27 GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20
    LV21 LY25 MA28 MC27 MD24 ME22 MG27 MK19 ML28 MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29
    PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29
    VA22 VG24 XK20 YE30""")
}
# ISO 13616: A counts 10, Z 35.
_IBAN_FIGURES = {char: str(int(char, 36)) for char in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_PLAIN = bytes(max(0, code - 48) % 10 for code in range(256))
_DOUBLED = bytes(sum(divmod(2 * figure, 10)) for figure in _PLAIN)
_WEIGHTS_SVNR = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
_DATE = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})|(\d{1,2})[-./](\d{1,2})[-./](\d{4}|\d{2})")


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812 annex B; one random number in ten passes."""
    figures = digits.encode("ascii")
    return (sum(figures[-1::-2].translate(_PLAIN)) + sum(figures[-2::-2].translate(_DOUBLED))) % 10 == 0


def card_issuer(digits: str) -> str:
    """Whose card a number of this prefix and length would be; empty where nobody's."""
    length, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return "visa" if length in (13, 16, 19) else ""
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return "mastercard" if length == 16 else ""
    if two in (34, 37):
        return "amex" if length == 15 else ""
    if 3528 <= four <= 3589:
        return "jcb" if 16 <= length <= 19 else ""
    if four in (2131, 1800):
        return "jcb" if length == 15 else ""
    if two in (36, 38, 39) or 300 <= four // 10 <= 305 or four // 10 == 309:
        return "diners" if 14 <= length <= 19 else ""
    if four == 6011 or two == 65 or 644 <= four // 10 <= 649:
        return "discover" if 16 <= length <= 19 else ""
    if two == 62:
        return "unionpay" if 16 <= length <= 19 else ""
    if two in (50, 56, 57, 58, 63, 67) or four == 604:
        return "maestro" if 12 <= length <= 19 else ""
    return ""


def iban_length(compact: str) -> int:
    """How long an IBAN of this beginning is; 0 where no country begins so."""
    return _IBAN_LENGTHS.get(compact[:2].upper(), 0)


def passes_iban(compact: str) -> bool:
    """Whether the check digits of ISO 13616 hold (modulo 97) and the length is its country's."""
    upper = compact.upper()
    if len(upper) != iban_length(upper) or not (upper.isascii() and upper.isalnum()):
        return False
    # 00, 01 and 99 leave the right remainder and are never given.
    if not 2 <= int(upper[2:4]) <= 98:
        return False
    return int("".join([_IBAN_FIGURES[char] for char in upper[4:] + upper[:4]])) % 97 == 1


def is_ssn(digits: str) -> bool:
    """Whether nine digits may be a US social security number: areas, groups and serials that are given."""
    area = int(digits[:3])
    return (
        0 < area < 900
        and area != 666
        and digits[3:5] != "00"
        and digits[5:] != "0000"
        and digits not in _SSN_NEVER_ISSUED
        and len(set(digits)) > 1
    )


def is_itin(digits: str) -> bool:
    """Whether nine digits may be a US individual taxpayer identification number."""
    return digits[0] == "9" and (50 <= int(digits[3:5]) <= 65 or 70 <= int(digits[3:5]) <= 99)


def is_german_insurance_number(compact: str) -> bool:
    """Whether the check digit of a German pension insurance number holds (VKVV § 2: 12 characters)."""
    if not re.fullmatch(r"\d{8}[A-Z]\d{3}", compact):
        return False
    # The day may carry an offset of 0 or more than 31 in older numbers; the month may not.
    if not 1 <= int(compact[4:6]) <= 12:
        return False
    spread = compact[:8] + f"{ord(compact[8]) - 64:02d}" + compact[9:11]
    total = sum(
        sum(divmod(int(char) * weight, 10)) for char, weight in zip(spread, _WEIGHTS_SVNR, strict=True)
    )
    return total % 10 == int(compact[11])


def is_date(word: str) -> bool:
    """Whether a word is a day of the calendar in figures: year first, or day and month before the year."""
    found = _DATE.fullmatch(word)
    if found is None:
        return False
    if found[1]:
        return 1000 <= int(found[1]) <= 2199 and _is_day(int(found[2]), int(found[3]))
    first, second = int(found[4]), int(found[5])
    return _is_day(second, first) or _is_day(first, second)


def is_compact_date(digits: str) -> bool:
    """Whether digits are a day, or a day and a time, written without separators (``20240131``, ``20240131235959``)."""
    if len(digits) not in (8, 12, 14) or digits[:2] not in ("18", "19", "20"):
        return False
    if not _is_day(int(digits[4:6]), int(digits[6:8])):
        return False
    return len(digits) == 8 or (int(digits[8:10]) < 24 and int(digits[10:12]) < 60)


def is_ipv4(word: str) -> bool:
    """Whether a word is four numbers up to 255 without leading zeros, parted by points."""
    parts = word.split(".")
    return len(parts) == 4 and all(
        part.isdigit() and len(part) <= 3 and int(part) < 256 and (part == "0" or part[0] != "0")
        for part in parts
    )


def _is_day(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31
