"""Steps of a workflow that ask models: what they did, and the records of their calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from roadworthy.business.costs.rows import Work, work_of
from roadworthy.casework.case import CaseRecord
from roadworthy.errors import RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.qualities import qualities
from roadworthy.operate.modelcalls.writing import Question, prepare
from roadworthy.ports import Chat, Exchange, Unanswered
from roadworthy.quantities import Cost
from roadworthy.routing import Quality
from roadworthy.stage import SIMULATED
from roadworthy.usage import Call, Ending, Wire


@dataclass(frozen=True, slots=True)
class Done:
    """What a step gave, what it cost, and the questions to models that are part of this cost.

    With a ``problem`` it gave nothing, and cost that all the same.
    """

    value: object
    cost: Cost
    exchanges: tuple[Exchange, ...] = field(default=())
    problem: RoadworthyError | None = None


def question_for(
    deployment: Deployment,
    case: CaseRecord,
    chat: Chat,
    shape: type[Any],
    facts: Mapping[str, object],
) -> Question | str:
    """What is asked of the models of a task for this case; why not, where all of them are stopped.

    Models have to reach the floor of a task with a suite. Before any was measured, rehearsals ask them all
    the same: that is how they come to be measured.
    Errors: as ``prepare``.
    """
    stopped = {one.name: deployment.clearance.why_not(f"model:{one.name}") for one in chat.candidates}
    resting = {name: reason for name, reason in stopped.items() if reason}
    if resting and len(resting) == len(stopped):
        return next(iter(resting.values()))
    seen: Mapping[str, Quality] | None = None
    if chat.floor is not None:
        with deployment.store.read() as tx:
            seen = qualities(deployment, tx, case.use_case, case.release).get(chat.task)
        if not seen and case.stage in SIMULATED:
            chat = replace(chat, floor=None)
    return prepare(chat, facts, shape, today=deployment.now().date(), resting=resting, quality=seen)


def unanswered(problem: Unanswered, *, task: str, model: str, machine: Cost) -> Done:
    """A step whose model gave no answer, with what is known of its bill."""
    exchange = Exchange(task, model, Ending.FAILED, problem.tokens, problem.cost, problem.requests)
    return Done(None, problem.cost + machine, (exchange,), problem)


def calls_of(
    deployment: Deployment, case: CaseRecord, step: str, exchanges: Iterable[Exchange]
) -> tuple[Call, ...]:
    """The records of these questions. Their cost is part of the step's: books add their tokens, not their money.

    The stage of a rehearsed case is what it is run for: ``mirror`` or ``evaluation``.
    """
    now = deployment.now()
    work = work_of(release=case.release, stage=case.stage, twin=case.twin)
    stage = work.value if work in {Work.MIRROR, Work.EVALUATION} else case.stage.value
    reference = deployment.case_reference(case.use_case, case.key)
    return tuple(
        Call(
            id=deployment.new_id(),
            at=now,
            use_case=case.use_case,
            version=case.release,
            stage=stage,
            key="",
            case=reference,
            step=step,
            wire=Wire.CHAT,
            task=one.task,
            model=one.model,
            ending=one.ending,
            status=200 if one.ending is Ending.ANSWERED else 0,
            tokens=one.tokens,
            estimated=one.estimated,
            reserved=one.reserved,
            cost=one.cost.nano,
            attempts=one.attempts,
            tool_calls=0,
            millis=one.millis,
            price=one.price,
            route=one.route,
        )
        for one in exchanges
    )
