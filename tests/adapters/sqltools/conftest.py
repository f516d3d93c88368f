"""A company's desk as a SQLite file."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from roadworthy.adapters.sqltools import build
from roadworthy.charter import Tool
from roadworthy.ports import Connector

SCHEMA = """
create table customer (id text primary key, name text, email text);
insert into customer values ('c1', 'Ada', 'ada@example.com'), ('c2', 'Bo', 'bo@example.com');
create table reply (
  idempotency_key text primary key, ticket_id text not null, "order" integer check ("order" < 100)
);
create table plain (ticket_id text);
"""

Make = Callable[..., Connector]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    file = tmp_path / "desk.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    return file


@pytest.fixture
def make(desk: Path) -> Make:
    """Builds a tool on the desk: ``make("sql.delete", table="reply")``. ``sink`` and the like by ``tool``."""

    def tool(
        use: str, *, declared: dict[str, Any] | None = None, url: str = "", **options: Any
    ) -> Connector:
        sink = "none" if use == "sql.query" else "write"
        fields = {"use": use, "source": "desk", "sink": sink, "options": options, **(declared or {})}
        return build("desk.tool", Tool(**fields), url or "sqlite:///{data}/desk.sqlite", desk.parent)

    return tool


def count(file: Path, table: str = "reply") -> int:
    connection = sqlite3.connect(file)
    try:
        found: int = connection.execute(f"select count(*) from {table}").fetchone()[0]
        return found
    finally:
        connection.close()


@pytest.fixture
def replies(desk: Path) -> Callable[[], int]:
    return lambda: count(desk)
