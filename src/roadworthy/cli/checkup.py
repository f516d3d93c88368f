"""What ``doctor`` looks at: everything a running server shows of itself, whether the workspace can be written, the ledger."""

from __future__ import annotations

import time
from pathlib import Path

from roadworthy.errors import RoadworthyError
from roadworthy.operate.bookkeeping import verify_ledger
from roadworthy.principal import Kind, Principal, Role
from roadworthy.wiring import Workspace, open_deployment, workspace
from roadworthy.wiring.checkup import Finding, keys_finding, machine_findings, nearest_folder, work_findings

_AUDITOR = Principal("doctor", "doctor", Kind.SERVICE, frozenset({Role.AUDITOR}))


def checkup(home: Path | None) -> list[Finding]:
    """Look at everything; nothing here raises, and nothing is changed but an empty workspace being set up."""
    place = workspace(home)
    findings = [*machine_findings(place), *_writable(place)]
    try:
        deployment = open_deployment(place)
    except RoadworthyError as problem:
        what = "keys" if problem.code.startswith("RW-KEYS-") else "installation"
        return [*findings, Finding(what, "bad", problem.message, problem.hint)]
    try:
        findings += [keys_finding(place), *work_findings(deployment)]
        waiting = deployment.store.ledger.waiting()
        audit = verify_ledger(deployment, _AUDITOR)
        found = f"{audit.size} entries verified, {waiting} wait for their place"
        next_step = "" if audit.holds else "`roadworthy ledger verify`"
        findings.append(Finding("ledger", "ok" if audit.holds else "bad", found, next_step))
    except RoadworthyError as problem:
        findings.append(Finding("installation", "bad", problem.message, problem.hint))
    finally:
        deployment.store.close()
    return findings


def _writable(place: Workspace) -> list[Finding]:
    folder = nearest_folder(place)
    probe = folder / f".roadworthy-probe-{time.time_ns()}"
    try:
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as problem:
        return [Finding("workspace", "bad", f"{folder}: {problem.strerror}", "choose another with --home")]
    return []
