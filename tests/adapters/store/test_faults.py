"""What the database cannot do reaches the caller as one of our errors, and nothing is lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from roadworthy.adapters.sql import SqlStore, SqlVault, begin_write, open_engine, upgrade
from roadworthy.errors import InputProblem, RoadworthyError, Unavailable
from roadworthy.testing.conformance.examples import AT, a_case, a_measurement, an_effect, an_event
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.testing.memory import MemoryStore


@pytest.fixture
def store(sql_store: SqlStore) -> SqlStore:
    return sql_store


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_locked_database_is_unavailable_and_keeps_what_it_has(store: SqlStore, address: str) -> None:
    impatient = SqlStore(open_engine(address, busy_timeout_s=0.05))
    with store.write() as tx:
        store.ledger.append(tx, an_event())
    with store.write() as tx:
        store.cases.add(tx, a_case())
        with pytest.raises(Unavailable) as caught, impatient.write():
            pytest.fail("two writers at once")
        with pytest.raises(Unavailable):
            impatient.ledger.sequence(str, origin="o")  # type: ignore[arg-type]
    assert caught.value.code == "RW-STORE-002"
    assert caught.value.retry_is_safe
    with impatient.write() as tx:
        assert impatient.cases.get(tx, a_case().id) is not None
        assert impatient.cases.add(tx, a_case(2))
    impatient.close()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_full_disk_is_unavailable_and_keeps_what_was_committed(
    store: SqlStore, engine: sa.Engine
) -> None:
    """SQLite says the same when its file may not grow as when the disk has no room left."""
    vault = SqlVault(b"k" * 32, FixedClock(AT), SeededEntropy(1))
    with store.write() as tx:
        store.cases.add(tx, a_case())
        kept = vault.seal(tx, "s_a", "kept")

    def limit(driver: Any, _: object) -> None:
        driver.execute("PRAGMA max_page_count = 200")

    sa.event.listen(engine, "connect", limit)
    engine.dispose()

    def grow() -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(2))
            vault.seal(tx, "s_a", "x" * 5_000_000)

    with pytest.raises(Unavailable) as caught:
        grow()
    assert caught.value.code == "RW-STORE-010"
    assert "nothing of the last change was kept" in caught.value.message
    sa.event.remove(engine, "connect", limit)
    engine.dispose()
    with store.write() as tx:
        assert store.cases.get(tx, a_case(2).id) is None
        assert vault.open(tx, kept.id) == "kept"
        assert store.cases.add(tx, a_case(3))


@pytest.mark.parametrize("address", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_lost_connection_is_unavailable_and_the_next_one_works(
    store: SqlStore, engine: sa.Engine
) -> None:
    with store.write() as tx:
        store.cases.add(tx, a_case())

    def lose() -> None:
        with store.write() as tx:
            store.cases.add(tx, a_case(2))
            pid = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            with begin_write(engine) as other:
                other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 10000)")
            store.cases.add(tx, a_case(3))

    with pytest.raises(Unavailable) as caught:
        lose()
    assert caught.value.code == "RW-STORE-008"
    with store.write() as tx:
        assert [case.key for case in store.cases.list(tx, "support").rows] == ["T-1"]


@pytest.mark.parametrize(
    "broken",
    [
        lambda store, tx: store.effects.add(tx, an_effect(amount=10**30)),
        lambda store, tx: store.effects.add(tx, an_effect(amount=2**63)),
        lambda store, tx: store.cases.add(tx, a_case(key="half of a pair: \ud83d")),
        lambda store, tx: store.evidence.add(tx, a_measurement(n=-(2**63) - 1)),
        lambda store, tx: store.cases.by_key(tx, "support", "\udfff"),
    ],
    ids=["huge amount", "amount just too large", "broken text", "huge count", "broken text asked for"],
)
def test_a_value_that_no_column_holds_is_the_caller_s_to_mend(store: SqlStore, broken: Any) -> None:
    with pytest.raises(InputProblem) as caught, store.write() as tx:
        broken(store, tx)
    assert caught.value.code == "RW-STORE-014"
    with store.write() as tx:
        assert store.cases.add(tx, a_case())


def test_text_with_nul_is_kept_or_refused_but_never_cut(store: SqlStore, engine: sa.Engine) -> None:
    """Postgres text cannot hold it, SQLite's can."""
    if engine.dialect.name == "postgresql":
        with pytest.raises(InputProblem) as caught, store.write() as tx:
            store.cases.add(tx, a_case(key="a\x00b"))
        assert caught.value.code == "RW-STORE-014"
        return
    with store.write() as tx:
        store.cases.add(tx, a_case(key="a\x00b"))
    with store.read() as tx:
        assert store.cases.by_key(tx, "support", "a\x00b") is not None
        assert store.cases.by_key(tx, "support", "a") is None


def test_a_time_without_a_zone_is_a_mistake_of_the_program(store: SqlStore) -> None:
    with pytest.raises(sa.exc.StatementError, match="offset-naive"), store.write() as tx:
        store.cases.add(tx, a_case(created_at=AT.replace(tzinfo=None)))


def test_a_transaction_of_another_store_is_a_mistake_of_the_program(store: SqlStore) -> None:
    memory = MemoryStore()
    with memory.write() as tx, pytest.raises(TypeError, match="another store"):
        store.cases.add(tx, a_case())
    with store.write() as tx, pytest.raises(TypeError, match="another store"):
        memory.cases.add(tx, a_case())


def test_a_store_may_be_closed_twice(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    upgrade(engine)
    store = SqlStore(engine)
    store.close()
    store.close()


def test_every_error_of_a_store_says_what_to_do_next(store: SqlStore) -> None:
    with store.write() as tx:
        store.cases.add(tx, a_case())
        store.ledger.append(tx, an_event())
    problems: list[RoadworthyError] = []
    for broken in (
        lambda tx: store.cases.save(tx, a_case(), expected=7),
        lambda tx: store.cases.list(tx, "support", after="?"),
        lambda tx: store.effects.add(tx, an_effect(amount=2**70)),
    ):
        with pytest.raises(RoadworthyError) as caught, store.write() as tx:
            broken(tx)
        problems.append(caught.value)
    for problem in problems:
        assert isinstance(problem, InputProblem)
        assert all(one.hint for one in problem.problems)
