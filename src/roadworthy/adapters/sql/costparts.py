"""The sums of the cost books added up further, over everything that a question does not tell apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.schema.costs import Book
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
_CASES_BY: Final = ("use_case", "work", "handled_by", "closed", "currency")
_REVIEWS_BY: Final = ("use_case", "work")


class SqlCostParts:
    """The port ``CostParts``."""

    def steps(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date, *, by: Collection[str]
    ) -> tuple[StepCost, ...]:
        rows = execute(tx, _of_steps(frozenset(by)), _asked(use_cases, first, last))
        return tuple(
            StepCost(
                _date(row["day"], first), row["use_case"], row["release"], Work(row["work"] or Work.LIVE),
                row["step"], int(row["calls"]), int(row["attempts"]), int(row["unpriced"]),
                Cost(int(row["nano"]), row["currency"]), Cost(int(row["lost"]), row["currency"]),
            )
            for row in ({"day": None, "work": "", **_NOTHING, **one} for one in rows.mappings())
        )  # fmt: skip

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
        rows = execute(tx, _of_calls(frozenset(by), of_steps), _asked(use_cases, first, last))
        return tuple(
            CallUse(
                _date(row["day"], first), row["use_case"], row["release"], Work(row["work"] or Work.LIVE),
                row["step"], row["task"], row["model"], *(int(row[name]) for name in _COUNTED[:6]),
                Tokens(*(int(row[name]) for name in _TOKENS)), Cost(int(row["part"])),
            )
            for row in ({"day": None, "work": "", **_NOTHING, **one} for one in rows.mappings())
        )  # fmt: skip

    def cases(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date
    ) -> tuple[CaseCost, ...]:
        return tuple(
            CaseCost(
                first, row.use_case, "", Work(row.work), "", row.handled_by, bool(row.closed),
                int(row.cases), Cost(int(row.nano), row.currency),
            )
            for row in execute(tx, _CASES, _asked(use_cases, first, last))
        )  # fmt: skip

    def reviews(
        self, tx: Transaction, use_cases: Sequence[str], first: date, last: date
    ) -> tuple[ReviewCount, ...]:
        return tuple(
            ReviewCount(first, row.use_case, "", Work(row.work), "", int(row.reviews))
            for row in execute(tx, _REVIEWS, _asked(use_cases, first, last))
        )


def _both(book: Book) -> sa.Subquery:
    """Sums and changes of a period together."""
    parts = [
        sa.select(*(table.c[name] for name in (*book.apart, *book.summed))).where(
            table.c.use_case.in_(sa.bindparam("use_cases", expanding=True)),
            table.c.day >= sa.bindparam("first"),
            table.c.day < sa.bindparam("after"),
        )
        for table in (book.sums, book.changes)
    ]
    return sa.union_all(*parts).subquery()


def _added(book: Book, by: Sequence[str], names: Sequence[str] = ()) -> sa.Select[Any]:
    both = _both(book)
    alike = [both.c[name] for name in by]
    shown = [column.label(name) for column, name in zip(alike, names or by, strict=True)]
    sums = [sa.func.sum(both.c[name]).label(name) for name in book.summed]
    # The first sum counts the rows behind: where there is none any more, nothing is told.
    return sa.select(*shown, *sums).group_by(*alike).having(sa.func.sum(both.c[book.summed[0]]) != 0)


@lru_cache(maxsize=32)
def _of_steps(by: frozenset[str]) -> sa.Select[Any]:
    names = [name for name in ("day", "use_case", "release", "work", "step") if name in by]
    columns = ["name" if name == "step" else name for name in names]
    return _added(schema.cost_step, [*columns, "currency"], [*names, "currency"])


_CASES = _added(schema.cost_case, _CASES_BY)
_REVIEWS = _added(schema.cost_review, _REVIEWS_BY)


@lru_cache(maxsize=32)
def _of_calls(by: frozenset[str], of_steps: bool) -> sa.Select[Any]:
    """Calls by release and work as the books name them, each with its part of the cost of its step.

    Invariant: releases, work and parts are those of ``measure.calluse`` and ``business.costs.report.lines``.
    """
    told = _told(of_steps)
    part: sa.ColumnElement[int] = told.c.cost
    source: sa.FromClause = told
    if of_steps:
        charged, source = _beside_steps(told)
        left, free = charged.c.left_over, sa.case((told.c.step == "", told.c.cost))
        mine = sa.case((told.c.cost < left - told.c.before, told.c.cost), else_=left - told.c.before)
        part = sa.func.coalesce(free, sa.case((mine > 0, mine), else_=0), 0)
    names = [name for name in ("day", "use_case", "release", "work", "step", "task", "model") if name in by]
    alike = [told.c[name] for name in names]
    sums = [sa.func.sum(part if name == "part" else told.c[name]).label(name) for name in _COUNTED]
    return sa.select(*alike, *sums).select_from(source).group_by(*alike)


def _told(of_steps: bool) -> sa.Subquery:
    """Each sum of calls as the books name it, and what the calls of its step before it cost."""
    book = schema.cost_call
    fine = _added(book, book.apart)
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


def _beside_steps(told: sa.Subquery) -> tuple[sa.Subquery, sa.FromClause]:
    """What steps cost without their interrupted attempts, beside the calls of the same place."""
    book = schema.cost_step
    fine = _added(book, book.apart).subquery("step_fine")
    alike = ("day", "use_case", "release", "work", "name")
    charged = (
        sa.select(*(fine.c[name] for name in alike), (fine.c.nano - fine.c.lost).label("left_over"))
        .where(fine.c.currency == sa.literal_column("'EUR'"))
        .subquery("charged")
    )
    same = [charged.c[name] == told.c["step" if name == "name" else name] for name in alike]
    return charged, told.outerjoin(charged, sa.and_(*same))


def _asked(use_cases: Sequence[str], first: date, last: date) -> dict[str, object]:
    after = last + timedelta(days=1)
    return {"use_cases": list(use_cases), "first": (first - _FIRST).days, "after": (after - _FIRST).days}


def _date(days: int | None, first: date) -> date:
    return first if days is None else _FIRST + timedelta(days=int(days))
