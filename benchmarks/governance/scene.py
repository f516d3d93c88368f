"""What the worlds of tau2-bench share here: their data, the records that rules ask, and what a task changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any


class Scene:
    """One database of a world. ``begin`` starts a task: everything is as it was."""

    def __init__(self, data: Mapping[str, Any], records: sqlite3.Connection) -> None:
        self._data = data
        self.records = records
        self.changed: dict[Any, dict[str, Any]] = {}

    def begin(self) -> None:
        """A task begins."""
        self.changed = {}
        self.records.rollback()
        self.records.execute("begin")
