"""The leak drill: does anybody find what they may not read? Random readers against random documents of a real index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

import numpy as np

from roadworthy.errors import InputProblem, Problem
from roadworthy.knowledge import Access, Document, Reader, may_read
from roadworthy.knowledge.sentences import sentences, words
from roadworthy.measure.fact import Fact
from roadworthy.operate.knowledge.retrieving import documents
from roadworthy.ports import Progress
from roadworthy.ports.knowledge import KnowledgeSource, Query
from roadworthy.quantities import digest_of

PAIRS: Final = 10_000
QUICK_PAIRS: Final = 1_000
KS: Final = (50, 4, 1)
"""Passages asked for. Most are asked for fifty; every tenth question for fewer as well."""
_TOGETHER: Final = 8
"""Documents that one question quotes: it looks for all of them at once."""
_FEWEST_WORDS: Final = 4
_LONGEST_SENTENCE: Final = 300
_LISTED_AT_MOST: Final = 100_000
"""Documents in all that are listed for readers: listing reads whole documents."""
_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Leak:
    """A document that a reader got and may not read. ``through``: `search` or `documents`."""

    document: str
    reader: Reader
    through: str
    k: int = 0


@dataclass(frozen=True, slots=True)
class Drilled:
    """What a drill found.

    ``pairs`` are those for which the keeper's same question found the document: only there would a leak have
    shown. ``forbidden`` of them the reader may not read. ``not_found``: pairs that the keeper did not find
    either; they say nothing. ``listed``: pairs looked at by listing; ``missing`` of these may be read and are
    not listed, which is no leak, and a fault. ``leaks`` counts pairs, once for each way; ``shown`` are the first.
    """

    source: str
    pairs: int
    forbidden: int
    not_found: int
    listed: int
    missing: int
    leaks: int
    shown: tuple[Leak, ...]
    readers: int
    documents: int
    questions: int
    seed: int

    @property
    def tight(self) -> bool:
        """Nothing leaked, and it was tried: somebody asked for what they may not read."""
        return not self.leaks and self.forbidden > 0


@dataclass(frozen=True, slots=True)
class _Target:
    """A document that is asked for, and the sentence of it that a question quotes."""

    name: str
    sentence: str


def drill(
    base: KnowledgeSource,
    *,
    pairs: int = PAIRS,
    seed: int = 1,
    today: date,
    progress: Progress = lambda part, doing: None,
) -> Drilled:
    """Ask for random documents with the rights of random readers, by exact sentences of the documents.

    Readers are made of the groups, regions, purposes and subjects that documents ask for, of near misses of
    their names, and of the rights of the release itself; each has its own search, equal ones are asked once.
    Every question is put to the keeper first: what he does not find shows nothing about others. The same seed
    and index give the same drill.

    Errors: ``InputProblem`` RW-KNOWLEDGE-056 for an index without a document that can be quoted.
    """
    rng = np.random.default_rng(seed)
    accesses: dict[str, Access] = {}
    sharing: dict[str, Access] = {}
    for one in documents(base):
        accesses[one.name] = sharing.setdefault(one.access.digest, one.access)
    wanted = min(len(accesses), max(_TOGETHER, round((pairs * _TOGETHER / 4) ** 0.5)))
    targets = _targets(base, sorted(accesses), wanted, rng)
    if not targets or pairs < 1:
        raise InputProblem(
            "RW-KNOWLEDGE-056",
            Problem(
                f"`{base.name}` has no document with a sentence to ask for"
                if pairs > 0
                else f"a drill takes at least one pair, found {pairs}",
                hint="build the index first: `roadworthy knowledge build`",
            ),
        )
    readers = _readers(base, sharing.values(), -(-pairs // len(targets)), rng)
    drilling = _Drilling(base, accesses, readers, today, seed)
    drilling.list_documents()
    batches = [targets[at : at + _TOGETHER] for at in range(0, len(targets), _TOGETHER)]
    for place, batch in enumerate(batches):
        drilling.ask(batch, (KS if place % 10 == 0 else KS[:1]))
        progress((place + 1) / len(batches), f"{drilling.pairs:,} pairs of reader and document")
    return drilling.result(len(targets))


def leak_facts(bases: Mapping[str, KnowledgeSource], *, today: date) -> Iterator[Fact]:
    """Per knowledge source with documents `knowledge.leak`, by a drill small enough for every measuring."""
    for base in bases.values():
        if base.index.state().documents:
            yield leak_fact(drill(base, pairs=QUICK_PAIRS, today=today))


def leak_fact(drilled: Drilled) -> Fact:
    """`knowledge.leak`: how many documents somebody found who may not read them."""
    return Fact(
        kind="knowledge.leak",
        subject=drilled.source,
        value=float(drilled.leaks),
        unit="leaks",
        n=drilled.pairs,
        method=(
            f"random readers and documents asked for by their own sentences, by search (k = "
            f"{', '.join(map(str, KS))}) and by listing; a pair counts where the keeper finds the document; "
            f"{drilled.forbidden} pairs were forbidden"
        ),
        inputs=[drilled.source, drilled.documents, drilled.readers, drilled.seed],
        valid_days=7,
        detail={
            "forbidden": drilled.forbidden,
            "not_found": drilled.not_found,
            "listed": drilled.listed,
            "missing": drilled.missing,
            "readers": drilled.readers,
            "questions": drilled.questions,
            "leaked": sorted({one.document for one in drilled.shown}),
        },
    )


class _Drilling:
    """One drill under way."""

    def __init__(
        self,
        base: KnowledgeSource,
        accesses: Mapping[str, Access],
        readers: Sequence[Reader],
        today: date,
        seed: int,
    ) -> None:
        self._base = base
        self._accesses = accesses
        self._readers = readers
        self._today = today
        self._seed = seed
        self._allowed: dict[tuple[int, str], bool] = {}
        self._names = {id(access): access.digest for access in accesses.values()}
        self._leaks: dict[tuple[str, int, str], Leak] = {}
        self._listed = self._missing = self._questions = 0
        self.pairs = self._forbidden = self._not_found = 0

    def list_documents(self) -> None:
        """Everything that a reader is shown by listing, and everything that is kept back."""
        most = max(1, _LISTED_AT_MOST // len(self._accesses))
        for number, reader in enumerate(self._readers[:most]):
            seen = {one.name for one in documents(self._base, reader)}
            self._listed += len(self._accesses)
            for name in self._accesses:
                if self._may(number, name):
                    self._missing += name not in seen
            # A document that came after the drill began is judged by nobody: it is in no list of ours.
            for name in sorted(seen & self._accesses.keys()):
                if not self._may(number, name):
                    self._leaked(number, Leak(name, reader, "documents"))

    def ask(self, batch: Sequence[_Target], ks: Sequence[int]) -> None:
        """One question that quotes several documents, by the keeper and by every reader."""
        text = "\n".join(one.sentence for one in batch)
        vectors = tuple((model.digest, model.embed([text])[0]) for model in self._base.embedders)

        def found(reader: Reader, k: int) -> list[str]:
            query = Query(text=text, reader=reader, today=self._today, top_k=k, vectors=vectors)
            self._questions += 1
            return [hit.chunk.document for hit in self._base.index.search(query)]

        control = set(found(self._base.keeper, ks[0]))
        there = [one.name for one in batch if one.name in control]
        missed = [one for one in batch if one.name not in control]
        if len(batch) == 1:
            self._not_found += len(missed) * len(self._readers)
        for number, reader in enumerate(self._readers):
            self.pairs += len(there)
            self._forbidden += sum(not self._may(number, name) for name in there)
            for k in ks:
                for name in dict.fromkeys(found(reader, k)):
                    if name in self._accesses and not self._may(number, name):
                        self._leaked(number, Leak(name, reader, "search", k))
        if len(batch) > 1:
            # Others like it took its place: alone it is found, or nothing can be said of it.
            for one in missed:
                self.ask([one], ks)

    def result(self, targets: int) -> Drilled:
        shown = [
            leak
            for way in ("search", "documents")
            for leak in islice((one for one in self._leaks.values() if one.through == way), _SHOWN // 2)
        ]
        return Drilled(
            self._base.name, self.pairs, self._forbidden, self._not_found, self._listed, self._missing, len(self._leaks),
            tuple(shown), len(self._readers), targets, self._questions, self._seed,
        )  # fmt: skip

    def _may(self, reader: int, name: str) -> bool:
        access = self._accesses[name]
        key = reader, self._names[id(access)]
        if key not in self._allowed:
            self._allowed[key] = may_read(self._readers[reader], access)
        return self._allowed[key]

    def _leaked(self, reader: int, leak: Leak) -> None:
        self._leaks.setdefault((leak.through, reader, leak.document), leak)


def _targets(
    base: KnowledgeSource, names: Sequence[str], wanted: int, rng: np.random.Generator
) -> list[_Target]:
    """Random documents with a sentence of each, in random order."""
    drawn = {names[at] for at in rng.choice(len(names), size=wanted, replace=False)} if names else set()
    found = [
        _Target(one.name, sentence)
        for one in documents(base)
        if one.name in drawn and (sentence := _quoted(one, rng))
    ]
    return [found[at] for at in rng.permutation(len(found))]


def _quoted(document: Document, rng: np.random.Generator) -> str:
    """A random sentence of it; its title where it has none."""
    able = [one for one in sentences(document.text[:200_000]) if len(words(one)) >= _FEWEST_WORDS]
    text = able[int(rng.integers(len(able)))] if able else document.title
    return " ".join(text.split())[:_LONGEST_SENTENCE]


def _readers(
    base: KnowledgeSource, accesses: Iterable[Access], wanted: int, rng: np.random.Generator
) -> list[Reader]:
    """Different readers with random rights, that of the release first. There may be fewer than wanted."""
    every = list(accesses)
    groups = _near({group for one in every for group in one.groups or ()})
    regions = ["", *_near({one.marking.region for one in every})]
    purposes = ["", *_near({purpose for one in every for purpose in one.marking.purposes})]
    subjects = _near({subject for one in every for subject in one.marking.subjects})
    found: dict[str, Reader] = {}

    def add(reader: Reader) -> None:
        found.setdefault(digest_of(_as_json(reader)), reader)

    add(base.reader)
    for _ in range(4 * wanted):
        if len(found) >= wanted:
            break
        add(
            Reader(
                groups=_some(groups, rng),
                clearance=int(rng.integers(4)),
                region=regions[int(rng.integers(len(regions)))],
                purpose=purposes[int(rng.integers(len(purposes)))],
                subjects=_some(subjects, rng),
            )
        )
    return list(found.values())


def _near(names: set[str]) -> list[str]:
    """Names, and what a careless comparison would take for them."""
    found = set(names)
    for name in sorted(names)[:100]:
        found |= {name.upper(), name[:-1], f"{name}x", f" {name}", "%", "_", f"{name},x"}
    return sorted(found - {""})


def _some(names: Sequence[str], rng: np.random.Generator) -> frozenset[str]:
    """Mostly a few of the names, sometimes none and sometimes half of them."""
    if not names:
        return frozenset()
    most = (0, 1, 3, max(1, len(names) // 2))[int(rng.integers(4))]
    return frozenset(names[int(at)] for at in rng.integers(len(names), size=most))


def _as_json(reader: Reader) -> dict[str, object]:
    return {
        "groups": sorted(reader.groups),
        "clearance": reader.clearance,
        "region": reader.region,
        "purpose": reader.purpose,
        "subjects": sorted(reader.subjects),
    }
