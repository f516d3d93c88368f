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
    from roadworthy.ports import Grading, LanguageModel, TaskModel

INSTRUMENTS = frozenset({"semantic", "groundedness", "judge", "conduct"})


def language_model(charter: Charter, name: str) -> LanguageModel:
    """One of the charter's language models, ready to be asked.

    Errors: ``InputProblem`` RW-LLM-020 for a secret that is not set, RW-LLM-001 and 002 for its address.
    """
    from roadworthy.adapters.openai import OpenAiModel

    plan = charter.models[name]
    return OpenAiModel(
        plan.model_copy(update={"url": resolved(plan.url)}), key=secret(plan.secret), price=price_of(plan)
    )


def prompted_model(charter: Charter, task: str, files: Mapping[str, bytes]) -> TaskModel:
    """The task model of a prompted task, from the files of a release.

    Errors: ``InputProblem`` RW-LLM-010 for a prompt that is missing or cannot be read; as ``language_model``.
    """
    from roadworthy.adapters.openai import Prompt, PromptedTaskModel, read_examples
    from roadworthy.measure.improving.prompting import examples_file

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
        Prompt.parse(files[promise.prompt], place=promise.prompt),
        language_model(charter, promise.model),
        examples=read_examples(files[shown], place=shown) if shown in files else (),
    )


def gradings(
    charter: Charter | None,
    kinds: Collection[str],
    *,
    standings: Mapping[str, Standing] = MappingProxyType({}),
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
    model = language_model(charter, plan.model) if charter and plan and wanted - {"semantic"} else None
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
