"""Results: one attempt at one test, what was answered, and what every grader says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from roadworthy.errors import Problem
from roadworthy.evaluation.grade import Grade
from roadworthy.evaluation.strict import Fields, refuse
from roadworthy.evaluation.transcript import Transcript
from roadworthy.quantities import Digest, digest_of

Came = Literal["failed", "error", "ungraded", "passed"]
"""A grader says no; the target failed; nobody could say; every grader says yes. Advisory ones decide nothing."""
CAMES: tuple[Came, ...] = ("failed", "error", "ungraded", "passed")


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt at one test. ``seconds`` is what the attempt took, grading included."""

    test_id: str
    attempt: int
    transcript: Transcript
    grades: tuple[Grade, ...]
    seconds: float = 0.0

    @property
    def came(self) -> Came:
        if self.transcript.error:
            return "error"
        deciding = [one for one in self.grades if not one.advisory]
        if any(one.passed is False for one in deciding):
            return "failed"
        if not deciding or any(one.passed is None for one in deciding):
            return "ungraded"
        return "passed"

    def grade(self, grader: str) -> Grade | None:
        """What one grader says."""
        return next((one for one in self.grades if one.grader == grader), None)

    def as_json(self) -> dict[str, object]:
        """Everything ``from_json`` needs, as plain JSON values. It holds content."""
        found: dict[str, object] = {
            "test": self.test_id,
            "attempt": self.attempt,
            "transcript": self.transcript.as_json(),
            "grades": [one.as_json() for one in self.grades],
        }
        if self.seconds:
            found["seconds"] = self.seconds
        return found

    @classmethod
    def from_json(cls, stored: object, *, place: str = "result") -> Result:
        """Read what ``as_json`` wrote. Errors: ``InputProblem`` RW-EVAL-020 with everything that is wrong."""
        problems: list[Problem] = []
        read = cls.read(stored, place, problems)
        if problems:
            raise refuse("RW-EVAL-020", problems)
        return read

    @classmethod
    def read(cls, stored: object, place: str, problems: list[Problem], line: int = 0) -> Result:
        """The result that stands in a JSON value; what is wrong is added to the problems."""
        fields = Fields(stored, place, problems, line)
        test_id, attempt = fields.text("test"), fields.whole("attempt")
        told = Fields(fields.mapping("transcript", required=True), f"{place}.transcript", problems, line)
        transcript = Transcript.read(told, f"{place}.transcript", problems, line)
        grades = tuple(
            Grade.read(Fields(one, f"{place}.grades[{number}]", problems, line))
            for number, one in enumerate(fields.items("grades"))
        )
        if len({one.grader for one in grades}) != len(grades):
            fields.say("`grades`: a grader stands twice")
        read = cls(test_id, attempt, transcript, grades, float(fields.number("seconds", 0.0)))
        fields.done()
        return read


def worst_first(results: Iterable[Result]) -> list[Result]:
    """Failed ones first, the lowest values before others, then errors, ungraded and passed ones."""

    def badness(result: Result) -> tuple[int, float, str, int]:
        values = [one.value for one in result.grades if one.value is not None]
        mean = sum(values) / len(values) if values else 0.0
        return CAMES.index(result.came), mean, result.test_id, result.attempt

    return sorted(results, key=badness)


def results_digest(results: Iterable[Result]) -> Digest:
    """Digest of all results, in any order."""
    ordered = sorted(results, key=lambda one: (one.test_id, one.attempt))
    return digest_of([digest_of(one.as_json()) for one in ordered])
