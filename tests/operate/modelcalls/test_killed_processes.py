"""Processes killed in the middle of calls: no budget is passed, and everything paid is on the books."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.operate.modelcalls.spender import kill_at_random

from roadworthy.adapters.sql import open_engine, upgrade


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_killed_processes_pass_no_budget_and_lose_no_cost(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = (
        f"sqlite:///{tmp_path / 'budgets.sqlite'}"
        if kind == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    engine = open_engine(url)
    upgrade(engine)
    engine.dispose()
    found = kill_at_random(url, tmp_path, processes=4, kills=4, limit=2_000_000, part=100, seed=7)
    assert found.kills >= 2
    assert found.calls > 20
    assert found.overshoot <= 0
    assert set(found.held.values()) == {0}
    for id_, spent in found.spent.items():
        assert spent == found.rows[id_] + found.unattributed.get(id_, 0) == found.ledger[id_]
        # Whatever was paid is charged, also where nobody was left to say so.
        assert found.paid[id_] <= spent
