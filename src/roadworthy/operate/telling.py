"""Telling: what a release is, how far it is, and what is new in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.charter import seconds
from roadworthy.errors import NotFound
from roadworthy.operate.archives import signed_archive
from roadworthy.operate.canaries import standing, steps_of
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.principal import Principal, require
from roadworthy.release import Archive, Difference, Release, Rollout, Standing, differences
from roadworthy.stage import Stage


@dataclass(frozen=True, slots=True)
class Told:
    """A release with its files by path and digest, and the standing of its canary while it is in one."""

    release: Release
    files: dict[str, str]
    standing: Standing | None

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            **release_json(self.release),
            "files": self.files,
            "canary": standing_json(self.standing) if self.standing else None,
        }


def tell(deployment: Deployment, principal: Principal, use_case: str, name: str) -> Told:
    """One release, the newest without a name; its signature is verified on the way.

    Errors: ``NotFound`` RW-CASE-022 for a use case without a release, ``InputProblem`` RW-RELEASE-002 for a
    name that none has, ``Corrupt`` as ``signed_archive``.
    """
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
        if not rollout.releases:
            raise NotFound("RW-CASE-022", f"no use case `{use_case}` here")
        newest = max(rollout.releases, key=lambda release: release.number)
        release = rollout.named(name) if name else newest
        said = standing(deployment, tx, release) if release.stage is Stage.CANARY else None
    archive = _archive(deployment, release)
    return Told(release, archive.manifest, said)


def compare(
    deployment: Deployment, principal: Principal, use_case: str, before: str, after: str
) -> tuple[Difference, ...]:
    """What tells two releases apart, thresholds of their certificates included.

    Errors: ``InputProblem`` RW-RELEASE-002 for a name that none has, ``Corrupt`` as ``signed_archive``.
    """
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
        one, other = rollout.named(before), rollout.named(after)
        thresholds = _thresholds(deployment, tx, one), _thresholds(deployment, tx, other)
    found = differences(_archive(deployment, one), _archive(deployment, other))
    certified = tuple(
        Difference(
            "threshold",
            f"certificate {kind}",
            f"effects of `{kind}` left alone from confidence {old} on, now from {new}",
            old,
            new,
        )
        for kind in sorted({*thresholds[0], *thresholds[1]})
        if (old := thresholds[0].get(kind, "none")) != (new := thresholds[1].get(kind, "none"))
    )
    return (*found, *certified)


def release_json(release: Release) -> dict[str, Any]:
    """A release as every door shows it."""
    return {
        "release": release.name,
        "digest": release.digest,
        "use_case": release.use_case,
        "stage": str(release.stage),
        "share": float(release.share),
        "step": release.step,
        "since": release.stage_since.isoformat(timespec="seconds"),
        "author": release.author,
        "note": release.note,
        "reason": release.reason,
        "fit_until": release.fit_until.isoformat(timespec="seconds") if release.fit_until else None,
        "signed_by": release.key,
    }


def standing_json(said: Standing) -> dict[str, Any]:
    """How a canary stands, as every door shows it."""
    return {
        "step": said.step,
        "of": said.of,
        "state": str(said.state),
        "passed": said.passed,
        "missing": list(said.missing),
        "metrics": [
            {
                "metric": one.metric,
                "state": str(one.state),
                "cases": one.cases,
                "cases_beside": one.beside,
                "mean": one.mean,
                "mean_beside": one.mean_beside,
                "margin": one.margin,
                "tolerance": one.tolerance,
                "cases_of_step": one.in_step,
            }
            for one in said.metrics
        ],
    }


def plan_of(deployment: Deployment, release: Release) -> tuple[str, ...]:
    """The steps of a release's canary, in words."""
    charter = deployment.loader.charter(release.digest)
    steps = steps_of(charter)
    planned = charter.release.canary.plan
    return tuple(
        f"step {number} of {len(steps)}: {step.share} of the live cases, at least {step.min_cases} cases"
        + (f" and {plan.min_duration}" if seconds(plan.min_duration) else "")
        for number, (step, plan) in enumerate(zip(steps, planned, strict=True), start=1)
    )


def standing_of(deployment: Deployment, rollout: Rollout) -> Standing | None:
    """How the canary of a rollout stands; None where none runs."""
    canary = rollout.at(Stage.CANARY)
    if canary is None:
        return None
    with deployment.store.read() as tx:
        return standing(deployment, tx, canary)


def _archive(deployment: Deployment, release: Release) -> Archive:
    return signed_archive(deployment.store, deployment.ledger_key.verifier, release.digest)


def _thresholds(deployment: Deployment, tx: Transaction, release: Release) -> dict[str, str]:
    """Of the certificates in force, the newest of each kind of error."""
    now = deployment.now()
    issued = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    found: dict[str, str] = {}
    for one in issued:
        if one.suspended_at is None and now < one.expires_at:
            slice_ = f" in {one.slice}" if one.slice else ""
            found.setdefault(f"{one.error_kind}{slice_}", f"{one.threshold:.4g}")
    return found
