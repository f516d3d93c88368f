"""What lies in the database: nothing in clear, nothing that can be swapped, nothing after an erasure."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.adapters.store.conftest import KEK

from roadworthy.adapters.sql import SqlStore, SqlVault
from roadworthy.adapters.sql import vault as vault_module
from roadworthy.errors import Corrupt, Refused
from roadworthy.testing.conformance.examples import AT
from roadworthy.testing.fixed import FixedClock, SeededEntropy

SECRET = "Anna Beispiel, IBAN DE02120300000000202051"


@pytest.fixture
def store(sql_store: SqlStore) -> SqlStore:
    return sql_store


@pytest.fixture
def vault() -> SqlVault:
    return SqlVault(KEK, FixedClock(AT), SeededEntropy(1))


def _do(engine: sa.Engine, statement: str, **values: object) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(statement), values)


def _bytes_of(engine: sa.Engine) -> bytes:
    """Every byte of the database's files."""
    file = Path(str(engine.url.database))
    return b"".join(part.read_bytes() for part in sorted(file.parent.glob(f"{file.name}*")))


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_no_content_lies_in_the_file_in_clear(store: SqlStore, vault: SqlVault, engine: sa.Engine) -> None:
    with store.write() as tx:
        vault.seal(tx, vault.pseudonym("anna@example.org"), {"text": SECRET})
        vault.digest(tx, vault.pseudonym("anna@example.org"), {"text": SECRET})
    found = _bytes_of(engine)
    assert b"Beispiel" not in found
    assert b"anna" not in found


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_an_erased_key_lies_nowhere_in_the_file(
    store: SqlStore, vault: SqlVault, engine: sa.Engine
) -> None:
    """Neither in free space nor in the write-ahead log, where the key of the installation would open it."""
    with store.write() as tx:
        for number in range(50):
            vault.seal(tx, f"s_{number}", "x" * 100)
    with store.read() as tx:
        wrapped, ciphertext = tx.connection.execute(
            sa.text(
                "SELECT k.wrapped, p.ciphertext FROM subject_key k JOIN payload p ON p.subject = k.subject"
                " WHERE k.subject = 's_7'"
            )
        ).one()
    assert wrapped in _bytes_of(engine)
    with store.write() as tx:
        assert vault.erase(tx, "s_7", at=AT) == 1
    assert wrapped not in _bytes_of(engine)
    assert ciphertext not in _bytes_of(engine)


@pytest.mark.parametrize("column", ["nonce", "ciphertext"])
def test_a_flipped_bit_is_found(store: SqlStore, vault: SqlVault, engine: sa.Engine, column: str) -> None:
    with store.write() as tx:
        sealed = vault.seal(tx, "s_a", SECRET)
        raw: bytes = tx.connection.execute(sa.text(f"SELECT {column} FROM payload")).scalar_one()
    for value in (bytes([raw[0] ^ 1]) + raw[1:], raw[:-1], b""):
        _do(engine, f"UPDATE payload SET {column} = :value", value=value)
        with pytest.raises(Corrupt) as caught, store.read() as tx:
            vault.open(tx, sealed.id)
        assert caught.value.code == "RW-VAULT-002"
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    ["digest = 'sha256:00'", "key_id = 'gone'", "nonce = NULL", "subject = 's_b'"],
)
def test_a_changed_row_is_found(store: SqlStore, vault: SqlVault, engine: sa.Engine, change: str) -> None:
    with store.write() as tx:
        sealed = vault.seal(tx, "s_a", SECRET)
    _do(engine, f"UPDATE payload SET {change}")
    fresh = SqlVault(KEK, FixedClock(AT), SeededEntropy(2))
    for reader in (vault, fresh):
        with pytest.raises(Corrupt), store.read() as tx:
            reader.open(tx, sealed.id)


def test_payloads_of_one_subject_cannot_be_swapped(
    store: SqlStore, vault: SqlVault, engine: sa.Engine
) -> None:
    with store.write() as tx:
        refused, approved = vault.seal(tx, "s_a", "refuse"), vault.seal(tx, "s_a", "approve")
    _do(
        engine,
        "UPDATE payload SET (nonce, ciphertext, digest) ="
        " (SELECT nonce, ciphertext, digest FROM payload WHERE id = :source) WHERE id = :target",
        source=approved.id,
        target=refused.id,
    )
    with pytest.raises(Corrupt), store.read() as tx:
        vault.open(tx, refused.id)


def test_a_key_cannot_be_moved_to_another_subject(
    store: SqlStore, vault: SqlVault, engine: sa.Engine
) -> None:
    with store.write() as tx:
        vault.seal(tx, "s_a", "a")
        sealed = vault.seal(tx, "s_b", "b")
    _do(
        engine,
        "UPDATE subject_key SET wrapped = (SELECT wrapped FROM subject_key WHERE subject = 's_a')"
        " WHERE subject = 's_b'",
    )
    fresh = SqlVault(KEK, FixedClock(AT), SeededEntropy(2))
    with pytest.raises(Corrupt) as caught, store.read() as tx:
        fresh.open(tx, sealed.id)
    assert caught.value.code == "RW-VAULT-005"


def test_nothing_opens_with_another_key_of_the_installation(store: SqlStore, vault: SqlVault) -> None:
    with store.write() as tx:
        sealed = vault.seal(tx, "s_a", SECRET)
    stranger = SqlVault(b"x" * 32, FixedClock(AT), SeededEntropy(2))
    assert stranger.pseudonym("anna") != vault.pseudonym("anna")
    with pytest.raises(Corrupt) as caught, store.read() as tx:
        stranger.open(tx, sealed.id)
    assert caught.value.code == "RW-VAULT-005"
    assert caught.value.hint
    with pytest.raises(ValueError, match="32 bytes"):
        SqlVault(b"short", FixedClock(AT), SeededEntropy(2))


def test_a_backup_without_its_erased_key_stays_erased(
    store: SqlStore, vault: SqlVault, engine: sa.Engine
) -> None:
    """Payloads come back from an old backup, the keys have a backup of their own and stay destroyed."""
    with store.write() as tx:
        sealed = vault.seal(tx, "s_a", SECRET)
        saved = tx.connection.execute(sa.text("SELECT nonce, ciphertext FROM payload")).one()
    with store.write() as tx:
        vault.erase(tx, "s_a", at=AT)
    _do(engine, "UPDATE payload SET nonce = :nonce, ciphertext = :ciphertext", **saved._mapping)
    with pytest.raises(Refused), store.read() as tx:
        vault.open(tx, sealed.id)


def test_only_so_many_keys_stay_in_memory(
    store: SqlStore, vault: SqlVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_module, "MOST_KEYS", 3)
    with store.write() as tx:
        sealed = [vault.seal(tx, f"s_{number}", number) for number in range(10)]
        assert list(vault._keys._keys) == ["s_7", "s_8", "s_9"]
        vault.seal(tx, "s_7", "used again")
        vault.seal(tx, "s_new", "")
        assert list(vault._keys._keys) == ["s_9", "s_7", "s_new"]
        assert [vault.open(tx, one.id) for one in sealed] == list(range(10))
        assert len(vault._keys._keys) == 3
