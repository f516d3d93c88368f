"""Units that cannot be mixed: Money, Cost, Share, Interval, and ids that sort by time.

Business money is counted in ISO 4217 minor units, usage cost in nano-units of one currency
(a billionth: one token may cost far less than a cent). Both are integers, both are strings in
JSON, because a JSON number is a float in most readers.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

import rfc8785

Id = NewType("Id", str)
"""26 characters of Crockford base 32: 48 bits of UTC milliseconds, then 80 random bits (ULID)."""

Digest = NewType("Digest", str)
"""``sha256:`` and 64 hexadecimal digits."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = [one + other for one in _CROCKFORD for other in _CROCKFORD]
"""What ten bits are written as."""
_CURRENCY = re.compile(r"[A-Z]{3}")
# ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = {"BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3,
              "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0,
              "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0}  # fmt: skip
NANO = 1_000_000_000


def new_id(at: datetime, randomness: bytes) -> Id:
    """Id that sorts by ``at``. Ten random bytes; the same arguments give the same id.

    Source: the ULID specification (github.com/ulid/spec).
    """
    if len(randomness) != 10:
        raise ValueError("an id takes ten random bytes")
    number = int(at.timestamp() * 1000) << 80 | int.from_bytes(randomness)
    return Id("".join([PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)]))


def digest(data: bytes) -> Digest:
    """SHA-256 of the bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def canonical(value: object) -> bytes:
    """The one byte string that stands for a JSON value (RFC 8785, JSON Canonicalization Scheme).

    Errors: ``ValueError`` for what JSON cannot carry: NaN, infinities, integers beyond ±(2^53-1),
    keys that are not text, objects. Money and Cost are strings in JSON for that reason.
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, RecursionError) as problem:
        raise ValueError(f"not a JSON value: {problem}") from None


def digest_of(value: object) -> Digest:
    """Digest of a JSON value, the same for every spelling of it."""
    return digest(canonical(value))


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """Business money in minor units: ``Money(4990, "EUR")`` is 49.90 euro. Currencies never mix."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise ValueError("money is counted in whole minor units")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"`{self.currency}` is not an ISO 4217 currency code such as EUR")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")

    def __str__(self) -> str:
        exponent = _EXPONENTS.get(self.currency, 2)
        sign, minor = ("-" if self.minor < 0 else ""), abs(self.minor)
        if not exponent:
            return f"{sign}{minor} {self.currency}"
        whole, part = divmod(minor, 10**exponent)
        return f"{sign}{whole}.{part:0{exponent}d} {self.currency}"

    @classmethod
    def parse(cls, text: str) -> Money:
        """Read ``49.90 EUR``. Errors: ``ValueError`` for no currency, too many decimals, or over 15 whole digits."""
        match = re.fullmatch(r"\s*(-?)(\d{1,15})(?:\.(\d+))?\s+([A-Z]{3})\s*", text)
        if not match:
            raise ValueError(f"`{text}` is not an amount such as `49.90 EUR`")
        sign, whole, part, currency = match.groups()
        exponent = _EXPONENTS.get(currency, 2)
        if part and len(part) > exponent:
            raise ValueError(f"`{text}` has more than {exponent} decimals, {currency} has no such coin")
        minor = int(whole) * 10**exponent + int((part or "").ljust(exponent, "0") or "0")
        return cls(-minor if sign else minor, currency)


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """Usage cost in nano-units of a currency. Adds only to its like; scales by whole numbers."""

    nano: int
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if isinstance(self.nano, bool) or not isinstance(self.nano, int):
            raise ValueError("cost is counted in whole nano-units")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"`{self.currency}` is not an ISO 4217 currency code such as EUR")

    def __add__(self, other: Cost) -> Cost:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Cost(self.nano + other.nano, self.currency)

    def __mul__(self, times: int) -> Cost:
        return Cost(self.nano * times, self.currency)

    def __str__(self) -> str:
        sign, nano = ("-" if self.nano < 0 else ""), abs(self.nano)
        whole, part = divmod(nano, NANO)
        digits = f"{part:09d}".rstrip("0").ljust(2, "0")
        return f"{sign}{whole}.{digits} {self.currency}"

    @classmethod
    def parse(cls, text: str) -> Cost:
        """Read ``0.0031 EUR``. Errors: ``ValueError`` for more than nine decimals or no currency."""
        match = re.fullmatch(r"\s*(-?)(\d{1,9})(?:\.(\d{1,9}))?\s+([A-Z]{3})\s*", text)
        if not match:
            raise ValueError(f"`{text}` is not a cost such as `0.0031 EUR`")
        sign, whole, part, currency = match.groups()
        nano = int(whole) * NANO + int((part or "").ljust(9, "0"))
        return cls(-nano if sign else nano, currency)


@dataclass(frozen=True, slots=True, order=True)
class Share:
    """A part of a whole, 0 to 1. Never a percentage."""

    value: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"a share lies between 0 and 1, found {self.value}")

    def __float__(self) -> float:
        return self.value

    def __str__(self) -> str:
        return f"{self.value * 100:.1f} %"

    @property
    def basis_points(self) -> int:
        """Ten-thousandths, rounded: what policies and assignment compare, without floats."""
        return round(self.value * 10_000)


def natural_name(name: str) -> str:
    """The one form of a person's name or address from which their pseudonym is made, however it was typed.

    Compatible letters and accents as one (NFKC), capitals folded, blanks at the ends cut off: for ASCII that is
    small letters alone. Run twice: the same.
    """
    if name.isascii():
        return name.strip().lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


@dataclass(frozen=True, slots=True)
class Interval:
    """Range of values compatible with what was seen, both ends included. Low never exceeds high."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval runs upward, found {self.low} to {self.high}")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high
