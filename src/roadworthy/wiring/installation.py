"""Opening an installation: which technology stands behind which port."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.gate import RequirementSet, parse_requirements
from roadworthy.ledger import SigningKey
from roadworthy.operate.archives import signed_archive
from roadworthy.operate.clearance import Clearance
from roadworthy.operate.deployment import Deployment, Prices
from roadworthy.operate.stopping import read_stopped
from roadworthy.ports import Clock, Loader, Transaction
from roadworthy.ports.slips import Slips
from roadworthy.quantities import Cost, Id, new_id
from roadworthy.release import Archive
from roadworthy.wiring.assembly import Assembly
from roadworthy.wiring.place import Workspace
from roadworthy.wiring.tables import instruments

if TYPE_CHECKING:
    import sqlalchemy

LEDGER_ORIGIN = "roadworthy.local/ledger"
_PRICES = Prices(cpu_second=Cost(12_000))


def open_deployment(place: Workspace, *, workers: int = 2, lease_ttl_s: float = 10.0) -> Deployment:
    """Open (and on first use create) an installation.

    Errors: ``Unavailable`` RW-STORE-00x if the database or the folder cannot be used,
    ``InputProblem`` RW-KEYS-001 for a key file that others can read, RW-KEYS-003 and 004 for a key
    that is missing or not the one that the database was used with: no key is ever replaced.
    """
    from roadworthy.adapters.argon2 import Argon2Passwords
    from roadworthy.adapters.dbos import DbosEngine
    from roadworthy.adapters.files import (
        FileIdeas,
        FileModels,
        FileSlips,
        SystemClock,
        SystemEntropy,
        make_private_folder,
    )
    from roadworthy.adapters.folders import FolderLoader
    from roadworthy.adapters.sql import SqlStore, SqlVault, is_current, open_engine, upgrade

    for folder in (place.home, place.data, place.keys, place.models, place.releases, place.stops):
        make_private_folder(folder)
    clock, entropy = SystemClock(), SystemEntropy()
    engine = open_engine(place.database_url)
    if not (is_current(engine) and DbosEngine.is_set_up(engine)):
        upgrade(engine)
        DbosEngine.migrate(engine)
    kek, ledger_key = _keys(place, engine)
    store = SqlStore(engine)
    slips = FileSlips(place.stops)
    vault = SqlVault(kek, clock, entropy)
    models = FileModels(place.models)
    assembly = Assembly(place, models, store=store, vault=vault, today=lambda: clock.now().date())

    def archive(digest: str) -> Archive:
        return signed_archive(store, ledger_key.verifier, digest)

    return Deployment(
        store=store,
        vault=vault,
        engine=DbosEngine(engine, _connection, workers=workers, lease_ttl_s=lease_ttl_s),
        loader=FolderLoader(archive, place.releases, assembly.assemble, check=archive),
        models=models,
        trainer=assembly,
        ideas=FileIdeas(place.ideas),
        passwords=Argon2Passwords(),
        clock=clock,
        entropy=entropy,
        clearance=Clearance(lambda: read_stopped(store, slips), clock),
        slips=slips,
        requirements=requirements(),
        prices=_PRICES,
        ledger_key=ledger_key,
        ledger_origin=LEDGER_ORIGIN,
        instruments=lambda: instruments(place),
    )


def beside_the_database(place: Workspace) -> tuple[Slips, Clock, Callable[[], Id]]:
    """What a stop takes where the database cannot be opened: its slips, the time, and new ids."""
    from roadworthy.adapters.files import FileSlips, SystemClock, SystemEntropy

    clock, entropy = SystemClock(), SystemEntropy()
    return FileSlips(place.stops), clock, lambda: new_id(clock.now(), entropy.bytes(10))


def sandbox_loader(place: Workspace, deployment: Deployment, folder: Path, use_case: str) -> Loader:
    """Loads releases whose tools and sources work on a copy of the data, never on the data themselves.

    ``folder`` is a copy of the use case's data folder. Errors: ``InputProblem`` RW-MIRROR-016 where it is
    none, or the very folder it should be a copy of.
    """
    from roadworthy.adapters.files import FileModels
    from roadworthy.adapters.folders import FolderLoader

    copy = folder.absolute()
    if not copy.is_dir() or copy.name != use_case or copy.resolve() == (place.data / use_case).resolve():
        raise InputProblem(
            "RW-MIRROR-016",
            Problem(
                "expected a copy of the data folder of the use case, by the same name", place=str(folder)
            ),
            hint=f"copy {place.data / use_case} somewhere else, and name the copy",
        )
    rehearsed = replace(place, data_folder=copy.parent)
    store = deployment.store

    def archive(digest: str) -> Archive:
        return signed_archive(store, deployment.ledger_key.verifier, digest)

    assembly = Assembly(
        rehearsed,
        FileModels(place.models),
        store=store,
        vault=deployment.vault,
        today=lambda: deployment.now().date(),
    )
    return FolderLoader(archive, place.releases, assembly.assemble, check=archive)


@cache
def requirements() -> RequirementSet:
    """What the gate asks for, as shipped: read once."""
    file = resources.files("roadworthy.gate") / "requirements.yaml"
    return parse_requirements(file.read_text(encoding="utf-8"), place="requirements.yaml")


def example_folder() -> Path:
    """The example company's use-case folder, as shipped inside the package."""
    return Path(str(resources.files("roadworthy.example"))) / "support"


def folder_files(folder: Path) -> dict[str, bytes]:
    """The files of a use-case folder that belong into a release."""
    from roadworthy.adapters.folders import read_folder

    return read_folder(folder)


def _keys(place: Workspace, engine: sqlalchemy.Engine) -> tuple[bytes, SigningKey]:
    """The installation's keys, made only where nothing was sealed or signed yet."""
    from roadworthy.adapters.files import require_secrets, secret_file
    from roadworthy.adapters.sql import check_keys, keys_in_use

    try:
        require_secrets(place.keys / name for name in keys_in_use(engine))
        kek = secret_file(place.keys / "kek")
        ledger = SigningKey(LEDGER_ORIGIN, secret_file(place.keys / "ledger"))
        check_keys(engine, kek, ledger, place=str(place.keys))
    except RoadworthyError:
        engine.dispose()
        raise
    return kek, ledger


def _connection(tx: Transaction) -> sqlalchemy.Connection:
    return tx.connection  # type: ignore[attr-defined,no-any-return]
