"""Rolling out: build a release, pass it along the road through the gate, halt it at any moment."""

from __future__ import annotations

import json
from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import SENT, EffectEvent, EffectRecord, EffectState, move_effect
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.charter import read as read_charter
from roadworthy.errors import Conflict, Corrupt, InputProblem, Problem, Refused
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import open_review, segment_job
from roadworthy.operate.verdicts import judge
from roadworthy.operate.words import check_words
from roadworthy.ports import Job, Transaction
from roadworthy.principal import SYSTEM, Principal, require
from roadworthy.quantities import Share, canonical
from roadworthy.release import Archive, Change, Release, abort, promote, short
from roadworthy.stage import LIVE, SIMULATED, Stage

MODELS_FILE = "models.json"
BATCH = 200
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
) -> Change:
    """Move a release one stage on, if the gate passes for that stage at this moment.

    Errors: ``Refused`` RW-GATE-010 with every open requirement; ``Refused`` RW-RELEASE-003 from
    an ended stage, for a skipped one, or while another release holds the stage.
    """
    require(principal, "release.promote", use_case=use_case)
    with deployment.store.read() as tx:
        named = deployment.store.releases.rollout(tx, use_case).named(name)
    # Fetching and parsing take time: not while the rollout is locked.
    deployment.loader.charter(named.digest)
    with deployment.store.write() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case, lock=True)
        release = rollout.named(name)
        charter = deployment.loader.charter(release.digest)
        wanted = share or Share(charter.release.canary.share)
        change = promote(rollout, release.digest, to, share=wanted, now=deployment.now())
        reason = deployment.clearance.why_not(f"use_case:{use_case}", f"release:{release.digest}")
        if reason and to in LIVE:
            raise Refused(
                "RW-RELEASE-007",
                f"nothing is promoted while it is stopped: {reason}",
                hint="`roadworthy resume`",
            )
        verdict = judge(deployment, tx, release, to)
        deployment.record(
            tx,
            "gate.decided",
            principal.id,
            {"use_case": use_case, "release": release.digest},
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
        if verdict.passes:
            _change(deployment, tx, principal, change)
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
        if change.moved:
            deployment.engine.enqueue(
                tx, Job("rollback", f"rollback:{release.digest}", f"{use_case}/{release.digest}")
            )
    deployment.clearance.forget()
    return change


def roll_back(deployment: Deployment, reference: str) -> None:
    """Take back the cases of a halted release, in batches. Run again after a crash: goes on where it was.

    Cases with no effect sent begin again on the running release, or go to people. Where something
    was sent, or may have been, a person looks at it, with the undo at hand.
    """
    use_case, digest = reference.split("/", 1)
    after = ""
    while True:
        with deployment.store.read() as tx:
            page = deployment.store.cases.list(tx, use_case, release=digest, after=after, limit=BATCH)
        for case in page.rows:
            for _ in range(3):  # somebody may move the case under our hands; then look again
                try:
                    _take_back(deployment, case.id, digest)
                    break
                except Conflict:
                    continue
        after = page.after
        if not after:
            return


def _take_back(deployment: Deployment, case_id: str, digest: str) -> None:
    with deployment.store.write() as tx:
        case = deployment.store.cases.get(tx, case_id)
        if case is None or case.release != digest:
            return
        effects = deployment.store.effects.of_case(tx, case.id)
        sent = [effect for effect in effects if effect.state in SENT]
        if case.twin or case.stage in SIMULATED:
            if case.state is not State.CLOSED:
                _save_case(
                    deployment, tx, case, replace(case, state=State.CLOSED, reason="its release was halted")
                )
            return
        if case.state is State.CLOSED and not sent:
            return
        if sent:
            _look_at(deployment, tx, case, effects)
        else:
            _begin_again(deployment, tx, case, effects)


def _look_at(
    deployment: Deployment, tx: Transaction, case: CaseRecord, effects: tuple[EffectRecord, ...]
) -> None:
    """Something was sent: park the rest, ask a person to look, once."""
    known = deployment.store.reviews.of_case(tx, case.id)
    if case.handled_by == "person" and case.state is State.CLOSED:
        return  # a person saw it before it left
    if any(review.kind is ReviewKind.CORRECTION for review in known):
        return
    for effect in effects:
        if effect.state in {EffectState.PROPOSED, EffectState.READY}:
            _save_effect(
                deployment, tx, replace(effect, state=move_effect(effect.state, EffectEvent.PARKED))
            )
    charter = deployment.loader.charter(case.release)
    undo = [
        charter.tools[effect.tool].undo or "no undo declared" for effect in effects if effect.state in SENT
    ]
    if case.state is not State.CLOSED:
        case = _save_case(deployment, tx, case, replace(case, state=move(case.state, Event.HANDED_OVER)))
    open_review(
        deployment,
        tx,
        case,
        charter,
        ReviewKind.CORRECTION,
        reasons=(
            f"release {short(case.release)} was halted after this was sent",
            f"undo: {', '.join(undo)}",
        ),
    )


def _begin_again(
    deployment: Deployment, tx: Transaction, case: CaseRecord, effects: tuple[EffectRecord, ...]
) -> None:
    """Nothing was sent: the case starts a new run on the running release, or goes to people."""
    for effect in effects:
        state = effect.state
        if state in {EffectState.PROPOSED, EffectState.READY, EffectState.PARKED}:
            state = move_effect(state, EffectEvent.REFUSED)
        # The key and the slot become free for the new run: nothing was ever sent under them.
        old = replace(effect, state=state, key=f"{effect.key}~{case.run}", slot=f"{effect.slot}~{case.run}")
        _save_effect(deployment, tx, old)
    for review in deployment.store.reviews.of_case(tx, case.id):
        if review.state is ReviewState.OPEN:
            cancelled = replace(review, state=ReviewState.CANCELLED, version=review.version + 1)
            deployment.store.reviews.save(tx, cancelled, expected=review.version)
    running = deployment.store.releases.rollout(tx, case.use_case).at(Stage.PRODUCTION)
    charter = deployment.loader.charter(case.release)
    event = Event.REQUEUED if running else Event.HANDED_OVER
    again = replace(
        case,
        state=move(case.state, event),
        release=running.digest if running else "",
        stage=running.stage if running else Stage.DRAFT,
        run=case.run + 1,
        segment=1,
        handled_by="" if running else "person",
        reason=f"begun again: release {short(case.release)} was halted",
    )
    again = _save_case(deployment, tx, case, again)
    if running:
        deployment.engine.enqueue(tx, segment_job(again))
    else:
        open_review(deployment, tx, again, charter, ReviewKind.WORK, reasons=(again.reason,))
    deployment.record(
        tx,
        "case.requeued",
        "system",
        {"case": case.id, "use_case": case.use_case, "release": case.release},
        {"to": again.release, "run": again.run},
    )


def _save_case(
    deployment: Deployment, tx: Transaction, before: CaseRecord, after: CaseRecord
) -> CaseRecord:
    saved = replace(after, version=before.version + 1, updated_at=deployment.now())
    deployment.store.cases.save(tx, saved, expected=before.version)
    return saved


def _save_effect(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    saved = replace(effect, version=effect.version + 1, updated_at=deployment.now())
    deployment.store.effects.save(tx, saved, expected=effect.version)


def _change(deployment: Deployment, tx: Transaction, principal: Principal, change: Change) -> None:
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
                "reason": release.reason,
                "demo": principal.demo,
            },
        )
