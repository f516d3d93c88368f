"""The inbox: open reviews as people ask for them, and what is kept of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from roadworthy.adapters.sql import schema
from roadworthy.adapters.sql.page import bounded, page, seen
from roadworthy.adapters.sql.reviews import read_review
from roadworthy.adapters.sql.rows import COUNTED
from roadworthy.adapters.sql.transaction import execute
from roadworthy.casework.inbox import Absence
from roadworthy.casework.review import Review
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Page, Transaction
from roadworthy.ports.inbox import About, Look, QueueCount, Reminder, Wanted
from roadworthy.quantities import Id

_review, _skill, _absence, _look = schema.review, schema.reviewer_skill, schema.absence, schema.review_look
_initiator, _reminder = schema.case_initiator, schema.review_reminder
_case, _effect = schema.case_record, schema.effect
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_ABSENCES = 1_000

# Written out, not bound: a partial index serves only a query whose text shows that it applies.
_is_open = _review.c.state == sa.literal_column("'open'")
_nobody: sa.ColumnElement[str] = sa.literal_column("''")
_place = sa.tuple_(_review.c.rank, _review.c.due_at, _review.c.id)

_add_look = insert(_look)
_KEEP_LOOK = _add_look.on_conflict_do_update(
    index_elements=[_look.c.review, _look.c.principal],
    set_={
        column.name: _add_look.excluded[column.name]
        for column in _look.c
        if column.name not in {"review", "principal"}
    },
)
_ABOUT = (
    sa.select(_review.c.id, _case.c.key, _case.c.slice, _effect.c.tool)
    .join(_case, _case.c.id == _review.c.case_id)
    .outerjoin(_effect, _effect.c.id == _review.c.effect)
    .where(_review.c.id.in_(sa.bindparam("reviews", expanding=True)))
)
_ADD_SKILL = insert(_skill).on_conflict_do_nothing().execution_options(**COUNTED)
_DROP_SKILL = _skill.delete().where(
    _skill.c.principal == sa.bindparam("p"), _skill.c.skill == sa.bindparam("s")
)
_add_reminder = insert(_reminder)
_KEEP_REMINDER = _add_reminder.on_conflict_do_update(
    index_elements=[_reminder.c.principal],
    set_={
        column.name: _add_reminder.excluded[column.name]
        for column in _reminder.c
        if column.name != "principal"
    },
)
_CLAIM_REMINDER = _add_reminder.on_conflict_do_update(
    index_elements=[_reminder.c.principal],
    set_={"due_at": _add_reminder.excluded.due_at},
    where=_reminder.c.due_at <= sa.bindparam("now", type_=_reminder.c.due_at.type),
).execution_options(**COUNTED)
_NOTE_INITIATOR = insert(_initiator).on_conflict_do_nothing()


class SqlInbox:
    """The port ``Inbox``."""

    def list(
        self, tx: Transaction, wanted: Wanted, *, now: datetime, after: str = "", limit: int = 50
    ) -> Page[Review]:
        size = bounded(limit)
        query = sa.select(_review).where(_is_open, *_conditions(wanted, now))
        query = query.order_by(_review.c.rank, _review.c.due_at, _review.c.id).limit(size + 1)
        if after:
            rank, due_at, id_ = _seen(after)
            query = query.where(
                _place
                > sa.tuple_(
                    sa.literal(rank), sa.literal(due_at, type_=_review.c.due_at.type), sa.literal(id_)
                )
            )
        rows = [read_review(row) for row in execute(tx, query)]
        return page(rows, [_cursor_of(row) for row in rows], size)

    def counts(self, tx: Transaction, use_case: str = "", *, now: datetime) -> tuple[QueueCount, ...]:
        place = (_review.c.use_case, _review.c.queue, _review.c.role, _review.c.skill)

        def counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
            return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)

        query = sa.select(
            *place,
            sa.func.count(),
            counted(_review.c.due_at < now),
            counted(_is_held(now)),
            counted(_review.c.assignee != ""),
        ).where(_is_open)
        if use_case:
            query = query.where(_review.c.use_case == use_case)
        rows = execute(tx, query.group_by(*place).order_by(*place))
        return tuple(QueueCount(*row[:4], *(int(number) for number in row[4:])) for row in rows)

    def about(self, tx: Transaction, reviews: Sequence[str]) -> Mapping[str, About]:
        if not reviews:
            return {}
        rows = execute(tx, _ABOUT, {"reviews": list(reviews)})
        return {id_: About(key, slice_, tool or "") for id_, key, slice_, tool in rows}

    def skills(self, tx: Transaction) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for row in execute(tx, sa.select(_skill)):
            found[row.principal].add(row.skill)
        return {person: frozenset(skills) for person, skills in found.items()}

    def set_skill(self, tx: Transaction, principal: str, skill: str, *, has: bool) -> bool:
        if has:
            return execute(tx, _ADD_SKILL, {"principal": principal, "skill": skill}).rowcount == 1
        return execute(tx, _DROP_SKILL, {"p": principal, "s": skill}).rowcount == 1

    def add_absence(self, tx: Transaction, absence: Absence) -> None:
        execute(
            tx,
            sa.insert(_absence),
            {
                "id": absence.id,
                "principal": absence.principal,
                "deputy": absence.deputy,
                "starts_at": absence.starts_at,
                "ends_at": absence.ends_at,
                "noted_by": absence.noted_by,
            },
        )

    def absences(self, tx: Transaction, *, ending_after: datetime) -> tuple[Absence, ...]:
        query = sa.select(_absence).where(_absence.c.ends_at > ending_after)
        query = query.order_by(_absence.c.starts_at, _absence.c.id).limit(_MOST_ABSENCES)
        return tuple(_read_absence(row) for row in execute(tx, query))

    def drop_absence(self, tx: Transaction, absence: str) -> Absence | None:
        row = execute(tx, sa.select(_absence).where(_absence.c.id == absence)).first()
        if row is not None:
            execute(tx, _absence.delete().where(_absence.c.id == absence))
        return None if row is None else _read_absence(row)

    def look(self, tx: Transaction, review: str, principal: str) -> Look | None:
        query = sa.select(_look).where(_look.c.review == review, _look.c.principal == principal)
        row = execute(tx, query).first()
        return None if row is None else _read_look(row)

    def keep_look(self, tx: Transaction, look: Look) -> None:
        execute(
            tx,
            _KEEP_LOOK,
            {
                "review": look.review,
                "principal": look.principal,
                "use_case": look.use_case,
                "kind": look.kind,
                "began_at": look.began_at,
                "active_ms": look.active_ms,
                "own": look.own,
                "proposed": look.proposed,
                "verdict": look.verdict,
                "decided_at": look.decided_at,
            },
        )

    def looks(
        self, tx: Transaction, use_case: str, *, principal: str = "", since: datetime, limit: int = 5_000
    ) -> tuple[Look, ...]:
        query = sa.select(_look).where(_look.c.use_case == use_case, _look.c.decided_at >= since)
        if principal:
            query = query.where(_look.c.principal == principal)
        query = query.order_by(_look.c.decided_at.desc(), _look.c.review.desc()).limit(max(1, limit))
        return tuple(_read_look(row) for row in execute(tx, query))

    def reminders(self, tx: Transaction) -> Mapping[str, Reminder]:
        return {row.principal: Reminder(*row) for row in execute(tx, sa.select(_reminder))}

    def claim_reminder(self, tx: Transaction, person: str, *, now: datetime, until: datetime) -> bool:
        values = {"principal": person, "due_at": until, "sent_at": None, "attempts": 0, "problem": ""}
        return execute(tx, _CLAIM_REMINDER, {**values, "now": now}).rowcount == 1

    def keep_reminder(self, tx: Transaction, reminder: Reminder) -> None:
        execute(
            tx,
            _KEEP_REMINDER,
            {
                "principal": reminder.principal,
                "due_at": reminder.due_at,
                "sent_at": reminder.sent_at,
                "attempts": reminder.attempts,
                "problem": reminder.problem,
            },
        )

    def note_initiator(self, tx: Transaction, case: str, principal: str) -> None:
        execute(tx, _NOTE_INITIATOR, {"case_id": case, "principal": principal})

    def initiator(self, tx: Transaction, case: str) -> str:
        query = sa.select(_initiator.c.principal).where(_initiator.c.case_id == case)
        return execute(tx, query).scalar() or ""


def _is_held(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(_review.c.claimed_by != "", _review.c.claimed_until > now)


def _conditions(wanted: Wanted, now: datetime) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.use_case:
        found.append(_review.c.use_case == wanted.use_case)
    if wanted.queue is not None:
        found.append(_review.c.queue == wanted.queue)
    if wanted.people:
        people = sorted(wanted.people)
        claimed = sa.and_(_is_held(now), _review.c.claimed_by.in_(people))
        found.append(sa.or_(_review.c.claimed_by != _nobody, _review.c.assignee != _nobody))
        found.append(sa.or_(claimed, _review.c.assignee.in_(people)))
    if wanted.roles is not None:
        found.append(_review.c.role.in_(["", *sorted(wanted.roles)]))
        found.append(_review.c.skill.in_(["", *sorted(wanted.skills)]))
    if wanted.free_for is not None:
        mine = sorted(wanted.free_for)
        found.append(_review.c.assignee.in_(["", *mine]))
        found.append(
            sa.or_(
                sa.not_(_is_held(now)), _review.c.claimed_until.is_(None), _review.c.claimed_by.in_(mine)
            )
        )
    return found


def _cursor_of(review: Review) -> str:
    return f"{review.rank}/{(review.due_at - _EPOCH) // timedelta(microseconds=1)}/{review.id}"


def _seen(after: str) -> tuple[int, datetime, str]:
    """Errors: ``InputProblem`` RW-STORE-006 for a cursor of another list."""
    parts = seen(after).split("/")
    try:
        rank, micros, id_ = parts
        return int(rank), _EPOCH + timedelta(microseconds=int(micros)), id_
    except (ValueError, OverflowError):
        raise InputProblem(
            "RW-STORE-006",
            Problem("this is no cursor of a page", place="after", hint="begin again with the first page"),
        ) from None


def _read_absence(row: sa.Row[Any]) -> Absence:
    return Absence(row.id, row.principal, row.deputy, row.starts_at, row.ends_at, row.noted_by)


def _read_look(row: sa.Row[Any]) -> Look:
    return Look(
        Id(row.review),
        row.principal,
        row.use_case,
        row.kind,
        row.began_at,
        row.active_ms,
        row.own,
        row.proposed,
        row.verdict,
        row.decided_at,
    )
