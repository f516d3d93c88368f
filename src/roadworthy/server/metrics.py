"""``/metrics``: figures for Prometheus, for whoever holds a key that may read the gate.

Not open to loopback: behind a proxy on the same machine every request comes from there.
"""

from __future__ import annotations

import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.figures import Figures
from roadworthy.principal import require
from roadworthy.server.machines import recognised
from roadworthy.server.problems import problem_json
from roadworthy.telemetry.exposition import CONTENT_TYPE, Family, Series, exposed

_STARTED = time.time()
_PROCESS = Path("/proc/self")


class Metrics:
    """The page of one process."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._figures = Figures(deployment)

    def routes(self) -> list[BaseRoute]:
        """``/metrics``."""
        return [Route("/metrics", self._page, methods=["GET"], name="metrics")]

    def text(self) -> str:
        """The page, without asking who reads it: for a door that asked already."""
        return self._figures.page() + exposed(_process())

    def _page(self, request: Request) -> Response:
        try:
            require(recognised(self._deployment, request), "gate.read")
            return Response(self.text(), headers={"content-type": CONTENT_TYPE})
        except RoadworthyError as problem:
            return problem_json(problem)


def _process() -> list[Series]:
    """What Prometheus clients tell of their process, as far as the machine tells it."""
    found = [
        Series(Family("process_cpu_seconds_total", "counter", "CPU time of this process."), {(): time.process_time()}),
        Series(
            Family("process_start_time_seconds", "gauge", "When this process began, in Unix time."), {(): _STARTED}
        ),
    ]  # fmt: skip
    try:
        pages = int((_PROCESS / "statm").read_text(encoding="ascii").split()[1])
        memory = Family("process_resident_memory_bytes", "gauge", "Memory of this process.")
        found.append(Series(memory, {(): pages * 4096.0}))
        open_files = Family("process_open_fds", "gauge", "Open files of this process.")
        found.append(Series(open_files, {(): float(sum(1 for _ in (_PROCESS / "fd").iterdir()))}))
    except (OSError, ValueError, IndexError):
        pass  # not every system tells
    return found
