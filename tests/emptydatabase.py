"""Where most tests on a database begin: an empty one and its engine, with what is slow done once in a process.

Migrating a database takes longer than most tests, and so does compiling its statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa

from roadworthy.adapters.dbos import DbosEngine
from roadworthy.adapters.sql import open_engine, upgrade


@cache
def an_empty_database() -> bytes:
    """The bytes of its file."""
    return _prepared(upgrade)


@cache
def _an_unused_installation() -> bytes:
    return _prepared(upgrade, DbosEngine.migrate)


def _prepared(*steps: Callable[[sa.Engine], None]) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        engine = open_engine(f"sqlite:///{file}")
        for step in steps:
            step(engine)
        engine.dispose()
        with closing(sqlite3.connect(file)) as connection:
            return connection.serialize()


_COMPILED: dict[str, tuple[sa.Dialect, dict[Any, Any]]] = {}


def open_sharing(address: str, *, pool_size: int = 8, busy_timeout_s: float = 10.0) -> sa.Engine:
    """The product's engine, which reuses the statements that others of this process compiled."""
    engine = open_engine(address, pool_size=pool_size, busy_timeout_s=busy_timeout_s)
    if engine.dialect.name not in _COMPILED:
        # A dialect learns from its first connection what the server can do.
        engine.connect().close()
        _COMPILED[engine.dialect.name] = engine.dialect, {}
    # What is compiled is remembered by the dialect itself, not by its name.
    engine.dialect, compiled = _COMPILED[engine.dialect.name]
    engine.update_execution_options(compiled_cache=compiled)
    return engine


@contextmanager
def quick_installations() -> Iterator[None]:
    """Installations opened in this process meanwhile, by commands too: their first start copies, all share."""

    def opened(address: str, **more: Any) -> sa.Engine:
        url = sa.make_url(address)
        file = Path(url.database or "")
        if url.get_backend_name() == "sqlite" and file.parent.is_dir() and not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(_an_unused_installation())
        return open_sharing(address, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("roadworthy.adapters.sql.open_engine", opened)
        yield
