"""Watching: every judged spot check moves the watch over its release and kind of error; a ring suspends certificates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from roadworthy.casework.effect import TrueOutcome
from roadworthy.charter import Charter
from roadworthy.operate.deployment import Deployment
from roadworthy.ports import Transaction
from roadworthy.ports.spotchecks import SpotCheck
from roadworthy.trust import Certificate
from roadworthy.trust.spotcheck import SpotCheckWatch

_WATCH: Final = "spot:"


@dataclass(frozen=True, slots=True)
class Watched:
    """The watch over one release and kind of error; it speaks of cases that ended from ``since`` on."""

    since: datetime
    watch: SpotCheckWatch


def watched(
    deployment: Deployment, tx: Transaction, use_case: str, release: str, kind: str
) -> Watched | None:
    """What the spot checks of a release say about a kind of error; None before the first result."""
    stored = deployment.store.evidence.watch(tx, use_case, release, _WATCH + kind)
    if not stored:
        return None
    value = json.loads(stored)
    return Watched(datetime.fromisoformat(value["since"]), SpotCheckWatch.from_json(value["watch"]))


def feed(deployment: Deployment, tx: Transaction, check: SpotCheck, charter: Charter) -> None:
    """Hand a judged check to the watch of each kind of error it speaks of, in the order in which labels come.

    Where the alarm rings, every certificate of that kind and release is suspended in this
    transaction. A certificate given after a ring begins a new watch, which hears only of later cases.
    """
    store = deployment.store
    certificates = store.evidence.certificates(tx, check.use_case, release=check.release)
    for kind in check.kinds:
        of_kind = [one for one in certificates if one.error_kind == kind]
        if not of_kind:
            continue  # nothing was promised, so that nothing can be broken
        before = _current(watched(deployment, tx, check.use_case, check.release, kind), of_kind, charter)
        if check.closed_at < before.since:
            continue
        after = before.watch.update(check.judgement is TrueOutcome.WRONG, q=check.q, floor=check.floor)
        state = {"since": before.since.isoformat(), "watch": after.as_json()}
        store.evidence.save_watch(tx, check.use_case, check.release, _WATCH + kind, json.dumps(state))
        if after.fires and not before.watch.fires:
            suspend(deployment, tx, check, kind, of_kind, after.sentence)


def _current(before: Watched | None, of_kind: Sequence[Certificate], charter: Charter) -> Watched:
    """The watch that hears of the next result: the stored one, unless it rang and a new certificate was given."""
    promised = [one for one in of_kind if before is None or one.suspended_at is None]
    if before is not None and not (before.watch.fires and promised):
        return before
    plan = charter.spot_checks
    return Watched(
        min(one.certified_at for one in promised),
        SpotCheckWatch.begin(
            promised=min((one.alpha for one in promised), key=float),
            least=plan.least,
            patience=plan.patience,
        ),
    )


def suspend(
    deployment: Deployment,
    tx: Transaction,
    check: SpotCheck,
    kind: str,
    of_kind: Sequence[Certificate],
    sentence: str,
) -> None:
    """Suspend the certificates that are in force, for what was found with this check."""
    for certificate in of_kind:
        if certificate.suspended_at is not None:
            continue
        deployment.store.evidence.suspend(tx, certificate.id, at=deployment.now(), reason=sentence)
        deployment.record(
            tx,
            "certificate.suspended",
            "system",
            {
                "use_case": check.use_case,
                "release": check.release,
                "certificate": certificate.id,
                "case": check.case,
            },
            {"kind": kind, "reason": sentence},
        )
