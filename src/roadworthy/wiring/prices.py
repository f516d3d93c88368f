"""What a charter's models cost: by the charter, else by the price file of the installation, else by the list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem
from roadworthy.quantities import Cost
from roadworthy.routing import Candidate, Overlay, Rate, Stated, discounted, read_overlay
from roadworthy.usage import Price

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from roadworthy.adapters.genaiprices import Listed, ListedModel
    from roadworthy.charter import Charter, LanguageModelPlan
    from roadworthy.measure.routing import Known
    from roadworthy.wiring.place import Workspace

PRICE_FILE = "prices.yaml"
_NOTHING = Stated()


def candidate_of(
    name: str, plan: LanguageModelPlan, *, place: Workspace, today: date, region: str = ""
) -> Candidate:
    """A model of a charter as one that may be chosen, with what it costs on that day.

    What the charter states counts before the price file, and that before the shipped list; the earliest
    last day that is stated counts. ``region`` is where the use case's data are, for a model that does not
    say where it runs.

    Errors: ``InputProblem`` RW-PRICE-002 for a price file that cannot be read, with everything in it.
    """
    overlay = price_file(place)
    stated = _stated(overlay, plan, today)
    found = _listed(plan, stated, overlay.dollar, today)
    last = [day for day in (plan.retires, stated.retires) if day is not None]
    return Candidate(
        name=name,
        model=plan.model,
        region=plan.region or region,
        able=frozenset(plan.able),
        price=_price(plan, stated, found, overlay.dollar),
        bound=Cost.parse(plan.call_bound).nano if plan.call_bound else None,
        context=plan.context or stated.context or (found.context if found else 0),
        most_written=plan.most_written or stated.most_written,
        retires=min(last, default=None),
    )


def price_of(
    plan: LanguageModelPlan, *, place: Workspace | None = None, today: date | None = None
) -> Price:
    """What the model's tokens cost, from wherever it is stated; without a day, today (UTC).

    Where nobody knows a price and the charter bounds a call, every request costs the bound. Without a place
    the workspace is the one that the environment names.

    Errors: ``InputProblem`` RW-PRICE-001 where nobody knows it, RW-PRICE-002 as ``candidate_of``.
    """
    if plan.read_price is not None and plan.written_price is not None:
        return _of_charter(plan, plan.read_price, plan.written_price)
    if place is None:
        from roadworthy.wiring.place import workspace

        place = workspace()
    found = candidate_of("", plan, place=place, today=today or datetime.now(UTC).date())
    if found.price is not None:
        return found.price
    if found.bound is not None:
        return Price(0, 0, request=found.bound, source="call_bound of the charter")
    raise InputProblem(
        "RW-PRICE-001",
        Problem(
            f"nobody knows what `{plan.model}` costs",
            hint="state `read_price` and `written_price`, `call_bound`, or its price in `prices.yaml`",
        ),
    )


def known_models(place: Workspace, charter: Charter, today: date) -> Mapping[str, Known]:
    """Every model of a charter with its price, and what has to be said beside it. Errors: as ``candidate_of``."""
    from roadworthy.measure.routing import Known

    overlay = price_file(place)
    known = {}
    for name, plan in charter.models.items():
        stated = _stated(overlay, plan, today)
        found = _listed(plan, stated, overlay.dollar, today)
        candidate = candidate_of(name, plan, place=place, today=today, region=charter.region)
        used = plan.read_price is None and stated.price is None
        remarks = found.notes if found is not None and used else ()
        if plan.listed_as and found is None:
            remarks = (f"the list of prices has no `{plan.listed_as}`",)
        known[name] = Known(candidate, found is not None and found.deprecated, remarks)
    return known


def shipped_prices(
    place: Workspace, *, today: date, provider: str = "", search: str = ""
) -> tuple[str, Rate, Sequence[ListedModel]]:
    """Which list it is, the rate it is turned into euro at, and its entries.

    Errors: ``NotFound`` RW-PRICE-004 for a provider that it does not have; RW-PRICE-002.
    """
    from roadworthy.adapters import genaiprices

    rate = price_file(place).dollar
    found = genaiprices.models(today, rate=rate.euro, provider=provider, search=search)
    return genaiprices.source(), rate, list(found)


def price_file(place: Workspace) -> Overlay:
    """The price file of an installation as it is now; nothing is stated where there is none.

    Errors: ``InputProblem`` RW-PRICE-002.
    """
    file = place.home / PRICE_FILE
    try:
        told = file.stat()
    except FileNotFoundError:
        return Overlay()
    except OSError as problem:
        raise _unreadable(file, problem) from None
    return _read(file, told.st_mtime_ns, told.st_size, told.st_ino)


@lru_cache(maxsize=16)
def _read(file: Path, _changed: int, _size: int, _inode: int) -> Overlay:
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise _unreadable(file, problem) from None
    return read_overlay(content, file=file.name)


def _unreadable(file: Path, problem: OSError) -> InputProblem:
    told = Problem(f"cannot be read ({type(problem).__name__})", place=file.name)
    return InputProblem("RW-PRICE-002", told)


def _stated(overlay: Overlay, plan: LanguageModelPlan, today: date) -> Stated:
    return overlay.find((plan.listed_as, plan.model), today) or _NOTHING


def _listed(plan: LanguageModelPlan, stated: Stated, rate: Rate, today: date) -> Listed | None:
    if not plan.listed_as:
        return None
    from roadworthy.adapters.genaiprices import listed

    return listed(
        plan.listed_as,
        today,
        rate=rate.euro,
        context=plan.context or stated.context,
        images="images" in plan.able,
        writes=bool({"chat", "tools", "json_schema"} & set(plan.able)),
    )


def _price(plan: LanguageModelPlan, stated: Stated, found: Listed | None, rate: Rate) -> Price | None:
    if plan.read_price is not None and plan.written_price is not None:
        return _of_charter(plan, plan.read_price, plan.written_price)
    if stated.price is not None:
        return stated.price
    if found is None or found.price is None:
        return None
    price = replace(found.price, source=f"{found.price.source}, {rate.words}")
    return discounted(price, stated.discount) if stated.discount is not None else price


def _of_charter(plan: LanguageModelPlan, read: str, written: str) -> Price:
    cached = Cost.parse(plan.cached_price).nano if plan.cached_price else -1
    return Price(Cost.parse(read).nano, Cost.parse(written).nano, cached)
