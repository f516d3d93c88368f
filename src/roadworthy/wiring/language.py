"""Language models of a charter, and the instruments that grade with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem
from roadworthy.wiring.place import resolved, secret
from roadworthy.wiring.prices import price_of

if TYPE_CHECKING:
    import numpy as np

    from roadworthy.charter import Charter
    from roadworthy.measure.grading import Standing
    from roadworthy.ports import Chat, Grading, LanguageModel, TaskModel
    from roadworthy.wiring.place import Workspace

INSTRUMENTS = frozenset({"semantic", "groundedness", "judge", "conduct"})


def language_model(charter: Charter, name: str, *, place: Workspace | None = None) -> LanguageModel:
    """One of the charter's language models, ready to be asked.

    ``place`` has the price file; without one, the workspace that the environment names.
    Errors: ``InputProblem`` RW-LLM-020 for a secret that is not set, RW-LLM-001 and 002 for its address;
    as ``price_of``.
    """
    from roadworthy.adapters.openai import OpenAiModel

    plan = charter.models[name]
    return OpenAiModel(
        plan.model_copy(update={"url": resolved(plan.url)}),
        key=secret(plan.secret),
        price=price_of(plan, place=place),
    )


def prompted_model(
    charter: Charter, task: str, files: Mapping[str, bytes], *, place: Workspace | None = None
) -> TaskModel:
    """The task model of a prompted task, from the files of a release.

    Errors: ``InputProblem`` RW-LLM-010 for a prompt that is missing or cannot be read; as ``language_model``.
    """
    from roadworthy.adapters.openai import PromptedTaskModel
    from roadworthy.measure.improving.prompting import examples_file
    from roadworthy.prompting import ClassifyPrompt, read_examples

    promise = charter.tasks[task]
    if promise.prompt not in files or promise.model is None:
        raise InputProblem(
            "RW-LLM-010",
            Problem("the prompt is missing", place=promise.prompt, hint=f"the task `{task}` answers by it"),
        )
    shown = examples_file(promise.prompt)
    return PromptedTaskModel(
        task,
        tuple(dict.fromkeys((*promise.labels, *promise.abstain))),
        ClassifyPrompt.parse(files[promise.prompt], place=promise.prompt),
        language_model(charter, promise.model, place=place),
        examples=read_examples(files[shown], place=shown) if shown in files else (),
        called=promise.model,
    )


def chat_task(charter: Charter, task: str, files: Mapping[str, bytes], place: Workspace) -> Chat:
    """A task of kind ``chat`` from the files of a release, its models ready to be asked.

    Errors: ``InputProblem`` RW-PROMPT-007 for a prompt that is missing, RW-PROMPT-001 and 002 for one that
    cannot be used; as ``language_model`` and ``candidate_of``.
    """
    from datetime import UTC, datetime

    from roadworthy.ports import Chat
    from roadworthy.prompting import ChatPrompt
    from roadworthy.routing.prices import snapshot
    from roadworthy.wiring.prices import candidate_of

    promise = charter.tasks[task]
    if promise.prompt not in files:
        raise InputProblem(
            "RW-PROMPT-007",
            Problem(
                "the prompt is missing", place=promise.prompt, hint=f"the task `{task}` is written by it"
            ),
        )
    prompt = ChatPrompt.parse(files[promise.prompt], place=promise.prompt)
    today = datetime.now(UTC).date()
    candidates = tuple(
        candidate_of(name, charter.models[name], place=place, today=today, region=charter.region)
        for name in promise.models
    )
    return Chat(
        task=task,
        prompt=prompt,
        candidates=candidates,
        models={name: language_model(charter, name, place=place) for name in promise.models},
        prices={one.name: snapshot(one.price, bound=one.bound) for one in candidates},
        region=charter.region,
        floor=promise.floor if promise.suite else None,
        escalate_below=promise.escalate_below,
    )


def gradings(
    charter: Charter | None,
    kinds: Collection[str],
    *,
    standings: Mapping[str, Standing] = MappingProxyType({}),
    place: Workspace | None = None,
) -> Mapping[str, Grading]:
    """Instruments for these kinds of grader, as far as the charter names what they need.

    ``standings`` says of kinds that ask a judge whether it was seen to agree with people. A kind that is missing from the answer has no instrument: a suite that asks for it says so.
    Errors: as ``language_model``.
    """
    from roadworthy.measure.grading import (
        NOT_CALIBRATED,
        ConductJudge,
        Groundedness,
        Judge,
        SemanticSimilarity,
    )

    wanted = INSTRUMENTS & set(kinds)
    plan = charter.judge if charter else None
    model = (
        language_model(charter, plan.model, place=place)
        if charter and plan and wanted - {"semantic"}
        else None
    )
    found: dict[str, Grading] = {}
    if wanted & {"semantic", "groundedness"}:
        from roadworthy.adapters.localmodels import FINGERPRINT

        if "semantic" in wanted:
            found["semantic"] = SemanticSimilarity(_embed, instrument=FINGERPRINT)
        if "groundedness" in wanted:
            found["groundedness"] = Groundedness(
                embed=_embed,
                instrument=FINGERPRINT,
                judge=model,
                standing=standings.get("groundedness", NOT_CALIBRATED),
            )
    if model is not None and "judge" in wanted:
        found["judge"] = Judge(model, standing=standings.get("judge", NOT_CALIBRATED))
    if model is not None and charter is not None and "conduct" in wanted:
        statements = {statement.id: statement.says for statement in charter.conduct}
        found["conduct"] = ConductJudge(
            model, statements, standing=standings.get("conduct", NOT_CALIBRATED)
        )
    return found


def _embed(texts: Sequence[str]) -> np.ndarray:
    from roadworthy.adapters.localmodels import shared_minilm

    return shared_minilm().embed(texts)
