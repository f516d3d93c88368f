"""Several threads and connections on one database. What threads show here, processes do alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import TypeVar

import pytest
import sqlalchemy as sa
from tests.adapters.store.conftest import KEK

from roadworthy.adapters.sql import SqlStore, SqlVault, open_engine
from roadworthy.errors import Conflict
from roadworthy.ledger import Checkpoint, SigningKey, sign, verify
from roadworthy.quantities import digest
from roadworthy.stage import Stage
from roadworthy.testing.conformance.examples import (
    AT,
    RELEASE,
    a_case,
    a_release,
    a_step,
    an_archive,
    an_event,
    an_opening,
)
from roadworthy.testing.fixed import FixedClock, SeededEntropy

T = TypeVar("T")
ORIGIN = "example.org/ledger"
KEY = SigningKey(ORIGIN, b"k" * 32)
PATIENCE_S = 30.0


def together(*actions: Callable[[], T]) -> list[T]:
    """Run all at the same time, each in a thread of its own."""
    ready = threading.Barrier(len(actions))

    def begin(action: Callable[[], T]) -> T:
        ready.wait(PATIENCE_S)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(PATIENCE_S) for future in [pool.submit(begin, action) for action in actions]]


def signed(checkpoint: Checkpoint) -> str:
    return sign(checkpoint, KEY)


@pytest.fixture
def store(sql_store: SqlStore) -> SqlStore:
    return sql_store


@pytest.fixture
def another_store(address: str) -> Iterator[SqlStore]:
    """The same database as another process has it."""
    store = SqlStore(open_engine(address))
    yield store
    store.close()


def test_two_workers_never_both_pass_a_spending_cap(store: SqlStore, another_store: SqlStore) -> None:
    cap, amount, attempts = 1_000, 30, 25

    def spend(of: SqlStore) -> int:
        passed = 0
        for _ in range(attempts):
            with of.write() as tx:
                before = of.effects.reserve_spend(tx, "support", "refund", date(2026, 3, 4), amount)
                if before + amount > cap:
                    of.effects.reserve_spend(tx, "support", "refund", date(2026, 3, 4), -amount)
                else:
                    passed += 1
        return passed

    passed = together(lambda: spend(store), lambda: spend(another_store))
    with store.write() as tx:
        spent = store.effects.reserve_spend(tx, "support", "refund", date(2026, 3, 4), 0)
    assert sum(passed) == cap // amount
    assert spent == sum(passed) * amount


def test_a_key_submitted_twice_at_once_is_one_case(store: SqlStore, another_store: SqlStore) -> None:
    def submit(of: SqlStore, first: int) -> list[bool]:
        taken = []
        for number in range(20):
            with of.write() as tx:
                taken.append(of.cases.add(tx, a_case(first + number, key=f"T-{number}")))
        return taken

    mine, theirs = together(lambda: submit(store, 100), lambda: submit(another_store, 200))
    assert all(one != other for one, other in zip(mine, theirs, strict=True))
    with store.read() as tx:
        assert len(store.cases.list(tx, "support").rows) == 20


def test_of_two_who_save_the_same_version_one_is_told(store: SqlStore, another_store: SqlStore) -> None:
    with store.write() as tx:
        store.cases.add(tx, a_case())

    def save(of: SqlStore) -> int:
        won = 0
        for version in range(1, 15):
            try:
                with of.write() as tx:
                    of.cases.save(tx, a_case(version=version + 1), expected=version)
                won += 1
            except Conflict:
                continue
        return won

    won = together(lambda: save(store), lambda: save(another_store))
    with store.read() as tx:
        found = store.cases.get(tx, a_case().id)
    assert found is not None
    assert found.version == 1 + sum(won)


def test_a_step_run_by_two_at_once_is_recorded_once(store: SqlStore, another_store: SqlStore) -> None:
    def run(of: SqlStore) -> int:
        recorded = 0
        for ordinal in range(15):
            try:
                with of.write() as tx:
                    of.cases.open_step(tx, an_opening(ordinal))
                with of.write() as tx:
                    of.cases.record_step(tx, a_step(ordinal))
                recorded += 1
            except Conflict:
                pass
        return recorded

    assert sum(together(lambda: run(store), lambda: run(another_store))) == 15


def test_a_request_answered_twice_at_once_has_one_effect(store: SqlStore, another_store: SqlStore) -> None:
    def answer(of: SqlStore, first: int) -> int:
        answered = 0
        for number in range(15):
            try:
                with of.write() as tx:
                    of.cases.add(tx, a_case(first + number))
                    of.replies.remember(tx, "s", f"k{number}", digest(b"b"), 201, "", AT)
                answered += 1
            except Conflict:
                pass
        return answered

    assert sum(together(lambda: answer(store, 100), lambda: answer(another_store, 200))) == 15
    with store.read() as tx:
        assert len(store.cases.list(tx, "support").rows) == 15


def test_a_locked_rollout_is_changed_by_one_at_a_time(store: SqlStore, another_store: SqlStore) -> None:
    def build(of: SqlStore, name: str) -> None:
        for number in range(10):
            with of.write() as tx:
                known = of.releases.rollout(tx, "support", lock=True).releases
                release = a_release(len(known) + 1, digest=digest(f"{name} {number}".encode()))
                assert of.releases.add(tx, release, an_archive())

    together(lambda: build(store, "a"), lambda: build(another_store, "b"))
    with store.read() as tx:
        assert [release.number for release in store.releases.rollout(tx, "support").releases] == [
            *range(1, 21)
        ]


def test_an_abort_waits_for_the_promotion_that_holds_the_rollout(
    store: SqlStore, another_store: SqlStore
) -> None:
    with store.write() as tx:
        store.releases.add(tx, a_release(), an_archive())
    locked, seen = threading.Event(), []

    def promote() -> None:
        with store.write() as tx:
            store.releases.rollout(tx, "support", lock=True)
            locked.set()
            store.releases.save(tx, replace(a_release(), stage=Stage.CANARY))

    def abort() -> None:
        assert locked.wait(PATIENCE_S)
        with another_store.write() as tx:
            seen.append(another_store.releases.rollout(tx, "support", lock=True).releases[0].stage)

    together(promote, abort)
    assert seen == [Stage.CANARY]


def test_no_observation_of_a_sequential_test_is_lost(store: SqlStore, another_store: SqlStore) -> None:
    """Also not the first ones, when there is no row yet that could be locked."""

    def observe(of: SqlStore) -> None:
        for _ in range(15):
            with of.write() as tx:
                count = int(of.evidence.watch(tx, "support", RELEASE, "canary") or "0")
                of.evidence.save_watch(tx, "support", RELEASE, "canary", str(count + 1))

    together(lambda: observe(store), lambda: observe(another_store))
    with store.read() as tx:
        assert store.evidence.watch(tx, "support", RELEASE, "canary") == "30"


# ── ledger ──


def test_nothing_is_lost_or_doubled_while_writers_and_sequencers_race(
    store: SqlStore, another_store: SqlStore
) -> None:
    written = threading.Event()

    def write(of: SqlStore, first: int) -> int:
        for number in range(first, first + 150):
            with of.write() as tx:
                of.ledger.append(tx, an_event(number))
        return 0

    def write_both() -> int:
        together(lambda: write(store, 0), lambda: write(another_store, 1_000))
        written.set()
        return 0

    def sequence(of: SqlStore) -> int:
        moved = 0
        while not written.is_set() or of.ledger.waiting():
            moved += of.ledger.sequence(signed, origin=ORIGIN, limit=7)
        return moved

    moved = together(write_both, lambda: sequence(store), lambda: sequence(another_store))
    assert sum(moved) == 300
    events = [entry.event for entry in store.ledger.entries()]
    assert sorted(events) == sorted(an_event(n) for n in (*range(150), *range(1_000, 1_150)))
    audit = verify(store.ledger.entries(), store.ledger.notes(), key=KEY.verifier)
    assert audit.holds
    assert audit.signed_size == 300


@pytest.mark.parametrize("address", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_an_event_committed_late_is_sequenced_late(store: SqlStore, another_store: SqlStore) -> None:
    """Postgres hands out numbers before they are committed: the smaller one may appear after the larger."""
    with another_store.write() as slow:
        another_store.ledger.append(slow, an_event(1))
        with store.write() as quick:
            store.ledger.append(quick, an_event(2))
        assert store.ledger.sequence(signed, origin=ORIGIN) == 1
    assert store.ledger.sequence(signed, origin=ORIGIN) == 1
    assert [entry.event for entry in store.ledger.entries()] == [an_event(2), an_event(1)]


@pytest.mark.parametrize("address", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_second_sequencer_on_another_machine_returns_at_once(
    store: SqlStore, another_store: SqlStore
) -> None:
    with store.write() as tx:
        store.ledger.append(tx, an_event())
    inner = []

    def sign_and_try_again(checkpoint: Checkpoint) -> str:
        inner.append(another_store.ledger.sequence(signed, origin=ORIGIN))
        return signed(checkpoint)

    assert store.ledger.sequence(sign_and_try_again, origin=ORIGIN) == 1
    assert inner == [0]


# ── vault ──


def test_two_processes_that_meet_a_subject_first_agree_on_its_key(
    store: SqlStore, another_store: SqlStore
) -> None:
    mine, theirs = (SqlVault(KEK, FixedClock(AT), SeededEntropy(seed)) for seed in (1, 2))

    def seal(of: SqlStore, vault: SqlVault) -> list[str]:
        ids = []
        for number in range(10):
            with of.write() as tx:
                ids.append(vault.seal(tx, f"s_{number}", number).id)
        return ids

    found = together(lambda: seal(store, mine), lambda: seal(another_store, theirs))
    with store.read() as tx:
        for number, (one, other) in enumerate(zip(*found, strict=True)):
            assert mine.open(tx, other) == theirs.open(tx, one) == number


@pytest.mark.parametrize("address", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_an_erasure_finds_what_is_being_sealed_at_the_same_time(
    store: SqlStore, another_store: SqlStore
) -> None:
    mine, theirs = (SqlVault(KEK, FixedClock(AT), SeededEntropy(seed)) for seed in (1, 2))
    with store.write() as tx:
        mine.seal(tx, "s_a", "first")
    sealed = threading.Event()

    def seal() -> int:
        with store.write() as tx:
            mine.seal(tx, "s_a", "second")
            sealed.set()
            # Until the erasure waits for the key's row that this transaction holds.
            waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            deadline = time.monotonic() + PATIENCE_S
            while not tx.connection.execute(waiting).scalar_one():
                assert time.monotonic() < deadline, "the erasure did not wait"
        return 0

    def erase() -> int:
        assert sealed.wait(PATIENCE_S)
        with another_store.write() as tx:
            return theirs.erase(tx, "s_a", at=AT)

    assert together(seal, erase) == [0, 2]
