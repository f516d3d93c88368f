"""Registries in SQL: a question that answers a row where a value is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from roadworthy.adapters.sqltools.opening import open_database
from roadworthy.adapters.sqltools.statement import question
from roadworthy.charter import Registry, seconds
from roadworthy.errors import InputProblem, Problem
from roadworthy.flow import KnownValues

VALUE = "value"


class SqlRegistry:
    """Answers for one control argument. It only reads, and nothing of its answer is kept but yes or no."""

    def __init__(self, registry: Registry, url: str, *, data: Path, place: str, timeout: str) -> None:
        self._statement = question(registry.sql, place=place)
        if VALUE not in self._statement.names:
            # It would know whatever anybody names.
            raise InputProblem(
                "RW-SQL-010",
                Problem("the question does not ask about `:value`", place=f"{place}.sql"),
                hint="write it like `select 1 from supplier where iban = :value`",
            )
        self._database = open_database(
            url, data=data, place=place, writable=False, timeout_s=float(seconds(timeout))
        )

    @property
    def names(self) -> frozenset[str]:
        """What the question is asked with beside the value."""
        return self._statement.names - {VALUE}

    def knows(self, values: Mapping[str, object]) -> bool:
        """Whether it answers a row. Errors: as a ``sql.query``."""
        return bool(self._database.rows(self._statement, self._statement.bind(values), limit=1))


def build_registry(registry: Registry, url: str, *, data: Path, place: str, timeout: str) -> KnownValues:
    """The registry of one control argument, on the data source at an address; ``place`` is where it is declared.

    Errors: ``InputProblem`` RW-SQL-010 for a question without ``:value``, RW-SQL-001 for another kind of address.
    """
    return SqlRegistry(registry, url, data=data, place=place, timeout=timeout)
