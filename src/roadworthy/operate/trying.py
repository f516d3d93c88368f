"""Trying a model: one small question to its server, so that somebody knows before cases need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from roadworthy.charter import LanguageModelPlan
from roadworthy.errors import NotFound, Problem, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.slips import in_force
from roadworthy.principal import Principal, require
from roadworthy.release import Release, Rollout
from roadworthy.stage import ENDED


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it. ``said`` is a sentence without anything that the server wrote."""

    answered: bool
    said: str
    millis: int


AskOnce = Callable[[LanguageModelPlan], Tried]
"""Asks a model one small question; whatever goes wrong is said in the answer."""


def newest(deployment: Deployment, use_case: str) -> Release | None:
    """The newest release of a use case that has not ended, else the newest of all; None where there is none."""
    with deployment.store.read() as tx:
        return newest_of(deployment.store.releases.rollout(tx, use_case))


def newest_of(rollout: Rollout) -> Release | None:
    """The same of releases that were read before."""
    alive = [one for one in rollout.releases if one.stage not in ENDED]
    return max(alive or rollout.releases, key=lambda one: one.number, default=None)


def try_model(
    deployment: Deployment, principal: Principal, use_case: str, model: str, *, ask_once: AskOnce
) -> Tried:
    """Ask a model of the newest charter of a use case one small question, outside of every budget.

    Nothing of a case is told to it. Run twice: asked twice, and billed twice.

    Errors: ``Refused`` RW-ACCESS-001, and RW-SETTINGS-002 while a stop reaches the model; ``NotFound``
    RW-SETTINGS-003 for a model that no charter names.
    """
    require(principal, "account.administer")
    release = newest(deployment, use_case)
    plan = deployment.loader.charter(release.digest).models.get(model) if release else None
    if plan is None or release is None:
        raise NotFound("RW-SETTINGS-003", Problem(f"no model `{model[:100]}` of `{use_case[:100]}`"))
    reaching = {
        "all", f"use_case:{use_case}", f"release:{release.digest}", f"model:{model}", f"model:{plan.model}",
    }  # fmt: skip
    with deployment.store.read() as tx:
        stopped = [stop.scope for stop in in_force(deployment, tx) if stop.scope in reaching]
    if stopped:
        raise Refused(
            "RW-SETTINGS-002",
            f"no model is asked while `{stopped[0]}` is stopped",
            hint="the stop is lifted on the page of the stop switch",
        )
    tried = ask_once(plan)
    with deployment.store.write() as tx:
        deployment.record(
            tx,
            "model.tried",
            principal.id,
            {"use_case": use_case, "release": release.digest},
            {"model": model, "answered": tried.answered, "said": tried.said, "millis": tried.millis},
        )
    return tried
