"""Hits as indexes read them from their tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from roadworthy.knowledge import Chunk
from roadworthy.knowledge.ranking import Place, Ranked
from roadworthy.knowledge.records import read_day
from roadworthy.policy import Marking
from roadworthy.ports.knowledge import Hit
from roadworthy.quantities import Digest

HIT_COLUMNS = (
    "key, name, ordinal, headings, text, start, until, page, title, topic, owner, origin, updated, valid_until,"
    " version"
)
"""What is asked of a chunk and its document for a hit."""


def read_hit(row: Sequence[Any], ranked: Ranked[Place], marking: Marking) -> Hit:
    """A row of ``HIT_COLUMNS`` with its rank and what its document is marked with."""
    key, name, ordinal, headings, text, start, until, page, title, topic, owner, origin, *rest = row
    updated, valid_until, version = rest
    return Hit(
        chunk=Chunk(key, name, ordinal, tuple(json.loads(headings)), text, start, until, page),
        title=title,
        topic=topic,
        owner=owner,
        origin=origin,
        updated=read_day(updated),
        valid_until=read_day(valid_until),
        version=Digest(version),
        marking=marking,
        word_rank=ranked.word_rank,
        word_score=ranked.word_score,
        meaning_rank=ranked.meaning_rank,
        similarity=ranked.similarity,
        score=ranked.score,
        stale=ranked.stale,
    )
