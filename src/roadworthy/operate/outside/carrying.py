"""Carrying on with what an agent elsewhere began: effects leave, people are asked, the case ends, also without it.

The agent may never come back. What it set going is brought to its end by jobs, and a case that it left without a
word goes to a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord, Event, State
from roadworthy.casework.effect import SETTLED, EffectRecord, EffectState
from roadworthy.casework.review import ReviewKind
from roadworthy.errors import Conflict
from roadworthy.operate.canaries import observe_decision
from roadworthy.operate.clearance import is_lost
from roadworthy.operate.delivering import FRESH, attempt_over, deliver, deliver_effect
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.jobs import ask_of_effect, open_review
from roadworthy.operate.outside.record import END
from roadworthy.operate.progress import moved_on
from roadworthy.ports import Job, LoadedRelease, Transaction
from roadworthy.stage import SIMULATED

IDLE: Final = timedelta(days=1)
"""A case whose agent said nothing for so long goes to a person."""
KIND: Final = "agent"
ROUND_S: Final = 5.0
_TRIES: Final = 5
_AT_WORK = frozenset({State.OPEN, State.WAITING})
_MOVING = frozenset({EffectState.READY, EffectState.SENDING})
_ASKED = frozenset({EffectState.UNKNOWN, EffectState.DEAD, EffectState.PROPOSED})


def carry_on(deployment: Deployment, case_id: str) -> None:
    """Bring a case of an agent as far as it goes without it. Run twice, or beside it: nothing happens twice."""
    case = _at_work(deployment, case_id)
    if case is None:
        return
    release = deployment.loader.load(case.release)
    if not release.workflow.elsewhere:
        return
    with deployment.store.read() as tx:
        effects = deployment.store.effects.of_case(tx, case.id)
    for effect in effects:
        if not effect.undoes:
            bring_on(deployment, release, case, effect)
    settle(deployment, release, case)


def bring_on(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, effect: EffectRecord
) -> EffectRecord:
    """One attempt at an effect that may leave or is to be asked about; any other stays as it is."""
    if effect.state in _MOVING or effect.is_looked_up:
        return deliver_effect(deployment, release, case, effect)
    return effect


def job_after(case: CaseRecord, effect: EffectRecord, *, timeout_s: float) -> Job:
    """Finds an effect whose process died before it had sent it."""
    delay_s = timeout_s + FRESH.total_seconds()
    return Job(KIND, f"{KIND}:{case.id}:{effect.id}:{effect.version}", case.id, delay_s)


def settle(deployment: Deployment, release: LoadedRelease, case: CaseRecord) -> None:
    """Put the case where its effects and reviews stand, and see that somebody looks again where that is needed."""
    for _ in range(_TRIES):
        try:
            decided = _settled(deployment, release, case)
        except Conflict:
            continue  # another call or a person moved it in this moment
        if decided:
            deliver(deployment, case.id)
        return


def _settled(deployment: Deployment, release: LoadedRelease, case: CaseRecord) -> bool:
    """True where the case was decided now."""
    with deployment.store.write() as tx:
        fresh = deployment.store.cases.get(tx, case.id)
        if fresh is None or fresh.run != case.run or fresh.state not in _AT_WORK or fresh.handled_by:
            return False
        effects = [one for one in deployment.store.effects.of_case(tx, case.id) if not one.undoes]
        if any(one.state is EffectState.PARKED for one in effects):
            moved_on(deployment, tx, fresh, Event.PARKED, reason="its effects are stopped")
            return False
        asked = _asked(deployment, tx, release, fresh, effects)
        moving = [one for one in effects if one.state in _MOVING or one.is_looked_up]
        if moving:
            _look_again(deployment, tx, release, fresh, moving)
        if asked:
            if fresh.state is State.OPEN:
                moved_on(deployment, tx, fresh, Event.ASKED)
            return False
        if fresh.state is State.WAITING:
            fresh = moved_on(deployment, tx, fresh, Event.ANSWERED)
        return not moving and _end(deployment, tx, release, fresh, effects)


def _at_work(deployment: Deployment, case_id: str) -> CaseRecord | None:
    """The case, unless it is stopped: then it is parked, or, where nobody can tell, looked at again."""
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
    if case is None or case.state not in _AT_WORK or case.handled_by or not case.release:
        return None
    stopped = deployment.clearance.why_not(f"use_case:{case.use_case}", f"release:{case.release}")
    if not stopped:
        return case
    with deployment.store.write() as tx:
        if is_lost(stopped):
            now = deployment.now()
            deployment.engine.enqueue(tx, _at_next_round(case, now, now))
        elif case.state is State.OPEN:
            moved_on(deployment, tx, case, Event.PARKED, reason=stopped)
    return None


def _asked(
    deployment: Deployment,
    tx: Transaction,
    release: LoadedRelease,
    case: CaseRecord,
    effects: list[EffectRecord],
) -> bool:
    """Whether people owe an answer; they are asked about what nobody asked them yet."""
    reviews = [one for one in deployment.store.reviews.of_case(tx, case.id) if one.is_owed]
    known = {review.effect for review in reviews}
    asked = bool(reviews)
    for effect in effects:
        if effect.state in _ASKED and effect.id not in known and not effect.is_looked_up:
            ask_of_effect(deployment, tx, case, release.charter, effect, ordinal=0)
            asked = True
    return asked


def _look_again(
    deployment: Deployment,
    tx: Transaction,
    release: LoadedRelease,
    case: CaseRecord,
    moving: list[EffectRecord],
) -> None:
    now = deployment.now()
    first = min(_due(release, one, now) for one in moving)
    deployment.engine.enqueue(tx, _at_next_round(case, now, first))


def _at_next_round(case: CaseRecord, now: datetime, at: datetime) -> Job:
    """However many calls ask for it, one job looks at a case in each round."""
    number = int(max(at, now).timestamp() // ROUND_S) + 1
    return Job(KIND, f"{KIND}:{case.id}:round {number}", case.id, number * ROUND_S - now.timestamp())


def _due(release: LoadedRelease, effect: EffectRecord, now: datetime) -> datetime:
    if effect.due_at is not None:
        return effect.due_at
    if effect.state is EffectState.SENDING and effect.sent_at is not None:
        return attempt_over(release, effect)
    return now


def _end(
    deployment: Deployment,
    tx: Transaction,
    release: LoadedRelease,
    case: CaseRecord,
    effects: list[EffectRecord],
) -> bool:
    """True where the case was decided: its agent said so, or left a rehearsal. A live case that was left goes to a person."""
    steps = deployment.store.cases.steps(tx, case.id, run=case.run)
    said = next((step for step in reversed(steps) if step.name == END), None)
    if said is not None:
        answer = str(deployment.vault.open(tx, said.result)["value"]["answer"])
        _decide(deployment, tx, case, effects, answer)
        return True
    last = max([case.created_at, *(step.recorded_at for step in steps)])
    if deployment.now() < last + IDLE:
        # One job for each last word.
        key = f"{KIND}:{case.id}:{case.run}:{len(steps)}"
        left_s = (last + IDLE - deployment.now()).total_seconds()
        deployment.engine.enqueue(tx, Job(KIND, key, case.id, left_s))
        return False
    if case.stage in SIMULATED:
        _decide(deployment, tx, case, effects, "")
        return True
    why = "its agent said nothing for a day and did not end it"
    waiting = moved_on(deployment, tx, case, Event.HANDED_OVER, handled_by="person", reason=why)
    open_review(deployment, tx, waiting, release.charter, ReviewKind.WORK, reasons=(why,))
    deployment.record(
        tx,
        "case.handed_over",
        "system",
        {"case": case.id, "use_case": case.use_case},
        {"code": "RW-MCP-013", "message": why},
    )
    return False


def _decide(
    deployment: Deployment, tx: Transaction, case: CaseRecord, effects: list[EffectRecord], answer: str
) -> None:
    """The case is decided; what follows is what follows for every case."""
    cost = deployment.store.cases.spent(tx, case.id)
    by_people = any(one.approved_by or one.state is EffectState.REFUSED for one in effects)
    handled_by = "person" if by_people else "automatic"
    moved_on(
        deployment,
        tx,
        case,
        Event.DECIDED,
        handled_by=handled_by,
        answer=answer,
        cost=cost,
    )
    if case.stage not in SIMULATED:
        month = deployment.now().date().replace(day=1)
        deployment.store.effects.reserve_spend(tx, case.use_case, "usage", month, cost.nano)
    observe_decision(deployment, tx, case, asked=by_people, cost=cost)
    deployment.record(
        tx,
        "case.decided",
        "system",
        {"case": case.id, "use_case": case.use_case},
        {
            "answer": answer,
            "confidence_bp": 0,
            "handled_by": handled_by,
            "release": case.release,
            "stage": str(case.stage),
            "cost_nano": str(cost.nano),
            "effects": [{"effect": one.id, "state": str(one.state)} for one in effects],
            "settled": all(one.state in SETTLED for one in effects),
        },
    )
