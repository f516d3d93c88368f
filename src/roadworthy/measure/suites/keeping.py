"""A batch of results into the store: sealed by subject, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.errors import Refused
from roadworthy.evaluation.strict import fit
from roadworthy.measure.suites.answering import Answered, came_of
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.evaluating import AnswerKey, KeptGrade, Placed, ResultRecord

MOST_SEALED: Final = 4_194_304
"""Characters sealed together: whoever looks at one result opens no more than that."""
LONGEST_ERROR: Final = 300


@dataclass(frozen=True, slots=True)
class Kept:
    """What a batch came to: its results, and the tests whose subject was erased meanwhile."""

    results: tuple[ResultRecord, ...]
    erased: frozenset[str]


def keep(deployment: Deployment, evaluation: str, batch: Sequence[Answered]) -> Kept:
    """Store the batch: answers and graders' words sealed, results, and what the next evaluation can use.

    One payload holds what belongs to one subject, so that erasing a person takes their results and
    nobody else's. Kept twice: the first result of an attempt stays.
    Errors: ``Conflict`` RW-EVAL-050 if somebody finished the evaluation meanwhile.
    """
    results: list[ResultRecord] = []
    answers: dict[AnswerKey, Placed] = {}
    grades: list[KeptGrade] = []
    store, now = deployment.store, deployment.now()
    with store.write() as tx:
        living, erased = _living(deployment, tx, batch)
        for part in _parts(living):
            texts = [one.answer for one in part if one.kept is None]
            words = [_words(one) for one in part]
            sealed = deployment.vault.seal(tx, part[0].ask.subject, {"answers": texts, "words": words})
            fresh = 0
            for place, one in enumerate(part):
                at = one.kept
                if at is None:
                    at = Placed(sealed.id, fresh)
                    fresh += 1
                    if not one.transcript.error:
                        answers[one.ask.key] = at
                if one.problem is not None:
                    continue
                words_at = Placed(sealed.id, place)
                results.append(_result(one, at, words_at))
                grades += [
                    KeptGrade(one.fresh_grades[grade.grader], grade, words_at)
                    for grade in one.grades
                    if grade.grader in one.fresh_grades
                ]
        store.evaluations.add_results(tx, evaluation, results)
        store.evaluations.keep_answers(tx, answers, at=now)
        store.evaluations.keep_grades(tx, grades, at=now)
    return Kept(tuple(results), frozenset(erased))


def _living(
    deployment: Deployment, tx: Transaction, batch: Sequence[Answered]
) -> tuple[list[Answered], set[str]]:
    """The part of the batch whose subjects were not erased while the target answered.

    Sealing under an erased subject would give that person a new key, and their data back.
    """
    living: list[Answered] = []
    erased: set[str] = set()
    known: dict[str, bool] = {}
    for one in batch:
        payload = one.ask.payload
        if payload and payload not in known:
            try:
                deployment.vault.open(tx, payload)
                known[payload] = True
            except Refused:
                known[payload] = False
        if payload and not known[payload]:
            erased.add(one.ask.test.id)
        else:
            living.append(one)
    return living, erased


def _parts(batch: Iterable[Answered]) -> Iterable[list[Answered]]:
    """What is sealed together: of one subject, and not too much."""
    by_subject: dict[str, list[Answered]] = {}
    for one in batch:
        by_subject.setdefault(one.ask.subject, []).append(one)
    for of_one in by_subject.values():
        part: list[Answered] = []
        size = 0
        for one in of_one:
            if part and size + len(one.answer) > MOST_SEALED:
                yield part
                part, size = [], 0
            part.append(one)
            size += len(one.answer)
        yield part


def _words(one: Answered) -> str:
    return json.dumps(
        [[grade.grader, grade.reason, dict(grade.detail)] for grade in one.grades],
        separators=(",", ":"),
        default=str,
    )


def _result(one: Answered, answer: Placed, words: Placed) -> ResultRecord:
    transcript = one.transcript
    return ResultRecord(
        test=one.ask.test.id,
        attempt=one.ask.attempt,
        came=came_of(transcript, one.grades),
        grades=one.grades,
        answer=answer,
        words=words,
        cost=transcript.cost,
        seconds=transcript.seconds,
        tokens=transcript.tokens,
        # Stands in clear, and may be the words of a foreign program.
        error=fit(transcript.error, LONGEST_ERROR),
        reused=one.kept is not None,
    )
