"""Calls of an agent elsewhere: what it reads, what it wants done, what became of that, and its end.

A call that writes is a proposal like any other. Nothing waits for a person: the agent is told where the proposal
stands, and finds it again by its id or by making the same call once more.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.review import Review, ReviewState
from roadworthy.casework.vocabulary import Effect, checked_effect
from roadworthy.charter import check_arguments, scalars, seconds
from roadworthy.errors import (
    Conflict,
    InputProblem,
    NotFound,
    Problem,
    Refused,
    RoadworthyError,
    Unavailable,
)
from roadworthy.flow import all_trusted, of_answer
from roadworthy.operate.acting import propose
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import may_read
from roadworthy.operate.modelcalls.callers import Caller
from roadworthy.operate.outside.carrying import bring_on, carry_on, job_after, settle
from roadworthy.operate.outside.cases import case_of, known_case, release_of
from roadworthy.operate.outside.record import (
    CALL,
    END,
    PROPOSED,
    RESULT,
    Noted,
    Past,
    keep,
    keep_now,
    next_ordinal,
    read_past,
    still_ours,
    taken_over,
)
from roadworthy.operate.plain import plain
from roadworthy.operate.proposing import declared
from roadworthy.operate.reading import judge_call, read_answer, read_effect
from roadworthy.policy import Outcome
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.principal import Kind
from roadworthy.quantities import Cost

LONGEST_KEY: Final = 200
FAILED: Final = "fail"
_TRIES: Final = 5
_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent is told, as JSON values. ``failed``: the call may not or could not be carried out."""

    body: Mapping[str, object]
    failed: bool = False


def call(
    deployment: Deployment,
    caller: Caller,
    named: str,
    tool: str,
    arguments: Mapping[str, object],
    *,
    again: str = "",
    confidence: float = math.nan,
) -> Told:
    """Call a declared tool for the case ``named``.

    The same writing call of a case again finds the same proposal; ``again`` is a key that tells calls apart, or
    together, instead of their arguments. ``confidence`` is what the agent's program states, never its model.
    Errors: those of ``release_of`` and ``case_of``; ``NotFound`` RW-MCP-001; ``InputProblem`` RW-RUN-013 for
    arguments, RW-EFFECT-003 for a key of another call; ``Unavailable`` RW-MCP-007 where it is stopped; ``Refused``
    RW-MCP-010 where the budget is spent, RW-MCP-011 where policies say no; those of the tool.
    """
    release = release_of(deployment, caller)
    known = release.charter.tools.get(tool)
    if known is None or tool not in release.tools:
        raise NotFound("RW-MCP-001", Problem("there is no such tool", hint="`tools/list` names them"))
    check_arguments(tool, known, arguments)
    if len(again) > LONGEST_KEY or not again.isprintable():
        raise InputProblem(
            "RW-MCP-014", Problem(f"an idempotency key is at most {LONGEST_KEY} printable characters")
        )
    effect = Effect(tool, plain(arguments))
    if known.writes:
        checked_effect(effect, confidence)
        declared(release, effect)
    case = case_of(deployment, caller, named)
    _require_clear(deployment, case, tool)
    past = read_past(deployment, release, case)
    if past.ended:
        raise Conflict("RW-MCP-006", Problem("this case is over", hint="what is new is a new case"))
    if known.writes:
        return _propose(deployment, _Wanted(caller, release, case, past, effect, again, confidence))
    return _read(deployment, caller, release, case, past, tool, effect.arguments)


def result(deployment: Deployment, caller: Caller, named: str, what: str) -> Told:
    """What became of a call that was told to wait: by the id of its effect or of its review. Again: the same.

    Errors: those of ``release_of`` and ``known_case``; ``NotFound`` RW-MCP-008 for an id that is none of this case.
    """
    release = release_of(deployment, caller)
    case = known_case(deployment, caller, named)
    with deployment.store.read() as tx:
        reviews = deployment.store.reviews.of_case(tx, case.id)
        effects = deployment.store.effects.of_case(tx, case.id)
    meant = {what, *(one.effect for one in reviews if one.id == what)}
    effect = next((one for one in effects if one.id in meant and not one.undoes), None)
    if effect is None:
        raise NotFound(
            "RW-MCP-008",
            Problem("no such call in this case", hint="take the id from the answer that told to wait"),
        )
    if case.state in {State.OPEN, State.WAITING} and not case.handled_by:
        effect = bring_on(deployment, release, case, effect)
        settle(deployment, release, case)
    return _tell(deployment, release, case, read_past(deployment, release, case), effect)


def end(deployment: Deployment, caller: Caller, named: str, answer: str = "") -> Told:
    """The agent is done with the case: it is over once all is settled that it set going. Again: the same.

    Errors: those of ``release_of`` and ``known_case``.
    """
    release = release_of(deployment, caller)
    case = known_case(deployment, caller, named)
    if case.state in {State.OPEN, State.WAITING} and not case.handled_by:
        past = read_past(deployment, release, case)
        if not past.ended:
            keep_now(deployment, case, Noted(END, {}, {"answer": answer}, past.readings.marking))
        carry_on(deployment, case.id)
    with deployment.store.read() as tx:
        fresh = deployment.store.cases.get(tx, case.id) or case
        open_ = [
            one.effect
            for one in deployment.store.reviews.of_case(tx, case.id)
            if one.effect and one.state is ReviewState.OPEN
        ]
    if fresh.state is State.CLOSED:
        return Told({"status": "over"})
    return Told({"status": "ends_once_settled", "waits_for": open_})


def _require_clear(deployment: Deployment, case: CaseRecord, tool: str) -> None:
    scopes = (f"use_case:{case.use_case}", f"release:{case.release}", f"tool:{tool}")
    if stopped := deployment.clearance.why_not(*scopes):
        hint = "a second person resumes it"
        raise Unavailable("RW-MCP-007", f"this is stopped: {stopped}", retry_is_safe=True, hint=hint)


# ── what reads ──


def _read(
    deployment: Deployment,
    caller: Caller,
    release: LoadedRelease,
    case: CaseRecord,
    past: Past,
    tool: str,
    asked: Mapping[str, object],
) -> Told:
    readings, charter = past.readings, release.charter
    if past.spent.nano > Cost.parse(charter.budget.per_case).nano:
        raise Refused("RW-MCP-010", "the budget of this case is spent", may_overrule="owner")
    answer = may_read(
        release,
        case,
        tool,
        judged=judge_call(release, tool, asked, readings),
        marking=readings.marking,
        arguments=scalars(charter.tools[tool], asked),
    )
    if answer.outcome is not Outcome.ALLOW:
        about = {"case": case.id, "use_case": case.use_case}
        with deployment.store.write() as tx:
            told = {"tool": tool, "reasons": list(answer.sentences), "key": caller.key}
            deployment.record(tx, "call.refused", caller.principal, about, told)
        raise Refused(
            "RW-MCP-011",
            f"policies do not allow `{tool}` here",
            reasons=answer.sentences,
            may_overrule="risk_officer",
        )
    begun = time.thread_time_ns()
    try:
        found = release.tools[tool].call(asked)
    except RoadworthyError as problem:
        # Its words may be a stranger's: who reads them has read its answer.
        readings.rise(of_answer(charter, tool, subject=case.subject))
        _keep(deployment, case, past, f"{FAILED}:{tool}", asked, {"code": problem.code}, begun=begun)
        raise
    value = json.loads(json.dumps(dict(found), default=str))
    steers = all_trusted(charter.tools[tool], asked, readings)
    read_answer(readings, release, case, tool, asked, value)
    _keep(deployment, case, past, f"{CALL}:{tool}", asked, value, begun=begun, steers=steers)
    return Told(value)


def _keep(
    deployment: Deployment,
    case: CaseRecord,
    past: Past,
    name: str,
    asked: Mapping[str, object],
    value: Mapping[str, object],
    *,
    begun: int,
    steers: bool = False,
) -> None:
    price = deployment.prices.cpu_second
    took = time.thread_time_ns() - begun
    cost = Cost(price.nano * took // 1_000_000_000 + 1, price.currency)
    keep_now(deployment, case, Noted(name, asked, value, past.readings.marking, cost, steers=steers))


# ── what writes ──


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A call that writes: who makes it, for which case, and what is known of that. ``again``: the call's own key."""

    caller: Caller
    release: LoadedRelease
    case: CaseRecord
    past: Past
    effect: Effect
    again: str
    confidence: float


def _propose(deployment: Deployment, wanted: _Wanted) -> Told:
    release, case = wanted.release, wanted.case
    for left in reversed(range(_TRIES)):
        try:
            row = _proposed(deployment, wanted)
            break
        except InputProblem as taken:
            # The same call, or another one of the case, in the same moment: look once more at what is there.
            same = taken.code == "RW-EFFECT-003" and not wanted.again
            if not left or not (same or taken.code in {"RW-STORE-001", "RW-CASE-002"}):
                raise
    row = bring_on(deployment, release, case, row)
    settle(deployment, release, case)
    return _tell(deployment, release, case, wanted.past, row)


def _proposed(deployment: Deployment, wanted: _Wanted) -> EffectRecord:
    """The proposal, its step and its review in one transaction; the one that is there if it was made before."""
    release, case, past, effect = wanted.release, wanted.case, wanted.past, wanted.effect
    judged = judge_call(release, effect.tool, effect.arguments, past.readings)
    marking = past.readings.marking
    with deployment.store.write() as tx:
        fresh = still_ours(deployment, tx, case)
        if fresh.handled_by:
            raise taken_over()
        told: dict[str, object] = {"tool": effect.tool, "arguments": dict(effect.arguments)}
        named = deployment.vault.digest(tx, case.subject, {"key": wanted.again} if wanted.again else told)
        slot = f"{'key' if wanted.again else 'call'}-{named.rpartition(':')[2][:_DIGITS]}"
        known = any(one.slot == slot for one in deployment.store.effects.of_case(tx, case.id))
        if not known:
            # Weighed under a stop it would be refused for good.
            _require_clear(deployment, case, effect.tool)
            _note_caller(deployment, tx, wanted.caller, case, effect.tool)
        ordinal = 0 if known else next_ordinal(deployment, tx, case)
        row, is_new = propose(
            deployment,
            tx,
            fresh,
            release,
            effect,
            slot=slot,
            ordinal=ordinal,
            confidence=wanted.confidence,
            judged=judged,
            marking=marking,
            spent=past.spent,
        )
        if known:
            return row
        if not is_new:
            raise Conflict("RW-STORE-001", "the same call was made in this moment")
        keep(deployment, tx, case, Noted(f"{PROPOSED}:{effect.tool}", {}, {"effect": row.id}, marking))
        if row.state is EffectState.READY:
            timeout_s = seconds(release.charter.tools[effect.tool].timeout)
            deployment.engine.enqueue(tx, job_after(case, row, timeout_s=timeout_s))
        return row


def _note_caller(
    deployment: Deployment, tx: Transaction, caller: Caller, case: CaseRecord, tool: str
) -> None:
    """Whose key asked for it. A person does not approve what their own agent proposes."""
    account = deployment.store.people.get(tx, caller.principal)
    if account is not None and account.kind is Kind.PERSON:
        deployment.store.inbox.note_initiator(tx, case.id, account.id)
    about = {"case": case.id, "use_case": case.use_case}
    deployment.record(tx, "call.proposed", caller.principal, about, {"tool": tool, "key": caller.key})


# ── where it stands ──


def _tell(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, past: Past, effect: EffectRecord
) -> Told:
    about: dict[str, object] = {"effect": effect.id}
    match effect.state:
        case EffectState.CONFIRMED | EffectState.UNDONE:
            return _tell_done(deployment, release, case, past, effect)
        case EffectState.SIMULATED:
            why = f"the release is in {case.stage}: this was recorded, and nothing left"
            return Told({"status": "simulated", **about, "note": why})
        case EffectState.REFUSED:
            refused = Refused("RW-MCP-012", "this may not happen", reasons=effect.reasons)
            return Told({**refused.as_json(), **about, "status": "refused"}, failed=True)
        case EffectState.PROPOSED:
            return Told(
                {"status": "awaiting_review", **about, **_review(deployment, effect), "next": _LATER}
            )
        case EffectState.PARKED:
            return Told({"status": "stopped", **about, "next": _LATER})
        case EffectState.UNKNOWN | EffectState.DEAD:
            return Told({"status": "unclear", **about, "note": "people find out", "next": _LATER})
        case _:
            return Told({"status": "on_its_way", **about, "next": _LATER})


_LATER: Final = (
    "do not wait for it: go on with what does not need it, and ask `roadworthy_result` later with this id; the same "
    "call again finds the same proposal"
)


def _tell_done(
    deployment: Deployment, release: LoadedRelease, case: CaseRecord, past: Past, effect: EffectRecord
) -> Told:
    response = json.loads(effect.response or "{}")
    if effect.id not in past.told and case.state in {State.OPEN, State.WAITING}:
        read_effect(past.readings, release.charter, case, effect.tool, response)
        value = {"effect": effect.id, "response": response}
        keep_now(deployment, case, Noted(f"{RESULT}:{effect.tool}", {}, value, past.readings.marking))
    undone = effect.state is EffectState.UNDONE
    return Told({"status": "undone" if undone else "done", "effect": effect.id, "response": response})


def _review(deployment: Deployment, effect: EffectRecord) -> dict[str, object]:
    with deployment.store.read() as tx:
        reviews = deployment.store.reviews.of_case(tx, effect.case)
    asked: Review | None = next(
        (one for one in reversed(reviews) if one.effect == effect.id and one.state is ReviewState.OPEN),
        None,
    )
    if asked is None:
        return {"reasons": list(effect.reasons)}
    return {"review": asked.id, "reasons": list(asked.reasons)}
