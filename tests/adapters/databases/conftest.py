"""One empty database of each kind, real ones, behind the same few words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.mariadb import MariaDB, running_mariadb
from tests.postgres import NoServer, Server

from roadworthy.adapters.databases import DatabaseDataset, open_table
from roadworthy.adapters.duckdb import DuckWorkbench

KINDS = ("sqlite", "postgres", "mysql")
Rows = tuple[str, Sequence[Sequence[Any]]]
"""A statement with marks for values, and the values of each row."""


@dataclass
class Place:
    """A database to write into, beside what is tested. Tables that were opened are closed with the test."""

    kind: str
    address: str
    do: Callable[..., list[tuple[Any, ...]]]
    _opened: list[DatabaseDataset] = field(default_factory=list)

    def quoted(self, name: str) -> str:
        mark = "`" if self.kind == "mysql" else '"'
        return mark + name.replace(mark, 2 * mark) + mark

    def open(self, name: str, **options: Any) -> DatabaseDataset:
        self._opened.append(open_table(self.address, name, **{"place": "the place of the test", **options}))
        return self._opened[-1]

    def close(self) -> None:
        for one in self._opened:
            one.close()

    def numbers(self, name: str, rows: int, cell: str) -> None:
        """A view of so many rows with ``n`` and ``cell``, of which nothing is stored."""
        source = {
            "sqlite": f"with recursive r(n) as (select 1 union all select n + 1 from r where n < {rows}) select n, {cell} as cell from r",
            "postgres": f"select n, {cell} as cell from generate_series(1, {rows}) r(n)",
            "mysql": f"select seq as n, {cell} as cell from seq_1_to_{rows}",
        }[self.kind]
        self.do(f"create view {name} as {source}")

    def long_text(self, characters: int) -> str:
        """SQL for a text of so many characters."""
        return {
            "sqlite": f"printf('%.*c', {characters}, 'x')",
            "postgres": f"repeat('x', {characters})",
            "mysql": f"repeat('x', {characters})",
        }[self.kind]


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """A real server. Without binaries a test is skipped, except where CI is set: there it fails."""
    try:
        with running_mariadb() as server:
            yield server
    except NoServer as reason:
        if os.environ.get("CI"):
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture
def mariadb_url(mariadb_server: MariaDB) -> Iterator[str]:
    """The address of an empty database of this test alone."""
    name = mariadb_server.create()
    yield mariadb_server.address(name)
    mariadb_server.do(f"drop database `{name}`")


def sqlite_at(path: Path) -> Place:
    def do(*statements: str, rows: Rows | None = None) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            found = [row for one in statements for row in connection.execute(one)]
            if rows is not None:
                connection.execute("begin")
                connection.executemany(*rows)
                connection.execute("commit")
            return found

    do("pragma user_version = 1")
    return Place("sqlite", f"sqlite:///{path}", do)


def postgres_at(address: str) -> Place:
    def do(*statements: str, rows: Rows | None = None) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        with psycopg.connect(address, autocommit=True) as connection:
            for one in statements:
                cursor = connection.execute(one.encode())
                found += cursor.fetchall() if cursor.description else []
            if rows is not None:
                connection.cursor().executemany(rows[0].encode(), rows[1])
        return found

    return Place("postgres", address, do)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Place]:
    with closing(sqlite_at(tmp_path / "the.sqlite")) as place:
        yield place


@pytest.fixture(scope="session")
def _postgres_home(postgres_server: Server) -> str:
    # One database for all tests, swept after each: making one takes longer than most of them.
    return postgres_server.create()


@pytest.fixture
def postgres(_postgres_home: str) -> Iterator[Place]:
    with closing(postgres_at(_postgres_home)) as place:
        yield place
    own = _postgres_home.partition("?")[0].rpartition("/")[2]
    place.do(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        f'alter database "{own}" reset all',
        """do $$ declare one text; begin
           for one in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
           loop execute format('drop schema %I cascade', one); end loop; end $$""",
        "create schema public",
    )


@pytest.fixture(scope="session")
def _mariadb_home(mariadb_server: MariaDB) -> str:
    return mariadb_server.create()


@pytest.fixture
def mysql(mariadb_server: MariaDB, _mariadb_home: str) -> Iterator[Place]:
    def do(*statements: str, rows: Rows | None = None) -> list[tuple[Any, ...]]:
        return mariadb_server.do(*statements, database=_mariadb_home, rows=rows)

    with closing(Place("mysql", mariadb_server.address(_mariadb_home), do)) as place:
        yield place
    for name, kind in do(
        "select table_name, table_type from information_schema.tables where table_schema = database()"
    ):
        do(f"drop {'view' if kind == 'VIEW' else 'table'} {place.quoted(name)}")


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckWorkbench]:
    found = DuckWorkbench(tmp_path_factory.mktemp("bench"), memory_limit="500MB")
    yield found
    found.close()
