"""Pacing: when an effect may leave, beside whether it may.

Three things hold it: the rate of its tool, the circuit of a receiver that does not answer or asks to wait, and the
order of its lane. What is held has no job of its own and is not looked at again and again: it is a row that waits.
Those that wait for rate or circuit are woken by one job for the tool, the longest waiting first, as many as may
leave; who waits in a lane is woken by whoever goes from in front of it. A round from time to time wakes what a lost
job left asleep.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import OWED, EffectRecord, EffectState
from roadworthy.casework.pace import Pace, Rate
from roadworthy.charter import Tool
from roadworthy.errors import Conflict, Unavailable
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import TURN, kept, woken
from roadworthy.ports import Job, Transaction

AT_ONCE: Final = 50
"""How many are woken at once: what a receiver that just came back is sent before anybody looks whether it stays."""
AHEAD_S: Final = 1.0
_ENOUGH_S: Final = 0.01


def rate_of(tool: Tool) -> Rate | None:
    """The rate of a tool; None where it has none."""
    limit = tool.rate_limit
    return Rate.of(*limit) if limit else None


def take_turn(
    deployment: Deployment, tx: Transaction, case: CaseRecord, tool: Tool, effect: EffectRecord
) -> tuple[str, Pace | None]:
    """Why it has to wait, or empty: then its place is taken in this transaction. And the pace, unless all is well.

    A new one never passes those that wait for the rate already.
    """
    effects = deployment.store.effects
    front = effects.in_front(tx, effect)
    if front is not None:
        return f"order:{front.id}", None
    rate = rate_of(tool)
    pace = effects.pace(tx, case.use_case, effect.tool, lock=rate is not None)
    if rate is None and pace.clean:
        return "", None
    if rate is None:
        pace = effects.pace(tx, case.use_case, effect.tool, lock=True)
    now = deployment.now().timestamp()
    if pace.circuit.why_not(now):
        _wake_at(deployment, tx, pace, now + pace.circuit.left_s(now))
        return "circuit", pace
    taken = replace(pace, circuit=pace.circuit.taken(now))
    if rate is not None:
        wait = pace.wait_s(now, rate)
        in_line = effect.held != TURN and effects.waiting(tx, case.use_case, effect.tool, limit=1)
        if wait > 0.0 or in_line:
            _wake_at(deployment, tx, pace, now + max(wait, _ENOUGH_S))
            return "rate", pace
        taken = taken.took(now, rate)
    if taken != pace:
        effects.save_pace(tx, taken)
    return "", None if taken.clean else taken


def answered(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """Its receiver answered after it had not: those that wait for it are woken."""
    pace = deployment.store.effects.pace(tx, effect.use_case, effect.tool, lock=True)
    if pace.clean:
        return
    after = pace.answered()
    deployment.store.effects.save_pace(tx, after)
    _wake_at(deployment, tx, after, deployment.now().timestamp())


def failed(
    deployment: Deployment, tx: Transaction, effect: EffectRecord, problem: Unavailable
) -> tuple[bool, float]:
    """Its receiver did not answer, or takes no more for now.

    Answers whether the attempt counts, and for how long the receiver is left alone. What a receiver turns away
    is no attempt. One that is to see whether it is back is one; each time another effect makes it.
    """
    now = deployment.now().timestamp()
    pace = deployment.store.effects.pace(tx, effect.use_case, effect.tool, lock=True)
    after = pace.failed(now) if problem.asked_s is None else pace.asked(now, problem.asked_s)
    deployment.store.effects.save_pace(tx, after)
    left = after.circuit.left_s(now)
    if left > 0.0:
        _wake_at(deployment, tx, after, now + left)
    return problem.asked_s is None, left


def wake_waiting(deployment: Deployment, reference: str) -> None:
    """The job of a tool: wake as many of those that wait for its pace as may leave. Run twice: nobody leaves sooner."""
    use_case, tool_name = reference.split("/", 1)
    effects = deployment.store.effects
    with deployment.store.write() as tx:
        pace = replace(effects.pace(tx, use_case, tool_name, lock=True), wakes_at=0.0)
        effects.save_pace(tx, pace)
        found = effects.waiting(tx, use_case, tool_name, limit=AT_ONCE + 1)
        if not found:
            return
        now = deployment.now().timestamp()
        left = pace.circuit.left_s(now)
        if left > 0.0:
            _wake_at(deployment, tx, pace, now + left)
            return
        rate = rate_of(deployment.loader.charter(found[0].release).tools[tool_name])
        places, again = _places(pace, rate, now)
        for effect, delay_s in zip(found, places, strict=False):
            try:
                due_at = deployment.now() + timedelta(seconds=delay_s)
                turn = kept(deployment, tx, effect, held=TURN, held_since=None, due_at=due_at)
            except Conflict:
                continue
            deployment.engine.enqueue(tx, woken(deployment, turn, delay_s=delay_s))
        if len(found) > len(places):
            _wake_at(deployment, tx, pace, now + again)


def wake_behind(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """It left its lane, or lets others pass: the next one goes. Nobody there, or no lane: nothing happens."""
    if not effect.lane or (effect.state in OWED and not effect.passed):
        return
    following = deployment.store.effects.behind(tx, effect)
    while following is not None:
        if following.state in {EffectState.READY, EffectState.SENDING}:
            if following.held.startswith("order:"):
                now = deployment.now()
                following = kept(deployment, tx, following, held="", held_since=None, due_at=now)
            deployment.engine.enqueue(tx, woken(deployment, following))
            return
        if not following.passed:
            return
        following = deployment.store.effects.behind(tx, following)


def hold(deployment: Deployment, tx: Transaction, effect: EffectRecord, why: str) -> EffectRecord:
    """Let it wait. Held for the same reason again: it keeps its place in the line."""
    since = effect.held_since if effect.held == why else None
    return kept(deployment, tx, effect, held=why, held_since=since or deployment.now(), due_at=None)


def wake_asleep(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> None:
    """For the round: wake one whose reason to wait is over and whose waker was lost."""
    if effect.held.startswith("order:"):
        if deployment.store.effects.in_front(tx, effect) is None:
            free = kept(deployment, tx, effect, held="", held_since=None, due_at=deployment.now())
            deployment.engine.enqueue(tx, woken(deployment, free))
    elif effect.held in {"rate", "circuit"}:
        pace = deployment.store.effects.pace(tx, effect.use_case, effect.tool, lock=True)
        now = deployment.now().timestamp()
        if pace.wakes_at < now:
            _wake_at(deployment, tx, pace, now + pace.circuit.left_s(now))


def _places(pace: Pace, rate: Rate | None, now: float) -> tuple[list[float], float]:
    """After how many seconds each of the next may leave; and when to look again for those after them."""
    if pace.circuit.is_open:
        # One goes to see whether the receiver is back; what becomes of it wakes the others.
        return [0.0], pace.circuit.trial_s
    if rate is None:
        return [0.0] * AT_ONCE, AHEAD_S / 4
    places = pace.places(now, rate, within_s=AHEAD_S, most=AT_ONCE)
    following = pace
    for _ in places:
        following = following.took(now, rate)
    return places, max(_ENOUGH_S, following.wait_s(now, rate))


def _wake_at(deployment: Deployment, tx: Transaction, pace: Pace, at: float) -> None:
    """See that those that wait for the tool are looked at by then. The pace is locked."""
    now = deployment.now().timestamp()
    if now < pace.wakes_at <= at + _ENOUGH_S:
        return
    due = max(at, now + _ENOUGH_S)
    fresh = deployment.store.effects.pace(tx, pace.use_case, pace.tool, lock=True)
    deployment.store.effects.save_pace(tx, replace(fresh, wakes_at=due))
    name = f"{pace.use_case}/{pace.tool}"
    job = Job("pace", f"pace:{name}:{deployment.new_id()}", name, due - now)
    deployment.engine.enqueue(tx, job)


SLEEP: Final = timedelta(minutes=2)
"""What waits for longer than this is looked at by the round."""
