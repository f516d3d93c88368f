"""Which models a call is sent to, in order: what the charter names, what may be asked, what is cheapest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.gateway.asking import Asking
from roadworthy.operate.modelcalls.admission import Admission
from roadworthy.operate.modelcalls.callers import Caller, Served
from roadworthy.routing import Need, choose, too_large
from roadworthy.usage import Wire

LONGEST_TOKEN = 8
"""Bytes of a long token: no text of a language is shorter in tokens than a part of its bytes by this."""


class Routes:
    """Decides for one process. Everything it asks is in memory."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def route(self, asking: Asking) -> None:
        """Decide which models are asked, in order.

        Errors: ``InputProblem`` RW-CALL-005 for a model or task that the charter does not name, RW-CALL-010
        where nobody can bound what the call costs; ``Unavailable`` RW-CALL-009 where the stop switch is
        thrown, RW-CALL-011 where no model may be asked now.
        """
        caller, model = asking.caller, asking.asked.model
        if model.startswith("task:"):
            asking.task = model[5:]
            names = self._models_of(caller, asking.task)
            found = [served for name in names if (served := caller.models.get(name)) is not None]
            if not found:
                self._raise_unknown(caller, model, names)
            self._order_many(asking, found)
        else:
            served = caller.models.get(model)
            if served is None:
                self._raise_unknown(caller, model, (model,))
            self._order_one(asking, served)
        if asking.stopped is None or asking.stopped.scopes:
            self._leave_stopped_out(asking)

    def _leave_stopped_out(self, asking: Asking) -> None:
        caller, why, going = asking.caller, "", []
        for served in asking.order:
            if stopped := self._admission.why_stopped(caller, served, now=asking.at):
                why = stopped
            else:
                going.append(served)
        asking.order = tuple(going)
        if not going:
            raise Unavailable(
                "RW-CALL-009",
                f"models are stopped: {why}",
                retry_is_safe=True,
                hint="a second person resumes them",
            )

    def _models_of(self, caller: Caller, task: str) -> tuple[str, ...]:
        promise = caller.tasks.get(task)
        if promise is None:
            known = ", ".join(f"`task:{name}`" for name in sorted(caller.tasks)) or "none"
            raise InputProblem(
                "RW-CALL-005",
                Problem(
                    f"the charter has no task `{task[:100]}` for models",
                    place="model",
                    hint=f"tasks are {known}",
                ),
            )
        return tuple(promise.models)

    def _raise_unknown(self, caller: Caller, model: str, names: tuple[str, ...]) -> NoReturn:
        absent = [f"{name}: {caller.absent[name]}" for name in names if name in caller.absent]
        if absent:
            raise Unavailable(
                "RW-CALL-011",
                f"`{model}` cannot be asked from here: {'; '.join(absent)}",
                retry_is_safe=True,
                hint="who runs the gateway mends that",
            )
        known = ", ".join(f"`{name}`" for name in caller.names) or "none"
        raise InputProblem(
            "RW-CALL-005",
            Problem(
                f"the charter names no model `{model[:100]}`", place="model", hint=f"models are {known}"
            ),
        )

    def _order_one(self, asking: Asking, served: Served) -> None:
        candidate, asked = served.candidate, asking.asked
        if not asked.able <= candidate.able:
            lacks = sorted(asked.able - candidate.able)
            raise InputProblem(
                "RW-CALL-010",
                Problem(
                    f"`{served.name}` does not do {', '.join(lacks)}, by the charter",
                    place="model",
                    hint=f"state it in `models.{served.name}.able`",
                ),
            )
        why = served.closed
        if asked.elsewhere or candidate.context or candidate.most_written:
            why = why or too_large(candidate, self._need(asking, served))
        if why := why or self._admission.resting(served):
            self._raise_dropped(asking, {served.name: why})
        asking.order, asking.reason = (served,), "the only one"

    def _order_many(self, asking: Asking, found: list[Served]) -> None:
        caller, promise = asking.caller, asking.caller.tasks[asking.task]
        resting = {served.name: why for served in found if (why := self._admission.resting(served))}
        route = choose(
            [served.candidate for served in found],
            need=self._need(asking, found[0]),
            today=asking.at.date(),
            floor=promise.floor if promise.suite else None,
            quality=caller.quality.get(asking.task),
            resting=resting,
        )
        if not route.order:
            self._raise_dropped(asking, route.dropped)
        named = {served.name: served for served in found}
        asking.order = tuple(named[one.name] for one in route.order)
        asking.reason = route.reason

    def _raise_dropped(self, asking: Asking, dropped: Mapping[str, str]) -> None:
        told = "; ".join(f"`{name}`: {why}" for name, why in dropped.items())
        rests = [self._admission.rests_s(asking.caller.models[name]) for name in dropped]
        if all(rests):
            asking.retry_s = min(rests)
            raise Unavailable("RW-CALL-018", f"every model rests: {told}", retry_is_safe=True)
        raise Unavailable("RW-CALL-011", f"no model may be asked: {told}", retry_is_safe=True)

    def _need(self, asking: Asking, served: Served) -> Need:
        asked = asking.asked
        read = asked.read
        if asked.elsewhere:
            if not served.candidate.context:
                raise InputProblem(
                    "RW-CALL-010",
                    Problem(
                        "what is read from an earlier answer has no bound",
                        place="previous_response_id",
                        hint=f"state `models.{served.name}.context` in the charter",
                    ),
                )
            read = served.candidate.context
        written = limit_of(asking, served) * asked.choices
        return Need(asked.able, read, written, asking.caller.region, asked.size // LONGEST_TOKEN)


def limit_of(asking: Asking, served: Served) -> int:
    """Tokens of one answer at most: what the request says, else what the charter says."""
    asked = asking.asked
    if asked.wire is Wire.EMBEDDINGS:
        return 0
    if asked.written:
        return asked.written
    most = served.candidate.most_written
    return min(asking.caller.plan.most_written, most) if most else asking.caller.plan.most_written
