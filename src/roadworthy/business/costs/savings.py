"""What routing and caches have saved: the same tokens, priced as if there were neither."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from roadworthy.business.costs.report import ModelPrice
from roadworthy.business.costs.rows import CallUse, Work
from roadworthy.quantities import Cost
from roadworthy.usage import Price

METHOD = (
    "live calls at other prices. Routing: the same tokens at the price of the dearest model that the release names; "
    "that model might have written more or fewer of them. Provider's cache: what it had cached, at the full price of "
    "reading. Gateway's cache: answers it gave, each at the mean of the answers that were bought from the same model "
    "for the same task"
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What live calls did not cost. ``unpriced`` calls, of which nobody knows a price, are in no figure.

    ``against`` names the models that ``routing`` is compared with; empty where it saved nothing.
    """

    cache: Cost
    prompt_cache: Cost
    routing: Cost
    against: str
    calls: int
    unpriced: int

    @property
    def total(self) -> Cost:
        """All three."""
        return self.cache + self.prompt_cache + self.routing

    def as_json(self) -> dict[str, object]:
        """Plain JSON values; money as text."""
        return {
            "total": str(self.total),
            "routing": str(self.routing),
            "prompt_cache": str(self.prompt_cache),
            "cache": str(self.cache),
            "against": self.against,
            "calls": self.calls,
            "unpriced": self.unpriced,
            "method": METHOD,
        }


def saved(calls: Iterable[CallUse], prices: Mapping[tuple[str, str], ModelPrice]) -> Saved:
    """What live calls would have cost more. ``prices`` by (release, the charter's name of the model).

    Edge: what is compared with is chosen by its price for these tokens, so no figure is below nothing.
    """
    live = [use for use in calls if use.work is Work.LIVE]
    bought, answers = _bought(live, prices)
    others: dict[str, list[tuple[str, Price]]] = defaultdict(list)
    for (release, name), one in sorted(prices.items()):
        others[release].append((name, one.price))
    cache = prompt = routing = counted = unpriced = 0
    against: set[str] = set()
    for use in live:
        own = prices.get((use.release, use.model))
        alike = (use.use_case, use.release, use.task, use.step, use.model)
        if own is None or (use.hits and not answers[alike]):
            unpriced += use.calls
            continue
        counted += use.calls
        if use.hits:
            cache += bought[alike] * use.hits // answers[alike]
            continue
        plain = replace(use, tokens=structs.replace(use.tokens, cached=0, stored=0))
        prompt += max(0, _nano(plain, own.price) - _nano(use, own.price))
        dearest, name = max((_nano(plain, price), name) for name, price in others[use.release])
        if dearest > _nano(plain, own.price):
            routing += dearest - _nano(plain, own.price)
            against.add(name)
    return Saved(Cost(cache), Cost(prompt), Cost(routing), ", ".join(sorted(against)), counted, unpriced)


def _bought(
    live: Sequence[CallUse], prices: Mapping[tuple[str, str], ModelPrice]
) -> tuple[Mapping[tuple[str, ...], int], Mapping[tuple[str, ...], int]]:
    """Nano-units and number of answers that were paid for, by what makes them alike."""
    nano: dict[tuple[str, ...], int] = defaultdict(int)
    number: dict[tuple[str, ...], int] = defaultdict(int)
    for use in live:
        own = prices.get((use.release, use.model))
        if own is not None and not use.hits and not use.failed:
            alike = (use.use_case, use.release, use.task, use.step, use.model)
            nano[alike] += _nano(use, own.price)
            number[alike] += use.calls
    return nano, number


def _nano(use: CallUse, price: Price) -> int:
    return price.nano(use.tokens) + price.request * (use.calls - 1)
