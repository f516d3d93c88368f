"""Rows as CSV (RFC 4180), for spreadsheets: nothing in them is taken for a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

_FORMULA = tuple("=+-@\t\r\n|%")
_DEEPEST = 3


class Csv(Response):
    """Rows as a file. Columns are the fields of all rows, in the order in which they first stand in one."""

    media_type = "text/csv"

    def __init__(self, rows: Sequence[Mapping[str, Any]], *, name: str, after: str = "") -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        if after:
            headers["Link"] = f'<{after}>; rel="next"'
        super().__init__(csv_of(rows), headers=headers)


def csv_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of the file, with its heading.

    What lies within a field is a column of its own (`cases.live`), a list of plain values stands in one cell, anything
    deeper as JSON. Text that a spreadsheet would take for a formula gets a quote in front (OWASP, CSV injection).
    """
    flat = [dict(_flat("", row, _DEEPEST)) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    made = io.StringIO(newline="")
    lines = csv.writer(made)
    lines.writerow([_cell(name) for name in columns])
    lines.writerows([_cell(row.get(name)) for name in columns] for row in flat)
    return made.getvalue()


def _flat(prefix: str, row: Mapping[str, Any], left: int) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping) and value and left:
            yield from _flat(f"{prefix}{name}.", value, left - 1)
        else:
            yield f"{prefix}{name}", value


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        plain = all(isinstance(one, str | int | float) for one in value)
        value = "; ".join(map(str, value)) if plain else json.dumps(value, ensure_ascii=False)
    elif isinstance(value, Mapping):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        # Python may hold half of a surrogate pair; no file does.
        value = value.encode("utf-8", "replace").decode()
        return f"'{value}" if value.startswith(_FORMULA) else value
    return value
