"""A database knows the keys it was sealed with: neither a missing nor another key is taken in silence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from roadworthy.adapters.sql import SqlStore, SqlVault, check_keys, keys_in_use, schema
from roadworthy.errors import InputProblem
from roadworthy.ledger import Event, SigningKey, encode, sign
from roadworthy.testing.fixed import FixedClock, SeededEntropy

AT = datetime(2026, 5, 4, tzinfo=UTC)
KEK, OTHER = b"k" * 32, b"o" * 32
ORIGIN = "test/ledger"
LEDGER, OTHER_LEDGER = SigningKey(ORIGIN, b"s" * 32), SigningKey(ORIGIN, b"z" * 32)


def vault(kek: bytes = KEK) -> SqlVault:
    return SqlVault(kek, FixedClock(AT), SeededEntropy(1))


def sealed(store: SqlStore) -> None:
    with store.write() as tx:
        vault().seal(tx, "ada", {"name": "Ada"})


def noted(store: SqlStore) -> None:
    with store.write() as tx:
        store.ledger.append(tx, encode(Event("a.happened", "ada", AT)))
    store.ledger.sequence(lambda checkpoint: sign(checkpoint, LEDGER), origin=ORIGIN)


def forgotten(engine: sa.Engine) -> None:
    """As an installation of the first release left it: without anything to check keys by."""
    with engine.begin() as connection:
        connection.execute(sa.delete(schema.key_check))


def refused(engine: sa.Engine, kek: bytes, ledger: SigningKey) -> list[str]:
    with pytest.raises(InputProblem) as caught:
        check_keys(engine, kek, ledger, place="keys")
    assert caught.value.code == "RW-KEYS-004"
    assert "backup" in caught.value.hint
    return [problem.place for problem in caught.value.problems]


def test_a_database_that_holds_nothing_needs_no_key_yet(engine: sa.Engine) -> None:
    assert keys_in_use(engine) == frozenset()


def test_what_was_sealed_or_signed_needs_its_key(engine: sa.Engine, sql_store: SqlStore) -> None:
    sealed(sql_store)
    assert keys_in_use(engine) == {"kek"}
    noted(sql_store)
    assert keys_in_use(engine) == {"kek", "ledger"}


def test_an_erased_person_still_needs_the_key_that_pseudonyms_are_made_with(
    engine: sa.Engine, sql_store: SqlStore
) -> None:
    sealed(sql_store)
    with sql_store.write() as tx:
        vault().erase(tx, "ada", at=AT)
    assert keys_in_use(engine) == {"kek"}
    check_keys(engine, KEK, LEDGER, place="keys")


def test_keys_once_checked_are_needed_from_then_on_and_checked_again(engine: sa.Engine) -> None:
    check_keys(engine, KEK, LEDGER, place="keys")
    assert keys_in_use(engine) == {"kek", "ledger"}
    check_keys(engine, KEK, LEDGER, place="keys")
    assert refused(engine, OTHER, LEDGER) == ["keys/kek"]
    assert refused(engine, KEK, OTHER_LEDGER) == ["keys/ledger"]
    assert refused(engine, OTHER, OTHER_LEDGER) == ["keys/kek", "keys/ledger"]


def test_the_check_tells_nothing_about_the_keys(engine: sa.Engine) -> None:
    check_keys(engine, KEK, SigningKey(ORIGIN, KEK), place="keys")
    with engine.connect() as connection:
        proofs = connection.execute(sa.select(schema.key_check.c.proof)).scalars().all()
    assert len(set(proofs)) == 2
    assert not any(KEK.hex() in proof for proof in proofs)


def test_an_older_installation_is_checked_by_what_it_sealed_and_signed(
    engine: sa.Engine, sql_store: SqlStore
) -> None:
    sealed(sql_store)
    noted(sql_store)
    assert refused(engine, OTHER, OTHER_LEDGER) == ["keys/kek", "keys/ledger"]
    assert refused(engine, OTHER, LEDGER) == ["keys/kek"]
    forgotten(engine)
    check_keys(engine, KEK, LEDGER, place="keys")
    assert refused(engine, KEK, OTHER_LEDGER) == ["keys/ledger"]


def test_a_refused_key_leaves_no_check_behind(engine: sa.Engine, sql_store: SqlStore) -> None:
    sealed(sql_store)
    refused(engine, OTHER, LEDGER)
    with engine.connect() as connection:
        assert connection.execute(sa.select(schema.key_check)).all() == []
    check_keys(engine, KEK, LEDGER, place="keys")


def test_one_altered_row_does_not_make_the_right_key_a_wrong_one(
    engine: sa.Engine, sql_store: SqlStore
) -> None:
    noted(sql_store)
    noted(sql_store)
    one = vault()
    for subject in ("ada", "bo"):
        with sql_store.write() as tx:
            one.seal(tx, subject, 1)
    newest = sa.select(sa.func.max(schema.checkpoint.c.size)).scalar_subquery()
    with engine.begin() as connection:
        connection.execute(
            sa.update(schema.checkpoint).where(schema.checkpoint.c.size == newest).values(note="x")
        )
        connection.execute(
            sa.update(schema.subject_key).where(schema.subject_key.c.subject == "bo").values(wrapped=b"x")
        )
    check_keys(engine, KEK, LEDGER, place="keys")


def test_of_two_machines_that_begin_at_once_one_is_told_to_take_the_keys_of_the_other(
    engine: sa.Engine,
) -> None:
    def begin(kek: bytes) -> bool:
        try:
            check_keys(engine, kek, LEDGER, place="keys")
        except InputProblem:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, (KEK, OTHER))) == [False, True]
