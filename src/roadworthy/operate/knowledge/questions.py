"""Questions to a knowledge source that people confirm: a confirmed one is a test by reference, a rejected one an event.

Nothing leaves the encrypted store: a test names a case and a step of it, and its question is read from there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.charter import Charter
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused
from roadworthy.knowledge.question import Question
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.asked import (
    REJECTED,
    AskedStep,
    asked_of,
    case_by_key,
    cited_by,
    draw_of,
    is_rejected,
    nothing_asked,
)
from roadworthy.operate.testcases import AddedTest, case_to_test
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, allows, require

_LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Questions that reviewers confirmed. ``erased`` counts those that are gone with their data subject."""

    questions: tuple[Question, ...]
    erased: int


def suite_of(charter: Charter, source: str) -> str:
    """The suite that holds the questions of a source.

    Errors: ``NotFound`` RW-KNOWLEDGE-052 for a source that the charter does not declare.
    """
    promise = charter.knowledge.get(source)
    if promise is None:
        raise NotFound(
            "RW-KNOWLEDGE-052",
            f"the charter declares no knowledge source `{source}`",
            hint=f"sources: {', '.join(charter.knowledge) or 'none'}",
        )
    return promise.questions or f"knowledge-{source}"


def confirm(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    key: str,
    source: str,
    documents: Mapping[str, float],
    *,
    suite: str,
    step: int | None = None,
    known: Collection[str] | None = None,
) -> AddedTest:
    """Make the question of a case a test: these documents answer it; none at all: nothing does.

    ``step``: which of its questions, as proposed; default: the one its decision rests on, else the first.

    Run twice with the same documents: the second finds the first. ``known``: the documents of the source.

    Errors: ``InputProblem`` RW-KNOWLEDGE-053 for gains that are no positive numbers and documents that the
    source does not have; ``NotFound`` RW-KNOWLEDGE-052 where the case asked the source nothing that is kept;
    ``Refused`` for whoever may not decide reviews and read content; as ``case_to_test``.
    """
    require(principal, "review.decide", use_case=use_case)
    _check_documents(documents, known)
    with deployment.store.read() as tx:
        _, asked = _asked_by(deployment, tx, use_case, key, source, step)
    expected = {"source": source, "step": asked.step, "documents": dict(documents)}
    return case_to_test(deployment, principal, use_case, key, suite, expected=expected)


def reject(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    key: str,
    source: str,
    *,
    suite: str,
    reason: str = "",
) -> None:
    """Note that the question of a case is no test: it is not proposed again. Run twice: noted once.

    Errors: ``Conflict`` RW-KNOWLEDGE-054 where it is a test already; ``NotFound`` and ``Refused`` as ``confirm``.
    """
    require(principal, "review.decide", use_case=use_case)
    require(principal, "case.read_content", use_case=use_case)
    check_words(_LONGEST_REASON, reason=reason)
    sequence_all(deployment)
    with deployment.store.write() as tx:
        case, asked = _asked_by(deployment, tx, use_case, key, source)
        references = deployment.store.evaluations.references(tx, use_case, suite)
        if any(one.case == case.id for one in references):
            raise Conflict(
                "RW-KNOWLEDGE-054",
                f"case `{key}` is a test of the suite `{suite}`",
                hint="take the test out of the suite first",
            )
        if is_rejected(deployment, tx, case.id, source):
            return
        deployment.record(
            tx,
            REJECTED,
            principal.id,
            {"case": case.id, "use_case": use_case},
            {"source": source, "step": asked.step, "reason": reason},
        )


def confirmed(
    deployment: Deployment, principal: Principal, use_case: str, source: str, *, suite: str
) -> Confirmed:
    """The questions of a source that reviewers confirmed, each as its case asked it.

    One whose data subject was erased drops out and is counted. Questions of one data subject are one draw.

    Errors: ``Refused`` for whoever may neither measure nor read content.
    """
    if not allows(principal, "measure", use_case=use_case):
        require(principal, "case.read_content", use_case=use_case)
    found: list[Question] = []
    erased = 0
    with deployment.store.read() as tx:
        for reference in deployment.store.evaluations.references(tx, use_case, suite):
            case = deployment.store.cases.get(tx, reference.case)
            try:
                expected = deployment.vault.open(tx, reference.expected)["value"]
                if case is None or not isinstance(expected, Mapping) or expected.get("source") != source:
                    continue
                asked = next(
                    (
                        one
                        for one in asked_of(deployment, tx, case, source)
                        if one.step == expected.get("step")
                    ),
                    None,
                )
            except Refused:
                erased += 1
                continue
            relevance = relevance_of(expected)
            if asked is not None and relevance is not None:
                slices = {"slice": case.slice} if case.slice else {}
                cluster = draw_of(deployment, case)
                found.append(Question(reference.test, asked.query, relevance, "case", cluster, slices))
    return Confirmed(tuple(found), erased)


def question_text(
    deployment: Deployment, principal: Principal, use_case: str, key: str, source: str, *, step: int
) -> str:
    """What a case asked, for the person who is to confirm it.

    Errors: ``Refused`` without the right to read content, or once the subject was erased; ``NotFound``
    RW-KNOWLEDGE-052.
    """
    require(principal, "case.read_content", use_case=use_case)
    with deployment.store.read() as tx:
        case = case_by_key(deployment, tx, use_case, key)
        for asked in asked_of(deployment, tx, case, source):
            if asked.step == step:
                return asked.query
    raise nothing_asked(key, source)


def relevance_of(expected: object) -> dict[str, float] | None:
    """The documents that a test expects, with their gains; None where it does not say so.

    `{document: relevance}`, a list of documents, or either as `documents` of an object.
    """
    if isinstance(expected, Mapping) and isinstance(expected.get("documents"), Mapping | list | tuple):
        expected = expected["documents"]
    if isinstance(expected, list | tuple) and all(isinstance(one, str) and one for one in expected):
        return dict.fromkeys(map(str, expected), 1.0)
    if isinstance(expected, Mapping) and all(map(_is_gain, expected.values())):
        return {str(name): float(gain) for name, gain in expected.items() if gain > 0}
    return None


def _asked_by(
    deployment: Deployment, tx: Transaction, use_case: str, key: str, source: str, step: int | None = None
) -> tuple[CaseRecord, AskedStep]:
    case = case_by_key(deployment, tx, use_case, key)
    cited = set(cited_by(deployment, tx, case))
    every = [one for one in asked_of(deployment, tx, case, source) if step in (None, one.step)]
    if not every:
        raise nothing_asked(key, source)
    return case, next((one for one in every if cited & one.found.keys()), every[0])


def _check_documents(documents: Mapping[str, float], known: Collection[str] | None) -> None:
    problems = [
        Problem(f"the relevance of `{name}` is a number above 0, found `{gain}`", place="documents")
        for name, gain in documents.items()
        if not _is_gain(gain) or gain <= 0
    ]
    if known is not None:
        problems += [
            Problem(f"the source has no document `{name}`", place="documents")
            for name in documents
            if name not in known
        ]
    if problems:
        raise InputProblem("RW-KNOWLEDGE-053", problems)


def _is_gain(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value >= 0  # type: ignore[arg-type,operator]
