"""Prompts that are answered with a label: a text with three slots, and the labelled examples that may go with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from roadworthy.errors import InputProblem, Problem
from roadworthy.prompting.messages import FENCED, Message, fenced
from roadworthy.prompting.slots import Words, decoded, unknown
from roadworthy.quantities import Digest, digest

MOST_EXAMPLES = 200
_SLOTS = ("text", "labels", "examples")
_TEXT = "(the text in the last message)"
_EXAMPLES = "(the earlier messages of this conversation, each with its right answer)"


@dataclass(frozen=True, slots=True)
class Example:
    """A text with its right label."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class ClassifyPrompt:
    """A prompt file that was checked. ``digest`` names its bytes."""

    words: Words
    digest: Digest

    @classmethod
    def parse(cls, content: bytes, *, place: str) -> ClassifyPrompt:
        """Read a file such as ``prompts/intent.txt``.

        ``{text}`` stands for the text to be labelled, ``{labels}`` for the labels, ``{examples}`` (may be
        left out) for labelled examples. Braces around anything but a single word are themselves.

        Errors: ``InputProblem`` RW-LLM-010 with every problem, line and column.
        """
        try:
            words = Words(decoded(content), dotted=False)
        except ValueError as wrong:
            raise InputProblem("RW-LLM-010", Problem(str(wrong), place=place)) from None
        slots = words.slots()
        hint = "slots are `{text}`, `{labels}` and `{examples}`"
        problems = [unknown(slot, place=place, hint=hint) for slot in slots if slot.name not in _SLOTS]
        there = {slot.name for slot in slots}
        problems += [
            Problem(f"the prompt has no slot `{{{slot}}}`", place=place)
            for slot in ("text", "labels")
            if slot not in there
        ]
        if problems:
            raise InputProblem("RW-LLM-010", problems)
        return cls(words, digest(content))

    @property
    def takes_examples(self) -> bool:
        return "{examples}" in self.words.text

    def messages(
        self, text: str, labels: Sequence[str], examples: Sequence[Example]
    ) -> tuple[Message, ...]:
        """The conversation that asks for the label of a text.

        The company's own words go into the system message. Texts of others (the one to be labelled, and
        those of the examples) stand fenced in messages of the user, whatever the prompt looks like.
        """
        listed = "\n".join(f"- {label}" for label in labels)
        filled = {"text": _TEXT, "labels": listed, "examples": _EXAMPLES if examples else "(none)"}
        words = self.words.filled(lambda slot: filled[slot])
        form = 'Answer with one JSON object of the form {"label": "…"} whose value is one of the labels.'
        turns = [Message("system", f"{words.strip()}\n\n{FENCED}\n\n{form}")]
        for example in examples:
            turns.append(Message("user", fenced({"text": example.text})))
            turns.append(Message("assistant", json.dumps({"label": example.label}, ensure_ascii=False)))
        return (*turns, Message("user", fenced({"text": text})))


def read_examples(content: bytes, *, place: str) -> tuple[Example, ...]:
    """Examples of a prompt: a JSON object with ``text`` and ``label`` in each line; blank lines are skipped.

    Errors: ``InputProblem`` RW-LLM-010 with every problem and its line.
    """
    try:
        lines = content.decode("utf-8").removeprefix("\ufeff").split("\n")
    except UnicodeDecodeError:
        raise InputProblem("RW-LLM-010", Problem("the examples are not UTF-8", place=place)) from None
    examples: list[Example] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        example = _example(line)
        if example is None:
            message = "expected a JSON object with the two texts `text` and `label`"
            problems.append(Problem(message, place=place, line=number, column=1))
        else:
            examples.append(example)
    if len(examples) > MOST_EXAMPLES:
        problems.append(
            Problem(f"{len(examples)} examples, at most {MOST_EXAMPLES} were expected", place=place)
        )
    if problems:
        raise InputProblem("RW-LLM-010", problems[:50])
    return tuple(examples)


def _example(line: str) -> Example | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or set(value) != {"text", "label"}:
        return None
    text, label = value["text"], value["label"]
    return Example(text, label) if isinstance(text, str) and isinstance(label, str) else None
