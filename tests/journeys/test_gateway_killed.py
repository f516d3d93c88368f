"""Gateways that share one budget, and one of them is killed while it is busy: nothing is overdrawn, nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from tests.gateway.desk import ASKED, Desk, charter
from tests.gateway.upstream import Reply, Upstream

from roadworthy.stage import Stage

LIMIT = "0.20 EUR"
PATIENCE_S = 60.0
COST = 18_200
"""Nano-euros of one answer."""


class Process:
    """`roadworthy gateway` on any free port."""

    def __init__(self, home: Path) -> None:
        command = [
            str(Path(sys.executable).with_name("roadworthy")),
            "gateway",
            "--port",
            "0",
            "--home",
            str(home),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = next(line for line in self.process.stdout if "base URL" in line).split()[-1]

    def ask(self, key: str, case: str) -> int:
        """The status of one call; 0 where nobody answered."""
        headers = {"authorization": f"Bearer {key}", "x-roadworthy-case": case}
        try:
            return httpx2.post(
                f"{self.url}/chat/completions", json=ASKED, headers=headers, timeout=30
            ).status_code
        except httpx2.HTTPError:
            return 0

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def test_a_killed_gateway_overdraws_nothing_and_leaves_nothing_held(tmp_path: Path) -> None:
    with Upstream() as upstream:
        upstream.always = Reply()
        desk = Desk(tmp_path / "home", charter(upstream.url, per_month=LIMIT, per_case="1.00 EUR"))
        desk.put(Stage.PRODUCTION)
        key = desk.key()
        one, other = Process(desk.place.home), Process(desk.place.home)
        with ThreadPoolExecutor(16) as pool:
            busy = [pool.submit((one, other)[n % 2].ask, key, f"C-{n % 40}") for n in range(240)]
            upstream.until(lambda: len(upstream.seen) > 80)
            one.process.kill()
            one.process.communicate()
            third = Process(desk.place.home)
            busy += [pool.submit((other, third)[n % 2].ask, key, f"C-{n % 40}") for n in range(240)]
            told = [each.result() for each in busy]
        assert set(told) <= {200, 429, 0}
        assert 0 in told, "somebody was cut off"
        deadline = time.monotonic() + PATIENCE_S
        # What the dead one held is charged by the others once it was silent for too long.
        while not _unattributed(desk) and time.monotonic() < deadline:
            other.ask(key, "C-late")
        other.end()
        third.end()
        budget = desk.budget()
        rows = sum(row.cost for row in desk.totals())
        assert budget.held == 0
        assert budget.spent == rows + _unattributed(desk)
        assert budget.spent <= budget.limit
        assert budget.spent >= told.count(200) * COST, "every answer is paid, with a row or without one"
        desk.deployment.store.close()


def _unattributed(desk: Desk) -> int:
    budget = desk.budget()
    with desk.deployment.store.read() as tx:
        return desk.deployment.store.metering.unattributed(tx, [budget.id]).get(budget.id, 0)
