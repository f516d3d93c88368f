"""Commands as a user gives them, and what the plain use case needs to run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

USE_CASE = Path(__file__).resolve().parents[2] / "benchmarks" / "bench_case" / "usecase"


class Said(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Say = Callable[..., Said]


def plain_data(home: Path) -> Path:
    """The data folder of the plain use case, with the database that it writes to."""
    data = home / "data" / "plain"
    data.mkdir(parents=True)
    with sqlite3.connect(data / "target.sqlite") as target:
        target.execute("create table felt (idempotency_key text primary key, case_key text not null)")
    target.close()
    return data
