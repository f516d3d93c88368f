"""Values over time as a page has them, as a chart takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from roadworthy.server.charts import Point


def chart_points(rows: Iterable[Mapping[str, Any]], times: float = 1) -> list[Point]:
    """Rows with ``at`` and ``value`` (and ``low``, ``high``); ``times`` 100 makes a share a percentage."""

    def scaled(value: Any) -> float | None:
        return value * times if isinstance(value, int | float) else None

    return [
        Point(
            str(row["at"])[:16].replace("T", " "),
            scaled(row["value"]),
            scaled(row.get("low")),
            scaled(row.get("high")),
        )
        for row in rows
    ]
