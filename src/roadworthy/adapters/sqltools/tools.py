"""The tools a charter may declare on a database: ``sql.query``, ``sql.insert`` and ``sql.delete``.

| use | options | does |
|---|---|---|
| ``sql.query`` | ``sql`` with ``:argument`` placeholders | answers the first row, or nothing |
| ``sql.insert`` | ``table``; ``columns``: column to argument | adds a row under the effect's key |
| ``sql.delete`` | ``table`` | deletes the row whose key is the argument ``key`` |

A table that is written to has a column ``idempotency_key`` that is its primary key or unique: so a
repeated key changes nothing and answers the same, whoever repeats it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from roadworthy.adapters.sqltools.database import Database
from roadworthy.adapters.sqltools.opening import open_database
from roadworthy.adapters.sqltools.statement import Statement, is_identifier, is_table, question, quoted
from roadworthy.casework.effect import Idempotency
from roadworthy.charter import Tool, seconds
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Connector

KEY = "idempotency_key"


class SqlTool:
    """What the three kinds share. ``idempotency`` is what the kind promises about a repeated key."""

    idempotency = Idempotency.NONE

    def __init__(self, database: Database, statement: Statement) -> None:
        self._database = database
        self._statement = statement

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise self._not_meant("writes, it is not called")

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        raise self._not_meant("reads, nothing is sent to it")

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise self._not_meant("is not asked about keys")

    def close(self) -> None:
        """Close its connections, at a moment when none is in use; used again, it opens new ones."""
        self._database.close()

    def _not_meant(self, message: str) -> InputProblem:
        return InputProblem("RW-SQL-003", Problem(f"this tool {message}", place=self._statement.place))


class Query(SqlTool):
    """Reads. Edge: no row answers an empty mapping."""

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        rows = self._database.rows(self._statement, self._statement.bind(arguments), limit=1)
        return rows[0] if rows else {}


class Insert(SqlTool):
    """Adds a row once per key. The arguments of a repeated key are not looked at."""

    idempotency = Idempotency.NATIVE

    def __init__(self, database: Database, name: str, table: str, columns: Mapping[str, str]) -> None:
        self._columns = dict(columns)
        self._arguments = Statement("", frozenset(columns.values()), name)
        names = [KEY, *columns]
        sql = (
            f"insert into {quoted(table)} ({', '.join(map(quoted, names))}) "  # noqa: S608 - quoted names
            f"values ({', '.join(f':{column}' for column in names)}) on conflict ({KEY}) do nothing"
        )
        super().__init__(database, Statement.of(sql, place=name))

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        given = self._arguments.bind(arguments)
        values = {column: given[argument] for column, argument in self._columns.items()}
        self._database.change(self._statement, {KEY: key, **values})
        return {"id": key}


class Delete(SqlTool):
    """Takes back what an insert with that key has added."""

    idempotency = Idempotency.NATIVE

    def __init__(self, database: Database, name: str, table: str) -> None:
        sql = f"delete from {quoted(table)} where {KEY} = :key"  # noqa: S608 - a quoted name
        super().__init__(database, Statement.of(sql, place=name))

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        values = self._statement.bind(arguments)
        self._database.change(self._statement, values)
        return {"id": values["key"]}


OPTIONS = {"sql.query": {"sql"}, "sql.insert": {"table", "columns"}, "sql.delete": {"table"}}


def build(tool_name: str, tool: Tool, source: str, data: Path) -> Connector:
    """The connector of a declared tool; ``source`` is the address of its data source.

    Errors: ``InputProblem`` RW-SQL-001 with everything about the declaration that does not fit.
    """
    place = f"tools.{tool_name}"
    expected = OPTIONS.get(tool.use)
    if expected is None:
        raise InputProblem(
            "RW-SQL-001",
            Problem(f"no kind of tool `{tool.use}`", f"{place}.use", hint=f"known: {', '.join(OPTIONS)}"),
        )
    problems = [
        Problem(f"{tool.use} {'has no' if name in tool.options else 'needs the'} option `{name}`", place)
        for name in sorted(expected ^ tool.options.keys())
    ]
    if not source:
        problems.append(Problem("names no data source", f"{place}.source"))
    if tool.writes and tool.use == "sql.query":
        problems.append(Problem("`sql.query` only reads, its sink is `none`", f"{place}.sink"))
    if not tool.writes and tool.use != "sql.query":
        problems.append(Problem(f"`{tool.use}` writes, its sink says what", f"{place}.sink"))
    if not problems:
        problems = _wrong_names(tool, place)
    if problems:
        raise InputProblem("RW-SQL-001", problems)
    database = open_database(
        source, data=data, place=place, writable=tool.writes, timeout_s=seconds(tool.timeout)
    )
    if tool.use == "sql.query":
        return Query(database, question(tool.options["sql"], place=tool_name))
    if tool.use == "sql.insert":
        return Insert(database, tool_name, tool.options["table"], tool.options["columns"])
    return Delete(database, tool_name, tool.options["table"])


def _wrong_names(tool: Tool, place: str) -> list[Problem]:
    options = tool.options
    if tool.use == "sql.query":
        if not isinstance(options["sql"], str):
            return [Problem("expected a text", f"{place}.options.sql")]
        return _unknown(tool, place, Statement.of(options["sql"], place=place).names)
    problems = []
    if not is_table(options["table"]):
        hint = "letters, digits and `_`, at most one dot"
        problems.append(Problem("this is no name of a table", f"{place}.options.table", hint=hint))
    if tool.use == "sql.delete":
        return problems + _unknown(tool, place, {"key"})
    columns = options["columns"]
    if not isinstance(columns, Mapping) or not columns:
        return [*problems, Problem("expected columns with their arguments", f"{place}.options.columns")]
    for column, argument in columns.items():
        if not is_identifier(column) or not is_identifier(argument):
            message = f"`{column}: {argument}` is no column with its argument"
            problems.append(Problem(message, f"{place}.options.columns"))
        elif column.casefold() == KEY:
            problems.append(Problem(f"`{KEY}` is filled with the effect's key", f"{place}.options.columns"))
    return problems + _unknown(tool, place, {str(argument) for argument in columns.values()})


def _unknown(tool: Tool, place: str, arguments: Collection[str]) -> list[Problem]:
    """Arguments that the charter guards and the tool does not have: nothing would be guarded."""
    hint = f"arguments: {', '.join(sorted(arguments)) or 'none'}"
    problems = [
        Problem(f"there is no argument `{name}`", f"{place}.control", hint=hint)
        for name in tool.control
        if name not in arguments
    ]
    if tool.amount and tool.amount not in arguments:
        problems.append(Problem(f"there is no argument `{tool.amount}`", f"{place}.amount", hint=hint))
    return problems
