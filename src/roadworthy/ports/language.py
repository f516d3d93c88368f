"""Language models, as far as grading and prompted tasks need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from roadworthy.quantities import Cost, Digest


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation with a model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model wrote, and what it took. ``ended`` is false where it was cut off at the most tokens."""

    text: str
    read_tokens: int
    written_tokens: int
    cost: Cost
    model: str
    ended: bool = True


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

        Errors: ``Unavailable`` where it does not answer, ``InputProblem`` where it refuses the request.
        """
