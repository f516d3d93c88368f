"""Draws for spot checks, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.effect import TrueOutcome
from roadworthy.errors import Conflict, Problem
from roadworthy.ports import Page, Transaction
from roadworthy.ports.spotchecks import (
    ERASED,
    CheckCount,
    CheckState,
    Looked,
    Part,
    SpotAnswer,
    SpotCheck,
)
from roadworthy.quantities import Id

MOST_SEARCHED = 5_000
"""Newest automatic cases among which one with a known answer is looked for."""

_check, _answer, _share = schema.spot_check, schema.spot_answer, schema.spot_share
_outcome, _standing, _case = schema.outcome, schema.spot_standing, schema.case_record

# Written out, not bound: a partial index serves only a query whose text shows that it applies.
_is_drawn = _check.c.state != sa.literal_column("'undrawn'")

_ADD = insert(_check).on_conflict_do_nothing(index_elements=[_check.c.case_id]).execution_options(**COUNTED)
_GET = sa.select(_check).where(_check.c.case_id == sa.bindparam("case"))
_SAVE = _check.update().where(
    _check.c.case_id == sa.bindparam("row_id"), _check.c.version == sa.bindparam("expected")
)
_alike = (
    _standing.c.release,
    _standing.c.kinds,
    _standing.c.state,
    _standing.c.judgement,
    _standing.c.why,
)
_number = sa.func.sum(_standing.c.cases)
_COUNTS = (
    sa.select(
        *_alike,
        _number,
        sa.func.sum(_standing.c.q_sum),
        sa.func.min(_standing.c.q_least),
        sa.func.max(_standing.c.q_most),
    )
    .where(_standing.c.use_case == sa.bindparam("use_case"))
    .group_by(*_alike)
    .having(_number != 0)
    .order_by(*_alike)
)
_CLOSED_BETWEEN = (
    sa.select(sa.func.count())
    .select_from(_check)
    .where(
        _check.c.use_case == sa.bindparam("use_case"),
        _check.c.closed_at >= sa.bindparam("start", type_=_check.c.closed_at.type),
        _check.c.closed_at < sa.bindparam("end", type_=_check.c.closed_at.type),
    )
)
_ASK = sa.insert(_answer)
_ASKED = sa.select(_answer).where(_answer.c.review == sa.bindparam("review"))
_KEEP = _answer.update().where(_answer.c.review == sa.bindparam("row_id"))
_ANSWERS = sa.select(_answer).where(_answer.c.case_id == sa.bindparam("case")).order_by(_answer.c.review)
_few = (
    sa.select(_answer.c.review)
    .where(
        _answer.c.use_case == sa.bindparam("use_case"),
        _answer.c.asked_at >= sa.bindparam("since", type_=_answer.c.asked_at.type),
    )
    .limit(sa.bindparam("most", type_=sa.Integer))
    .subquery()
)
_ASKED_SINCE = sa.select(sa.func.count()).select_from(_few)
_given = (
    sa.select(_answer)
    .where(_answer.c.use_case == sa.bindparam("use_case"), _answer.c.answered_by != "")
    .order_by(_answer.c.review.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
    .cte("given")
)
_several = (
    sa.select(_given.c.case_id)
    .where(_given.c.part != Part.PLANTED.value)
    .group_by(_given.c.case_id)
    .having(sa.func.count() > 1)
)
_LOOKED = (
    sa.select(
        _given.c.case_id,
        _case.c.answer.label("left"),
        _given.c.part,
        _given.c.known,
        _given.c.answer,
        _given.c.answered_by,
    )
    .join(_case, _case.c.id == _given.c.case_id)
    .where(sa.or_(_given.c.part == Part.PLANTED.value, _given.c.case_id.in_(_several)))
    .order_by(_given.c.review.desc())
)
_late = (
    sa.select(_answer.c.case_id)
    .where(
        _answer.c.use_case == sa.bindparam("use_case"),
        _answer.c.answered_by == sa.literal_column("''"),
        _answer.c.asked_at < sa.bindparam("late", type_=_answer.c.asked_at.type),
        _answer.c.void.is_(False),
    )
    .distinct()
    .subquery()
)
_OVERDUE = (
    sa.select(sa.func.count())
    .select_from(_late)
    .join(_check, _check.c.case_id == _late.c.case_id)
    .where(_check.c.state.in_([CheckState.PENDING.value, CheckState.CONTRADICTED.value]))
)
_newest = (
    sa.select(_check.c.case_id, _check.c.state)
    .where(_check.c.use_case == sa.bindparam("use_case"))
    .order_by(_check.c.closed_at.desc())
    .limit(MOST_SEARCHED)
    .subquery()
)
_KNOWN = (
    sa.select(_newest.c.case_id, sa.func.min(_outcome.c.truth))
    .join(_outcome, _outcome.c.case_id == _newest.c.case_id)
    .where(
        _newest.c.state == sa.literal_column("'undrawn'"),
        sa.func.lower(_outcome.c.source).not_like("spot-check%"),
        ~sa.exists().where(_answer.c.case_id == _newest.c.case_id),
    )
    .group_by(_newest.c.case_id)
    .having(
        sa.func.count(_outcome.c.source.distinct()) >= 2,
        # One client under two names is one witness.
        sa.func.count(_outcome.c.principal.distinct()) >= 2,
        sa.func.min(_outcome.c.truth) == sa.func.max(_outcome.c.truth),
    )
    .order_by(_newest.c.case_id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SHARE = sa.select(_share.c.share).where(
    _share.c.use_case == sa.bindparam("use_case"),
    _share.c.since == sa.bindparam("since", type_=_share.c.since.type),
)
_upsert = insert(_share)
_SET_SHARE = _upsert.on_conflict_do_update(
    index_elements=[_share.c.use_case, _share.c.since],
    set_={"share": _upsert.excluded.share},
    where=_upsert.excluded.share < _share.c.share,
)


class SqlSpotChecks:
    """The port ``SpotChecks``."""

    def add(self, tx: Transaction, check: SpotCheck) -> bool:
        return execute(tx, _ADD, _values(check)).rowcount == 1

    def get(self, tx: Transaction, case: str) -> SpotCheck | None:
        row = execute(tx, _GET, {"case": case}).first()
        return None if row is None else _read(row)

    def save(self, tx: Transaction, check: SpotCheck, *, expected: int) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if the version is another one."""
        values = {**_values(check), "row_id": check.case, "expected": expected}
        if execute(tx, _SAVE, values).rowcount != 1:
            raise _lost_race(tx, check.case, expected)

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        states: Sequence[CheckState] = (),
        after: str = "",
        limit: int = 50,
    ) -> Page[SpotCheck]:
        size = bounded(limit)
        query = sa.select(_check).where(_check.c.use_case == use_case)
        query = query.order_by(_check.c.case_id.desc()).limit(size + 1)
        if CheckState.UNDRAWN not in states:
            query = query.where(_is_drawn)
        if states:
            query = query.where(_check.c.state.in_([state.value for state in states]))
        if after:
            query = query.where(_check.c.case_id < seen(after))
        rows = [_read(row) for row in execute(tx, query)]
        return page(rows, [check.case for check in rows], size)

    def counts(self, tx: Transaction, use_case: str) -> tuple[CheckCount, ...]:
        return tuple(
            CheckCount(
                release=release,
                kinds=kinds,
                state=CheckState(state),
                judgement=TrueOutcome(judgement) if judgement else None,
                erased=why == ERASED,
                cases=int(cases),
                q_sum=float(total),
                q_least=float(least),
                q_most=float(most),
            )
            for release, kinds, state, judgement, why, cases, total, least, most in execute(
                tx, _COUNTS, {"use_case": use_case}
            )
        )

    def closed_between(self, tx: Transaction, use_case: str, start: datetime, end: datetime) -> int:
        values = {"use_case": use_case, "start": start, "end": end}
        count: int = execute(tx, _CLOSED_BETWEEN, values).scalar_one()
        return count

    def ask(self, tx: Transaction, asked: SpotAnswer) -> None:
        execute(tx, _ASK, _answer_values(asked))

    def asked(self, tx: Transaction, review: str) -> SpotAnswer | None:
        row = execute(tx, _ASKED, {"review": review}).first()
        return None if row is None else _read_answer(row)

    def keep(self, tx: Transaction, answer: SpotAnswer) -> None:
        execute(tx, _KEEP, {**_answer_values(answer), "row_id": answer.review})

    def answers(self, tx: Transaction, case: str) -> tuple[SpotAnswer, ...]:
        return tuple(_read_answer(row) for row in execute(tx, _ANSWERS, {"case": case}))

    def answers_of(
        self, tx: Transaction, use_case: str, *, after: str = "", limit: int = 500
    ) -> Page[SpotAnswer]:
        size = bounded(limit)
        query = sa.select(_answer).where(_answer.c.use_case == use_case)
        query = query.order_by(_answer.c.review.desc()).limit(size + 1)
        if after:
            query = query.where(_answer.c.review < seen(after))
        rows = [_read_answer(row) for row in execute(tx, query)]
        return page(rows, [answer.review for answer in rows], size)

    def looked(self, tx: Transaction, use_case: str, *, limit: int = 2_000) -> tuple[Looked, ...]:
        rows = execute(tx, _LOOKED, {"use_case": use_case, "most": max(1, limit)})
        return tuple(
            Looked(Id(case), left, Part(part), known, answer, by)
            for case, left, part, known, answer, by in rows
        )

    def overdue(self, tx: Transaction, use_case: str, asked_before: datetime) -> int:
        count: int = execute(tx, _OVERDUE, {"use_case": use_case, "late": asked_before}).scalar_one()
        return count

    def asked_since(self, tx: Transaction, use_case: str, since: datetime, *, most: int) -> int:
        values = {"use_case": use_case, "since": since, "most": most}
        count: int = execute(tx, _ASKED_SINCE, values).scalar_one()
        return count

    def known(self, tx: Transaction, use_case: str, *, limit: int = 20) -> tuple[tuple[Id, str], ...]:
        rows = execute(tx, _KNOWN, {"use_case": use_case, "most": bounded(limit)})
        return tuple((Id(case), truth) for case, truth in rows)

    def share(self, tx: Transaction, use_case: str, since: datetime) -> float | None:
        found: float | None = execute(tx, _SHARE, {"use_case": use_case, "since": since}).scalar()
        return found

    def set_share(self, tx: Transaction, use_case: str, since: datetime, share: float) -> None:
        execute(tx, _SET_SHARE, {"use_case": use_case, "since": since, "share": share})


def _lost_race(tx: Transaction, case: str, expected: int) -> Conflict:
    """The conflict that names the winner."""
    now = execute(tx, _GET, {"case": case}).first()
    found = "is not stored" if now is None else f"was changed meanwhile: it is {now.state}"
    return Conflict(
        "RW-STORE-001",
        Problem(
            f"this spot check {found}, expected version {expected}",
            hint="look at it again, then decide",
        ),
    )


def _values(check: SpotCheck) -> dict[str, Any]:
    return {
        "case_id": check.case,
        "use_case": check.use_case,
        "release": check.release,
        "certificates": check.certificates,
        "kinds": check.kinds,
        "slice": check.slice,
        "q": check.q,
        "floor": check.floor,
        "rule": check.rule,
        "state": check.state.value,
        "version": check.version,
        "double": check.double,
        "judgement": check.judgement.value if check.judgement else "",
        "why": check.why,
        "closed_at": check.closed_at,
        "judged_at": check.judged_at,
    }


def _read(row: sa.Row[Any]) -> SpotCheck:
    return SpotCheck(
        case=row.case_id,
        use_case=row.use_case,
        release=row.release,
        certificates=row.certificates,
        kinds=row.kinds,
        slice=row.slice,
        q=row.q,
        floor=row.floor,
        rule=row.rule,
        state=CheckState(row.state),
        version=row.version,
        double=row.double,
        judgement=TrueOutcome(row.judgement) if row.judgement else None,
        why=row.why,
        closed_at=row.closed_at,
        judged_at=row.judged_at,
    )


def _answer_values(answer: SpotAnswer) -> dict[str, Any]:
    return {
        "review": answer.review,
        "case_id": answer.case,
        "use_case": answer.use_case,
        "part": answer.part.value,
        "known": answer.known,
        "planted_by": answer.planted_by,
        "answer": answer.answer,
        "answered_by": answer.answered_by,
        "void": answer.void,
        "asked_at": answer.asked_at,
        "answered_at": answer.answered_at,
    }


def _read_answer(row: sa.Row[Any]) -> SpotAnswer:
    return SpotAnswer(
        review=row.review,
        case=row.case_id,
        use_case=row.use_case,
        part=Part(row.part),
        known=row.known,
        planted_by=row.planted_by,
        answer=row.answer,
        answered_by=row.answered_by,
        void=row.void,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
    )
