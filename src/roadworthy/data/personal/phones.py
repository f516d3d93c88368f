"""Whether digits can be a telephone number: by their shape, and where that says too little by the world's numbering plans.

The plans (package phonenumbers) take 40 ms and some memory to load and 50 µs a question, so they are
asked last, and loaded when first asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from roadworthy.data.personal.topics import AGAINST, Context, Topic

# Countries whose plans are tried on a number that begins with 0 and names no country.
REGIONS = ("DE", "GB", "FR", "IT", "NL", "BE", "AT", "CH", "AU")
_NORTH_AMERICAN = re.compile(
    r"(?:(?:\+|00)?1[ .-]?)?(?:\([2-9]\d\d\)[ .-]?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}"
)
_GROUPED = re.compile(r"\(?0\d{1,5}\)?[ ./-]{1,3}\d[\d ./-]{3,}\d")
_NO_REASON = Topic.REFERENCE | Topic.AMOUNT
# "350 - 122" is arithmetic.
_SPACED = re.compile(r" [-/.] ")
# Two to five groups, none of them a single digit.
_EVEN = re.compile(r"\(?\d{2,8}\)?(?:[ ./-]\(?\d{2,8}\)?){1,4}")


def likeness(run: str, digits: str, context: Context, regions: Sequence[str]) -> float:
    """How surely a run of digits is a telephone number, from 0 to 1. ``run`` has plain blanks and hyphens."""
    length = len(digits)
    if not 7 <= length <= 15 or len(set(digits)) == 1:
        return 0.0
    told = bool(context.nearest & Topic.PHONE) or bool(context.all & Topic.PHONE and not context.is_against)
    if run.startswith(("+", "(+")):
        return _international(run, digits, context, told=told)
    grouped = not run.isdigit()
    if told:
        # Without separators a long number is rather an identifier or a moment, even after "call".
        if _SPACED.search(run) and not digits.startswith("0"):
            return 0.0
        return 0.0 if length > 12 and not grouped and not digits.startswith("00") else 0.85
    if context.nearest & _NO_REASON:
        return 0.0
    if context.all & Topic.PERHAPS_PHONE and not context.is_against:
        if grouped and length <= 12 and _EVEN.fullmatch(run):
            return 0.65
        if not grouped and context.all & Topic.CALL and 9 <= length <= 12:
            return 0.6
    if _NORTH_AMERICAN.fullmatch(run):
        return 0.8 if "-" in run or "(" in run else 0.7
    if digits.startswith("00") and grouped and length >= 10:
        return 0.8 if _is_possible("+" + digits[2:], valid=True) else 0.0
    if not digits.startswith("0") or digits.startswith("00") or not 9 <= length <= 12:
        return 0.0
    # "after 5 o'clock on 06221/123456": words of time are no reason against a number with a dialling code.
    if context.nearest & (AGAINST if not grouped else AGAINST & ~Topic.TIME):
        return 0.0
    if grouped and not _GROUPED.fullmatch(run):
        return 0.0
    return (0.75 if grouped else 0.55) if _is_valid(digits, regions, mobile=not grouped) else 0.0


def _international(run: str, digits: str, context: Context, *, told: bool) -> float:
    if told:
        return 0.95 if len(digits) >= 7 else 0.0
    if len(digits) < 8:
        return 0.0
    if context.nearest & _NO_REASON or run[1:].isdigit():
        # The trunk zero of "+49 (0)171" is not dialled.
        number = "+" + re.sub(r"\D", "", run.replace("(0)", "", 1))
        return 0.85 if _is_possible(number) else 0.0
    return 0.9


def _is_possible(number: str, *, valid: bool = False) -> bool:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(parsed) if valid else phonenumbers.is_possible_number(parsed)


def _is_valid(digits: str, regions: Sequence[str], *, mobile: bool) -> bool:
    import phonenumbers

    for region in regions:
        rough = _ROUGH.get(region)
        if rough is not None and not rough.fullmatch(digits):
            continue
        try:
            number = phonenumbers.parse(digits, region)
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_valid_number_for_region(number, region):
            continue
        if not mobile or phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE:
            return True
    return False


# What no number of a country can contradict; spares most questions to its plan.
_ROUGH = {
    region: re.compile(pattern)
    for region, pattern in {
        "DE": r"0[1-9]\d{7,10}",
        "GB": r"0[1-357-9]\d{8,9}",
        "FR": r"0[1-9]\d{8}",
        "IT": r"0\d{8,10}",
        "NL": r"0[1-9]\d{8}",
        "BE": r"0[1-9]\d{7,8}",
        "AT": r"0[1-9]\d{7,10}",
        "CH": r"0[2-9]\d{8}",
        "AU": r"0[2-478]\d{8}",
    }.items()
}
