"""What a charter's models cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Cost
from roadworthy.usage import Price

if TYPE_CHECKING:
    from roadworthy.charter import LanguageModelPlan


def price_of(plan: LanguageModelPlan) -> Price:
    """What the model's tokens cost, by the charter.

    Errors: ``InputProblem`` RW-PRICE-001 where nobody knows it.
    """
    if plan.read_price is None or plan.written_price is None:
        raise InputProblem(
            "RW-PRICE-001",
            Problem(
                f"nobody knows what `{plan.model}` costs", hint="state `read_price` and `written_price`"
            ),
        )
    cached = Cost.parse(plan.cached_price).nano if plan.cached_price else -1
    return Price(Cost.parse(plan.read_price).nano, Cost.parse(plan.written_price).nano, cached)
