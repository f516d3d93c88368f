"""The run: what a builder's workflow may ask for. Every ask is a step, recorded once.

A workflow is written as if it ran once from beginning to end. In truth a segment may start it
again at any time; steps that were recorded answer from the journal, so nothing outside happens
twice. The methods are coroutines because that is how builders write; they complete at once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from roadworthy.casework.effect import EffectRecord, EffectState
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.vocabulary import Act, Effect, Passage, Reason, checked_effect
from roadworthy.charter import check_arguments, scalars
from roadworthy.errors import (
    InputProblem,
    NotFound,
    Problem,
    Refused,
    Unavailable,
)
from roadworthy.flow import why_not_asked
from roadworthy.operate import agents
from roadworthy.operate.acting import ask, ask_about, propose
from roadworthy.operate.delivering import deliver_effect
from roadworthy.operate.disposing import may_read
from roadworthy.operate.mirroring import recorded_answer, rehearsed, simulated_act
from roadworthy.operate.modelcalls.stepping import Done, question_for, unanswered
from roadworthy.operate.modelcalls.writing import Question, write
from roadworthy.operate.plain import mapping, plain, shaped
from roadworthy.operate.proposing import declared, undeclared
from roadworthy.operate.reading import (
    judge_call,
    read_answer,
    read_effect,
    read_passages,
    read_person,
    read_prediction,
)
from roadworthy.operate.steps import RESERVE, Finished, Halted, Steps, Suspended
from roadworthy.policy import Outcome
from roadworthy.ports import (
    Chat,
    Exchange,
    MeteredTaskModel,
    PricedTaskModel,
    Unanswered,
)
from roadworthy.quantities import Cost

R = TypeVar("R")


class Run(Steps):
    """One segment's view of a case. Methods raise ``InputProblem`` for what the charter does not declare."""

    # ── the builder's words ──

    async def predict(self, task: str, text: str) -> Prediction:
        """The label of a text, with confidence, runner-up and nearest labelled examples."""
        model = self._release.models.get(task)
        if model is None:
            raise undeclared("task", task, self._release.models)

        def perform() -> Done:
            if isinstance(model, PricedTaskModel):
                self._may_tell(self._release.charter.tasks[task].model or "")
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

        recorded = self._step(f"predict:{task}", {"text": text, "model": model.digest}, perform, RESERVE)
        prediction = Prediction.from_json(mapping(recorded))
        read_prediction(self.readings, task, prediction)
        return prediction

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

        def read(value: object) -> None:
            read_passages(self.readings, self._release.charter, knowledge, _passages(value))

        asked = {"query": query, "top_k": top_k}
        return _passages(self._step(f"retrieve:{knowledge}", asked, perform, RESERVE, read))

    async def call(self, tool: str, **arguments: object) -> Mapping[str, Any]:
        """What a read tool answers. Asked with trusted values alone, the fields that the charter calls
        trusted may fill control arguments.

        Errors: ``InputProblem`` RW-RUN-013 for arguments that the charter does not let it take; nothing was asked.
        """
        asking = self._asking(tool, arguments)
        return self._read(asking, asking.perform)

    async def attempt(self, tool: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """As ``call``, for an agent that is to go on: ``answer`` with what the tool answers, or ``problem``
        with why the tool or a policy says no. A tool that is away ends the segment, as ever.

        Errors: ``InputProblem`` RW-RUN-013 as ``call``.
        """
        asking = self._asking(tool, arguments)

        def perform() -> Done:
            try:
                return asking.perform()
            except (InputProblem, NotFound, Refused) as problem:
                return Done({_NO: problem.message}, Cost(0))

        answer = self._read(asking, perform)
        return {"problem": answer[_NO]} if _NO in answer else {"answer": answer}

    async def agent(
        self,
        task: str,
        shape: type[R],
        *,
        tools: Sequence[str],
        max_steps: int = 12,
        budget: str = "",
        confidence: float = float("nan"),
        **facts: object,
    ) -> R:
        """What a language model concludes that may use these tools, one after the other.

        Every question to the model and every call is a step of the case: on a review the loop ends and is
        played again from the record. The prompt of the task has the variables ``tools`` and ``steps`` beside
        the ``facts``. Writes are proposals like any other: without a ``confidence`` people review each. With
        ``ask`` among its tools it may put a question to a person.

        Errors: ``Refused`` RW-AGENT-002 after ``max_steps``, -003 over ``budget`` (such as `0.02 EUR`), -004 where
        it asks for the same again and again, -005 where it gives up; a person then does the case.
        """
        return await agents.work(
            self,
            self._release,
            task,
            shape,
            tools=tools,
            facts=facts,
            max_steps=max_steps,
            budget=Cost.parse(budget) if budget else None,
            confidence=confidence,
        )

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

        recorded = self._step(f"generate:{task}", as_json, perform, RESERVE)
        self.readings.hear(f"what `{task}` wrote", recorded)
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
                known = mapping(self._recorded(step))
                read_effect(
                    self.readings, self._release.charter, self._case, effect.tool, known["response"]
                )
                return Act(**known)
            slot = effect.slot or f"step-{ordinal}"
            row = self._propose(effect, slot, ordinal, confidence)
            if row.state in {EffectState.READY, EffectState.SENDING}:
                row = deliver_effect(self._deployment, self._release, self._case, row)
            if row.state in {EffectState.READY, EffectState.SENDING}:
                raise Unavailable("RW-RUN-007", f"`{effect.tool}` does not answer", retry_is_safe=True)
            if row.state is EffectState.PARKED:
                raise Halted("effects are stopped")
            if row.state in {EffectState.PROPOSED, EffectState.UNKNOWN, EffectState.DEAD}:
                ask_about(self._deployment, self._case, self._release, row, ordinal=ordinal)
                raise Suspended
        value: dict[str, Any] = {"state": str(row.state), "response": json.loads(row.response or "{}")}
        if rehearsed(self._case):
            value = simulated_act(self._deployment, self._case, row, effect.arguments)
        read_effect(self.readings, self._release.charter, self._case, effect.tool, value["response"])
        self._finished = Finished(ordinal, name, arguments, value, Cost(0), marking=self.readings.marking)
        return Act(**value)

    async def ask(self, question: str, *, choices: Sequence[str] = (), role: str = "") -> str:
        """Ask a person and end the segment; the answer starts the next one."""
        body = {"question": question, "choices": list(choices), "role": role}
        with self._for_good():
            ordinal, digest, step = self._turn("ask", body)
            if step is not None:
                answer = str(self._recorded(step))
                read_person(self.readings, answer, choices=choices)
                return answer
            if rehearsed(self._case):
                answer = recorded_answer(self._deployment, self._case, body)
                read_person(self.readings, answer, choices=choices)
                self._finished = Finished(
                    ordinal, "ask", digest, answer, Cost(0), marking=self.readings.marking
                )
                return answer
            with self._deployment.store.write() as tx:
                self.flush(tx)
                ask(self._deployment, tx, self._case, self._release, body, ordinal=ordinal, role=role)
            raise Suspended

    # ── what stands behind them ──

    def _asking(self, tool: str, arguments: Mapping[str, object]) -> _Asking:
        """How a read tool is asked, once it is known that it may be. Errors: as ``call``."""
        connector = self._release.tools.get(tool)
        if connector is None:
            raise undeclared("tool", tool, self._release.tools)
        declared = self._release.charter.tools[tool]
        if declared.writes:
            raise InputProblem(
                "RW-RUN-003", Problem(f"`{tool}` writes", hint="propose it as an effect, or use `run.act`")
            )
        asked = plain(arguments)
        check_arguments(tool, declared, asked)

        def perform() -> Done:
            judged = judge_call(self._release, tool, asked, self.readings)
            answer = may_read(
                self._release,
                self._case,
                tool,
                judged=judged,
                marking=self.readings.marking,
                arguments=scalars(declared, asked),
            )
            if answer.outcome is not Outcome.ALLOW:
                raise Refused(
                    "RW-RUN-004",
                    f"policies do not allow `{tool}` here",
                    reasons=answer.sentences,
                    may_overrule="risk_officer",
                )
            begun = time.thread_time_ns()
            result = connector.call(asked)
            return Done(dict(result), self._cpu_cost(begun))

        return _Asking(tool, asked, perform)

    def _read(self, asking: _Asking, perform: Callable[[], Done]) -> dict[str, Any]:
        tool, asked = asking.tool, asking.asked

        def read(value: object) -> None:
            read_answer(self.readings, self._release, self._case, tool, asked, mapping(value))

        return mapping(self._step(f"call:{tool}", asked, perform, RESERVE, read))

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
        reserve = RESERVE + question.reserve if question else RESERVE
        written = self._step(f"generate:{chat.task}", arguments, perform, reserve)
        self.readings.hear(f"what `{chat.task}` wrote", written)
        return shaped(written, shape, place=chat.task)

    def _question(self, chat: Chat, shape: type[Any], facts: Mapping[str, object]) -> Question:
        """Errors: as ``question_for``; ``Halted`` where every model is stopped; ``Refused`` RW-RUN-014."""
        reasons = {
            one.name: why_not_asked(self._release.charter, one.name, self.readings.marking)
            for one in chat.candidates
        }
        if all(reasons.values()):
            raise _not_told(reasons.values())
        chat = replace(chat, candidates=tuple(one for one in chat.candidates if not reasons[one.name]))
        found = question_for(self._deployment, self._case, chat, shape, facts)
        if isinstance(found, str):
            raise Halted(found)
        return found

    def _may_tell(self, model: str) -> None:
        """Errors: ``Refused`` RW-RUN-014 where what was read may not go to this language model."""
        if reason := model and why_not_asked(self._release.charter, model, self.readings.marking):
            raise _not_told([reason])

    def _propose(self, effect: Effect, slot: str, ordinal: int, confidence: float) -> EffectRecord:
        judged = judge_call(self._release, effect.tool, effect.arguments, self.readings)
        with self._deployment.store.write() as tx:
            self.flush(tx)
            row, _ = propose(
                self._deployment,
                tx,
                self._case,
                self._release,
                effect,
                slot=slot,
                ordinal=ordinal,
                confidence=confidence,
                judged=judged,
                marking=self.readings.marking,
                spent=self.spent,
            )
            return row


class _Asking(NamedTuple):
    """A read tool, what it is asked, and how."""

    tool: str
    asked: dict[str, Any]
    perform: Callable[[], Done]


_NO = "roadworthy:no"
"""In place of an answer: why there is none. No tool's own field is called that."""


def _passages(value: object) -> list[Passage]:
    return [Passage.from_json(item) for item in value]  # type: ignore[attr-defined]


def _not_told(reasons: Iterable[str]) -> Refused:
    return Refused(
        "RW-RUN-014",
        "what this run has read may not go to a language model of this task",
        reasons=list(dict.fromkeys(reasons)),
        may_overrule="risk_officer",
        hint="ask before reading it, or name a model that may be told",
    )
