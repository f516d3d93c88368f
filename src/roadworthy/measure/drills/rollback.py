"""The rollback drill: a canary that answers wrongly beside a release that does not, until it is taken back."""

from __future__ import annotations

import time
from dataclasses import replace

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import SENT
from roadworthy.casework.review import ReviewKind
from roadworthy.errors import Conflict, Unavailable
from roadworthy.measure.drills.mirrored import (
    ACTOR,
    LOOK_S,
    Mirrored,
    Progress,
    Traffic,
    await_settled,
    crew_of,
    in_charge,
    settled,
    silent,
)
from roadworthy.measure.fact import Fact
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.outcomes import record_outcome
from roadworthy.operate.rollout import abort_release
from roadworthy.quantities import Share
from roadworthy.release import Archive, Release, sign_release
from roadworthy.stage import Stage

SOURCE = "drill"
BATCH = 40
MOST_BATCHES = 8
IN_HAND = 30
"""So many cases arrive just before the last outcomes: some of them are under way when it is taken back."""
WITHIN_S = 120.0
_MARK = "DRILL.md"


def rollback_drill(
    mirror: Mirrored, release: Release, *, workers: int = 2, seed: int = 7, progress: Progress = silent
) -> tuple[Fact, ...]:
    """From the moment a canary is halted until none of its cases is left with it.

    The canary is the same release with one more file, so that it works as well; it is made worse by outcomes:
    whatever it answers alone is said to be wrong, and what the other answers is said to be right. If the
    release answers nothing alone, no outcome can prove it worse, and the drill halts it by command.
    """
    deployment = mirror.deployment
    running = in_charge(mirror, release)
    canary = _beside(deployment, running)
    traffic = Traffic(mirror, running, seed=seed)
    crew = crew_of(mirror, workers, progress)
    told, batches = 0, 0
    while _stage(deployment, canary) is Stage.CANARY and batches < MOST_BATCHES:
        batches += 1
        keys = traffic.send(BATCH)
        await_settled(traffic, within_s=WITHIN_S, progress=progress, what="the canary works")
        traffic.send(IN_HAND)
        for case in [one for one in traffic.cases() if one.key in set(keys)]:
            told += _tell(deployment, case, canary)
            if _stage(deployment, canary) is not Stage.CANARY:
                break
    by_command = _stage(deployment, canary) is Stage.CANARY
    if by_command:
        traffic.send(IN_HAND)
        abort_release(deployment, ACTOR, running.use_case, canary.name, reason="rollback drill")
    halted_at = _now(deployment, canary).stage_since.timestamp()
    until = time.monotonic() + WITHIN_S
    while (left := _left(deployment, traffic.cases(), canary)) and time.monotonic() < until:
        progress("its cases find another way", max(0, len(traffic.keys) - left), len(traffic.keys))
        time.sleep(LOOK_S)
    took = time.time() - halted_at
    await_settled(traffic, within_s=WITHIN_S, progress=progress, what="the others go on")
    used = [worker.end() for worker in crew]
    cases = traffic.cases()
    detail: dict[str, object] = {
        "halted_by": "command" if by_command else "its outcomes", "outcomes_told": told,
        "cases": len(cases), "requeued": sum(case.run > 1 for case in cases),
        "to_people": sum(_corrected(deployment, case) for case in cases if case.release == canary.digest),
        "left_with_it": left, "not_settled": sum(not settled(case) for case in cases),
        "workers": len(used), "seed": seed,
    }  # fmt: skip
    lost = left + len(traffic.keys) - sum(settled(case) for case in cases)
    simulated = (*mirror.simulated, "outcomes")
    return (
        Fact(
            kind="operation.rollback_left", value=float(lost), unit="cases", n=len(cases),
            method="canary halted in a mirrored environment: cases still with it, or nowhere, at the end",
            of_release=True, valid_days=90, simulated=simulated, detail=detail,
        ),
        Fact(
            kind="operation.rollback_seconds", value=took, unit="seconds", n=len(cases),
            method="from the halt of the canary until none of its cases was left with it",
            of_release=True, valid_days=90, simulated=simulated, detail=detail,
        ),
    )  # fmt: skip


def _beside(deployment: Deployment, running: Release) -> Release:
    """The same release once more, as a canary with half of the cases and the same certificates."""
    store = deployment.store
    with store.write() as tx:
        archive = store.releases.archive(tx, running.digest)
        archive = Archive({**archive.files, _MARK: b"The same release, as a canary of a drill.\n"})
        rollout = store.releases.rollout(tx, running.use_case, lock=True)
        canary = replace(
            running, digest=archive.digest, number=max(one.number for one in rollout.releases) + 1,
            author=ACTOR.id, note="rollback drill", stage=Stage.CANARY, share=Share(0.5), step=1,
            stage_since=deployment.now(), created_at=deployment.now(),
        )  # fmt: skip
        canary = sign_release(canary, archive, deployment.ledger_key)
        if not store.releases.add(tx, canary, archive):
            raise Unavailable(
                "RW-DRILL-011", "the canary of the drill is there already", retry_is_safe=True
            )
        for certificate in store.evidence.certificates(tx, running.use_case, release=running.digest):
            store.evidence.add_certificate(
                tx, replace(certificate, id=deployment.new_id(), release=canary.digest)
            )
    return canary


def _tell(deployment: Deployment, case: CaseRecord, canary: Release) -> int:
    if not case.answer or not settled(case):
        return 0
    truth = case.answer if case.release != canary.digest else "what a drill calls right"
    try:
        record_outcome(deployment, ACTOR, case.use_case, case.key, truth=truth, source=SOURCE)
    except Conflict:
        return 0
    return 1


def _now(deployment: Deployment, release: Release) -> Release:
    with deployment.store.read() as tx:
        return deployment.store.releases.rollout(tx, release.use_case).find(release.digest)


def _stage(deployment: Deployment, release: Release) -> Stage:
    return _now(deployment, release).stage


def _left(deployment: Deployment, cases: list[CaseRecord], canary: Release) -> int:
    """Cases still with the halted release: under way, or sent something at which nobody looks."""
    left = 0
    for case in cases:
        if case.release != canary.digest:
            continue
        with deployment.store.read() as tx:
            sent = any(one.state in SENT for one in deployment.store.effects.of_case(tx, case.id))
        # What is over without an effect, or was seen by a person before it left, needs nobody any more.
        done = case.state is State.CLOSED and (not sent or case.handled_by == "person")
        left += not done and not (sent and _corrected(deployment, case))
    return left


def _corrected(deployment: Deployment, case: CaseRecord) -> bool:
    with deployment.store.read() as tx:
        reviews = deployment.store.reviews.of_case(tx, case.id)
    return any(one.kind is ReviewKind.CORRECTION for one in reviews)
