"""What was promised month by month, and how often such promises held."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, cast

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Interval, Money
from roadworthy.trust import clopper_pearson

BAND: Final = 0.8
"""How sure a band from p10 to p90 is meant to be."""
MOST_BYTES: Final = 1_000_000
MOST_MONTHS: Final = 600
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_ENDS: Final = ("p10", "p50", "p90")
_MOST_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class Band:
    """What one month was expected to bring: in four of five futures between ``low`` and ``high``."""

    month: str
    low: Money
    middle: Money
    high: Money

    def __contains__(self, value: Money) -> bool:
        return self.low <= value <= self.high

    def as_json(self) -> dict[str, str]:
        """As every door shows it."""
        return {"p10": str(self.low), "p50": str(self.middle), "p90": str(self.high)}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Bands by month, in one currency."""

    currency: str
    bands: Mapping[str, Band]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many months lay inside their band of 80 %, and which shares that is compatible with."""

    months: int
    inside: int
    interval: Interval

    @property
    def sentence(self) -> str:
        """What that says about the forecasts."""
        if not self.months:
            return (
                "no month that is over has both a forecast and a value: nothing is known of the forecasts"
            )
        seen = (
            f"{self.inside} of {self.months} months lay inside their band of {BAND:.0%} "
            f"({self.interval.low:.0%} to {self.interval.high:.0%} are possible)"
        )
        if self.interval.high < BAND:
            return f"{seen}: the forecasts were too sure"
        return f"{seen}: the forecasts were too wide" if self.interval.low > BAND else seen

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "months": self.months,
            "inside": self.inside,
            "share": self.inside / self.months if self.months else None,
            "interval": [self.interval.low, self.interval.high],
            "band": BAND,
            "sentence": self.sentence,
        }


def calibration(held: Iterable[bool]) -> Calibration:
    """From months that are over, whether each lay inside its band.

    The interval covers the truth at least as often as stated where months are independent; months of
    one use case lean on each other, and then it is too narrow.
    """
    seen = list(held)
    return Calibration(len(seen), sum(seen), clopper_pearson(sum(seen), len(seen)))


def read_forecast(content: bytes, *, file: str, starts: str = "") -> Forecast:
    """A forecast out of JSON: `currency` and `months`, each with `p10`, `p50` and `p90` in whole units.

    The value of an assessment is such a file, by itself or under `value`. A month names itself (`month`:
    `2026-12`), or they follow one another from ``starts`` on, which the file may name too.

    Errors:  ``InputProblem`` RW-KPI-009 with everything that is wrong, each with its place.
    """
    document = _document(content, file)
    if (
        isinstance(document, Mapping)
        and "months" not in document
        and isinstance(document.get("value"), Mapping)
    ):
        document = cast("Mapping[str, object]", document["value"])
    if not isinstance(document, Mapping):
        raise _wrong([Problem("expected an object with `currency` and `months`", place=file)])
    problems: list[Problem] = []
    currency = document.get("currency")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        problems.append(Problem("expected a currency such as EUR", place=f"{file}: currency"))
        currency = "XXX"
    first = starts or document.get("starts") or ""
    if first and not (isinstance(first, str) and _MONTH.fullmatch(first)):
        problems.append(Problem("expected a month such as 2026-12", place=f"{file}: starts"))
        first = ""
    months = document.get("months")
    if not isinstance(months, list) or not 1 <= len(months) <= MOST_MONTHS:
        problems.append(Problem(f"expected 1 to {MOST_MONTHS} months", place=f"{file}: months"))
        months = []
    bands: dict[str, Band] = {}
    for number, one in enumerate(months):
        place = f"{file}: months[{number}]"
        band = _band(one, currency, following(str(first), number) if first else "", place, problems)
        if band is not None and band.month in bands:
            problems.append(Problem(f"{band.month} stands twice", place=place))
        elif band is not None:
            bands[band.month] = band
    if problems:
        raise _wrong(problems)
    return Forecast(currency, bands)


def following(month: str, by: int) -> str:
    """The month so many months after one: `2026-11` and 2 give `2027-01`."""
    year, number = (int(part) for part in month.split("-"))
    year, number = divmod(year * 12 + number - 1 + by, 12)
    return f"{year:04d}-{number + 1:02d}"


def minor_of(amount: Decimal, currency: str) -> Money:
    """An amount in whole units of a currency as money, rounded to its coins, halves to the even one."""
    coins = Money.parse(f"1 {currency}").minor
    return Money(int((amount * coins).to_integral_value(ROUND_HALF_EVEN)), currency)


def _band(one: object, currency: str, month: str, place: str, problems: list[Problem]) -> Band | None:
    if not isinstance(one, Mapping):
        problems.append(Problem("expected an object with `p10`, `p50` and `p90`", place=place))
        return None
    named = one.get("month", month)
    wrong = len(problems)
    if not isinstance(named, str) or not _MONTH.fullmatch(named):
        hint = "name `month` in each, or `starts` once"
        problems.append(Problem("expected a month such as 2026-12", place=f"{place}.month", hint=hint))
    ends = [_amount(one.get(end), currency, f"{place}.{end}", problems) for end in _ENDS]
    if len(problems) > wrong:
        return None
    low, middle, high = (cast("Money", end) for end in ends)
    if not low <= middle <= high:
        problems.append(Problem(f"p10, p50 and p90 run upward, found {low}, {middle}, {high}", place=place))
        return None
    return Band(str(named), low, middle, high)


def _amount(value: object, currency: str, place: str, problems: list[Problem]) -> Money | None:
    try:
        if isinstance(value, str):
            money = Money.parse(value)
            if money.currency != currency:
                problems.append(
                    Problem(
                        f"expected {currency} as in the rest of the file, found {money.currency}",
                        place=place,
                    )
                )
                return None
            return money
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            amount = Decimal(value)
            if amount.is_finite() and amount.adjusted() < _MOST_DIGITS:
                return minor_of(amount, currency)
    except ValueError:
        pass
    problems.append(
        Problem("expected an amount of money", place=place, hint="such as 1200.5 or `1200.50 EUR`")
    )
    return None


def _document(content: bytes, file: str) -> object:
    if len(content) > MOST_BYTES:
        raise _wrong([Problem(f"found {len(content)} bytes, at most {MOST_BYTES} are read", place=file)])
    try:
        found: object = json.loads(
            content.decode("utf-8-sig"), parse_float=_exact, parse_constant=_no_number
        )
    except json.JSONDecodeError as problem:
        raise _wrong(
            [Problem("is not JSON", place=file, line=problem.lineno, column=problem.colno)]
        ) from None
    except (ValueError, RecursionError):
        raise _wrong([Problem("is not JSON that can be read", place=file)]) from None
    return found


def _exact(text: str) -> Decimal:
    # A mantissa or exponent without end would be reckoned with digit by digit.
    return Decimal(text) if len(text) <= 40 else Decimal("NaN")


def _no_number(text: str) -> object:
    raise ValueError(f"`{text}` is no number")


def _wrong(problems: Sequence[Problem]) -> InputProblem:
    return InputProblem(
        "RW-KPI-009", list(problems), hint="the JSON of an assessment holds such a forecast under `value`"
    )
