"""The builder's words: a workflow is a function from a case to a decision that proposes effects."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from roadworthy.casework.prediction import Prediction
from roadworthy.errors import InputProblem, Problem

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Case(Generic[T]):
    """One unit of business work as a workflow sees it: its external key and its checked input."""

    key: str
    data: T


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that was found: where it stands, as of when, and how far it may be trusted and shown.

    ``digest`` names the version of the document, ``chunk`` the passage in it. ``data_class``, ``trusted``, ``region``,
    ``purposes`` and ``subjects`` are of the document's marking; what is not trusted may have been written to steer a
    model.
    """

    document: str
    title: str
    text: str
    score: float
    digest: str
    as_of: str
    chunk: str = ""
    headings: tuple[str, ...] = ()
    page: int = 0
    origin: str = ""
    stale: bool = False
    data_class: int = 1
    trusted: bool = False
    region: str = ""
    purposes: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    @property
    def citation(self) -> str:
        """Where a reader finds it: document, headings, page."""
        page = f", page {self.page}" if self.page else ""
        return " > ".join((self.document, *self.headings)) + page

    def as_json(self) -> dict[str, object]:
        """All of it as plain JSON values."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Passage:
        """The passage that ``as_json`` told. What an older record does not tell has its default."""
        known = {field.name: value[field.name] for field in fields(cls) if field.name in value}
        lists = {name: tuple(each) for name, each in known.items() if isinstance(each, list)}
        return cls(**{**known, **lists})


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


MAX_EFFECTS = 20
"""Of one decision: its whole event has to fit into the ledger, and a person has to see it at a glance."""

_SLOT = re.compile(r"[^~\x00-\x1f\x7f]{0,100}")


def checked_decision(decision: object) -> Decision:
    """What a workflow returned, once it is known that it can be disposed of.

    Errors: ``InputProblem`` RW-RUN-011 with everything that is wrong with it.
    """
    if not isinstance(decision, Decision):
        raise InputProblem(
            "RW-RUN-011",
            Problem(f"the workflow returned {type(decision).__name__}, expected a Decision"),
        )
    problems = _wrong_confidence(decision.confidence)
    if not isinstance(decision.effects, list | tuple) or len(decision.effects) > MAX_EFFECTS:
        problems.append(Problem(f"expected a list of at most {MAX_EFFECTS} effects", place="effects"))
    else:
        for number, each in enumerate(decision.effects):
            problems += _wrong_effect(each, f"effects[{number}]")
    because = decision.because
    if not isinstance(because, list | tuple) or not all(isinstance(one, Reason) for one in because):
        problems.append(Problem("expected a list of predictions, passages and texts", place="because"))
    if problems:
        raise InputProblem("RW-RUN-011", problems)
    return decision


def checked_effect(effect: object, confidence: object) -> None:
    """Errors: ``InputProblem`` RW-RUN-011 for what is no effect, or no confidence."""
    problems = _wrong_effect(effect, "effect") + _wrong_confidence(confidence)
    if problems:
        raise InputProblem("RW-RUN-011", problems)


def _wrong_confidence(value: object) -> list[Problem]:
    """None at all is told by not-a-number."""
    number = isinstance(value, float | int) and not isinstance(value, bool)
    if number and (math.isnan(value) or 0 <= value <= 1):  # type: ignore[arg-type,operator]
        return []
    return [Problem("expected a number from 0 to 1", place="confidence")]


def _wrong_effect(effect: object, place: str) -> list[Problem]:
    if not isinstance(effect, Effect):
        return [Problem(f"expected an effect, found {type(effect).__name__}", place=place)]
    problems = []
    if not isinstance(effect.tool, str) or not isinstance(effect.arguments, Mapping):
        problems.append(Problem("expected the name of a tool and its arguments", place=place))
    if not isinstance(effect.slot, str) or not _SLOT.fullmatch(effect.slot):
        problems.append(
            Problem(
                "expected a slot of at most 100 printable characters without `~`", place=f"{place}.slot"
            )
        )
    return problems


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
    elsewhere: bool = False
    """The program that works on the cases runs elsewhere, and calls in."""


def workflow(use_case: str) -> Callable[[Handler], Workflow]:
    """Declare the function that handles the cases of a use case. One per release."""

    def declare(handler: Handler) -> Workflow:
        return Workflow(use_case, handler)

    return declare
