"""Cases, their steps, rejects, outcomes and ratings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler renders its clauses the same

from roadworthy.adapters.sql import journal, schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.rows import COUNTED, lost_race, replace_version
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import Outcome, TrueOutcome
from roadworthy.casework.journal import Opening, Step
from roadworthy.casework.rating import Rating
from roadworthy.ports import Page, Reject, Transaction
from roadworthy.quantities import Cost
from roadworthy.stage import Stage

_case = schema.case_record
_reject = schema.reject
_outcome = schema.outcome
_rating = schema.rating
_standing = schema.case_standing
_flag = schema.case_flag

_ADD = (
    insert(_case)
    .on_conflict_do_nothing(index_elements=[_case.c.use_case, _case.c.key, _case.c.twin])
    .execution_options(**COUNTED)
)
_GET = sa.select(_case).where(_case.c.id == sa.bindparam("id"))
_BY_KEY = sa.select(_case).where(
    _case.c.use_case == sa.bindparam("use_case"),
    _case.c.key == sa.bindparam("key"),
    _case.c.twin == sa.bindparam("twin"),
)
_BY_KEYS = sa.select(_case).where(
    _case.c.use_case == sa.bindparam("use_case"),
    _case.c.key.in_(sa.bindparam("keys", expanding=True)),
    _case.c.twin == "",
)
_TWINS = (
    sa.select(_case)
    .where(_case.c.use_case == sa.bindparam("use_case"), _case.c.key == sa.bindparam("key"))
    .order_by(_case.c.twin)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SAVE = replace_version(_case)
_REJECT = sa.insert(_reject)
_ADD_OUTCOME = (
    insert(_outcome)
    .on_conflict_do_nothing(index_elements=[_outcome.c.case_id, _outcome.c.source])
    .execution_options(**COUNTED)
)
_OUTCOMES = sa.select(_outcome).where(_outcome.c.case_id == sa.bindparam("case")).order_by(_outcome.c.id)
_made_rating = insert(_rating)
_RATE = _made_rating.on_conflict_do_update(
    index_elements=[_rating.c.case_id, _rating.c.principal],
    set_={"stars": _made_rating.excluded.stars, "at": _made_rating.excluded.at},
)
_RATINGS = (
    sa.select(_rating.c.case_id, _rating.c.use_case, _rating.c.stars, _rating.c.principal, _rating.c.at)
    .where(_rating.c.case_id.in_(sa.bindparam("cases", expanding=True)))
    .order_by(_rating.c.case_id, _rating.c.principal)
)
_verdict = (
    sa.select(
        _case.c.stage,
        sa.func.max(sa.case((_outcome.c.judgement == str(TrueOutcome.WRONG), 1), else_=0)).label("wrong"),
    )
    .join(_outcome, _outcome.c.case_id == _case.c.id)
    .where(
        _case.c.use_case == sa.bindparam("use_case"),
        _case.c.release == sa.bindparam("release"),
        _case.c.handled_by == "automatic",
    )
    .group_by(_case.c.id, _case.c.stage)
    .subquery()
)
_JUDGED = sa.select(_verdict.c.stage, sa.func.count(), sa.func.sum(_verdict.c.wrong)).group_by(
    _verdict.c.stage
)


class SqlCases:
    """The port ``Cases``."""

    def add(self, tx: Transaction, case: CaseRecord) -> bool:
        return execute(tx, _ADD, _values(case)).rowcount == 1

    def get(self, tx: Transaction, case: str) -> CaseRecord | None:
        row = execute(tx, _GET, {"id": case}).first()
        return None if row is None else read_case(row)

    def by_key(self, tx: Transaction, use_case: str, key: str, *, twin: str = "") -> CaseRecord | None:
        row = execute(tx, _BY_KEY, {"use_case": use_case, "key": key, "twin": twin}).first()
        return None if row is None else read_case(row)

    def by_keys(self, tx: Transaction, use_case: str, keys: Collection[str]) -> dict[str, CaseRecord]:
        wanted = {"use_case": use_case, "keys": sorted(set(keys))}
        return {row.key: read_case(row) for row in execute(tx, _BY_KEYS, wanted)} if keys else {}

    def save(self, tx: Transaction, case: CaseRecord, *, expected: int) -> None:
        values = {**_values(case), "row_id": case.id, "expected": expected}
        if execute(tx, _SAVE, values).rowcount != 1:
            raise lost_race(tx, _case, case.id, what="case", expected=expected)

    def list(
        self,
        tx: Transaction,
        use_case: str,
        *,
        state: State | None = None,
        stage: Stage | None = None,
        release: str = "",
        twin: str | None = None,
        key_starts: str = "",
        flagged: bool = False,
        after: str = "",
        limit: int = 50,
    ) -> Page[CaseRecord]:
        size = bounded(limit)
        query = sa.select(_case).order_by(_case.c.id.desc()).limit(size + 1)
        query = query.where(*_filters(use_case, state, stage, release, flagged))
        if twin is not None:
            query = query.where(_case.c.twin == twin)
        if key_starts:
            query = query.where(_case.c.key.startswith(key_starts, autoescape=True))
        if after:
            query = query.where(_case.c.id < seen(after))
        rows = [read_case(row) for row in execute(tx, query)]
        return page(rows, [case.id for case in rows], size)

    def beside(
        self,
        tx: Transaction,
        case: str,
        use_case: str,
        *,
        state: State | None = None,
        stage: Stage | None = None,
        release: str = "",
        flagged: bool = False,
    ) -> tuple[str, str]:
        alike = sa.select(_case.c.id).where(*_filters(use_case, state, stage, release, flagged)).limit(1)
        newer = alike.where(_case.c.id > case).order_by(_case.c.id)
        older = alike.where(_case.c.id < case).order_by(_case.c.id.desc())
        return execute(tx, newer).scalar() or "", execute(tx, older).scalar() or ""

    def twins(self, tx: Transaction, use_case: str, key: str, *, limit: int = 50) -> tuple[CaseRecord, ...]:
        rows = execute(tx, _TWINS, {"use_case": use_case, "key": key, "most": bounded(limit)})
        return tuple(read_case(row) for row in rows)

    def counts(
        self, tx: Transaction, use_case: str, *, release: str = ""
    ) -> Mapping[tuple[str, str, str], int]:
        kinds = (_standing.c.stage, _standing.c.state, _standing.c.handled_by)
        number = sa.func.sum(_standing.c.cases)
        query = sa.select(*kinds, number).group_by(*kinds).having(number != 0)
        if use_case:
            query = query.where(_standing.c.use_case == use_case)
        if release:
            query = query.where(_standing.c.release == release)
        rows = execute(tx, query)
        return {(stage, state, handled_by): int(count) for stage, state, handled_by, count in rows}

    def reject(self, tx: Transaction, reject: Reject) -> None:
        execute(
            tx,
            _REJECT,
            {
                "id": reject.id,
                "use_case": reject.use_case,
                "key": reject.key,
                "input": reject.input,
                "problems": reject.problems,
                "at": reject.at,
            },
        )

    def rejects(self, tx: Transaction, use_case: str, *, after: str = "", limit: int = 50) -> Page[Reject]:
        size = bounded(limit)
        query = sa.select(_reject).order_by(_reject.c.id.desc()).limit(size + 1)
        if use_case:
            query = query.where(_reject.c.use_case == use_case)
        if after:
            query = query.where(_reject.c.id < seen(after))
        rows = [Reject(**row._mapping) for row in execute(tx, query)]
        return page(rows, [one.id for one in rows], size)

    def steps(self, tx: Transaction, case: str, *, run: int) -> tuple[Step, ...]:
        return journal.steps(tx, case, run)

    def open_step(self, tx: Transaction, opening: Opening) -> None:
        """Errors: ``Conflict`` RW-STORE-001 if a result stands there already."""
        journal.open_step(tx, opening)

    def bill_attempt(self, tx: Transaction, opening: Opening) -> None:
        journal.bill_attempt(tx, opening)

    def record_step(self, tx: Transaction, step: Step) -> None:
        journal.record_step(tx, step)

    def spent(self, tx: Transaction, case: str) -> Cost:
        return journal.spent(tx, case)

    def add_outcome(self, tx: Transaction, outcome: Outcome) -> bool:
        values = {
            "id": outcome.id,
            "case_id": outcome.case,
            "use_case": outcome.use_case,
            "truth": outcome.truth,
            "judgement": outcome.judgement.value,
            "source": outcome.source,
            "principal": outcome.principal,
            "at": outcome.at,
        }
        return execute(tx, _ADD_OUTCOME, values).rowcount == 1

    def outcomes(self, tx: Transaction, case: str) -> tuple[Outcome, ...]:
        """Oldest first."""
        return tuple(
            Outcome(id_, case_id, use_case, truth, TrueOutcome(judgement), source, principal, at)
            for id_, case_id, use_case, truth, judgement, source, principal, at in execute(
                tx, _OUTCOMES, {"case": case}
            )
        )

    def rate(self, tx: Transaction, rating: Rating) -> None:
        values = {
            "case_id": rating.case,
            "principal": rating.principal,
            "use_case": rating.use_case,
            "stars": rating.stars,
            "at": rating.at,
        }
        execute(tx, _RATE, values)

    def ratings(self, tx: Transaction, cases: Sequence[str]) -> tuple[Rating, ...]:
        """By case, then by who rated."""
        if not cases:
            return ()
        return tuple(Rating(*row) for row in execute(tx, _RATINGS, {"cases": list(cases)}))

    def judged(self, tx: Transaction, use_case: str, *, release: str) -> Mapping[str, tuple[int, int]]:
        """A case counts once, and as wrong if any source says so."""
        rows = execute(tx, _JUDGED, {"use_case": use_case, "release": release})
        return {stage: (count, int(wrong)) for stage, count, wrong in rows}


def _filters(
    use_case: str, state: State | None, stage: Stage | None, release: str, flagged: bool
) -> list[sa.ColumnElement[bool]]:
    wanted = {"use_case": use_case, "state": state, "stage": stage, "release": release}
    found = [_case.c[name] == value for name, value in wanted.items() if value]
    if flagged:
        of = sa.select(_flag.c.case_id)
        found.append(_case.c.id.in_(of.where(_flag.c.use_case == use_case) if use_case else of))
    return found


def _values(case: CaseRecord) -> dict[str, Any]:
    return {
        "id": case.id,
        "use_case": case.use_case,
        "key": case.key,
        "twin": case.twin,
        "subject": case.subject,
        "input": case.input,
        "release": case.release,
        "stage": case.stage.value,
        "probability": case.probability,
        "state": case.state.value,
        "version": case.version,
        "run": case.run,
        "segment": case.segment,
        "handled_by": case.handled_by,
        "confidence": case.confidence,
        "answer": case.answer,
        "reason": case.reason,
        "slice": case.slice,
        "cost_nano": case.cost.nano,
        "cost_currency": case.cost.currency,
        "created_at": case.created_at,
        "updated_at": case.updated_at,
    }


def read_case(row: sa.Row[Any]) -> CaseRecord:
    """A row as its case."""
    return CaseRecord(
        id=row.id,
        use_case=row.use_case,
        key=row.key,
        twin=row.twin,
        subject=row.subject,
        input=row.input,
        release=row.release,
        stage=Stage(row.stage),
        probability=row.probability,
        state=State(row.state),
        version=row.version,
        run=row.run,
        segment=row.segment,
        handled_by=row.handled_by,
        confidence=row.confidence,
        answer=row.answer,
        reason=row.reason,
        slice=row.slice,
        cost=Cost(row.cost_nano, row.cost_currency),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
