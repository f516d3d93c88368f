"""Overdue: what nobody answers is not good. It counts where one look said wrong, and too much of it ends the trust."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from roadworthy.casework.case import CaseRecord
from roadworthy.charter import Charter, seconds
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.spotchecks.answering import judge_by_one_look
from roadworthy.operate.spotchecks.watching import suspend
from roadworthy.ports import Transaction
from roadworthy.ports.spotchecks import CheckState, SpotCheck
from roadworthy.trust import Certificate

OWED: Final = frozenset({CheckState.PENDING, CheckState.CONTRADICTED})
"""States in which a person owes an answer."""
TOLERATED: Final = 0.2
"""Share of the newest checks that may be overdue before their certificates are suspended."""
LEAST: Final = 5
"""So many overdue ones at least: one forgotten check is no sign of anything."""
LOOK_BACK: Final = timedelta(days=28)
_FEWEST, _MOST = 25, 500
"""Checks that are looked at: those of ``LOOK_BACK``, but with few cases these, and with many no more."""


def late_since(deployment: Deployment, charter: Charter) -> datetime:
    """What was asked for before this moment is overdue: it waits for more than twice the time it was due in."""
    return deployment.now() - timedelta(seconds=2 * seconds(charter.review.due))


def is_overdue(deployment: Deployment, tx: Transaction, check: SpotCheck, late: datetime) -> bool:
    """Somebody was asked about this check before ``late``, and has not answered."""
    return check.state in OWED and any(
        not one.answered_by and not one.void and one.asked_at < late
        for one in deployment.store.spot_checks.answers(tx, check.case)
    )


def settle_overdue(deployment: Deployment, tx: Transaction, case: CaseRecord, review: str) -> None:
    """A spot check waits for twice its time: it counts by what there is, or among those that are overdue.

    Nothing before twice the time, and nothing for a planted case, which says nothing of the release.
    Again: nothing changes.
    """
    checks = deployment.store.spot_checks
    asked, check = checks.asked(tx, review), checks.get(tx, case.id)
    charter = deployment.loader.charter(case.release)
    if asked is None or check is None or asked.asked_at >= late_since(deployment, charter):
        return
    if asked.answered_by or asked.void or check.state not in OWED:
        return
    if judge_by_one_look(deployment, tx, case):
        return
    certificates = deployment.store.evidence.certificates(tx, check.use_case, release=check.release)
    for kind in check.kinds:
        in_force = [one for one in certificates if one.error_kind == kind and one.suspended_at is None]
        if in_force:
            _weigh(deployment, tx, check, kind, in_force, charter)


def _weigh(
    deployment: Deployment,
    tx: Transaction,
    check: SpotCheck,
    kind: str,
    in_force: Sequence[Certificate],
    charter: Charter,
) -> None:
    """Suspend the certificates of a kind of error where too many of its checks are overdue.

    Like the watch it hears only of cases that ended after the certificates were given.
    """
    since = min(one.certified_at for one in in_force)
    late = late_since(deployment, charter)
    overdue = known = 0
    for one in _newest(deployment, tx, check, kind, since):
        if one.state is CheckState.JUDGED:
            known += 1
        elif is_overdue(deployment, tx, one, late):
            overdue += 1
    if overdue < LEAST or overdue <= TOLERATED * (overdue + known):
        return
    sentence = (
        f"{overdue} of the newest {overdue + known} spot checks of `{kind}` wait for an answer for more than twice "
        f"{charter.review.due}: what nobody looks at counts as wrong"
    )
    suspend(deployment, tx, check, kind, in_force, sentence)


def _newest(
    deployment: Deployment, tx: Transaction, check: SpotCheck, kind: str, since: datetime
) -> Sequence[SpotCheck]:
    """The newest checks of one release and kind of error, from ``since`` on; cancelled ones do not count."""
    found: list[SpotCheck] = []
    back, after = deployment.now() - LOOK_BACK, ""
    states = (*sorted(OWED), CheckState.JUDGED)
    while True:
        page = deployment.store.spot_checks.list(tx, check.use_case, states=states, after=after, limit=200)
        for one in page.rows:
            if one.release != check.release or kind not in one.kinds or one.closed_at < since:
                continue
            if len(found) >= _MOST or (len(found) >= _FEWEST and one.closed_at < back):
                return found
            found.append(one)
        after = page.after
        if not after:
            return found
