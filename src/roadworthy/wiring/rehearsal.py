"""The mirrored environment of a drill: a copy of the workspace, wired to receivers that only write down."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.mirrored import Mirrored
from roadworthy.measure.drills.simulated import Rehearsed, recorded_answers
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.sandbox import sandboxed_sources
from roadworthy.ports.rehearsing import Witness
from roadworthy.release import Release
from roadworthy.wiring.installation import open_deployment
from roadworthy.wiring.place import Workspace

SEED = 7
READY = "ready"
"""What a worker of a drill says on its output once it takes jobs."""

_ALWAYS = ("effects", "answers of people")
_MODELS = "language models, from recorded answers and latencies"
_DATABASE, _WITNESS = "roadworthy.sqlite", "witness"


@contextmanager
def mirrored(place: Workspace, deployment: Deployment, release: Release) -> Iterator[Mirrored]:
    """A copy of the installation in which a drill may be as hard as it likes; cleared away afterwards.

    Copied: the database and the index of documents as they are at one moment, keys (to read only), trained
    models, and the data folder of the use case. Jobs that were under way stay with the original, duties of
    workers (alerts, telemetry) are not done. What a killed drill left behind is cleared away by the next one.

    Errors: ``InputProblem`` RW-DRILL-009 where state is not in SQLite, RW-MIRROR-015 for sources that no copy
    stands in for; ``Unavailable`` RW-DRILL-004.
    """
    from roadworthy.adapters.rehearsal import MARKER, FileWitness, ProcessCrew, left_behind

    charter = deployment.loader.charter(release.digest)
    sandboxed_sources(charter)
    folder = place.home / "drills"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in left_behind(folder):
        shutil.rmtree(old, ignore_errors=True)
    home = folder / uuid.uuid4().hex
    home.mkdir(mode=0o700)
    (home / MARKER).write_text(str(os.getpid()), encoding="utf-8")
    try:
        copy = _copied(place, home, release.use_case)
        command = [sys.executable, "-m", "roadworthy", "drill", "worker", "--home", str(home)]
        witness = FileWitness(home / _WITNESS)
        ours = open_rehearsed(copy, witness)
        try:
            _set_aside(copy)
            simulated = (*_ALWAYS, _MODELS) if charter.models else _ALWAYS
            with ProcessCrew(command, log=home / "workers.log") as crew:
                yield Mirrored(ours, crew, witness, simulated)
        finally:
            ours.store.close()
            witness.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def open_mirrored(home: Path) -> tuple[Deployment, Witness]:
    """A mirrored workspace as a worker of a drill opens it.

    Errors: ``InputProblem`` RW-DRILL-005 where no drill made the folder: nothing real is ever simulated.
    """
    from roadworthy.adapters.rehearsal import MARKER, FileWitness

    if not (home / MARKER).is_file():
        raise InputProblem(
            "RW-DRILL-005",
            Problem("no drill made this folder", place=str(home)),
            hint="`roadworthy drill list` tells which drills there are",
        )
    witness = FileWitness(home / _WITNESS)
    return open_rehearsed(_own(home), witness), witness


def open_rehearsed(copy: Workspace, witness: Witness) -> Deployment:
    """A deployment on a copy, whose releases reach nobody."""
    deployment = open_deployment(copy, workers=4)
    loader = Rehearsed(deployment.loader, witness, recorded_answers(deployment), seed=SEED)
    return replace(deployment, loader=loader)


def _own(home: Path) -> Workspace:
    return Workspace(home, f"sqlite:///{home / _DATABASE}")


def _copied(place: Workspace, home: Path, use_case: str) -> Workspace:
    from roadworthy.adapters.rehearsal import copy_data, copy_database

    copy = _own(home)
    copy_database(_file(place.database_url), home / _DATABASE)
    if place.knowledge_url.startswith("sqlite:///") and _file(place.knowledge_url).is_file():
        copy_database(_file(place.knowledge_url), _file(copy.knowledge_url))
    for source, target in (
        (place.keys, copy.keys),
        (place.models, copy.models),
        (place.data / use_case, copy.data / use_case),
    ):
        if source.is_dir():
            copy_data(source, target)
    for folder in (copy.keys, copy.models, copy.data):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    for key in copy.keys.iterdir():
        key.chmod(0o400)
    return copy


def _file(url: str) -> Path:
    if not url.startswith("sqlite:///"):
        raise InputProblem(
            "RW-DRILL-009",
            Problem("only state in SQLite can be mirrored, found another database"),
            hint="run the drill where the same release runs on a workspace with SQLite",
        )
    return Path(url.removeprefix("sqlite:///"))


def _set_aside(copy: Workspace) -> None:
    from roadworthy.adapters.dbos.setting_aside import set_aside
    from roadworthy.adapters.sql import open_engine

    engine = open_engine(copy.database_url)
    try:
        set_aside(engine)
    finally:
        engine.dispose()
