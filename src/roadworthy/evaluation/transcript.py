"""What a target made of one input: its answer, what it called, what it wanted to do, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.evaluation.grade import NOTHING
from roadworthy.quantities import Cost


@dataclass(frozen=True, slots=True)
class Called:
    """A read tool that was called, with what it answered."""

    tool: str
    arguments: Mapping[str, object]
    answer: object = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """An effect that was proposed. ``disposition`` is execute, review, refuse, or empty where nobody disposed."""

    tool: str
    arguments: Mapping[str, object]
    disposition: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage that was found, best first in a transcript."""

    document: str
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """One answer of a target.

    ``output`` is a JSON value: a text, or an object. ``label`` and ``confidence`` are the decision's,
    where there is one. A target that failed has an ``error`` (code and message, without content) and
    no output: that is a third outcome beside right and wrong, and it is counted.

    Units:   seconds of wall time, tokens read and written, cost in nano-units.
    """

    output: object = None
    label: str = ""
    confidence: float | None = None
    calls: tuple[Called, ...] = ()
    effects: tuple[Proposed, ...] = ()
    passages: tuple[Cited, ...] = ()
    cost: Cost = NOTHING
    seconds: float = 0.0
    tokens: int = 0
    error: str = ""
