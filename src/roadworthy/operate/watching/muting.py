"""Muted alerts: they fire and are shown, and for a while nobody is told of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from roadworthy.alerting import Alert, AlertState, Mute
from roadworthy.errors import InputProblem, NotFound, Problem
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.ports.watching import Notice
from roadworthy.principal import Principal, require

LONGEST_MUTE: Final = timedelta(days=7)
MUTED: Final = "muted"
"""Stands where a notice waits for the end of a mute, in place of what kept it from being sent."""


def mute_alert(
    deployment: Deployment, principal: Principal, alert_id: str, *, until: datetime, why: str
) -> Mute:
    """Tell nobody of this alert until a moment, also where it ends and begins again before then.

    What still fires at that moment is told then. Again: the newest word stands.

    Errors: ``NotFound`` RW-ALERT-001; ``InputProblem`` RW-ALERT-005 for an end that has passed or lies more than
            ``LONGEST_MUTE`` ahead and for a missing reason, RW-WORDS-001 for a reason that cannot be kept.
    """
    check_words(reason=why)
    now = deployment.now()
    problems = []
    if until.tzinfo is None or not now < until <= now + LONGEST_MUTE:
        problems.append(
            Problem(f"expected a moment within the next {LONGEST_MUTE.days} days", place="until")
        )
    if not why.strip():
        problems.append(Problem("muting needs a reason", place="reason", hint="say why in a few words"))
    if problems:
        raise InputProblem("RW-ALERT-005", problems)
    with deployment.store.write() as tx:
        alert = _known(deployment, tx, principal, alert_id)
        mute = Mute(alert.key, alert.use_case, until, principal.id, now, why)
        deployment.store.alerts.mute(tx, mute)
        told = {"rule": alert.rule, "until": until.isoformat(), "reason": why}
        deployment.record(tx, "alert.muted", principal.id, _about(alert), told)
    return mute


def unmute_alert(deployment: Deployment, principal: Principal, alert_id: str) -> bool:
    """Tell of it again from now on. False where it was not muted. Errors: ``NotFound`` RW-ALERT-001."""
    now = deployment.now()
    with deployment.store.write() as tx:
        alert = _known(deployment, tx, principal, alert_id)
        was = deployment.store.alerts.mutes(tx, now).get(alert.key)
        if not deployment.store.alerts.unmute(tx, alert.key) or was is None:
            return False
        for notice in deployment.store.alerts.notices(tx, alert.id):
            if notice.problem == MUTED and notice.sent_at is None:
                deployment.store.alerts.failed(tx, notice.id, problem="", again_at=now)
        deployment.record(tx, "alert.unmuted", principal.id, _about(alert), {"rule": alert.rule})
    return True


def is_held(deployment: Deployment, tx: Transaction, notice: Notice, alert: Alert, now: datetime) -> bool:
    """Whether this notice is not sent now, because its alert is muted; what follows for it is noted.

    An alert that came and went while it was muted is never told, neither that it began nor that it ended.
    """
    alerts = deployment.store.alerts
    mute = alerts.mutes(tx, now).get(alert.key)
    if notice.state is AlertState.FIRING:
        if alert.state is AlertState.RESOLVED and notice.problem == MUTED:
            alerts.sent(tx, notice.id, at=now)
            return True
        if mute is not None:
            alerts.failed(tx, notice.id, problem=MUTED, again_at=mute.until)
            return True
        return False
    began = next(
        (
            one
            for one in alerts.notices(tx, alert.id)
            if one.channel == notice.channel and one.state is AlertState.FIRING
        ),
        None,
    )
    if began is not None and began.problem == MUTED:
        alerts.sent(tx, notice.id, at=now)
        return True
    return False


def _known(deployment: Deployment, tx: Transaction, principal: Principal, alert_id: str) -> Alert:
    alert = deployment.store.alerts.get(tx, alert_id)
    if alert is None:
        raise NotFound("RW-ALERT-001", f"no alert `{alert_id[:100]}`", hint="`roadworthy alerts list`")
    require(principal, "stop", use_case=alert.use_case)
    return alert


def _about(alert: Alert) -> dict[str, str]:
    return {"alert": alert.id, **({"use_case": alert.use_case} if alert.use_case else {})}
