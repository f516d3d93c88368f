"""A question to a knowledge source, with the documents that answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadworthy.quantities import Digest, digest_of


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer is known to stand in some documents, or in none.

    ``relevance`` gives each document that answers it a gain above 0, more for a better answer; empty:
    nothing in the source answers it. ``source`` says where the question comes from: `suite`, `case` or
    `topic`. Questions of one ``cluster`` are one draw. ``slices`` are groups that are looked at by themselves.
    """

    id: str
    text: str
    relevance: Mapping[str, float]
    source: str
    cluster: str
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def answerable(self) -> bool:
        """Some document answers it."""
        return bool(self.relevance)

    @property
    def digest(self) -> Digest:
        """The same for two questions that ask the same and take the same answers for right."""
        return digest_of({"text": self.text, "relevance": dict(self.relevance)})
