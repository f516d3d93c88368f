"""Taking back: the cases of a release that was halted, or whose time is over, find a new way, each once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from roadworthy.casework.case import CaseRecord, Event, State
from roadworthy.casework.effect import SENT, EffectEvent, EffectRecord, EffectState, move_effect
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.errors import Conflict
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import kept
from roadworthy.operate.effects.undoing import prepare_undo
from roadworthy.operate.jobs import cancel_review, open_review, segment_job
from roadworthy.operate.progress import moved_on, saved
from roadworthy.ports import Job, Transaction
from roadworthy.release import Release, short
from roadworthy.stage import SIMULATED, Stage

BATCH = 200
TRIES = 3
AGAIN_S = 1.0


def taking_back(use_case: str, digest: str, why: str, *, delay_s: float = 0.0) -> Job:
    """The job that takes back the cases of a release. ``why`` tells it apart from earlier ones."""
    return Job("rollback", f"rollback:{digest}:{why}", f"{use_case}/{digest}", delay_s)


def roll_back(deployment: Deployment, reference: str) -> None:
    """Take back the cases of a release, in batches. Run again after a crash: goes on where it was.

    Halted: cases with no effect sent begin again on the running release, or go to people; where something
    was sent, or may have been, a person looks at it, with the undo at hand. Retired, and its time to come
    back over: the same for cases that are not closed; what was sent stays as it is. Any other release keeps
    its cases. Cases that somebody else was moving are looked at again a moment later.
    """
    use_case, digest = reference.split("/", 1)
    with deployment.store.read() as tx:
        release = deployment.store.releases.get(tx, digest)
    now = deployment.now()
    if release is None or release.stage not in {Stage.HALTED, Stage.RETIRED}:
        return
    if release.stage is Stage.RETIRED and release.fit_until is not None and now < release.fit_until:
        return
    left = 0
    for case in _cases_of(deployment, use_case, release):
        for _ in range(TRIES):  # somebody may move the case under our hands; then look again
            try:
                _take_back(deployment, case.id, release)
                break
            except Conflict:
                continue
        else:
            left += 1
    with deployment.store.write() as tx:
        if left:
            again = taking_back(use_case, digest, deployment.new_id(), delay_s=AGAIN_S)
            deployment.engine.enqueue(tx, again)
            return
        settled = deployment.store.releases.rollout(tx, use_case, lock=True).find(digest)
        if settled.stage is Stage.RETIRED and settled.fit_until is not None and settled.fit_until <= now:
            # From now on nothing runs under it any more.
            deployment.store.releases.save(tx, replace(settled, fit_until=None))
    deployment.clearance.forget()


def _cases_of(deployment: Deployment, use_case: str, release: Release) -> Iterator[CaseRecord]:
    # What a retired release closed is done; of a halted one it is looked at.
    unfinished = [state for state in State if state is not State.CLOSED]
    states = [None] if release.stage is Stage.HALTED else unfinished
    for state in states:
        after = ""
        while True:
            with deployment.store.read() as tx:
                page = deployment.store.cases.list(
                    tx, use_case, release=release.digest, state=state, after=after, limit=BATCH
                )
            yield from page.rows
            after = page.after
            if not after:
                break


def _take_back(deployment: Deployment, case_id: str, release: Release) -> None:
    over = f"release {short(release.digest)} was {release.stage}"
    with deployment.store.write() as tx:
        case = deployment.store.cases.get(tx, case_id)
        if case is None or case.release != release.digest:
            return
        effects = deployment.store.effects.of_case(tx, case.id)
        sent = [effect for effect in effects if effect.state in SENT]
        if case.twin or case.stage in SIMULATED:
            if case.state is not State.CLOSED:
                saved(deployment, tx, case, state=State.CLOSED, reason=f"its release was {release.stage}")
            return
        if case.state is State.CLOSED and (not sent or release.stage is Stage.RETIRED):
            return
        if sent:
            _look_at(deployment, tx, case, effects, over)
        else:
            _begin_again(deployment, tx, case, effects, over)


def _look_at(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    effects: tuple[EffectRecord, ...],
    over: str,
) -> None:
    """Something was sent: park the rest, ask a person to look, once."""
    known = deployment.store.reviews.of_case(tx, case.id)
    if case.handled_by == "person" and case.state is State.CLOSED:
        return  # a person saw it before it left
    if any(review.kind is ReviewKind.CORRECTION for review in known):
        return
    for effect in effects:
        if effect.state in {EffectState.PROPOSED, EffectState.READY}:
            parked = move_effect(effect.state, EffectEvent.PARKED)
            kept(deployment, tx, effect, state=parked, held="", held_since=None, due_at=None)
    charter = deployment.loader.charter(case.release)
    if case.state is not State.CLOSED:
        case = moved_on(deployment, tx, case, Event.HANDED_OVER)
    by_hand = []
    for effect in effects:
        if effect.state not in SENT or effect.undoes:
            continue
        undo = prepare_undo(deployment, tx, case, charter, effect, because=f"{over} after this was sent")
        if undo is None:
            by_hand.append(charter.tools[effect.tool].undo or "no undo declared")
            continue
        open_review(
            deployment, tx, case, charter, ReviewKind.CORRECTION, reasons=undo.reasons, effect=undo
        )  # fmt: skip
    if by_hand:
        reasons = (f"{over} after this was sent", f"undo: {', '.join(by_hand)}")
        open_review(deployment, tx, case, charter, ReviewKind.CORRECTION, reasons=reasons)


def _begin_again(
    deployment: Deployment,
    tx: Transaction,
    case: CaseRecord,
    effects: tuple[EffectRecord, ...],
    over: str,
) -> None:
    """Nothing was sent: the case starts a new run on the running release, or goes to people."""
    for effect in effects:
        state = effect.state
        if state in {EffectState.PROPOSED, EffectState.READY, EffectState.PARKED}:
            state = move_effect(state, EffectEvent.REFUSED)
        # The key and the slot become free for the new run: nothing was ever sent under them.
        kept(
            deployment,
            tx,
            effect,
            held="",
            held_since=None,
            due_at=None,
            state=state,
            key=f"{effect.key}~{case.run}",
            slot=f"{effect.slot}~{case.run}",
        )
    for review in deployment.store.reviews.of_case(tx, case.id):
        if review.state is ReviewState.OPEN:
            cancel_review(deployment, tx, review)
    running = deployment.store.releases.rollout(tx, case.use_case).at(Stage.PRODUCTION)
    charter = deployment.loader.charter(case.release)
    event = Event.REQUEUED if running else Event.HANDED_OVER
    again = moved_on(
        deployment,
        tx,
        case,
        event,
        release=running.digest if running else "",
        stage=running.stage if running else Stage.DRAFT,
        run=case.run + 1,
        segment=1,
        handled_by="" if running else "person",
        reason=f"begun again: {over}",
    )
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
