"""The record of an evaluation: made once from what is stored, and read again with what was erased since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from roadworthy.errors import Conflict, NotFound, Problem
from roadworthy.evaluation import Evaluation, Grade, Result, Suite, Summary, Transcript, summarise
from roadworthy.measure.suites.kept import opened_payload
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.evaluating import EvaluationRecord, ResultRecord
from roadworthy.principal import Principal, require
from roadworthy.quantities import Digest

_PAGE = 1_000
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Shown:
    """A result for people: with answer and reasons, or without them where they were erased."""

    record: ResultRecord
    result: Result | None


def every_result(deployment: Deployment, tx: Transaction, evaluation: str) -> Iterator[ResultRecord]:
    """All results without content, page by page."""
    after = ""
    while True:
        page = deployment.store.evaluations.results(tx, evaluation, after=after, limit=_PAGE)
        yield from page.rows
        after = page.after
        if not after:
            return


def bare(record: ResultRecord) -> Result:
    """A result as figures need it: what it took and how it was graded, without content."""
    transcript = Transcript(
        cost=record.cost, seconds=record.seconds, tokens=record.tokens, error=record.error
    )
    return Result(record.test, record.attempt, transcript, record.grades, record.seconds)


def finish(
    deployment: Deployment,
    principal: Principal,
    suite: Suite,
    record: EvaluationRecord,
    erased: Collection[str],
) -> Evaluation:
    """The record of an evaluation all of whose attempts have results, stored for good and put on the ledger.

    Finished by two at once: both get the record of the first.
    """
    with deployment.store.read() as tx:
        results = list(every_result(deployment, tx, record.id))
    evaluation = Evaluation(
        id=record.id,
        use_case=record.use_case,
        suite=record.suite,
        suite_digest=record.suite_digest,
        target=record.target,
        target_digest=record.target_digest,
        graders=record.graders,
        repeats=record.repeats,
        seed=record.seed,
        principal=record.principal,
        started_at=record.started_at,
        finished_at=deployment.now(),
        summary=_summary(suite, results, erased, record.repeats),
        results=_digest(results),
        release=record.release,
    )
    about = {"use_case": record.use_case, "evaluation": record.id}
    if record.release:
        about["release"] = record.release
    overall = evaluation.summary.overall
    try:
        with deployment.store.write() as tx:
            deployment.store.evaluations.finish(
                tx,
                record.id,
                at=evaluation.finished_at,
                digest=evaluation.digest,
                body=evaluation.as_json(),
            )
            deployment.record(
                tx,
                "evaluation.recorded",
                principal.id,
                about,
                {
                    "record": evaluation.digest,
                    "suite": evaluation.suite_digest,
                    "target": evaluation.target_digest,
                    "graders": evaluation.graders,
                    "tests": overall.tests,
                    "right": overall.right,
                    "wrong": overall.wrong,
                    "errors": overall.errors,
                    "ungraded": overall.ungraded,
                    "erased": evaluation.summary.erased,
                },
            )
    except Conflict as problem:
        if problem.code != "RW-EVAL-050":
            raise
        with deployment.store.read() as tx:
            return read_evaluation(deployment, tx, record.id)
    return evaluation


def read_evaluation(deployment: Deployment, tx: Transaction, evaluation: str) -> Evaluation:
    """A finished evaluation as it was recorded.

    Errors: ``NotFound`` RW-EVAL-051 for one that never began, ``Conflict`` RW-EVAL-059 for one that is
    not finished.
    """
    found = deployment.store.evaluations.get(tx, evaluation)
    if found is None:
        raise NotFound("RW-EVAL-051", f"no evaluation `{evaluation}`")
    if found.finished_at is None:
        raise Conflict(
            "RW-EVAL-059",
            Problem(
                f"evaluation `{evaluation}` is not finished",
                hint="evaluate the same suite and target again: it goes on where it stopped",
            ),
        )
    return Evaluation.from_json(found.body)


def recount(deployment: Deployment, principal: Principal, suite: Suite, evaluation: Evaluation) -> Summary:
    """The figures without the tests whose subjects were erased since; the record itself never changes."""
    require(principal, "measure", use_case=evaluation.use_case)
    with deployment.store.read() as tx:
        results = list(every_result(deployment, tx, evaluation.id))
        gone = erased_of(deployment, tx, suite, results)
    return _summary(suite, results, gone, evaluation.repeats)


def erased_of(
    deployment: Deployment, tx: Transaction, suite: Suite, results: Iterable[ResultRecord]
) -> frozenset[str]:
    """Tests by reference whose answers can be opened no more, with those that never had one."""
    by_reference = {test.id for test in suite.tests if test.reference}
    opened: dict[str, bool] = {}
    living: set[str] = set()
    for one in results:
        if one.test in by_reference:
            payload = one.answer.payload
            if payload not in opened:
                opened[payload] = opened_payload(deployment, tx, payload) is not None
            if opened[payload]:
                living.add(one.test)
    return frozenset(by_reference - living)


def show_results(
    deployment: Deployment, principal: Principal, use_case: str, records: Iterable[ResultRecord]
) -> tuple[Shown, ...]:
    """Results with answers and reasons, for somebody who may see the content of cases."""
    require(principal, "case.read_content", use_case=use_case)
    opened: dict[str, dict[str, list[str]] | None] = {}
    shown = []
    with deployment.store.read() as tx:
        for record in records:
            for payload in (record.answer.payload, record.words.payload):
                if payload not in opened:
                    found = opened_payload(deployment, tx, payload)
                    opened[payload] = None if found is None else dict(found)
            answers, words = opened[record.answer.payload], opened[record.words.payload]
            result = None
            if answers is not None and words is not None:
                result = _worded(
                    record, answers["answers"][record.answer.place], words["words"][record.words.place]
                )
            shown.append(Shown(record, result))
    return tuple(shown)


def every_shown(deployment: Deployment, principal: Principal, found: Evaluation) -> Iterator[Result]:
    """All results with answers and reasons, page by page; erased ones are left out.

    Errors: ``Refused`` for somebody who may not see the content of cases.
    """
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.evaluations.results(tx, found.id, after=after, limit=_SHOWN)
        for one in show_results(deployment, principal, found.use_case, page.rows):
            if one.result is not None:
                yield one.result
        after = page.after
        if not after:
            return


def _worded(record: ResultRecord, answer: str, words: str) -> Result:
    said = {name: (reason, detail) for name, reason, detail in json.loads(words)}
    grades: tuple[Grade, ...] = tuple(
        replace(grade, reason=said[grade.grader][0], detail=said[grade.grader][1])
        for grade in record.grades
    )
    transcript = Transcript.from_json(json.loads(answer))
    return Result(record.test, record.attempt, transcript, grades, record.seconds)


def _summary(
    suite: Suite, results: Iterable[ResultRecord], erased: Collection[str], repeats: int
) -> Summary:
    known = {test.id for test in suite.tests}
    counted = summarise(
        suite, (bare(one) for one in results if one.test in known), erased=erased, repeats=repeats
    )
    # Tests that dropped out before the suite was put together count as tests of it all the same.
    outside = len(set(erased) - known)
    return replace(counted, tests=counted.tests + outside, erased=counted.erased + outside)


def _digest(results: Iterable[ResultRecord]) -> Digest:
    """Of all results in any order; it names the payloads, which open only as what was sealed."""
    told = hashlib.sha256()
    for one in sorted(results, key=lambda one: (one.test, one.attempt)):
        row = [
            one.test, one.attempt, one.came,
            [[grade.grader, grade.value, grade.passed, str(grade.cost)] for grade in one.grades],
            one.answer.payload, one.answer.place, one.words.payload, one.words.place,
            str(one.cost), one.seconds, one.tokens, one.error, one.reused,
        ]  # fmt: skip
        told.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
    return Digest(f"sha256:{told.hexdigest()}")
