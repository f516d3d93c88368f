"""A contract's own SQL: one question, only reading, and in files nothing but the table itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from roadworthy.adapters.sqlchecks.asking import is_columnar
from roadworthy.adapters.sqlchecks.conditions import laid_open, may_hide
from roadworthy.adapters.sqlchecks.quoting import Inexpressible, identifier
from roadworthy.data.contract import ContractTable

if TYPE_CHECKING:
    from roadworthy.ports.tables import Dataset, Dialect

LONGEST = 20_000
_PLACE = re.compile(r"\$?\{\s*(?P<word>[A-Za-z_]+)\s*\}")
_TABLE = {"table", "model", "object", "schema_object", "table_name"}
_COLUMN = {"column", "property", "field", "element", "column_name"}
_ELSEWHERE = "the query reads something else than the table it belongs to"
_READS = (exp.Select, exp.SetOperation, exp.Subquery)
# What a question can do to the server it is put to, whoever's rights it runs with.
_HARMFUL = re.compile(
    r"^(pg_(read|write|ls|sleep|terminate|cancel|reload|rotate|advisory|notify|logical|create|drop|file)\w*|lo_\w+"
    r"|dblink\w*|copy\w*|load_file|load_extension|sleep|benchmark|get_lock|set_config|setval|nextval|query_to_xml\w*"
    r"|database_to_xml\w*|table_to_xml\w*|readfile|writefile|edit|getenv|current_setting|getvariable|read_\w+|parquet_\w+|glob|sniff_\w+|query"
    r"|query_table|duckdb_\w+|pragma_\w+|which_secret|\w+_scan)$",
    re.IGNORECASE,
)  # fmt: skip


def readable(query: str, table: ContractTable, column: str, dataset: Dataset) -> str:
    """The query as it may be put to the source. ``column`` is its physical name, empty for a rule of the table.

    Errors: ``Inexpressible`` for what is not one question, for unknown placeholders, and where a
    query over files names anything but the table.
    """
    if len(query) > LONGEST:
        raise Inexpressible(f"the query has {len(query)} characters, at most {LONGEST} are read")
    dialect = dataset.dialect
    over_files = dialect == "duckdb"
    own = identifier(table.source, dialect)
    relation = own if over_files else dataset.relation

    def put(match: re.Match[str]) -> str:
        word = match["word"].casefold()
        if word in _TABLE:
            return relation
        if word in _COLUMN and column:
            return identifier(column, dialect)
        raise Inexpressible(
            f"the placeholder `{match[0][:40]}` is not known, expected `${{table}}` or `${{column}}`"
        )

    filled = _PLACE.sub(put, query).strip().rstrip(";").rstrip()
    names = {table.source, table.name} if over_files else None
    tree = _only_reads(filled, dialect, names)
    if not over_files:
        return filled
    # What was looked at is what is run: nothing hides in a comment that two readers end differently.
    inner = tree.sql(dialect=dialect, comments=False)
    copies = ", ".join(
        f"{identifier(name, dialect)} as not materialized ({_rows(dataset)})"
        for name in _distinct(table.source, table.name)
    )
    return f"with {copies} select * from ({inner}) as answer"  # noqa: S608


def _rows(dataset: Dataset) -> str:
    hidden = [laid_open(one) for one in dataset.columns if may_hide(one)] if is_columnar(dataset) else []
    shown = f"* replace ({', '.join(hidden)})" if hidden else "*"
    return f"select {shown} from {dataset.relation}"  # noqa: S608 - quoted names


def _distinct(one: str, other: str) -> list[str]:
    # DuckDB's names are the same in capitals and small letters.
    return [one] if one.casefold() == other.casefold() else [one, other]


def _only_reads(query: str, dialect: Dialect, names: set[str] | None) -> exp.Expr:
    try:
        parsed = [one for one in sqlglot.parse(query, read=dialect) if one is not None]
    except sqlglot.errors.SqlglotError:
        raise Inexpressible("the query cannot be read as SQL of the source's dialect") from None
    except RecursionError:
        raise Inexpressible("the query is nested too deeply") from None
    if len(parsed) != 1 or not isinstance(parsed[0], _READS):
        raise Inexpressible("the query is not one question that begins with `select` or `with`")
    tree = parsed[0]
    if tree.find(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Into,
                 exp.Command, exp.Lock):  # fmt: skip
        raise Inexpressible("the query would change something, or lock it")
    for function in tree.find_all(exp.Func):
        name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
        if _HARMFUL.match(name):
            raise Inexpressible(f"the query calls `{name[:40]}`, which is not part of checking data")
    if names is None:
        return tree
    allowed = {name.casefold() for name in names}
    allowed |= {one.alias.casefold() for one in tree.find_all(exp.CTE)}
    for one in tree.find_all(exp.Table):
        plain = isinstance(one.this, exp.Identifier) and not one.db and not one.catalog
        if not plain or one.name.casefold() not in allowed:
            raise Inexpressible(_ELSEWHERE)
    for lateral in tree.find_all(exp.Lateral):
        if not isinstance(lateral.this, exp.Subquery):
            raise Inexpressible(_ELSEWHERE)
    return tree
