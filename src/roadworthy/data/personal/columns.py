"""What a column of a table holds: its header's words and its values' forms, weighed together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from roadworthy.data.personal import labels
from roadworthy.data.personal.checks import is_compact_date, is_date
from roadworthy.data.personal.classes import PersonalClass
from roadworthy.data.personal.fields import is_name
from roadworthy.data.personal.span import Span
from roadworthy.data.personal.words import words

_P = PersonalClass
# From this share on a column is taken to hold a class although its header is silent.
_SAYS_ITSELF = 0.5
# With a header that says so, or of free text: a fifth could be a mistake of people, a hundredth one of ours.
_WITH_HEADER, _IN_TEXT = 0.2, 0.01
# Among short values without a header for them: rarer ones are rather slips of whoever filled the cells.
_IN_CELLS = 0.05
_WHOLE = 0.6
_FREE_TEXT_WORDS = 6
_POSTCODE = re.compile(
    r"(?:[A-Z]{1,2}[- ])?\d{4,6}|\d{5}-\d{3,4}|\d{4} ?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
    r"|\d{2}-\d{3}|\d{3} \d{2}|[A-Z]\d{2} ?[A-Z\d]{4}"
)
_YEAR = re.compile(r"(?:18|19|20)\d\d")
_NUMBER = re.compile(
    r"[+-]?\d{1,3}(?:[.,' ]?\d{3})*(?:[.,]\d+)?(?: ?[A-Z€$£]{1,3})?|[A-Z€$£]{1,3} ?\d[\d.,' ]*"
)
_COORDINATE = re.compile(r"[+-]?\d{1,3}\.\d{2,}(?:, ?[+-]?\d{1,3}\.\d{2,})?")
_PLATE = re.compile(r"(?=.*\d)[A-ZÄÖÜ0-9][A-ZÄÖÜ0-9 -]{3,10}")
_IDENTIFIER = re.compile(r"(?=(?:.*\d){4})[A-Za-z0-9][A-Za-z0-9 ./-]{4,23}")
_YES_NO = words("yes no true false y n t f 0 1 ja nein oui non si sí j x")
_FEW_GENDERS = 12


@dataclass(frozen=True, slots=True)
class ColumnClasses:
    """What was found in a column: ``shares`` of its ``values`` hold a class, ``classes`` are believed, surest first.

    ``reason`` says in words what decided it; never with a value.
    """

    name: str
    values: int
    shares: Mapping[PersonalClass, float]
    classes: tuple[PersonalClass, ...]
    free_text: bool
    reason: str

    @property
    def verdict(self) -> PersonalClass | None:
        """What the column holds above all; None where nothing personal was found."""
        return self.classes[0] if self.classes else None

    @property
    def severity(self) -> int:
        """The data class of a ``Marking``: 1 where nothing personal was found, else the gravest class's."""
        return max((cls.severity for cls in self.classes), default=1)


class Tally:
    """Counts a column's values while they pass, so that it is read once and never kept."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._header = labels.read(name)
        self._values = 0
        self._words = 0
        self._fits = 0
        self._answers = 0
        self._holding: Counter[PersonalClass] = Counter()
        self._whole: Counter[PersonalClass] = Counter()
        self._distinct: set[int] = set()

    def add(self, value: str, spans: Sequence[Span]) -> None:
        """Take in a value that is not empty, and what the search found in it."""
        self._values += 1
        self._words += value.count(" ") + 1
        if len(self._distinct) <= 1000:
            self._distinct.add(hash(value.casefold()))
        for cls in {span.cls for span in spans}:
            self._holding[cls] += 1
        for span in spans:
            if span.end - span.start >= _WHOLE * len(value):
                self._whole[span.cls] += 1
                break
        if value.lower() in _YES_NO:
            self._answers += 1
            self._fits += self._header is not None and self._header.cls in _ANSWERABLE
        elif self._header is not None and _fits(self._header.cls, value):
            self._fits += 1

    def classes(self) -> ColumnClasses:
        """What the values that were taken in amount to."""
        count = self._values
        free = count > 0 and self._words / count >= _FREE_TEXT_WORDS
        shares = {cls: seen / count for cls, seen in self._holding.most_common()}
        if self._header is not None:
            believed, reason = self._with_header(self._header, shares)
            if believed is not None:
                if believed not in shares and count:
                    shares[believed] = self._fits / count
                others = () if not free else _in_text(shares, count, without=believed)
                return ColumnClasses(self._name, count, shares, (believed, *others), free, reason)
        if not count:
            return ColumnClasses(
                self._name, 0, {}, (), False, "no values, and a header that says nothing personal"
            )
        whole = [cls for cls, seen in self._whole.most_common() if seen / count >= _SAYS_ITSELF]
        if whole and not free:
            share = self._whole[whole[0]] / count
            return ColumnClasses(
                self._name, count, shares, tuple(whole), free, _told(share, count, whole[0])
            )
        inside = _in_text(shares, count, least=_IN_TEXT if free else _IN_CELLS)
        if inside:
            most = inside[0]
            where = "free text" if free else "other values"
            reason = f"{shares[most]:.1%} of {count} values hold `{most}` among {where}"
            return ColumnClasses(self._name, count, shares, inside, free, reason)
        return ColumnClasses(self._name, count, shares, (), free, f"nothing personal in {count} values")

    def _with_header(
        self, header: labels.Header, shares: Mapping[PersonalClass, float]
    ) -> tuple[PersonalClass | None, str]:
        """The class that the header names, if the values do not contradict it."""
        cls, count = header.cls, self._values
        said = f"header `{self._name[:60]}`"
        if not count:
            return (cls, f"{said}; no values to compare it with") if header.exact else (None, "")
        if self._answers / count > _SAYS_ITSELF and cls not in _ANSWERABLE:
            return None, ""
        fit = max(self._fits / count, shares.get(cls, 0.0))
        stronger = next(
            (each for each, seen in self._whole.most_common(1) if each is not cls and seen / count >= 0.8),
            None,
        )
        if stronger is not None and fit < 0.8:
            return (
                stronger,
                f"{_told(self._whole[stronger] / count, count, stronger)}, though the {said} says `{cls}`",
            )
        if cls is _P.GENDER and len(self._distinct) > _FEW_GENDERS:
            return None, ""
        needed = (
            _WITH_HEADER if header.exact and not header.bare else _SAYS_ITSELF if not header.bare else 0.8
        )
        if fit >= needed:
            return cls, f"{said}, and {fit:.0%} of {count} values look like it"
        return None, ""


def _fits(cls: PersonalClass, value: str) -> bool:
    """Whether a value has the form that its header promises; for classes without one, whether it says anything."""
    form = _FORMS.get(cls)
    return form(value) if form is not None else any(char.isalnum() for char in value)


def _is_birth(value: str) -> bool:
    day = re.split(r"[T ]", value)[0]
    return (
        is_date(day)
        or is_date(value)
        or is_compact_date(value)
        or _YEAR.fullmatch(value) is not None
        or (re.fullmatch(r"(?=.*\d{4})(?=.*[^\W\d_]{3})[\w .,-]{8,24}", value) is not None)
    )


def _is_address(value: str) -> bool:
    return (
        any(char.isalpha() for char in value)
        or re.fullmatch(r"\d{1,5} ?[A-Za-z]?(?:[-/]\d{1,4})?", value) is not None
    )


def _is_place(value: str) -> bool:
    return _COORDINATE.fullmatch(value) is not None or (
        len(value) <= 60 and sum(char.isalpha() or char in " .-'’()," for char in value) >= 0.8 * len(value)
    )


def _digits_at_least(least: int, most: int) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        digits = sum(char.isdigit() for char in value)
        return least <= digits <= most and sum(char.isalpha() for char in value) <= 5

    return fits


_FORMS: dict[PersonalClass, Callable[[str], bool]] = {
    _P.PERSON_NAME: is_name,
    _P.DATE_OF_BIRTH: _is_birth,
    _P.POSTAL_ADDRESS: _is_address,
    _P.POSTCODE: lambda value: _POSTCODE.fullmatch(value.upper()) is not None,
    _P.LOCATION: _is_place,
    _P.NATIONALITY: lambda value: len(value) <= 40 and not any(char.isdigit() for char in value),
    _P.GENDER: lambda value: (
        re.fullmatch(r"[^\W\d_][^\W\d]{0,19}(?:[ -][^\W\d]{1,12})?|\d", value) is not None
    ),
    _P.USERNAME: lambda value: " " not in value and 2 <= len(value) <= 64,
    _P.LICENCE_PLATE: lambda value: _PLATE.fullmatch(value.upper()) is not None,
    _P.INCOME: lambda value: _NUMBER.fullmatch(value) is not None,
    _P.PHONE: _digits_at_least(6, 18),
    _P.EMAIL: lambda value: "@" in value,
    _P.CREDIT_CARD: lambda value: False,
    _P.IBAN: lambda value: False,
    _P.IP_ADDRESS: lambda value: False,
    _P.MAC_ADDRESS: lambda value: False,
    _P.US_SSN: lambda value: (
        re.fullmatch(r"\d{3}-?\d{2}-?\d{4}|[*xX]{3}-?[*xX]{2}-?\d{4}|\d{4,9}", value) is not None
    ),
    _P.NATIONAL_ID: lambda value: _IDENTIFIER.fullmatch(value) is not None,
    _P.TAX_ID: lambda value: _IDENTIFIER.fullmatch(value) is not None,
    _P.PASSPORT: lambda value: _IDENTIFIER.fullmatch(value) is not None,
    _P.DRIVING_LICENCE: lambda value: _IDENTIFIER.fullmatch(value) is not None,
    _P.BANK_ACCOUNT: _digits_at_least(4, 24),
    _P.PASSWORD: lambda value: " " not in value and len(value) >= 4,
    _P.API_KEY: lambda value: " " not in value and len(value) >= 12,
}
# Where yes and no tell about a person: pregnant, disabled, convicted, member of a union, ill.
_ANSWERABLE = frozenset(
    (_P.HEALTH, _P.UNION_MEMBERSHIP, _P.CRIMINAL_RECORD, _P.GENDER, _P.POLITICAL_OPINION, _P.RELIGION)
)


def _in_text(
    shares: Mapping[PersonalClass, float],
    count: int,
    *,
    least: float = _IN_TEXT,
    without: PersonalClass | None = None,
) -> tuple[PersonalClass, ...]:
    """Classes that occur in a column often enough to be no slip of the search."""
    return tuple(
        cls
        for cls, share in shares.items()
        if cls is not without
        and share >= least
        and (share * count >= 2 or (count < 20 and least < _IN_CELLS))
    )


def _told(share: float, count: int, cls: PersonalClass) -> str:
    return f"{share:.0%} of {count} values are `{cls}` by their form"
