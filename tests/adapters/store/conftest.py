"""Databases to test on: SQLite in a file, and a real Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa
from tests.emptydatabase import an_empty_database, open_sharing
from tests.postgres import Server

from roadworthy.adapters.sql import SqlStore, SqlVault, open_engine, upgrade
from roadworthy.ports import Store, Vault
from roadworthy.testing.conformance.examples import AT
from roadworthy.testing.fixed import FixedClock, SeededEntropy
from roadworthy.testing.memory import MemoryStore, MemoryVault

KEK = bytes(range(32))
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)
EMPTY = b"""
DO $$
DECLARE one record;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT tablename FROM pg_tables
             WHERE schemaname = 'public' AND tablename <> 'schema_version' LOOP
    EXECUTE format('DELETE FROM %I', one.tablename);
  END LOOP;
  FOR one IN SELECT sequencename FROM pg_sequences
             WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    PERFORM setval(one.sequencename::regclass, 1, false);
  END LOOP;
END $$
"""
"""Deletes every row, whatever refers to it: truncating tables makes new files, and takes ten times as long."""


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Server) -> Iterator[str]:
    """One migrated database for all tests that do not change its tables: a new one each would take minutes."""
    address = postgres_server.create()
    engine = open_engine(address)
    upgrade(engine)
    engine.dispose()
    yield address
    postgres_server.drop(address)


@pytest.fixture(scope="session")
def sweeper(migrated_postgres: str) -> Iterator[psycopg.Connection]:
    """The one connection that deletes: a new one would read the catalogue of all tables anew each time."""
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        yield connection


@pytest.fixture(params=["sqlite", POSTGRES])
def address(request: pytest.FixtureRequest) -> str:
    """Of an empty, migrated database."""
    return prepare(request.param, request)


def prepare(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "sqlite":
        file = request.getfixturevalue("tmp_path") / "roadworthy.sqlite"
        file.write_bytes(an_empty_database())
        return f"sqlite:///{file}"
    request.getfixturevalue("sweeper").execute(EMPTY)
    return str(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
def engine(address: str) -> Iterator[sa.Engine]:
    engine = open_sharing(address)
    yield engine
    engine.dispose()


@pytest.fixture
def sql_store(engine: sa.Engine) -> SqlStore:
    return SqlStore(engine)


@pytest.fixture(params=["memory", "sqlite", POSTGRES])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Every store there is, empty."""
    if request.param == "memory":
        yield MemoryStore()
        return
    store = SqlStore(open_sharing(prepare(request.param, request)))
    yield store
    store.close()


@pytest.fixture
def open_vault(store: Store) -> Callable[[], Vault]:
    """The vault as one more process sees it: with a memory of its own."""
    opened = iter(range(1_000))

    def open_one() -> Vault:
        entropy = SeededEntropy(next(opened))
        if isinstance(store, MemoryStore):
            return MemoryVault(FixedClock(AT), entropy)
        return SqlVault(KEK, FixedClock(AT), entropy)

    return open_one
