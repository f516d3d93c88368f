"""Copying state that lies in Postgres into a database of its own on the same server, while others work on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from psycopg import sql

from roadworthy.errors import Refused, RoadworthyError, Unavailable

PREFIX = "roadworthy_drill_"
_OURS = re.compile(PREFIX + r"[0-9a-f]{32}")
_SCHEMAS = ("public", "dbos")
_MAY_NOT = "42501"
_VERSION = "schema_version"


def beside(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def is_postgres(url: str) -> bool:
    """Whether an address is one of Postgres."""
    return url.partition("://")[0] in {"postgres", "postgresql", "postgresql+psycopg"}


def create_copy(url: str, name: str) -> str:
    """An empty database of this name beside another one, sorted and spelt as that is; its address.

    Errors: ``Refused`` RW-DRILL-012 where the account may not make one; ``Unavailable`` RW-DRILL-004.
    """
    with _border(), _connected(url) as here:
        here.autocommit = True
        row = here.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
        assert row is not None, "the database that one is connected to"
        encoding, collate, ctype, provider = row
        words = [sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {}").format(_name(name), encoding)]
        if provider == "c":
            words.append(sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(collate, ctype))
        here.execute(sql.SQL(" ").join(words))
    return beside(url, name)


def copy_rows(source: str, target: str) -> int:
    """Every row of every table, as of one moment, into a database with the same empty tables; returns how many.

    One transaction sees the source, another fills the target: either all of it is there or nothing.
    Errors: ``Unavailable`` RW-DRILL-004.
    """
    copied = 0
    with _border(), _connected(source) as theirs, _connected(target) as ours:
        theirs.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        theirs.read_only = True
        for schema, table in _tables(target):
            columns = sql.SQL(", ").join(sql.Identifier(each) for each in _columns(ours, schema, table))
            where = sql.Identifier(schema, table)
            # What triggers would note of these rows is among the rows that are copied.
            ours.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(where))
            ours.execute(sql.SQL("DELETE FROM {}").format(where))
            out = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(columns, where)
            into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(where, columns)
            with ours.cursor() as filled:
                with theirs.cursor() as read, read.copy(out) as rows, filled.copy(into) as taken:
                    for part in rows:
                        taken.write(part)
                copied += max(0, filled.rowcount)
            ours.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(where))
        _continue_counting(theirs, ours)
        ours.commit()
    return copied


def drop_copy(url: str, name: str) -> None:
    """Drop a database that a drill made, whoever is still connected to it. One that is gone is no error.

    Errors: ``Unavailable`` RW-DRILL-004. A name that no drill gives is never dropped.
    """
    if not _OURS.fullmatch(name):
        return
    with _border(), _connected(url) as here:
        here.autocommit = True
        here.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_name(name)))


def _tables(url: str) -> list[tuple[str, str]]:
    """Tables with rows of their own, those before that others refer to."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    found = []
    for schema in _SCHEMAS:
        tables = sa.MetaData()
        tables.reflect(engine, schema=schema)
        found += [(schema, table.name) for table in tables.sorted_tables if table.schema == schema]
    return found


def _columns(ours: psycopg.Connection, schema: str, table: str) -> list[str]:
    rows = ours.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
        " AND is_generated = 'NEVER' ORDER BY ordinal_position",
        (schema, table),
    )
    return [str(name) for (name,) in rows]


def _continue_counting(theirs: psycopg.Connection, ours: psycopg.Connection) -> None:
    """Numbers that the database gives go on where they stand in the original."""
    rows = theirs.execute(
        "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE schemaname = ANY(%s)"
        " AND last_value IS NOT NULL",
        (list(_SCHEMAS),),
    ).fetchall()
    for schema, name, last in rows:
        there = sql.Identifier(str(schema), str(name)).as_string(ours)
        ours.execute(
            "SELECT setval(%s::regclass, %s) WHERE to_regclass(%s) IS NOT NULL", (there, last, there)
        )


def _name(name: str) -> sql.Identifier:
    assert _OURS.fullmatch(name), "a name that no drill gives"
    return sql.Identifier(name)


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(
        f"postgresql://{url.partition('://')[2]}", connect_timeout=5, application_name="roadworthy drill"
    )


@contextmanager
def _border() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as fault:
        raise _told(fault) from None


def _told(fault: psycopg.Error) -> RoadworthyError:
    if fault.sqlstate == _MAY_NOT:
        return Refused(
            "RW-DRILL-012",
            "this account may not make or drop the database in which a drill rehearses",
            hint="let the server's administrator grant it for the drill: `ALTER ROLE … CREATEDB`",
        )
    return Unavailable(
        "RW-DRILL-004",
        f"the database cannot be copied: {type(fault).__name__}",
        retry_is_safe=True,
        hint="is there room on the server, and may this account read every table?",
    )
