"""An agent inside a workflow: a language model chooses among declared tools, and every choice is a recorded step.

The loop has no state of its own. It is made of the same words that a builder has (``generate``, ``call``, ``act``,
``ask``), so a review unwinds it and the journal plays it again up to the answer; an agent that would now choose
otherwise no longer fits the journal, and a person does the case.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, create_model

from roadworthy.casework.vocabulary import Act, Effect
from roadworthy.charter import Charter, argument_problems
from roadworthy.errors import InputProblem, Problem, Refused
from roadworthy.operate.plain import shaped
from roadworthy.operate.proposing import undeclared
from roadworthy.ports import LoadedRelease
from roadworthy.quantities import Cost

R = TypeVar("R")

ASK: Final = "ask"
"""In place of a tool: the agent may put a question to a person."""
MOST_STEPS: Final = 50
_MOST_SHOWN: Final = 8_000
_SAME: Final = 3
_VARIABLES: Final = ("tools", "steps")


class Words(Protocol):
    """What the loop asks a run for."""

    @property
    def spent(self) -> Cost: ...

    async def generate(self, task: str, shape: type[R], **facts: object) -> R: ...

    async def act(self, effect: Effect, *, confidence: float) -> Act: ...

    async def ask(self, question: str) -> str: ...

    async def attempt(self, tool: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """``answer`` with what a read tool answers, or ``problem`` with why it does not."""


class Toolbox:
    """What an agent may choose from, and how that is told to its model."""

    def __init__(self, release: LoadedRelease, task: str, tools: Sequence[str]) -> None:
        """Errors: ``NotFound`` RW-RUN-001 for a task or tool that is not declared, ``InputProblem`` RW-AGENT-001
        for a task whose prompt has no place for ``tools`` and ``steps``.
        """
        chat = release.chats.get(task)
        if chat is None:
            raise undeclared("task of kind `chat`", task, release.chats)
        missing = [name for name in _VARIABLES if name not in chat.prompt.variables]
        if missing:
            raise InputProblem(
                "RW-AGENT-001",
                [
                    Problem(f"the prompt has no variable `{name}`", place=chat.prompt.place)
                    for name in missing
                ],
                hint="an agent is shown its tools and what it did: `variables: {tools: list, steps: list, …}`",
            )
        for name in tools:
            if name != ASK and (name not in release.tools or name not in release.charter.tools):
                raise undeclared("tool", name, release.charter.tools)
        self.names = tuple(dict.fromkeys(tools))
        self.shown = [_described(release.charter, name) for name in self.names]


async def work(
    run: Words,
    release: LoadedRelease,
    task: str,
    shape: type[R],
    *,
    tools: Sequence[str],
    facts: Mapping[str, object],
    max_steps: int,
    budget: Cost | None,
    confidence: float,
) -> R:
    """The agent's answer. See ``Run.agent``."""
    if not 1 <= max_steps <= MOST_STEPS:
        raise InputProblem(
            "RW-AGENT-001", Problem(f"max_steps lies between 1 and {MOST_STEPS}, found {max_steps}")
        )
    box = Toolbox(release, task, tools)
    form = _form(box.names, shape)
    begun = run.spent
    steps: list[dict[str, object]] = []
    seen: Counter[tuple[str, str]] = Counter()
    for _ in range(max_steps):
        if budget is not None and run.spent.nano - begun.nano > budget.nano:
            raise _stopped("RW-AGENT-003", f"the agent has spent more than {budget}")
        move = await run.generate(task, form, **facts, tools=box.shown, steps=steps)
        if move.move == "finish":
            answer = _answered(move.answer, shape, task)
            if not isinstance(answer, Problem):
                return answer
            steps.append({"problem": f"the answer has another form: {answer.message}"})
            continue
        if move.move == "give_up":
            raise _stopped("RW-AGENT-005", "the agent gave up")
        chosen = (move.tool, json.dumps(move.arguments, sort_keys=True))
        seen[chosen] += 1
        if seen[chosen] >= _SAME:
            raise _stopped("RW-AGENT-004", f"the agent asked `{move.tool}` for the same {_SAME} times")
        told = await _carried_out(run, release.charter, move.tool, move.arguments, confidence)
        steps.append({"tool": move.tool, "arguments": move.arguments, **told})
    raise _stopped("RW-AGENT-002", f"the agent did not come to an end in {max_steps} steps")


async def _carried_out(
    run: Words, charter: Charter, tool: str, arguments: Mapping[str, Any], confidence: float
) -> dict[str, object]:
    """What became of one choice, as the model is told it."""
    if tool == ASK:
        question = str(arguments.get("question", "")).strip()
        if not question:
            return {"problem": "a question to a person stands in the argument `question`"}
        return {"answer": await run.ask(question[:_MOST_SHOWN])}
    declared = charter.tools[tool]
    if problems := argument_problems(declared, arguments):
        return {"problem": "; ".join(f"{one.place}: {one.message}" for one in problems)}
    if declared.writes:
        act = await run.act(Effect(tool, dict(arguments)), confidence=confidence)
        return {"state": act.state, "answer": _cut(act.response)}
    told = await run.attempt(tool, arguments)
    return {name: _cut(value) for name, value in told.items()}


class Move(BaseModel):
    """What a model may answer: one call, the end, or giving up."""

    model_config = ConfigDict(extra="forbid")

    move: Literal["call", "finish", "give_up"]
    tool: str
    arguments: dict[str, Any]


def _form(tools: Sequence[str], shape: type[Any]) -> type[Any]:
    """A ``Move`` with these tools and with an answer of this shape."""
    fields: dict[str, Any] = {"tool": (Literal[(*tools, "")], ...), "answer": (shape | None, ...)}
    return create_model("Move", __base__=Move, **fields)


def _described(charter: Charter, name: str) -> dict[str, object]:
    """A tool as the model is shown it."""
    if name == ASK:
        return {"tool": ASK, "does": "asks a person", "arguments": {"question": "text"}}
    tool = charter.tools[name]
    return {
        "tool": name,
        "does": "reads" if not tool.writes else f"writes ({tool.sink}); a person may have to approve it",
        "arguments": {
            argument: " ".join(
                filter(
                    None,
                    (
                        told.type,
                        "" if told.required else "(may be left out)",
                        f"one of {', '.join(told.one_of)}" if told.one_of else "",
                    ),
                )
            )
            for argument, told in tool.arguments.items()
        },
    }


def _answered(answer: object, shape: type[R], task: str) -> R | Problem:
    if answer is None:
        return Problem("`answer` is empty")
    try:
        return shaped(answer, shape, place=task)
    except InputProblem as problem:
        return Problem("; ".join(str(one.message) for one in problem.problems))


def _cut(answer: object) -> object:
    """An answer as the model is shown it: whole where it is short."""
    text = json.dumps(answer, ensure_ascii=False, default=str)
    return answer if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]} (cut off)"


def _stopped(code: str, message: str) -> Refused:
    return Refused(code, message, reasons=["an agent that does not come to an end is stopped"])
