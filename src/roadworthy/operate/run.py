"""The run: what a builder's workflow may ask for. Every ask is a step, recorded once.

A workflow is written as if it ran once from beginning to end. In truth a segment may start it
again at any time; steps that were recorded answer from the journal, so nothing outside happens
twice. The methods are coroutines because that is how builders write; they complete at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.journal import Journal, Opening, Step
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.review import ReviewKind, ReviewState
from roadworthy.casework.vocabulary import Act, Effect, Passage, Reason
from roadworthy.errors import Conflict, InputProblem, NotFound, Problem, Refused, Unavailable
from roadworthy.operate.delivering import deliver_effect
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import fingerprint, may_read, weigh
from roadworthy.operate.jobs import open_review
from roadworthy.policy import Outcome
from roadworthy.ports import LoadedRelease, Transaction
from roadworthy.quantities import Cost
from roadworthy.stage import SIMULATED

R = TypeVar("R")


class Suspended(BaseException):
    """Ends a segment: a person owes an answer. Not an ``Exception``: a workflow does not catch it."""


class Halted(BaseException):
    """Ends a segment: clearance is gone. The case is parked and goes on where it was."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Finished:
    """A step that ran and is not yet recorded; it is, before anything else happens."""

    ordinal: int
    name: str
    arguments: str
    value: object
    cost: Cost


class Run:
    """One segment's view of a case. Methods raise ``InputProblem`` for what the charter does not declare."""

    def __init__(
        self,
        deployment: Deployment,
        release: LoadedRelease,
        case: CaseRecord,
        journal: Journal,
        trusted: set[str],
    ) -> None:
        self._deployment = deployment
        self._release = release
        self._case = case
        self._journal = journal
        self._finished: _Finished | None = None
        self.trusted = trusted
        self.spent = case.cost
        self.suspended = False

    # ── the builder's words ──

    async def predict(self, task: str, text: str) -> Prediction:
        """The label of a text, with confidence, runner-up and nearest labelled examples."""
        model = self._release.models.get(task)
        if model is None:
            raise _undeclared("task", task, self._release.models)

        def perform() -> tuple[object, Cost]:
            begun = time.thread_time_ns()
            prediction = model.predict(text)
            return prediction.as_json(), self._cpu_cost(time.thread_time_ns() - begun)

        recorded = self._step(f"predict:{task}", {"text": text, "model": model.digest}, perform, _RESERVE)
        return Prediction.from_json(_mapping(recorded))

    async def retrieve(self, knowledge: str, query: str, *, top_k: int = 4) -> list[Passage]:
        """The passages of a declared knowledge source that fit best, best first."""
        retriever = self._release.retrievers.get(knowledge)
        if retriever is None:
            raise _undeclared("knowledge source", knowledge, self._release.retrievers)
        if not 1 <= top_k <= 50:
            raise InputProblem("RW-RUN-002", Problem(f"top_k lies between 1 and 50, found {top_k}"))

        def perform() -> tuple[object, Cost]:
            begun = time.thread_time_ns()
            found = retriever.search(query, top_k=top_k)
            return [passage.as_json() for passage in found], self._cpu_cost(time.thread_time_ns() - begun)

        recorded = self._step(f"retrieve:{knowledge}", {"query": query, "top_k": top_k}, perform, _RESERVE)
        return [Passage(**item) for item in recorded]  # type: ignore[attr-defined]

    async def call(self, tool: str, **arguments: object) -> Mapping[str, Any]:
        """What a read tool answers. Fields that the charter calls trusted may fill control arguments."""
        connector = self._release.tools.get(tool)
        if connector is None:
            raise _undeclared("tool", tool, self._release.tools)
        declared = self._release.charter.tools[tool]
        if declared.writes:
            raise InputProblem(
                "RW-RUN-003", Problem(f"`{tool}` writes", hint="propose it as an effect, or use `run.act`")
            )

        def perform() -> tuple[object, Cost]:
            answer = may_read(self._release, self._case, tool)
            if answer.outcome is not Outcome.ALLOW:
                raise Refused(
                    "RW-RUN-004",
                    f"policies do not allow `{tool}` here",
                    reasons=answer.sentences,
                    may_overrule="risk_officer",
                )
            begun = time.thread_time_ns()
            result = connector.call(arguments)
            return dict(result), self._cpu_cost(time.thread_time_ns() - begun)

        result = _mapping(self._step(f"call:{tool}", dict(arguments), perform, _RESERVE))
        for name in declared.trusted:
            if result.get(name) is not None:
                self.trusted.add(fingerprint(result[name]))
        return result

    async def generate(self, task: str, shape: type[R], **facts: object) -> R:
        """A text (or a typed value) written for a task from facts; validated against ``shape``."""
        plain = _plain(facts)

        def perform() -> tuple[object, Cost]:
            begun = time.thread_time_ns()
            written, price = self._release.writer.write(task, plain)
            return dict(written), price + self._cpu_cost(time.thread_time_ns() - begun)

        recorded = self._step(f"generate:{task}", plain, perform, _RESERVE)
        try:
            return TypeAdapter(shape).validate_python(recorded)
        except ValidationError as problem:
            raise InputProblem(
                "RW-RUN-005",
                [
                    Problem(str(error["msg"]), place=f"{task}.{'.'.join(map(str, error['loc']))}")
                    for error in problem.errors()
                ],
                hint="what was generated does not have the declared shape",
            ) from None

    async def act(
        self, effect: Effect, *, confidence: float = float("nan"), because: Sequence[Reason] = ()
    ) -> Act:
        """Carry out an effect now, because a later step needs its result.

        Without a confidence, or where no certificate covers it, the segment ends and a person
        decides; the workflow goes on with the result afterwards. Refused effects say so in
        ``Act.state``, they raise nothing.
        """
        declared(self._release, effect)
        name = f"act:{effect.tool}"
        ordinal, arguments, step = self._turn(name, {"arguments": dict(effect.arguments)})
        if step is not None:
            return Act(**_mapping(self._recorded(step)))
        slot = effect.slot or f"step-{ordinal}"
        row = self._propose(effect, slot, ordinal, confidence, because)
        if row.state is EffectState.PROPOSED:
            raise self._suspended()
        if row.state in {EffectState.READY, EffectState.SENDING}:
            row = deliver_effect(self._deployment, self._release, self._case, row)
        if row.state in {EffectState.READY, EffectState.SENDING}:
            raise Unavailable("RW-RUN-007", f"`{effect.tool}` does not answer", retry_is_safe=True)
        if row.state is EffectState.PARKED:
            raise Halted("effects are stopped")
        if row.state in {EffectState.UNKNOWN, EffectState.FAILED}:
            self._ask_about(row, ordinal)
            raise self._suspended()
        value = {"state": str(row.state), "response": json.loads(row.response or "{}")}
        self._finished = _Finished(ordinal, name, arguments, value, Cost(0))
        return Act(**value)

    async def ask(self, question: str, *, choices: Sequence[str] = (), role: str = "") -> str:
        """Ask a person and end the segment; the answer starts the next one."""
        name = "ask"
        body = {"question": question, "choices": list(choices), "role": role}
        ordinal, _, step = self._turn(name, body)
        if step is not None:
            return str(self._recorded(step))
        with self._deployment.store.write() as tx:
            self.flush(tx)
            open_before = self._deployment.store.reviews.of_case(tx, self._case.id)
            if not any(
                review.ordinal == ordinal and review.kind is ReviewKind.QUESTION for review in open_before
            ):
                sealed = self._deployment.vault.seal(tx, self._case.subject, body)
                open_review(
                    self._deployment,
                    tx,
                    self._case,
                    self._release.charter,
                    ReviewKind.QUESTION,
                    reasons=("the workflow asks",),
                    ordinal=ordinal,
                    question=sealed.id,
                    role=role,
                )
        raise self._suspended()

    # ── how steps are kept ──

    def flush(self, tx: Transaction) -> None:
        """Record the step that ran last, if it is not recorded yet."""
        finished, self._finished = self._finished, None
        if finished is None:
            return
        sealed = self._deployment.vault.seal(tx, self._case.subject, {"value": finished.value})
        self._deployment.store.cases.record_step(
            tx,
            Step(
                case=self._case.id,
                run=self._case.run,
                ordinal=finished.ordinal,
                name=finished.name,
                arguments=finished.arguments,
                result=sealed.id,
                segment=self._case.segment,
                attempts=1,
                cost=finished.cost,
                recorded_at=self._deployment.now(),
            ),
        )

    def _step(
        self,
        name: str,
        arguments: Mapping[str, object],
        perform: Callable[[], tuple[object, Cost]],
        reserve: Cost,
    ) -> object:
        ordinal, digest, step = self._turn(name, arguments, reserve=reserve)
        if step is not None:
            return self._recorded(step)
        value, cost = perform()
        # What the workflow sees now is exactly what it will see when the step is replayed.
        value = json.loads(json.dumps(value, default=str))
        self._finished = _Finished(ordinal, name, digest, value, cost)
        self.spent = self.spent + cost
        return value

    def _turn(
        self, name: str, arguments: Mapping[str, object], *, reserve: Cost | None = None
    ) -> tuple[int, str, Step | None]:
        """Take the next ordinal. Where nothing is recorded: check clearance, record the step before,
        and open this one, in one transaction."""
        deployment, case = self._deployment, self._case
        plain = _plain(arguments)
        if self._journal.replaying:
            with deployment.store.read() as tx:
                digest = deployment.vault.digest(tx, case.subject, plain)
            # While recorded steps lie ahead the journal answers, or finds that it no longer fits.
            ordinal, step = self._journal.turn(name, digest)
            return ordinal, digest, step
        self._check_clearance(name)
        with deployment.store.write() as tx:
            self.flush(tx)
            digest = deployment.vault.digest(tx, case.subject, plain)
            ordinal, _ = self._journal.turn(name, digest)
            if reserve is not None:
                deployment.store.cases.open_step(
                    tx,
                    Opening(
                        case.id, case.run, ordinal, name, digest, case.segment, reserve, deployment.now()
                    ),
                )
        return ordinal, digest, None

    def _recorded(self, step: Step) -> object:
        with self._deployment.store.read() as tx:
            return self._deployment.vault.open(tx, step.result)["value"]

    def _check_clearance(self, name: str) -> None:
        kind, _, what = name.partition(":")
        scope = f"{'model' if kind in {'predict', 'generate'} else 'tool'}:{what}"
        reason = self._deployment.clearance.why_not(
            f"use_case:{self._case.use_case}", f"release:{self._case.release}", scope
        )
        if reason:
            raise Halted(reason)

    def _propose(
        self, effect: Effect, slot: str, ordinal: int, confidence: float, because: Sequence[Reason]
    ) -> EffectRecord:
        deployment = self._deployment
        with deployment.store.write() as tx:
            self.flush(tx)
            fresh = deployment.store.cases.get(tx, self._case.id)
            if fresh is None or fresh.version != self._case.version:
                # A rollback or a person took the case: nothing of this run may reach the world.
                raise Conflict("RW-CASE-002", "the case was taken over meanwhile")
            for known in deployment.store.effects.of_case(tx, self._case.id):
                if known.slot == slot:
                    return known
            weighed = weigh(
                deployment,
                tx,
                self._case,
                self._release,
                effect,
                slot=slot,
                confidence=confidence,
                trusted=self.trusted,
                spent=self.spent,
            )
            row = weighed.effect
            if not deployment.store.effects.add(tx, row):
                raise InputProblem(
                    "RW-EFFECT-003",
                    Problem(f"two effects share the slot `{slot}`", hint="give each its own slot"),
                )
            deployment.record(
                tx,
                "effect.proposed",
                "system",
                {"effect": row.id, "case": row.case, "use_case": row.use_case},
                effect_event(row, weighed.answer.policy_digest),
            )
            if row.state is EffectState.PROPOSED:
                open_review(
                    deployment,
                    tx,
                    self._case,
                    self._release.charter,
                    ReviewKind.EFFECT,
                    reasons=row.reasons,
                    effect=row,
                    ordinal=ordinal,
                    role=(weighed.disposition.roles or ("",))[0],
                )
        return row

    def _ask_about(self, effect: EffectRecord, ordinal: int) -> None:
        """A person looks at an effect whose outcome is not clear, once at a time."""
        with self._deployment.store.write() as tx:
            known = self._deployment.store.reviews.of_case(tx, self._case.id)
            if not any(review.effect == effect.id and review.state is ReviewState.OPEN for review in known):
                open_review(
                    self._deployment,
                    tx,
                    self._case,
                    self._release.charter,
                    ReviewKind.UNCLEAR,
                    reasons=(f"the effect is {effect.state}",),
                    effect=effect,
                    ordinal=ordinal,
                )

    def _suspended(self) -> Suspended:
        self.suspended = True
        return Suspended()

    def _cpu_cost(self, nanoseconds: int) -> Cost:
        price = self._deployment.prices.cpu_second
        return Cost(price.nano * nanoseconds // 1_000_000_000 + 1, price.currency)


_RESERVE = Cost(1_000_000)
"""What an attempt is billed if it is interrupted: 0.001, more than a local step ever costs."""


def effect_event(row: EffectRecord, policy_digest: str) -> dict[str, object]:
    """What the ledger keeps of a disposition."""
    return {
        "tool": row.tool,
        "slot": row.slot,
        "arguments": row.arguments_digest,
        "amount": str(row.amount),
        "disposition": row.disposition,
        "state": str(row.state),
        "reasons": list(row.reasons),
        "certificate": row.certificate,
        "policy": policy_digest,
        "release": row.release,
        "stage": str(row.stage),
        "simulated": row.stage in SIMULATED,
    }


def declared(release: LoadedRelease, effect: Effect) -> None:
    """Errors: ``InputProblem`` for an effect whose tool the charter does not declare or that only reads."""
    tool = release.charter.tools.get(effect.tool)
    if tool is None or effect.tool not in release.tools:
        raise _undeclared("tool", effect.tool, release.charter.tools)
    if not tool.writes:
        raise InputProblem("RW-RUN-003", Problem(f"`{effect.tool}` only reads", hint="use `run.call`"))


def _undeclared(what: str, name: str, known: Mapping[str, object]) -> NotFound:
    return NotFound(
        "RW-RUN-001",
        Problem(
            f"the charter declares no {what} `{name}`",
            hint=f"declared: {', '.join(sorted(known)) or 'none'}",
        ),
    )


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """Arguments as JSON values: what has ``as_json`` or is a model says how it is written."""
    return {name: _jsonable(value) for name, value in values.items()}


def _jsonable(value: object) -> object:
    if hasattr(value, "as_json"):
        return value.as_json()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _jsonable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "__dict__"):
        return _jsonable(vars(value))
    return str(value)


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InputProblem("RW-RUN-006", f"expected a mapping, found {type(value).__name__}")
    return dict(value)
