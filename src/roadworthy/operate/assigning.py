"""Assigning: which release a case gets, for programs that do the work themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from roadworthy.errors import InputProblem, NotFound
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.intake import check_key, draw_lot, held_out
from roadworthy.principal import Principal, allows, require
from roadworthy.quantities import Share
from roadworthy.release import Release, assign
from roadworthy.stage import Stage


@dataclass(frozen=True, slots=True)
class Assigned:
    """Which release does a case. ``release`` None: people do it, for the reason in ``why``.

    ``taken``: the case was taken in, and this holds for it for good. Otherwise it holds as long as the
    stages and shares do. ``share``: the known probability of this assignment. ``stopped``: why nothing may
    run for it just now; empty where it may.
    """

    use_case: str
    key: str
    release: Release | None
    stage: Stage
    shadow: Release | None
    share: float
    taken: bool
    why: str
    stopped: str

    def as_json(self) -> dict[str, Any]:
        """As every door shows it."""
        return {
            "use_case": self.use_case,
            "case": self.key,
            "release": self.release.name if self.release else None,
            "digest": self.release.digest if self.release else None,
            "stage": str(self.stage),
            "shadow": self.shadow.name if self.shadow else None,
            "share": self.share,
            "taken": self.taken,
            "why": self.why,
            "stopped": self.stopped,
        }


def assigned(deployment: Deployment, principal: Principal, use_case: str, key: str) -> Assigned:
    """Which release the case of this key has, or would get if it were taken in now. Asking changes nothing.

    Errors: ``NotFound`` RW-CASE-022 for a use case without a release, ``InputProblem`` RW-CASE-020 for what
    cannot be a key.
    """
    if not allows(principal, "gate.read", use_case=use_case):
        require(principal, "case.submit", use_case=use_case)
    problems = check_key(key)
    if problems:
        raise InputProblem("RW-CASE-020", problems)
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
        case = deployment.store.cases.by_key(tx, use_case, key)
    if not rollout.releases:
        raise NotFound(
            "RW-CASE-022", f"no use case `{use_case}` here", hint="`roadworthy release start` begins one"
        )
    would = assign(rollout, key)
    if case is not None:
        release = rollout.find(case.release) if case.release else None
        stage, share = case.stage, case.probability
        why = case.reason if held_out(case) or release is None else "it was taken in under this release"
    else:
        lot = draw_lot(deployment, would.worker, key)
        release, share = would.worker, would.probability
        stage = release.stage if release else Stage.DRAFT
        why = f"{release.stage} of {Share(share)}" if release else "no release works on it"
        if lot is not None and lot.stays:
            release, share, why = None, lot.share, lot.words
    scopes = [f"use_case:{use_case}"]
    if release is not None:
        scopes.append(f"release:{release.digest}")
    return Assigned(
        use_case=use_case,
        key=key,
        release=release,
        stage=stage,
        shadow=would.shadow,
        share=share,
        taken=case is not None,
        why=why,
        stopped=deployment.clearance.why_not(*scopes),
    )
