"""Proposals: what could be changed about a release so that a task is answered better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from roadworthy.casework.label import Label, same_text
from roadworthy.data.personal import Classifier, redact
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.rollout import MODELS_FILE, archive_of
from roadworthy.ports import TaskModel


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change of a release: the files of its archive that become others, and the model that answers then.

    ``blob`` is a trained model that goes into the store of models once the proposal is offered.
    """

    name: str
    kind: str
    files: Mapping[str, bytes] = field(repr=False)
    task_model: TaskModel
    words: tuple[str, ...] = ()
    """What is different, for people."""
    blob: bytes = field(default=b"", repr=False)


@runtime_checkable
class KeepsExamples(Protocol):
    """A task model that still has the labelled texts it learned from."""

    @property
    def trained_on(self) -> int:
        """How many texts it learned from."""

    @property
    def examples(self) -> Sequence[tuple[str, str]]:
        """Those it kept, with their labels; long ones may be cut."""


@dataclass(frozen=True, slots=True)
class Originals:
    """The labelled texts that the running release learned from, as far as they are at hand."""

    rows: tuple[tuple[str, str], ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        return frozenset(label for _, label in self.rows)

    @property
    def learned(self) -> dict[str, str]:
        """Label by text, for texts that have one label alone; a text with several maps to none of them."""
        found: dict[str, str] = {}
        for text, label in self.rows:
            digest = same_text(text)
            found[digest] = label if found.get(digest, label) == label else ""
        return found


def originals(model: TaskModel | None, texts: Sequence[tuple[str, str]]) -> Originals:
    """The texts given, else those that the running release's model keeps.

    Errors: ``InputProblem`` RW-IMPROVE-004 where neither is there: a model that learned from the new
    labels alone would forget everything that they do not show.
    """
    if texts:
        blank = [
            row for row, (text, label) in enumerate(texts, start=2) if not (text.strip() and label.strip())
        ]
        if blank:
            problems = [Problem("the text or the label is blank", line=row, column=1) for row in blank[:20]]
            raise InputProblem("RW-IMPROVE-004", problems, hint="correct the labelled texts")
        return Originals(tuple(texts))
    if isinstance(model, KeepsExamples) and model.examples:
        rows, notes = tuple(model.examples), []
        if len(rows) < model.trained_on:
            notes.append(f"the model keeps {len(rows)} of the {model.trained_on} texts it learned from")
        if cut := sum(text.endswith("…") for text, _ in rows):
            notes.append(f"{cut} of the texts it keeps may be cut short")
        return Originals(rows, tuple(notes))
    raise InputProblem(
        "RW-IMPROVE-004",
        "the texts that the running release learned from are not at hand",
        hint="name the file of labelled texts that it was trained on: `--texts FILE`",
    )


def refit(
    deployment: Deployment,
    *,
    task: str,
    features: str,
    files: Mapping[str, bytes],
    models: Mapping[str, str],
    before: Originals,
    fit: Sequence[Label],
    seed: int,
    without: str = "",
) -> Proposal:
    """The task's model, trained anew on the original texts and the labels of the part to learn from.

    Personal data that rules find in the texts of cases are replaced by pseudonyms before anything is
    learned from them: a model keeps what it learned from, and erasing a case does not reach into it.
    ``without`` leaves out the labels for which a source alone stands. The same labels give the same model.
    """
    used = [row for row in fit if row.sources != (without,)]
    hidden = Classifier()
    new = [(redact(row.text, hidden.spans(row.text))[0], row.truth) for row in sorted(used, key=_by_case)]
    texts, labels = zip(*before.rows, *new, strict=True)
    model, blob = deployment.trainer.train(task, texts, labels, features=features, seed=seed)
    plain = {name: content for name, content in files.items() if name != MODELS_FILE}
    archive = archive_of(plain, {**models, task: model.digest})
    added = Counter(label for _, label in new)
    counted = ", ".join(f"{label} +{n}" for label, n in added.most_common(12))
    if len(added) > 12:
        counted += f" and {len(added) - 12} more labels"
    words = [f"learned from {len(new)} labelled cases beside {len(before.rows)} texts: {counted}"]
    if without:
        words.append(f"labels that only `{without}` gave are left out ({len(fit) - len(used)})")
    return Proposal(
        f"refit without {without}" if without else "refit",
        "refit",
        {MODELS_FILE: archive.files[MODELS_FILE]},
        model,
        tuple(words),
        blob,
    )


def _by_case(row: Label) -> str:
    return row.case
