"""``/metrics``: figures for Prometheus, for whoever holds a key that may read the gate.

Not open to loopback: behind a proxy on the same machine every request comes from there.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.figures import Figures
from roadworthy.operate.watching.process import process_figures
from roadworthy.principal import require
from roadworthy.server.machines import recognised
from roadworthy.server.problems import problem_json
from roadworthy.telemetry.exposition import CONTENT_TYPE, exposed


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
        return self._figures.page() + exposed(process_figures())

    def _page(self, request: Request) -> Response:
        try:
            require(recognised(self._deployment, request), "gate.read")
            return Response(self.text(), headers={"content-type": CONTENT_TYPE})
        except RoadworthyError as problem:
            return problem_json(problem)
