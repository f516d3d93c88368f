"""Evaluations, their results, and the answers kept for the next time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from pydantic_core import from_json, to_json
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
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
from roadworthy.quantities import Cost

ASKED_AT_ONCE: Final = 500
"""Values in one question: SQLite takes no more than a few thousand."""

_evaluation, _result = schema.evaluation, schema.evaluation_result
_answer, _grade, _reference = schema.evaluation_answer, schema.evaluation_grade, schema.evaluation_reference

_same = (
    _evaluation.c.use_case, _evaluation.c.suite, _evaluation.c.suite_digest, _evaluation.c.target_digest,
    _evaluation.c.release, _evaluation.c.graders, _evaluation.c.repeats, _evaluation.c.seed,
)  # fmt: skip
# Written out, not bound: a partial index serves only a query whose text shows that it applies.
_unfinished = _evaluation.c.finished_at.is_(None)

_BEGIN = insert(_evaluation).on_conflict_do_nothing(index_elements=_same, index_where=_unfinished)
_GOES_ON = sa.select(_evaluation).where(
    _unfinished, *(column == sa.bindparam(column.name) for column in _same)
)
_GET = sa.select(_evaluation).where(_evaluation.c.id == sa.bindparam("id"))
# Whoever adds shares the row, whoever finishes has it alone: no result slips in behind the record.
_STANDS = sa.select(_evaluation.c.finished_at).where(_evaluation.c.id == sa.bindparam("id"))
_SHARED, _ALONE = _STANDS.with_for_update(read=True), _STANDS.with_for_update()
_FINISH = (
    _evaluation.update()
    .where(_evaluation.c.id == sa.bindparam("finished"))
    .values(finished_at=sa.bindparam("moment"), digest=sa.bindparam("record"), body=sa.bindparam("written"))
)
_ADD_RESULT = (
    insert(_result)
    .on_conflict_do_nothing(index_elements=[_result.c.evaluation, _result.c.test, _result.c.attempt])
    .execution_options(**COUNTED)
)
_RESULT = sa.select(_result).where(
    _result.c.evaluation == sa.bindparam("evaluation"),
    _result.c.test == sa.bindparam("test"),
    _result.c.attempt == sa.bindparam("attempt"),
)
_ANSWERED = sa.select(_result.c.test, _result.c.attempt).where(
    _result.c.evaluation == sa.bindparam("evaluation")
)
_new_answer = insert(_answer)
_KEEP_ANSWER = _new_answer.on_conflict_do_update(
    index_elements=[_answer.c.target, _answer.c.input, _answer.c.attempt, _answer.c.seed],
    set_={name: _new_answer.excluded[name] for name in ("payload", "place", "at")},
)
_KEPT_ANSWERS = sa.select(_answer).where(
    _answer.c.target == sa.bindparam("target"), _answer.c.input.in_(sa.bindparam("inputs", expanding=True))
)
_new_grade = insert(_grade)
_KEEP_GRADE = _new_grade.on_conflict_do_update(
    index_elements=[_grade.c.key],
    set_={name: _new_grade.excluded[name] for name in ("grade", "payload", "place", "at")},
)
_KEPT_GRADE = sa.select(_grade).where(_grade.c.key == sa.bindparam("wanted"))
_ADD_REFERENCE = insert(_reference).on_conflict_do_nothing().execution_options(**COUNTED)
_DROP_REFERENCES = _reference.delete().where(_reference.c.case_id == sa.bindparam("case"))


class SqlEvaluations:
    """The port ``Evaluations``."""

    def begin(self, tx: Transaction, evaluation: EvaluationRecord) -> EvaluationRecord:
        values = _values(evaluation)
        execute(tx, _BEGIN, values)
        row = execute(tx, _GOES_ON, {column.name: values[column.name] for column in _same}).first()
        if row is None:
            raise Conflict(
                "RW-STORE-003", "another change was faster: the evaluation was finished meanwhile"
            )
        return _read(row)

    def get(self, tx: Transaction, evaluation: str) -> EvaluationRecord | None:
        row = execute(tx, _GET, {"id": evaluation}).first()
        return None if row is None else _read(row)

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
        size = bounded(limit)
        query = sa.select(_evaluation).where(_evaluation.c.use_case == use_case)
        if suite:
            query = query.where(_evaluation.c.suite == suite)
        if release:
            query = query.where(_evaluation.c.release == release)
        if finished is not None:
            query = query.where(_evaluation.c.finished_at.is_not(None) if finished else _unfinished)
        if after:
            query = query.where(_evaluation.c.id < seen(after))
        rows = [_read(row) for row in execute(tx, query.order_by(_evaluation.c.id.desc()).limit(size + 1))]
        return page(rows, [row.id for row in rows], size)

    def add_results(self, tx: Transaction, evaluation: str, results: Sequence[ResultRecord]) -> int:
        _still_open(tx, _SHARED, evaluation)
        if not results:
            return 0
        added: int = execute(tx, _ADD_RESULT, [_result_values(evaluation, one) for one in results]).rowcount
        return added

    def results(
        self,
        tx: Transaction,
        evaluation: str,
        *,
        came: Came | None = None,
        after: str = "",
        limit: int = 50,
    ) -> Page[ResultRecord]:
        size = bounded(limit)
        place = (_result.c.came, _result.c.test, _result.c.attempt)
        query = sa.select(_result).where(_result.c.evaluation == evaluation)
        if came is not None:
            query = query.where(_result.c.came == CAMES.index(came))
        if after:
            query = query.where(sa.tuple_(*place) > sa.tuple_(*_place(after)))
        rows = execute(tx, query.order_by(*place).limit(size + 1)).all()
        cursors = [to_json([row.came, row.test, row.attempt]).decode() for row in rows]
        return page([_read_result(row) for row in rows], cursors, size)

    def result(self, tx: Transaction, evaluation: str, test: str, *, attempt: int) -> ResultRecord | None:
        named = {"evaluation": evaluation, "test": test, "attempt": attempt}
        row = execute(tx, _RESULT, named).first()
        return None if row is None else _read_result(row)

    def answered(self, tx: Transaction, evaluation: str) -> AbstractSet[tuple[str, int]]:
        return {(test, attempt) for test, attempt in execute(tx, _ANSWERED, {"evaluation": evaluation})}

    def finish(
        self, tx: Transaction, evaluation: str, *, at: datetime, digest: str, body: Mapping[str, object]
    ) -> None:
        _still_open(tx, _ALONE, evaluation)
        written = {"finished": evaluation, "moment": at, "record": digest, "written": dict(body)}
        execute(tx, _FINISH, written)

    def keep_answers(self, tx: Transaction, answers: Mapping[AnswerKey, Placed], *, at: datetime) -> None:
        if answers:
            execute(
                tx,
                _KEEP_ANSWER,
                [
                    {
                        "target": key.target,
                        "input": key.input,
                        "attempt": key.attempt,
                        "seed": key.seed,
                        "payload": placed.payload,
                        "place": placed.place,
                        "at": at,
                    }
                    for key, placed in answers.items()
                ],
            )

    def kept_answers(
        self, tx: Transaction, target: str, inputs: AbstractSet[str]
    ) -> Mapping[AnswerKey, Placed]:
        wanted = sorted(inputs)
        return {
            AnswerKey(row.target, row.input, row.attempt, row.seed): Placed(row.payload, row.place)
            for start in range(0, len(wanted), ASKED_AT_ONCE)
            for row in execute(
                tx, _KEPT_ANSWERS, {"target": target, "inputs": wanted[start : start + ASKED_AT_ONCE]}
            )
        }

    def keep_grades(self, tx: Transaction, grades: Sequence[KeptGrade], *, at: datetime) -> None:
        if grades:
            execute(
                tx,
                _KEEP_GRADE,
                [
                    {
                        "key": one.key,
                        "grade": _bare(one.grade),
                        "payload": one.words.payload,
                        "place": one.words.place,
                        "at": at,
                    }
                    for one in grades
                ],
            )

    def kept_grade(self, tx: Transaction, key: str) -> KeptGrade | None:
        row = execute(tx, _KEPT_GRADE, {"wanted": key}).first()
        return (
            None if row is None else KeptGrade(row.key, _graded(row.grade), Placed(row.payload, row.place))
        )

    def add_reference(self, tx: Transaction, reference: Reference) -> bool:
        added = execute(
            tx,
            _ADD_REFERENCE,
            {
                "use_case": reference.use_case,
                "suite": reference.suite,
                "test": reference.test,
                "case_id": reference.case,
                "expected": reference.expected,
                "by": reference.by,
                "at": reference.at,
            },
        )
        return bool(added.rowcount == 1)

    def references(self, tx: Transaction, use_case: str, suite: str = "") -> tuple[Reference, ...]:
        query = sa.select(_reference).where(_reference.c.use_case == use_case)
        if suite:
            query = query.where(_reference.c.suite == suite)
        return tuple(
            Reference(row.use_case, row.suite, row.case_id, row.test, row.expected, row.by, row.at)
            for row in execute(tx, query.order_by(_reference.c.suite, _reference.c.test))
        )

    def drop_references(self, tx: Transaction, case: str) -> int:
        count: int = execute(tx, _DROP_REFERENCES, {"case": case}).rowcount
        return count


def _still_open(tx: Transaction, asked: sa.Select[Any], evaluation: str) -> None:
    row = execute(tx, asked, {"id": evaluation}).first()
    if row is None:
        raise NotFound("RW-EVAL-051", f"no evaluation `{evaluation}`")
    if row.finished_at is not None:
        raise Conflict(
            "RW-EVAL-050",
            Problem(
                f"evaluation `{evaluation}` is finished and takes nothing more",
                hint="evaluate again: answers that were given are not asked for twice",
            ),
        )


def _place(after: str) -> tuple[int, str, int]:
    """Where a page of results ended. A cursor of another list names no such place."""
    read = seen(after)
    with suppress(ValueError):
        match from_json(read):
            case [int(came), str(test), int(attempt)]:
                return came, test, attempt
    raise InputProblem(
        "RW-STORE-006",
        Problem("this is no cursor of this list", place="after", hint="begin again with the first page"),
    )


def _values(evaluation: EvaluationRecord) -> dict[str, Any]:
    return {
        "id": evaluation.id,
        "use_case": evaluation.use_case,
        "suite": evaluation.suite,
        "suite_digest": evaluation.suite_digest,
        "target": evaluation.target,
        "target_digest": evaluation.target_digest,
        "release": evaluation.release,
        "graders": evaluation.graders,
        "repeats": evaluation.repeats,
        "seed": evaluation.seed,
        "settings": dict(evaluation.settings),
        "principal": evaluation.principal,
        "started_at": evaluation.started_at,
        "finished_at": evaluation.finished_at,
        "digest": evaluation.digest,
        "body": dict(evaluation.body),
    }


def _read(row: sa.Row[Any]) -> EvaluationRecord:
    return EvaluationRecord(**row._mapping)


def _result_values(evaluation: str, one: ResultRecord) -> dict[str, Any]:
    return {
        "evaluation": evaluation,
        "test": one.test,
        "attempt": one.attempt,
        "came": CAMES.index(one.came),
        "grades": [_bare(grade) for grade in one.grades],
        "answer": one.answer.payload,
        "answer_place": one.answer.place,
        "words": one.words.payload,
        "words_place": one.words.place,
        "cost_nano": one.cost.nano,
        "currency": one.cost.currency,
        "seconds": one.seconds,
        "tokens": one.tokens,
        "error": one.error,
        "reused": one.reused,
    }


def _read_result(row: sa.Row[Any]) -> ResultRecord:
    return ResultRecord(
        test=row.test,
        attempt=row.attempt,
        came=CAMES[row.came],
        grades=tuple(_graded(one) for one in row.grades),
        answer=Placed(row.answer, row.answer_place),
        words=Placed(row.words, row.words_place),
        cost=Cost(row.cost_nano, row.currency),
        seconds=row.seconds,
        tokens=row.tokens,
        error=row.error,
        reused=row.reused,
    )


def _bare(grade: Grade) -> list[object]:
    """A grade without words: its reason and details may hold content."""
    bare: list[object] = [grade.grader, grade.value, grade.passed, grade.cost.nano, grade.cost.currency]
    return [*bare, True] if grade.detail.get("advisory") is True else bare


def _graded(bare: Sequence[Any]) -> Grade:
    grader, value, passed, nano, currency, *advisory = bare
    detail = {"advisory": True} if advisory else {}
    return Grade(grader, None if value is None else float(value), passed, "", detail, Cost(nano, currency))
