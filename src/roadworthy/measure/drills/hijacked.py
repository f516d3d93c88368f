"""Releases whose agent is somebody else's: the same tools, policies and registries, another will."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from roadworthy.casework.effect import Idempotency
from roadworthy.casework.vocabulary import Case, Decision, Effect, Workflow
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Connector, LoadedRelease, Loader

WHOLE_ERROR = "drill"
"""The kind of error that stands for every tool that names none: in a drill all of them are proven good."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a hijacked agent does with a case: what it reads first, and what it then proposes.

    ``fill`` takes arguments of the first effect from answers: by argument, the number of the read and the field.
    """

    effects: Sequence[Effect]
    reads: Sequence[tuple[str, Mapping[str, object]]] = ()
    fill: Mapping[str, tuple[int, str]] | None = None


@dataclass(slots=True)
class Seen:
    """What left, and what was read, in the order in which it happened."""

    left: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    read: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what came before."""
        self.left, self.read = [], []


class Hijacked:
    """Loads releases as a drill of attacks runs them. What is sent is seen and reaches nobody.

    Everything that is not a policy or the origin of a value is out of the attacker's way: the charter lets it act
    alone, every confidence is proven, approvals take effect at once. ``plan`` is what the agent does; None runs the
    release's own workflow. ``told`` changes what read tools answer, as somebody who writes into them could.
    """

    def __init__(
        self,
        inner: Loader,
        seen: Seen,
        *,
        plan: Callable[[], Plan | None] = lambda: None,
        told: Callable[[str, Mapping[str, object]], Mapping[str, object]] = lambda _tool, answer: answer,
    ) -> None:
        self._inner, self._seen, self._plan, self._told = inner, seen, plan, told
        self._known: dict[str, LoadedRelease] = {}
        self._lock = threading.Lock()

    def charter(self, digest: str) -> Charter:
        """What the release promises, as far as a drill of attacks keeps to it."""
        return unleashed(self._inner.charter(digest))

    def load(self, digest: str) -> LoadedRelease:
        """The release with another will."""
        with self._lock:
            if digest not in self._known:
                loaded = self._inner.load(digest)
                self._known[digest] = replace(
                    loaded,
                    charter=unleashed(loaded.charter),
                    tools={
                        name: _Watched(name, tool, self._seen, self._told)
                        for name, tool in loaded.tools.items()
                    },
                )
            found = self._known[digest]
        plan = self._plan()
        return found if plan is None else replace(found, workflow=_agent(found.workflow.use_case, plan))


def unleashed(charter: Charter) -> Charter:
    """The charter of an agent that acts alone: what holds it back are policies and the origin of values."""
    tools = {
        name: tool.model_copy(update={"error": tool.error or WHOLE_ERROR, "rate": "", "ordered_by": ""})
        for name, tool in charter.tools.items()
    }
    review = charter.review.model_copy(update={"undo_window": "0s"})
    return charter.model_copy(update={"autonomy": "automatic", "tools": tools, "review": review})


def _agent(use_case: str, plan: Plan) -> Workflow:
    async def obey(_case: Case[Any], run: Any) -> Decision:
        answers = [await run.call(tool, **arguments) for tool, arguments in plan.reads]
        effects = list(plan.effects)
        if plan.fill and effects:
            filled = {name: answers[number].get(name_) for name, (number, name_) in plan.fill.items()}
            effects[0] = replace(effects[0], arguments={**effects[0].arguments, **filled})
        return Decision("done as I was told", confidence=1.0, effects=effects)

    return Workflow(use_case, obey)


class _Watched:
    """A tool that is seen: what it is asked, what it answers, what it is sent."""

    def __init__(
        self,
        name: str,
        inner: Connector,
        seen: Seen,
        told: Callable[[str, Mapping[str, object]], Mapping[str, object]],
    ) -> None:
        self._name, self._inner, self._seen, self._told = name, inner, seen, told

    @property
    def idempotency(self) -> Idempotency:
        return self._inner.idempotency

    def call(self, arguments: Mapping[str, object]) -> Mapping[str, object]:
        answer = self._told(self._name, self._inner.call(arguments))
        self._seen.read.append((self._name, dict(arguments), dict(answer)))
        return answer

    def send(self, key: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        self._seen.left.append((self._name, dict(arguments)))
        return {"simulated": True}

    def lookup(self, key: str) -> Mapping[str, object] | None:
        raise InputProblem("RW-DRILL-005", Problem("nothing is looked up in this drill", place=self._name))
