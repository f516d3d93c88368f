"""The price file of an installation: rates, contracts, discounts, and what local models cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeGuard

from roadworthy.errors import InputProblem
from roadworthy.placed import Page, Path, near
from roadworthy.quantities import NANO, Cost, digest_of
from roadworthy.usage import Price

MOST_BYTES = 1_000_000
MOST_PROBLEMS = 200
DOLLAR = "USD"
_KINDS = ("read", "written", "cached", "stored")
_FIELDS = (*_KINDS, "request", "per_hour", "tokens_per_second", "discount", "from", "until", "context",
           "most_written", "retires")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a foreign currency costs in euro, and of which day that is. Empty: nobody stated it."""

    currency: str
    euro: Decimal
    of: str = ""

    def nano(self, amount: Decimal) -> int:
        """Nano-EUR for an amount, rounded up."""
        return int((amount * self.euro * NANO).to_integral_value(rounding=ROUND_CEILING))

    @property
    def words(self) -> str:
        """As it stands beside a price."""
        told = f" of {self.of}" if self.of else ", not stated"
        return f"1 {self.currency} = {self.euro.normalize():f} EUR{told}"


ONE_TO_ONE = Rate(DOLLAR, Decimal(1))
"""Where no rate is stated a dollar counts as a euro: on the high side as long as a dollar costs less."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the price file says of a model for a time, both days included. Zero and None: it does not say.

    ``discount`` is the part that is taken off the listed price.
    """

    price: Price | None = None
    discount: Decimal | None = None
    since: date | None = None
    until: date | None = None
    context: int = 0
    most_written: int = 0
    retires: date | None = None

    def holds(self, today: date) -> bool:
        """Whether it speaks of this day."""
        return (self.since is None or self.since <= today) and (self.until is None or today <= self.until)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A price file that was read: rates by currency, and what is stated of models by their names."""

    rates: Mapping[str, Rate] = field(default_factory=dict)
    models: Mapping[str, tuple[Stated, ...]] = field(default_factory=dict)

    @property
    def dollar(self) -> Rate:
        """The stated rate, else one euro for a dollar."""
        return self.rates.get(DOLLAR, ONE_TO_ONE)

    def find(self, names: Sequence[str], today: date) -> Stated | None:
        """What holds today of the first of these names that the file has."""
        for name in names:
            for one in self.models.get(name, ()) if name else ():
                if one.holds(today):
                    return one
        return None


def discounted(price: Price, discount: Decimal) -> Price:
    """The price with a part taken off, rounded up."""

    def less(amount: int) -> int:
        if amount <= 0:
            return amount
        return int((amount * (1 - discount)).to_integral_value(rounding=ROUND_CEILING))

    return replace(
        price,
        read=less(price.read),
        written=less(price.written),
        cached=less(price.cached),
        stored=less(price.stored),
        request=less(price.request),
        source=f"{price.source}, less {discount.normalize():f} of it by the price file",
    )


def snapshot(price: Price | None, *, bound: int | None = None) -> str:
    """A short name of exactly this price and where it was read: 16 hexadecimal digits; `unpriced` for none.

    ``bound`` is what a call costs at most where nobody knows a price.
    """
    if price is None and bound is None:
        return "unpriced"
    told: list[object] = ["bound", str(bound)]
    if price is not None:
        amounts = (price.read, price.written, price.cached, price.stored, price.request)
        told = [*(str(one) for one in amounts), price.currency, price.source]
    return digest_of(told).removeprefix("sha256:")[:16]


def read_overlay(text: str | bytes, *, file: str) -> Overlay:
    """Read `prices.yaml`. ``file`` is only named in problems.

    Errors: ``InputProblem`` RW-PRICE-002 with every problem, line and column.
    """
    page = Page(file)
    data = page.read(
        text,
        expected="expected a mapping with `rates` and `models`",
        called="a price file",
        most_bytes=MOST_BYTES,
    )
    found = Overlay()
    if data is not None:
        for name in data:
            if name not in ("rates", "models"):
                page.say(f"unknown field `{name}`", (name,), near(name, ("rates", "models")))
        rates = _rates(data.get("rates"), page)
        found = Overlay(rates, _models(data.get("models"), rates, page))
    if page.problems:
        raise InputProblem("RW-PRICE-002", page.in_order(MOST_PROBLEMS))
    return found


def _rates(told: Any, page: Page) -> dict[str, Rate]:
    found: dict[str, Rate] = {}
    if told is None:
        return found
    if not isinstance(told, Mapping):
        page.say("`rates`: expected a mapping such as `{USD: 0.92, of: 2026-11-01}`", ("rates",))
        return found
    of = told.get("of")
    day = _day(told, "of", page, ("rates",)) if of is not None else None
    for name, value in told.items():
        here: Path = ("rates", name)
        if name == "of":
            continue
        if len(name) != 3 or not name.isascii() or not name.isupper() or name == "EUR":
            page.say(f"`{name}` is no foreign currency such as `USD`", here)
        elif not _is_number(value) or not 0 < value < 1_000_000:
            page.say(f"`{name}`: expected the euro that one {name} costs, such as 0.92", here)
        else:
            found[name] = Rate(name, Decimal(str(value)), day.isoformat() if day else "")
    if found and of is None:
        page.say("`of` is missing: the day that the rates are of", ("rates",))
    return found


def _models(told: Any, rates: Mapping[str, Rate], page: Page) -> dict[str, tuple[Stated, ...]]:
    found: dict[str, tuple[Stated, ...]] = {}
    if told is None:
        return found
    if not isinstance(told, Mapping):
        page.say("`models`: expected a mapping from names of models to what they cost", ("models",))
        return found
    for name, entry in told.items():
        here: Path = ("models", name)
        several = entry if isinstance(entry, list) else [entry]
        read: list[Stated] = []
        for number, one in enumerate(several):
            place = (*here, number) if isinstance(entry, list) else here
            if not isinstance(one, Mapping):
                page.say(f"`{name}`: expected a mapping with `read` and `written`, and so on", place)
                continue
            stated = _Entry(one, rates, page, place).read()
            if any(_overlap(stated, other) for other in read):
                page.say(
                    f"`{name}`: two entries speak of the same day", place, hint="mend `from` and `until`"
                )
            read.append(stated)
        found[name] = tuple(read)
    return found


def _overlap(one: Stated, other: Stated) -> bool:
    since = max(one.since or date.min, other.since or date.min)
    return since <= min(one.until or date.max, other.until or date.max)


class _Entry:
    """Reads one entry of the price file and says everything that is wrong with it."""

    def __init__(self, told: Mapping[str, Any], rates: Mapping[str, Rate], page: Page, path: Path) -> None:
        self._told, self._rates, self._page, self._path = told, rates, page, path

    def read(self) -> Stated:
        for name in self._told:
            if name not in _FIELDS:
                self._page.say(f"unknown field `{name}`", (*self._path, name), near(name, _FIELDS))
        stated = Stated(
            self._price(),
            self._discount(),
            self._date("from"),
            self._date("until"),
            self._whole("context"),
            self._whole("most_written"),
            self._date("retires"),
        )
        if stated.since and stated.until and stated.since > stated.until:
            self._say("until", "`from` comes before `until`")
        if not set(self._told) & set(_FIELDS) - {"from", "until"}:
            self._page.say("nothing is stated here", self._path, hint="such as `read: 0.15 EUR`")
        return stated

    def _price(self) -> Price | None:
        amounts = {name: self._amount(name) for name in (*_KINDS, "request") if name in self._told}
        if "per_hour" in self._told or "tokens_per_second" in self._told:
            if amounts or "discount" in self._told:
                self._say("per_hour", "`per_hour` says it all: expected no other price beside it")
            return self._by_the_hour()
        if not amounts:
            return None
        if "discount" in self._told:
            self._say("discount", "`discount` is taken off the list: expected no price beside it")
        missing = [name for name in ("read", "written") if name not in amounts]
        if missing:
            self._page.say(
                f"`{'` and `'.join(missing)}` missing", self._path, hint="0 EUR where nothing is paid"
            )
        if missing or None in amounts.values():
            return None
        known = {name: nano for name, nano in amounts.items() if nano is not None}
        return Price(
            known["read"],
            known["written"],
            cached=known.get("cached", -1),
            stored=known.get("stored", -1),
            request=known.get("request", 0),
            source=self._source,
        )

    @property
    def _source(self) -> str:
        used = sorted({
            text.split()[-1] for text in self._told.values() if isinstance(text, str) and text.split()
        } & set(self._rates))  # fmt: skip
        return ", ".join(["price file", *(self._rates[name].words for name in used)])

    def _by_the_hour(self) -> Price | None:
        hour = self._amount("per_hour")
        speed = self._told.get("tokens_per_second")
        speeds: Mapping[str, Any] = (
            speed if isinstance(speed, Mapping) else {"read": speed, "written": speed}
        )
        if set(speeds) != {"read", "written"} or not all(
            _is_number(one) and 0 < one < 1_000_000_000 for one in speeds.values()
        ):
            self._say(
                "tokens_per_second",
                "`tokens_per_second`: expected a number more than 0, or one each for `read` and `written`",
            )
            return None
        if hour is None:
            return None

        def million(tokens_per_second: float) -> int:
            paid = Decimal(hour) * 1_000_000 / (3_600 * Decimal(str(tokens_per_second)))
            return int(paid.to_integral_value(rounding=ROUND_CEILING))

        return Price(million(speeds["read"]), million(speeds["written"]), source=self._source)

    def _amount(self, name: str) -> int | None:
        """Nano-EUR; None, with the problem said, where it is no amount."""
        text = self._told.get(name)
        try:
            cost = Cost.parse(text) if isinstance(text, str) else None
        except ValueError:
            cost = None
        if cost is None or cost.nano < 0:
            self._say(name, f"`{name}`: expected an amount such as `0.15 EUR`")
            return None
        if cost.currency == "EUR":
            return cost.nano
        rate = self._rates.get(cost.currency)
        if rate is None:
            self._say(
                name,
                f"`{name}`: no rate is stated for {cost.currency}",
                f"add `rates: {{{cost.currency}: …}}`",
            )
            return None
        return rate.nano(Decimal(cost.nano) / NANO)

    def _discount(self) -> Decimal | None:
        value = self._told.get("discount")
        if "discount" not in self._told:
            return None
        if not _is_number(value) or not 0 < value < 1:
            self._say("discount", "`discount`: expected a part of the listed price, such as 0.2")
            return None
        return Decimal(str(value))

    def _whole(self, name: str) -> int:
        value = self._told.get(name)
        if name not in self._told:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 1_000_000_000:
            self._say(name, f"`{name}`: expected a number of tokens, more than 0")
            return 0
        return value

    def _date(self, name: str) -> date | None:
        return _day(self._told, name, self._page, self._path) if name in self._told else None

    def _say(self, name: str, message: str, hint: str = "") -> None:
        self._page.say(message, (*self._path, name), hint)


def _day(told: Mapping[str, Any], name: str, page: Page, path: Path) -> date | None:
    value = told.get(name)
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _no_date()
    except ValueError:
        page.say(f"`{name}`: expected a day such as 2026-11-01", (*path, name))
        return None


def _no_date() -> date:
    raise ValueError("no date")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
