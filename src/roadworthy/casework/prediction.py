"""Predictions: the label a task model gives a text, how sure it is, and what speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.errors import Corrupt
from roadworthy.quantities import Digest


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled example that resembles the text. ``similarity`` runs from 0 to 1."""

    text: str
    label: str
    similarity: float

    def __post_init__(self) -> None:
        _between_0_and_1("similarity", self.similarity)

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        return {"text": self.text, "label": self.label, "similarity": self.similarity}

    @classmethod
    def from_json(cls, stored: object) -> Neighbour:
        """Read what ``as_json`` wrote. Errors: ``Corrupt`` RW-PREDICTION-001 when it is anything else."""
        fields = _Fields(stored)
        return cls(fields.text("text"), fields.text("label"), fields.share("similarity"))


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a task model says about one text.

    ``confidence`` is a score from 0 to 1 that ranks predictions; it is no probability of being right.
    What it is worth is for a certificate to prove. ``nearest`` holds the most similar examples first.
    """

    task: str
    label: str
    confidence: float
    runner_up: str
    runner_up_confidence: float
    nearest: tuple[Neighbour, ...]
    model: Digest

    def __post_init__(self) -> None:
        _between_0_and_1("confidence", self.confidence)
        _between_0_and_1("runner_up_confidence", self.runner_up_confidence)
        if self.runner_up_confidence > self.confidence:
            raise ValueError("a runner-up is never surer than the label itself")

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values."""
        return {
            "task": self.task,
            "label": self.label,
            "confidence": self.confidence,
            "runner_up": self.runner_up,
            "runner_up_confidence": self.runner_up_confidence,
            "nearest": [neighbour.as_json() for neighbour in self.nearest],
            "model": self.model,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Prediction:
        """Read what ``as_json`` wrote. Errors: ``Corrupt`` RW-PREDICTION-001 when it is anything else."""
        fields = _Fields(stored)
        try:
            return cls(
                task=fields.text("task"),
                label=fields.text("label"),
                confidence=fields.share("confidence"),
                runner_up=fields.text("runner_up"),
                runner_up_confidence=fields.share("runner_up_confidence"),
                nearest=tuple(Neighbour.from_json(item) for item in fields.items("nearest")),
                model=Digest(fields.text("model")),
            )
        except ValueError as problem:
            raise _unreadable(str(problem)) from None


class _Fields:
    """Reads the fields of a stored object and says which of them is not what it has to be."""

    def __init__(self, stored: object) -> None:
        if not isinstance(stored, Mapping):
            raise _unreadable("an object was expected")
        self._stored = stored

    def text(self, name: str) -> str:
        value = self._stored.get(name)
        if not isinstance(value, str):
            raise _unreadable(f"`{name}` is no text")
        return value

    def share(self, name: str) -> float:
        value = self._stored.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise _unreadable(f"`{name}` is no number between 0 and 1")
        return float(value)

    def items(self, name: str) -> list[object]:
        value = self._stored.get(name)
        if not isinstance(value, list | tuple):
            raise _unreadable(f"`{name}` is no list")
        return list(value)


def _between_0_and_1(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"`{name}` lies between 0 and 1, found {value}")


def _unreadable(problem: str) -> Corrupt:
    return Corrupt(
        "RW-PREDICTION-001",
        "a stored prediction cannot be read",
        broken=[problem],
        intact="the case and its input; a person can decide it",
    )
