"""A stop holds while the database can only be read, or cannot be reached; and everybody says when they obey."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, OLGA, START, Office
from tests.postgres import Server

from roadworthy.adapters.sql import SqlStore, open_engine, upgrade
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable
from roadworthy.operate.clearance import MAX_AGE, Clearance
from roadworthy.operate.stopping import (
    acknowledge,
    await_obedience,
    obedience,
    read_stopped,
    resume,
    stop,
)
from roadworthy.operate.work import Worker
from roadworthy.testing.fixed import FixedClock


def renewed(office: Office) -> Clearance:
    return Clearance(lambda: read_stopped(office.store), office.clock)


def test_a_stop_holds_while_the_file_can_only_be_read(office: Office) -> None:
    office.release(flows.reply)
    thrown = stop(office.deployment, BEN, "use_case:desk", reason="smoke")
    with office.store._engine.connect() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    reading = sa.create_engine(
        f"sqlite:///file:{Path(office.address.removeprefix('sqlite:///'))}?mode=ro&uri=true"
    )
    store = SqlStore(reading)
    clearance = Clearance(lambda: read_stopped(store), office.clock)
    try:
        for _ in range(3):
            assert clearance.why_not("use_case:desk") == "smoke"
            office.later(seconds=1)
        assert clearance.stops == {thrown.id}
        assert clearance.why_not("use_case:other") == ""
        read_only = replace(office.deployment, store=store, clearance=clearance)
        with pytest.raises(RoadworthyError):
            resume(read_only, OLGA, thrown.id, reason="cleared")
        assert clearance.why_not("use_case:desk") == "smoke", "who could not write has not lifted it"
        with pytest.raises(Unavailable):
            stop(read_only, BEN, "all", reason="more smoke")
    finally:
        reading.dispose()


def test_without_the_file_there_is_no_clearance_after_half_a_second(office: Office) -> None:
    office.release(flows.reply)
    broken = [False]

    def read() -> object:
        if broken[0]:
            raise Unavailable("RW-STORE-004", "the file cannot be opened", retry_is_safe=True)
        return read_stopped(office.store)

    clearance = Clearance(read, office.clock)  # type: ignore[arg-type]
    assert clearance.why_not("use_case:desk") == ""
    broken[0] = True
    office.clock.advance(MAX_AGE - timedelta(milliseconds=1))
    assert clearance.why_not("use_case:desk") == ""
    office.clock.advance(timedelta(milliseconds=1))
    assert clearance.why_not("use_case:desk").startswith("no clearance")


@pytest.mark.postgres
def test_a_stop_holds_while_postgres_lets_nobody_in(postgres_server: Server) -> None:
    """The database refuses every connection, as a stopped server does, and comes back."""
    from psycopg import connect
    from psycopg.conninfo import conninfo_to_dict

    address = postgres_server.create()
    engine = open_engine(address)
    upgrade(engine)
    store, clock = SqlStore(engine), FixedClock(START)
    clearance = Clearance(lambda: read_stopped(store), clock)
    name = conninfo_to_dict(address)["dbname"]
    try:
        assert clearance.why_not("use_case:desk") == ""
        with connect(postgres_server.address("postgres"), autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            clock.advance(MAX_AGE)
            assert clearance.why_not("use_case:desk").startswith("no clearance")
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        assert clearance.why_not("use_case:desk") == ""
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "ALTER DATABASE " + f'"{name}"' + " SET default_transaction_read_only = on"
            )
        engine.dispose()
        clock.advance(MAX_AGE)
        assert clearance.why_not("use_case:desk") == "", "it can be read: the answer is as true as ever"
    finally:
        store.close()
        postgres_server.drop(address)


def test_everybody_alive_acknowledges_each_stop_once_with_its_time(office: Office) -> None:
    office.release(flows.reply)
    for worker in ("gateway-1", "worker-1"):
        acknowledge(office.deployment, worker, at=office.clock.now())
    thrown = stop(office.deployment, BEN, "all", reason="smoke")
    office.deployment.clearance.renew()
    office.later(milliseconds=200)
    acknowledge(office.deployment, "worker-1", at=office.clock.now())
    with office.store.read() as tx:
        half = obedience(office.deployment, tx, thrown)
    assert (dict(half.obeyed), half.missing, half.elapsed_ms) == ({"worker-1": 200}, ("gateway-1",), None)
    office.later(milliseconds=100)
    acknowledge(office.deployment, "worker-1", at=office.clock.now())
    acknowledge(office.deployment, "gateway-1", at=office.clock.now())
    with office.store.read() as tx:
        whole = obedience(office.deployment, tx, thrown)
    assert dict(whole.obeyed) == {"worker-1": 200, "gateway-1": 300}, "the first word counts"
    assert (whole.missing, whole.elapsed_ms) == ((), 300)


def test_nobody_acknowledges_a_stop_that_its_clearance_has_not_read(office: Office) -> None:
    office.release(flows.reply)
    office.deployment.clearance.renew()
    elsewhere = replace(office.deployment, clearance=renewed(office))
    thrown = stop(elsewhere, BEN, "all", reason="smoke")
    acknowledge(office.deployment, "worker-1", at=office.clock.now())
    with office.store.read() as tx:
        assert obedience(office.deployment, tx, thrown).missing == ("worker-1",)


def test_the_dead_and_those_who_said_goodbye_are_not_waited_for(office: Office) -> None:
    from datetime import UTC, datetime

    acknowledge(office.deployment, "dead", at=office.clock.now())
    acknowledge(office.deployment, "gone", at=datetime.fromtimestamp(0, UTC))
    office.later(seconds=20)
    thrown = stop(office.deployment, BEN, "all", reason="smoke")
    seen = await_obedience(office.deployment, thrown, within_s=0)
    assert (dict(seen.obeyed), seen.missing, seen.complete) == ({}, (), False)


@pytest.mark.parametrize(
    ("scope", "known"),
    [
        ("use_case:dsek", "desk"),
        ("release:desk/r9", "desk/r1"),
        ("release:r1", "desk/r1"),
        ("tool:mail.replay", "mail.reply"),
        ("model:intnet", "intent"),
    ],
)
def test_a_typing_error_does_not_pass_for_a_stop(office: Office, scope: str, known: str) -> None:
    office.release(flows.reply)
    with pytest.raises(InputProblem) as found:
        stop(office.deployment, BEN, scope, reason="smoke")
    assert found.value.code == "RW-STOP-005"
    assert known in str(found.value.problems[0].hint)


def test_a_release_is_stopped_by_its_name(office: Office) -> None:
    release = office.release(flows.reply)
    thrown = stop(office.deployment, BEN, "release:desk/r1", reason="smoke")
    assert thrown.scope == f"release:{release.digest}"
    assert office.deployment.clearance.why_not(thrown.scope) == "smoke"


def test_where_a_charter_cannot_be_read_a_stop_is_thrown_all_the_same(office: Office) -> None:
    release = office.release(flows.reply)
    del office.charters[release.digest]
    assert stop(office.deployment, BEN, "tool:any.thing", reason="smoke").scope == "tool:any.thing"


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[tuple[Office, list[Worker]]]:
    """Four workers, each a process of its own as far as the database can tell; only their books run."""
    from roadworthy.adapters.files import SystemClock
    from roadworthy.testing.engine import MemoryEngine

    office = Office(tmp_path)
    office.release(flows.reply, charter=CHARTER)
    clock = SystemClock()
    stores = [SqlStore(open_engine(office.address)) for _ in range(4)]
    made = [
        Worker(
            replace(
                office.deployment,
                store=store,
                clock=clock,
                engine=MemoryEngine(office.clock),
                clearance=Clearance(lambda store=store: read_stopped(store), clock),  # type: ignore[misc]
            ),
            name=f"worker-{number}",
        )
        for number, store in enumerate(stores)
    ]
    office.deployment = replace(office.deployment, clock=clock)
    for worker in made:
        worker.start()
    yield office, made
    ending = [threading.Thread(target=worker.stop) for worker in made]
    for thread in ending:
        thread.start()
    for thread in ending:
        thread.join(30)
    for store in (*stores, office.store):
        store.close()


def test_four_workers_obey_within_a_second(workers: tuple[Office, list[Worker]]) -> None:
    office, made = workers
    first = stop(office.deployment, BEN, "use_case:desk", reason="wake up")
    until = await_obedience(office.deployment, first, within_s=10)
    while len(until.obeyed) < len(made):
        until = await_obedience(office.deployment, first, within_s=1)
    thrown = stop(office.deployment, BEN, "all", reason="smoke")
    seen = await_obedience(office.deployment, thrown, within_s=10)
    assert sorted(seen.obeyed) == [f"worker-{number}" for number in range(4)]
    assert seen.elapsed_ms is not None
    assert seen.elapsed_ms < 3_000, "a second on a machine that does nothing else"
