"""What the desk did in the last half year, ticket by ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from roadworthy.example import customers
from roadworthy.example.messages import HOSTILE, OUT_OF_SCOPE, Message, messages
from roadworthy.example.seeded import stream

TICKETS = 3_000
LAST_NUMBER = 100_000
DAYS = 182
_GERMAN, _OUT_OF_SCOPE, _MISFILED = 0.35, 0.12, 0.03
_CHANNELS = {"app": 0.58, "e-mail": 0.27, "web form": 0.15}
_SUBJECT_LENGTH = 48

# How often the first answer of a person settles the matter: about 61 % over all of them.
_SETTLED_AT_ONCE = {
    "card_arrival": 0.66, "card_lost_or_stolen": 0.74, "card_blocked": 0.70, "card_payment_declined": 0.58,
    "card_payment_unknown": 0.42, "duplicate_charge": 0.48, "merchant_refund_missing": 0.44,
    "atm_cash_not_dispensed": 0.38, "atm_fee": 0.76, "pin_forgotten": 0.82, "pin_change": 0.84,
    "virtual_card": 0.80, "contactless_not_working": 0.66, "card_spending_limit": 0.80,
    "apple_google_pay": 0.68, "transfer_pending": 0.56, "transfer_failed": 0.55,
    "transfer_wrong_recipient": 0.36, "incoming_transfer_missing": 0.45, "top_up_failed": 0.56,
    "exchange_rate": 0.74, "foreign_fee": 0.74, "direct_debit_cancel": 0.72, "account_close": 0.55,
    "address_change": 0.80, "phone_change": 0.62, "identity_verification": 0.46, "login_problem": 0.58,
    "statement_request": 0.74, "fee_refund_request": 0.48, OUT_OF_SCOPE: 0.50,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ticket:
    """A closed ticket. ``body_ref`` is the key of the message; ``intent`` is what the agent filed."""

    id: str
    opened_at: datetime
    closed_at: datetime
    customer_email: str
    channel: str
    subject: str
    body_ref: str
    intent: str
    settled_at_once: bool
    handling_minutes: float


def tickets(seed: int, *, today: date) -> Iterator[Ticket]:
    """The tickets of the half year before ``today``, oldest first, made of train messages only.

    So whoever learns from the desk's history learns nothing about what comes live.
    """
    rng = stream(seed, "tickets")
    pools = _pools(seed)
    senders: dict[str, list[str]] = defaultdict(list)
    for record in customers.primary(seed):
        senders[record.language].append(record.email)
    intents = [intent for intent in _SETTLED_AT_ONCE if intent != OUT_OF_SCOPE]
    opened = sorted(_opened(rng, today) for _ in range(TICKETS))
    for place, moment in enumerate(opened):
        language = "de" if rng.random() < _GERMAN else "en"
        message = rng.choice(pools[rng.random() < _OUT_OF_SCOPE, language])
        settled = rng.random() < _SETTLED_AT_ONCE[message.intent]
        filed = rng.choice(intents) if rng.random() < _MISFILED else message.intent
        yield Ticket(
            id=f"T-{LAST_NUMBER - TICKETS + 1 + place:06}",
            opened_at=moment,
            closed_at=_closed(rng, moment, today, settled=settled),
            customer_email=rng.choice(senders[language]),
            channel=rng.choices(list(_CHANNELS), list(_CHANNELS.values()))[0],
            subject=_subject(message.text),
            body_ref=message.key,
            intent=filed,
            settled_at_once=settled,
            handling_minutes=_minutes(rng, settled=settled),
        )


def _pools(seed: int) -> Mapping[tuple[bool, str], Sequence[Message]]:
    """Train messages by whether they are out of scope, and language."""
    pools: dict[tuple[bool, str], list[Message]] = defaultdict(list)
    for message in messages(seed=seed):
        if message.split == "train" and message.intent != HOSTILE:
            pools[message.intent == OUT_OF_SCOPE, message.language].append(message)
    return pools


def _opened(rng: Random, today: date) -> datetime:
    """Some minute of the day between six and ten at night, on the weekend half as often."""
    day = today - timedelta(days=rng.randint(1, DAYS))
    if day.weekday() >= 5 and rng.random() < 0.5:
        day -= timedelta(days=rng.randint(2, 5))
    minutes = rng.randint(6 * 60, 22 * 60 - 1)
    return datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=minutes)


def _closed(rng: Random, opened: datetime, today: date, *, settled: bool) -> datetime:
    """Minutes later if settled at once, else days; never after the last midnight."""
    later = timedelta(minutes=rng.randint(4, 110) if settled else rng.randint(6 * 60, 5 * 24 * 60))
    return min(opened + later, datetime.combine(today, time(), tzinfo=UTC))


def _minutes(rng: Random, *, settled: bool) -> float:
    """Work, not waiting: skewed to the right, 6.5 minutes in the mean of all tickets."""
    return round((4.7 if settled else 7.8) * rng.lognormvariate(0.0, 0.45), 1)


def _subject(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SUBJECT_LENGTH else line[:_SUBJECT_LENGTH].rsplit(" ", 1)[0] + " …"
