"""Where the cost books are read, and what prices they are told."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from roadworthy.ports.costs import CostParts, Costs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from roadworthy.business.costs.asking import Batch
    from roadworthy.charter import LanguageModelPlan
    from roadworthy.measure.outlooks import Instruments
    from roadworthy.operate.deployment import Deployment
    from roadworthy.operate.work import Duty
    from roadworthy.ports.outlooks import Outlooks
    from roadworthy.principal import Principal
    from roadworthy.usage import Price
    from roadworthy.wiring.place import Workspace


FOLD_EVERY_S = 5.0


def cost_books() -> Costs:
    """The cost books of an installation's database, read within a transaction of its store."""
    from roadworthy.adapters.sql.costsums import SqlSums

    return SqlSums()


@cache
def cost_parts() -> CostParts:
    """The same books, added up for pages; one for all, because it keeps what settled days come to."""
    from roadworthy.adapters.sql.costparts import SqlCostParts

    return SqlCostParts()


@cache
def price_list() -> str:
    """Which list of prices was shipped, with its version."""
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"


def outlooks() -> Outlooks:
    """Where what was worked out for pages is kept, in the same database."""
    from roadworthy.adapters.sql.outlooks import SqlOutlooks

    return SqlOutlooks()


def instruments(place: Workspace, today: date) -> Instruments:
    """What forecasts, advice and comparisons are worked out with, at the prices of a day."""
    from roadworthy.measure.outlooks import Instruments

    return Instruments(cost_books(), outlooks(), known_price(place, today), batch_of)


def book_duties(place: Workspace, principal: Principal) -> tuple[Duty, ...]:
    """What a worker does for the cost books: it adds noted changes to their sums, and looks ahead."""
    from roadworthy.measure.outlooks import EVERY_S, look_ahead
    from roadworthy.operate.work import Duty

    def fold(deployment: Deployment) -> None:
        costs, moved = cost_books(), 1
        while moved:
            with deployment.store.write() as tx:
                moved = costs.fold(tx)

    def look(deployment: Deployment) -> None:
        look_ahead(deployment, principal, instruments(place, deployment.now().date()))

    return Duty("cost sums", FOLD_EVERY_S, fold), Duty("outlooks", EVERY_S, look)


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
