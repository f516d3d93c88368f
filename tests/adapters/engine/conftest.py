"""Engines to test: the one in memory, and the durable one on SQLite and on a real Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.adapters.engine.bench import PATIENCE_S, Bench, DbosBench, MemoryBench, set_up
from tests.postgres import Server

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def model_database(postgres_server: Server) -> str:
    """A database with the engine's tables, to copy from."""
    url = postgres_server.create()
    set_up(url)
    return url


@contextmanager
def _database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        address = f"sqlite:///{folder}/engine.sqlite"
        set_up(address)
        yield address
        return
    server: Server = request.getfixturevalue("postgres_server")
    address = server.create(like=request.getfixturevalue("model_database"))
    yield address
    server.drop(address)


@contextmanager
def _bench(url: str) -> Iterator[DbosBench]:
    bench = DbosBench(url)
    yield bench
    bench.engine.stop(grace_s=PATIENCE_S)
    bench.database.dispose()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that is set up."""
    with _database(request.param, request, tmp_path) as address:
        yield address


@pytest.fixture
def durable(url: str) -> Iterator[DbosBench]:
    with _bench(url) as bench:
        yield bench


@pytest.fixture(params=["memory", *DATABASES])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "memory":
        yield MemoryBench()
        return
    with _database(request.param, request, tmp_path) as address, _bench(address) as bench:
        yield bench
