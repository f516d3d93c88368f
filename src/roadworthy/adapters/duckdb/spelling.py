"""How names and values stand in SQL, and how a name is suggested for a mistyped one."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable


def quoted(name: str) -> str:
    """An identifier as it stands in a question. Errors: ``ValueError`` for a NUL, which no name can hold."""
    if "\0" in name:
        raise ValueError("a name holds no NUL")
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | float | bool | None) -> str:
    """A value as it stands in a question. Errors: ``ValueError`` for a NUL and for what is no finite number."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("only finite numbers can be written")
        return repr(value)
    if "\0" in value:
        raise ValueError("a text with a NUL cannot be written")
    return "'" + value.replace("'", "''") + "'"


def selection(parts: str | Iterable[str], source: str, rest: str = "") -> str:
    """A question out of parts that were spelled here: identifiers by ``quoted``, values by ``literal``."""
    shown = parts if isinstance(parts, str) else ", ".join(parts)
    return f"select {shown} from {source}" + (f" {rest}" if rest else "")  # noqa: S608 - spelled parts


def near(name: str, known: Iterable[str]) -> str:
    """A hint that names what was probably meant, or what there is."""
    names = sorted(known)
    found = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if found:
        return "did you mean " + " or ".join(f"`{one}`" for one in found)
    if not names:
        return "there is none"
    shown = ", ".join(f"`{one}`" for one in names[:8])
    return f"there are {shown}" + (" and others" if len(names) > 8 else "")
