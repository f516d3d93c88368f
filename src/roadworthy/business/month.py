"""What a use case brought in one month, from counts alone: minutes of people, usage, and errors that left."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from roadworthy.charter import Charter
from roadworthy.quantities import NANO, Cost, Money


@dataclass(frozen=True, slots=True)
class Counted:
    """Live cases of a month. ``whole`` are reviews in which a person did the case, ``reviews`` all others.

    ``known`` and ``wrong``: automatic or not, cases of which it is known whether they were right.
    """

    concluded: int
    automatic: int
    whole: int
    reviews: int
    known: int
    wrong: int
    usage: Cost


@dataclass(frozen=True, slots=True)
class MonthValue:
    """``saved`` is people's time at its price, ``net`` is that less usage and the harm of errors; None is unknown.

    ``why`` says what makes ``net`` unknown; empty where it is known.
    """

    saved: Money
    harm: Money | None
    usage: Cost
    net: Money | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """As every door shows it; money as text."""
        return {
            "saved": str(self.saved),
            "harm": str(self.harm) if self.harm else None,
            "usage": str(self.usage),
            "net": str(self.net) if self.net else None,
            "why": self.why,
        }


def month_value(charter: Charter, counted: Counted) -> MonthValue:
    """The value of a month so far, with nothing guessed in its favour.

    Minutes are those that the charter says a case and a review take. Errors are those that outcomes and spot checks
    told, and the rest of the automatic cases is taken to err as often: where nobody looked at any, the net value is
    unknown.

    Edge: usage in another currency than the charter's makes the net value unknown too; nothing is converted.
    """
    value = charter.value
    rate, error = Money.parse(value.cost_per_hour), Money.parse(value.cost_of_error)
    minutes = Decimal(str(value.minutes_per_case)) * (counted.concluded - counted.whole) - Decimal(
        str(charter.review.minutes_per_review)
    ) * Decimal(counted.reviews)
    saved = Money(round(Decimal(rate.minor) * minutes / 60), rate.currency)

    def unknown(why: str, harm: Money | None = None) -> MonthValue:
        return MonthValue(saved, harm, counted.usage, None, why)

    if counted.automatic and not counted.known:
        return unknown("nobody knows yet how many automatic cases were wrong")
    share = Decimal(counted.wrong) / counted.known if counted.known else Decimal(0)
    harm = Money(round(share * counted.automatic * error.minor), error.currency)
    if error.currency != rate.currency:
        return unknown(f"an error is priced in {error.currency}, work in {rate.currency}", harm)
    if counted.usage.nano and counted.usage.currency != rate.currency:
        return unknown(f"usage is counted in {counted.usage.currency}, work in {rate.currency}", harm)
    used = Money(round(Decimal(counted.usage.nano) / NANO * _minor_units(rate)), rate.currency)
    return MonthValue(saved, harm, counted.usage, saved - harm - used, "")


def _minor_units(of: Money) -> int:
    """How many minor units one unit of the currency has."""
    return Money.parse(f"1 {of.currency}").minor
