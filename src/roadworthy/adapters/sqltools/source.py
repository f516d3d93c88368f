"""Questions to a declared data source, for probes and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from roadworthy.adapters.sqltools.opening import open_database
from roadworthy.adapters.sqltools.statement import question

QUESTION_S = 5.0


class SqlSource:
    """A database that can be asked and cannot be changed.

    ``{data}`` in the address stands for the data folder. A question takes no parameters and may run
    for ``timeout_s`` seconds. Errors: ``InputProblem`` RW-SQL-001 for another kind of address.
    """

    def __init__(self, url: str, *, data: Path, timeout_s: float = QUESTION_S) -> None:
        self._database = open_database(url, data=data, place="url", writable=False, timeout_s=timeout_s)

    def rows(self, sql: str, *, limit: int = 100_000) -> Sequence[Mapping[str, Any]]:
        """The first rows of the answer, at most ``limit``, by column name.

        Errors: ``InputProblem`` RW-SQL-002 for what is not one question or names what is not there,
        RW-SQL-008 where the file is no database; ``Unavailable`` RW-SQL-005 to 007 where it is
        missing, locked or too slow.
        """
        statement = question(sql, place=self._database.place)
        return self._database.rows(statement, statement.bind({}), limit=limit)

    def close(self) -> None:
        self._database.close()
