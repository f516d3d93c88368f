"""The evidence of a use case: what was measured last of everything, and one figure with all that is kept of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from roadworthy.evidence import Measurement
from roadworthy.operate import answers
from roadworthy.principal import require
from roadworthy.release import Release
from roadworthy.server.asking import Ask
from roadworthy.server.commands import measuring
from roadworthy.server.paging import paged
from roadworthy.server.views.shared import next_stage, plain, rollout_of
from roadworthy.server.views.use_case import chosen

FILTERS: Final = ("kind", "subject", "release", "after", "limit")
MOST_SHOWN: Final = 60
"""Earlier values of one figure that are drawn and listed."""


def evidence(ask: Ask) -> dict[str, Any]:
    """The newest measurement of every kind and subject; with ``kind`` (and ``subject``) one of them and those before it."""
    name, store = ask.path["name"], ask.deployment.store
    require(ask.principal, "gate.read", use_case=name)
    kind, subject = ask.query.get("kind", ""), ask.query.get("subject", "")
    with store.read() as tx:
        rollout = rollout_of(ask, tx, name)
        release = chosen(ask, rollout)
        found = store.evidence.measurements(tx, name, kind=kind)
        if kind:
            found = tuple(one for one in found if one.subject == subject)[:MOST_SHOWN]
        told = answers.notes(ask.deployment, tx, found[:1] if kind else ())
    names: dict[str, str] = {one.digest: one.name for one in rollout.releases}
    common = {"use_case": name, "kind": kind, "subject": subject, "release": release.name}
    if kind:
        rows = [_row(ask, one, names, release) for one in found]
        one = found[0] if found else None
        return plain(  # type: ignore[no-any-return]
            common
            | {
                "measurements": rows,
                "detail": _detail(one, told) if one else None,
                "asked_by": [
                    {"id": row.id, "asks": row.asks.replace("{subject}", subject)}
                    for row in ask.deployment.requirements.requirements
                    if row.measured_by == kind
                ],
                "command": _command(ask, kind, subject, release),
                "after": "",
            }
        )
    newest: dict[tuple[str, str], Measurement] = {}
    for one in found:
        newest.setdefault((one.kind, one.subject), one)
    page, after = paged(ask, newest.values(), lambda one: f"{one.kind} {one.subject} {one.id}")
    return plain(  # type: ignore[no-any-return]
        common
        | {
            "measurements": [_row(ask, one, names, release) for one in page],
            "detail": None,
            "asked_by": [],
            "command": f"roadworthy gate {name} --measure",
            "after": after,
        }
    )


def _row(ask: Ask, one: Measurement, names: dict[str, str], release: Release) -> dict[str, Any]:
    now = ask.deployment.now()
    return {
        "id": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "value": one.value if math.isfinite(one.value) else None,
        "low": one.interval.low if one.interval else None,
        "high": one.interval.high if one.interval else None,
        "unit": one.unit,
        "n": one.n,
        "method": one.method,
        "inputs": one.inputs,
        "release": names.get(one.release, one.release),
        "simulated": list(one.simulated),
        "at": one.at.isoformat(),
        "valid_until": one.valid_until.isoformat(),
        "holds": one.holds(now=now, release=release.digest),
    }


def _detail(one: Measurement, told: Mapping[str, str]) -> dict[str, Any]:
    kept = {name: value for name, value in one.detail.items() if name != "note"}
    note = told.get(one.id, "")
    return kept | ({"note": note} if note else {})


def _command(ask: Ask, kind: str, subject: str, release: Release) -> str:
    rows = [row.id for row in ask.deployment.requirements.requirements if row.measured_by == kind]
    return measuring(
        kind,
        subject,
        row=rows[0] if rows else "ROW",
        use_case=ask.path["name"],
        release=release.name,
        stage=next_stage(release),
    )
