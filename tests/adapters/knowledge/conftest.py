"""Knowledge indexes to test: SQLite in a file, and a real Postgres with pgvector."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import NoServer, Server, running_server

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.adapters.pgvector import PgvectorIndex
from roadworthy.ports.knowledge import KnowledgeIndex

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def pgvector_server() -> Iterator[Server]:
    """A real server with pgvector. Without binaries a test is skipped, except where CI is set: there it fails."""
    try:
        with running_server(with_pgvector=True) as server:
            yield server
    except NoServer as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def pgvector_address(pgvector_server: Server) -> Iterator[str]:
    """One database for all tests: each uses an index of its own."""
    address = pgvector_server.create()
    yield address
    pgvector_server.drop(address)


@pytest.fixture
def open_index(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], KnowledgeIndex]]:
    """Opens the index of a version, each time as another process would."""
    opened: list[Fts5Index | PgvectorIndex] = []
    names = {"use_case": "desk", "source": request.node.nodeid}

    def open_(version: str) -> KnowledgeIndex:
        if kind == "sqlite":
            opened.append(Fts5Index(tmp_path / "knowledge.sqlite", version=version, **names))
        else:
            address = request.getfixturevalue("pgvector_address")
            opened.append(PgvectorIndex(address, version=version, **names))
        return opened[-1]

    yield open_
    for index in opened:
        index.close()
