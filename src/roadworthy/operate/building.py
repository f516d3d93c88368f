"""Building a release from a folder: train what it predicts with, then seal everything under one digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from roadworthy.charter import read as read_charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.prompts import read_prompts
from roadworthy.operate.rollout import MODELS_FILE, archive_of, build
from roadworthy.principal import Principal, require
from roadworthy.release import Release

MIN_PER_LABEL = 2


def build_from_folder(
    deployment: Deployment,
    principal: Principal,
    files: Mapping[str, bytes],
    *,
    labelled: Sequence[tuple[str, str]] = (),
    task: str = "",
    seed: int = 1,
    note: str = "",
) -> Release:
    """Train the task's model on labelled texts (if given) and build the release.

    Same files, texts and seed: the same model, the same digest, the same release.
    Errors: ``InputProblem`` RW-BUILD-001 for texts a model cannot be trained on, RW-PROMPT-008 for
    prompts that cannot be used.
    """
    if "charter.yaml" not in files:
        raise InputProblem("RW-RELEASE-006", Problem("no charter.yaml in the folder"))
    charter = read_charter(files["charter.yaml"], file="charter.yaml")
    require(principal, "release.build", use_case=charter.use_case)
    read_prompts(charter, files)
    plain = {name: content for name, content in files.items() if name != MODELS_FILE}
    models: dict[str, str] = {}
    if labelled:
        chosen = task or next(iter(charter.tasks), "")
        if chosen not in charter.tasks:
            raise InputProblem(
                "RW-BUILD-001",
                Problem(
                    f"the charter declares no task `{chosen}`", hint=f"tasks: {', '.join(charter.tasks)}"
                ),
            )
        _check(labelled)
        texts, labels = zip(*labelled, strict=True)
        model, blob = deployment.trainer.train(
            chosen, texts, labels, features=charter.tasks[chosen].features, seed=seed
        )
        stored = deployment.models.put(blob)
        assert stored == model.digest, "a model's digest is the digest of its bytes"
        models[chosen] = stored
    return build(deployment, principal, archive_of(plain, models), note=note)


def _check(labelled: Sequence[tuple[str, str]]) -> None:
    counts: dict[str, int] = {}
    for _, label in labelled:
        counts[label] = counts.get(label, 0) + 1
    problems = [
        Problem(f"{sum(not text.strip() for text, _ in labelled)} texts are empty")
        for _ in range(any(not text.strip() for text, _ in labelled))
    ]
    if len(counts) < 2:
        problems.append(Problem(f"found {len(counts)} labels, a classifier needs at least two"))
    problems += [
        Problem(f"label `{label}` has {count} example, at least {MIN_PER_LABEL} are needed")
        for label, count in sorted(counts.items())
        if count < MIN_PER_LABEL
    ]
    if problems:
        raise InputProblem("RW-BUILD-001", problems[:50])
