"""Admission alone, for doors that call tools and no models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.admission import Admission
from roadworthy.wiring.gateway import InstallationCatalogue
from roadworthy.wiring.place import Workspace


@contextmanager
def admitting(place: Workspace, deployment: Deployment) -> Iterator[Admission]:
    """Who may call, at work while the context is open."""
    admission = Admission(deployment, InstallationCatalogue(place), name=f"mcp-{deployment.new_id()}")
    admission.start()
    try:
        yield admission
    finally:
        admission.stop()
