"""A plain use case in production, for benchmarks that need cases rather than intelligence."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import report  # noqa: F401  # finds the environment that has Roadworthy, before it is imported

from roadworthy.charter import Charter
from roadworthy.operate import access
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Connector, LoadedRelease, Loader
from roadworthy.principal import Principal
from roadworthy.quantities import Share, digest_of
from roadworthy.release import Release
from roadworthy.stage import Stage
from roadworthy.trust import Certificate
from roadworthy.wiring import Workspace, folder_files

USE_CASE = "plain"


class WrappedLoader:
    """A loader whose releases get other tools: where a benchmark looks in."""

    def __init__(self, inner: Loader, wrap: Callable[[str, Connector], Connector]) -> None:
        self._inner = inner
        self._wrap = wrap
        self._loaded: dict[str, LoadedRelease] = {}

    def charter(self, digest: str) -> Charter:
        return self._inner.charter(digest)

    def load(self, digest: str) -> LoadedRelease:
        if digest not in self._loaded:
            loaded = self._inner.load(digest)
            tools = {name: self._wrap(name, tool) for name, tool in loaded.tools.items()}
            self._loaded[digest] = replace(loaded, tools=tools)
        return self._loaded[digest]


def set_up(deployment: Deployment, place: Workspace) -> tuple[Principal, Release]:
    """The use case in production with a certificate that covers everything. Run twice: the same."""
    data = place.data / USE_CASE
    data.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(data / "target.sqlite") as target:
        target.execute("pragma journal_mode=wal")
        target.execute(
            "create table if not exists felt (idempotency_key text primary key, case_key text not null)"
        )
    target.close()
    who = access.first_account(deployment, id_="bench", name="bench")
    return who, in_production(deployment, who, Path(__file__).parent / "usecase", effects=("target.write",))


def in_production(
    deployment: Deployment, who: Principal, folder: Path, *, effects: tuple[str, ...]
) -> Release:
    """The use case of a folder, built and in production with a certificate for these effects. Run twice: the same."""
    built = build_from_folder(deployment, who, folder_files(folder))
    with deployment.store.write() as tx:
        release = deployment.store.releases.rollout(tx, built.use_case).find(built.digest)
        if release.stage is Stage.PRODUCTION:
            return release
        now = deployment.now()
        release = replace(release, stage=Stage.PRODUCTION, share=Share(1.0), stage_since=now)
        deployment.store.releases.save(tx, release)
        deployment.store.evidence.add_certificate(
            tx,
            Certificate(
                id=deployment.new_id(), use_case=release.use_case, release=release.digest, error_kind="any",
                alpha=Share(0.05), delta=Share(0.05), threshold=0.5, n=100, accepted=100, wrong=0, upper=0.03,
                automation=1.0, data_digest=digest_of([]), certified_at=now - timedelta(seconds=1),
                expires_at=now + timedelta(days=1), effects=effects,
            ),
        )  # fmt: skip
    return release
