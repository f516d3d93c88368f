"""Which questions may be put to the engine: one that only selects, from tables of the workbench alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

from roadworthy.adapters.duckdb.spelling import near
from roadworthy.errors import InputProblem, Problem

LONGEST = 200_000
SHOWN = 120
_SERIES = frozenset({"range", "generate_series", "unnest"})
# Not harmful behind the locked configuration, but they tell about the installation or hold the line.
_CLOSED = frozenset(
    {"current_setting", "getvariable", "write_log", "sleep_ms", "nextval", "setval", "query", "query_table"}
)
_SOURCES = frozenset(
    {"BASE_TABLE", "TABLE_FUNCTION", "JOIN", "SUBQUERY", "EMPTY", "EXPRESSION_LIST", "PIVOT", "CTE"}
)


def shown(sql: str) -> str:
    """A question in one short line, for problems."""
    line = " ".join(sql.split())
    return f"{line[:SHOWN]}…" if len(line) > SHOWN else line


def refused(sql: str, message: str, hint: str = "") -> InputProblem:
    """This question is not put to any engine."""
    return InputProblem("RW-DATA-154", Problem(f"{message}, in `{shown(sql)}`", hint=hint))


def allow(sql: str, tables: Collection[str], parse: Callable[[str], str]) -> str:
    """The question as it may be run, without what follows its end.

    ``parse`` is the engine's own parser, so that nothing is understood here in another way than there;
    it answers with the tree of a selecting statement as JSON. Errors: ``InputProblem`` RW-DATA-154.
    """
    if "\0" in sql or len(sql) > LONGEST:
        raise refused(sql[:SHOWN].replace("\0", " "), "a question has no NUL and is not that long")
    tree = json.loads(parse(sql))
    if tree.get("error"):
        if tree.get("error_type") == "parser":
            raise refused(sql, f"this cannot be parsed: {tree.get('error_message', '')}")
        raise refused(sql, "a question only selects", "begin with `select` or `with`")
    if len(tree["statements"]) != 1:
        raise refused(sql, "this is more than one statement", "ask one question at a time")
    own = set(_own_names(tree))
    known = {name.casefold() for name in tables}
    for node in _nodes(tree["statements"][0]):
        _check(sql, node, own, known, tables)
    return sql


def _check(sql: str, node: dict[str, Any], own: set[str], known: set[str], tables: Collection[str]) -> None:
    kind = node.get("type")
    if kind == "SHOW_REF":
        raise refused(sql, "a question does not describe the engine", "begin with `select` or `with`")
    if kind == "BASE_TABLE":
        name = str(node.get("table_name", ""))
        plain = not node.get("schema_name") and not node.get("catalog_name")
        if not plain or name.casefold() not in known | own:
            raise refused(sql, f"there is no table `{name}` here", near(name, tables))
    elif kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).casefold()
        if name not in _SERIES:
            raise refused(sql, f"`{name}` cannot be selected from", "select from the table itself")
    if str(node.get("function_name", "")).casefold() in _CLOSED:
        raise refused(sql, f"`{node['function_name']}` cannot be asked for")
    source = node.get("from_table")
    if isinstance(source, dict) and source.get("type") not in _SOURCES:
        raise refused(sql, "this kind of source cannot be selected from")


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    """Every object of the tree. Without recursion: the depth is the user's."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _own_names(tree: object) -> Iterator[str]:
    """Names that the question gives to parts of itself (``with``)."""
    for node in _nodes(tree):
        entries = node.get("cte_map")
        if isinstance(entries, dict):
            for entry in entries.get("map", ()):
                yield str(entry.get("key", "")).casefold()
        if "CTE" in str(node.get("type", "")) and node.get("cte_name"):
            yield str(node["cte_name"]).casefold()
