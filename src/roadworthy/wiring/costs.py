"""Where the cost books are read, and what prices they are told."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from roadworthy.ports.costs import Costs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from roadworthy.business.costs.asking import Batch
    from roadworthy.charter import LanguageModelPlan
    from roadworthy.usage import Price
    from roadworthy.wiring.place import Workspace


def cost_books() -> Costs:
    """The cost books of an installation's database, read within a transaction of its store."""
    from roadworthy.adapters.sql.costs import SqlCosts

    return SqlCosts()


def known_price(place: Workspace, today: date) -> Callable[[LanguageModelPlan], Price | None]:
    """What models cost by the price file and the shipped list; None where neither knows."""

    def price(plan: LanguageModelPlan) -> Price | None:
        from roadworthy.wiring.prices import candidate_of

        return candidate_of("", plan, place=place, today=today).price

    return price


def batch_of(plan: LanguageModelPlan) -> Batch | None:
    """What the provider of a model takes off for batches; None where none is known.

    Any server can speak the OpenAI wire: whose it is, only the name of another provider or the entry in
    the list of prices tells.
    """
    provider = plan.listed_as.partition("/")[0] or (plan.provider if plan.provider != "openai" else "")
    return _offers().get(provider)


@cache
def _offers() -> Mapping[str, Batch]:
    import yaml

    from roadworthy.business.costs.asking import Batch

    file = resources.files("roadworthy.business.costs") / "batches.yaml"
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {
        provider: Batch(float(one["discount"]), f"{one['source']}, {told['as_of']}")
        for provider, one in told["providers"].items()
    }
