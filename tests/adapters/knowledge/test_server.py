"""The index in Postgres: near neighbours by a graph, nothing left of who is erased, whole after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import psycopg
import pytest
from tests.postgres import Server

from roadworthy.adapters.pgvector import PgvectorIndex
from roadworthy.errors import InputProblem
from roadworthy.knowledge import KEEPER, Finding, Reader
from roadworthy.ports.knowledge import Query, Vectors
from roadworthy.testing.conformance.documents import (
    BEST,
    TODAY,
    a_document,
    about,
    ask,
    in_group,
    names,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def address(pgvector_server: Server) -> Iterator[str]:
    """A database of this test alone."""
    address = pgvector_server.create()
    yield address
    pgvector_server.drop(address)


@pytest.fixture
def index(address: str) -> Iterator[PgvectorIndex]:
    with closing(an_index(address)) as index:
        yield index


def an_index(address: str) -> PgvectorIndex:
    return PgvectorIndex(address, use_case="desk", source="help", version="1")


def units(count: int, dimensions: int, *, seed: int) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def keep(index: PgvectorIndex, rows: Vectors) -> None:
    """Vectors of passages in the order of their documents."""
    waiting = index.waiting(BEST, limit=len(rows))
    index.keep_vectors(BEST, [one.chunk for one in waiting], rows)


def one_value(address: str, statement: str) -> int:
    with psycopg.connect(address, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return int(row[0])


COUNT, BOUND = 600, 200


@pytest.fixture
def by_graph(index: PgvectorIndex, monkeypatch: pytest.MonkeyPatch) -> Vectors:
    """600 passages of which every second is for the staff; a graph from 200 vectors on."""
    monkeypatch.setattr("roadworthy.adapters.pgvector.index.GRAPH_FROM", BOUND)
    monkeypatch.setattr("roadworthy.adapters.pgvector.searching.EXACT_UP_TO", BOUND)
    groups = ("staff", "board", "staff", "board", "staff", "few")
    index.put([a_document(f"{n:03}", f"passage {n}", access=in_group(groups[n % 6])) for n in range(COUNT)])
    rows = units(COUNT, 24, seed=3)
    # In two parts: rows that come after the graph is made belong to it, too.
    keep(index, rows[:400])
    keep(index, rows[400:])
    return rows


def nearest(rows: Vectors, asked: Vectors, readable: list[int], count: int) -> list[str]:
    order = np.argsort(-(rows[readable] @ asked), kind="stable")[:count]
    return [f"{readable[place]:03}" for place in order]


def test_a_graph_finds_what_comparing_everything_finds(
    index: PgvectorIndex, by_graph: Vectors, address: str
) -> None:
    assert one_value(address, "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%hnsw%'") == 1
    readable = [n for n in range(COUNT) if n % 2 == 0]
    found = total = 0
    for asked in units(20, 24, seed=4):
        query = Query("", Reader(frozenset({"staff"})), TODAY, 10, ((BEST, asked),), "meaning")
        hits = index.search(query)
        assert all(int(hit.chunk.document) % 2 == 0 for hit in hits)
        assert len(hits) == 10
        right = nearest(by_graph, asked, readable, 10)
        found += len({hit.chunk.document for hit in hits} & set(right))
        total += 10
        assert hits[0].similarity == pytest.approx(by_graph[int(hits[0].chunk.document)] @ asked, abs=2e-3)
    assert found / total >= 0.95


def test_few_readable_ones_among_many_are_all_compared(index: PgvectorIndex, by_graph: Vectors) -> None:
    few = [n for n in range(COUNT) if n % 6 == 5]
    for asked in units(5, 24, seed=5):
        query = Query("", Reader(frozenset({"few"})), TODAY, len(few), ((BEST, asked),), "meaning")
        found = [hit.chunk.document for hit in index.search(query)]
        # Rows are kept in half precision: neighbours that differ by less may change places.
        assert found[:10] == nearest(by_graph, asked, few, 10)
        assert len(found) == len(few)
        assert set(found) == {f"{n:03}" for n in few}


def test_what_is_removed_leaves_the_graph(index: PgvectorIndex, by_graph: Vectors) -> None:
    asked = by_graph[42]
    query = Query("", KEEPER, TODAY, 5, ((BEST, asked),), "meaning")
    assert index.search(query)[0].chunk.document == "042"
    index.remove(["042"])
    hits = index.search(query)
    assert len(hits) == 5
    assert "042" not in {hit.chunk.document for hit in hits}


SECRET = ("zanzibarquokka", "annpseudonymnumber", "letterfromannabout", "hidingplaceofann", "ownernamedann")


def everything(server: Server, address: str) -> dict[str, bytes]:
    """The files of the database, all written out. The server's log of writes is no part of it: it is recycled."""
    number = one_value(address, "SELECT oid::int FROM pg_database WHERE datname = current_database()")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        named = connection.execute("SELECT pg_relation_filenode(oid), relname FROM pg_class").fetchall()
    names_of = {str(node): name for node, name in named}
    folder = server.folder / "data" / "base" / str(number)
    return {
        f"{names_of.get(file.name.partition('.')[0], 'gone')} {file.name}": file.read_bytes()
        for file in sorted(folder.iterdir())
        if file.is_file()
    }


def test_what_is_erased_leaves_no_byte_in_tables_and_their_statistics(
    index: PgvectorIndex, address: str, pgvector_server: Server
) -> None:
    word, person, name, detail, owner = SECRET
    index.put([a_document(f"page-{n:03}", f"apples {n}", f"pears {n}") for n in range(60)])
    index.put(
        [
            a_document(
                f"{name}-{n:02}", f"{word} {n}", f"{word} again {n}", access=about(person), owner=owner,
                findings=(Finding("hidden", f"{name}-{n:02}", detail),),
            )
            for n in range(30)
        ]
    )  # fmt: skip
    waiting = index.waiting(BEST, limit=1_000)
    rows = units(len(waiting), 16, seed=6)
    index.keep_vectors(BEST, [one.chunk for one in waiting], rows)
    hers = [
        rows[place].astype(np.float16).tobytes() for place, one in enumerate(waiting) if word in one.text
    ]
    # As the server itself does from time to time.
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("ANALYZE")
    before = everything(pgvector_server, address)
    found = [mark for mark in SECRET if any(mark.encode() in content for content in before.values())]
    assert found == list(SECRET)
    assert sum(any(row in content for content in before.values()) for row in hers) > len(hers) // 2
    assert len(index.erase(person).documents) == 30
    after = everything(pgvector_server, address)
    assert [
        (mark, file) for mark in SECRET for file, content in after.items() if mark.encode() in content
    ] == []
    assert {file for row in hers for file, content in after.items() if row in content} == set()
    assert len(names(index.search(ask("apples", top_k=100, reader=KEEPER)))) == 60


_KILLED = """
import sys
from roadworthy.adapters.pgvector import PgvectorIndex
from roadworthy.testing.conformance.documents import a_document
index = PgvectorIndex(sys.argv[1], use_case="desk", source="help", version="1")
index.put([a_document("before", "apples")])
documents = [a_document(f"n{n}", "pears one", "pears two") for n in range(60)]
def one_by_one():
    for n, document in enumerate(documents):
        if n == 40:
            print("in the middle", flush=True)
            sys.stdin.read()
        yield document
index.put(one_by_one())
"""


def test_a_process_killed_in_the_middle_of_a_put_leaves_what_was_before(
    index: PgvectorIndex, address: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"in the middle\n"
    assert [name for name, _, _ in index.stamps()] == ["before"]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert index.search(ask("pears")) == ()
    # Waits for the lock of the killed one, which the server gives up when it notices.
    index.put([a_document("after", "pears")])
    assert [name for name, _, _ in index.stamps()] == ["after", "before"]
    assert names(index.search(ask("pears"))) == [("after", 0)]


def test_a_server_without_pgvector_says_what_is_missing(postgres_url: str) -> None:
    offers = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"
    if one_value(postgres_url, offers):
        pytest.skip("the server of the tests has pgvector")
    with closing(an_index(postgres_url)) as index:
        for _ in range(2):
            with pytest.raises(InputProblem) as caught:
                index.search(ask("apples"))
            assert caught.value.code == "RW-KNOWLEDGE-040"
            assert "pgvector" in str(caught.value)
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'knowledge'"
    assert one_value(postgres_url, schemas) == 0
