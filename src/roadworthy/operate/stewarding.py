"""Stewarding: a person says whether two rows are the same thing, and the answer is kept by their keys alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from roadworthy.casework.case import CaseRecord, Event, State
from roadworthy.casework.review import Review, ReviewKind
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.delivering import close
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import open_review
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost
from roadworthy.stage import Stage

PAIR = "pair"
"""The twin of cases that ask about two rows: such a case is no business of the use case itself."""

SAME, DIFFERENT = "same", "different"
_BETWEEN = " = "
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class PairQuestion:
    """Two rows that may be one thing. ``left`` and ``right`` are the rows' own keys in the source.

    ``columns`` holds, per column, what stands in the one row and in the other.
    """

    left: str
    right: str
    probability: float
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PairAnswer:
    """What a person said about two rows."""

    left: str
    right: str
    same: bool
    by: str
    at: datetime


def ask_about_pairs(
    deployment: Deployment,
    principal: Principal,
    charter: Charter,
    source: str,
    questions: Sequence[PairQuestion],
) -> int:
    """Put pairs into the review inbox; returns how many were new. A pair asked about once is not asked again.

    The rows' content is encrypted under a key of this pair alone, which is destroyed with the answer:
    what stays is who said what about which two keys.
    """
    require(principal, "measure", use_case=charter.use_case)
    asked = 0
    for question in questions:
        with deployment.store.write() as tx:
            asked += _ask(deployment, tx, principal, charter, source, question)
    return asked


def pair_answers(
    deployment: Deployment, tx: Transaction, use_case: str, source: str
) -> Iterator[PairAnswer]:
    """Every answer given about rows of a source, newest first."""
    start, after = f"{source}: ", ""
    while True:
        page = deployment.store.cases.list(
            tx, use_case, state=State.CLOSED, twin=PAIR, key_starts=start, after=after, limit=200
        )
        for case in page.rows:
            left, _, right = case.key.removeprefix(start).partition(_BETWEEN)
            review = deployment.store.reviews.of_case(tx, case.id)[-1]
            yield PairAnswer(left, right, case.answer == SAME, review.decided_by, case.updated_at)
        after = page.after
        if not after:
            return


def settle_pair(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    review: Review,
    answer: str,
    principal: Principal,
) -> None:
    """Note a person's answer and destroy the copy of the two rows.

    Errors: ``InputProblem`` RW-REVIEW-010 for any answer but same and different.
    """
    if answer not in (SAME, DIFFERENT):
        raise InputProblem(
            "RW-REVIEW-010", Problem("expected an answer", hint=f"choices: {SAME}, {DIFFERENT}")
        )
    answered = replace(case, answer=answer, handled_by="person")
    close(deployment, tx, answered, Event.ENDED, reason=review.reason or answer, actor=principal.id)
    deployment.vault.erase(tx, case.subject, at=deployment.now())


def row_key(deployment: Deployment, value: str, *, personal: bool) -> str:
    """How a row is named on record: by its key, or by a pseudonym where the key would tell who it is."""
    plain = value.isprintable() and value == value.strip() and _BETWEEN not in value
    if personal or not plain or not 0 < len(value) <= _LONGEST:
        return deployment.vault.pseudonym(value)
    return value


def _ask(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    charter: Charter,
    source: str,
    question: PairQuestion,
) -> bool:
    left, right = sorted((question.left, question.right))
    key = f"{source}: {left}{_BETWEEN}{right}"
    if deployment.store.cases.by_key(tx, charter.use_case, key, twin=PAIR) is not None:
        return False
    now = deployment.now()
    subject = deployment.vault.pseudonym(f"pair {charter.use_case} {key}")
    turned = (left, right) != (question.left, question.right)
    columns = {
        name: list(reversed(values) if turned else values) for name, values in question.columns.items()
    }
    sealed = deployment.vault.seal(
        tx, subject, {"source": source, "rows": [left, right], "columns": columns}
    )
    case = CaseRecord(
        id=deployment.new_id(),
        use_case=charter.use_case,
        key=key,
        twin=PAIR,
        subject=subject,
        input=sealed.id,
        release="",
        stage=Stage.DRAFT,
        probability=question.probability,
        state=State.WAITING,
        version=1,
        run=1,
        segment=1,
        handled_by="person",
        confidence=question.probability,
        answer="",
        reason="",
        slice="",
        cost=Cost(0),
        created_at=now,
        updated_at=now,
    )
    deployment.store.cases.add(tx, case)
    deployment.record(
        tx,
        "case.accepted",
        principal.id,
        {"case": case.id, "use_case": case.use_case},
        {"key": key, "twin": PAIR, "release": "", "stage": case.stage, "input": sealed.digest},
    )
    open_review(
        deployment,
        tx,
        case,
        charter,
        ReviewKind.PAIR,
        reasons=(f"two rows of {source} may be one thing: probability {question.probability:.2f}",),
    )
    return True
