"""Language models, as far as grading and prompted tasks need them: what is asked, and how an answer is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from roadworthy.errors import Unavailable
from roadworthy.prompting.messages import FENCED, Message, fenced
from roadworthy.quantities import Cost, Digest
from roadworthy.usage import Tokens

__all__ = [
    "FENCED",
    "REFUSED_REQUEST",
    "Completion",
    "LanguageModel",
    "Message",
    "Unanswered",
    "fenced",
    "read_object",
]

_THOUGHTS = ("<think>", "</think>")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, and what it took.

    ``ended`` is false where it was cut off at the most tokens, ``refused`` is true where the model or its
    server declined to answer. ``estimated``: the server told no token counts that can be, so that tokens and
    cost were reckoned from the length of the texts, on the high side. ``tokens`` and ``cost`` hold every
    request that was sent for this answer and billed, as far as the server said so; ``requests`` is their
    number.
    """

    text: str
    tokens: Tokens
    cost: Cost
    model: str
    ended: bool = True
    refused: bool = False
    estimated: bool = False
    requests: int = 1


class Unanswered(Unavailable):
    """No answer came, and the requests for it may be on the bill all the same: ``cost`` as far as known."""

    def __init__(self, problem: Unavailable, *, tokens: Tokens, cost: Cost, requests: int) -> None:
        super().__init__(
            problem.code, problem.message, retry_is_safe=problem.retry_is_safe, hint=problem.hint
        )
        self.tokens = tokens
        self.cost = cost
        self.requests = requests


class LanguageModel(Protocol):
    """A model that continues a conversation. Called from several threads at once."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> Digest:
        """Of model name, address and settings."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 1,
        schema: Mapping[str, object] | None = None,
    ) -> Completion:
        """One completion; with a JSON Schema the text is a JSON value of that shape, if the server can.

        Errors: ``Unavailable`` where it does not answer (``Unanswered`` with its bill), ``InputProblem`` RW-LLM-004 where it refuses this
        one request (too long, not allowed), another code where it would refuse every one.
        """


REFUSED_REQUEST = "RW-LLM-004"
"""The code of a request that the server refuses for what it holds; the next one may pass."""


def read_object(text: str) -> Mapping[str, object] | None:
    """The one JSON object that an answer consists of; None where it is anything else.

    A code fence around it and thoughts before it are allowed. Prose is not searched for an object: a model
    that repeats what it was shown would otherwise let that text answer in its place. An object that names
    a key twice says two things and is no answer.
    """
    bare = text.strip()
    if bare.startswith(_THOUGHTS[0]):
        bare = bare.rpartition(_THOUGHTS[1])[2].strip()
    if bare.startswith("```") and bare.endswith("```") and len(bare) > 6:
        bare = bare[3:-3].removeprefix("json").strip()
    try:
        value = json.loads(bare, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
