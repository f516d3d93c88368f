"""Prompts that are answered in a model's own words: a head that declares, and a text with slots.

---
variables:
  article: object|none
  message: text
  tone: {type: text, one_of: [friendly, formal], default: friendly}
answer: {text: text}
max_tokens: 400
---
Answer the customer in a {tone} tone. Their words: {message}. Rest on {article.title} alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roadworthy.errors import InputProblem, Problem
from roadworthy.placed import near
from roadworthy.prompting.head import Head, read_head
from roadworthy.prompting.messages import FENCED, Message, fenced
from roadworthy.prompting.slots import Slot, Words, decoded, unknown
from roadworthy.prompting.variable import MISSING, NONE, Variable, shown
from roadworthy.quantities import Digest, digest

MOST_RENDERED = 1_000_000
"""Characters of a conversation: more than any model reads."""
_FENCE = "---"
_WRITE = "Write the answer."


@dataclass(frozen=True, slots=True)
class ChatPrompt:
    """A prompt file that was checked. ``digest`` names its bytes.

    ``answer`` is the JSON Schema that it asks for, None where it leaves that to the workflow.
    """

    variables: Mapping[str, Variable]
    words: Words
    answer: Mapping[str, Any] | None
    max_tokens: int
    temperature: float
    digest: Digest
    place: str = ""

    @classmethod
    def parse(cls, content: bytes, *, place: str) -> ChatPrompt:
        """Read a file such as ``prompts/reply.md``.

        Errors: ``InputProblem`` RW-PROMPT-001 for a file without a head that can be read, RW-PROMPT-002
        for what is wrong in it, with every problem, line and column.
        """
        try:
            text = decoded(content)
        except ValueError as wrong:
            raise InputProblem("RW-PROMPT-001", Problem(str(wrong), place)) from None
        lines = text.split("\n")
        end = next((at for at, line in enumerate(lines) if at and line.rstrip() == _FENCE), 0)
        if lines[0].rstrip() != _FENCE or not end:
            raise InputProblem(
                "RW-PROMPT-001",
                Problem(
                    "expected a head with `variables` between two lines `---`",
                    place,
                    1,
                    1,
                    hint="such as `---`, `variables: {message: text}`, `---`, and then the words",
                ),
            )
        head, problems = read_head("\n".join(["", *lines[1:end]]), place=place)
        words = Words("\n".join(lines[end + 1 :]), first_line=end + 2)
        if head is None:
            raise InputProblem("RW-PROMPT-001", problems)
        problems = [*problems, *_slots_amiss(words, head, place)]
        if problems:
            problems.sort(key=lambda problem: (problem.line, problem.column))
            raise InputProblem("RW-PROMPT-002", problems[:200])
        return cls(
            head.variables, words, head.answer, head.max_tokens, head.temperature, digest(content), place
        )

    def messages(
        self, values: Mapping[str, object], *, schema: Mapping[str, object] | None = None
    ) -> tuple[Message, ...]:
        """The conversation that asks for an answer, with a JSON object of ``schema`` where there is one.

        The prompt's own words go into the system message, and with them only numbers, truth values, texts
        of a closed list, and defaults. Every other value stands fenced in the message of the user; in the
        words, its slot says so.

        Errors: ``InputProblem`` RW-PROMPT-003 with every value that is missing, unknown or of a wrong type.
        """
        given = self._checked(values)
        blocks: dict[str, str] = {}
        problems: list[Problem] = []
        own: dict[str, str] = {}
        for slot in self.words.slots():
            if slot.name in own:
                continue
            found = _at(given[slot.path[0]], slot, self.variables[slot.path[0]])
            if isinstance(found, Problem):
                problems.append(found)
                found = ""
            inside = self.variables[slot.path[0]].inline or slot.path[0] not in values
            if inside or found == NONE:
                own[slot.name] = found
            else:
                blocks[slot.name] = found
                own[slot.name] = f"(the block `{slot.name}` of the user message)"
        size = len(self.words.text) + sum(map(len, blocks.values()))
        if size > MOST_RENDERED:
            problems.append(
                Problem(f"found {size:,} characters in all, at most {MOST_RENDERED:,} are sent")
            )
        if problems:
            raise InputProblem("RW-PROMPT-003", _of(problems, self.place))
        parts = [self.words.filled(lambda name: own[name]).strip()]
        if blocks:
            parts.append(FENCED)
        if schema is not None:
            parts.append(
                f"Answer with one JSON object and nothing else, of this form: {json.dumps(schema, sort_keys=True)}"
            )
        return (
            Message("system", "\n\n".join(parts)),
            Message("user", fenced(blocks) if blocks else _WRITE),
        )

    def example(self) -> dict[str, object]:
        """Values that fit: made up from the types, with the fields that slots ask for."""
        made: dict[str, Any] = {}
        for name, variable in self.variables.items():
            if variable.default is not MISSING:
                continue
            simple = {"number": 1.5, "integer": 3, "boolean": True, "list": [f"({name})"]}
            made[name] = {} if variable.type == "object" else simple.get(variable.type, f"({name})")
            if variable.one_of:
                made[name] = variable.one_of[0]
        for slot in self.words.slots():
            inner = made.get(slot.path[0])
            for part in slot.path[1:-1]:
                if isinstance(inner, dict):
                    held = inner.get(part)
                    inner[part] = held if isinstance(held, dict) else {}
                    inner = inner[part]
            if len(slot.path) > 1 and isinstance(inner, dict):
                inner.setdefault(slot.path[-1], f"({slot.name})")
        return made

    def _checked(self, values: Mapping[str, object]) -> dict[str, object]:
        """Every variable with its value or default. Errors: ``InputProblem`` RW-PROMPT-003."""
        given: dict[str, object] = {}
        problems = [
            Problem(f"there is no variable `{name}`", hint=near(name, self.variables))
            for name in values
            if name not in self.variables
        ]
        for name, variable in self.variables.items():
            value = values.get(name, variable.default)
            if value is MISSING and variable.optional:
                value = None
            if value is MISSING:
                problems.append(Problem(f"`{name}` is missing, expected {variable.said}"))
            elif wrong := variable.wrong(value):
                problems.append(Problem(f"`{name}`: {wrong}"))
            given[name] = value
        if problems:
            raise InputProblem("RW-PROMPT-003", _of(problems, self.place))
        return given


def _of(problems: list[Problem], place: str) -> list[Problem]:
    return [Problem(one.message, place, one.line, one.column, one.hint) for one in problems]


def _at(value: object, slot: Slot, variable: Variable) -> str | Problem:
    """What stands at the path of a slot, as text; a problem where a field is missing."""
    for part in slot.path[1:]:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif value is None or (variable.optional and not value):
            return NONE
        else:
            return Problem(f"`{slot.name}`: there is no such field", "", slot.line, slot.column)
    return shown(value)


def _slots_amiss(words: Words, head: Head, place: str) -> list[Problem]:
    if not words.text.strip():
        return [Problem("expected words after the head, found none", place, words.first_line, 1)]
    problems = []
    slots = words.slots()
    for slot in slots:
        variable = head.variables.get(slot.path[0])
        if variable is None:
            if slot.path[0] not in head.misread:
                problems.append(unknown(slot, place=place, hint=near(slot.path[0], head.variables)))
        elif len(slot.path) > 1 and variable.type != "object":
            problems.append(
                Problem(
                    f"`{variable.name}` is {variable.said} and has no fields",
                    place,
                    slot.line,
                    slot.column,
                )
            )
    used = {slot.path[0] for slot in slots}
    return problems + [
        Problem(f"`{name}` is declared, and no slot shows it", place, *head.places[name])
        for name in head.variables
        if name not in used
    ]
