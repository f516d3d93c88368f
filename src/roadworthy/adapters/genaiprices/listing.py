"""List prices as whole numbers: for a million tokens of each kind, on a day, at a rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import ROUND_CEILING, Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from roadworthy.errors import NotFound, Problem
from roadworthy.placed import near
from roadworthy.quantities import NANO
from roadworthy.usage import Price

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

_READ: Final = ("input_mtok", "input_text_mtok")
_WRITTEN: Final = tuple(
    f"output_{kind}mtok"
    for kind in (
        "", "text_", "reasoning_", "text_reasoning_", "citation_", "text_citation_", "image_", "audio_", "video_"
    )
)  # fmt: skip
_CACHED: Final = ("cache_read_mtok", "cache_text_read_mtok")
_STORED: Final = tuple(
    f"cache_{kind}write_{end}mtok" for kind in ("", "text_") for end in ("", "5m_", "1h_")
)
_IMAGES: Final = {"read": "input_image_mtok", "cached": "cache_image_read_mtok"}
_OTHER_INPUT: Final = ("input_audio_mtok", "input_video_mtok")
_FEES: Final = {
    "web_searches_kcount": "web searches",
    "social_searches_kcount": "social searches",
    "storage_searches_kcount": "searches in stored files",
    "code_executions_kcount": "runs of code",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list says of a model. ``price`` is None where it has none that tokens can be charged by.

    ``found`` is the entry that answered; ``notes`` say where the price is the dearest of several, and what
    is paid beside it. ``context`` is 0 where the list does not say; ``deprecated``: its maker advises
    against it, and the list knows no last day.
    """

    price: Price | None
    found: str
    context: int = 0
    deprecated: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedModel:
    """An entry of the list, for people who look for one."""

    provider: str
    model: str
    name: str
    listed: Listed


@cache
def source() -> str:
    """Which list it is, with its version."""
    return f"genai-prices {version('genai-prices')}"


@lru_cache(maxsize=2_048)
def listed(
    name: str,
    at: date,
    *,
    rate: Decimal,
    context: int = 0,
    images: bool = False,
    writes: bool = True,
) -> Listed | None:
    """The price of ``PROVIDER/MODEL`` on a day, in nano-EUR at so many euro a dollar; None for no such model.

    Where the list has several prices (longer texts, hours of the day, how long a cache keeps), it is the
    dearest that can apply: an upper bound. Prices for texts that are longer than ``context`` cannot; 0 means
    that the context is not limited. ``images``: they are read, too. ``writes``: a model that writes and has no
    price for it has none at all. Providers are named exactly; a model is found by its name there or by one
    of its other names, and ``found`` says which entry it was.
    """
    provider_id, _, model_id = name.partition("/")
    provider = _by_id().get(provider_id)
    if provider is None or not model_id:
        return None
    found = _find(provider, model_id)
    if found is None:
        return None
    owner, model = found
    return _compiled(owner, model, at, rate=rate, context=context, images=images, writes=writes)


def providers() -> tuple[str, ...]:
    """Providers of the list, by name."""
    return tuple(sorted(_by_id()))


def models(at: date, *, rate: Decimal, provider: str = "", search: str = "") -> Iterator[ListedModel]:
    """Entries of the list by provider and name, with their prices on a day. ``search``: a part of either name.

    Errors: ``NotFound`` RW-PRICE-004 for a provider that the list does not have.
    """
    known = _by_id()
    if provider and provider not in known:
        raise NotFound(
            "RW-PRICE-004",
            Problem(
                f"the list of prices has no provider `{provider[:60]}`", hint=near(provider, sorted(known))
            ),
        )
    word = search.lower()
    for name in [provider] if provider else sorted(known):
        for model in sorted(known[name].models, key=lambda one: one.id):
            if word in model.id.lower() or word in (model.name or "").lower():
                found = _compiled(known[name], model, at, rate=rate, context=0, images=False, writes=False)
                yield ListedModel(name, model.id, model.name or "", found)


@cache
def _by_id() -> Mapping[str, Provider]:
    # The list that lies in the package, never the current snapshot: somebody else may have fetched that.
    from genai_prices.data import providers as listed_providers

    return {one.id: one for one in listed_providers}


def _find(provider: Provider, name: str) -> tuple[Provider, ModelInfo] | None:
    for model in provider.models:
        if model.id == name:
            return provider, model
    found = provider.find_model(name, all_providers=list(_by_id().values()))
    if found is None:
        return None
    # A cloud that resells a model is priced as its maker where the list has no price of its own.
    owner = next(
        (one for one in _by_id().values() if any(found is model for model in one.models)), provider
    )
    return owner, found


def _compiled(
    provider: Provider,
    model: ModelInfo,
    at: date,
    *,
    rate: Decimal,
    context: int,
    images: bool,
    writes: bool,
) -> Listed:
    compiling = _Compiling(rate, context, images=images, writes=writes)
    active = _active(model, at)
    prices = [compiling.price(one) for one in active]
    found = f"{provider.id}/{model.id}"
    price = None
    if prices and all(one is not None for one in prices):
        price = _dearest([one for one in prices if one is not None])
        price = replace(price, source=f"{source()}: {found}")
    notes = [*compiling.notes]
    if len(active) > 1:
        notes.append("the dearest hour of the day")
    if model.deprecated:
        notes.append("its maker advises against it")
    return Listed(
        price, found, model.context_window or 0, bool(model.deprecated), tuple(dict.fromkeys(notes))
    )


def _active(model: ModelInfo, at: date) -> list[ModelPrice]:
    """Every set of prices that applies at some time of the day; the last ones in the list come first."""
    from genai_prices.types import ModelPrice, TimeOfDateConstraint

    if isinstance(model.prices, ModelPrice):
        return [model.prices]
    noon = datetime.combine(at, time(12), UTC)
    found = []
    for one in reversed(model.prices):
        if isinstance(one.constraint, TimeOfDateConstraint):
            found.append(one.prices)
        elif one.constraint is None or one.constraint.active(noon):
            return [*found, one.prices]
    # Outside of all conditions the list means its first entry.
    return [*found, model.prices[0].prices] if model.prices else found


class _Compiling:
    """One reading of prices: at a rate, up to a context, with what has to be said beside them."""

    def __init__(self, rate: Decimal, context: int, *, images: bool, writes: bool) -> None:
        self._rate, self._context = rate, context
        self._images, self._writes = images, writes
        self.notes: list[str] = []

    def price(self, told: ModelPrice) -> Price | None:
        """The price, None where tokens that are read or written have none."""
        stated: dict[str, Decimal | TieredPrices] = {
            name: one for name, one in vars(told).items() if one is not None
        }
        read = self._most(stated, _READ, "read")
        written = self._most(stated, _WRITTEN)
        if read is None or (written is None and self._writes):
            return None
        cached = self._most(stated, _CACHED, "cached")
        stored = self._most(stated, _STORED)
        if len({str(stated[name]) for name in _STORED if name in stated}) > 1:
            self.notes.append("the dearest time that a cache keeps what is put there")
        fee = self._highest(stated["requests_kcount"]) / 1_000 if "requests_kcount" in stated else None
        if any(self._nano(self._highest(stated[name])) > read for name in _OTHER_INPUT if name in stated):
            self.notes.append("sound and film cost more to read than is counted here")
        if any(name in stated for name in ("output_image_mtok", "output_audio_mtok", "output_video_mtok")):
            self.notes.append("what is written costs as much as pictures, sound and film do")
        self.notes += [f"{words} are paid apart" for name, words in _FEES.items() if name in stated]
        return Price(
            read=read,
            written=written or 0,
            cached=-1 if cached is None else cached,
            stored=-1 if stored is None else stored,
            request=self._nano(fee) if fee is not None else 0,
        )

    def _most(
        self, stated: Mapping[str, Decimal | TieredPrices], names: tuple[str, ...], kind: str = ""
    ) -> int | None:
        if names == _WRITTEN and not {"output_mtok", "output_text_mtok"} & set(stated):
            return None
        if self._images and kind in _IMAGES:
            names = (*names, _IMAGES[kind])
        found = [self._highest(stated[name]) for name in names if name in stated]
        return self._nano(max(found)) if found else None

    def _highest(self, price: Decimal | TieredPrices) -> Decimal:
        if isinstance(price, Decimal):
            return price
        reached = [tier for tier in price.tiers if not self._context or tier.start < self._context]
        if reached and max(tier.price for tier in reached) > price.base:
            self.notes.append(
                f"the price of texts over {min(tier.start for tier in reached):,} tokens; state a smaller "
                "`context` to be charged the lower one"
            )
        return max([price.base, *(tier.price for tier in reached)])

    def _nano(self, dollars: Decimal) -> int:
        return int((dollars * self._rate * NANO).to_integral_value(rounding=ROUND_CEILING))


def _dearest(prices: list[Price]) -> Price:
    """The dearest of each part. Where one of them does not tell cached tokens apart, they cost what others do."""

    def part(name: str, instead: str = "") -> int:
        told: list[int] = [getattr(one, name) for one in prices]
        if instead and max(told) < 0:
            return -1
        others: list[int] = [getattr(one, instead or name) for one in prices]
        return max(amount if amount >= 0 else other for amount, other in zip(told, others, strict=True))

    return Price(
        read=part("read"),
        written=part("written"),
        cached=part("cached", "read"),
        stored=part("stored", "read"),
        request=part("request"),
    )
