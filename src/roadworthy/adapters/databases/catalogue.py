"""What a database says about its tables. Names are asked for as values, never written into a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.adapters.databases.kinds import Shape, shape
from roadworthy.adapters.databases.server import Server

_TABLES = {
    "sqlite": "select '', name from sqlite_master where type in ('table', 'view') and name not like 'sqlite^_%' escape '^'",
    "postgres": """
        select case when n.nspname = current_schema() then '' else n.nspname end, c.relname
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
          and n.nspname not like 'pg_toast%' and n.nspname not like 'pg_temp%'
          and has_schema_privilege(n.oid, 'usage')""",
    "mysql": """
        select case when table_schema = database() then '' else table_schema end, table_name
        from information_schema.tables
        where table_schema not in ('information_schema', 'performance_schema', 'mysql', 'sys')""",
}
_POSTGRES_COLUMNS = """
    select a.attname,
           case when t.typtype = 'e' then 'enum'
                else format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid),
                                 case when t.typbasetype <> 0 then t.typtypmod else a.atttypmod end) end,
           not a.attnotnull,
           a.attnum = any (coalesce((select i.indkey::int2[] from pg_catalog.pg_index i
                                     where i.indrelid = c.oid and i.indisprimary), '{}'::int2[])),
           c.relkind::text
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where a.attnum > 0 and not a.attisdropped and c.relname = %s
      and n.nspname = coalesce(nullif(%s, ''), current_schema())
    order by a.attnum"""
_MYSQL_COLUMNS = """
    select c.column_name, c.column_type, c.is_nullable = 'YES', c.column_key = 'PRI', t.table_type
    from information_schema.columns c
    join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
    where c.table_name = %s and c.table_schema = coalesce(nullif(%s, ''), database())
    order by c.ordinal_position"""
_SQLITE_COLUMNS = """
    select x.name, x.type, not x."notnull" and not x.pk, x.pk, m.type, coalesce(m.sql, '')
    from pragma_table_xinfo(?) x, sqlite_master m
    where m.name = ? and m.type in ('table', 'view') and x.hidden <> 1 order by x.cid"""


@dataclass(frozen=True, slots=True)
class Order:
    """By what the rows of a table come in the order in which they lie, as it stands in a question.

    ``names`` are columns; ``place`` is SQLite's own number of a row. ``sampled``: the server can pick
    rows by itself.
    """

    names: tuple[str, ...] = ()
    place: str = ""
    sampled: bool = False


def tables_of(server: Server) -> list[tuple[str, str]]:
    """Schema and name of each table and view; the schema is empty where it need not be said."""
    rows = server.look_up(_TABLES[server.kind], ())
    return [(_text(schema), _text(name)) for schema, name in rows]


def columns_of(server: Server, schema: str, name: str) -> tuple[tuple[Shape, ...], Order]:
    """How each column is read, and by what the rows are put in order."""
    if server.kind == "sqlite":
        rows = server.look_up(_SQLITE_COLUMNS, (name, name))
    else:
        rows = server.look_up(
            _POSTGRES_COLUMNS if server.kind == "postgres" else _MYSQL_COLUMNS, (name, schema)
        )
    shapes = tuple(
        shape(_text(row[0]), _text(row[1]) or "", server.kind, nullable=bool(row[2])) for row in rows
    )
    if not rows:
        return shapes, Order()
    key = Order(tuple(_text(row[0]) for row in rows if row[3]))
    kind = _text(rows[0][4])
    if server.kind == "postgres":
        # Rows come as they lie without being told; see `Server`.
        return shapes, Order(sampled=kind in ("r", "m", "p"))
    if server.kind == "mysql":
        return shapes, key if kind == "BASE TABLE" else Order()
    if kind == "view":
        return shapes, Order()
    if "withoutrowid" in "".join(_text(rows[0][5]).casefold().split()).rpartition(")")[2]:
        return shapes, key
    taken = {one.column.name.casefold() for one in shapes}
    return shapes, Order(place=next((one for one in ("rowid", "_rowid_", "oid") if one not in taken), ""))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
