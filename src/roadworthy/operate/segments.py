"""Segments: the durable execution of one case, from where it stands to where it must wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextvars import copy_context
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from roadworthy.casework.case import CaseRecord, Event, State, move
from roadworthy.casework.effect import SETTLED, EffectState
from roadworthy.casework.journal import Journal
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.review import ReviewKind
from roadworthy.casework.vocabulary import Case, Decision, Passage, Workflow, checked_decision
from roadworthy.disposition import Kind
from roadworthy.errors import Conflict, Corrupt, InputProblem, Problem, RoadworthyError, Unavailable
from roadworthy.operate.canaries import observe_decision
from roadworthy.operate.clearance import is_lost
from roadworthy.operate.delivering import deliver
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import Weighed, weigh
from roadworthy.operate.jobs import open_review, segment_job
from roadworthy.operate.logged import about
from roadworthy.operate.mirroring import end_rehearsed, from_recordings, rehearsed
from roadworthy.operate.outside.carrying import carry_on
from roadworthy.operate.progress import moved_on, saved
from roadworthy.operate.proposing import declared, effect_event, shared_slot
from roadworthy.operate.reading import begin_reading, judge_call
from roadworthy.operate.run import Run
from roadworthy.operate.steps import Halted, Suspended
from roadworthy.operate.taking_back import taking_back
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.quantities import Cost
from roadworthy.stage import SIMULATED, Stage

_loops = threading.local()
RETRY_S = 5.0


def run_segment(deployment: Deployment, reference: str) -> None:
    """Handle one segment job. Safe to run again at any time: recorded steps answer from the journal.

    Never raises for what belongs to the case: a mistake of the workflow, a journal that no longer
    fits or a missing model hands the case to a person, an outside failure tries again later.
    """
    case_id, run, segment = reference.split("/")
    with deployment.store.read() as tx:
        case = deployment.store.cases.get(tx, case_id)
    if case is None or (str(case.run), str(case.segment)) != (run, segment):
        return
    if case.state is State.DELIVERING:
        deliver(deployment, case.id)
        return
    if case.state is not State.OPEN:
        return
    stopped = deployment.clearance.why_not(f"use_case:{case.use_case}", f"release:{case.release}")
    if stopped:
        _pause(deployment, case, stopped)
        return
    try:
        with about(use_case=case.use_case, release=case.release):
            release = from_recordings(deployment, case, deployment.loader.load(case.release))
            if release.workflow.elsewhere and release.tools and not rehearsed(case):
                carry_on(deployment, case.id)
                return
            _execute(deployment, case, release)
    except Conflict:
        return  # somebody moved the case meanwhile; their job goes on
    except Unavailable:
        _again(deployment, case)
        return
    except RoadworthyError as problem:
        _hand_over(deployment, case, problem)
        return
    except Exception as fault:  # noqa: BLE001 - nothing that a case brings with it may lose the case
        _hand_over(deployment, case, _mistake(fault))
        return
    deliver(deployment, case.id)


def _execute(deployment: Deployment, case: CaseRecord, release: LoadedRelease) -> None:
    with deployment.store.read() as tx:
        steps = deployment.store.cases.steps(tx, case.id, run=case.run)
        data = deployment.vault.open(tx, case.input)
    journal = Journal(steps)
    case = replace(case, cost=sum((step.cost for step in steps), start=Cost(0)))
    run = Run(deployment, release, case, journal, begin_reading(release, case, data))
    try:
        argument = Case(case.key, _typed(release.workflow, data, release.charter.input))
        decision = _concluded(release.workflow, argument, run)
    except Suspended:
        _suspend(deployment, case, run)
        return
    except Halted as halted:
        _pause(deployment, case, halted.reason, run)
        return
    journal.finish()
    for effect in decision.effects:
        declared(release, effect)
    scopes = [f"tool:{effect.tool}" for effect in decision.effects]
    stopped = deployment.clearance.why_not(f"use_case:{case.use_case}", f"release:{case.release}", *scopes)
    if stopped:
        # Weighed now the effects would be refused for good; parked they are weighed when it is over.
        _pause(deployment, case, stopped, run)
        return
    _decide(deployment, case, release, run, decision)


def _concluded(workflow: Workflow, case: Case[Any], run: Run) -> Decision:
    """What the workflow decides. What ended the run ends it, whatever the workflow made of that."""
    try:
        # The loop would keep the context of its first case: what its lines are about must be this one.
        returned = _runner().run(_handle(workflow, case, run), context=copy_context())
    except BaseException as fault:  # noqa: BLE001 - told apart below
        # Its tasks may have taken the loop down: the next case gets a new one.
        _loops.__dict__.pop("loop", None)
        returned = fault
    if isinstance(returned, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
        raise returned
    if run.ended is not None:
        raise run.ended
    if isinstance(returned, RoadworthyError):
        raise returned
    if isinstance(returned, BaseException):
        raise _mistake(returned) from returned
    run.ended = InputProblem("RW-RUN-012", "the case was decided already")
    return checked_decision(returned)


async def _handle(workflow: Workflow, case: Case[Any], run: Run) -> object:
    """What the handler returns or raises. Tasks that it left behind ask for nothing any more."""
    try:
        return await workflow.handler(case, run)
    except BaseException as fault:  # noqa: BLE001 - told apart by who started it
        return fault
    finally:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


def _mistake(fault: BaseException) -> InputProblem:
    return InputProblem(
        "RW-RUN-010",
        Problem(f"the workflow failed with {type(fault).__name__}", place=_place(fault)),
        hint="mend the workflow in a new release; a person does this case",
    )


def _decide(
    deployment: Deployment, case: CaseRecord, release: LoadedRelease, run: Run, decision: Decision
) -> None:
    """Dispose of every proposed effect and move the case, in one transaction with its last step."""
    prediction = next((reason for reason in decision.because if isinstance(reason, Prediction)), None)
    judged = [judge_call(release, one.tool, one.arguments, run.readings) for one in decision.effects]
    with deployment.store.write() as tx:
        run.flush(tx)
        # The store knows of attempts that this process never saw the end of.
        cost = deployment.store.cases.spent(tx, case.id)
        weighed: list[Weighed] = []
        for number, effect in enumerate(decision.effects):
            slot = effect.slot or f"{effect.tool}-{number}"
            one = weigh(
                deployment,
                tx,
                case,
                release,
                effect,
                slot=slot,
                confidence=decision.confidence,
                judged=judged[number],
                marking=run.readings.marking,
                spent=cost,
            )
            if not deployment.store.effects.add(tx, one.effect):
                raise shared_slot(slot)
            weighed.append(one)
        handled_by = (
            "person" if any(one.disposition.kind is Kind.REVIEW for one in weighed) else "automatic"
        )
        if any(one.disposition.kind is Kind.REFUSE for one in weighed) or not weighed:
            handled_by = "person"
        decided = replace(
            case,
            state=move(case.state, Event.DECIDED),
            version=case.version + 1,
            handled_by=handled_by,
            confidence=decision.confidence,
            answer=prediction.label if prediction else "",
            reason="; ".join(dict.fromkeys(reason for one in weighed for reason in one.effect.reasons))[
                :500
            ],
            cost=cost,
            updated_at=deployment.now(),
        )
        if case.stage not in SIMULATED:
            month = deployment.now().date().replace(day=1)
            deployment.store.effects.reserve_spend(tx, case.use_case, "usage", month, cost.nano)
        decided = _after_decision(deployment, tx, case, decided, release, weighed)
        observe_decision(deployment, tx, case, asked=handled_by == "person", cost=cost)
        deployment.record(
            tx,
            "case.decided",
            "system",
            {"case": case.id, "use_case": case.use_case},
            {
                **_named_documents(deployment, tx, case, decision),
                "answer": decided.answer,
                "confidence_bp": 0
                if decision.confidence != decision.confidence
                else round(decision.confidence * 10_000),
                "handled_by": handled_by,
                "release": case.release,
                "stage": str(case.stage),
                "cost_nano": str(cost.nano),
                "effects": [
                    {"effect": one.effect.id, **effect_event(one.effect, one.answer.policy_digest)}
                    for one in weighed
                ],
            },
        )


def _named_documents(
    deployment: Deployment, tx: Transaction, case: CaseRecord, decision: Decision
) -> Mapping[str, str]:
    """Where the documents are sealed that the decision rests on. The ledger could never forget their names."""
    named = dict.fromkeys(one.document for one in decision.because if isinstance(one, Passage))
    if not named:
        return {}
    return {"because": deployment.vault.seal(tx, case.subject, {"documents": list(named)}).id}


def _after_decision(
    deployment: Deployment,
    tx: Transaction,
    before: CaseRecord,
    decided: CaseRecord,
    release: LoadedRelease,
    weighed: list[Weighed],
) -> CaseRecord:
    """Where the case goes: to a person, to delivery, or straight to its end."""
    live = decided.stage not in SIMULATED
    asked = [one for one in weighed if one.effect.state is EffectState.PROPOSED]
    refused = not weighed or any(one.disposition.kind is Kind.REFUSE for one in weighed)
    if live and (asked or refused):
        waiting = replace(decided, state=State.WAITING)
        deployment.store.cases.save(tx, waiting, expected=before.version)
        for one in asked:
            open_review(
                deployment,
                tx,
                waiting,
                release.charter,
                ReviewKind.EFFECT,
                reasons=one.effect.reasons,
                effect=one.effect,
                role=(one.disposition.roles or ("",))[0],
            )
        if refused:
            reasons = tuple(
                reason
                for one in weighed
                if one.disposition.kind is Kind.REFUSE
                for reason in one.effect.reasons
            )
            open_review(
                deployment,
                tx,
                waiting,
                release.charter,
                ReviewKind.WORK,
                reasons=reasons or ("the workflow proposed nothing",),
            )
        return waiting
    if all(one.effect.state in SETTLED for one in weighed):
        closed = replace(decided, state=State.CLOSED)
        deployment.store.cases.save(tx, closed, expected=before.version)
        return closed
    deployment.store.cases.save(tx, decided, expected=before.version)
    return decided


def _suspend(deployment: Deployment, case: CaseRecord, run: Run) -> None:
    with deployment.store.write() as tx:
        run.flush(tx)
        moved_on(deployment, tx, case, Event.ASKED, cost=run.spent)
        observe_decision(deployment, tx, case, asked=True)


def _pause(deployment: Deployment, case: CaseRecord, reason: str, run: Run | None = None) -> None:
    """Nothing moves until clearance is back. Nobody lifts what nobody threw: then it is tried again soon."""
    if is_lost(reason):
        _again(deployment, case, run)
    else:
        _park(deployment, case, reason, run)


def _again(deployment: Deployment, case: CaseRecord, run: Run | None = None) -> None:
    """Its segment begins anew a little later; steps that are done are written down."""
    with deployment.store.write() as tx:
        if run is not None:
            run.flush(tx)
        again = saved(deployment, tx, case)
        deployment.engine.enqueue(tx, segment_job(again, delay_s=RETRY_S))


def _park(deployment: Deployment, case: CaseRecord, reason: str, run: Run | None) -> None:
    """The recorded steps wait until the stop is lifted."""
    with deployment.store.write() as tx:
        if run is not None:
            run.flush(tx)
        moved_on(deployment, tx, case, Event.PARKED, reason=reason)
        release = deployment.store.releases.get(tx, case.release)
        if release is not None and release.stage is Stage.HALTED:
            # It may have been taken in while the release was halted, unseen by who took its cases back.
            deployment.engine.enqueue(tx, taking_back(case.use_case, case.release, f"parked {case.id}"))
        deployment.record(
            tx, "case.parked", "system", {"case": case.id, "use_case": case.use_case}, {"reason": reason}
        )


def _hand_over(deployment: Deployment, case: CaseRecord, problem: RoadworthyError) -> None:
    """A person does the case; what happened stands in the reasons, content and traces do not."""
    if rehearsed(case):
        end_rehearsed(deployment, case, problem)
        return
    kind = ReviewKind.UNCLEAR if isinstance(problem, Corrupt) else ReviewKind.WORK
    try:
        charter = deployment.loader.charter(case.release)
    except RoadworthyError:
        charter = None
    with deployment.store.write() as tx:
        fresh = deployment.store.cases.get(tx, case.id)
        if fresh is None or fresh.version != case.version:
            return
        waiting = replace(
            fresh,
            state=move(fresh.state, Event.HANDED_OVER),
            version=fresh.version + 1,
            handled_by="person",
            reason=f"{problem.code}: {problem.message}"[:500],
            updated_at=deployment.now(),
        )
        deployment.store.cases.save(tx, waiting, expected=fresh.version)
        spent = deployment.store.cases.spent(tx, case.id)
        observe_decision(deployment, tx, case, asked=True, cost=spent)
        if charter is not None:
            open_review(
                deployment, tx, waiting, charter, kind, reasons=(f"{problem.code}: {problem.message}",)
            )
        deployment.record(
            tx,
            "case.handed_over",
            "system",
            {"case": case.id, "use_case": case.use_case},
            {"code": problem.code, "message": problem.message},
        )


def _typed(workflow: Workflow, data: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
    """The input as the type that the handler's ``case: Case[T]`` names, or as plain attributes."""
    complete = {name: data.get(name) for name in fields}
    hints = get_type_hints(workflow.handler)
    wanted = next(
        (get_args(hint)[0] for hint in hints.values() if getattr(hint, "__origin__", None) is Case), Any
    )
    if wanted is Any:
        return SimpleNamespace(**complete)
    return TypeAdapter(wanted).validate_python(
        {name: value for name, value in complete.items() if value is not None}
    )


class _Loop:
    """An event loop that ends with the thread it belongs to."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()

    def __del__(self) -> None:
        self.runner.close()


def _runner() -> asyncio.Runner:
    """One event loop per worker thread: builders may gather their steps."""
    loop = getattr(_loops, "loop", None)
    if loop is None:
        loop = _loops.loop = _Loop()
    runner: asyncio.Runner = loop.runner
    return runner


def _place(fault: BaseException) -> str:
    """File and line of the workflow where it failed, without content."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
