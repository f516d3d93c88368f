"""Live traffic: messages that arrive one after the other, as people type them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count as count_up
from random import Random

from roadworthy.example import customers, fees
from roadworthy.example.messages import (
    ELABORATE,
    HOSTILE,
    OUT_OF_SCOPE,
    ROUTINE,
    Message,
    Split,
    messages,
)
from roadworthy.example.seeded import stream

FIRST_NUMBER = 100_001
_GERMAN = 0.35
_MIX = {HOSTILE: 0.015, OUT_OF_SCOPE: 0.12, ELABORATE: 0.10, ROUTINE: 0.765}
_GAP = timedelta(minutes=4, seconds=48)  # 9,000 messages in 30 days
_FEE_REFUND = "fee_refund_request"

# The keys around a letter, where a hurried finger lands.
_QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_QWERTZ = ("qwertzuiopü", "asdfghjklöä", "yxcvbnm")
_GREETINGS = {
    "en": ("Hi, ", "Hello, ", "Hello Tidebank, ", "Good morning, ", "hey, ", "Dear team, "),
    "de": ("Hallo, ", "Guten Tag, ", "Hallo Tidebank, ", "Moin, ", "Guten Morgen, ", "Liebes Team, "),
}
_FAREWELLS = {
    "en": ("\nThanks, {name}", "\nRegards, {name}", " Thank you!", "\n{name}", " cheers", "\nSent from my phone"),
    "de": ("\nDanke, {name}", "\nViele Grüße\n{name}", " Vielen Dank!", "\n{name}", " LG", "\nVon unterwegs gesendet"),
}  # fmt: skip
_GREETED = re.compile(
    r"(hi|hey|hello|good (morning|day|afternoon|evening)|dear|hallo|guten|moin|sehr geehrte|liebe)\b",
    re.IGNORECASE,
)
_FAREWELL = re.compile(r"(thank|regards|cheers|danke|grüße|gruß|yours|lg)[^.?!]{0,40}$", re.IGNORECASE)


def traffic(
    count: int | None,
    *,
    seed: int,
    split: Split = "live",
    since: datetime,
    first: int = FIRST_NUMBER,
) -> Iterator[Message]:
    """Messages as they arrive, from families of one split; ``None`` never ends.

    Of a hundred about 76 are routine, 12 out of scope, 1.5 hostile and 35 German; the intents are
    equally frequent. Each comes from a customer of the company built with the same seed (about a refund:
    from one who paid a fee), slightly other than written: slips of the finger, greetings, names.
    Message ``T-100123`` of a seed is always the same but for ``at``, so a stream goes on where
    another ended by giving ``first``; ``at`` runs from ``since``, one message in about five minutes.
    """
    if count is not None and count < 0:
        raise ValueError("a number of messages is not negative")
    pools = _pools(seed, split)
    senders = _senders(seed)
    for place in count_up() if count is None else range(count):
        number = first + place
        rng = stream(seed, "traffic", split, number)
        language = "de" if rng.random() < _GERMAN else "en"
        original = rng.choice(pools[_kind(rng, language, pools), language])
        sender = rng.choice(senders[original.intent == _FEE_REFUND, language])
        yield replace(
            original,
            key=f"T-{number}",
            text=vary(original, sender.name, rng),
            sender_email=sender.email,
            at=since + (place + rng.random()) * _GAP,
        )


def vary(message: Message, name: str, rng: Random) -> str:
    """The same message as another person types it. Hostile ones stay as they are: they are precise."""
    text = message.text
    if message.intent == HOSTILE:
        return text
    if rng.random() < 0.4:
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            text = slip(text, message.language, rng)
    if rng.random() < 0.12:
        text = text.lower()
    if rng.random() < 0.12:
        text = text.rstrip(".!?")
    if rng.random() < 0.2 and not _GREETED.match(text):
        text = rng.choice(_GREETINGS[message.language]) + text
    if rng.random() < 0.18 and not _FAREWELL.search(text):
        text += rng.choice(_FAREWELLS[message.language]).format(name=name.split()[0])
    return text or message.text


def slip(text: str, language: str, rng: Random) -> str:
    """One slip of the finger in a word of four letters or more: neighbour, lost, doubled or swapped."""
    words = list(re.finditer(r"[^\W\d_]{4,}", text))
    if not words:
        return text
    word = rng.choice(words)
    place = rng.randrange(word.start() + 1, word.end() - 1)
    letter = text[place]
    kind = rng.choice(("neighbour", "neighbour", "lost", "lost", "doubled", "swapped"))
    if kind == "neighbour":
        beside = _neighbours(language).get(letter.lower(), letter)
        return text[:place] + rng.choice(beside) + text[place + 1 :]
    if kind == "lost":
        return text[:place] + text[place + 1 :]
    if kind == "doubled":
        return text[:place] + letter + text[place:]
    return text[:place] + text[place + 1] + letter + text[place + 2 :]


@cache
def _neighbours(language: str) -> Mapping[str, str]:
    rows = _QWERTZ if language == "de" else _QWERTY
    found: dict[str, str] = {}
    for number, row in enumerate(rows):
        for place, letter in enumerate(row):
            near = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            for other in rows[max(0, number - 1) : number] + rows[number + 1 : number + 2]:
                near += other[max(0, place - 1) : place + 1]
            found[letter] = near
    return found


def _kind(rng: Random, language: str, pools: Mapping[tuple[str, str], Sequence[Message]]) -> str:
    """A kind by the mix, among those that this split and language have."""
    there = {kind: share for kind, share in _MIX.items() if pools[kind, language]}
    return rng.choices(list(there), weights=list(there.values()))[0]


@cache
def _pools(seed: int, split: Split) -> Mapping[tuple[str, str], Sequence[Message]]:
    pools: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in messages(seed=seed):
        if message.split == split:
            pools[message.kind, message.language].append(message)
    return pools


@cache
def _senders(seed: int) -> Mapping[tuple[bool, str], Sequence[customers.Record]]:
    """Customers by whether they are taken for having paid a fee, and language."""
    paid = {fee.customer_id for fee in fees.fees(seed)}
    found: dict[tuple[bool, str], list[customers.Record]] = defaultdict(list)
    for record in customers.primary(seed):
        if record.status == "active":
            found[False, record.language].append(record)
            if record.id in paid:
                found[True, record.language].append(record)
    return found
