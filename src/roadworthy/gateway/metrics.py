"""``/metrics`` of a gateway: the installation's figures and this process's, for a key that may read the gate."""

from __future__ import annotations

from roadworthy.errors import Refused
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.figures import Figures
from roadworthy.operate.watching.process import process_figures
from roadworthy.principal import require
from roadworthy.telemetry.exposition import exposed


class Metrics:
    """The page of one process. Reads the database: asked from a thread that may wait."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._figures = Figures(deployment)

    def page(self, token: str) -> bytes:
        """Text for Prometheus. ``token``: a person's or service's key, as for the server; not one that makes calls.

        Errors: ``Refused`` RW-ACCESS-012, or what ``require`` says.
        """
        if not token:
            raise Refused("RW-ACCESS-012", "no key was sent", hint="send `Authorization: Bearer rw_key_…`")
        require(access.recognise(self._deployment, token, kind=access.KEY), "gate.read")
        return (self._figures.page() + exposed(process_figures())).encode()
