"""Operating on effects: what stands where and why, and a person's word that moves one on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from roadworthy.casework.effect import OWED, EffectEvent, EffectRecord, EffectState
from roadworthy.casework.review import Review, ReviewKind, ReviewState, Verdict
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.effects.moving import kept, moved
from roadworthy.operate.effects.pacing import wake_behind
from roadworthy.operate.jobs import delivery_job
from roadworthy.operate.words import check_words
from roadworthy.ports import Job, Transaction
from roadworthy.principal import Principal, require


def list_effects(
    deployment: Deployment,
    principal: Principal,
    *,
    use_case: str = "",
    state: str = "",
    tool: str = "",
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """Effects, newest first, without content. ``state``: one of the states, or ``owed`` for all that is still to happen.

    Errors: ``InputProblem`` RW-EFFECT-010 for no state.
    """
    wanted = use_case or principal.use_case
    require(principal, "case.read", use_case=wanted)
    if state and state != "owed" and state not in set(EffectState):
        known = ", ".join(["owed", *EffectState])
        raise InputProblem("RW-EFFECT-010", Problem(f"`{state}` is no state of an effect", hint=known))
    states = OWED if state == "owed" else frozenset({EffectState(state)} if state else ())
    with deployment.store.read() as tx:
        page = deployment.store.effects.list(tx, wanted, states=states, tool=tool, after=after, limit=limit)
        rows = [_as_json(deployment, tx, effect) for effect in page.rows]
    return {"effects": rows, "after": page.after}


def show_effect(deployment: Deployment, principal: Principal, effect_id: str) -> dict[str, Any]:
    """One effect: where it stands, what holds it, who is in front of it and behind it, how its receiver does."""
    with deployment.store.read() as tx:
        effect = _found(deployment, tx, principal, "case.read", effect_id)
        pace = deployment.store.effects.pace(tx, effect.use_case, effect.tool)
        front = deployment.store.effects.in_front(tx, effect)
        behind = deployment.store.effects.behind(tx, effect)
        review = _question(deployment, tx, effect)
        told = _as_json(deployment, tx, effect)
    now = deployment.now().timestamp()
    return {
        **told,
        "key": effect.key,
        "arguments_digest": effect.arguments_digest,
        "in_front": front.id if front else "",
        "behind": behind.id if behind else "",
        "receiver": pace.circuit.why_not(now) or "answers",
        "review": review.id if review else "",
        "approved_by": effect.approved_by,
        "certificate": effect.certificate,
        "untrusted": list(effect.untrusted),
    }


def retry_effect(
    deployment: Deployment, principal: Principal, effect_id: str, *, reason: str
) -> EffectRecord:
    """A person says that a dead or unknown effect is to be sent (again): the answer to the review that asks it.

    Errors: as ``decide_review``; ``Conflict`` RW-EFFECT-011 where nobody is asked about it.
    """
    return _answer(deployment, principal, effect_id, Verdict.APPROVE, reason)


def confirm_effect(
    deployment: Deployment, principal: Principal, effect_id: str, *, reason: str
) -> EffectRecord:
    """A person says that an unknown or dead effect was felt. Errors: as ``retry_effect``."""
    return _answer(deployment, principal, effect_id, Verdict.DONE, reason)


def park_effect(
    deployment: Deployment, principal: Principal, effect_id: str, *, reason: str
) -> EffectRecord:
    """Hold a ready effect until somebody releases it; its case waits with it. No stop that is lifted lets it go.

    Errors: ``InputProblem`` RW-EFFECT-012 without a reason; ``Conflict`` RW-EFFECT-001 for one that is not ready.
    """
    _reasoned(reason)
    with deployment.store.write() as tx:
        effect = _found(deployment, tx, principal, "effect.park", effect_id)
        if effect.state is not EffectState.READY:
            raise Conflict(
                "RW-EFFECT-001",
                Problem(f"an effect that is {effect.state} cannot be parked", hint="only a ready one can"),
            )
        parked = moved(
            deployment, tx, effect, EffectEvent.PARKED, {"reason": reason},
            actor=principal.id, held=f"by:{principal.id}: {reason}"[:300],
        )  # fmt: skip
        case = deployment.store.cases.get(tx, effect.case)
        if case is not None:
            job = delivery_job(case)
            deployment.engine.enqueue(tx, replace(job, key=f"{job.key}:parked:{parked.version}"))
        return parked


def release_effect(
    deployment: Deployment, principal: Principal, effect_id: str, *, reason: str, behind: bool = False
) -> EffectRecord:
    """Let go one that a person parked, or, with ``behind``, those that wait behind it in its lane.

    Errors: ``InputProblem`` RW-EFFECT-012 without a reason; ``Conflict`` RW-EFFECT-013 where nothing is to let go.
    """
    _reasoned(reason)
    with deployment.store.write() as tx:
        effect = _found(deployment, tx, principal, "effect.release", effect_id)
        if behind:
            return _let_pass(deployment, tx, principal, effect, reason)
        if effect.state is not EffectState.PARKED or not effect.held:
            raise Conflict("RW-EFFECT-013", _nothing_to_release(effect))
        free = kept(deployment, tx, effect, held="")
        deployment.record(
            tx, "effect.let_go", principal.id, _about(effect), {"tool": effect.tool, "reason": reason}
        )
        # What sets parked cases going after a stop does it here, too: it asks first whether the way is clear.
        deployment.engine.enqueue(tx, Job("unpark", f"unpark:{effect.id}:{free.version}", effect.id))
        return free


def _let_pass(
    deployment: Deployment, tx: Transaction, principal: Principal, effect: EffectRecord, reason: str
) -> EffectRecord:
    if not effect.lane or effect.passed or effect.state not in OWED or effect.state is EffectState.SENDING:
        raise Conflict("RW-EFFECT-013", Problem("nobody waits behind this effect for its sake"))
    passed = kept(deployment, tx, effect, passed=True)
    deployment.record(
        tx, "effect.passed", principal.id, _about(effect), {"tool": effect.tool, "reason": reason}
    )
    wake_behind(deployment, tx, passed)
    return passed


def _answer(
    deployment: Deployment, principal: Principal, effect_id: str, verdict: Verdict, reason: str
) -> EffectRecord:
    from roadworthy.operate.reviewing import decide_review

    _reasoned(reason)
    with deployment.store.read() as tx:
        effect = _found(deployment, tx, principal, "review.decide", effect_id)
        review = _question(deployment, tx, effect)
    if review is None:
        raise Conflict(
            "RW-EFFECT-011",
            Problem(
                f"nobody is asked about this effect: it is {effect.state}",
                hint="only an unknown or a dead effect waits for such a word",
            ),
        )
    decide_review(deployment, principal, review.id, verdict, seen=review.proposal, reason=reason)
    with deployment.store.read() as tx:
        return deployment.store.effects.get(tx, effect.id) or effect


def _question(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> Review | None:
    """The open review that asks what became of it."""
    known = deployment.store.reviews.of_case(tx, effect.case)
    return next(
        (
            one
            for one in known
            if one.effect == effect.id and one.kind is ReviewKind.UNCLEAR and one.state is ReviewState.OPEN
        ),
        None,
    )


def _found(
    deployment: Deployment, tx: Transaction, principal: Principal, verb: str, effect_id: str
) -> EffectRecord:
    """Errors: ``NotFound`` RW-EFFECT-014, also where the effect is not for this principal to see."""
    require(principal, verb, use_case=principal.use_case)
    effect = deployment.store.effects.get(tx, effect_id)
    if effect is None or (principal.use_case and effect.use_case != principal.use_case):
        raise NotFound(
            "RW-EFFECT-014", Problem(f"no effect `{effect_id}`", hint="`roadworthy effects list`")
        )
    return effect


def _reasoned(reason: str) -> None:
    check_words(reason=reason)
    if not reason.strip():
        raise InputProblem(
            "RW-EFFECT-012", Problem("this needs a reason", hint="say why in a few words: `--reason`")
        )


def _nothing_to_release(effect: EffectRecord) -> Problem:
    if effect.state is EffectState.PARKED:
        hint = "`roadworthy stops` says what is stopped, `roadworthy resume` lifts it"
        return Problem("a stop parked this effect, not a person", hint=hint)
    if effect.held.startswith("order:"):
        front = effect.held.removeprefix("order:")
        hint = f"`roadworthy effects release {front} --behind` lets those behind it go first"
        return Problem(f"it waits behind the effect {front}", hint=hint)
    return Problem(f"this effect is {effect.state}, nobody parked it")


def _about(effect: EffectRecord) -> dict[str, str]:
    return {"effect": effect.id, "case": effect.case, "use_case": effect.use_case}


def _as_json(deployment: Deployment, tx: Transaction, effect: EffectRecord) -> dict[str, Any]:
    case = deployment.store.cases.get(tx, effect.case)
    return {
        "id": effect.id,
        "use_case": effect.use_case,
        "case": case.key if case else "",
        "tool": effect.tool,
        "slot": effect.slot,
        "state": str(effect.state),
        "attempts": effect.attempts,
        "lookups": effect.lookups,
        "held": effect.held,
        "held_since": _moment(effect.held_since),
        "due_at": _moment(effect.due_at),
        "sent_at": _moment(effect.sent_at),
        "passed": effect.passed,
        "undoes": effect.undoes,
        "reasons": list(effect.reasons),
        "created_at": _moment(effect.created_at),
        "updated_at": _moment(effect.updated_at),
    }


def _moment(at: datetime | None) -> str:
    return at.isoformat() if at else ""
