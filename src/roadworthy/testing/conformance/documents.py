"""Documents, questions and vectors to try a knowledge index with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import strategies as st

from roadworthy.knowledge import Access, Block, Chunk, Document, Reader
from roadworthy.policy import Marking
from roadworthy.policy.marking import ANY
from roadworthy.ports.knowledge import Hit, KnowledgeIndex, Means, Query, Vectors
from roadworthy.quantities import Digest, digest_of

TODAY = date(2026, 3, 1)
BEST, QUICK = digest_of("best model"), digest_of("quick model")
DIMENSIONS = 8
PUBLIC = Access(Marking("trusted", 0, ANY, frozenset({ANY}), frozenset()))
EVERYBODY = Reader()
OpenIndex = Callable[[str], KnowledgeIndex]
"""Opens the index of a version, as one more process does: twice the same gives two over the same rows."""

Put = tuple[Document, str, Sequence[Chunk]]


def about(subject: str) -> Access:
    """What a document about a person demands."""
    return Access(Marking("trusted", 2, ANY, frozenset({"support"}), frozenset({subject})))


def in_group(*groups: str) -> Access:
    """What a document demands that is public within some groups."""
    return replace(PUBLIC, groups=frozenset(groups))


def a_document(name: str, *texts: str, access: Access = PUBLIC, **known: object) -> Put:
    """A document of a passage for each text."""
    blocks = tuple(Block("paragraph", text) for text in texts)
    document = Document(name, f"Title of {name}", blocks, access, **known)  # type: ignore[arg-type]
    chunks, start = [], 0
    for ordinal, text in enumerate(texts):
        chunk_id = digest_of([name, start, text])
        chunks.append(Chunk(chunk_id, name, ordinal, ("Part",), text, start, start + len(text)))
        start += len(text) + 2
    return document, f"stamp of {name}", chunks


def direction(number: int) -> Vectors:
    """A vector of length 1; numbers that are close give vectors that are close."""
    angle = number / 20
    row = np.zeros(DIMENSIONS, np.float32)
    row[:2] = math.cos(angle), math.sin(angle)
    return row


def embed_all(index: KnowledgeIndex, model: Digest = BEST) -> int:
    """Vectors for all that wait: the number that a passage ends with says where it points."""
    waiting = index.waiting(model, limit=1_000)
    rows = [direction(int("".join(filter(str.isdigit, one.text)) or 0)) for one in waiting]
    index.keep_vectors(model, [one.chunk for one in waiting], np.array(rows).reshape(-1, DIMENSIONS))
    return len(waiting)


def ask(
    text: str = "",
    near: int | None = None,
    *,
    reader: Reader = EVERYBODY,
    means: Means = "both",
    models: Sequence[Digest] = (BEST,),
    top_k: int = 10,
    candidates: int = 100,
) -> Query:
    """A query with everything that a test does not care for."""
    vectors = () if near is None else tuple((model, direction(near)) for model in models)
    return Query(text, reader, TODAY, top_k, vectors, means, candidates)


def names(hits: Sequence[Hit]) -> list[tuple[str, int]]:
    """Where the hits stand: document and ordinal."""
    return [(hit.chunk.document, hit.chunk.ordinal) for hit in hits]


_groups = st.frozensets(st.sampled_from(["staff", "board"]))
_people = st.frozensets(st.sampled_from(["ann", "bob"]))
ACCESSES = st.builds(
    lambda data_class, region, purpose, subjects, groups: Access(
        Marking("untrusted", data_class, region, frozenset({purpose}), subjects), groups
    ),
    st.integers(0, 3),
    st.sampled_from([ANY, "eu", "us"]),
    st.sampled_from(["support", "sales"]),
    _people,
    st.none() | _groups,
)
READERS = st.builds(
    Reader,
    groups=_groups,
    clearance=st.integers(0, 3),
    region=st.sampled_from(["", "eu", "us"]),
    purpose=st.sampled_from(["", "support", "sales"]),
    subjects=_people,
    keeper=st.sampled_from([False, False, False, True]),
)
