"""Is this process alive, and may it be given work?"""

from __future__ import annotations

import threading

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from roadworthy.errors import RoadworthyError, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.server.problems import Json, problem_json


class Health:
    """Two questions of whoever runs this process. ``draining`` is set when it was asked to end."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.draining = threading.Event()

    def routes(self) -> list[BaseRoute]:
        """``/livez`` and ``/readyz``, open to everybody who can reach the process."""
        return [
            Route("/livez", self._live, methods=["GET"], name="livez"),
            Route("/readyz", self._ready, methods=["GET"], name="readyz"),
        ]

    async def _live(self, _request: Request) -> Response:
        return Json({"live": True})

    def _ready(self, _request: Request) -> Response:
        """Ready: an aggregate over real rows came back. A connection that merely opens proves little."""
        if self.draining.is_set():
            return problem_json(Unavailable("RW-SERVER-013", "this process is ending", retry_is_safe=True))
        try:
            with self._deployment.store.read() as tx:
                self._deployment.store.reviews.count_open(tx)
        except RoadworthyError as problem:
            return problem_json(
                Unavailable(
                    "RW-SERVER-014", "the store does not answer", retry_is_safe=True, hint=problem.code
                )
            )
        return Json({"ready": True})
