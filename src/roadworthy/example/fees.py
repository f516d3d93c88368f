"""Fees that customers were charged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from roadworthy.example import customers
from roadworthy.example.seeded import stream

RECENT_DAYS = 110

# Kind, how often, and the amounts in cents between which it lies. Few are above 15.00 EUR, where a
# refund needs an approval, and fewer above 100.00 EUR, where the desk may not refund at all.
_KINDS = (
    ("atm_withdrawal", 34, (200, 200)),
    ("foreign_transaction", 30, (24, 940)),
    ("card_replacement", 12, (1_000, 1_000)),
    ("express_delivery", 8, (750, 750)),
    ("overdraft_interest", 10, (180, 2_600)),
    ("payment_investigation", 4, (2_500, 2_500)),
    ("archive_search", 2, (10_500, 18_000)),
)


@dataclass(frozen=True, slots=True)
class Fee:
    """``amount_minor`` is in cents of the euro, ``age_minutes`` counts back from the company's today."""

    id: str
    customer_id: str
    kind: str
    amount_minor: int
    age_minutes: int


@cache
def fees(seed: int) -> tuple[Fee, ...]:
    """Every fee of the last ``RECENT_DAYS`` days, oldest first. About two customers in three paid one."""
    rng = stream(seed, "fees")
    weights = [weight for _, weight, _ in _KINDS]
    drawn = []
    for customer in customers.primary(seed):
        for _ in range(rng.choices((0, 1, 2, 3, 5), (36, 28, 20, 11, 5))[0]):
            kind, _, (least, most) = rng.choices(_KINDS, weights)[0]
            oldest = min(RECENT_DAYS, customer.age_days) * 24 * 60
            drawn.append((rng.randrange(60, oldest), customer.id, kind, rng.randint(least, most)))
    drawn.sort(key=lambda fee: (-fee[0], fee[1]))
    return tuple(
        Fee(f"F-{20_001 + place}", customer, kind, amount, age)
        for place, (age, customer, kind, amount) in enumerate(drawn)
    )
