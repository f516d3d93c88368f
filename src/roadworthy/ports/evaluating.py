"""What is evaluated and what it is graded with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from roadworthy.evaluation import Came, Grade, Grader, Test, Transcript
from roadworthy.quantities import Cost, Digest, Id

if TYPE_CHECKING:
    from roadworthy.ports.state import Page, Transaction


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


@dataclass(frozen=True, slots=True)
class Placed:
    """Where something lies sealed: the payload, and its place in the list that the payload holds."""

    payload: str
    place: int


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """An evaluation as stored. ``same`` decides which unfinished one goes on.

    ``graders`` is the digest of all graders with their instruments. ``digest`` and ``body`` are empty
    until it is finished: the digest of the record, and the record as JSON without content.
    """

    id: Id
    use_case: str
    suite: str
    suite_digest: Digest
    target: str
    target_digest: Digest
    graders: Digest
    repeats: int
    seed: int
    principal: str
    started_at: datetime
    release: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    finished_at: datetime | None = None
    digest: str = ""
    body: Mapping[str, object] = field(default_factory=dict)

    @property
    def same(self) -> tuple[object, ...]:
        """Two evaluations with the same of these ask and grade the same."""
        return (
            self.use_case, self.suite, self.suite_digest, self.target_digest, self.release, self.graders,
            self.repeats, self.seed,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """What came of one attempt at one test, without content.

    ``grades`` are without reasons and without details, but for ``advisory``: the words lie sealed at
    ``words``, the transcript at ``answer``. ``reused`` says that the answer was given to an earlier evaluation.
    """

    test: str
    attempt: int
    came: Came
    grades: tuple[Grade, ...]
    answer: Placed
    words: Placed
    cost: Cost
    seconds: float
    tokens: int = 0
    error: str = ""
    reused: bool = False


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """What decides an answer, up to chance. ``input`` is a keyed digest: it tells nothing about the input."""

    target: Digest
    input: str
    attempt: int
    seed: int


@dataclass(frozen=True, slots=True)
class KeptGrade:
    """A grade that an instrument gave; its words lie sealed. ``key`` is a keyed digest of all that decides it."""

    key: str
    grade: Grade
    words: Placed


@dataclass(frozen=True, slots=True)
class Reference:
    """A recorded case that became a test of a suite. ``expected`` names the sealed value it is graded by."""

    use_case: str
    suite: str
    case: Id
    test: str
    expected: Id
    by: str
    at: datetime


class Evaluations(Protocol):
    """Evaluations with their results, answers kept for the next time, and cases that became tests."""

    def begin(self, tx: Transaction, evaluation: EvaluationRecord) -> EvaluationRecord:
        """Store it, or give back the unfinished one that is the same: that one goes on."""

    def get(self, tx: Transaction, evaluation: str) -> EvaluationRecord | None: ...

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        suite: str = "",
        release: str = "",
        finished: bool | None = None,
        after: str = "",
        limit: int = 50,
    ) -> Page[EvaluationRecord]:
        """Newest first, keyset-paged. Empty texts and None mean any."""

    def add_results(self, tx: Transaction, evaluation: str, results: Sequence[ResultRecord]) -> int:
        """Add what is not there yet, and say how much that was. The first result of an attempt stays.

        Errors: ``Conflict`` RW-EVAL-050 once it is finished, ``NotFound`` RW-EVAL-051 if it never began.
        """

    def results(
        self,
        tx: Transaction,
        evaluation: str,
        *,
        came: Came | None = None,
        after: str = "",
        limit: int = 50,
    ) -> Page[ResultRecord]:
        """Failed ones first, then errors, ungraded and passed ones; within these by test and attempt."""

    def result(
        self, tx: Transaction, evaluation: str, test: str, *, attempt: int
    ) -> ResultRecord | None: ...

    def answered(self, tx: Transaction, evaluation: str) -> AbstractSet[tuple[str, int]]:
        """Tests and attempts that have a result."""

    def finish(
        self, tx: Transaction, evaluation: str, *, at: datetime, digest: str, body: Mapping[str, object]
    ) -> None:
        """Close it for good. Errors: as ``add_results``."""

    def keep_answers(self, tx: Transaction, answers: Mapping[AnswerKey, Placed], *, at: datetime) -> None:
        """Remember where answers lie; a later one takes the place of an earlier one."""

    def kept_answers(
        self, tx: Transaction, target: str, inputs: AbstractSet[str]
    ) -> Mapping[AnswerKey, Placed]:
        """Answers of a target to these inputs, any attempt and seed."""

    def keep_grades(self, tx: Transaction, grades: Sequence[KeptGrade], *, at: datetime) -> None:
        """Remember grades; a later one takes the place of an earlier one."""

    def kept_grade(self, tx: Transaction, key: str) -> KeptGrade | None: ...

    def add_reference(self, tx: Transaction, reference: Reference) -> bool:
        """Make a case a test. False (and no change) if the suite has this case, or a test of that id."""

    def references(self, tx: Transaction, use_case: str, suite: str = "") -> tuple[Reference, ...]:
        """By suite and test; an empty suite means all of them."""

    def drop_references(self, tx: Transaction, case: str) -> int:
        """Take a case out of every suite; returns of how many. Again: 0."""
