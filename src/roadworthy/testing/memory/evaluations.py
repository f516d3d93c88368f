"""Evaluations, their results, and the answers kept for the next time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from roadworthy.errors import Conflict, NotFound, Problem
from roadworthy.evaluation import Came, Grade
from roadworthy.evaluation.result import CAMES
from roadworthy.ports import Page, Transaction
from roadworthy.ports.evaluating import (
    AnswerKey,
    EvaluationRecord,
    KeptGrade,
    Placed,
    Reference,
    ResultRecord,
)
from roadworthy.testing.memory.page import page
from roadworthy.testing.memory.transaction import opened


@dataclass(frozen=True, slots=True)
class _Row:
    """A result under a text that sorts as results are listed."""

    id: str
    result: ResultRecord


class MemoryEvaluations:
    """The port ``Evaluations``."""

    def begin(self, tx: Transaction, evaluation: EvaluationRecord) -> EvaluationRecord:
        for known in opened(tx).table("evaluation").values():
            if known.finished_at is None and known.same == evaluation.same:
                found: EvaluationRecord = known
                return found
        opened(tx).change("evaluation")[evaluation.id] = evaluation
        return evaluation

    def get(self, tx: Transaction, evaluation: str) -> EvaluationRecord | None:
        return opened(tx).table("evaluation").get(evaluation)

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
        rows = [
            row
            for row in opened(tx).table("evaluation").values()
            if row.use_case == use_case
            and suite in ("", row.suite)
            and release in ("", row.release)
            and finished in (None, row.finished_at is not None)
        ]
        return page(rows, after=after, limit=limit, newest_first=True)

    def add_results(self, tx: Transaction, evaluation: str, results: Sequence[ResultRecord]) -> int:
        self._still_open(tx, evaluation)
        known = opened(tx).change(f"result of {evaluation}")
        before = len(known)
        for one in results:
            known.setdefault((one.test, one.attempt), replace(one, grades=tuple(map(_bare, one.grades))))
        return len(known) - before

    def results(
        self,
        tx: Transaction,
        evaluation: str,
        *,
        came: Came | None = None,
        after: str = "",
        limit: int = 50,
    ) -> Page[ResultRecord]:
        rows = [
            _Row(f"{CAMES.index(one.came)}{one.test}\0{one.attempt:012}", one)
            for one in opened(tx).table(f"result of {evaluation}").values()
            if came in (None, one.came)
        ]
        found = page(rows, after=after, limit=limit, newest_first=False)
        return Page(tuple(row.result for row in found.rows), found.after)

    def result(self, tx: Transaction, evaluation: str, test: str, *, attempt: int) -> ResultRecord | None:
        return opened(tx).table(f"result of {evaluation}").get((test, attempt))

    def answered(self, tx: Transaction, evaluation: str) -> AbstractSet[tuple[str, int]]:
        return set(opened(tx).table(f"result of {evaluation}"))

    def finish(
        self, tx: Transaction, evaluation: str, *, at: datetime, digest: str, body: Mapping[str, object]
    ) -> None:
        known = self._still_open(tx, evaluation)
        opened(tx).change("evaluation")[evaluation] = replace(
            known, finished_at=at, digest=digest, body=dict(body)
        )

    def keep_answers(self, tx: Transaction, answers: Mapping[AnswerKey, Placed], *, at: datetime) -> None:
        opened(tx).change("kept answer").update(answers)

    def kept_answers(
        self, tx: Transaction, target: str, inputs: AbstractSet[str]
    ) -> Mapping[AnswerKey, Placed]:
        return {
            key: placed
            for key, placed in opened(tx).table("kept answer").items()
            if key.target == target and key.input in inputs
        }

    def keep_grades(self, tx: Transaction, grades: Sequence[KeptGrade], *, at: datetime) -> None:
        opened(tx).change("kept grade").update(
            {one.key: replace(one, grade=_bare(one.grade)) for one in grades}
        )

    def kept_grade(self, tx: Transaction, key: str) -> KeptGrade | None:
        return opened(tx).table("kept grade").get(key)

    def add_reference(self, tx: Transaction, reference: Reference) -> bool:
        suite = self.references(tx, reference.use_case, reference.suite)
        if any(known.case == reference.case or known.test == reference.test for known in suite):
            return False
        key = (reference.use_case, reference.suite, reference.test)
        opened(tx).change("case as test")[key] = reference
        return True

    def references(self, tx: Transaction, use_case: str, suite: str = "") -> tuple[Reference, ...]:
        known = opened(tx).table("case as test")
        rows = (known[key] for key in sorted(known))
        return tuple(row for row in rows if row.use_case == use_case and suite in ("", row.suite))

    def drop_references(self, tx: Transaction, case: str) -> int:
        rows = opened(tx).change("case as test")
        dropped = [key for key, row in rows.items() if row.case == case]
        for key in dropped:
            del rows[key]
        return len(dropped)

    def _still_open(self, tx: Transaction, evaluation: str) -> EvaluationRecord:
        known = self.get(tx, evaluation)
        if known is None:
            raise NotFound("RW-EVAL-051", f"no evaluation `{evaluation}`")
        if known.finished_at is not None:
            raise Conflict(
                "RW-EVAL-050",
                Problem(
                    f"evaluation `{evaluation}` is finished and takes nothing more",
                    hint="evaluate again: answers that were given are not asked for twice",
                ),
            )
        return known


def _bare(grade: Grade) -> Grade:
    """Without words, as a database keeps it."""
    detail = {"advisory": True} if grade.detail.get("advisory") is True else {}
    return Grade(grade.grader, grade.value, grade.passed, "", detail, grade.cost)
