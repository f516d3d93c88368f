"""A task model that is a prompt: a language model gives each text one label of a closed list."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from roadworthy.casework.prediction import Prediction
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.language import (
    REFUSED_REQUEST,
    Completion,
    LanguageModel,
    Unanswered,
    read_object,
)
from roadworthy.ports.work import Exchange
from roadworthy.prompting import ClassifyPrompt, Example
from roadworthy.quantities import Cost, Digest, digest_of
from roadworthy.usage import Ending

MOST_VOTES = 25
MOST_LABELS = 1_000
_VERSION = 1  # of everything below that decides an answer, the wording included


class PromptedTaskModel:
    """Asks a language model ``votes`` times for the label of a text, with one seed each.

    The label with most votes wins; ``confidence`` is its part of all votes asked for, unreadable ones
    included. It ranks texts by how steady the model is about them, in steps of 1/votes, and says nothing
    about being right: what it is worth is for a certificate to prove. ``called`` is the model's name in
    the charter, which the records of calls tell. Where no answer can be read, or
    the model refuses the text, the label is empty and confidence 0, which leaves the case to people.
    May be used from several threads at once; the votes of one text are asked for one after the other.

    Errors: ``InputProblem`` RW-LLM-011 when it is made, with every problem of labels, votes and examples.
    """

    def __init__(
        self,
        task: str,
        labels: Sequence[str],
        prompt: ClassifyPrompt,
        model: LanguageModel,
        *,
        examples: Sequence[Example] = (),
        votes: int = 5,
        temperature: float = 0.7,
        seed: int = 1,
        called: str = "",
    ) -> None:
        self._called = called or model.name
        self._task, self._labels, self._prompt = task, tuple(labels), prompt
        self._model, self._examples = model, tuple(examples)
        self._votes, self._temperature, self._seed = votes, temperature, seed
        if problems := list(self._problems()):
            raise InputProblem("RW-LLM-011", problems)
        self._schema = {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": list(self._labels)}},
            "required": ["label"],
            "additionalProperties": False,
        }
        self._max_tokens = 64 + max(len(label.encode()) for label in self._labels)
        self._digest = digest_of(
            {
                "version": _VERSION,
                "task": task,
                "prompt": prompt.digest,
                "labels": list(self._labels),
                "examples": [[each.text, each.label] for each in self._examples],
                "model": model.digest,
                "votes": votes,
                "temperature": repr(temperature),
                "seed": seed,
            }
        )

    @property
    def task(self) -> str:
        return self._task

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels it may answer with, in the order they are shown to the model."""
        return self._labels

    @property
    def digest(self) -> Digest:
        return self._digest

    def predict(self, text: str) -> Prediction:
        """The label with most votes. Errors: as ``predict_priced``."""
        return self.predict_priced(text)[0]

    def predict_priced(self, text: str) -> tuple[Prediction, Cost]:
        """The label with most votes, and what asking for it cost.

        Errors: ``Unavailable`` RW-LLM-006 or 007 where the model cannot be asked, ``InputProblem``
        RW-LLM-003 or 005 where its key or address is wrong.
        """
        prediction, exchanges = self.predict_metered(text)
        return prediction, sum((each.cost for each in exchanges), start=Cost(0))

    def predict_metered(self, text: str) -> tuple[Prediction, tuple[Exchange, ...]]:
        """The label with most votes, and every question behind it.

        Errors: as ``predict_priced``; an ``Unanswered`` holds the bill of the votes before it too.
        """
        votes: Counter[str] = Counter()
        answers = self._ask(text) if text.strip() else []
        for completion, _ in answers:
            if (label := self._read(completion)) is not None:
                votes[label] += 1
        ranked = sorted(votes.items(), key=lambda each: (-each[1], self._labels.index(each[0])))
        best, second = [*ranked, ("", 0), ("", 0)][:2]
        prediction = Prediction(
            task=self._task,
            label=best[0],
            confidence=best[1] / self._votes,
            runner_up=second[0],
            runner_up_confidence=second[1] / self._votes,
            nearest=(),
            model=self._digest,
        )
        return prediction, tuple(self._exchange(completion, millis) for completion, millis in answers)

    def _exchange(self, completion: Completion, millis: int) -> Exchange:
        return Exchange(
            task=self._task,
            model=self._called,
            ending=Ending.ANSWERED,
            tokens=completion.tokens,
            cost=completion.cost,
            attempts=completion.requests,
            estimated=completion.estimated,
            millis=millis,
        )

    def _ask(self, text: str) -> list[tuple[Completion, int]]:
        """Answers with the milliseconds that each took."""
        messages = self._prompt.messages(text, self._labels, self._examples)
        answers: list[tuple[Completion, int]] = []
        for vote in range(self._votes):
            begun = time.monotonic()
            try:
                completion = self._model.complete(
                    messages,
                    max_tokens=self._max_tokens,
                    temperature=self._temperature,
                    seed=self._seed + vote,
                    schema=self._schema,
                )
                answers.append((completion, int((time.monotonic() - begun) * 1000)))
            except Unanswered as problem:
                raise Unanswered(
                    problem,
                    tokens=sum((each.tokens for each, _ in answers), start=problem.tokens),
                    cost=sum((each.cost for each, _ in answers), start=problem.cost),
                    requests=sum((each.requests for each, _ in answers), start=problem.requests),
                ) from None
            except InputProblem as problem:
                if problem.code != REFUSED_REQUEST:
                    raise
                break  # the same question would be refused again
        return answers

    def _read(self, completion: Completion) -> str | None:
        """The label of an answer; None where it is not exactly one of the list."""
        if completion.refused or not completion.ended:
            return None
        answer = read_object(completion.text)
        label = answer.get("label") if answer is not None else completion.text.strip().strip("\"'`.")
        return label.strip() if isinstance(label, str) and label.strip() in self._labels else None

    def _problems(self) -> list[Problem]:
        found = []
        if len(self._labels) < 2 or len(self._labels) > MOST_LABELS:
            found.append(f"{len(self._labels)} labels, 2 to {MOST_LABELS} were expected")
        if len(set(self._labels)) < len(self._labels):
            found.append("a label stands twice")
        found += [
            f"the label `{label[:60]}` is empty, has spaces around it or is longer than a line"
            for label in self._labels
            if not label or label != label.strip() or not label.isprintable() or len(label) > 200
        ]
        if not 3 <= self._votes <= MOST_VOTES:
            found.append(f"{self._votes} votes, 3 to {MOST_VOTES} were expected: fewer rank nothing")
        if not 0 < self._temperature <= 2:
            found.append(
                "at this temperature all votes are the same; more than 0 and at most 2 was expected"
            )
        if self._examples and not self._prompt.takes_examples:
            found.append("there are examples, and the prompt has no slot `{examples}`")
        found += [
            f"example {number} has the label `{each.label[:60]}`, which is not on the list"
            for number, each in enumerate(self._examples, start=1)
            if each.label not in self._labels
        ]
        return [Problem(message, place=f"tasks.{self._task}") for message in found]
