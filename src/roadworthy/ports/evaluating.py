"""What is evaluated and what it is graded with."""

from __future__ import annotations

from typing import Protocol

from roadworthy.evaluation import Grade, Grader, Test, Transcript
from roadworthy.quantities import Digest


class Target(Protocol):
    """Something that answers tests: a release, a function, a model, answers that were recorded.

    Called from several threads at once.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def digest(self) -> Digest:
        """Of everything that decides its answers: the same digest, the same answers (up to chance)."""

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        """One answer. A failure of the target is a transcript with an ``error``.

        Errors: ``Unavailable`` if it cannot be asked at all: the evaluation stops and can be resumed.
        """


class Grading(Protocol):
    """Grades of one kind that need an instrument: an embedding, a language model. Called from several threads."""

    @property
    def digest(self) -> Digest:
        """Of the instrument: another one may grade otherwise."""

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        """The grade; ungraded with a reason where the instrument gives no answer that can be read."""


class Evaluations(Protocol):
    """Evaluations with their results, answers kept for the next time, and cases that became tests."""
