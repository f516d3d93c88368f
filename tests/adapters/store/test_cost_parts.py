"""The books added up by the database for pages say what the lines of every day say when they are added up."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from roadworthy.adapters.sql import SqlStore
from roadworthy.adapters.sql.costparts import SqlCostParts
from roadworthy.adapters.sql.costsums import SqlSums
from roadworthy.business.costs.report import BY, Line, ModelPrice, Rates, lines, per_case, unpriced
from roadworthy.measure.calluse import call_uses
from roadworthy.measure.costparts import by_day
from roadworthy.measure.costs import Books
from roadworthy.quantities import Cost, new_id
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import (
    a_case,
    a_release,
    a_review,
    a_step,
    an_archive,
    an_opening,
)
from roadworthy.testing.conformance.metering import a_call
from roadworthy.usage import Ending, Price

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
NAMES = ["support", "desk"]
STEPS = ("predict:intent", "generate:answer", "call:books.look")
PARTS, SUMS = SqlCostParts(), SqlSums()
_RELEASE = a_release()


def _rates(name: str) -> Rates:
    price = ModelPrice(Price(1, 2), "p1")
    return Rates(
        name,
        "desk",
        Cost(5),
        Cost(100),
        Cost(7),
        10,
        {(_RELEASE.digest, "predict:intent"): "large-v1"},
        {(_RELEASE.digest, "large"): "large-v1"},
        {(_RELEASE.digest, "large"): price},
    )


RATES = {name: _rates(name) for name in NAMES}
FREE = {(_RELEASE.digest, "predict:intent"): "large-v1"}


def _fill(store: SqlStore, lot: random.Random, numbers: range) -> None:
    """Calls that cost less than their step, more than it, and calls whose step is of another day or of none."""
    for number in numbers:
        at = NOON + timedelta(hours=lot.randrange(80))
        case = a_case(
            number, id=new_id(at, number.to_bytes(10)), key=f"K-{number}", created_at=at, updated_at=at,
            release=_RELEASE.digest, stage=lot.choice(list(Stage)), twin=lot.choice(["", "", f"mirror:{number}"]),
            handled_by=lot.choice(["automatic", "person"]), cost=Cost(lot.randrange(90)),
        )  # fmt: skip
        review = a_review(number, id=new_id(at, (900 + number).to_bytes(10)), case=case.id, created_at=at)
        with store.write() as tx:
            store.cases.add(tx, case)
            store.reviews.add(tx, review)
            for ordinal, name in enumerate(STEPS):
                opening = an_opening(
                    ordinal, case=case.id, name=name, reserved=Cost(lot.randrange(9)), opened_at=at
                )
                store.cases.open_step(tx, opening)
                if lot.random() < 0.8:
                    cost = Cost(lot.randrange(40))
                    store.cases.record_step(
                        tx, a_step(ordinal, case=case.id, name=name, cost=cost, recorded_at=at)
                    )
            store.metering.record(
                tx,
                [
                    a_call(
                        number * 10 + extra,
                        at=at + timedelta(hours=lot.choice([0, 0, 24])),
                        use_case=lot.choice(["support", "support", "desk"]),
                        version=lot.choice([_RELEASE.digest, _RELEASE.name, "r77"]),
                        stage=lot.choice([*(stage.value for stage in Stage), "mirror", "elsewhere"]),
                        step=lot.choice(["", *STEPS]),
                        model=lot.choice(["small", "large"]),
                        ending=lot.choice(list(Ending)),
                        cost=lot.choice([0, lot.randrange(30)]),
                        estimated=lot.random() < 0.3,
                    )
                    for extra in range(lot.randrange(1, 8))
                ],
            )


def _key(line: Line) -> tuple[Any, ...]:
    return tuple(getattr(line, name) for name in BY)


@pytest.mark.parametrize("seed", range(2))
def test_sums_of_the_database_are_those_of_the_lines_of_every_day(sql_store: SqlStore, seed: int) -> None:
    lot = random.Random(seed)
    _fill(sql_store, lot, range(30))
    _compare(sql_store)
    with sql_store.write() as tx:
        SUMS.fold(tx)
    _compare(sql_store)
    # A release that calls named before it was there, and more work on days that were settled.
    with sql_store.write() as tx:
        sql_store.releases.add(tx, _RELEASE, an_archive())
    _compare(sql_store)
    for start in (30, 35):
        _fill(sql_store, lot, range(start, start + 5))
        _compare(sql_store)
        with sql_store.write() as tx:
            SUMS.fold(tx)
        _compare(sql_store)
        _compare(sql_store)


def _compare(sql_store: SqlStore) -> None:
    deployment: Any = SimpleNamespace(store=sql_store)
    with sql_store.read() as tx:
        steps = SUMS.steps(tx, NAMES, START, END)
        calls = call_uses(deployment, tx, NAMES, START, END)
        cases, reviews = SUMS.cases(tx, NAMES, START, END), SUMS.reviews(tx, NAMES, START, END)
        told = PARTS.steps(tx, NAMES, FIRST, LAST, by=("use_case", "release", "work", "step"))
        called = PARTS.calls(
            tx, NAMES, FIRST, LAST, by=("use_case", "release", "work", "step", "task", "model")
        )
        of_cases, of_reviews = (
            PARTS.cases(tx, NAMES, FIRST, LAST),
            PARTS.reviews(tx, NAMES, FIRST, LAST),
        )
        whole = PARTS.steps(tx, NAMES, FIRST, LAST, by=())
        gateway = PARTS.calls(tx, NAMES, FIRST, LAST, by=(), of_steps=False)
        assert PARTS.calls(tx, ["nobody"], FIRST, LAST, by=()) == ()
        assert PARTS.steps(tx, ["nobody"], FIRST, LAST, by=()) == ()
    fine = lines(steps, (), RATES, calls=calls)
    assert {_key(line): line for line in lines(told, (), RATES, calls=called)} == {
        _key(line): line for line in fine
    }
    assert any(line.model == "large-v1" and line.cost.nano for line in fine)
    assert unpriced(told, (), free=FREE, calls=called) == unpriced(steps, (), free=FREE, calls=calls) != ()
    for rate in RATES.values():
        assert per_case(of_cases, of_reviews, rate) == per_case(cases, reviews, rate)
    assert sum(one.cost.nano for one in (*whole, *gateway)) == sum(line.cost.nano for line in fine) > 0
    found = Books(FIRST, LAST, told, of_cases, of_reviews, (), RATES, {}, called)
    for by in ("use_case", "work", "release", "step", "model"):
        days: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for line in lines(steps, (), RATES, calls=calls, by=(by,), period="day"):
            days[date.fromisoformat(line.period)][getattr(line, by)] += line.cost.nano
        shown = by_day(deployment, found, parts=PARTS, by=by)
        assert _without_nothing(shown) == _without_nothing(days)


def _without_nothing(days: Any) -> dict[date, dict[str, int]]:
    kept = {
        day: {part: nano for part, nano in parts.items() if nano} for day, parts in sorted(days.items())
    }
    return {day: parts for day, parts in kept.items() if parts}
