"""The gateway of an installation: its models, its budgets, and the door that joins them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.modelcalls.admission import Admission
from roadworthy.operate.modelcalls.metering import Meter
from roadworthy.ports.upstream import Endpoint
from roadworthy.routing import Candidate, snapshot
from roadworthy.usage import Level
from roadworthy.usage.limits import Limits, read_limits
from roadworthy.wiring.place import Workspace, resolved, secret
from roadworthy.wiring.prices import candidate_of
from roadworthy.wiring.upstream import upstream_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from roadworthy.charter import LanguageModelPlan
    from roadworthy.operate.deployment import Deployment


class InstallationCatalogue:
    """The port ``Catalogue`` over the files of a workspace, which are read when it is made."""

    def __init__(self, place: Workspace) -> None:
        self._place = place
        self._limits = budgets_of(place)

    def candidate(self, name: str, plan: LanguageModelPlan, *, region: str, today: date) -> Candidate:
        """The model as one that may be chosen."""
        return candidate_of(name, plan, place=self._place, region=region, today=today)

    def snapshot(self, candidate: Candidate) -> str:
        """A short name of its price."""
        return snapshot(candidate.price, bound=candidate.bound)

    def endpoint(self, plan: LanguageModelPlan) -> Endpoint:
        """Where it is asked. Errors: ``InputProblem`` for an address or secret that cannot be used."""
        return upstream_for(plan.model_copy(update={"url": resolved(plan.url)}), key=secret(plan.secret))

    def limits(self, unit: str) -> Mapping[Level, int]:
        """The limits above use cases of this unit."""
        return self._limits.of(unit)


def budgets_of(place: Workspace) -> Limits:
    """What ``budgets.yaml`` of the workspace says; no file: no limits above use cases.

    Errors: ``InputProblem`` RW-BUDGET-020 with every problem.
    """
    file = place.home / "budgets.yaml"
    try:
        return read_limits(file.read_bytes(), file=file.name)
    except FileNotFoundError:
        return Limits()
    except OSError as problem:
        raise InputProblem(
            "RW-BUDGET-020", Problem(f"cannot be read: {problem.strerror}", place=file.name)
        ) from None


@contextmanager
def calling(place: Workspace, deployment: Deployment) -> Iterator[tuple[Admission, Meter]]:
    """Admission and meter of one gateway process, at work while the context is open. What is left of its
    leases is given back at the end."""
    name = f"gateway-{deployment.new_id()}"
    admission = Admission(deployment, InstallationCatalogue(place), name=name)
    meter = Meter(deployment, owner=name)
    meter.start()
    admission.start()
    try:
        yield admission, meter
    finally:
        admission.stop()
        meter.stop()
