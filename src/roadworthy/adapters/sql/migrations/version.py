"""Which schema a database has, and bringing it to the one this program needs."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from roadworthy.adapters.sql import locks
from roadworthy.adapters.sql.engine import begin_read, begin_write
from roadworthy.errors import InputProblem, Problem

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE: Final = "schema_version"
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration that runs in global state, also where two databases are migrated at once."""


def current(engine: sa.Engine) -> str:
    """The revision that the database has; empty if it was never migrated."""
    with begin_read(engine) as connection:
        return _current(connection)


def is_current(engine: sa.Engine) -> bool:
    """The database has exactly the schema that this program needs."""
    return current(engine) == known()[0]


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest schema, in one transaction. Run twice, or by two at once: the same.

    Errors: ``InputProblem`` RW-STORE-005 for a database that a later Roadworthy has migrated.
    """
    if is_current(engine):
        return
    with _ONE_AT_A_TIME, begin_write(engine) as connection:
        locks.hold(connection, locks.MIGRATION)
        # Whoever waited for the lock may find the work done.
        found = _current(connection)
        if found and found not in known():
            raise InputProblem(
                "RW-STORE-005",
                Problem(
                    f"the database has schema `{found}`, which this Roadworthy does not know",
                    hint="start the later release that migrated it, or restore the backup made before",
                ),
            )
        # Most processes meet a database that is current, and need not load Alembic.
        from alembic import command

        command.upgrade(configured(connection), "head")


def _current(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return ""
    kept = sa.select(sa.column("version_num", sa.Text)).select_from(sa.table(VERSION_TABLE))
    return str(connection.execute(kept).scalar() or "")


@cache
def known() -> tuple[str, ...]:
    """All revisions that this program has, the newest first: each has a file of its name."""
    pages = (Path(__file__).parent / "versions").glob("r[0-9]*.py")
    return tuple(sorted((page.stem[1:].partition("_")[0] for page in pages), reverse=True))


def configured(connection: sa.Connection | None = None) -> Config:
    """What Alembic's commands are told: where the revisions are, and on which connection they run."""
    from alembic.config import Config

    config = Config()
    # The percent sign begins a substitution in Alembic's configuration.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
