"""How many cases and spot checks stand where is kept up with every change, and is what counting them says."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from roadworthy.adapters.sql import SqlStore, schema
from roadworthy.adapters.sql.schema import standings
from roadworthy.casework.case import State
from roadworthy.casework.effect import TrueOutcome
from roadworthy.errors import RoadworthyError
from roadworthy.ports.spotchecks import CheckState
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import a_case, id_at
from roadworthy.testing.conformance.spotchecks import a_check

CASES = 40


def _counted(engine: sa.Engine, table: sa.Table, apart: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
    """What the rows themselves say."""
    columns = [table.c[name] for name in apart]
    query = sa.select(*columns, sa.func.count()).group_by(*columns)
    with engine.connect() as connection:
        return {tuple(row[:-1]): row[-1] for row in connection.execute(query)}


def _standing(engine: sa.Engine, table: sa.Table, apart: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
    """What the sums say."""
    found: Counter[tuple[Any, ...]] = Counter()
    with engine.connect() as connection:
        for row in connection.execute(sa.select(*(table.c[name] for name in apart), table.c.cases)):
            found[tuple(row[:-1])] += row[-1]
    return {key: number for key, number in found.items() if number}


CASE = ("use_case", "release", "stage", "state", "handled_by")
CHECK = ("use_case", "release", "kinds", "state", "judgement", "why")


def _agree(engine: sa.Engine) -> None:
    assert _standing(engine, schema.case_standing, CASE) == _counted(engine, schema.case_record, CASE)
    assert _standing(engine, schema.spot_standing, CHECK) == _counted(engine, schema.spot_check, CHECK)


def _change(store: SqlStore, draw: random.Random) -> None:
    """A few changes in one transaction, which is rolled back now and then."""
    with store.write() as tx:
        for _ in range(draw.randint(1, 4)):
            number = draw.randint(1, CASES)
            case, check = store.cases.get(tx, id_at(number)), store.spot_checks.get(tx, id_at(number))
            if case is None:
                fresh = a_case(number, use_case=draw.choice(["support", "claims"]))
                store.cases.add(tx, fresh)
                assert not store.cases.add(tx, fresh)
            else:
                moved = replace(
                    case,
                    state=draw.choice(list(State)),
                    stage=draw.choice(list(Stage)),
                    handled_by=draw.choice(["", "automatic", "person"]),
                    release=draw.choice(["", "sha256:1", "sha256:2"]),
                    version=case.version + 1,
                )
                store.cases.save(tx, moved, expected=case.version)
            if check is None:
                store.spot_checks.add(tx, a_check(number, q=draw.choice([0.25, 0.5, 1.0])))
            else:
                judgement = draw.choice([None, TrueOutcome.WRONG, TrueOutcome.RIGHT])
                judged = replace(
                    check,
                    state=draw.choice(list(CheckState)),
                    judgement=judgement,
                    version=check.version + 1,
                )
                store.spot_checks.save(tx, judged, expected=check.version)
        if draw.random() < 0.2:
            raise KeyboardInterrupt


def _changes(store: SqlStore, seed: int, count: int) -> None:
    draw = random.Random(seed)
    for _ in range(count):
        try:
            _change(store, draw)
        except KeyboardInterrupt:
            continue


def test_every_change_is_counted_and_none_that_was_taken_back(
    sql_store: SqlStore, engine: sa.Engine
) -> None:
    _changes(sql_store, 1, 120)
    _agree(engine)
    with sql_store.read() as tx:
        of_support = sum(sql_store.cases.counts(tx, "support").values())
        of_release = sql_store.cases.counts(tx, "support", release="sha256:1")
        of_all = sum(sql_store.cases.counts(tx, "").values())
        checks = sql_store.spot_checks.counts(tx, "support")
    cases = _counted(engine, schema.case_record, CASE)
    assert of_support == sum(number for key, number in cases.items() if key[0] == "support")
    assert of_all == sum(cases.values())
    assert sum(of_release.values()) == sum(
        number for key, number in cases.items() if key[:2] == ("support", "sha256:1")
    )
    rows = _rows(engine)
    assert sum(one.cases for one in checks) == len(rows)
    for one in checks:
        alike = [
            row.q
            for row in rows
            if (row.state, row.judgement) == (one.state, one.judgement.value if one.judgement else "")
        ]
        assert one.cases == len(alike)
        assert one.q_sum == sum(alike)
        assert one.q_least <= min(alike)
        assert one.q_most >= max(alike)


def _rows(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(schema.spot_check)))


def test_what_is_deleted_is_counted_no_more(sql_store: SqlStore, engine: sa.Engine) -> None:
    _changes(sql_store, 2, 30)
    with engine.begin() as connection:
        for table, column in ((schema.case_record, "id"), (schema.spot_check, "case_id")):
            connection.execute(table.delete().where(table.c[column] < id_at(20)))
    _agree(engine)


def test_counting_anew_says_the_same(sql_store: SqlStore, engine: sa.Engine) -> None:
    _changes(sql_store, 3, 60)
    before = _standing(engine, schema.case_standing, CASE), _standing(engine, schema.spot_standing, CHECK)
    with engine.begin() as connection:
        for statement in (*standings.forgotten(), *standings.counted()):
            connection.exec_driver_sql(statement)
    assert before == (
        _standing(engine, schema.case_standing, CASE),
        _standing(engine, schema.spot_standing, CHECK),
    )
    _changes(sql_store, 4, 30)
    _agree(engine)


def test_two_that_move_cases_crosswise_at_once_never_wait_for_each_other(
    sql_store: SqlStore, engine: sa.Engine
) -> None:
    """Each moves its own cases between the same two places, in opposite order, while the other is half done."""
    with sql_store.write() as tx:
        for number in (1, 2, 3, 4):
            sql_store.cases.add(
                tx, a_case(number, state=State.OPEN if number % 2 else State.CLOSED, version=1)
            )
    if engine.dialect.name == "sqlite":
        _agree(engine)  # there is one writer at a time
        return
    half_done = threading.Barrier(2, timeout=20)

    def move(first: int, second: int) -> None:
        with sql_store.write() as tx:
            for number in (first, second):
                case = sql_store.cases.get(tx, id_at(number))
                assert case is not None
                state = State.OPEN if case.state is State.CLOSED else State.CLOSED
                sql_store.cases.save(tx, replace(case, state=state, version=2), expected=1)
                half_done.wait()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(move, 1, 2), pool.submit(move, 4, 3)]:
            done.result(timeout=30)
    _agree(engine)


def test_many_at_once_leave_the_sums_right(sql_store: SqlStore, engine: sa.Engine) -> None:
    def work(seed: int) -> None:
        for number in range(15):
            try:
                _changes(sql_store, 100 * seed + number, 1)
            except RoadworthyError:
                continue  # two changed one case: the loser learns it, and nothing of it is kept

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    _agree(engine)
