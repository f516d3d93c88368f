"""The one place that knows which technology stands behind which port, and that reads the environment.

ROADWORTHY_HOME          the workspace (default: ``~/.roadworthy``)
ROADWORTHY_DATABASE_URL  where state lives (default: ``roadworthy.sqlite`` in the workspace)
ROADWORTHY_PRINCIPAL     who acts on the command line where nobody signed in
"""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.casework.vocabulary import Workflow
from roadworthy.charter import Charter
from roadworthy.gate import RequirementSet, parse_requirements
from roadworthy.ledger import SigningKey
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.deployment import Deployment, Prices
from roadworthy.operate.stopping import read_stopped
from roadworthy.ports import Knowledge, LoadedRelease, TaskModel, Transaction
from roadworthy.quantities import Cost, Digest, digest_of
from roadworthy.release import Archive

if TYPE_CHECKING:
    import numpy as np
    import sqlalchemy

LEDGER_ORIGIN = "roadworthy.local/ledger"
_PRICES = Prices(cpu_second=Cost(12_000))


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where an installation keeps its files. Secrets lie apart, so that they can be backed up apart."""

    home: Path
    database_url: str

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def session(self) -> Path:
        """The key of whoever is signed in on this machine."""
        return self.home / "session"


def workspace(home: Path | None = None, *, database_url: str = "") -> Workspace:
    """The workspace named by the arguments, else by the environment, else the default one."""
    place = home or Path(os.environ.get("ROADWORTHY_HOME") or Path.home() / ".roadworthy")
    place = place.expanduser().absolute()
    url = (
        database_url
        or os.environ.get("ROADWORTHY_DATABASE_URL")
        or f"sqlite:///{place / 'roadworthy.sqlite'}"
    )
    return Workspace(place, url)


def acting_name() -> str:
    """The account that acts on the command line where nobody signed in: the operating system's user."""
    raw = os.environ.get("ROADWORTHY_PRINCIPAL") or getpass.getuser()
    name = re.sub(r"[^a-z0-9._-]", "-", raw.lower())
    return name if re.match(r"[a-z]", name) and len(name) > 1 else f"user-{name}"


def open_deployment(place: Workspace, *, workers: int = 2, lease_ttl_s: float = 10.0) -> Deployment:
    """Open (and on first use create) an installation.

    Errors: ``Unavailable`` RW-STORE-00x if the database or the folder cannot be used,
    ``InputProblem`` RW-KEYS-001 for a key file that others can read.
    """
    from roadworthy.adapters.argon2 import Argon2Passwords
    from roadworthy.adapters.dbos import DbosEngine
    from roadworthy.adapters.files import (
        FileModels,
        SystemClock,
        SystemEntropy,
        make_private_folder,
        secret_file,
    )
    from roadworthy.adapters.folders import FolderLoader
    from roadworthy.adapters.sql import SqlStore, SqlVault, is_current, open_engine, upgrade

    for folder in (place.home, place.data, place.keys, place.models, place.releases):
        make_private_folder(folder)
    clock, entropy = SystemClock(), SystemEntropy()
    kek = secret_file(place.keys / "kek")
    ledger_key = SigningKey(LEDGER_ORIGIN, secret_file(place.keys / "ledger"))
    engine = open_engine(place.database_url)
    if not (is_current(engine) and DbosEngine.is_set_up(engine)):
        upgrade(engine)
        DbosEngine.migrate(engine)
    store = SqlStore(engine)
    vault = SqlVault(kek, clock, entropy)
    models = FileModels(place.models)
    assembly = _Assembly(place, models)

    def archive(digest: str) -> Archive:
        with store.read() as tx:
            return store.releases.archive(tx, digest)

    return Deployment(
        store=store,
        vault=vault,
        engine=DbosEngine(engine, _connection, workers=workers, lease_ttl_s=lease_ttl_s),
        loader=FolderLoader(archive, place.releases, assembly.assemble),
        models=models,
        trainer=assembly,
        passwords=Argon2Passwords(),
        clock=clock,
        entropy=entropy,
        clearance=Clearance(lambda: read_stopped(store), clock),
        requirements=requirements(),
        prices=_PRICES,
        ledger_key=ledger_key,
        ledger_origin=LEDGER_ORIGIN,
    )


def requirements() -> RequirementSet:
    """What the gate asks for, as shipped."""
    file = resources.files("roadworthy.gate") / "requirements.yaml"
    return parse_requirements(file.read_text(encoding="utf-8"), place="requirements.yaml")


def example_folder() -> Path:
    """The example company's use-case folder, as shipped inside the package."""
    return Path(str(resources.files("roadworthy.example"))) / "support"


def folder_files(folder: Path) -> dict[str, bytes]:
    """The files of a use-case folder that belong into a release."""
    from roadworthy.adapters.folders import read_folder

    return read_folder(folder)


def read_knowledge(folder: Path) -> tuple[Knowledge, ...]:
    """The articles of a knowledge folder, archived ones left out."""
    from roadworthy.adapters.markdown import read_articles

    return read_articles(folder)


def _connection(tx: Transaction) -> sqlalchemy.Connection:
    return tx.connection  # type: ignore[attr-defined,no-any-return]


class _Assembly:
    """Joins what a release names with the adapters that carry it out."""

    def __init__(self, place: Workspace, models: object) -> None:
        self._place = place
        self._models = models
        self._articles: dict[str, np.ndarray] = {}
        self._trained: tuple[Digest, TaskModel, bytes] | None = None

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embeddings from the one embedding model of this process, loaded when first asked for.

        A batch is the articles of a knowledge source, which every release searches: they are kept.
        """
        import numpy as np

        from roadworthy.adapters.localmodels import shared_minilm

        embedder = shared_minilm()
        if len(texts) == 1:
            return embedder.embed(texts)
        missing = [text for text in texts if text not in self._articles]
        for text, row in zip(missing, embedder.embed(missing), strict=True):
            self._articles[text] = row
        rows = np.stack([self._articles[text] for text in texts])
        self._articles = dict(zip(texts, rows, strict=True))
        return rows

    def train(
        self, task: str, texts: Sequence[str], labels: Sequence[str], *, features: str, seed: int
    ) -> tuple[TaskModel, bytes]:
        """A trained model. The same training asked for again gives the one that was trained last."""
        from roadworthy.adapters.localmodels import TaskModel as LocalModel

        asked = digest_of([task, features, seed, list(texts), list(labels)])
        if self._trained is None or self._trained[0] != asked:
            model = LocalModel.train(task, texts, labels, seed=seed, features=features)
            self._trained = (asked, model, model.to_bytes())
        return self._trained[1], self._trained[2]

    def assemble(self, digest: str, charter: Charter, workflow: Workflow, folder: Path) -> LoadedRelease:
        from roadworthy.adapters.cedar import CedarPolicies
        from roadworthy.adapters.markdown import ArticleRetriever, read_articles
        from roadworthy.adapters.sqltools import SqlSource, build
        from roadworthy.adapters.templates import TemplateWriter

        data = self._place.data / charter.use_case
        articles = {name: read_articles(data / source.path) for name, source in charter.knowledge.items()}
        embed = self.embed if any("minilm" in task.features for task in charter.tasks.values()) else None
        policies = {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted((folder / "policies").glob("*.cedar"))
        }
        replies = folder / "replies.json"
        return LoadedRelease(
            digest=digest,  # type: ignore[arg-type]
            charter=charter,
            workflow=workflow,
            policies=CedarPolicies(policies),
            models=self._task_models(charter, folder),
            retrievers={name: ArticleRetriever(found, embed) for name, found in articles.items()},
            articles=articles,
            writer=TemplateWriter(
                json.loads(replies.read_text(encoding="utf-8")) if replies.exists() else {}
            ),
            tools={
                name: build(name, tool, charter.data[tool.source].url if tool.source else "", data)
                for name, tool in charter.tools.items()
            },
            sources={name: SqlSource(source.url, data=data) for name, source in charter.data.items()},
        )

    def _task_models(self, charter: Charter, folder: Path) -> Mapping[str, TaskModel]:
        from roadworthy.adapters.localmodels import TaskModel as LocalModel

        choices = folder / "models.json"
        chosen = json.loads(choices.read_text(encoding="utf-8")) if choices.exists() else {}
        return {
            task: LocalModel.from_bytes(self._models.get(model))  # type: ignore[attr-defined]
            for task, model in chosen.items()
            if task in charter.tasks
        }
