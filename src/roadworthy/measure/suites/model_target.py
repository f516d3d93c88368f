"""A language model as the target of an evaluation: asked directly for the answer to a task."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, cast

from roadworthy.charter import Task
from roadworthy.errors import InputProblem, Problem, Unavailable
from roadworthy.evaluation import Test, Transcript
from roadworthy.ports.language import REFUSED_REQUEST, Completion, LanguageModel, read_object
from roadworthy.prompting import ChatPrompt, ClassifyPrompt, Example, Message, read_examples
from roadworthy.quantities import Digest, digest, digest_of

REFUSED: Final = "RW-ROUTE-004"
"""Stands in a transcript: the server refuses this one question."""
MOST_TURNS: Final = 200
_VERSION: Final = 1  # of everything below that decides an answer
_ROLES: Final = ("system", "user", "assistant")
Asking = Callable[[Mapping[str, object]], tuple[Message, ...]]


class ModelTarget:
    """The port ``Target`` for one model at one task of a release.

    A test brings `messages`, or a text in the field that the task reads (else `text`). A task with a prompt
    asks by it, its variables filled from the fields of the input. Called from several threads at once.

    Errors: ``InputProblem`` of the prompt file where it cannot be read.
    """

    def __init__(
        self,
        task: str,
        promise: Task,
        model: LanguageModel,
        *,
        called: str,
        files: Mapping[str, bytes],
        most_written: int,
    ) -> None:
        self._task, self._promise, self._model, self._called = task, promise, model, called
        self._most = most_written
        self._schema: Mapping[str, object] | None = None
        self._labels = tuple(dict.fromkeys((*promise.labels, *promise.abstain)))
        words = files.get(promise.prompt, b"") if promise.prompt else b""
        examples = files.get(_examples_of(promise.prompt), b"") if promise.prompt else b""
        if promise.prompt and promise.prompt not in files:
            raise InputProblem("RW-ROUTE-003", Problem("the prompt is missing", place=promise.prompt))
        self._asking = self._way(words, examples)
        self._digest = digest_of(
            [
                "model",
                _VERSION,
                task,
                model.digest,
                digest(words),
                digest(examples),
                list(self._labels),
                self._most,
            ]
        )

    @property
    def name(self) -> str:
        """The task, and the model by the charter's name."""
        return f"task:{self._task} by {self._called}"

    @property
    def digest(self) -> Digest:
        """Of the model, the prompt and how long an answer may be."""
        return self._digest

    def problems(self, tests: Sequence[Test]) -> list[Problem]:
        """Tests that this task cannot be asked, each with the reason."""
        found = []
        for test in tests:
            try:
                self._asking(test.input)
            except InputProblem as wrong:
                found += [
                    Problem(one.message, place=f"test {test.id}", hint=one.hint) for one in wrong.problems
                ]
        return found

    def answer(self, test: Test, *, attempt: int, seed: int) -> Transcript:
        """What the model writes, with what it took.

        Errors: ``Unavailable`` where it does not answer, or would refuse every question: RW-ROUTE-005.
        """
        messages = self._asking(test.input)
        begun = time.perf_counter()
        try:
            said = self._model.complete(messages, max_tokens=self._most, seed=seed, schema=self._schema)
        except InputProblem as problem:
            if problem.code == REFUSED_REQUEST:
                # Its sentence may quote the question; the code never does.
                return Transcript(
                    error=f"{REFUSED}: the model refuses this question", seconds=time.perf_counter() - begun
                )
            raise Unavailable(
                "RW-ROUTE-005",
                f"`{self._called}` cannot be asked: {problem.message}",
                retry_is_safe=True,
                hint=problem.hint,
            ) from problem
        return self._read(said, time.perf_counter() - begun)

    def _read(self, said: Completion, seconds: float) -> Transcript:
        found = read_object(said.text) if self._schema is not None else None
        label = found.get("label") if found is not None and self._labels else None
        return Transcript(
            output=said.text if found is None or self._labels else dict(found),
            label=label if isinstance(label, str) and label in self._labels else "",
            cost=said.cost,
            seconds=seconds,
            tokens=said.tokens.read + said.tokens.written,
        )

    def _way(self, words: bytes, examples: bytes) -> Asking:
        """How a test becomes a question, by the kind of the task and of its prompt."""
        place = self._promise.prompt
        if not place:
            return self._plain
        if self._promise.kind == "classify":
            prompt = ClassifyPrompt.parse(words, place=place)
            shown: tuple[Example, ...] = (
                read_examples(examples, place=_examples_of(place)) if examples else ()
            )
            self._schema = {
                "type": "object",
                "properties": {"label": {"type": "string", "enum": list(self._labels)}},
                "required": ["label"],
                "additionalProperties": False,
            }
            return lambda given: tuple(prompt.messages(self._text(given), self._labels, shown))
        chat = ChatPrompt.parse(words, place=place)
        self._schema, self._most = chat.answer, min(self._most, chat.max_tokens)

        def filled(given: Mapping[str, object]) -> tuple[Message, ...]:
            known = {name: value for name, value in given.items() if name in chat.variables}
            return chat.messages(known, schema=chat.answer)

        return filled

    def _plain(self, given: Mapping[str, object]) -> tuple[Message, ...]:
        if "messages" not in given:
            return (Message("user", self._text(given)),)
        turns = given["messages"]
        if not isinstance(turns, Sequence) or isinstance(turns, str) or not 0 < len(turns) <= MOST_TURNS:
            raise _unfit(f"`messages`: expected a list of 1 to {MOST_TURNS} turns")
        found = []
        for number, turn in enumerate(turns, start=1):
            role = turn.get("role") if isinstance(turn, Mapping) else None
            content = turn.get("content") if isinstance(turn, Mapping) else None
            if role not in _ROLES or not isinstance(content, str):
                raise _unfit(
                    f"`messages`, turn {number}: expected a `role` ({', '.join(_ROLES)}) and a text"
                )
            found.append(Message(cast(Literal["system", "user", "assistant"], role), content))
        return tuple(found)

    def _text(self, given: Mapping[str, object]) -> str:
        name = self._promise.text or "text"
        text = given.get(name)
        if not isinstance(text, str) or not text.strip():
            raise _unfit(
                f"expected a text in `{name}`" + ("" if self._promise.prompt else ", or `messages`")
            )
        return text


def _examples_of(prompt: str) -> str:
    from roadworthy.measure.improving.prompting import examples_file

    return examples_file(prompt)


def _unfit(message: str) -> InputProblem:
    return InputProblem("RW-ROUTE-003", message)
