"""What a document says and what is known about it, whatever kind of file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from roadworthy.knowledge.access import Access
from roadworthy.quantities import Digest, digest_of

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "quote"]
FindingKind = Literal[
    "hidden",
    "instruction",
    "encoding",
    "encrypted",
    "broken",
    "empty",
    "too-large",
    "repeated-name",
    "head",
    "unknown-kind",
    "forgotten",
    "unread",
]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document that belongs together. ``level`` is the depth of a heading, from 1; ``page`` counts from 1
    where there are pages."""

    kind: BlockKind
    text: str
    level: int = 0
    page: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a document that a person has to look at.

    ``hidden``: text that people do not see, left out. ``instruction``: a sentence that speaks to a model.
    ``encrypted``, ``broken``, ``empty``, ``too-large``, ``repeated-name``, ``head``, ``unknown-kind``,
    ``forgotten`` (about somebody who was erased), ``unread`` (left alone: an attachment, a link out of the
    folder): the document is not indexed, or not all of it; ``detail`` says which. Details quote at most 200 characters.
    """

    kind: FindingKind
    document: str
    detail: str
    place: str = ""
    """Where in the document: a page, a line."""
    subjects: frozenset[str] = field(default=frozenset(), compare=False)
    """Whom a document is about that could not be indexed, by pseudonym: its findings are erased with them. An index
    keeps it, and does not tell it again."""


@dataclass(frozen=True)
class Document:
    """One document of a knowledge source.

    ``name`` is its path below the folder, or the key of its row; a source has it once. ``version`` names its
    content and head together: two documents of the same version are retrieved alike.
    ``facts`` are values that no two documents of a source may state differently.
    """

    name: str
    title: str
    blocks: tuple[Block, ...]
    access: Access
    topic: str = ""
    language: str = ""
    owner: str = ""
    origin: str = ""
    """Where it comes from, such as an address; empty: the folder itself."""
    updated: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @cached_property
    def text(self) -> str:
        """All blocks, parted by blank lines. Spans of chunks count characters of it."""
        return "\n\n".join(block.text for block in self.blocks)

    @cached_property
    def version(self) -> Digest:
        """Digest of everything that decides how it is retrieved and shown."""
        return digest_of(
            {
                "title": self.title,
                "blocks": [[block.kind, block.text, block.level, block.page] for block in self.blocks],
                "access": self.access.digest,
                "topic": self.topic,
                "language": self.language,
                "owner": self.owner,
                "origin": self.origin,
                "dates": [
                    day.isoformat() if day else ""
                    for day in (self.updated, self.valid_from, self.valid_until)
                ],
                "facts": {name: str(value) for name, value in self.facts.items()},
                "findings": [[finding.kind, finding.detail, finding.place] for finding in self.findings],
            }
        )

    def is_stale(self, today: date) -> bool:
        """It is past its validity, or not yet valid."""
        ended = self.valid_until is not None and self.valid_until < today
        return ended or (self.valid_from is not None and self.valid_from > today)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document that is found as one.

    ``id`` is a digest of document name, headings, text, and how many passages before it are just like it: the same
    passage keeps it, whatever else of the document changes. ``headings`` lead to it, outermost first: the title, the
    headings above, and the header row of a table that it does not begin. ``start`` and ``end`` are its span in
    ``Document.text``.
    """

    id: str
    document: str
    ordinal: int
    headings: tuple[str, ...]
    text: str
    start: int
    end: int
    page: int = 0

    @property
    def indexed_text(self) -> str:
        """What is searched and embedded: the headings give a passage its subject."""
        return "\n".join((" > ".join(self.headings), self.text)) if self.headings else self.text
