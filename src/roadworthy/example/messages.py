"""Customers' messages, split so that no wording is in two splits."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from roadworthy.example.seeded import connected, same_key

Split = Literal["train", "certify", "live"]

OUT_OF_SCOPE = "out_of_scope"
HOSTILE = "hostile"
ALIKE = 0.75
"""Texts that share more of their words than this (Jaccard index) count as one wording."""

_TEXTS = Path(__file__).with_name("support") / "texts"
_FILES = (
    "routine_a.csv", "routine_b.csv", "messages_a.csv", "messages_b.csv", "out_of_scope.csv",
    "out_of_scope_b.csv", "hostile.csv",
)  # fmt: skip

# Certify resembles the live mix, because a certificate speaks about the traffic it was measured on; only
# hostile messages are more frequent there, to be counted at all. Most of a desk's day is routine, so
# most of the elaborate messages are for learning. No model learns from hostile ones: tomorrow's are others.
ROUTINE, ELABORATE = "routine", "elaborate"
SHARES: Mapping[str, Mapping[Split, float]] = {
    ROUTINE: {"train": 0.48, "certify": 0.30, "live": 0.22},
    ELABORATE: {"train": 0.80, "certify": 0.06, "live": 0.14},
    OUT_OF_SCOPE: {"train": 0.50, "certify": 0.20, "live": 0.30},
    HOSTILE: {"train": 0.0, "certify": 0.5, "live": 0.5},
}
_KINDS = (HOSTILE, OUT_OF_SCOPE, ROUTINE, ELABORATE)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to the desk. Live ones have a sender and a time; ``family`` ties one wording together."""

    key: str
    family: str
    intent: str
    language: str
    text: str
    split: Split
    sender_email: str = ""
    at: datetime | None = None
    routine: bool = False

    @property
    def kind(self) -> str:
        """``routine``, ``elaborate``, ``out_of_scope`` or ``hostile``: what shares and mixes are set by."""
        if self.intent in {OUT_OF_SCOPE, HOSTILE}:
            return self.intent
        return ROUTINE if self.routine else ELABORATE

    @property
    def truth(self) -> str:
        """What a person files later: hostile messages are nobody's intent."""
        return OUT_OF_SCOPE if self.intent == HOSTILE else self.intent


@cache
def messages(*, seed: int) -> tuple[Message, ...]:
    """Every message with its split, dealt per intent, kind and language.

    Families stay whole, and families whose texts are alike are tied together first. Of what is out
    of scope half is in train; hostile messages are in certify and live only. The same seed gives
    the same split, and a family that is added later moves few others.
    """
    written = _read()
    heaps: dict[tuple[str, str], list[tuple[Message, ...]]] = defaultdict(list)
    for wording in _wordings(written):
        # The kind that is kept furthest from training decides: a hostile one is never learnt from.
        first = min(wording, key=lambda message: (_KINDS.index(message.kind), message.intent))
        heaps[first.kind, first.intent].append(wording)
    splits = {
        family: split
        for (kind, intent), wordings in heaps.items()
        for family, split in _deal(wordings, SHARES[kind], f"{seed}:{kind}:{intent}")
    }
    return tuple(replace(message, split=splits[message.family]) for message in written)


def words(text: str) -> frozenset[str]:
    """The words of a text in small letters; a text without any is a word itself."""
    return frozenset(re.findall(r"\w+", text.casefold())) or frozenset({text})


def _read() -> tuple[Message, ...]:
    found: list[Message] = []
    seen: Counter[str] = Counter()
    for name in _FILES:
        with (_TEXTS / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = f"{row['family']}-{row['language']}"
                seen[key] += 1
                found.append(
                    Message(
                        key=key if seen[key] == 1 else f"{key}-{seen[key]}",
                        family=row["family"],
                        intent=row["intent"],
                        language=row["language"],
                        text=row["text"],
                        split="live",
                        routine=name.startswith("routine"),
                    )
                )
    return tuple(found)


def _wordings(written: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    """Messages that must stay together: of one family, or alike, followed transitively."""
    same_family = same_key([message.family for message in written])
    alike = _alike([words(message.text) for message in written])
    for group in connected(len(written), [*same_family, *alike]):
        yield tuple(written[place] for place in group)


def _alike(texts: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Pairs above ``ALIKE``. Compares only texts that share one of their rarest words.

    Two sets with a Jaccard index of at least t share a word among the first n - ceil(t n) + 1 of
    each, in one order of all words (prefix filter: Chaudhuri, Ganti, Kaushik, ICDE 2006).
    """
    frequency = Counter(word for text in texts for word in text)
    holders: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        rarest = sorted(text, key=lambda word: (frequency[word], word))
        prefix = rarest[: len(text) - math.ceil(ALIKE * len(text)) + 1]
        for other in {other for word in prefix for other in holders[word]}:
            if len(text & texts[other]) > ALIKE * len(text | texts[other]):
                yield other, place
        for word in prefix:
            holders[word].append(place)


def _deal(
    wordings: Sequence[Sequence[Message]], shares: Mapping[Split, float], salt: str
) -> Iterator[tuple[str, Split]]:
    """A split for each family: each wording goes where its languages are furthest below their share."""
    given: Counter[tuple[Split, str]] = Counter()
    total: Counter[str] = Counter()
    for wording in sorted(wordings, key=lambda wording: _order(salt, wording)):
        languages = Counter(message.language for message in wording)
        total.update(languages)
        missing: dict[Split, float] = {
            split: sum(
                n * (share * total[language] - given[split, language]) for language, n in languages.items()
            )
            for split, share in shares.items()
            if share
        }
        chosen = max(missing, key=lambda split: missing[split])
        for language, n in languages.items():
            given[chosen, language] += n
        for family in {message.family for message in wording}:
            yield family, chosen


def _order(salt: str, wording: Sequence[Message]) -> str:
    """A place in the queue that depends on the wording alone, not on its neighbours."""
    first = min(message.family for message in wording)
    return hashlib.sha256(f"{salt}:{first}".encode()).hexdigest()
