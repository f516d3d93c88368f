"""Finding a database by its address, and a table in it by its name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from roadworthy.adapters.databases.catalogue import columns_of, tables_of
from roadworthy.adapters.databases.dataset import DatabaseDataset
from roadworthy.adapters.databases.kinds import Kind
from roadworthy.adapters.databases.server import Server
from roadworthy.errors import InputProblem, Problem

QUESTION_S, LOOK_S = 300.0, 30.0
FORMS = "`sqlite:///path/of/the.sqlite`, `postgresql://user@host/database` or `mysql://user@host/database`"
# An address that cannot be read may still hold a password, and be what is given as its place.
_SECRET = re.compile(r"//[^/?#]*@")
_KINDS: dict[str, Kind] = {
    "sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres", "postgresql+psycopg": "postgres",
    "mysql": "mysql", "mariadb": "mysql", "mysql+pymysql": "mysql", "mariadb+pymysql": "mysql",
}  # fmt: skip


def open_table(
    address: str, table: str, *, timeout_s: float = QUESTION_S, place: str = ""
) -> DatabaseDataset:
    """A table or view, by its name or by ``schema.name``.

    ``place`` tells a problem's reader where the address stands; the address itself, which may hold a
    password, is never shown. One question may take ``timeout_s`` seconds.
    Errors: ``InputProblem`` RW-DATA-170 for no address of a database, 172 where it does not let us in,
    178 for a file that is none; ``NotFound`` 173 for no such table; ``Unavailable`` 171 and 177.
    """
    server = _server(address, timeout_s=timeout_s, place=place)
    try:
        found = tables_of(server)
        name = _resolve(server, table, found)
        shapes, key = columns_of(server, *name)
    except BaseException:
        server.close()
        raise
    return DatabaseDataset(server, table, name, shapes, key)


def tables(address: str, *, timeout_s: float = LOOK_S, place: str = "") -> tuple[str, ...]:
    """The names of all tables and views one may open, those of other schemas as ``schema.name``.

    Errors: as of ``open_table``, without RW-DATA-173.
    """
    server = _server(address, timeout_s=timeout_s, place=place)
    try:
        return tuple(sorted(_spelled(*one) for one in tables_of(server)))
    finally:
        server.close()


def _server(address: str, *, timeout_s: float, place: str) -> Server:
    try:
        parts = make_url(address)
    except (ArgumentError, ValueError):
        raise _no_address(place) from None
    kind = _KINDS.get(parts.drivername)
    if kind is None or not parts.database or (kind == "sqlite" and parts.database == ":memory:"):
        raise _no_address(place)
    return Server(parts, kind, place=_place(parts, kind), timeout_s=timeout_s)


def _place(parts: URL, kind: Kind) -> str:
    if kind == "sqlite":
        return f"`{Path(parts.database or '').name}`"
    host = parts.host or "localhost"
    if not parts.host and isinstance(parts.query.get("host"), str):
        host = "this machine"
    return f"the database `{parts.database}` at `{host}`"


def _no_address(place: str) -> InputProblem:
    return InputProblem(
        "RW-DATA-170",
        Problem(
            "this is no address of a database", place=_SECRET.sub("//…@", place), hint=f"write {FORMS}"
        ),
    )


def _resolve(server: Server, wanted: str, found: Iterable[tuple[str, str]]) -> tuple[str, str]:
    known = {_spelled(*one): one for one in found}
    # A name of its own comes before a schema and a name: names may hold a dot.
    if wanted in known:
        return known[wanted]
    by_full = {f"{schema}.{name}": (schema, name) for schema, name in known.values() if schema}
    if wanted in by_full:
        return by_full[wanted]
    own = [one for one in known.values() if ".".join(part for part in one if part) == wanted]
    if own:
        return own[0]
    near = difflib.get_close_matches(
        wanted.casefold(), [name.casefold() for name in known], n=3, cutoff=0.5
    )
    names = [name for name in sorted(known) if name.casefold() in near] or sorted(known)[:8]
    hint = (
        "there is none at all"
        if not known
        else "did you mean " + " or ".join(f"`{name}`" for name in names)
    )
    raise server.trouble.missing(
        wanted, hint if near or not known else f"there are {', '.join(f'`{name}`' for name in names)}"
    )


def _spelled(schema: str, name: str) -> str:
    """``schema`` is empty for the one that is searched by default; see ``tables_of``."""
    return f"{schema}.{name}" if schema else name
