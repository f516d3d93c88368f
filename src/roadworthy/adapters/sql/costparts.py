"""The sums of the cost books added up further, over everything that a question does not tell apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, Final

import sqlalchemy as sa

from roadworthy.adapters.sql import costdays as days
from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.costdays import Row, SettledDays, T, of_days
from roadworthy.adapters.sql.schema.costs import BOOKS, Book
from roadworthy.adapters.sql.transaction import execute
from roadworthy.business.costs.rows import CallUse, CaseCost, ReviewCount, StepCost, Work
from roadworthy.ports import Transaction
from roadworthy.quantities import Cost
from roadworthy.stage import SIMULATED, Stage
from roadworthy.usage import Ending, Tokens

_FIRST: Final = date(1970, 1, 1)
_NOTHING: Final = {"step": "", "release": "", "use_case": "", "task": "", "model": ""}
_TOKENS: Final = ("read", "written", "cached", "stored", "reasoning")
_COUNTED: Final = ("calls", "retries", "failed", "hits", "estimated", "unpriced", *_TOKENS, "part")
_WORK: Final = {"": Work.LIVE} | {work.value: work for work in Work}
_CASES_BY: Final = ("use_case", "work", "handled_by", "closed", "currency")
_NAMED: Final[sa.BindParameter[str]] = sa.bindparam("named", expanding=True, type_=sa.Text())
_REVIEWS_BY: Final = ("use_case", "work")


class SqlCostParts:
    """The port ``CostParts``."""

    def __init__(self) -> None:
        self._days = SettledDays()

    def steps(
        self,
        tx: Transaction,
        use_cases: Sequence[str],
        first: date,
        last: date,
        *,
        by: Collection[str],
        named: Collection[str] = (),
    ) -> tuple[StepCost, ...]:
        names = tuple(name for name in ("day", "use_case", "release", "work", "step") if name in by)
        only = tuple(sorted(named))

        def read(values: Mapping[str, object], settled: bool) -> Sequence[Row]:
            question = _of_steps(names, bool(only), settled)
            return _rows(tx, question, {**values, "named": list(only)} if only else values)

        def told(rows: Iterable[Row]) -> tuple[StepCost, ...]:
            return tuple(
                StepCost(
                    _date(row["day"], first), row["use_case"], row["release"], _WORK[row["work"]],
                    row["step"], row["calls"], row["attempts"], row["unpriced"],
                    Cost(row["nano"], row["currency"]), Cost(row["lost"], row["currency"]),
                )
                for row in _named(rows, (*names, "currency", *schema.cost_step.summed))
            )  # fmt: skip

        asked = _asked(use_cases, first, last)
        return self._together(
            tx, ("steps", names, only), asked, read, told, width=len(names) + 1, by_day="day" in by
        )

    def calls(
        self,
        tx: Transaction,
        use_cases: Sequence[str],
        first: date,
        last: date,
        *,
        by: Collection[str],
        of_steps: bool = True,
    ) -> tuple[CallUse, ...]:
        names = tuple(
            name for name in ("day", "use_case", "release", "work", "step", "task", "model") if name in by
        )

        def read(values: Mapping[str, object], settled: bool) -> Sequence[Row]:
            if of_steps:
                values = {**values, "named": list(execute(tx, _called(settled), values).scalars())}
            return _rows(tx, _of_calls(names, of_steps, settled), values)

        def told(rows: Iterable[Row]) -> tuple[CallUse, ...]:
            return tuple(
                CallUse(
                    _date(row["day"], first), row["use_case"], row["release"], _WORK[row["work"]],
                    row["step"], row["task"], row["model"], row["calls"], row["retries"], row["failed"],
                    row["hits"], row["estimated"], row["unpriced"], Tokens(*(row[name] for name in _TOKENS)),
                    Cost(row["part"]),
                )
                for row in _named(rows, (*names, *_COUNTED))
            )  # fmt: skip

        asked = _asked(use_cases, first, last)
        return self._together(
            tx, ("calls", names, of_steps), asked, read, told, width=len(names), by_day="day" in by
        )

    def cases(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date
    ) -> tuple[CaseCost, ...]:
        found = self._summed(tx, schema.cost_case, _CASES_BY, _asked(use_cases, first, last))
        return tuple(
            CaseCost(
                first, use_case, "", Work(work), "", handled_by, bool(closed), cases, Cost(nano, currency)
            )
            for use_case, work, handled_by, closed, currency, cases, nano in found
        )

    def reviews(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date
    ) -> tuple[ReviewCount, ...]:
        found = self._summed(tx, schema.cost_review, _REVIEWS_BY, _asked(use_cases, first, last))
        return tuple(
            ReviewCount(first, use_case, "", Work(work), "", number) for use_case, work, number in found
        )

    def _summed(self, tx: Transaction, book: Book, by: tuple[str, ...], asked: days.Asked) -> Sequence[Row]:
        def read(values: Mapping[str, object], settled: bool) -> Sequence[Row]:
            return _rows(tx, _plain(book.sums.name, by, settled), values)

        return self._days.together(
            tx, (book.sums.name, by), asked, read, partial(days.summed, width=len(by))
        )

    def _together(
        self,
        tx: Transaction,
        name: Hashable,
        asked: days.Asked,
        read: Callable[[Mapping[str, object], bool], Sequence[Row]],
        told: Callable[[Iterable[Row]], tuple[T, ...]],
        *,
        width: int,
        by_day: bool,
    ) -> tuple[T, ...]:
        """Rows that tell days apart are kept as they are told, all others as sums that something is added to."""
        if not by_day:
            return told(self._days.together(tx, name, asked, read, partial(days.summed, width=width)))
        return tuple(
            self._days.together(
                tx, name, asked, lambda values, settled: told(read(values, settled)), days.beside
            )
        )


def _rows(tx: Transaction, question: sa.Select[Any], values: Mapping[str, object]) -> Sequence[Row]:
    return [tuple(row) for row in execute(tx, question, values)]


def _named(rows: Iterable[Row], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    return ({"day": None, "work": "", **_NOTHING, **dict(zip(names, row, strict=True))} for row in rows)


def _sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """A sum of whole numbers is a decimal to Postgres, which adds decimals up many times slower."""
    return sa.cast(sa.func.sum(column), sa.BigInteger)


def _rows_of(book: Book, settled: bool) -> sa.Subquery:
    """The sums of settled days, or sums and changes of the others together."""
    tables = (book.sums,) if settled else (book.sums, book.changes)
    parts = [
        sa.select(*(table.c[name] for name in (*book.apart, *book.summed))).where(
            of_days(table, settled=settled)
        )
        for table in tables
    ]
    return parts[0].subquery() if settled else sa.union_all(*parts).subquery()


def _added(
    book: Book,
    by: Sequence[str],
    names: Sequence[str] = (),
    *,
    settled: bool,
    only: tuple[str, Any] | None = None,
) -> sa.Select[Any]:
    rows = _rows_of(book, settled)
    alike = [rows.c[name] for name in by]
    shown = [column.label(name) for column, name in zip(alike, names or by, strict=True)]
    # The first sum counts the rows behind: where there is none any more, nothing is told.
    if settled and len(by) == len(book.apart):
        found = sa.select(*shown, *(rows.c[name] for name in book.summed))
        found = found.where(rows.c[book.summed[0]] != 0)
    else:
        sums = [_sum(rows.c[name]).label(name) for name in book.summed]
        found = sa.select(*shown, *sums).group_by(*alike)
        found = found.having(sa.func.sum(rows.c[book.summed[0]]) != 0)
    return found if only is None else found.where(rows.c[only[0]].in_(only[1]))


@cache
def _plain(name: str, by: tuple[str, ...], settled: bool) -> sa.Select[Any]:
    book = next(one for one in BOOKS if one.sums.name == name)
    return _added(book, by, settled=settled)


@cache
def _of_steps(names: tuple[str, ...], named: bool, settled: bool) -> sa.Select[Any]:
    columns = ["name" if name == "step" else name for name in names]
    only = ("name", _NAMED) if named else None
    shown = [*names, "currency"]
    return _added(schema.cost_step, [*columns, "currency"], shown, settled=settled, only=only)


@cache
def _called(settled: bool) -> sa.Select[Any]:
    rows = _rows_of(schema.cost_call, settled)
    return sa.select(rows.c.step).where(rows.c.step != "").distinct()


@cache
def _of_calls(names: tuple[str, ...], of_steps: bool, settled: bool) -> sa.Select[Any]:
    """Calls by release and work as the books name them, each with its part of the cost of its step.

    Invariant: releases, work and parts are those of ``measure.calluse`` and ``business.costs.report.lines``.
    """
    told = _told(of_steps, settled)
    part: sa.ColumnElement[int] = told.c.cost
    source: sa.FromClause = told
    if of_steps:
        charged, source = _beside_steps(told, settled)
        left, free = charged.c.left_over, sa.case((told.c.step == "", told.c.cost))
        mine = sa.case((told.c.cost < left - told.c.before, told.c.cost), else_=left - told.c.before)
        part = sa.func.coalesce(free, sa.case((mine > 0, mine), else_=0), 0)
    alike = [told.c[name] for name in names]
    sums = [_sum(part if name == "part" else told.c[name]).label(name) for name in _COUNTED]
    found = sa.select(*alike, *sums).select_from(source).group_by(*alike)
    return found.having(sa.func.count() > 0)  # of nothing, no sum


def _told(of_steps: bool, settled: bool) -> sa.Subquery:
    """Each sum of calls as the books name it, and what the calls of its step before it cost."""
    book = schema.cost_call
    fine = _added(book, book.apart, settled=settled)
    if not of_steps:
        both = fine.selected_columns
        fine = fine.where(both.step == "")
    each, release = fine.subquery("fine"), schema.release
    paid = each.c.ending.in_([Ending.ANSWERED.value, Ending.LEFT.value])
    named = sa.func.coalesce(release.c.digest, each.c.version).label("release")
    work = sa.case(
        (each.c.stage.in_([Work.MIRROR.value, Work.EVALUATION.value]), each.c.stage),
        (each.c.stage == Stage.SHADOW.value, Work.SHADOW.value),
        (each.c.stage.in_(sorted(stage.value for stage in SIMULATED)), Work.PILOT.value),
        else_=Work.LIVE.value,
    ).label("work")

    def where(condition: sa.ColumnElement[bool], name: str) -> sa.ColumnElement[int]:
        return sa.case((condition, each.c.calls), else_=0).label(name)

    before = sa.func.coalesce(
        sa.func.sum(each.c.cost).over(
            partition_by=[each.c.day, each.c.use_case, named.element, work.element, each.c.step],
            order_by=[each.c[name] for name in ("version", "stage", "wire", "task", "model", "ending")],
            rows=(None, -1),
        ),
        0,
    ).label("before")
    more = each.c.attempts - each.c.calls
    number = sa.literal_column("'r'", sa.Text()) + sa.cast(release.c.number, sa.Text())
    return (
        sa.select(
            *(each.c[name] for name in ("day", "use_case", "step", "task", "model", "calls", "estimated", "cost")),
            *(each.c[name] for name in _TOKENS),
            named, work, sa.case((more > 0, more), else_=0).label("retries"),
            where(each.c.ending == Ending.FAILED.value, "failed"),
            where(each.c.ending == Ending.CACHED.value, "hits"),
            where(sa.and_(paid, each.c.cost == 0), "unpriced"), *([before] if of_steps else []),
        )
        .join_from(
            each, release, sa.and_(release.c.use_case == each.c.use_case, number == each.c.version), isouter=True
        )
        .subquery("told")
    )  # fmt: skip


def _beside_steps(told: sa.Subquery, settled: bool) -> tuple[sa.Subquery, sa.FromClause]:
    """What steps cost without their interrupted attempts, beside the calls of the same place."""
    book = schema.cost_step
    # Named beforehand: of all steps those of a few names ask models, and the key leads to them.
    fine = _added(book, book.apart, settled=settled, only=("name", _NAMED)).subquery("step_fine")
    alike = ("day", "use_case", "release", "work", "name")
    charged = (
        sa.select(*(fine.c[name] for name in alike), (fine.c.nano - fine.c.lost).label("left_over"))
        .where(fine.c.currency == sa.literal_column("'EUR'"))
        .subquery("charged")
    )
    same = [charged.c[name] == told.c["step" if name == "name" else name] for name in alike]
    return charged, told.outerjoin(charged, sa.and_(*same))


def _asked(use_cases: Sequence[str], first: date, last: date) -> days.Asked:
    return days.Asked(tuple(use_cases), (first - _FIRST).days, (last - _FIRST).days + 1)


def _date(days: int | None, first: date) -> date:
    return first if days is None else _FIRST + timedelta(days=int(days))
