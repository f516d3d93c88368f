"""A knowledge index in memory, for tests of what is built on one."""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from roadworthy.knowledge import Chunk, Document, Finding, Reader, may_read
from roadworthy.knowledge.ranking import Ranked, joined
from roadworthy.ports.knowledge import Forgotten, Hit, IndexState, Query, Vectors, Waiting
from roadworthy.quantities import Digest

_WORD = re.compile(r"[^\W_]+")
_UNSEEN = re.compile("[\u200b\u00ad\x00\ud800-\udfff]")
_K1, _B = 1.2, 0.75
_LONGEST_QUESTION = 10_000
_Place = tuple[str, int]


@dataclass(slots=True)
class _Kept:
    document: Document
    stamp: str
    chunks: tuple[Chunk, ...]


@dataclass(slots=True)
class Shelf:
    """What two indexes of one version share, as two processes share a file."""

    documents: dict[str, _Kept] = field(default_factory=dict)
    vectors: dict[tuple[Digest, str], Vectors] = field(default_factory=dict)
    listed: list[Finding] = field(default_factory=list)
    noted: dict[str, list[Finding]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryKnowledgeIndex:
    """The port ``KnowledgeIndex``, exact and slow: every question looks at every passage."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf or Shelf()

    def put(self, documents: Sequence[tuple[Document, str, Sequence[Chunk]]]) -> None:
        with self._shelf.lock:
            for document, stamp, chunks in documents:
                self._shelf.documents[document.name] = _Kept(document, stamp, tuple(chunks))
                self._shelf.noted.pop(document.name, None)
            self._drop_vectors()

    def restamp(self, stamps: Mapping[str, str]) -> None:
        with self._shelf.lock:
            for name, stamp in stamps.items():
                if name in self._shelf.documents:
                    self._shelf.documents[name].stamp = stamp

    def remove(self, names: Sequence[str]) -> Forgotten:
        with self._shelf.lock:
            gone = {
                name: kept
                for name in sorted(set(names))
                if (kept := self._shelf.documents.pop(name, None)) is not None
            }
            for name in names:
                self._shelf.noted.pop(name, None)
            self._drop_vectors()
            return Forgotten(tuple(gone), sum(len(kept.chunks) for kept in gone.values()))

    def erase(self, subject: str) -> Forgotten:
        with self._shelf.lock:
            self._shelf.listed = [one for one in self._shelf.listed if subject not in one.subjects]
            for name, noted in self._shelf.noted.items():
                self._shelf.noted[name] = [one for one in noted if subject not in one.subjects]
            return self.remove(
                [
                    name
                    for name, kept in self._shelf.documents.items()
                    if subject in kept.document.access.marking.subjects
                ]
            )

    def note(self, findings: Sequence[Finding], *, listed: bool) -> None:
        with self._shelf.lock:
            if listed:
                self._shelf.listed = list(findings)
                return
            for name in {each.document for each in findings}:
                self._shelf.noted[name] = [each for each in findings if each.document == name]

    def stamps(self) -> Iterator[tuple[str, str, Digest]]:
        with self._shelf.lock:
            kept = sorted(self._shelf.documents.items())
        return iter([(name, one.stamp, one.document.version) for name, one in kept])

    def subjects(self) -> Iterator[tuple[str, date | None, frozenset[str]]]:
        with self._shelf.lock:
            kept = [(name, one.document) for name, one in sorted(self._shelf.documents.items())]
        return iter(
            [
                (name, one.updated, one.access.marking.subjects)
                for name, one in kept
                if one.access.marking.subjects
            ]
        )

    def waiting(self, embedder: Digest, *, limit: int) -> Sequence[Waiting]:
        with self._shelf.lock:
            return [
                Waiting(chunk.id, chunk.indexed_text)
                for _, _, chunk in self._passages()
                if (embedder, chunk.id) not in self._shelf.vectors
            ][:limit]

    def keep_vectors(self, embedder: Digest, chunks: Sequence[str], rows: Vectors) -> None:
        with self._shelf.lock:
            there = {chunk.id for _, _, chunk in self._passages()}
            for id_, row in zip(chunks, rows, strict=True):
                if id_ in there:
                    self._shelf.vectors.setdefault((embedder, id_), np.array(row, np.float32))

    def search(self, query: Query) -> tuple[Hit, ...]:
        if query.top_k <= 0:
            return ()
        with self._shelf.lock:
            passages = {
                (name, chunk.ordinal): (kept, chunk)
                for name, kept, chunk in self._passages()
                if may_read(query.reader, kept.document.access)
            }
            found = max(query.candidates, query.top_k)
            words = {} if query.means == "meaning" else _word_scores(query.text, passages)
            alike = {} if query.means == "words" else self._likeness(query, passages)
        best = joined(
            words,
            alike,
            stale={place for place, (kept, _) in passages.items() if _is_stale(kept.document, query)},
            top_k=query.top_k,
            candidates=found,
        )
        return tuple(_hit(*passages[one.place], one) for one in best)

    def documents(
        self, reader: Reader, *, after: str = "", limit: int = 100
    ) -> tuple[Sequence[Document], str]:
        with self._shelf.lock:
            found = [
                kept.document
                for name, kept in sorted(self._shelf.documents.items())
                if name > after and may_read(reader, kept.document.access)
            ]
        return found[:limit], found[limit - 1].name if len(found) > limit else ""

    def findings(self, *, after: int = 0, limit: int = 100) -> tuple[Sequence[Finding], int]:
        told = self._told()
        return told[after : after + limit], after + limit if after + limit < len(told) else 0

    def state(self) -> IndexState:
        with self._shelf.lock:
            embedded = Counter(model for model, _ in self._shelf.vectors)
            passages = sum(1 for _ in self._passages())
            size = sum(len(chunk.text) for _, _, chunk in self._passages())
            return IndexState(len(self._shelf.documents), passages, dict(embedded), size, len(self._told()))

    def _told(self) -> list[Finding]:
        with self._shelf.lock:
            told = list(self._shelf.listed)
            told += [
                each for _, kept in sorted(self._shelf.documents.items()) for each in kept.document.findings
            ]
            return told + [each for _, noted in sorted(self._shelf.noted.items()) for each in noted]

    def _passages(self) -> Iterator[tuple[str, _Kept, Chunk]]:
        for name, kept in sorted(self._shelf.documents.items()):
            for chunk in kept.chunks:
                yield name, kept, chunk

    def _drop_vectors(self) -> None:
        there = {chunk.id for _, _, chunk in self._passages()}
        self._shelf.vectors = {key: row for key, row in self._shelf.vectors.items() if key[1] in there}

    def _likeness(
        self, query: Query, passages: Mapping[_Place, tuple[_Kept, Chunk]]
    ) -> dict[_Place, float]:
        """Cosines by the best model that has a passage. Zeros are close to nothing."""
        found = {}
        for place, (_, chunk) in passages.items():
            for model, asked in query.vectors:
                row = self._shelf.vectors.get((model, chunk.id))
                if row is not None:
                    if row.any() and asked.any():
                        found[place] = float(_unit(row) @ _unit(np.asarray(asked, np.float32).reshape(-1)))
                    break
        return found


def _is_stale(about: Document, query: Query) -> bool:
    early = about.valid_from is not None and about.valid_from > query.today
    return early or about.is_stale(query.today)


def _hit(kept: _Kept, chunk: Chunk, one: Ranked[_Place]) -> Hit:
    about = kept.document
    return Hit(
        chunk=chunk,
        title=about.title,
        topic=about.topic,
        owner=about.owner,
        origin=about.origin,
        updated=about.updated,
        valid_until=about.valid_until,
        version=about.version,
        marking=about.access.marking,
        word_rank=one.word_rank,
        word_score=one.word_score,
        meaning_rank=one.meaning_rank,
        similarity=one.similarity,
        score=one.score,
        stale=one.stale,
    )


def _word_scores(text: str, passages: Mapping[_Place, tuple[_Kept, Chunk]]) -> dict[_Place, float]:
    """BM25 of the passages that share a word with the question (Robertson and Zaragoza 2009)."""
    asked = set(_words(text[:_LONGEST_QUESTION]))
    counts = {place: Counter(_words(chunk.indexed_text)) for place, (_, chunk) in passages.items()}
    mean = sum(count.total() for count in counts.values()) / max(len(counts), 1)
    scores: dict[_Place, float] = {}
    for word in sorted(asked):
        having = [place for place, count in counts.items() if word in count]
        telling = math.log(1 + (len(counts) - len(having) + 0.5) / (len(having) + 0.5))
        for place in having:
            times = counts[place][word]
            norm = _K1 * (1 - _B + _B * counts[place].total() / (mean or 1.0))
            scores[place] = scores.get(place, 0.0) + telling * times * (_K1 + 1) / (times + norm)
    return scores


def _words(text: str) -> list[str]:
    """Small letters without accents; a plural counts as its singular."""
    parted = unicodedata.normalize("NFKD", _UNSEEN.sub(" ", text).casefold())
    bare = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return [word.removesuffix("s") if len(word) > 3 else word for word in _WORD.findall(bare)]


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = row / np.linalg.norm(row)
    return unit
