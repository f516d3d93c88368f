"""Bringing the index of a knowledge source up to date with its documents, and its passages to their vectors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Protocol

from roadworthy.errors import Unavailable
from roadworthy.knowledge import Chunk, Document, Finding
from roadworthy.knowledge.chunking import chunks
from roadworthy.operate.knowledge.retrieving import findings
from roadworthy.ports.knowledge import Embedder, IndexState, KnowledgeSource, Listed
from roadworthy.quantities import Digest

MOST_DOCUMENTS = 200
MOST_CHARACTERS = 4_000_000
"""A batch of documents that are put at once: what a kill loses, and what is in memory."""
EMBEDDED_AT_ONCE = 64
_ASKED_AT_ONCE = 500
_MOST_NOTED = 10_000
"""Findings of a listing that are kept; how many there are is told anyway."""


class Progress(Protocol):
    """Told what is done, how much of it, and of how much; 0 where that is unknown."""

    def __call__(self, doing: str, done: int, total: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Built:
    """What became of the documents of a source.

    ``renamed``: of the added, those that are word for word what was removed. Their passages are embedded anew,
    since ids name the document. ``refused``: documents with findings and nothing to index. ``chunks`` were cut in this
    run; ``embedded`` vectors were made in it; ``waiting`` passages have no vector of the best model yet, all where it never answered.
    ``findings`` are all that the index keeps. ``trouble``: the model that could not be reached, so that passages
    wait; everything else is done. ``stopped``: it was asked to stop before the end; what it did is kept.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    renamed: int = 0
    unchanged: int = 0
    refused: int = 0
    chunks: int = 0
    embedded: int = 0
    waiting: int = 0
    findings: int = 0
    seconds: float = 0.0
    stopped: bool = False
    trouble: Unavailable | None = None

    def as_json(self) -> dict[str, object]:
        """As every door shows it."""
        told: dict[str, object] = {each.name: getattr(self, each.name) for each in fields(self)}
        trouble = self.trouble.as_json()["error"] if self.trouble else None
        return {**told, "seconds": round(self.seconds, 3), "trouble": trouble}

    @property
    def in_words(self) -> str:
        """One line for people."""
        parts = [
            f"{self.added} added, {self.changed} changed, {self.removed} removed, {self.unchanged} unchanged"
        ]
        if self.refused:
            parts.append(f"{self.refused} not indexed")
        if self.embedded:
            parts.append(f"{self.embedded} passages embedded")
        if self.waiting:
            parts.append(f"{self.waiting} passages wait to be embedded")
        if self.stopped:
            parts.append("stopped before the end")
        if self.trouble:
            parts.append(f"{self.trouble.code}: {self.trouble.message}")
        return "; ".join(parts)


def build(
    base: KnowledgeSource,
    *,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
    embed_for_s: float | None = None,
) -> Built:
    """Make the index hold what the source holds, then embed what has no vector yet.

    A document whose stamp is known is not read. One whose stamp is new is read, and put only if its version is
    another. What is gone leaves first. Every batch is a transaction of its own: killed at any moment, the next run
    goes on where this one was, and of two at once each finds done what the other did.

    Every passage gets a vector of the last embedder, then of those before it, at most ``embed_for_s`` seconds for
    the best one. ``stop`` is asked between documents and between batches.

    Errors: as ``DocumentSource``, with the index as it was or further on. A model out of reach is no error of
    this function: see ``Built.trouble``.
    """
    began = time.monotonic()
    run = _Run(base, progress or (lambda doing, done, total, /: None), stop)
    trouble = None
    run.sync()
    try:
        if not run.stopped:
            run.embed_all(embed_for_s)
    except Unavailable as fault:
        trouble = fault
    state = base.index.state()
    return Built(
        **run.counts,
        waiting=run.waiting(state, asked=trouble is None),
        findings=state.findings,
        seconds=time.monotonic() - began,
        stopped=run.stopped,
        trouble=trouble,
    )


@dataclass(slots=True)
class _Batch:
    documents: list[tuple[Document, str, Sequence[Chunk]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stamps: dict[str, str] = field(default_factory=dict)
    characters: int = 0

    @property
    def is_full(self) -> bool:
        held = len(self.documents) + len(self.refused) + len(self.stamps)
        return held >= MOST_DOCUMENTS or self.characters >= MOST_CHARACTERS


class _Run:
    def __init__(self, base: KnowledgeSource, progress: Progress, stop: Callable[[], bool]) -> None:
        self._base = base
        self._index = base.index
        self._progress = progress
        self._stop = stop
        self.stopped = False
        self._digests: dict[str, Digest] = {}
        self.counts = dict.fromkeys(
            ("added", "changed", "removed", "renamed", "unchanged", "refused", "chunks", "embedded"), 0
        )

    def sync(self) -> None:
        """Documents. What is gone goes before anything is read: an erased document waits for nothing."""
        self._forget_the_erased()
        known = {name: (stamp, version) for name, stamp, version in self._index.stamps()}
        fresh, there = self._listed(known)
        if self.stopped:
            return
        gone = {name: known[name][1] for name in known if name not in there}
        for names in _parts(sorted(gone), MOST_DOCUMENTS):
            self.counts["removed"] += len(self._index.remove(names).documents)
        self._forget_findings_of_others(there)
        versions: AbstractSet[str] = set(gone.values())
        batch = _Batch()
        for done, listed in enumerate(fresh):
            if self._asked_to_stop():
                break
            self._progress("reading documents", done, len(fresh))
            found = self._base.source.read(listed.name)
            if isinstance(found, Document) and self._may_be_kept(
                found.access.marking.subjects, found.updated
            ):
                self._take(found, listed, known.get(listed.name, ("", ""))[1], versions, batch)
            else:
                batch.refused.append(listed.name)
                batch.findings += found if isinstance(found, tuple) else (_forgotten(found.name),)
            if batch.is_full:
                self._put(batch)
                batch = _Batch()
        self._put(batch)

    def _listed(self, known: Mapping[str, tuple[str, str]]) -> tuple[list[Listed], set[str]]:
        """What has to be read, and the names of everything that is there."""
        fresh: list[Listed] = []
        there: set[str] = set()
        findings: list[Finding] = []
        told = 0
        for number, each in enumerate(self._base.source.listing()):
            if number % 1000 == 0:
                if self._asked_to_stop():
                    return [], set()
                self._progress("listing documents", number, 0)
            if isinstance(each, Finding):
                told += 1
                if len(findings) < _MOST_NOTED:
                    findings.append(each)
                continue
            there.add(each.name)
            if known.get(each.name, ("", ""))[0] == each.stamp:
                self.counts["unchanged"] += 1
            else:
                fresh.append(each)
        if told > len(findings):
            findings.append(Finding("unread", "", f"{told - len(findings)} further findings are not kept"))
        self._index.note(findings, listed=True)
        return fresh, there

    def _may_be_kept(self, subjects: frozenset[str], updated: date | None) -> bool:
        """Whether nobody it is about was erased since it was written. A day that is still to come is no known one."""
        day = self._base.forgotten(subjects) if subjects else None
        if day is None:
            return True
        today = self._base.today
        return updated is not None and today is not None and day < updated <= today()

    def _forget_the_erased(self) -> None:
        """What was put while its person was erased, and whoever put it was killed before looking again."""
        self._erase(self._written_before(self._index.subjects()))

    def _written_before(self, about: Iterable[tuple[str, date | None, frozenset[str]]]) -> frozenset[str]:
        """Of the people whom documents are about, those who were erased since one of them was written."""
        known = list(about)
        erased = self._erased(frozenset().union(*(subjects for _, _, subjects in known)))
        return frozenset(
            one
            for _, updated, subjects in known
            for one in subjects & erased
            if not self._may_be_kept(frozenset({one}), updated)
        )

    def _erased(self, subjects: frozenset[str]) -> frozenset[str]:
        """Those of some people who were ever erased: asked one by one only where somebody among many was."""
        return frozenset(
            one
            for many in _parts(sorted(subjects), _ASKED_AT_ONCE)
            if self._base.forgotten(frozenset(many)) is not None
            for one in many
            if self._base.forgotten(frozenset({one})) is not None
        )

    def _erase(self, subjects: frozenset[str]) -> None:
        """Documents of theirs that may be kept are read again: their stamps go as well."""
        for subject in sorted(subjects):
            self.counts["removed"] += len(self._index.erase(subject).documents)

    def _take(
        self, document: Document, listed: Listed, version: str, gone: AbstractSet[str], batch: _Batch
    ) -> None:
        if document.version == version:
            batch.stamps[listed.name] = listed.stamp
            self.counts["unchanged"] += 1
            return
        cut = chunks(document, size=self._base.chunk_chars)
        batch.documents.append((document, listed.stamp, cut))
        batch.characters += len(document.text)
        self.counts["chunks"] += len(cut)
        self.counts["changed" if version else "added"] += 1
        if not version and document.version in gone:
            self.counts["renamed"] += 1

    def _put(self, batch: _Batch) -> None:
        """People may be erased at any moment: asked before, so that nothing of them is put, and after, since an
        erasure in between looked before it was there."""
        self._leave_out_the_erased(batch)
        if batch.documents:
            self._index.put(batch.documents)
        if batch.stamps:
            self._index.restamp(batch.stamps)
        if batch.refused:
            # Whatever was indexed of it is no longer what it says.
            self.counts["removed"] += len(self._index.remove(batch.refused).documents)
            self.counts["refused"] += len({each.document for each in batch.findings})
            if batch.findings:
                self._index.note(batch.findings, listed=False)
        told = self._erased(frozenset().union(*(one.subjects for one in batch.findings)))
        self._erase(told | self._written_before(_about(each[0]) for each in batch.documents))

    def _leave_out_the_erased(self, batch: _Batch) -> None:
        late = self._written_before(_about(each[0]) for each in batch.documents)
        lost = {
            document.name
            for document, _, _ in batch.documents
            if document.access.marking.subjects & late
            and not self._may_be_kept(document.access.marking.subjects, document.updated)
        }
        erased = self._erased(frozenset().union(*(one.subjects for one in batch.findings)))
        silent = dict.fromkeys(one.document for one in batch.findings if one.subjects & erased)
        batch.documents = [each for each in batch.documents if each[0].name not in lost]
        batch.refused += sorted(lost)
        batch.findings = [one for one in batch.findings if one.document not in silent]
        batch.findings += [_forgotten(name) for name in (*sorted(lost), *silent)]

    def _forget_findings_of_others(self, there: set[str]) -> None:
        """Findings of documents that could not be indexed, and are no longer there."""
        stale = {
            each.document for each in findings(self._base) if each.document and each.document not in there
        }
        for names in _parts(sorted(stale), MOST_DOCUMENTS):
            self._index.remove(names)

    def embed_all(self, embed_for_s: float | None) -> None:
        """Vectors of the last embedder for all, then of each better one."""
        for number, embedder in reversed(list(enumerate(self._base.embedders))):
            until = None if embed_for_s is None or number else time.monotonic() + embed_for_s
            self._embed(embedder, until)

    def waiting(self, state: IndexState, *, asked: bool) -> int:
        """Passages without a vector of the best model: all of them where it never said which one it is.
        ``asked``: it may be asked for that now."""
        if not self._base.embedders:
            return 0
        best = self._base.embedders[0]
        if best.name not in self._digests and asked:
            with suppress(Unavailable):
                self._digests[best.name] = best.digest
        known = self._digests.get(best.name)
        return max(state.chunks - (state.embedded.get(known, 0) if known else 0), 0)

    def _embed(self, embedder: Embedder, until: float | None) -> None:
        state = self._index.state()
        digest = self._digests[embedder.name] = embedder.digest
        total = state.chunks - state.embedded.get(digest, 0)
        done, began = 0, time.monotonic()
        last: tuple[str, ...] = ()
        while not self._asked_to_stop() and (until is None or time.monotonic() < until):
            waiting = self._index.waiting(digest, limit=EMBEDDED_AT_ONCE)
            ids = tuple(one.chunk for one in waiting)
            # Invariant: a batch that comes twice was not kept, and would come for ever.
            if not waiting or ids == last:
                return
            self._progress(f"embedding with {embedder.name}{_left(began, done, total)}", done, total)
            rows = embedder.embed([one.text for one in waiting])
            if rows.shape != (len(ids), embedder.dimensions):
                raise Unavailable(
                    "RW-KNOWLEDGE-014",
                    f"`{embedder.name}` answered {rows.shape[0]} rows of {rows.shape[-1]} numbers, "
                    f"expected {len(ids)} of {embedder.dimensions}",
                    retry_is_safe=True,
                    hint="the passages wait; look at the server of the model",
                )
            self._index.keep_vectors(digest, ids, rows)
            done, last = done + len(ids), ids
            self.counts["embedded"] += len(ids)

    def _asked_to_stop(self) -> bool:
        self.stopped = self.stopped or self._stop()
        return self.stopped


def _about(document: Document) -> tuple[str, date | None, frozenset[str]]:
    return document.name, document.updated, document.access.marking.subjects


def _forgotten(name: str) -> Finding:
    said = "is about a person whose data were erased; not indexed until it is updated after that day"
    return Finding("forgotten", name, said)


def _left(began: float, done: int, total: int) -> str:
    passed = time.monotonic() - began
    if not done or passed < 2 or total <= done:
        return ""
    seconds = passed / done * (total - done)
    return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"


def _parts(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[start : start + size] for start in range(0, len(names), size))
