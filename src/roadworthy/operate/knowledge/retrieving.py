"""Finding passages for a question, with the rights of whoever it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from roadworthy.casework.vocabulary import Passage
from roadworthy.knowledge import Document, Finding, Reader
from roadworthy.ports.knowledge import Hit, KnowledgeSource, Means, Query

LONGEST_QUESTION = 10_000
"""Characters of a question that are looked at."""
_AT_ONCE = 200
_FINDINGS_AT_ONCE = 1_000


def find(
    base: KnowledgeSource, question: str, *, reader: Reader, today: date, top_k: int, means: Means = "both"
) -> tuple[Hit, ...]:
    """What fits a question best, best first. A blank question finds nothing.

    Errors: ``Unavailable`` where a server embeds questions and does not answer: words alone would find less
    than what was measured.
    """
    asked = question[:LONGEST_QUESTION]
    if not asked.strip():
        return ()
    models = base.embedders if means != "words" else ()
    return base.index.search(
        Query(
            text=asked,
            reader=reader,
            today=today,
            top_k=top_k,
            vectors=tuple((model.digest, model.embed([asked])[0]) for model in models),
            means=means,
        )
    )


def documents(base: KnowledgeSource, reader: Reader | None = None) -> Iterator[Document]:
    """Every document that the reader may read, by name; without one every document there is."""
    after, more = "", True
    while more:
        page, after = base.index.documents(reader or base.keeper, after=after, limit=_AT_ONCE)
        yield from page
        more = bool(after)


def findings(base: KnowledgeSource) -> Iterator[Finding]:
    """Everything that a person has to look at, as the index keeps it."""
    after, more = 0, True
    while more:
        page, after = base.index.findings(after=after, limit=_FINDINGS_AT_ONCE)
        yield from page
        more = bool(after)


class IndexRetriever:
    """The port ``Retriever`` over a knowledge base, with the rights of its release."""

    def __init__(self, base: KnowledgeSource, today: Callable[[], date]) -> None:
        self._base = base
        self._today = today

    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        """Passages that the release may read on behalf of this data subject, best first."""
        reader = replace(self._base.reader, subjects=frozenset({subject} - {""}))
        hits = find(self._base, query, reader=reader, today=self._today(), top_k=top_k)
        return tuple(passage_of(hit) for hit in hits)


def passage_of(hit: Hit) -> Passage:
    """A hit as workflows and records see it."""
    return Passage(
        document=hit.chunk.document,
        title=hit.title,
        text=hit.chunk.text,
        score=round(hit.score, 9),
        digest=hit.version,
        as_of=hit.updated.isoformat() if hit.updated else "",
        chunk=hit.chunk.id,
        headings=hit.chunk.headings,
        page=hit.chunk.page,
        origin=hit.origin,
        stale=hit.stale,
        data_class=hit.marking.data_class,
        trusted=hit.marking.origin == "trusted",
        region=hit.marking.region,
        purposes=tuple(sorted(hit.marking.purposes)),
        subjects=tuple(sorted(hit.marking.subjects)),
    )
