"""The prompts of a use-case folder: every one that its charter names, checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.prompting import ChatPrompt, ClassifyPrompt, Example, Message, read_examples
from roadworthy.quantities import Digest

FOLDER = "prompts/"
_EXAMPLES = ".examples.jsonl"
_MADE_UP = "(the text of a case)"


@dataclass(frozen=True, slots=True)
class PromptOf:
    """A prompt, the task that it is for, and the conversation that it makes with made-up values."""

    task: str
    kind: str
    file: str
    digest: Digest
    variables: Mapping[str, str]
    example: tuple[Message, ...]


def read_prompts(charter: Charter, files: Mapping[str, bytes]) -> tuple[PromptOf, ...]:
    """The prompts that tasks name.

    Errors: ``InputProblem`` RW-PROMPT-008 with every problem of every file, each with its place.
    """
    found: list[PromptOf] = []
    problems: list[Problem] = []
    for task, promise in charter.tasks.items():
        if not promise.prompt:
            continue
        if promise.prompt not in files:
            hint = f"the task `{task}` asks by it"
            problems.append(Problem("the prompt is missing", promise.prompt, hint=hint))
            continue
        try:
            read = _chat if promise.kind == "chat" else _classify
            found.append(read(task, promise.prompt, files, (*promise.labels, *promise.abstain)))
        except InputProblem as problem:
            problems += problem.problems
    if problems:
        raise InputProblem("RW-PROMPT-008", problems)
    return tuple(found)


def unused(charter: Charter, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Files among the prompts that no task names: they change the release, and nothing else."""
    named = {promise.prompt for promise in charter.tasks.values() if promise.prompt}
    named |= {f"{name.rsplit('.', 1)[0]}{_EXAMPLES}" for name in named}
    return tuple(sorted(name for name in files if name.startswith(FOLDER) and name not in named))


def _chat(task: str, file: str, files: Mapping[str, bytes], _: tuple[str, ...]) -> PromptOf:
    prompt = ChatPrompt.parse(files[file], place=file)
    variables = {name: variable.said for name, variable in prompt.variables.items()}
    example = prompt.messages(prompt.example(), schema=prompt.answer)
    return PromptOf(task, "chat", file, prompt.digest, variables, example)


def _classify(task: str, file: str, files: Mapping[str, bytes], labels: tuple[str, ...]) -> PromptOf:
    prompt = ClassifyPrompt.parse(files[file], place=file)
    shown = f"{file.rsplit('.', 1)[0]}{_EXAMPLES}"
    examples: tuple[Example, ...] = read_examples(files[shown], place=shown) if shown in files else ()
    if examples and not prompt.takes_examples:
        raise InputProblem(
            "RW-PROMPT-008",
            Problem("there are examples, and the prompt has no slot `{examples}`", place=shown),
        )
    example = prompt.messages(_MADE_UP, tuple(dict.fromkeys(labels)), examples)
    variables = {"text": "text", "labels": "list"} | ({"examples": "list"} if prompt.takes_examples else {})
    return PromptOf(task, "classify", file, prompt.digest, variables, example)
