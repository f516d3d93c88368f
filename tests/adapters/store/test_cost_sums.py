"""The books read from sums say what counting every row again says, whatever happened to the rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from roadworthy.adapters.sql import SqlStore
from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.adapters.sql.costsums import SqlSums
from roadworthy.adapters.sql.schema.costs import BOOKS
from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewState
from roadworthy.errors import Conflict
from roadworthy.quantities import Cost, digest, new_id
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import RELEASE, a_case, a_review, a_step, an_opening
from roadworthy.testing.conformance.metering import a_call
from roadworthy.usage import Ending

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
OTHER = digest(b"another release")
COUNTED, SUMMED = SqlCosts(), SqlSums()
NAMES = ("predict:intent", "call:books.look", "ask", "retrieve:manual")


def _told(store: SqlStore, costs: SqlCosts) -> list[object]:
    names = ["support", "desk"]
    with store.read() as tx:
        return [
            costs.steps(tx, names, START, END),
            costs.cases(tx, names, START, END),
            costs.reviews(tx, names, START, END),
        ]


def _fold(store: SqlStore) -> int:
    with store.write() as tx:
        return SUMMED.fold(tx)


class Life:
    """Cases, steps, reviews and calls to which things happen by lot."""

    def __init__(self, store: SqlStore, seed: int) -> None:
        self.store, self.lot = store, random.Random(seed)
        self.cases, self.reviews, self.number = [], [], 0

    def step(self) -> None:
        chosen: Callable[[], None] = self.lot.choice(
            [
                *(self.take_in, self.open, self.move) * 2,
                *(self.record,) * 3,
                *(self.ask, self.decide, self.undo, self.call, self.fold),
            ]
        )
        # What the store refuses (a step that was recorded before) leaves nothing behind.
        with suppress(Conflict):
            chosen()

    def at(self) -> datetime:
        return NOON + timedelta(hours=self.lot.randrange(0, 120))

    def take_in(self) -> None:
        self.number += 1
        at = self.at()
        twin = self.lot.choice(["", "", "", f"mirror:{RELEASE}:x", "eval:1:t", RELEASE])
        case = a_case(
            self.number,
            id=new_id(at, self.number.to_bytes(10)),
            key=f"K-{self.number}",
            twin=twin and f"{twin}-{self.number}",
            stage=self.lot.choice(list(Stage)),
            release=self.lot.choice([RELEASE, OTHER, ""]),
            slice=self.lot.choice(["de", "fr"]),
            created_at=at,
            updated_at=at,
        )
        with self.store.write() as tx:
            self.store.cases.add(tx, case)
            self.store.cases.add(tx, case)  # the same key again adds nothing
        self.cases.append(case)

    def _case(self):  # type: ignore[no-untyped-def]
        if not self.cases:
            self.take_in()
        return self.lot.randrange(len(self.cases))

    def open(self) -> None:
        case = self.cases[self._case()]
        opening = an_opening(
            self.lot.randrange(3), case=case.id, reserved=Cost(self.lot.randrange(9)), opened_at=self.at()
        )
        with self.store.write() as tx:
            self.store.cases.open_step(tx, opening)

    def record(self) -> None:
        case, ordinal = self.cases[self._case()], self.lot.randrange(3)
        step = a_step(
            ordinal,
            case=case.id,
            name=NAMES[ordinal],
            cost=Cost(self.lot.randrange(4)),
            recorded_at=self.at(),
        )
        with self.store.write() as tx:
            self.store.cases.record_step(tx, step)

    def move(self) -> None:
        place = self._case()
        case = self.cases[place]
        after = replace(
            case,
            version=case.version + 1,
            release=self.lot.choice([case.release, case.release, OTHER, ""]),
            stage=self.lot.choice([case.stage, Stage.CANARY]),
            state=self.lot.choice([State.WAITING, State.CLOSED]),
            handled_by=self.lot.choice(["", "automatic", "person"]),
            cost=Cost(self.lot.randrange(100)),
        )
        with self.store.write() as tx:
            self.store.cases.save(tx, after, expected=case.version)
        self.cases[place] = after

    def ask(self) -> None:
        self.number += 1
        at = self.at()
        review = a_review(
            self.number,
            id=new_id(at, (10_000 + self.number).to_bytes(10)),
            case=self.cases[self._case()].id,
            created_at=at,
            state=self.lot.choice([ReviewState.OPEN, ReviewState.DECIDED]),
        )
        with self.store.write() as tx:
            self.store.reviews.add(tx, review)
        self.reviews.append(review)

    def decide(self) -> None:
        self._answer(ReviewState.DECIDED)

    def undo(self) -> None:
        self._answer(ReviewState.OPEN)

    def _answer(self, state: ReviewState) -> None:
        if not self.reviews:
            return
        place = self.lot.randrange(len(self.reviews))
        before = self.reviews[place]
        after = replace(before, state=state, version=before.version + 1)
        with self.store.write() as tx:
            self.store.reviews.save(tx, after, expected=before.version)
        self.reviews[place] = after

    def call(self) -> None:
        calls = []
        for _ in range(self.lot.randrange(1, 5)):
            self.number += 1
            calls.append(
                a_call(
                    self.number,
                    at=self.at(),
                    model=self.lot.choice(["small", "large"]),
                    ending=self.lot.choice(list(Ending)),
                    cost=self.lot.randrange(50),
                    estimated=self.lot.random() < 0.3,
                    use_case=self.lot.choice(["support", "desk"]),
                )
            )
        with self.store.write() as tx:
            self.store.metering.record(tx, calls)

    def fold(self) -> None:
        _fold(self.store)


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_equal_to_a_recount_after_whatever_happened(sql_store: SqlStore, seed: int) -> None:
    life = Life(sql_store, seed)
    for _ in range(160):
        life.step()
    counted = _told(sql_store, COUNTED)
    assert all(counted)
    assert _told(sql_store, SUMMED) == counted
    while _fold(sql_store):
        pass
    assert _told(sql_store, SUMMED) == counted
    assert _fold(sql_store) == 0


def test_calls_of_whole_days_come_from_sums_and_are_the_same(sql_store: SqlStore) -> None:
    life = Life(sql_store, 7)
    for _ in range(12):
        life.call()
    moment = timedelta(microseconds=1)
    with sql_store.read() as tx:
        summed = sql_store.metering.totals(tx, ["support", "desk"], START, END)
        counted = sql_store.metering.totals(tx, ["support", "desk"], START, END - moment)
        assert sql_store.metering.totals(tx, [], START, END) == ()
        assert sql_store.metering.totals(tx, ["desk"], END, END + timedelta(days=9)) == ()
    assert summed == counted != ()
    _fold(sql_store)
    with sql_store.read() as tx:
        assert sql_store.metering.totals(tx, ["support", "desk"], START, END) == counted


def test_what_was_rolled_back_is_in_no_book(sql_store: SqlStore) -> None:
    class Stopped(Exception):
        pass

    def interrupted() -> None:
        with sql_store.write() as tx:
            sql_store.cases.add(tx, a_case(1, created_at=NOON, updated_at=NOON, id=new_id(NOON, bytes(10))))
            raise Stopped

    with pytest.raises(Stopped):
        interrupted()
    assert _told(sql_store, SUMMED) == [(), (), ()]


def test_a_database_from_before_the_sums_is_counted_once_and_followed_then(engine: sa.Engine) -> None:
    store = SqlStore(engine)
    life = Life(store, 11)
    for _ in range(60):
        life.step()
    counted = _told(store, COUNTED)
    # As if the sums had never been kept: what the migration does with a database that has rows already.
    from roadworthy.adapters.sql.schema.costtriggers import counted as filling

    with engine.begin() as connection:
        for book in BOOKS:
            connection.execute(sa.delete(book.sums))
            connection.execute(sa.delete(book.changes))
        for _, statement in filling():
            connection.exec_driver_sql(statement)
    assert _told(store, SUMMED) == counted
    life.move()
    assert _told(store, SUMMED) == _told(store, COUNTED)


def test_a_period_that_cuts_a_day_is_counted_from_the_rows(sql_store: SqlStore) -> None:
    life = Life(sql_store, 5)
    for _ in range(40):
        life.step()
    with sql_store.read() as tx:
        cut = (START, NOON)
        assert SUMMED.steps(tx, ["support"], *cut) == COUNTED.steps(tx, ["support"], *cut)
        assert SUMMED.cases(tx, ["support"], *cut) == COUNTED.cases(tx, ["support"], *cut)
        assert SUMMED.reviews(tx, ["support"], *cut) == COUNTED.reviews(tx, ["support"], *cut)
