"""A stop thrown while the database cannot be written: left in a slip, obeyed at once, written down later."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.operate import flows
from tests.operate.office import BEN, OLGA, SHOP, Office
from tests.postgres import Server

from roadworthy.adapters.files import FileSlips, SystemClock
from roadworthy.adapters.sql import SqlStore, open_engine, upgrade
from roadworthy.casework.case import State
from roadworthy.errors import Conflict, InputProblem, NotFound, Refused, RoadworthyError, Unavailable
from roadworthy.ledger import decode
from roadworthy.operate import access
from roadworthy.operate.clearance import ALIVE, Clearance, is_lost
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.slips import adopt, in_force, throw, widened
from roadworthy.operate.stopping import acknowledge, read_stopped, resume
from roadworthy.operate.work import Worker
from roadworthy.principal import Stop
from roadworthy.testing.engine import MemoryEngine
from roadworthy.testing.fixed import FixedClock


class Away:
    """A store that can be read only, or not at all, from one moment to the next."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.reads = self.writes = True

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def read(self) -> object:
        if not self.reads:
            raise Unavailable("RW-STORE-008", "the database cannot be reached", retry_is_safe=True)
        return self._store.read()

    def write(self) -> object:
        if not self.writes:
            raise Unavailable("RW-STORE-004", "the database may not be written", retry_is_safe=True)
        return self._store.write()


def over(office: Office) -> tuple[Away, Deployment]:
    store = Away(office.store)
    clearance = Clearance(lambda: read_stopped(store, office.slips), office.clock)  # type: ignore[arg-type]
    return store, replace(office.deployment, store=store, clearance=clearance)  # type: ignore[arg-type]


def test_a_stop_thrown_while_the_database_can_only_be_read_holds_here_at_once(office: Office) -> None:
    office.release(flows.reply)
    acknowledge(office.deployment, "elsewhere", at=office.clock.now())
    store, deployment = over(office)
    assert deployment.clearance.why_not("use_case:desk") == ""
    store.writes = False
    office.later(seconds=4)
    thrown = throw(deployment, BEN, "use_case:desk", reason="smoke")
    assert Path(thrown.left).exists()
    assert thrown.because == "RW-STORE-004 the database may not be written"
    assert thrown.until == office.clock.now() + ALIVE - timedelta(seconds=4), (
        "the last word counts, not this moment"
    )
    assert not thrown.widened
    assert deployment.clearance.why_not("use_case:desk") == "smoke"
    assert office.deployment.clearance.why_not("use_case:desk") == "smoke", "every process beside it"
    assert deployment.clearance.why_not("use_case:other") == ""
    with office.store.read() as tx:
        assert [one.id for one in in_force(deployment, tx)] == [thrown.stop.id]


def test_it_gets_into_the_database_once_and_a_second_person_lifts_it(office: Office) -> None:
    office.release(flows.reply)
    store, deployment = over(office)
    store.writes = False
    thrown = throw(deployment, BEN, "use_case:desk", reason="smoke")
    with pytest.raises(Unavailable):
        adopt(deployment)
    store.writes = True
    assert (adopt(deployment), adopt(deployment)) == (1, 0)
    office.submit("K-1")
    office.work()
    assert office.case("K-1").state is State.PARKED
    with pytest.raises(Refused, match="not allowed"):
        resume(deployment, SHOP, thrown.stop.id, reason="fine")
    resume(deployment, OLGA, thrown.stop.id, reason="cleared")
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert list(office.events()).count("stop.thrown") == 1
    events = [decode(entry.event) for entry in office.store.ledger.entries()]
    (told,) = [one for one in events if one.kind == "stop.thrown"]
    assert (told.actor, told.data["reason"]) == ("ben", "smoke")
    assert str(told.data["left"]).startswith("2026-05-04T09:00"), "when it was left"


def test_who_stopped_cannot_lift_it_alone_although_only_a_key_was_known(office: Office) -> None:
    key = access.issue(office.deployment, OLGA, "olga", access.KEY)
    number = access.TOKEN.fullmatch(key)[2]  # type: ignore[index]
    office.slips.leave(Stop("06f1a", "all", "smoke", f"key:{number}", office.clock.now()))
    adopt(office.deployment)
    with pytest.raises(Refused, match="second person"):
        resume(office.deployment, OLGA, "06f1a", reason="fine")


def test_with_the_database_away_names_are_taken_as_they_are_or_wider(office: Office) -> None:
    office.release(flows.reply)
    store, deployment = over(office)
    store.reads = store.writes = False
    thrown = throw(deployment, BEN, "release:desk/r1", reason="smoke")
    assert (thrown.stop.scope, thrown.widened) == ("use_case:desk", True)
    assert is_lost(deployment.clearance.why_not("use_case:desk"))
    store.reads = True
    assert deployment.clearance.why_not("use_case:desk") == "smoke", "back, and still stopped"
    assert widened("release:sha256:ab") == "release:sha256:ab"


@pytest.mark.parametrize("scope", ["use_case:dsek", "planet:earth", ""])
def test_a_typing_error_is_no_slip_either(office: Office, scope: str) -> None:
    office.release(flows.reply)
    store, deployment = over(office)
    store.writes = False
    with pytest.raises(InputProblem):
        throw(deployment, BEN, scope, reason="smoke")
    assert office.slips.all() == ()


def test_who_may_not_stop_leaves_no_slip(office: Office) -> None:
    store, deployment = over(office)
    store.writes = False
    with pytest.raises(Refused):
        throw(deployment, SHOP, "all", reason="smoke")
    assert office.slips.all() == ()


def test_a_full_disk_of_sqlite_leaves_a_slip(office: Office) -> None:
    office.release(flows.reply)
    engine = open_engine(office.address)
    store = SqlStore(engine)
    deployment = replace(office.deployment, store=store)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    engine.dispose()
    # The file may not grow any more; pages that are there have room for a few words.
    sa.event.listen(engine, "connect", lambda driver, _: driver.execute(f"PRAGMA max_page_count={pages}"))
    thrown = next(
        one
        for number in range(100)
        if (one := throw(deployment, BEN, "all", reason=f"{number} " + "smoke " * 300)).left
    )
    assert thrown.because.startswith("RW-STORE-010")
    assert Path(thrown.left).exists()
    assert thrown.stop.id in {one.id for one in office.slips.all()}
    assert "smoke" in office.deployment.clearance.why_not("use_case:desk")
    store.close()


@pytest.mark.postgres
def test_a_read_only_postgres_leaves_a_slip_and_takes_it_later(
    postgres_server: Server, office: Office
) -> None:
    office.release(flows.reply)
    address = postgres_server.create()
    engine = open_engine(address)
    upgrade(engine)

    def read_only(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    store, clock = SqlStore(engine), FixedClock(office.clock.now())
    deployment = replace(
        office.deployment, store=store, clock=clock,
        clearance=Clearance(lambda: read_stopped(store, office.slips), clock),
    )  # fmt: skip
    try:
        sa.event.listen(engine, "begin", read_only)
        thrown = throw(deployment, BEN, "all", reason="smoke")
        assert thrown.because.startswith("RW-STORE-004")
        assert deployment.clearance.why_not("tool:any") == "smoke"
        with pytest.raises(Unavailable):
            adopt(deployment)
        sa.event.remove(engine, "begin", read_only)
        assert adopt(deployment) == 1
        with store.read() as tx:
            assert [one.id for one in store.switches.active(tx)] == [thrown.stop.id]
    finally:
        store.close()
        postgres_server.drop(address)


@pytest.mark.postgres
def test_a_default_of_reading_only_does_not_keep_a_stop_out_of_postgres(
    postgres_server: Server, office: Office
) -> None:
    """What is only a default is overruled by a transaction that says that it writes."""
    from psycopg import connect
    from psycopg.conninfo import conninfo_to_dict

    address = postgres_server.create()
    engine = open_engine(address)
    upgrade(engine)
    name = conninfo_to_dict(address)["dbname"]
    deployment = replace(office.deployment, store=SqlStore(engine))
    try:
        with connect(postgres_server.address("postgres"), autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())
        engine.dispose()
        thrown = throw(deployment, BEN, "all", reason="smoke")
        assert thrown.left == "" or office.slips.all(), "it stands in one of both"
    finally:
        deployment.store.close()
        postgres_server.drop(address)


def test_who_cannot_say_that_it_lives_for_fifteen_seconds_has_no_clearance(office: Office) -> None:
    office.release(flows.reply)
    clearance = office.deployment.clearance
    clearance.speaks("worker-1")
    office.later(seconds=14)
    assert clearance.why_not("use_case:desk") == ""
    assert clearance.recent(office.clock.now()) is not None
    office.later(seconds=1)
    assert is_lost(clearance.why_not("use_case:desk"))
    assert clearance.recent(office.clock.now()) is None
    acknowledge(office.deployment, "worker-1", at=office.clock.now())
    assert clearance.why_not("use_case:desk") == ""
    office.later(hours=-1)
    assert is_lost(clearance.why_not("use_case:desk")), "a clock that jumped back lends no time"
    clearance.falls_silent("worker-1")
    assert clearance.why_not("use_case:desk") == "", "what does not work as a worker owes nobody a word"


def test_a_case_without_clearance_goes_on_by_itself_and_repeats_no_step(office: Office) -> None:
    office.release(flows.reply)
    clearance = office.deployment.clearance
    clearance.speaks("worker-1")
    office.submit("K-1")
    looks = office.tools["books.look"]
    looks.before = lambda: office.later(seconds=20)
    office.work()
    looks.before = lambda: None
    assert office.case("K-1").state is State.OPEN, "nobody threw the switch, so nobody has to lift it"
    acknowledge(office.deployment, "worker-1", at=office.clock.now())
    office.later(seconds=120)
    acknowledge(office.deployment, "worker-1", at=office.clock.now())
    office.work()
    assert office.case("K-1").state is State.CLOSED
    assert looks.calls == 1


@settings(max_examples=20, deadline=None)
@given(
    moves=st.lists(
        st.sampled_from(["throw", "adopt", "half an adoption", "resume", "off", "on", "away"]), max_size=14
    )
)
def test_in_every_order_of_events_a_stop_holds_until_a_second_person_lifted_it(
    tmp_path_factory: pytest.TempPathFactory, moves: list[str]
) -> None:
    office = Office(tmp_path_factory.mktemp("office"))
    office.release(flows.reply)
    store, deployment = over(office)
    owed: set[str] = set()
    for move in moves:
        office.later(seconds=1)
        if move == "throw":
            owed.add(throw(deployment, BEN, "use_case:desk", reason=f"smoke {len(owed)}").stop.id)
        elif move == "resume" and owed:
            wanted = min(owed)
            try:
                adopt(deployment)
                resume(deployment, OLGA, wanted, reason="cleared")
                owed.discard(wanted)
            except (Unavailable, NotFound, Conflict):
                pass
        elif move == "adopt":
            with contextlib.suppress(RoadworthyError):
                adopt(deployment)
        elif move == "half an adoption":
            # It is written down, and the process dies before the slip is gone.
            kept = office.slips.all()
            with contextlib.suppress(RoadworthyError):
                adopt(deployment)
            for slip in kept:
                office.slips.leave(slip)
        elif move in {"on", "off", "away"}:
            store.writes, store.reads = move == "on", move != "away"
        office.later(seconds=1)
        why_not = deployment.clearance.why_not("use_case:desk")
        if owed or not store.reads:
            assert why_not, move
    store.writes = store.reads = True
    adopt(deployment)
    with office.store.read() as tx:
        assert {one.id for one in office.store.switches.active(tx)} == owed
    assert office.slips.all() == ()
    office.store.close()


def test_of_four_workers_one_writes_a_slip_down_and_all_obey_it(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.release(flows.reply)
    clock = SystemClock()
    stores = [SqlStore(open_engine(office.address)) for _ in range(4)]
    made = []
    for number, store in enumerate(stores):
        slips = FileSlips(tmp_path / "stops")
        clearance = Clearance(lambda store=store, slips=slips: read_stopped(store, slips), clock)  # type: ignore[misc]
        own = replace(
            office.deployment, store=store, clock=clock, slips=slips, clearance=clearance,
            engine=MemoryEngine(office.clock),
        )  # fmt: skip
        made.append((Worker(own, name=f"worker-{number}"), own))
    for worker, _ in made:
        worker.start()
    try:
        begun = time.monotonic()
        office.slips.leave(Stop("06f1a", "use_case:desk", "smoke", "ben", clock.now()))
        while not all(own.clearance.why_not("use_case:desk") == "smoke" for _, own in made):
            assert time.monotonic() - begun < 10
        while office.slips.all():
            assert time.monotonic() - begun < 10
        with office.store.read() as tx:
            assert [one.id for one in office.store.switches.active(tx)] == ["06f1a"]
    finally:
        ending = [threading.Thread(target=worker.stop) for worker, _ in made]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join(30)
        for store in (*stores, office.store):
            store.close()
