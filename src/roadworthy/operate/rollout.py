"""Rolling out: build a release, pass it along the road through the gate, halt it at any moment."""

from __future__ import annotations

import json
from datetime import timedelta

from roadworthy.charter import Charter, seconds
from roadworthy.charter import read as read_charter
from roadworthy.errors import Corrupt, InputProblem, Problem, Refused
from roadworthy.gate import Verdict
from roadworthy.operate.canaries import standing, steps_of
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.taking_back import taking_back
from roadworthy.operate.verdicts import judge
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.principal import SYSTEM, Principal, require
from roadworthy.quantities import Share, canonical
from roadworthy.release import (
    Archive,
    Change,
    Release,
    Standing,
    Word,
    abort,
    go_back,
    promote,
    sign_release,
)
from roadworthy.stage import LIVE, Stage

MODELS_FILE = "models.json"
STEP = "release.canary_step"
"""The requirement by whose waiver a canary goes on although its step is not passed. Subject: the step's number."""
MOST_LISTED_BYTES = 40_000


def build(deployment: Deployment, principal: Principal, archive: Archive, *, note: str = "") -> Release:
    """Register a release in stage draft. The same archive twice is the same release.

    Errors: ``InputProblem`` for a missing or faulty charter or a workflow that does not load,
    ``Corrupt`` for models that are missing or damaged.
    """
    if "charter.yaml" not in archive.files:
        raise InputProblem("RW-RELEASE-006", Problem("no charter.yaml in the folder"))
    charter = read_charter(archive.files["charter.yaml"], file="charter.yaml")
    require(principal, "release.build", use_case=charter.use_case)
    check_words(note=note)
    digest = archive.digest
    with deployment.store.write() as tx:
        rollout = deployment.store.releases.rollout(tx, charter.use_case, lock=True)
        known = next((release for release in rollout.releases if release.digest == digest), None)
        if known is not None:
            return known
        now = deployment.now()
        release = Release(
            digest=digest,
            use_case=charter.use_case,
            number=max((release.number for release in rollout.releases), default=0) + 1,
            author=principal.id,
            note=note,
            stage=Stage.DRAFT,
            share=Share(0.0),
            created_at=now,
            stage_since=now,
        )
        release = sign_release(release, archive, deployment.ledger_key)
        deployment.store.releases.add(tx, release, archive)
        deployment.record(
            tx,
            "release.built",
            principal.id,
            {"use_case": charter.use_case, "release": digest},
            {"name": release.name, "files": _listed(archive), "note": note},
        )
    try:
        deployment.loader.load(digest)
    except (InputProblem, Corrupt) as problem:
        with deployment.store.write() as tx:
            _change(deployment, tx, principal, abort(
                deployment.store.releases.rollout(tx, charter.use_case, lock=True),
                digest, reason=f"does not load: {problem.code}", now=deployment.now(),
            ))  # fmt: skip
        raise
    return release


def _listed(archive: Archive) -> dict[str, str]:
    """The digest of every file, as far as an event has room; the digest of the release covers them all."""
    manifest = archive.manifest
    fits = len(canonical(manifest)) <= MOST_LISTED_BYTES
    return manifest if fits else {"": f"{len(manifest)} files, too many to list"}


def archive_of(files: dict[str, bytes], models: dict[str, str]) -> Archive:
    """The archive of a folder's files with its model choices (task name to model digest)."""
    text = json.dumps(models, indent=2, sort_keys=True) + "\n"
    return Archive({**files, MODELS_FILE: text.encode()})


def promote_release(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    name: str,
    to: Stage,
    *,
    share: Share | None = None,
    reason: str = "",
) -> Change:
    """Move a release one stage on, or its canary one step, if the gate passes for that stage at this moment.

    A canary moves on only once its step is passed: to its next step with ``to`` canary, from its last one
    into production. ``share`` begins it, or widens it, by another part than its charter says; to narrow it,
    nothing has to be passed. ``reason`` is kept in the ledger.

    Errors: ``Refused`` RW-GATE-010 with every open requirement; RW-RELEASE-003 from an ended stage, for a
    skipped one, or while another release holds the stage; RW-RELEASE-007 while it is stopped;
    RW-RELEASE-011 for a step that is not passed.
    """
    if principal is not SYSTEM:
        require(principal, "release.promote", use_case=use_case)
    check_words(reason=reason)
    with deployment.store.read() as tx:
        named = deployment.store.releases.rollout(tx, use_case).named(name)
    # Fetching and parsing take time: not while the rollout is locked.
    deployment.loader.charter(named.digest)
    with deployment.store.write() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case, lock=True)
        release = rollout.named(name)
        charter = deployment.loader.charter(release.digest)
        step, wanted = _wanted(release, charter, to, share)
        change = promote(
            rollout,
            release.digest,
            to,
            share=wanted,
            now=deployment.now(),
            step=step,
            window=timedelta(seconds=seconds(charter.release.rollback_window)),
        )
        if not change.moved:
            return change
        reason = deployment.clearance.why_not(f"use_case:{use_case}", f"release:{release.digest}")
        if reason and to in LIVE:
            raise Refused(
                "RW-RELEASE-007",
                f"nothing is promoted while it is stopped: {reason}",
                hint="`roadworthy resume`",
            )
        verdict = judge(deployment, tx, release, to)
        _record_verdict(deployment, tx, principal, release, to, verdict)
        if verdict.passes:
            narrower = to is Stage.CANARY and step == release.step and wanted.value < release.share.value
            if release.stage is Stage.CANARY and not narrower:
                _require_passed(deployment, tx, release, charter, to)
            _change(deployment, tx, principal, change, reason=reason)
    if not verdict.passes:
        raise Refused(
            "RW-GATE-010",
            verdict.sentence,
            reasons=[
                f"{finding.asks}{f' ({finding.subject})' if finding.subject else ''}: {finding.reason}"
                for finding in verdict.open
            ],
            may_overrule="risk_officer",
            hint=f"`roadworthy gate {use_case} --stage {to}` shows every requirement and its next step",
        )
    return change


def _wanted(release: Release, charter: Charter, to: Stage, share: Share | None) -> tuple[int, Share]:
    """Which step and share a promotion leads to."""
    steps = steps_of(charter)
    if to is not Stage.CANARY or release.stage is not Stage.CANARY:
        return 1, share or steps[0].share
    present = max(release.step, 1)
    if share is not None and share.value <= release.share.value:
        return present, share
    following = min(present + 1, len(steps))
    if following == present and share is None:
        return present, release.share
    return following, share or steps[following - 1].share


def _require_passed(
    deployment: Deployment, tx: Transaction, release: Release, charter: Charter, to: Stage
) -> None:
    """Errors: ``Refused`` RW-RELEASE-011 unless its step is passed, or waived and not worse."""
    said = standing(deployment, tx, release)
    last = said.step >= said.of
    if to is Stage.PRODUCTION and not last:
        raise Refused(
            "RW-RELEASE-011",
            f"{release.name} is in step {said.step} of {said.of} of its canary",
            reasons=[f"step {said.step + 1} comes before production"],
            hint=f"`roadworthy release promote {release.use_case} --to canary` leads to its next step",
        )
    now = deployment.now()
    waived = any(
        waiver.requirement == STEP and waiver.subject in {"", str(said.step)} and waiver.holds(now)
        for waiver in deployment.store.evidence.waivers(tx, release.use_case)
    )
    if said.passed or (waived and said.state is not Word.WORSE):
        return
    raise Refused(
        "RW-RELEASE-011",
        f"{release.name}: step {said.step} of {said.of} of its canary is {said.state}",
        reasons=list(said.missing),
        may_overrule="" if said.state is Word.WORSE else "risk_officer",
        hint=f"wait for more cases; `roadworthy release show {release.use_case}` tells how far it is",
    )


def _record_verdict(
    deployment: Deployment,
    tx: Transaction,
    principal: Principal,
    release: Release,
    to: Stage,
    verdict: Verdict,
) -> None:
    deployment.record(
        tx,
        "gate.decided",
        principal.id,
        {"use_case": release.use_case, "release": release.digest},
        {
            "stage": str(to),
            "verdict": verdict.word,
            "policy": verdict.policy_version,
            "notes": list(verdict.notes),
            "open": [f"{finding.requirement} {finding.subject}".strip() for finding in verdict.open],
            "measurements": sorted(
                {finding.measurement for finding in verdict.findings if finding.measurement}
            ),
        },
    )


def abort_release(
    deployment: Deployment, principal: Principal, use_case: str, name: str, *, reason: str
) -> Change:
    """Halt a release at once. Its cases go back to the running release or to people. Abort always wins.

    Run twice: the second time changes nothing.
    """
    if principal is not SYSTEM:
        require(principal, "release.abort", use_case=use_case)
    check_words(reason=reason)
    with deployment.store.write() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case, lock=True)
        release = rollout.named(name)
        change = abort(rollout, release.digest, reason=reason, now=deployment.now())
        _change(deployment, tx, principal, change)
    deployment.clearance.forget()
    return change


def back_to_previous(deployment: Deployment, principal: Principal, use_case: str, *, reason: str) -> Change:
    """Halt what is in production and bring back the release before it, at once and without the gate.

    It passed the gate when it was promoted, and its certificates are asked for with every effect as always.
    The cases of the halted one with no effect sent begin again on it; people look at the others.
    Errors: ``Refused`` RW-RELEASE-012 where none is fit to come back.
    """
    require(principal, "release.abort", use_case=use_case)
    check_words(reason=reason)
    with deployment.store.write() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case, lock=True)
        change = go_back(rollout, reason=reason, now=deployment.now())
        _change(deployment, tx, principal, change)
    deployment.clearance.forget()
    return change


def look_at_canary(deployment: Deployment, use_case: str) -> Standing | None:
    """Halt the canary if it is proven worse; lead it to its next step if that is passed and asked for.

    Nothing of it needs a person; into production only a person leads. Run twice: the second time finds
    nothing to do. None where no canary runs.
    """
    with deployment.store.read() as tx:
        canary = deployment.store.releases.rollout(tx, use_case).at(Stage.CANARY)
        said = standing(deployment, tx, canary) if canary else None
    if canary is None or said is None:
        return None
    if said.state is Word.WORSE:
        reason = "; ".join(said.missing)[:500]
        abort_release(deployment, SYSTEM, use_case, canary.name, reason=reason)
    elif said.passed and said.step < said.of:
        plan = deployment.loader.charter(canary.digest).release.canary
        if plan.advance == "automatic":
            try:
                promote_release(deployment, SYSTEM, use_case, canary.name, Stage.CANARY)
            except Refused:
                return said  # the gate, a stop, or somebody who was first: it stays where it is
    return said


def look_at_canaries(deployment: Deployment) -> None:
    """Look at every canary, as time alone may complete a step."""
    with deployment.store.read() as tx:
        names = deployment.store.releases.use_cases(tx)
    for name in names:
        look_at_canary(deployment, name)


def _change(
    deployment: Deployment, tx: Transaction, principal: Principal, change: Change, *, reason: str = ""
) -> None:
    for release, before in change.moved:
        deployment.store.releases.save(tx, release)
        deployment.record(
            tx,
            "release.moved",
            principal.id,
            {"use_case": release.use_case, "release": release.digest},
            {
                "name": release.name,
                "from": str(before),
                "to": str(release.stage),
                "share_bp": release.share.basis_points,
                "step": release.step,
                "reason": release.reason or reason,
                "demo": principal.demo,
            },
        )
        if release.stage is Stage.HALTED:
            deployment.engine.enqueue(tx, taking_back(release.use_case, release.digest, "halted"))
        elif release.stage is Stage.RETIRED and release.fit_until is not None:
            # What it still has in hand when it can come back no more finds another way.
            over = release.fit_until - deployment.now()
            why = f"retired {release.stage_since.isoformat()}"
            job = taking_back(release.use_case, release.digest, why, delay_s=over.total_seconds() + 1)
            deployment.engine.enqueue(tx, job)
