"""Joining what a release names with the adapters that carry it out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.casework.vocabulary import Workflow
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate.knowledge.keeping import bring_up_to_date
from roadworthy.operate.knowledge.retrieving import IndexRetriever
from roadworthy.operate.policies.tests import read_tests
from roadworthy.ports import LoadedRelease, Store, TaskModel, Vault
from roadworthy.quantities import Digest, digest_of
from roadworthy.wiring.knowledge import Shelves, forgotten
from roadworthy.wiring.language import chat_task, prompted_model
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.registries import registries
from roadworthy.wiring.tables import location_of, read_contract, source_reader
from roadworthy.wiring.tools import Toolmaker

if TYPE_CHECKING:
    import sqlalchemy

    from roadworthy.ports.knowledge import KnowledgeSource

_POSTGRES = re.compile(r"postgres(ql)?(\+psycopg)?://")
_THIS_MACHINE = frozenset({"", "localhost", "127.0.0.1", "::1"})


class Assembly:
    """Joins what a release names with the adapters that carry it out."""

    def __init__(
        self, place: Workspace, models: object, *, store: Store, vault: Vault, today: Callable[[], date]
    ) -> None:
        self._place = place
        self._models = models
        self._shelves = Shelves(place, vault.pseudonym, forgotten(store, vault), source_reader(place))
        self._today = today
        self._tools = Toolmaker(place, store)
        self._trained: tuple[Digest, TaskModel, bytes] | None = None

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
        """A release with everything that its charter names, ready to run."""
        from roadworthy.adapters.cedar import CedarPolicies
        from roadworthy.adapters.templates import TemplateWriter

        refuse_own_state(charter, self._place)
        data = self._place.data / charter.use_case
        bases = {name: self._base(charter, name) for name in charter.knowledge}
        policies = {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted((folder / "policies").glob("*.cedar"))
        }
        tests = {
            f"policies/tests/{path.name}": path.read_bytes()
            for path in sorted((folder / "policies" / "tests").glob("*.y*ml"))
        }
        replies = folder / "replies.json"
        read = source_reader(self._place)
        return LoadedRelease(
            digest=digest,  # type: ignore[arg-type]
            charter=charter,
            workflow=workflow,
            policies=CedarPolicies(policies, charter.tools, region=charter.region),
            policy_tests=read_tests(charter, tests),
            models=self._task_models(charter, folder),
            chats={
                task: chat_task(charter, task, _prompts(folder), self._place)
                for task, promise in charter.tasks.items()
                if promise.kind == "chat" and promise.prompt
            },
            retrievers={name: IndexRetriever(base, self._today) for name, base in bases.items()},
            bases=bases,
            writer=TemplateWriter(
                json.loads(replies.read_text(encoding="utf-8")) if replies.exists() else {}
            ),
            tools=self._tools.connectors(digest, charter, workflow.handler.__module__, folder, data),
            registries=registries(charter, data),
            sources={name: read(source.url, data) for name, source in charter.data.items()},
            contracts={
                name: read_contract(folder / source.contract, shown=source.contract)
                for name, source in charter.data.items()
                if source.contract
            },
            locations={name: location_of(source.url, data) for name, source in charter.data.items()},
        )

    def _base(self, charter: Charter, name: str) -> KnowledgeSource:
        """A knowledge source with its index up to date, as far as that can be now."""
        base = self._shelves.open(charter, name)
        bring_up_to_date(base)
        return base

    def _task_models(self, charter: Charter, folder: Path) -> Mapping[str, TaskModel]:
        from roadworthy.adapters.localmodels import TaskModel as LocalModel

        choices = folder / "models.json"
        chosen = json.loads(choices.read_text(encoding="utf-8")) if choices.exists() else {}
        local: dict[str, TaskModel] = {
            task: LocalModel.from_bytes(self._models.get(model))  # type: ignore[attr-defined]
            for task, model in chosen.items()
            if task in charter.tasks and not charter.tasks[task].prompt
        }
        asked = [
            task for task, promise in charter.tasks.items() if promise.kind == "classify" and promise.prompt
        ]
        if not asked:
            return local
        prompts = _prompts(folder)
        return {
            **local,
            **{task: prompted_model(charter, task, prompts, place=self._place) for task in asked},
        }


def _prompts(folder: Path) -> dict[str, bytes]:
    return {f"prompts/{path.name}": path.read_bytes() for path in sorted((folder / "prompts").glob("*"))}


def refuse_own_state(charter: Charter, place: Workspace) -> None:
    """No source of a charter is the database in which the product keeps approvals, reviews and cases.

    Servers are compared by host, port and database, whoever the user is; another name of the same
    server is not recognised. Errors: ``InputProblem`` RW-SQL-009, naming every such source.
    """
    data = place.data / charter.use_case
    problems = [
        Problem(
            "this is the database in which Roadworthy keeps its own state",
            place=f"data.{name}.url",
            hint="name a source of the business",
        )
        for name, source in charter.data.items()
        if _is_own(source.url, place, data)
    ]
    if problems:
        raise InputProblem("RW-SQL-009", problems)


def _is_own(url: str, place: Workspace, data: Path) -> bool:
    import sqlalchemy as sa

    from roadworthy.adapters.sqltools import file_at

    own = sa.make_url(place.database_url)
    file = file_at(url, data=data) if "://" in url else data / url.replace("{data}", str(data))
    if file is not None:
        if not own.drivername.startswith("sqlite") or not own.database:
            return False
        try:
            return file.samefile(own.database)
        except (OSError, ValueError):  # there is no such file: it is not the one that is open
            return False
    if not (_POSTGRES.match(url) and _POSTGRES.match(place.database_url)):
        return False
    try:
        return _server(sa.make_url(url)) == _server(own)
    except (sa.exc.ArgumentError, ValueError):
        return False  # no address at all: refused where it is opened


def _server(url: sqlalchemy.URL) -> tuple[str, int, str]:
    host = url.host or str(url.query.get("host", ""))
    port = url.port or int(str(url.query.get("port", 5432)))
    return ("" if host in _THIS_MACHINE else host.lower(), port, url.database or "")
