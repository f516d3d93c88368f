"""Postgres: read-only transactions that are always rolled back, and single statements that write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from roadworthy.adapters.sqltools.database import LOCK_WAIT_S, PerThread, Trouble
from roadworthy.adapters.sqltools.statement import Statement
from roadworthy.errors import InputProblem, Problem, RoadworthyError

CONNECT_S = 5
_OUTAGE = re.compile("08|28|3D|53|57P")

Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresDatabase:
    """One database of a server. Errors: ``InputProblem`` RW-SQL-001 for an address that cannot be read."""

    def __init__(self, url: str, *, declared_at: str, writable: bool, timeout_s: float) -> None:
        try:
            parts = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise InputProblem(
                "RW-SQL-001", Problem("this address of a database cannot be read", place=declared_at)
            ) from None
        self._place = f"the database `{parts.get('dbname', '')}` at `{parts.get('host', 'localhost')}`"
        self._url = url
        self._writable = writable
        self._timeout_s = timeout_s
        self._connections: PerThread[Connection] = PerThread()
        self._spelled: dict[str, str] = {}
        self._trouble = Trouble(self._place)

    @property
    def place(self) -> str:
        return self._place

    def rows(
        self, statement: Statement, values: Mapping[str, object], *, limit: int
    ) -> list[dict[str, Any]]:
        connection = self._open()
        try:
            cursor = connection.cursor()
            # `stream` uses the extended protocol, in which the server takes one statement only: with
            # several, the first could end the read-only transaction. One row more than the limit is
            # looked for, because a result that was read to its end needs no cancelling.
            with closing(cursor.stream(self._spell(statement), values)) as stream:  # type: ignore[type-var]
                found = list(islice(stream, limit + 1))[:limit]
            names = [column.name for column in cursor.description or ()]
        except psycopg.Error as fault:
            raise self._translate(fault, statement) from None
        finally:
            # Rolled back, not committed: not even a setting outlives its question.
            if not connection.closed:
                connection.rollback()
        if len(set(names)) != len(names):
            raise self._trouble.statement(statement, "two columns have the same name")
        return [dict(zip(names, row, strict=True)) for row in found]

    def change(self, statement: Statement, values: Mapping[str, object]) -> None:
        connection = self._open()
        try:
            connection.execute(self._spell(statement).encode(), values)
        except psycopg.Error as fault:
            raise self._translate(fault, statement) from None

    def close(self) -> None:
        self._connections.close()

    def _open(self) -> Connection:
        connection = self._connections.get()
        if connection is None or connection.closed:
            connection = self._connections.put(self._connect())
        return connection

    def _connect(self) -> Connection:
        limits = (
            f"-c statement_timeout={self._timeout_s * 1000:.0f} -c lock_timeout={LOCK_WAIT_S * 1000:.0f}"
        )
        try:
            connection = psycopg.connect(
                self._url,
                autocommit=self._writable,
                connect_timeout=CONNECT_S,
                application_name="roadworthy",
                options=limits,
            )
        except psycopg.Error as fault:
            raise self._unreachable() from fault
        connection.read_only = not self._writable
        return connection

    def _spell(self, statement: Statement) -> str:
        spelled = self._spelled.get(statement.sql)
        if spelled is None:
            spelled = self._spelled[statement.sql] = statement.for_postgres()
        return spelled

    def _unreachable(self) -> RoadworthyError:
        return self._trouble.unreachable(
            f"{self._place} cannot be reached",
            "see that the server runs, knows this database and lets this user in",
        )

    def _translate(self, fault: psycopg.Error, statement: Statement) -> RoadworthyError:
        state = fault.sqlstate or ""
        message = fault.diag.message_primary or ""
        if state in {"40001", "40P01", "55P03"}:
            return self._trouble.locked()
        if state == "57014":
            return self._trouble.slow(self._timeout_s)
        if state == "25006":
            return self._trouble.statement(statement, "a question may not write")
        if state.startswith("23"):
            return self._trouble.refused(statement, f"the row breaks a rule: {message}")
        if state.startswith("42"):
            hint = "correct the statement, or the address of its source, in charter.yaml"
            return self._trouble.statement(statement, message, hint=hint)
        if _OUTAGE.match(state) or (not state and isinstance(fault, psycopg.OperationalError)):
            return self._unreachable()
        # Other messages quote values, such as a text that is no number.
        return self._trouble.refused(statement, "the database cannot carry this statement out")
