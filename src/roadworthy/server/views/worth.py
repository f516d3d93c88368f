"""What use cases brought this month, from the counts that are kept by day: no case is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from roadworthy.business.month import Counted, MonthValue, month_value
from roadworthy.casework.review import ReviewKind
from roadworthy.charter import Charter
from roadworthy.operate.watching import rollup
from roadworthy.quantities import Cost, Money
from roadworthy.server.asking import Ask
from roadworthy.telemetry.rollup import WRONG, Grain, Name, Rolled

A_MOMENT: Final = 500
"""Entries of the ledger that may wait to be counted on a busy day."""
_WHOLE = (ReviewKind.WORK, ReviewKind.CORRECTION)
"""Reviews in which a person does a whole case."""
_ASKED = (Name.CLOSED, Name.ANSWERED, Name.COST, Name.OUTCOME)


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a month so far. ``behind``: entries of the ledger that are not in them yet."""

    rolled: Rolled
    behind: int


def this_month(ask: Ask, names: Iterable[str]) -> Counts:
    """Counts of the month so far (UTC) of these use cases."""
    today = f"{ask.deployment.now():%Y-%m-%d}"
    with ask.deployment.store.read() as tx:
        rows = ask.deployment.store.rollups.sums(
            tx, tuple(names), Grain.DAY, f"{today[:7]}-01", today, names=_ASKED
        )
    return Counts(Rolled(tuple(rows)), rollup.behind(ask.deployment))


def brought(counts: Counts, charter: Charter, use_case: str) -> MonthValue:
    """The value of the month so far of one use case.

    Edge: unknown while more than a moment's entries are not counted: half a month is no sum.
    """
    rolled = counts.rolled
    closed = rolled.labels(Name.CLOSED, use_case=use_case)
    answered = rolled.labels(Name.ANSWERED, use_case=use_case)
    whole = sum(n for label, n in answered.items() if label.partition("/")[0] in _WHOLE)
    costs = {currency: n for currency, n in rolled.labels(Name.COST, use_case=use_case).items() if n}
    # Of several currencies one that is not the charter's: then the sum is unknown, and says why.
    own = Money.parse(charter.value.cost_per_hour).currency
    currency = min(costs, key=lambda one: one == own, default="EUR")
    counted = Counted(
        concluded=closed.get("automatic", 0) + closed.get("person", 0),
        automatic=closed.get("automatic", 0),
        whole=whole,
        reviews=sum(answered.values()) - whole,
        known=rolled.total(Name.OUTCOME, "", use_case=use_case),
        wrong=rolled.total(Name.OUTCOME, WRONG, use_case=use_case),
        usage=Cost(costs.get(currency, 0), currency),
    )
    found = month_value(charter, counted)
    if counts.behind > A_MOMENT:
        return replace(
            found, net=None, why=f"{counts.behind} events are not counted yet: a worker does that"
        )
    return found


def together(values: Mapping[str, MonthValue]) -> dict[str, Any]:
    """The sum of what is known, by currency, and of how many use cases it is not."""
    sums: dict[str, Money] = {}
    for value in values.values():
        if value.net is not None:
            currency = value.net.currency
            sums[currency] = sums.get(currency, Money(0, currency)) + value.net
    return {
        "net": [str(sums[currency]) for currency in sorted(sums)],
        "unknown": sum(value.net is None for value in values.values()),
        "of": len(values),
    }
