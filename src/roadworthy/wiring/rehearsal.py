"""The mirrored environment of a drill: a copy of the workspace, wired to receivers that only write down."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.measure.drills.absent import MayGoAway
from roadworthy.measure.drills.mirrored import Mirrored
from roadworthy.measure.drills.simulated import Rehearsed, recorded_answers
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.sandbox import sandboxed_sources
from roadworthy.ports.rehearsing import Witness
from roadworthy.release import Release
from roadworthy.wiring.installation import open_deployment
from roadworthy.wiring.language import language_model
from roadworthy.wiring.place import Workspace, environment, workspace

if TYPE_CHECKING:
    from roadworthy.adapters.rehearsal import FileOutages
    from roadworthy.ports import LanguageModel

SEED = 7
READY = "ready"
"""What a worker of a drill says on its output once it takes jobs."""

_ALWAYS = ("effects", "answers of people")
_MODELS = "language models, from recorded answers and latencies"
_DATABASE, _WITNESS = "roadworthy.sqlite", "witness"
_NAMED = "database"
"""Where the mirrored workspace keeps the name of its database on the server."""
_INDEX = "index of documents, built anew in SQLite"


@contextmanager
def mirrored(
    place: Workspace, deployment: Deployment, release: Release, *, may_go_away: bool = False
) -> Iterator[Mirrored]:
    """A copy of the installation in which a drill may be as hard as it likes; cleared away afterwards.

    Copied: the database and the index of documents as they are at one moment, keys (to read only), trained
    models, and the data folder of the use case. State in Postgres becomes a database of its own on the same
    server. Jobs that were under way stay with the original, duties of workers (alerts, telemetry) are not
    done. What a killed drill left behind is cleared away by the next one. ``may_go_away``: language models
    are asked at stand-ins on this machine, and they and tools can be taken away.

    Errors: ``InputProblem`` RW-MIRROR-015 for sources that no copy stands in for; ``Refused`` RW-DRILL-012
    where the account may not make a database; ``Unavailable`` RW-DRILL-004.
    """
    from roadworthy.adapters.rehearsal import MARKER, FileWitness, ProcessCrew, left_behind

    charter = deployment.loader.charter(release.digest)
    sandboxed_sources(charter)
    folder = place.home / "drills"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in left_behind(folder):
        _drop(place, old)
        shutil.rmtree(old, ignore_errors=True)
    home = folder / uuid.uuid4().hex
    home.mkdir(mode=0o700)
    (home / MARKER).write_text(str(os.getpid()), encoding="utf-8")
    with ExitStack() as ends:
        ends.callback(_clear_away, place, home)
        copy = _copied(place, home, release.use_case)
        command = [sys.executable, "-m", "roadworthy", "drill", "worker", "--home", str(home)]
        witness = FileWitness(home / _WITNESS)
        ends.callback(witness.close)
        outages = _outages(home, charter, ends) if may_go_away else None
        ours = open_rehearsed(copy, witness)
        ends.callback(ours.store.close)
        _set_aside(copy)
        named = {"ROADWORTHY_DATABASE_URL": copy.database_url, "ROADWORTHY_KNOWLEDGE_URL": ""}
        with ProcessCrew(command, log=home / "workers.log", environment=environment(but=named)) as crew:
            yield Mirrored(ours, crew, witness, _simulated(place, charter), outages)


def open_mirrored(home: Path) -> tuple[Deployment, Witness]:
    """A mirrored workspace as a worker of a drill opens it.

    Errors: ``InputProblem`` RW-DRILL-005 where no drill made the folder, or the database that the
    environment names is not the one that was made for it: nothing real is ever simulated.
    """
    from roadworthy.adapters.rehearsal import MARKER, FileWitness, beside

    if not (home / MARKER).is_file():
        raise _no_drill(home)
    own = _own(home)
    if name := _named(home):
        own = replace(own, database_url=workspace(home).database_url)
        if own.database_url.startswith("sqlite") or beside(own.database_url, name) != own.database_url:
            raise _no_drill(home)
    witness = FileWitness(home / _WITNESS)
    return open_rehearsed(own, witness), witness


def open_rehearsed(copy: Workspace, witness: Witness) -> Deployment:
    """A deployment on a copy, whose releases reach nobody."""
    from roadworthy.adapters.rehearsal import FileOutages

    deployment = open_deployment(copy, workers=4)
    outside = None
    if FileOutages.lie_in(copy.home):
        outages = FileOutages(copy.home)
        outside = MayGoAway(witness, outages, _stand_in(outages, copy))
    loader = Rehearsed(deployment.loader, witness, recorded_answers(deployment), seed=SEED, outside=outside)
    return replace(deployment, loader=loader)


def _stand_in(outages: FileOutages, copy: Workspace) -> Callable[[Charter, str], LanguageModel]:
    """The real client of a model of the charter, at the address of its stand-in and without its key."""

    def model(charter: Charter, name: str) -> LanguageModel:
        plan = charter.models[name].model_copy(update={"url": outages.addresses()[name], "secret": ""})
        at_home = charter.model_copy(update={"models": {**charter.models, name: plan}})
        return language_model(at_home, name, place=copy)

    return model


def _outages(home: Path, charter: Charter, ends: ExitStack) -> FileOutages:
    from roadworthy.adapters.rehearsal import FileOutages, ModelStandIn

    models = {}
    for name in charter.models:
        models[name] = ModelStandIn(name)
        ends.callback(models[name].close)
    outages = FileOutages(home, models)
    outages.end()
    return outages


def _simulated(place: Workspace, charter: Charter) -> tuple[str, ...]:
    told = [*_ALWAYS, *([_MODELS] if charter.models else [])]
    if charter.knowledge and not place.knowledge_url.startswith("sqlite:///"):
        told.append(_INDEX)
    return tuple(told)


def _own(home: Path) -> Workspace:
    return Workspace(home, f"sqlite:///{home / _DATABASE}")


def _named(home: Path) -> str:
    file = home / _NAMED
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _no_drill(home: Path) -> InputProblem:
    return InputProblem(
        "RW-DRILL-005",
        Problem("no drill made this folder", place=str(home)),
        hint="`roadworthy drill list` tells which drills there are",
    )


def _copied(place: Workspace, home: Path, use_case: str) -> Workspace:
    from roadworthy.adapters.rehearsal import copy_data, copy_database, is_postgres

    copy = _own(home)
    if is_postgres(place.database_url):
        copy = replace(copy, database_url=_copied_on_server(place, home))
    else:
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


def _copied_on_server(place: Workspace, home: Path) -> str:
    from roadworthy.adapters.dbos import DbosEngine
    from roadworthy.adapters.rehearsal import PREFIX, copy_rows, create_copy
    from roadworthy.adapters.sql import open_engine, upgrade

    name = f"{PREFIX}{home.name}"
    # Written down before it is made: whatever happens next, somebody knows what to drop.
    (home / _NAMED).write_text(name, encoding="utf-8")
    url = create_copy(place.database_url, name)
    engine = open_engine(url)
    try:
        upgrade(engine)
        DbosEngine.migrate(engine)
    finally:
        engine.dispose()
    copy_rows(place.database_url, url)
    return url


def _clear_away(place: Workspace, home: Path) -> None:
    try:
        _drop(place, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if not any(home.parent.iterdir()):
            home.parent.rmdir()


def _drop(place: Workspace, home: Path) -> None:
    """The database of a mirrored workspace, where it has one on the server."""
    from roadworthy.adapters.rehearsal import drop_copy, is_postgres

    if (name := _named(home)) and is_postgres(place.database_url):
        drop_copy(place.database_url, name)


def _file(url: str) -> Path:
    import sqlalchemy as sa

    return Path(sa.make_url(url).database or "")


def _set_aside(copy: Workspace) -> None:
    from roadworthy.adapters.dbos.setting_aside import set_aside
    from roadworthy.adapters.sql import open_engine

    engine = open_engine(copy.database_url)
    try:
        set_aside(engine)
    finally:
        engine.dispose()
