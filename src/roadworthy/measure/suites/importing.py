"""Evaluations that others made: their answers and their grades, kept like our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from roadworthy.evaluation import Evaluation, Grade, Grader, Result, Suite, Test, Transcript
from roadworthy.evaluation.formats.inspect_log import RECORDED
from roadworthy.measure.suites.running import run_suite
from roadworthy.measure.suites.targets import RecordedAnswers
from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal
from roadworthy.quantities import Digest, digest_of


class RecordedGrades:
    """The port ``Grading`` over grades that somebody else gave, by test, grader and answer.

    An answer they never saw is ungraded.
    """

    def __init__(self, results: Iterable[Result]) -> None:
        self._grades: dict[tuple[str, str, str], Grade] = {}
        for one in results:
            said = _answer(one.transcript)
            for grade in one.grades:
                self._grades[one.test_id, grade.grader, said] = grade
        self._digest = digest_of(
            sorted([*key, repr(grade.value), grade.reason] for key, grade in self._grades.items())
        )

    @property
    def digest(self) -> Digest:
        return self._digest

    def grade(self, grader: Grader, test: Test, transcript: Transcript) -> Grade:
        """What was recorded; ungraded where nothing was."""
        found = self._grades.get((test.id, grader.name, _answer(transcript)))
        return found or Grade.ungraded(grader, "no grade was recorded for this answer")


def import_evaluation(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    suite: Suite,
    results: Iterable[Result],
    *,
    target: str,
) -> Evaluation:
    """Keep what others evaluated as an evaluation of ``target``: their answers, their grades where theirs
    cannot be given anew, ours where they can. Imported twice: recorded anew, nothing else changes.
    """
    found = list(results)
    answers: Mapping[tuple[str, int | None], Transcript] = {
        (one.test_id, one.attempt): one.transcript for one in found
    }
    digest = digest_of([[one.test_id, one.attempt, one.transcript.as_json()] for one in found])
    repeats = max((one.attempt for one in found), default=1)
    return run_suite(
        deployment,
        principal,
        use_case,
        suite,
        RecordedAnswers(target, answers, digest=digest),
        gradings={RECORDED: RecordedGrades(found)},
        repeats=max(1, repeats),
    )


def _answer(transcript: Transcript) -> str:
    return digest_of([transcript.output, transcript.error])
