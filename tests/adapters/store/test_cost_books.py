"""The cost books: grouped by the database, and the same sums as the rows give one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.store.test_plans import _asked

from roadworthy.adapters.sql import SqlStore
from roadworthy.adapters.sql.costs import SqlCosts
from roadworthy.business.costs.rows import Repeats, Work, work_of
from roadworthy.casework.case import State
from roadworthy.casework.review import ReviewState
from roadworthy.ports.evaluating import EvaluationRecord, Placed, ResultRecord
from roadworthy.quantities import Cost, Digest, digest, new_id
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import RELEASE, a_case, a_review, a_step, an_opening

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
COSTS = SqlCosts()


def _id(at: datetime, number: int = 0) -> str:
    return new_id(at, number.to_bytes(10))


def _store_case(store: SqlStore, number: int, at: datetime = NOON, **changes: object) -> str:
    id_ = _id(at, number)
    changes = {"key": f"K-{number}", "created_at": at, "updated_at": at, **changes}
    with store.write() as tx:
        assert store.cases.add(tx, a_case(number, id=id_, **changes))
    return id_


@pytest.fixture
def books(sql_store: SqlStore) -> SqlStore:
    """Three live cases of two days, one retried and one interrupted; a mirror and a pilot beside them."""
    store = sql_store
    one = _store_case(
        store, 1, stage=Stage.PRODUCTION, state=State.CLOSED, handled_by="automatic", cost=Cost(900)
    )
    two = _store_case(store, 2, NOON + timedelta(days=1), stage=Stage.CANARY, cost=Cost(50), slice="fr")
    mirror = _store_case(store, 3, twin=f"mirror:{RELEASE}:recorded-0:{one}", stage=Stage.PILOT)
    pilot = _store_case(store, 4, twin=RELEASE, stage=Stage.PILOT)
    people = _store_case(store, 5, release="", stage=Stage.PRODUCTION)
    with store.write() as tx:
        store.cases.open_step(tx, an_opening(0, case=one, reserved=Cost(1_000), opened_at=NOON))
        store.cases.open_step(tx, an_opening(0, case=one, reserved=Cost(1_000), opened_at=NOON))
        store.cases.record_step(tx, a_step(0, case=one, cost=Cost(250), recorded_at=NOON))
        store.cases.record_step(
            tx, a_step(1, case=one, name="call:books.look", cost=Cost(0), recorded_at=NOON)
        )
        store.cases.record_step(tx, a_step(2, case=one, name="ask", cost=Cost(0), recorded_at=NOON))
        store.cases.open_step(
            tx, an_opening(0, case=two, reserved=Cost(70), opened_at=NOON + timedelta(days=1))
        )
        store.cases.record_step(tx, a_step(0, case=mirror, cost=Cost(5), recorded_at=NOON))
        store.cases.record_step(tx, a_step(0, case=pilot, cost=Cost(6), recorded_at=NOON))
        store.reviews.add(
            tx,
            a_review(1, id=_id(NOON, 90), case=one, state=ReviewState.DECIDED, created_at=NOON),
        )
        store.reviews.add(tx, a_review(2, id=_id(NOON, 91), case=one, created_at=NOON))
        store.reviews.add(
            tx,
            a_review(3, id=_id(NOON, 92), case=people, state=ReviewState.DECIDED, created_at=NOON),
        )
    return store


def test_steps_are_summed_by_day_release_work_and_name(books: SqlStore) -> None:
    with books.read() as tx:
        found = COSTS.steps(tx, ["support"], START, END)
    told = {(row.day.day, row.work, row.step): row for row in found}
    retried = told[3, Work.LIVE, "predict:intent"]
    assert (retried.calls, retried.attempts, retried.unpriced) == (1, 2, 0)
    assert (retried.cost, retried.interrupted) == (Cost(1_250), Cost(1_000))
    interrupted = told[4, Work.LIVE, "predict:intent"]
    assert (interrupted.cost, interrupted.interrupted, interrupted.calls) == (Cost(70), Cost(70), 1)
    assert told[3, Work.LIVE, "call:books.look"].unpriced == 1
    assert told[3, Work.LIVE, "ask"].unpriced == 0
    assert told[3, Work.MIRROR, "predict:intent"].cost == Cost(5)
    assert told[3, Work.PILOT, "predict:intent"].cost == Cost(6)
    assert len(found) == 6


def test_a_step_counts_on_the_day_of_its_newest_attempt_whenever_its_case_came(books: SqlStore) -> None:
    old = _store_case(books, 9, NOON - timedelta(days=200), stage=Stage.PRODUCTION)
    with books.write() as tx:
        books.cases.record_step(tx, a_step(0, case=old, name="generate:late", recorded_at=NOON))
    with books.read() as tx:
        assert "generate:late" in {row.step for row in COSTS.steps(tx, ["support"], START, END)}
        assert not COSTS.steps(tx, ["support"], END, END + timedelta(days=30))
        assert not COSTS.steps(tx, ["another"], START, END)
        assert not COSTS.steps(tx, [], START, END)


def test_cases_are_counted_on_the_day_they_were_taken_in(books: SqlStore) -> None:
    with books.read() as tx:
        found = COSTS.cases(tx, ["support"], START, END)
    live = [row for row in found if row.work is Work.LIVE]
    assert [(row.day, row.cases, row.cost, row.closed, row.slice) for row in live] == [
        (date(2026, 11, 3), 1, Cost(900), True, "de"),
        (date(2026, 11, 4), 1, Cost(50), False, "fr"),
    ]
    assert {row.work for row in found} == {Work.LIVE, Work.MIRROR, Work.PILOT, Work.PEOPLE}


def test_a_period_takes_its_first_moment_and_leaves_its_last(books: SqlStore) -> None:
    _store_case(books, 10, START, stage=Stage.PRODUCTION)
    _store_case(books, 11, END, stage=Stage.PRODUCTION)
    with books.read() as tx:
        days = [row.day for row in COSTS.cases(tx, ["support"], START, END)]
    assert min(days) == START.date()
    assert END.date() not in days


def test_only_answered_reviews_count(books: SqlStore) -> None:
    with books.read() as tx:
        found = COSTS.reviews(tx, ["support"], START, END)
    assert sorted((row.work, row.kind, row.reviews) for row in found) == [
        (Work.LIVE, "effect", 1),
        (Work.PEOPLE, "effect", 1),
    ]


def test_single_cases_are_closed_live_ones_newest_first(books: SqlStore) -> None:
    later = NOON + timedelta(days=2)
    _store_case(books, 12, later, stage=Stage.PRODUCTION, state=State.CLOSED, cost=Cost(7))
    with books.read() as tx:
        assert [one.nano for one in COSTS.single(tx, "support", START, END)] == [7, 900]
        assert [one.nano for one in COSTS.single(tx, "support", START, END, most=1)] == [7]


def test_equal_arguments_are_repeats_and_the_dearest_is_the_first(books: SqlStore) -> None:
    more = _store_case(books, 13, NOON, stage=Stage.PRODUCTION)
    with books.write() as tx:
        for ordinal, (arguments, nano) in enumerate(
            [("hmac-sha256:00", 300), ("hmac-sha256:00", 40), ("hmac-sha256:01", 9)]
        ):
            books.cases.record_step(
                tx, a_step(ordinal, case=more, arguments=arguments, cost=Cost(nano), recorded_at=NOON)
            )
    with books.read() as tx:
        found = COSTS.repeats(tx, "support", START, END)
    assert Repeats("support", RELEASE, "predict:intent", 4, 2, Cost(290)) in found
    assert Repeats("support", RELEASE, "call:books.look", 1, 0, Cost(0)) in found
    assert len(found) == 2


def test_the_counter_of_a_month_is_read_and_none_is_nothing(sql_store: SqlStore) -> None:
    with sql_store.write() as tx:
        sql_store.effects.reserve_spend(tx, "support", "usage", date(2026, 11, 1), 777)
        sql_store.effects.reserve_spend(tx, "support", "bank.pay", date(2026, 11, 1), 5)
    with sql_store.read() as tx:
        assert COSTS.counted(tx, "support", date(2026, 11, 1)) == 777
        assert COSTS.counted(tx, "support", date(2026, 11, 20)) == 777
        assert COSTS.counted(tx, "support", date(2026, 12, 1)) == 0


def _evaluation(number: int, **changes: object) -> EvaluationRecord:
    values: dict[str, object] = {
        "id": _id(NOON, number),
        "use_case": "support",
        "suite": "intents",
        "suite_digest": digest(b"suite"),
        "target": "a model",
        "target_digest": digest(str(number).encode()),
        "graders": Digest("sha256:" + "0" * 64),
        "repeats": 1,
        "seed": 1,
        "principal": "bea",
        "started_at": NOON,
    }
    return EvaluationRecord(**{**values, **changes})  # type: ignore[arg-type]


def _result(test: str, nano: int, *, reused: bool = False) -> ResultRecord:
    return ResultRecord(test, 1, "passed", (), Placed("", 0), Placed("", 0), Cost(nano), 0.1, reused=reused)


def test_answers_of_a_release_and_answers_given_before_are_not_paid_twice(sql_store: SqlStore) -> None:
    other, own = _evaluation(1), _evaluation(2, release=RELEASE)
    with sql_store.write() as tx:
        for one in (other, own):
            sql_store.evaluations.begin(tx, one)
            sql_store.evaluations.add_results(
                tx, one.id, [_result("t1", 100), _result("t2", 30, reused=True)]
            )
        sql_store.evaluations.begin(tx, _evaluation(3))
        body = {"summary": {"grades_cost": ["0.000000040 EUR"]}}
        sql_store.evaluations.finish(tx, own.id, at=NOON, digest="d", body=body)
    with sql_store.read() as tx:
        found = COSTS.evaluations(tx, ["support"], START, END)
    assert [(row.release, row.results, row.answers, row.grades) for row in found] == [
        ("", 2, Cost(100), None),
        (RELEASE, 2, Cost(0), Cost(40)),
        ("", 0, Cost(0), None),
    ]


@given(
    release=st.sampled_from(["", RELEASE]),
    stage=st.sampled_from(list(Stage)),
    twin=st.sampled_from(["", RELEASE, "mirror:x", "eval:x", "mirror", "xmirror:", "MIRROR:x"]),
)
def test_the_database_calls_work_what_the_program_calls_it(
    plain_sqlite: sa.Engine, release: str, stage: Stage, twin: str
) -> None:
    store = SqlStore(plain_sqlite)
    id_ = _id(NOON, 1)
    with store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM case_record")
        store.cases.add(
            tx, a_case(1, id=id_, release=release, stage=stage, twin=twin, created_at=NOON, updated_at=NOON)
        )
    with store.read() as tx:
        (row,) = COSTS.cases(tx, ["support"], START, END)
    assert row.work is work_of(release=release, stage=stage, twin=twin)


@pytest.fixture(scope="module")
def plain_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    from roadworthy.adapters.sql import open_engine, upgrade

    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('costs') / 'one.sqlite'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_no_question_reads_a_whole_table(sql_store: SqlStore, engine: sa.Engine) -> None:
    with sql_store.read() as tx, _asked(engine) as asked:
        COSTS.steps(tx, ["support"], START, END)
        COSTS.cases(tx, ["support"], START, END)
        COSTS.reviews(tx, ["support"], START, END)
        COSTS.evaluations(tx, ["support"], START, END)
        COSTS.single(tx, "support", START, END)
        COSTS.repeats(tx, "support", START, END)
        COSTS.counted(tx, "support", START.date())
    with engine.connect() as connection:
        plans = [
            row.detail
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]
        ]
    assert len(asked) == 7
    assert [step for step in plans if step.startswith("SCAN") and "anon_" not in step] == []
