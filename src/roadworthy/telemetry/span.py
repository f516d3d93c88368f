"""A span: one piece of work of a case, with references and digests, never content.

Ids are derived from what the span is about, so that telling a case twice tells the same spans: a backend
that keeps spans by their id keeps one of each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Value = str | bool | int | float | tuple[str, ...]


class Kind(StrEnum):
    """Which side of a call a span stands on."""

    INTERNAL = "internal"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Link:
    """Another span that this one follows from, in a trace of its own."""

    trace: str
    span: str
    attributes: Mapping[str, Value] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that has a moment and no length, within a span."""

    name: str
    at: datetime
    attributes: Mapping[str, Value] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Span:
    """``trace`` has 32 hexadecimal digits, ``id`` and ``parent`` 16; the root has no parent.

    ``failed`` is a code or a class of error, empty where all went well.
    """

    trace: str
    id: str
    parent: str
    name: str
    kind: Kind
    start: datetime
    end: datetime
    attributes: Mapping[str, Value] = field(default_factory=dict, hash=False)
    links: Sequence[Link] = ()
    happenings: Sequence[Happening] = ()
    failed: str = ""

    def __post_init__(self) -> None:
        # Clocks of two processes differ by a little: a span never ends before it began.
        if self.end < self.start:
            object.__setattr__(self, "end", self.start)


def trace_id(*about: object) -> str:
    """32 hexadecimal digits, the same for the same words and numbers."""
    return _hashed(about, 16)


def span_id(trace: str, *about: object) -> str:
    """16 hexadecimal digits, the same for the same place in the same trace."""
    return _hashed((trace, *about), 8)


def _hashed(about: Sequence[object], size: int) -> str:
    told = "\0".join(str(one) for one in about).encode("utf-8", "surrogatepass")
    found = hashlib.blake2b(told, digest_size=size, person=b"roadworthy").digest()
    # All zeros is no id (W3C Trace Context).
    return (found if any(found) else b"\x01" * size).hex()
