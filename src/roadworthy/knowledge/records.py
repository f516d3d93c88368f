"""Documents and what they demand as an index keeps them in a table, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from roadworthy.knowledge.access import Access
from roadworthy.knowledge.document import Block, Document, Finding
from roadworthy.policy import Marking

OF_DOCUMENT, OF_LISTING, OF_READING = "document", "listing", "reading"
"""Who told a finding: a document of the index, the listing, or the attempt to read a document."""
DOCUMENT_COLUMNS = (
    "name, title, topic, language, owner, origin, updated, valid_from, valid_until, facts, blocks, access"
)
"""What is asked of a document to read it back."""
WRITTEN_COLUMNS = (
    "name, access, stamp, version, title, topic, language, owner, origin, updated, valid_from, valid_until,"
    " facts, blocks"
)
"""What is written of a document."""


def written_access(access: Access) -> str:
    """The access as text."""
    marking = access.marking
    return json.dumps(
        [
            marking.origin,
            marking.data_class,
            marking.region,
            sorted(marking.purposes),
            sorted(marking.subjects),
            None if access.groups is None else sorted(access.groups),
        ]
    )


def read_access(written: str) -> Access:
    """The access that was written."""
    origin, data_class, region, purposes, subjects, groups = json.loads(written)
    return Access(
        Marking(origin, data_class, region, frozenset(purposes), frozenset(subjects)),
        None if groups is None else frozenset(groups),
    )


def written_facts(facts: Mapping[str, object]) -> str:
    """Facts as text; dates and the like become text, as ``Document.version`` takes them."""
    return json.dumps(dict(facts), default=str)


def written_blocks(blocks: Sequence[Block]) -> str:
    """Blocks as text."""
    return json.dumps([[block.kind, block.text, block.level, block.page] for block in blocks])


def written_day(day: date | None) -> str | None:
    """The day as text, None for none."""
    return day.isoformat() if day else None


def read_day(written: str | None) -> date | None:
    """The day that was written."""
    return date.fromisoformat(written) if written else None


def written_document(
    document: Document, *, access: int, stamp: str, fit: Callable[[str], str]
) -> tuple[str | int | None, ...]:
    """A row of ``WRITTEN_COLUMNS``. ``access`` is the number of its access, ``fit`` makes a text one that can be kept."""
    words = (document.title, document.topic, document.language, document.owner, document.origin)
    days = (document.updated, document.valid_from, document.valid_until)
    return (
        fit(document.name),
        access,
        stamp,
        document.version,
        *map(fit, words),
        *map(written_day, days),
        written_facts(document.facts),
        written_blocks(document.blocks),
    )


def read_document(row: Sequence[str | None], access: Access, findings: Sequence[Finding]) -> Document:
    """A row of ``DOCUMENT_COLUMNS``."""
    name, title, topic, language, owner, origin = (text or "" for text in row[:6])
    return Document(
        name=name,
        title=title,
        blocks=tuple(Block(*block) for block in json.loads(row[10] or "[]")),
        access=access,
        topic=topic,
        language=language,
        owner=owner,
        origin=origin,
        updated=read_day(row[6]),
        valid_from=read_day(row[7]),
        valid_until=read_day(row[8]),
        facts=json.loads(row[9] or "{}"),
        findings=tuple(findings),
    )


def whole(text: str) -> str:
    """The text with half characters (lone surrogates) replaced, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
