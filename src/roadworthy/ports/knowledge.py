"""What knowledge is kept in and found with: documents, an index over them, and models that embed texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from roadworthy.errors import RoadworthyError
from roadworthy.knowledge import KEEPER, Chunk, Document, Finding, Reader
from roadworthy.knowledge.draft import Draft
from roadworthy.policy import Marking
from roadworthy.quantities import Digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"
Means = Literal["both", "words", "meaning"]


class Embedder(Protocol):
    """Turns texts into numbers: texts that mean alike lie close together."""

    @property
    def name(self) -> str:
        """As people call it, such as `minilm`."""

    @property
    def digest(self) -> Digest:
        """Names weights and settings: rows of two digests cannot be compared."""

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 a text; zeros for a blank one.

        Errors: ``Unavailable`` where a server answers for it and does not.
        """


@dataclass(frozen=True, slots=True)
class Decoded:
    """Bytes as text. ``doubt`` says why the encoding may be another one; empty where it is certain."""

    text: str
    encoding: str
    doubt: str = ""


class Decoder(Protocol):
    """Finds out in which encoding bytes are written."""

    def __call__(self, data: bytes, *, stated: str = "") -> Decoded | str:
        """The text, or why the bytes are none. ``stated``: the encoding that they claim, which may be wrong."""


class DocumentReader(Protocol):
    """Understands files of some kinds."""

    @property
    def kinds(self) -> Mapping[str, int]:
        """Endings of names in small letters, such as `.md`, with the most bytes that are read of such a file."""

    def read(self, name: str, data: bytes) -> Draft | tuple[Finding, ...]:
        """What a file says, findings with it; findings alone where it cannot be read, such as an encrypted one.

        Never raises for what stands in a file, and ends in bounded time and memory. Errors: ``InputProblem``
        RW-KNOWLEDGE-011 where a package is missing.
        """


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that a source has. ``stamp`` changes whenever its content may have; it is cheap to ask for."""

    name: str
    stamp: str


class DocumentSource(Protocol):
    """Where the documents of a knowledge source lie: a folder, the rows of a query."""

    def listing(self) -> Iterator[Listed | Finding]:
        """Every document by name, each once. What cannot be a document is told by a finding instead.

        Errors: ``InputProblem`` RW-KNOWLEDGE-001 where there is no such source, RW-KNOWLEDGE-010 where what a folder
        states about its documents is faulty: then it is not known who may read them.
        """

    def read(self, name: str) -> Document | tuple[Finding, ...]:
        """The document, its own findings with it; findings alone where it cannot be indexed, none where it is archived.

        Never raises for what stands in a document. Errors: ``Unavailable`` where the source is out of reach.
        """


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, and on whose behalf.

    ``vectors`` are the text embedded by each model that may be compared with, best model first: a chunk is
    compared by the best one that it has a vector of. None at all: words alone. The best ``candidates`` of each
    order are considered. ``today`` decides what is valid.
    """

    text: str
    reader: Reader
    today: date
    top_k: int = 4
    vectors: tuple[tuple[Digest, Vectors], ...] = ()
    means: Means = "both"
    candidates: int = 100


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, and why it stands where it does.

    ``word_rank`` and ``meaning_rank`` count from 1, 0 where it is not among the best of that order. ``word_score``
    is BM25 among what the reader may read, ``similarity`` the cosine to the question, NaN without a vector; both are
    told wherever they are known, whichever order found the passage. ``score`` adds both up in nats
    (``knowledge.ranking``), half of it for a stale one; it does not depend on the other hits, but grows with the
    telling words of a question, so it compares hits of one answer, not answers. ``version`` is that of the document.
    """

    chunk: Chunk
    title: str
    topic: str
    owner: str
    origin: str
    updated: date | None
    valid_until: date | None
    version: Digest
    marking: Marking
    word_rank: int
    word_score: float
    meaning_rank: int
    similarity: float
    score: float
    stale: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chunk whose text is not yet embedded."""

    chunk: str
    text: str


@dataclass(frozen=True, slots=True)
class IndexState:
    """How far an index is. ``embedded`` counts chunks by the digest of the model."""

    documents: int
    chunks: int
    embedded: Mapping[Digest, int]
    bytes: int
    findings: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What left the index with a data subject or with documents.

    ``trouble``: what went wrong with one of several indexes, while the others were done.
    """

    documents: tuple[str, ...]
    chunks: int
    trouble: RoadworthyError | None = None


class KnowledgeIndex(Protocol):
    """The index of one version of one knowledge source. Every call is its own transaction.

    Several processes may use one index: a reader sees the documents before or after a change, never between.
    """

    def put(self, documents: Sequence[tuple[Document, str, Sequence[Chunk]]]) -> None:
        """Documents with their stamps and chunks; one of the same name is replaced.

        Vectors of chunks whose id and headings stay are kept. Run twice: the second changes nothing.
        """

    def restamp(self, stamps: Mapping[str, str]) -> None:
        """New stamps of documents that turned out to be unchanged."""

    def remove(self, names: Sequence[str]) -> Forgotten:
        """Documents that are gone; unknown names are passed over. Nothing of them is found afterwards."""

    def erase(self, subject: str) -> Forgotten:
        """Every document about a data subject, and every finding about them. No byte of their texts, words, vectors
        or findings stays in the index's files."""

    def note(self, findings: Sequence[Finding], *, listed: bool) -> None:
        """Keep findings of documents that are not in the index, in place of those kept before; ``listed``: those of
        the listing, else those of the documents that the findings name."""

    def stamps(self) -> Iterator[tuple[str, str, Digest]]:
        """(name, stamp, version) of every document, by name."""

    def subjects(self) -> Iterator[tuple[str, date | None, frozenset[str]]]:
        """(name, day of its last change, whom it is about) of every document about somebody, by name."""

    def waiting(self, embedder: Digest, *, limit: int) -> Sequence[Waiting]:
        """Chunks without a vector of this model, in order of document and ordinal."""

    def keep_vectors(self, embedder: Digest, chunks: Sequence[str], rows: Vectors) -> None:
        """Vectors of chunks; of chunks that left meanwhile nothing is kept."""

    def search(self, query: Query) -> tuple[Hit, ...]:
        """What fits best, best first; of equal ones the first by document and ordinal.

        Rights come before ranking: a chunk that the reader may not read takes no place of another.
        """

    def documents(
        self, reader: Reader, *, after: str = "", limit: int = 100
    ) -> tuple[Sequence[Document], str]:
        """Documents that the reader may read, by name, and where to go on; empty where that was the last."""

    def findings(self, *, after: int = 0, limit: int = 100) -> tuple[Sequence[Finding], int]:
        """Everything a person has to look at, and where to go on; 0 where that was the last."""

    def state(self) -> IndexState: ...


@dataclass(frozen=True, slots=True)
class KnowledgeSource:
    """One knowledge source of a release with everything that it is built, searched and judged with.

    ``embedders``: best first. Every chunk gets a vector of the last one at once, where there are two; the first
    follows as time allows. ``reader``: with whose rights the release itself reads; the person a case is about
    is added case by case. ``forgotten``: when the last of some data subjects was erased, None if none was: a document
    about one of them is indexed only if it was updated after that day, and not after ``today``: without a clock,
    never. ``version``: names the index among those of the source; two sources of the same one share it. Empty: it
    shares it with none.
    """

    name: str
    source: DocumentSource
    index: KnowledgeIndex
    embedders: tuple[Embedder, ...]
    chunk_chars: int
    reader: Reader
    keeper: Reader = KEEPER
    forgotten: Callable[[frozenset[str]], date | None] = field(default=lambda _: None)
    today: Callable[[], date] | None = None
    version: str = ""
