"""The run: what a builder's workflow may ask for. Every ask is a step, recorded once.

A workflow is written as if it ran once from beginning to end. In truth a segment may start it
again at any time; steps that were recorded answer from the journal, so nothing outside happens
twice. The methods are coroutines because that is how builders write; they complete at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.journal import Journal, Opening, Step
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.vocabulary import Act, Effect, Passage, Reason, checked_effect
from roadworthy.errors import (
    InputProblem,
    Problem,
    Refused,
    RoadworthyError,
    Unavailable,
)
from roadworthy.operate.acting import ask, ask_about, propose
from roadworthy.operate.delivering import deliver_effect
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.disposing import fingerprint, may_read
from roadworthy.operate.edges import keep_edges
from roadworthy.operate.mirroring import recorded_answer, rehearsed, simulated_act
from roadworthy.operate.modelcalls.stepping import Done, calls_of, question_for, unanswered
from roadworthy.operate.modelcalls.writing import Question, write
from roadworthy.operate.plain import mapping, plain, shaped
from roadworthy.operate.proposing import declared, undeclared
from roadworthy.policy import Outcome
from roadworthy.ports import (
    Chat,
    Exchange,
    LoadedRelease,
    MeteredTaskModel,
    PricedTaskModel,
    Transaction,
    Unanswered,
)
from roadworthy.quantities import Cost
from roadworthy.usage import Call

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
    asked: Mapping[str, object] | None = None
    """What a read tool or a knowledge source was asked: sealed beside the answer, so that a transcript can show it."""
    calls: tuple[Call, ...] = ()


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
        self.ended: BaseException | None = None
        """What ended this segment. Whatever the workflow does with it, nothing is asked for afterwards."""

    # ── the builder's words ──

    async def predict(self, task: str, text: str) -> Prediction:
        """The label of a text, with confidence, runner-up and nearest labelled examples."""
        model = self._release.models.get(task)
        if model is None:
            raise undeclared("task", task, self._release.models)

        def perform() -> Done:
            begun = time.thread_time_ns()
            asked: tuple[Exchange, ...] = ()
            if isinstance(model, MeteredTaskModel):
                try:
                    prediction, asked = model.predict_metered(text)
                except Unanswered as problem:
                    named = self._release.charter.tasks[task].model or ""
                    return unanswered(problem, task=task, model=named, machine=self._cpu_cost(begun))
                paid = sum((each.cost for each in asked), start=Cost(0))
            elif isinstance(model, PricedTaskModel):
                prediction, paid = model.predict_priced(text)
            else:
                prediction, paid = model.predict(text), Cost(0)
            return Done(prediction.as_json(), paid + self._cpu_cost(begun), asked)

        recorded = self._step(f"predict:{task}", {"text": text, "model": model.digest}, perform, _RESERVE)
        return Prediction.from_json(mapping(recorded))

    async def retrieve(self, knowledge: str, query: str, *, top_k: int = 4) -> list[Passage]:
        """The passages of a declared knowledge source that fit best, best first.

        Read with the rights that the charter gives the release, on behalf of the person the case is about.
        """
        retriever = self._release.retrievers.get(knowledge)
        if retriever is None:
            raise undeclared("knowledge source", knowledge, self._release.retrievers)
        if not 1 <= top_k <= 50:
            raise InputProblem("RW-RUN-002", Problem(f"top_k lies between 1 and 50, found {top_k}"))

        def perform() -> Done:
            begun = time.thread_time_ns()
            found = retriever.search(query, top_k=top_k, subject=self._case.subject)
            return Done([passage.as_json() for passage in found], self._cpu_cost(begun))

        recorded = self._step(f"retrieve:{knowledge}", {"query": query, "top_k": top_k}, perform, _RESERVE)
        return [Passage.from_json(item) for item in recorded]  # type: ignore[attr-defined]

    async def call(self, tool: str, **arguments: object) -> Mapping[str, Any]:
        """What a read tool answers. Asked with trusted values alone, the fields that the charter calls
        trusted may fill control arguments."""
        connector = self._release.tools.get(tool)
        if connector is None:
            raise undeclared("tool", tool, self._release.tools)
        declared = self._release.charter.tools[tool]
        if declared.writes:
            raise InputProblem(
                "RW-RUN-003", Problem(f"`{tool}` writes", hint="propose it as an effect, or use `run.act`")
            )

        def perform() -> Done:
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
            return Done(dict(result), self._cpu_cost(begun))

        result = mapping(self._step(f"call:{tool}", dict(arguments), perform, _RESERVE))
        # A look-up by what a stranger wrote finds what the stranger chose.
        if all(fingerprint(value) in self.trusted for value in plain(arguments).values()):
            self.trusted.update(
                fingerprint(result[name]) for name in declared.trusted if result.get(name) is not None
            )
        return result

    async def generate(self, task: str, shape: type[R], **facts: object) -> R:
        """A text (or a typed value) written for a task from facts; validated against ``shape``.

        A task of kind ``chat`` with a prompt is written by its language models, and the facts are the
        variables of that prompt; any other is filled in from templates.
        """
        as_json = plain(facts)
        chat = self._release.chats.get(task)
        if chat is not None:
            return self._generate_by(chat, shape, as_json)

        def perform() -> Done:
            begun = time.thread_time_ns()
            written, price = self._release.writer.write(task, as_json)
            return Done(dict(written), price + self._cpu_cost(begun))

        recorded = self._step(f"generate:{task}", as_json, perform, _RESERVE)
        return shaped(recorded, shape, place=task)

    async def act(
        self, effect: Effect, *, confidence: float = float("nan"), because: Sequence[Reason] = ()
    ) -> Act:
        """Carry out an effect now, because a later step needs its result.

        Without a confidence, or where no certificate covers it, the segment ends and a person
        decides; the workflow goes on with the result afterwards. Refused effects say so in
        ``Act.state``, they raise nothing.
        """
        checked_effect(effect, confidence)
        declared(self._release, effect)
        name = f"act:{effect.tool}"
        with self._for_good():
            ordinal, arguments, step = self._turn(name, {"arguments": dict(effect.arguments)})
            if step is not None:
                return Act(**mapping(self._recorded(step)))
            slot = effect.slot or f"step-{ordinal}"
            row = self._propose(effect, slot, ordinal, confidence)
            if row.state in {EffectState.READY, EffectState.SENDING}:
                row = deliver_effect(self._deployment, self._release, self._case, row)
            if row.state in {EffectState.READY, EffectState.SENDING}:
                raise Unavailable("RW-RUN-007", f"`{effect.tool}` does not answer", retry_is_safe=True)
            if row.state is EffectState.PARKED:
                raise Halted("effects are stopped")
            if row.state in {EffectState.PROPOSED, EffectState.UNKNOWN, EffectState.FAILED}:
                ask_about(self._deployment, self._case, self._release, row, ordinal=ordinal)
                raise Suspended
        value: dict[str, Any] = {"state": str(row.state), "response": json.loads(row.response or "{}")}
        if rehearsed(self._case):
            value = simulated_act(self._deployment, self._case, row, effect.arguments)
        self._finished = _Finished(ordinal, name, arguments, value, Cost(0))
        return Act(**value)

    async def ask(self, question: str, *, choices: Sequence[str] = (), role: str = "") -> str:
        """Ask a person and end the segment; the answer starts the next one."""
        body = {"question": question, "choices": list(choices), "role": role}
        with self._for_good():
            ordinal, digest, step = self._turn("ask", body)
            if step is not None:
                return str(self._recorded(step))
            if rehearsed(self._case):
                answer = recorded_answer(self._deployment, self._case, body)
                self._finished = _Finished(ordinal, "ask", digest, answer, Cost(0))
                return answer
            with self._deployment.store.write() as tx:
                self.flush(tx)
                ask(self._deployment, tx, self._case, self._release, body, ordinal=ordinal, role=role)
            raise Suspended

    # ── how steps are kept ──

    def _generate_by(self, chat: Chat, shape: type[R], facts: Mapping[str, object]) -> R:
        with self._for_good():
            # Recorded steps need no question.
            question = None if self._journal.replaying else self._question(chat, shape, facts)

        def perform() -> Done:
            begun = time.thread_time_ns()
            assert question is not None, "what is not recorded was asked for"
            written = write(chat, question, check=lambda value: shaped(value, shape, place=chat.task))
            cost = written.cost + self._cpu_cost(begun)
            return Done(written.value, cost, written.exchanges, written.problem)

        arguments = {"facts": facts, "by": chat.digest}
        reserve = _RESERVE + question.reserve if question else _RESERVE
        return shaped(
            self._step(f"generate:{chat.task}", arguments, perform, reserve), shape, place=chat.task
        )

    def _question(self, chat: Chat, shape: type[Any], facts: Mapping[str, object]) -> Question:
        """Errors: as ``question_for``; ``Halted`` where every model is stopped."""
        found = question_for(self._deployment, self._case, chat, shape, facts)
        if isinstance(found, str):
            raise Halted(found)
        return found

    @contextmanager
    def _for_good(self) -> Iterator[None]:
        """A step that did not come to its end ends the segment: a workflow that catches that gets it again."""
        if self.ended is not None:
            raise self.ended
        try:
            yield
        except (Suspended, Halted, RoadworthyError) as end:
            self.ended = end
            raise

    def flush(self, tx: Transaction) -> None:
        """Record the step that ran last, if it is not recorded yet."""
        finished = self._finished
        if finished is None:
            return
        tx.on_commit(self._flushed)
        kept: dict[str, object] = {"value": finished.value}
        if finished.asked is not None:
            kept["asked"] = finished.asked
        sealed = self._deployment.vault.seal(tx, self._case.subject, kept)
        step = Step(
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
        )
        self._deployment.store.cases.record_step(tx, step)
        keep_edges(self._deployment, tx, step, finished.value, sealed.digest)
        if finished.calls:
            self._deployment.store.metering.record(tx, finished.calls)

    def _flushed(self) -> None:
        self._finished = None

    def _step(
        self,
        name: str,
        arguments: Mapping[str, object],
        perform: Callable[[], Done],
        reserve: Cost,
    ) -> object:
        with self._for_good():
            ordinal, digest, step = self._turn(name, arguments, reserve=reserve)
            if step is not None:
                return self._recorded(step)
            done = perform()
            if done.problem is not None:
                self._bill(name, ordinal, digest, done)
                raise done.problem
        cost = done.cost
        # What the workflow sees now is exactly what it will see when the step is replayed.
        value = json.loads(json.dumps(done.value, default=str))
        asked = plain(arguments) if name.startswith(("call:", "retrieve:")) else None
        calls = calls_of(self._deployment, self._case, name, done.exchanges)
        self._finished = _Finished(ordinal, name, digest, value, cost, asked, calls)
        self.spent = self.spent + cost
        return value

    def _bill(self, name: str, ordinal: int, digest: str, done: Done) -> None:
        """An attempt without a result costs what it cost: that is known, so its reserve is not charged."""
        case = self._case
        with self._deployment.store.write() as tx:
            opened = Opening(
                case.id, case.run, ordinal, name, digest, case.segment, done.cost, self._deployment.now()
            )
            self._deployment.store.cases.bill_attempt(tx, opened)
            if calls := calls_of(self._deployment, case, name, done.exchanges):
                self._deployment.store.metering.record(tx, calls)

    def _turn(
        self, name: str, arguments: Mapping[str, object], *, reserve: Cost | None = None
    ) -> tuple[int, str, Step | None]:
        """Take the next ordinal. Where nothing is recorded: check clearance, record the step before,
        and open this one, in one transaction."""
        deployment, case = self._deployment, self._case
        as_json = plain(arguments)
        if self._journal.replaying:
            with deployment.store.read() as tx:
                digest = deployment.vault.digest(tx, case.subject, as_json)
            # While recorded steps lie ahead the journal answers, or finds that it no longer fits.
            ordinal, step = self._journal.turn(name, digest)
            return ordinal, digest, step
        self._check_clearance(name)
        with deployment.store.write() as tx:
            # First, because it refuses what is no JSON: the step before is then still to be recorded.
            digest = deployment.vault.digest(tx, case.subject, as_json)
            self.flush(tx)
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

    def _propose(self, effect: Effect, slot: str, ordinal: int, confidence: float) -> EffectRecord:
        with self._deployment.store.write() as tx:
            self.flush(tx)
            return propose(
                self._deployment,
                tx,
                self._case,
                self._release,
                effect,
                slot=slot,
                ordinal=ordinal,
                confidence=confidence,
                trusted=self.trusted,
                spent=self.spent,
            )

    def _cpu_cost(self, begun: int) -> Cost:
        """Of this thread's own work since then, in nanoseconds of its clock."""
        nanoseconds = time.thread_time_ns() - begun
        price = self._deployment.prices.cpu_second
        return Cost(price.nano * nanoseconds // 1_000_000_000 + 1, price.currency)


_RESERVE = Cost(1_000_000)
"""What an attempt is billed if it is interrupted: 0.001, more than a local step ever costs."""
