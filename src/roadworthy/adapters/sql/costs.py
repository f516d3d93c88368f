"""The cost books, each answered by one grouped query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.transaction import execute
from roadworthy.business.costs.rows import (
    EVALUATION,
    MIRROR,
    CaseCost,
    ContextUse,
    EvaluationCost,
    OneCase,
    Repeats,
    ReviewCount,
    StepCost,
    Work,
)
from roadworthy.ports import Transaction
from roadworthy.ports.costs import MOST_CASES
from roadworthy.quantities import Cost, new_id
from roadworthy.stage import SIMULATED, Stage
from roadworthy.usage import Ending

_case, _step, _review = schema.case_record, schema.step, schema.review
_evaluation, _result, _spend = schema.evaluation, schema.evaluation_result, schema.spend
_call = schema.model_call

_DAY_US = 86_400_000_000
_FIRST = date(1970, 1, 1)
# An id carries the millisecond in which it was made, the row beside it a clock that was read a moment apart.
_APART = timedelta(hours=1)


def _day(column: sa.Column[Any]) -> sa.ColumnElement[int]:
    """Days since 1970 in UTC."""
    return sa.type_coerce(column, sa.BigInteger) // sa.literal_column(str(_DAY_US))


# Invariant: says of every case what `work_of` says of it.
_work = sa.case(
    # Not LIKE: SQLite's is blind to capitals.
    (sa.func.substr(_case.c.twin, 1, len(MIRROR)) == MIRROR, Work.MIRROR.value),
    (sa.func.substr(_case.c.twin, 1, len(EVALUATION)) == EVALUATION, Work.EVALUATION.value),
    (_case.c.release == "", Work.PEOPLE.value),
    (_case.c.stage == Stage.SHADOW.value, Work.SHADOW.value),
    (_case.c.stage.in_(sorted(stage.value for stage in SIMULATED)), Work.PILOT.value),
    else_=Work.LIVE.value,
)
_recorded = _step.c.result.is_not(None)
_open = _step.c.interrupted_nano + _step.c.reserved_nano
_all = sa.case((_recorded, _step.c.cost_nano), else_=_open)
_lost = sa.case((_recorded, _step.c.interrupted_nano), else_=_open)
_free = sa.case((sa.and_(_recorded, _step.c.cost_nano == 0), 1), else_=0)
_COMPUTES = ("predict:%", "retrieve:%", "call:%", "generate:%")
"""Steps at which something computes; the others wait for a person or hand an effect over."""
_computes = sa.or_(*(_step.c.name.like(kind) for kind in _COMPUTES))


def _of_steps() -> sa.Select[Any]:
    day, work = _day(_step.c.at).label("day"), _work.label("work")
    alike = (day, _case.c.use_case, _case.c.release, work, _step.c.name, _step.c.currency)
    return (
        sa.select(
            *alike,
            sa.func.count(), sa.func.sum(_step.c.attempts),
            sa.func.sum(sa.case((_computes, _free), else_=0)), sa.func.sum(_all), sa.func.sum(_lost),
        )
        .join_from(_step, _case, _case.c.id == _step.c.case_id)
        .where(
            _step.c.at >= sa.bindparam("start", type_=_step.c.at.type),
            _step.c.at < sa.bindparam("end", type_=_step.c.at.type),
            _case.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
        )
        .group_by(*alike)
        .order_by(*alike)
    )  # fmt: skip


def _taken_in(table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    """Rows made within the period: by their id, which an index has in order, and then exactly."""
    return (
        table.c.id >= sa.bindparam("first"),
        table.c.id < sa.bindparam("last"),
        table.c.created_at >= sa.bindparam("start", type_=table.c.created_at.type),
        table.c.created_at < sa.bindparam("end", type_=table.c.created_at.type),
    )


def _of_cases() -> sa.Select[Any]:
    day, work = _day(_case.c.created_at).label("day"), _work.label("work")
    closed = sa.case((_case.c.state == "closed", 1), else_=0).label("closed")
    alike = (
        day, _case.c.use_case, _case.c.release, work, _case.c.slice, _case.c.handled_by, closed,
        _case.c.cost_currency,
    )  # fmt: skip
    return (
        sa.select(*alike, sa.func.count(), sa.func.sum(_case.c.cost_nano))
        .where(*_taken_in(_case), _case.c.use_case.in_(sa.bindparam("use_cases", expanding=True)))
        .group_by(*alike)
        .order_by(*alike)
    )


def _of_reviews() -> sa.Select[Any]:
    day, work = _day(_review.c.created_at).label("day"), _work.label("work")
    alike = (day, _review.c.use_case, _case.c.release, work, _review.c.kind)
    return (
        sa.select(*alike, sa.func.count())
        .join_from(_review, _case, _case.c.id == _review.c.case_id)
        .where(
            *_taken_in(_review),
            _review.c.state == "decided",
            _review.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
        )
        .group_by(*alike)
        .order_by(*alike)
    )


def _of_evaluations() -> sa.Select[Any]:
    paid = sa.and_(~_result.c.reused, _evaluation.c.release == "")
    kept = sa.func.coalesce(_result.c.currency, "EUR")
    alike = (_evaluation.c.id, kept)
    return (
        sa.select(
            *alike,
            _evaluation.c.started_at, _evaluation.c.use_case, _evaluation.c.release, _evaluation.c.suite,
            _evaluation.c.body, _evaluation.c.finished_at, sa.func.count(_result.c.test),
            sa.func.coalesce(sa.func.sum(sa.case((paid, _result.c.cost_nano), else_=0)), 0),
        )
        .join_from(_evaluation, _result, _result.c.evaluation == _evaluation.c.id, isouter=True)
        .where(
            _evaluation.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
            _evaluation.c.id >= sa.bindparam("first"), _evaluation.c.id < sa.bindparam("last"),
            _evaluation.c.started_at >= sa.bindparam("start", type_=_evaluation.c.started_at.type),
            _evaluation.c.started_at < sa.bindparam("end", type_=_evaluation.c.started_at.type),
        )
        .group_by(
            *alike, _evaluation.c.started_at, _evaluation.c.use_case, _evaluation.c.release,
            _evaluation.c.suite, _evaluation.c.body, _evaluation.c.finished_at,
        )
        .order_by(*alike)
    )  # fmt: skip


_live = _work == Work.LIVE.value
_SINGLE = (
    sa.select(_case.c.created_at, _case.c.release, _case.c.slice, _case.c.cost_nano)
    .where(
        *_taken_in(_case), _case.c.use_case == sa.bindparam("use_case"), _live, _case.c.state == "closed"
    )
    .order_by(_case.c.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)


_begun = sa.func.min(_call.c.at)
_CALLED = (
    sa.select(_begun, sa.func.max(_call.c.version), sa.func.sum(_call.c.cost))
    .where(
        _call.c.use_case == sa.bindparam("use_case"),
        _call.c.at >= sa.bindparam("start", type_=_call.c.at.type),
        _call.c.at < sa.bindparam("end", type_=_call.c.at.type),
        _call.c.step == "",
        _call.c.case_reference != "",
        _call.c.stage.in_(sorted(stage.value for stage in Stage if stage not in SIMULATED)),
    )
    .group_by(_call.c.case_reference)
    .order_by(_begun.desc(), _call.c.case_reference)
    .limit(sa.bindparam("most", type_=sa.Integer))
)


def _of_repeats() -> sa.Select[Any]:
    own = _step.c.cost_nano - _step.c.interrupted_nano
    equal = (_case.c.release, _step.c.name, _step.c.currency, _step.c.arguments)
    alike = (
        sa.select(
            *equal[:3], sa.func.count().label("calls"), sa.func.sum(own).label("nano"), sa.func.max(own).label("first")
        )
        .join_from(_step, _case, _case.c.id == _step.c.case_id)
        .where(
            _step.c.at >= sa.bindparam("start", type_=_step.c.at.type),
            _step.c.at < sa.bindparam("end", type_=_step.c.at.type),
            _case.c.use_case == sa.bindparam("use_case"),
            _live,
            _recorded,
            _computes,
        )
        .group_by(*equal)
        .subquery()
    )  # fmt: skip
    by = (alike.c.release, alike.c.name, alike.c.currency)
    return (
        sa.select(
            *by,
            sa.func.sum(alike.c.calls),
            sa.func.sum(alike.c.calls - 1),
            sa.func.sum(alike.c.nano - alike.c.first),
        )
        .group_by(*by)
        .order_by(*by)
    )


def _of_contexts() -> sa.Select[Any]:
    """The median of tokens read is the lower of the two in the middle, by rank."""
    alike = ("use_case", "version", "step", "task", "model")
    of = [_call.c[name] for name in alike]
    ranked = (
        sa.select(
            *of, _call.c.read, _call.c.cached, _call.c.written,
            sa.func.row_number().over(partition_by=of, order_by=_call.c.read).label("place"),
            sa.func.count().over(partition_by=of).label("number"),
        )
        .where(
            _call.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
            _call.c.at >= sa.bindparam("start", type_=_call.c.at.type),
            _call.c.at < sa.bindparam("end", type_=_call.c.at.type),
            _call.c.ending.in_([Ending.ANSWERED.value, Ending.LEFT.value]),
            # A rehearsed case's calls name what it is run for in place of a stage.
            _call.c.stage.in_(sorted(stage.value for stage in Stage if stage not in SIMULATED)),
            ~_call.c.estimated,
            _call.c.wire != "embeddings",
        )
        .subquery("ranked")
    )  # fmt: skip
    by = [ranked.c[name] for name in alike]
    middle = (ranked.c.number + 1) // 2
    median = (
        sa.select(
            *by, ranked.c.read, ranked.c.cached, ranked.c.written,
            sa.func.max(sa.case((ranked.c.place == middle, ranked.c.read))).over(partition_by=by).label("typical"),
        )
        .subquery("median")
    )  # fmt: skip
    each = [median.c[name] for name in (*alike, "typical")]
    over = sa.case((median.c.read > median.c.typical, median.c.read - median.c.typical), else_=0)
    return (
        sa.select(
            *each, sa.func.count(), sa.func.sum(median.c.read), sa.func.sum(median.c.cached),
            sa.func.sum(median.c.written), sa.func.min(median.c.read), sa.func.sum(over),
        )
        .group_by(*each)
        .order_by(*each)
    )  # fmt: skip


_CONTEXTS = _of_contexts()
_STEPS, _CASES, _REVIEWS = _of_steps(), _of_cases(), _of_reviews()
_EVALUATIONS, _REPEATS = _of_evaluations(), _of_repeats()
_COUNTED = sa.select(_spend.c.minor).where(
    _spend.c.use_case == sa.bindparam("use_case"),
    _spend.c.tool == "usage",
    _spend.c.day == sa.bindparam("month"),
)


class SqlCosts:
    """The port ``Costs``, counted from the rows themselves."""

    def steps(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[StepCost, ...]:
        rows = execute(tx, _STEPS, {"use_cases": list(use_cases), "start": start, "end": end})
        return tuple(
            StepCost(
                _date(day), use_case, release, Work(work), name, calls, int(attempts), int(unpriced),
                Cost(int(nano), currency), Cost(int(lost), currency),
            )
            for day, use_case, release, work, name, currency, calls, attempts, unpriced, nano, lost in rows
        )  # fmt: skip

    def cases(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[CaseCost, ...]:
        rows = execute(tx, _CASES, {"use_cases": list(use_cases), **_period(start, end)})
        return tuple(
            CaseCost(
                _date(day), use_case, release, Work(work), slice_, handled_by, bool(closed), cases,
                Cost(int(nano), currency),
            )
            for day, use_case, release, work, slice_, handled_by, closed, currency, cases, nano in rows
        )  # fmt: skip

    def reviews(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[ReviewCount, ...]:
        rows = execute(tx, _REVIEWS, {"use_cases": list(use_cases), **_period(start, end)})
        return tuple(
            ReviewCount(_date(day), use_case, release, Work(work), kind, reviews)
            for day, use_case, release, work, kind, reviews in rows
        )

    def evaluations(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[EvaluationCost, ...]:
        rows = execute(tx, _EVALUATIONS, {"use_cases": list(use_cases), **_period(start, end)})
        return tuple(
            EvaluationCost(
                started_at.date(), use_case, release, suite, results, Cost(int(nano), currency),
                None if finished_at is None else grades_cost(body, currency),
            )
            for _, currency, started_at, use_case, release, suite, body, finished_at, results, nano in rows
        )  # fmt: skip

    def single(
        self, tx: Transaction, use_case: str, start: datetime, end: datetime, *, most: int = MOST_CASES
    ) -> tuple[OneCase, ...]:
        values = {"use_case": use_case, "most": max(1, min(most, MOST_CASES)), **_period(start, end)}
        return tuple(
            OneCase(created_at.date(), release, slice_, nano)
            for created_at, release, slice_, nano in execute(tx, _SINGLE, values)
        )

    def called(
        self, tx: Transaction, use_case: str, start: datetime, end: datetime, *, most: int = MOST_CASES
    ) -> tuple[OneCase, ...]:
        values = {"use_case": use_case, "start": start, "end": end, "most": max(1, min(most, MOST_CASES))}
        return tuple(
            OneCase(begun.date(), version, "", int(nano))
            for begun, version, nano in execute(tx, _CALLED, values)
        )

    def repeats(
        self, tx: Transaction, use_case: str, start: datetime, end: datetime
    ) -> tuple[Repeats, ...]:
        rows = execute(tx, _REPEATS, {"use_case": use_case, "start": start, "end": end})
        return tuple(
            Repeats(use_case, release, name, int(calls), int(repeated), Cost(int(nano), currency))
            for release, name, currency, calls, repeated, nano in rows
        )

    def contexts(
        self, tx: Transaction, use_cases: Sequence[str], start: datetime, end: datetime
    ) -> tuple[ContextUse, ...]:
        rows = execute(tx, _CONTEXTS, {"use_cases": list(use_cases), "start": start, "end": end})
        return tuple(
            ContextUse(
                use_case, release, step, task, model, int(calls), int(read), int(cached), int(written),
                int(least), int(typical), int(over),
            )
            for use_case, release, step, task, model, typical, calls, read, cached, written, least, over in rows
        )  # fmt: skip

    def counted(self, tx: Transaction, use_case: str, month: date) -> int:
        values = {"use_case": use_case, "month": month.replace(day=1).isoformat()}
        return int(execute(tx, _COUNTED, values).scalar() or 0)

    def fold(self, tx: Transaction) -> int:
        return 0


def grades_cost(body: Mapping[str, Any], currency: str) -> Cost:
    """What the grades of a finished evaluation cost, by its record."""
    told = body.get("summary", {}).get("grades_cost", [])
    costs = [Cost.parse(one) for one in told]
    return sum((one for one in costs if one.currency == currency), start=Cost(0, currency))


def _period(start: datetime, end: datetime) -> dict[str, object]:
    return {
        "start": start,
        "end": end,
        "first": new_id(start - _APART, bytes(10)),
        "last": new_id(end + _APART, bytes(10)),
    }


def _date(days: int) -> date:
    return _FIRST + timedelta(days=int(days))
