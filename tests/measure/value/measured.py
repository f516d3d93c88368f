"""An office whose charter asks for its KPI, and a source that answers what a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.operate.flows import reply
from tests.operate.office import CHARTER, Office
from tests.operate.spot import EVERY
from tests.operate.spot import charter as checked

from roadworthy.ports import LoadedRelease
from roadworthy.release import Release

KPI = "kpi: {name: k, unit: share, target: 1, baseline: {source: books, sql: select 1}}"


class Books:
    """A source: rows by query, or what is to happen instead. Counts how often it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Sequence[Mapping[str, Any]] | Exception] = {}
        self.asked = 0

    def rows(self, sql: str, *, limit: int = 100_000) -> Sequence[Mapping[str, Any]]:
        self.asked += 1
        found = self.answers[sql]
        if isinstance(found, Exception):
            raise found
        return list(found)[:limit]


def kpi_charter(kpi: str, *, spot_checks: bool = False, **more: str) -> str:
    """The desk's charter with further fields of its KPI; ``more`` replaces text by text."""
    text = checked(EVERY) if spot_checks else CHARTER
    text = text.replace(
        KPI, f"kpi: {{name: k, target: 0.9, baseline: {{source: books, sql: before}}, {kpi}}}"
    )
    for before, after in more.items():
        text = text.replace(before.replace("_", " "), after)
    return text


def with_books(office: Office, charter: str, *, handler: Any = reply, **more: Any) -> tuple[Books, Release]:
    """A release under this charter, whose source answers what the test says."""
    books = Books()
    release = office.release(handler, charter=charter, **more)
    load: Callable[..., LoadedRelease] = office.load

    def loaded(digest: str) -> LoadedRelease:
        return replace(load(digest), sources={"books": books})

    office.load = loaded  # type: ignore[method-assign]
    return books, release
