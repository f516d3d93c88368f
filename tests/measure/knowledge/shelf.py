"""A small knowledge base for tests of its quality: words counted, letters as vectors, everything in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from roadworthy.knowledge import Access, Block, Chunk, Document, Reader, may_read
from roadworthy.knowledge.sentences import stems, words
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import Hit, IndexState, KnowledgeSource, Query, Vectors
from roadworthy.quantities import digest_of

TODAY = date(2026, 5, 4)
OPEN = Access(Marking("trusted", 0, "any", frozenset({"any"}), frozenset()))

TEXTS = {
    "returns.md": ("Returns", "returns", "Goods may be returned within thirty days. The shop refunds the price of returned goods."),
    "shipping.md": ("Shipping", "shipping", "Parcels are shipped by rail every morning. Delivery takes three days inside the country."),
    "invoices.md": ("Invoices", "invoices", "An invoice is sent by mail after each order. Copies of an invoice cost nothing."),
    "passwords.md": ("Passwords", "account", "A forgotten password is reset by a link. The link is valid for an hour."),
    "warranty.md": ("Warranty", "warranty", "The warranty on machines lasts two years. Wear of blades is not covered."),
}  # fmt: skip


class Letters:
    """Counts of three letters in a row: alike where words are."""

    name = "letters"
    digest = digest_of("letters")
    dimensions = 128

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for place, text in enumerate(texts):
            for word in words(text):
                for at in range(len(word) - 2):
                    number = sum(ord(letter) * 31**power for power, letter in enumerate(word[at : at + 3]))
                    rows[place, number % self.dimensions] += 1
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


class Shelf:
    """The reading part of the port ``KnowledgeIndex``, one chunk a document.

    ``sees`` decides who finds what: a test that wants a leak says so.
    """

    def __init__(
        self, documents: Sequence[Document], *, sees: Callable[[Reader, Access], bool] = may_read
    ) -> None:
        self._documents = sorted(documents, key=lambda one: one.name)
        self._sees = sees
        self._stems = [stems(f"{one.title} {one.text}") for one in self._documents]
        self._rows = Letters().embed([one.text for one in self._documents])
        self.asked = 0

    def search(self, query: Query) -> tuple[Hit, ...]:
        self.asked += 1
        able = [n for n, one in enumerate(self._documents) if self._sees(query.reader, one.access)]
        wanted = stems(query.text)
        shared = {n: len(wanted & self._stems[n]) for n in able}
        by_words = [n for n in sorted(able, key=lambda n: -shared[n]) if shared[n]]
        near = {n: float(self._rows[n] @ query.vectors[0][1]) for n in able} if query.vectors else {}
        by_meaning = sorted(near, key=lambda n: -near[n])
        ranks = {n: (_place(by_words, n), _place(by_meaning, n)) for n in able}
        if query.means == "words":
            ranks = {n: (first, 0) for n, (first, _) in ranks.items()}
        if query.means == "meaning":
            ranks = {n: (0, second) for n, (_, second) in ranks.items()}
        score = {n: sum(1 / (60 + rank) for rank in both if rank) for n, both in ranks.items()}
        best = sorted((n for n in able if score[n]), key=lambda n: -score[n])[: query.top_k]
        return tuple(_hit(self._documents[n], *ranks[n], near.get(n, math.nan), score[n]) for n in best)

    def state(self) -> IndexState:
        many = len(self._documents)
        return IndexState(many, many, {Letters.digest: many}, 0, 0)

    def documents(
        self, reader: Reader, *, after: str = "", limit: int = 100
    ) -> tuple[Sequence[Document], str]:
        rows = [one for one in self._documents if one.name > after and self._sees(reader, one.access)]
        return rows[:limit], rows[limit - 1].name if len(rows) > limit else ""


def document(
    name: str, text: str, *, title: str = "", topic: str = "", language: str = "en", access: Access = OPEN
) -> Document:
    return Document(
        name, title or name, (Block("paragraph", text),), access, topic=topic, language=language
    )


def shop() -> list[Document]:
    return [document(name, text, title=title, topic=topic) for name, (title, topic, text) in TEXTS.items()]


def base(documents: Sequence[Document], *, reader: Reader | None = None, **options: Any) -> KnowledgeSource:
    return KnowledgeSource(
        name="handbook",
        source=None,  # type: ignore[arg-type]
        index=Shelf(documents, **options),  # type: ignore[arg-type]
        embedders=(Letters(),),
        chunk_chars=1200,
        reader=reader or Reader(clearance=1),
    )


def _place(order: Sequence[int], number: int) -> int:
    return order.index(number) + 1 if number in order else 0


def _hit(one: Document, word_rank: int, meaning_rank: int, similarity: float, score: float) -> Hit:
    chunk = Chunk(digest_of(one.name)[7:23], one.name, 0, (), one.text, 0, len(one.text))
    return Hit(
        chunk, one.title, one.topic, one.owner, one.origin, one.updated, one.valid_until, one.version,
        one.access.marking, word_rank, 0.0, meaning_rank, similarity, score, stale=False,
    )  # fmt: skip


def kept(number: int) -> Document:
    """A document that not everybody may read, and a sentence that only it has."""
    marking = Marking(
        "trusted",
        number % 4,
        ("any", "eu", "us")[number % 3],
        frozenset({"support"}) if number % 4 >= 2 else frozenset({"any"}),
        frozenset({f"person-{number}"}) if number % 5 == 0 else frozenset(),
    )
    groups = frozenset({("staff", "board", "legal")[number % 3]}) if number % 2 else None
    text = f"The {number}th ledger of warehouse w{number} names {number * 7} barrels of oil."
    return document(f"kept/{number}.md", text, access=Access(marking, groups))


DOCUMENTS = [*shop(), *(kept(number) for number in range(30))]
