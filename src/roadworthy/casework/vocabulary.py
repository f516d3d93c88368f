"""The builder's words: a workflow is a function from a case to a decision that proposes effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from roadworthy.casework.prediction import Prediction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case(Generic[T]):
    """One unit of business work as a workflow sees it: its external key and its checked input."""

    key: str
    data: T


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that was found: where it stands, as of when, and its digest."""

    document: str
    title: str
    text: str
    score: float
    digest: str
    as_of: str

    def as_json(self) -> dict[str, object]:
        """All of it as plain JSON values."""
        return {
            "document": self.document,
            "title": self.title,
            "text": self.text,
            "score": self.score,
            "digest": self.digest,
            "as_of": self.as_of,
        }


@dataclass(frozen=True, slots=True)
class Effect:
    """A change in the world that a workflow proposes. Build it with ``effect``."""

    tool: str
    arguments: Mapping[str, object]
    slot: str = ""


def effect(tool: str, *, slot: str = "", **arguments: object) -> Effect:
    """Propose a call of a write tool.

    ``slot`` tells two effects of one case with the same tool apart; without one the position
    among the case's effects does. The same slot of the same case is sent once, whatever happens.
    """
    return Effect(tool, MappingProxyType(dict(arguments)), slot)


Reason = Prediction | Passage | str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a run concludes. ``confidence`` is the score that a certificate's threshold is compared with."""

    answer: object
    confidence: float = float("nan")
    because: Sequence[Reason] = ()
    effects: Sequence[Effect] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """What became of an effect that a workflow waited for."""

    state: str
    response: Mapping[str, object] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        return self.state in {"confirmed", "simulated"}


Handler = Callable[[Case[Any], Any], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A declared workflow: the name of its use case and the function."""

    use_case: str
    handler: Handler


def workflow(use_case: str) -> Callable[[Handler], Workflow]:
    """Declare the function that handles the cases of a use case. One per release."""

    def declare(handler: Handler) -> Workflow:
        return Workflow(use_case, handler)

    return declare
