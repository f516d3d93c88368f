"""What a target made of one input: its answer, what it called, what it wanted to do, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.errors import Problem
from roadworthy.evaluation.grade import NOTHING
from roadworthy.evaluation.strict import Fields, refuse
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

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values; what is empty is left out."""
        found: dict[str, object] = {"output": self.output}
        if self.label:
            found["label"] = self.label
        if self.confidence is not None:
            found["confidence"] = self.confidence
        if self.calls:
            found["calls"] = [
                {"tool": one.tool, "arguments": dict(one.arguments), "answer": one.answer}
                for one in self.calls
            ]
        if self.effects:
            found["effects"] = [_effect_as_json(one) for one in self.effects]
        if self.passages:
            found["passages"] = [
                {"document": one.document, "text": one.text, "score": one.score} for one in self.passages
            ]
        if self.cost != NOTHING:
            found["cost"] = str(self.cost)
        if self.seconds:
            found["seconds"] = self.seconds
        if self.tokens:
            found["tokens"] = self.tokens
        if self.error:
            found["error"] = self.error
        return found

    @classmethod
    def from_json(cls, stored: object, *, place: str = "transcript") -> Transcript:
        """Read what ``as_json`` wrote. Errors: ``InputProblem`` RW-EVAL-020 with everything that is wrong."""
        problems: list[Problem] = []
        read = cls.read(Fields(stored, place, problems), place, problems)
        if problems:
            raise refuse("RW-EVAL-020", problems)
        return read

    @classmethod
    def read(cls, fields: Fields, place: str, problems: list[Problem], line: int = 0) -> Transcript:
        """The transcript that stands in some fields; what is wrong is told to them."""

        def inner(name: str) -> list[Fields]:
            return [
                Fields(one, f"{place}.{name}[{number}]", problems, line)
                for number, one in enumerate(fields.items(name))
            ]

        read = cls(
            output=fields.any("output"),
            label=fields.text("label", ""),
            confidence=fields.maybe_number("confidence"),
            calls=tuple(_call(one) for one in inner("calls")),
            effects=tuple(_effect(one) for one in inner("effects")),
            passages=tuple(_passage(one) for one in inner("passages")),
            cost=fields.cost("cost"),
            seconds=float(fields.number("seconds", 0.0)),
            tokens=fields.whole("tokens", 0),
            error=fields.text("error", ""),
        )
        fields.done()
        return read


def _effect_as_json(one: Proposed) -> dict[str, object]:
    found: dict[str, object] = {"tool": one.tool, "arguments": dict(one.arguments)}
    if one.disposition:
        found["disposition"] = one.disposition
    if one.reasons:
        found["reasons"] = list(one.reasons)
    return found


def _call(fields: Fields) -> Called:
    read = Called(fields.text("tool"), fields.mapping("arguments"), fields.any("answer"))
    fields.done()
    return read


def _effect(fields: Fields) -> Proposed:
    read = Proposed(
        fields.text("tool"),
        fields.mapping("arguments"),
        fields.text("disposition", ""),
        fields.texts("reasons"),
    )
    fields.done()
    return read


def _passage(fields: Fields) -> Cited:
    read = Cited(fields.text("document"), fields.text("text", ""), float(fields.number("score", 0.0)))
    fields.done()
    return read
