"""A small world for the loop that improves: a real store, a real vault, a real trainer, made-up messages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from tests.operate import flows
from tests.operate.office import BEN, CHARTER, START, Office

from roadworthy.adapters.files import FileModels
from roadworthy.adapters.localmodels import TaskModel as LocalModel
from roadworthy.casework.case import CaseRecord, State
from roadworthy.casework.effect import Outcome, TrueOutcome
from roadworthy.casework.label import Chance, Label, same_text
from roadworthy.charter import Charter, read
from roadworthy.measure.improving import Improvement, improve
from roadworthy.measure.improving.prompting import PromptedModels
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.rollout import MODELS_FILE
from roadworthy.ports import LoadedRelease, TaskModel
from roadworthy.quantities import Cost, Id, Share
from roadworthy.release import Archive, Release, position
from roadworthy.stage import Stage

LABELS = tuple(f"queue-{number}" for number in range(6))
DESK = CHARTER.replace("text: text, floor: 0.5", "text: text, floor: 0.5, features: tfidf")

Texts = list[tuple[str, str]]


@cache
def word(label: int, number: int) -> str:
    """A made-up word. Its letters tell nothing about its label: features of characters may not give it away."""
    drawn = np.random.default_rng([label + 1, number, 5])
    return "".join(chr(97 + letter) for letter in drawn.integers(0, 26, 7))


def messages(count: int, seed: int, *, own: int = 40, share: float = 0.5) -> Texts:
    """Texts whose words partly belong to their label: the more of them were seen, the more are known."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        label = int(random.integers(len(LABELS)))
        words = [
            word(label, int(random.integers(own)))
            if random.random() < share
            else word(-1, int(random.integers(60)))
            for _ in range(6)
        ]
        found.append((" ".join([*words, str(random.integers(10**9))]), LABELS[label]))
    return found


def flipped(label: str) -> str:
    """The next label: what a source says that always lies in the same way."""
    return LABELS[(LABELS.index(label) + 1) % len(LABELS)]


class Training:
    """The port for training, over the real local trainer."""

    def train(
        self, task: str, texts: Sequence[str], labels: Sequence[str], *, features: str, seed: int
    ) -> tuple[TaskModel, bytes]:
        model = LocalModel.train(task, texts, labels, seed=seed, features=features)
        return model, model.to_bytes()


class Shop(Office):
    """The office of the verbs' tests with trained models: releases are loaded from their archives."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        models = folder / "models"
        models.mkdir()
        self.models = FileModels(models)
        self.deployment = replace(self.deployment, models=self.models, trainer=Training(), loader=self)
        self._number = 0
        self._loaded: dict[str, LoadedRelease] = {}
        self.prompted: PromptedModels | None = None

    def _archive(self, digest: str) -> Archive:
        with self.store.read() as tx:
            return self.store.releases.archive(tx, digest)

    def charter(self, digest: str) -> Charter:
        if digest not in self.charters:
            self.charters[digest] = read(self._archive(digest).files["charter.yaml"], file="charter.yaml")
        return self.charters[digest]

    def load(self, digest: str) -> LoadedRelease:
        if digest not in self._loaded:
            files = self._archive(digest).files
            charter, self.workflows[digest] = self.charter(digest), flows.nothing
            chosen = json.loads(files[MODELS_FILE])
            models: dict[str, TaskModel] = {
                task: LocalModel.from_bytes(self.models.get(model)) for task, model in chosen.items()
            }
            models |= {
                name: self.prompted(charter, name, files)
                for name, task in charter.tasks.items()
                if task.prompt and self.prompted
            }
            self._loaded[digest] = replace(super().load(digest), models=models)
        return self._loaded[digest]

    def run(self, texts: Texts, *, charter: str = DESK) -> Release:
        """A release trained on these texts, in production."""
        files = {"charter.yaml": charter.encode(), "workflow.py": b"# the same workflow\n"}
        release = build_from_folder(self.deployment, BEN, files, labelled=texts)
        running = replace(release, stage=Stage.PRODUCTION, share=Share(1.0))
        with self.store.write() as tx:
            self.store.releases.save(tx, running)
        return running

    def take(
        self, rows: Texts, *, source: str = "crm", said: Mapping[str, str] | None = None, slice_: str = ""
    ) -> list[Id]:
        """Closed cases with an outcome each (or one from each source of ``said``); every case has its own sender."""
        ids = []
        with self.store.write() as tx:
            for text, truth in rows:
                self._number += 1
                now = self.clock.now()
                subject = self.deployment.vault.pseudonym(f"sender-{self._number}@example.com")
                case = CaseRecord(
                    id=self.deployment.new_id(), use_case="desk", key=f"K{self._number}", twin="", subject=subject,
                    input=self.deployment.vault.seal(tx, subject, {"text": text}).id, release="",
                    stage=Stage.PRODUCTION, probability=1.0, state=State.CLOSED, version=1, run=1, segment=1,
                    handled_by="automatic", confidence=0.9, answer="", reason="", slice=slice_, cost=Cost(0),
                    created_at=now, updated_at=now,
                )  # fmt: skip
                self.store.cases.add(tx, case)
                ids.append(case.id)
                for who, label in (said or {source: truth}).items():
                    self.say(tx, case.id, label, who)
        return ids

    def say(self, tx: object, case: Id, truth: str, source: str) -> None:
        outcome = Outcome(
            self.deployment.new_id(),
            case,
            "desk",
            truth,
            TrueOutcome.UNCLEAR,
            source,
            "olga",
            self.clock.now(),
        )
        self.store.cases.add_outcome(tx, outcome)  # type: ignore[arg-type]

    def improve(self, texts: Texts, **more: object) -> Improvement:
        return improve(self.deployment, BEN, "desk", texts=texts, **more)  # type: ignore[arg-type]


def label(
    number: int,
    text: str,
    truth: str,
    *,
    sources: tuple[str, ...] = ("crm",),
    anchor: str = "",
    **more: object,
) -> Label:
    """A label as if it had been gathered."""
    named = anchor or f"s{number}"
    made = Label(
        Id(f"{number:06}"), text, truth, sources, START, named, named, position(named, "test"), "",
        Chance.REPORTED, "automatic", "", same_text(text),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]
