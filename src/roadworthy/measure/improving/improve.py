"""The loop that improves: labels become proposals, proposals are compared, and what wins is offered as a draft."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from roadworthy.casework.label import Label
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.improving.answering import Answered, answer
from roadworthy.measure.improving.automation import automation, gain, one_per_cluster
from roadworthy.measure.improving.comparing import RISK, Candidate, Compared, best, compare_all
from roadworthy.measure.improving.offering import offer_release
from roadworthy.measure.improving.parts import Parts, require_enough, split
from roadworthy.measure.improving.prompting import PromptedModels, examples_file, prompted
from roadworthy.measure.improving.proposal import Originals, Proposal, originals, refit
from roadworthy.measure.improving.report import Expected, Improvement
from roadworthy.measure.improving.sources import Noticed, noticed
from roadworthy.measure.improving.turns import Turn, take_turn
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.labels import gather, require_task, running_release
from roadworthy.operate.rollout import MODELS_FILE
from roadworthy.ports import Progress, TaskModel
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost, Share, digest_of
from roadworthy.release import Archive, Release

MOST_PROMPTED: Final = 400
"""Cases of a part that a language model is asked about: every answer is paid for."""


@runtime_checkable
class NamesLabels(Protocol):
    """A task model that says which labels it may answer with."""

    @property
    def labels(self) -> Sequence[str]:
        """All of them."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """The running release and what of it is to be improved."""

    release: Release
    archive: Archive
    charter: Charter
    task: str
    model: TaskModel
    before: Originals

    @property
    def is_prompted(self) -> bool:
        return bool(self.charter.tasks[self.task].prompt)

    @property
    def known(self) -> frozenset[str]:
        named = self.model.labels if isinstance(self.model, NamesLabels) else ()
        return self.before.labels | frozenset(named) | frozenset(self.charter.tasks[self.task].labels)

    @property
    def models(self) -> dict[str, str]:
        content = json.loads(self.archive.files.get(MODELS_FILE, b"{}"))
        return {str(task): str(model) for task, model in content.items()}

    def plan(
        self, deployment: Deployment, model: TaskModel, rows: Sequence[Label], told: Progress
    ) -> Answered:
        """Ask a model about cases, counted as the charter counts."""
        abstain = frozenset(self.charter.tasks[self.task].abstain)
        return answer(model, rows, abstain=abstain, prices=deployment.prices, progress=told)


def improve(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    task: str = "",
    release: str = "",
    texts: Sequence[tuple[str, str]] = (),
    since: datetime | None = None,
    prompted_models: PromptedModels | None = None,
    seed: int = 1,
    offer: bool = True,
    progress: Progress = lambda part, doing: None,
) -> Improvement:
    """Look for something better than the running release, prove it on cases it has not seen, and offer it.

    ``texts`` are the labelled texts the running release was trained on, needed where its model does
    not keep them. What is proven better, or not worse with more automation, becomes a release in
    stage draft with its measurements and ``release.proposed`` on the ledger. It is never promoted by
    this. Without ``offer`` nothing is stored but that one has looked. Run twice with the same labels: the same release, once;
    with other answers it is another turn, and every turn has less risk left (see ``take_turn``).

    Errors: ``InputProblem`` RW-IMPROVE-002 for an unknown task, RW-IMPROVE-003 for too few labels, with
    how many are missing, RW-IMPROVE-004 where the original texts are missing, RW-IMPROVE-005 for a task that
    nothing here can improve; as ``running_release`` where no release is named; ``Refused`` without the rights.
    """
    require(principal, "measure", use_case=use_case)
    require(principal, "release.build", use_case=use_case)
    subject = _subject(deployment, use_case, task, release, texts)
    labels = gather(
        deployment,
        principal,
        use_case,
        subject.task,
        release=subject.release.digest,
        since=since,
        known=subject.known,
        progress=progress,
    )
    parts = split(labels.rows, known=subject.known, learned=subject.before.learned)
    if subject.is_prompted:
        parts = _fewer(parts)
    require_enough(parts, labels)
    standing_out = noticed(labels)
    proposals, notes = _proposals(
        deployment, subject, parts, standing_out, models=prompted_models, seed=seed, progress=progress
    )
    compared, look = _compare(deployment, subject, proposals, parts, standing_out, progress)
    by_name = {one.name: one for one in proposals}
    winner, expected, why_not = _choose(
        deployment, subject, by_name, compared, parts, seed=seed, progress=progress
    )
    chosen = next((one for one in compared if one.name == winner), None)
    words = _words(chosen, expected) if chosen else ()
    found = Improvement(
        use_case=use_case,
        task=subject.task,
        running=subject.release.name,
        running_digest=subject.release.digest,
        labels=labels,
        parts=parts,
        noticed=standing_out,
        compared=compared,
        winner=winner,
        expected=expected,
        words=words,
        notes=(*subject.before.notes, *labels.notes, *notes, look.sentence),
        why_not=why_not,
    )
    if chosen is None or not offer:
        return found
    return offer_release(deployment, principal, found, by_name[winner], subject.archive)


def _subject(
    deployment: Deployment, use_case: str, task: str, name: str, texts: Sequence[tuple[str, str]]
) -> _Subject:
    release = running_release(deployment, use_case, name)
    loaded = deployment.loader.load(release.digest)
    charter = loaded.charter
    if not task and len(charter.tasks) == 1:
        task = next(iter(charter.tasks))
    require_task(charter, task)
    model = loaded.models.get(task)
    if model is None:
        raise InputProblem(
            "RW-IMPROVE-005",
            Problem(f"{release.name} has no model for `{task}`", hint="build a release that has one first"),
        )
    with deployment.store.read() as tx:
        archive = deployment.store.releases.archive(tx, release.digest)
    archive.verify(release.digest)
    prompt = charter.tasks[task].prompt
    before = _shown(archive.files.get(examples_file(prompt), b"")) if prompt else originals(model, texts)
    return _Subject(release, archive, charter, task, model, before)


def _shown(content: bytes) -> Originals:
    """The examples that stand in a prompt already: nothing is measured on them."""
    rows = []
    for line in content.decode("utf-8", "replace").splitlines():
        if line.strip():
            example = json.loads(line)  # a release whose examples cannot be read does not load
            rows.append((str(example["text"]), str(example["label"])))
    return Originals(tuple(rows))


def _fewer(parts: Parts) -> Parts:
    """At most so many cases of the parts to measure on, those whose keyed hash comes first."""
    compare, certify = (
        tuple(sorted(rows, key=lambda row: (row.position, row.case))[:MOST_PROMPTED])
        for rows in (parts.compare, parts.certify)
    )
    aside = dict(parts.aside)
    if left := len(parts.compare) + len(parts.certify) - len(compare) - len(certify):
        aside["a language model is asked about no more cases"] = left
    return Parts(parts.fit, compare, certify, aside)


def _proposals(
    deployment: Deployment,
    subject: _Subject,
    parts: Parts,
    standing_out: Sequence[Noticed],
    *,
    models: PromptedModels | None,
    seed: int,
    progress: Progress,
) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """Everything that is tried, and why something is not."""
    files = subject.archive.files
    if subject.is_prompted:
        if models is None:
            raise InputProblem(
                "RW-IMPROVE-005",
                Problem(f"`{subject.task}` is answered by a prompt, and no language model is set up"),
                hint="name the model in `models` of the charter and give its address and key",
            )
        return prompted(subject.charter, subject.task, files, parts.fit, models=models, seed=seed)
    found: list[Proposal] = []
    for liar in (None, *(one for one in standing_out if one.alone)):
        used = parts.fit if liar is None else tuple(row for row in parts.fit if not liar.is_behind(row))
        if liar is not None and not 0 < len(used) < len(parts.fit):
            continue
        progress(None, f"training{f' without the labels of {liar.source}' if liar else ''}")
        made = refit(
            deployment,
            task=subject.task,
            features=subject.charter.tasks[subject.task].features,
            files=files,
            models=subject.models,
            before=subject.before,
            fit=used,
            seed=seed,
        )
        if liar is not None:
            left = f"labels that only `{liar.source}` gave are left out ({len(parts.fit) - len(used)})"
            made = replace(made, name=f"refit without {liar.source}", words=(*made.words, left))
        found.append(made)
    return tuple(found), ()


def _compare(
    deployment: Deployment,
    subject: _Subject,
    proposals: Sequence[Proposal],
    parts: Parts,
    standing_out: Sequence[Noticed],
    progress: Progress,
) -> tuple[tuple[Compared, ...], Turn]:
    before = subject.plan(deployment, subject.model, parts.compare, progress)
    candidates = [
        Candidate(
            one.name, one.kind, one.words, subject.plan(deployment, one.task_model, parts.compare, progress)
        )
        for one in proposals
    ]
    margin = subject.charter.release.canary.margin
    most = Cost.parse(subject.charter.budget.per_case)
    dear = {
        one.name: f"costs {one.answered.cost_each} an answer, more than a case may ({most})"
        for one in candidates
        if one.answered.cost_each > most
    }
    answers = [(one.name, one.answered.right.tolist()) for one in candidates]
    content = [[[row.case, row.truth] for row in parts.compare], before.right.tolist(), answers]
    turn = take_turn(deployment, subject.release, subject.task, digest_of(content), risk=RISK)
    found = compare_all(
        before, candidates, margin=margin, against=dear, accused=standing_out, risk=turn.risk
    )
    return found, turn


def _choose(
    deployment: Deployment,
    subject: _Subject,
    proposals: Mapping[str, Proposal],
    compared: Sequence[Compared],
    parts: Parts,
    *,
    seed: int,
    progress: Progress,
) -> tuple[str, tuple[Expected, ...], str]:
    """The winner's name or none, what it would do alone, and why there is none.

    Only one proposal is ever looked at on the part to certify with, so that nothing is chosen by it.
    """
    better = best(compared, accepts=lambda one: one.comparison.verdict == "better")
    found = better or best(compared, accepts=lambda one: one.comparison.verdict == "not worse")
    if found is None:
        reasons = [f"{one.name} is {one.sentence}" for one in compared]
        return "", (), "; ".join(reasons) or "there is nothing to propose"
    rows = one_per_cluster(parts.certify)
    before = subject.plan(deployment, subject.model, rows, progress)
    after = subject.plan(deployment, proposals[found.name].task_model, rows, progress)
    expected = []
    for kind, promise in subject.charter.certificates.items():
        if promise.task == subject.task and promise.grader == "label":
            alpha, delta = Share(promise.alpha), Share(promise.delta)
            expected.append(
                Expected(
                    automation(kind, before, alpha=alpha, delta=delta),
                    automation(kind, after, alpha=alpha, delta=delta),
                    gain(before, after, alpha=alpha, delta=delta, seed=seed),
                )
            )
    if better is not None:
        return found.name, tuple(expected), ""
    if any(one.gain.low > 0 for one in expected) and not any(one.gain.high < 0 for one in expected):
        return found.name, tuple(expected), ""
    told = "; ".join(one.sentence for one in expected) or "the charter promises nothing about it"
    more = "not worse, and more automation is not proven"
    return "", tuple(expected), f"{found.name} is {found.sentence}; {more}: {told}"


def _words(chosen: Compared, expected: Sequence[Expected]) -> tuple[str, ...]:
    """What is different about the release offered, for people."""
    cpu = f"processor time of an answer {chosen.cpu_ms_before:.2f} → {chosen.cpu_ms:.2f} ms"
    return (
        *chosen.words,
        f"accuracy on cases nobody learned from: {chosen.sentence}",
        *(one.sentence for one in expected),
        f"cost of an answer {chosen.cost_before} → {chosen.cost}, {cpu}",
    )
