"""Alerts: looked for, written down, told through an outbox, acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from roadworthy.alerting import (
    RULES,
    Alert,
    AlertState,
    Backlog,
    BudgetFact,
    CertificateFact,
    Facts,
    Finding,
    HeldTool,
    change,
    findings,
    key_of,
)
from roadworthy.alerting.messages import as_json
from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError
from roadworthy.operate.at_work import on_the_road
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.watching.counting import FEED as FIGURES
from roadworthy.operate.watching.exporting import FEED as TRACES
from roadworthy.operate.watching.figures import MOST_BUDGETS, month_limits
from roadworthy.operate.watching.muting import is_held
from roadworthy.operate.watching.rollup import FEED as ROLLUP
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.ports.watching import Channel, Notice, Waiting
from roadworthy.principal import Principal, require
from roadworthy.release import Release
from roadworthy.usage import Level

ATTEMPT_FOR: Final = timedelta(seconds=60)
"""For so long a notice is one worker's: it may be sent twice if that worker dies, never lost."""
WATCHED: Final = "watching"
"""The feed of those who watch for drift and burning budgets."""
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 600.0
AT_ONCE: Final = 20
Watcher = Callable[[Deployment, datetime], Sequence[Finding]]
"""Finds at a moment what the rules of ``alerting`` know nothing of, under the name of one of ``RULES``: drift, burn
rates. Errors: what keeps it from looking."""
_log = logging.getLogger("roadworthy.alerts")


class Alarms:
    """A duty: looks at the facts, keeps what changed, and sends what is due.

    A receiver that is down delays its own notices and no others. Several workers may do it: an alert begins
    once, and a notice is taken by one of them. ``watchers`` find what the rules here do not look at.
    """

    def __init__(self, channels: Sequence[Channel], watchers: Sequence[Watcher] = ()) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._watchers = watchers
        self._charters: dict[str, Charter] = {}

    def __call__(self, deployment: Deployment) -> int:
        """One round. Returns how many notices were sent."""
        self.look(deployment)
        return self.send(deployment)

    def look(self, deployment: Deployment) -> None:
        """Compare what is found with what fires, and put into the outbox what people should know."""
        now = deployment.now()
        watched = [each for watcher in self._watchers for each in _watched(watcher, deployment, now)]
        with deployment.store.read() as tx:
            facts = self._facts(deployment, tx, now)
            firing = [one for one in deployment.store.alerts.firing(tx) if one.rule != "test"]
        found = change((*findings(facts), *watched), firing, now=now)
        if not (found.begun or found.seen or found.resolved):
            return
        with deployment.store.write() as tx:
            for key, finding in found.begun:
                self._begin(deployment, tx, key, finding, now)
            for alert in found.seen:
                deployment.store.alerts.save(tx, _still(deployment, tx, alert))
                self._refresh(deployment, tx, alert, now)
            for alert in found.resolved:
                self._end(deployment, tx, alert, now)

    def send(self, deployment: Deployment) -> int:
        """Send what is due, each notice once or, after a failure, again under the same id."""
        sent = 0
        with deployment.store.read() as tx:
            due = deployment.store.alerts.due(tx, deployment.now(), limit=AT_ONCE)
        for notice in due:
            channel = self._channels.get(notice.channel)
            if channel is None:
                continue  # the receiver is not configured here; another worker may know it
            now = deployment.now()
            with deployment.store.write() as tx:
                if not deployment.store.alerts.claim(tx, notice, until=now + ATTEMPT_FOR):
                    continue
                alert = deployment.store.alerts.get(tx, notice.alert)
                held = alert is not None and is_held(deployment, tx, notice, alert, now)
            if alert is not None and not held:
                sent += _send(deployment, channel, notice, alert)
        return sent

    def raise_test(self, deployment: Deployment, principal: Principal) -> Alert:
        """An alert with which nothing is wrong, told to every receiver at once and resolved at once.

        Errors: ``Refused``; ``InputProblem`` RW-ALERT-003 where no receiver is configured.
        """
        require(principal, "measure", use_case=principal.use_case)
        if not self._channels:
            raise InputProblem(
                "RW-ALERT-003",
                Problem("no receiver is configured", hint="write `alerts.yaml` in the workspace"),
            )
        now = deployment.now()
        finding = Finding("test", "", deployment.new_id(), f"a test asked for by {principal.id}", now)
        with deployment.store.write() as tx:
            alert = self._begin(deployment, tx, key_of(finding), finding, now)
            assert alert is not None, "its key is new"
        self.send(deployment)
        ended = replace(alert, state=AlertState.RESOLVED, resolved_at=deployment.now())
        with deployment.store.write() as tx:
            self._end(deployment, tx, ended, deployment.now())
        self.send(deployment)
        return ended

    def _begin(
        self, deployment: Deployment, tx: Transaction, key: str, finding: Finding, now: datetime
    ) -> Alert | None:
        rule = RULES[finding.rule]
        alert = Alert(
            id=deployment.new_id(),
            key=key,
            rule=rule.name,
            severity=rule.severity,
            use_case=finding.use_case,
            summary=finding.summary,
            owner=self._owner(deployment, tx, finding.use_case, rule.owner),
            runbook=rule.runbook,
            action=rule.action.replace("{use_case}", finding.use_case or "all"),
            cases=finding.cases[:3],
            state=AlertState.FIRING,
            since=finding.since,
            seen_at=now,
        )
        if not deployment.store.alerts.add(tx, alert):
            return None  # another worker was first
        self._record(deployment, tx, "alert.fired", alert)
        self._tell(deployment, tx, alert, now)
        return alert

    def _end(self, deployment: Deployment, tx: Transaction, alert: Alert, now: datetime) -> None:
        kept = deployment.store.alerts.get(tx, alert.id)
        if kept is None or kept.state is AlertState.RESOLVED:
            return
        ended = replace(kept, state=AlertState.RESOLVED, resolved_at=alert.resolved_at)
        deployment.store.alerts.save(tx, ended)
        self._record(deployment, tx, "alert.resolved", ended)
        self._tell(deployment, tx, ended, now)

    def _record(self, deployment: Deployment, tx: Transaction, kind: str, alert: Alert) -> None:
        about = {"alert": alert.id, **({"use_case": alert.use_case} if alert.use_case else {})}
        data = {"rule": alert.rule, "summary": alert.summary, "severity": alert.severity.value}
        deployment.record(tx, kind, "system", about, data)

    def _tell(self, deployment: Deployment, tx: Transaction, alert: Alert, now: datetime) -> None:
        for name in self._channels:
            notice = Notice(deployment.new_id(), alert.id, name, alert.state, 0, now, None, "")
            deployment.store.alerts.tell(tx, notice)

    def _refresh(self, deployment: Deployment, tx: Transaction, alert: Alert, now: datetime) -> None:
        """Receivers that forget are told again."""
        if not any(channel.refresh_s for channel in self._channels.values()):
            return
        for notice in deployment.store.alerts.notices(tx, alert.id):
            channel = self._channels.get(notice.channel)
            if channel is None or not channel.refresh_s or notice.state is not AlertState.FIRING:
                continue
            if notice.sent_at and (now - notice.sent_at).total_seconds() >= channel.refresh_s:
                deployment.store.alerts.tell(tx, replace(notice, due_at=now))

    def _owner(self, deployment: Deployment, tx: Transaction, use_case: str, role: str) -> str:
        """Who the charter names for the role; the role itself where no charter can be read."""
        for release in on_the_road(deployment, tx):
            charter = self._charter(deployment, release) if release.use_case == use_case else None
            if charter is not None:
                return str(getattr(charter.owners, role))
        return role

    def _charter(self, deployment: Deployment, release: Release) -> Charter | None:
        if release.digest not in self._charters:
            try:
                self._charters[release.digest] = deployment.loader.charter(release.digest)
            except RoadworthyError:
                return None
        return self._charters[release.digest]

    def _facts(self, deployment: Deployment, tx: Transaction, now: datetime) -> Facts:
        store = deployment.store
        effects = store.observed.effects(tx)
        certificates = []
        for release in on_the_road(deployment, tx):
            newest: dict[tuple[str, str], Any] = {}
            for one in store.evidence.certificates(tx, release.use_case, release=release.digest):
                newest.setdefault((one.error_kind, one.slice), one)
            certificates += [
                CertificateFact(one.id, release.use_case, one.error_kind, one.expires_at, one.suspended_at)
                for one in newest.values()
            ]
        beats = [(name, at) for name, (_, at) in store.switches.acknowledgements(tx).items()]
        moving = [row for row in store.observed.cases(tx) if row.labels[-1] in {"open", "delivering"}]
        return Facts(
            now=now,
            certificates=certificates,
            budgets=_budgets(self._charter, deployment, tx, now),
            overdue=_backlogs(store.observed.reviews(tx, due_before=now)),
            unknown=_backlogs(row for row in effects if row.labels[-1] == "unknown"),
            dead=_backlogs(row for row in effects if row.labels[-1] == "dead"),
            beats=beats,
            moving=sum(row.count for row in moving if now - row.oldest > timedelta(minutes=1)),
            behind=_behind(deployment, tx),
            held=_held(deployment, tx),
        )


def _held(deployment: Deployment, tx: Transaction) -> list[HeldTool]:
    """Tools that releases on the road would use and may not."""
    going = {release.digest for release in on_the_road(deployment, tx)}
    return [
        HeldTool(one.use_case, one.release[7:19], one.tool, str(one.hold), one.since)
        for one in deployment.store.tool_states.held(tx)
        if one.release in going
    ]


def list_alerts(
    deployment: Deployment, principal: Principal, *, use_case: str = "", after: str = "", limit: int = 50
) -> dict[str, Any]:
    """Alerts, newest first, each with what became of telling it."""
    require(principal, "gate.read", use_case=use_case or principal.use_case)
    wanted = use_case or principal.use_case
    with deployment.store.read() as tx:
        page = deployment.store.alerts.list(tx, use_case=wanted, after=after, limit=limit)
        told: dict[str, list[Mapping[str, object]]] = {alert.id: [] for alert in page.rows}
        for notice in deployment.store.alerts.notices(tx, *told):
            told[notice.alert].append(_notice(notice))
    rows = [{**as_json(alert), "notices": told[alert.id]} for alert in page.rows]
    return {"alerts": rows, "after": page.after}


def acknowledge_alert(deployment: Deployment, principal: Principal, alert_id: str, *, why: str) -> Alert:
    """Say that somebody looks at it. It fires on until its finding is gone. Again: the newest word stands.

    Errors: ``NotFound`` RW-ALERT-001; ``InputProblem`` RW-WORDS-001.
    """
    check_words(reason=why)
    with deployment.store.write() as tx:
        alert = deployment.store.alerts.get(tx, alert_id)
        if alert is None:
            raise NotFound("RW-ALERT-001", f"no alert `{alert_id[:100]}`", hint="`roadworthy alerts list`")
        require(principal, "stop", use_case=alert.use_case)
        seen = replace(
            alert,
            acknowledged_by=principal.id,
            acknowledged_at=deployment.now(),
            acknowledged_why=why,
        )
        deployment.store.alerts.save(tx, seen)
        about = {"alert": alert.id, **({"use_case": alert.use_case} if alert.use_case else {})}
        deployment.record(
            tx, "alert.acknowledged", principal.id, about, {"rule": alert.rule, "reason": why}
        )
    return seen


def _still(deployment: Deployment, tx: Transaction, alert: Alert) -> Alert:
    """What was acknowledged meanwhile stays so."""
    kept = deployment.store.alerts.get(tx, alert.id) or alert
    return replace(kept, summary=alert.summary, cases=alert.cases, seen_at=alert.seen_at)


def _send(deployment: Deployment, channel: Channel, notice: Notice, alert: Alert) -> int:
    try:
        channel.send(notice, replace(alert, state=notice.state), at=deployment.now())
    except RoadworthyError as problem:
        again = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(notice.attempts, 10))
        _log.warning("the receiver `%s` was not told: %s", channel.name, problem.code)
        with deployment.store.write() as tx:
            deployment.store.alerts.failed(
                tx, notice.id, problem=problem.code, again_at=deployment.now() + timedelta(seconds=again)
            )
        return 0
    with deployment.store.write() as tx:
        deployment.store.alerts.sent(tx, notice.id, at=deployment.now())
    return 1


def _watched(watcher: Watcher, deployment: Deployment, now: datetime) -> Sequence[Finding]:
    """What a watcher finds. That it cannot look is a finding too: nobody may take its silence for good news."""
    try:
        return watcher(deployment, now)
    except RoadworthyError as problem:
        name = type(watcher).__name__.lower()
        _log.warning("%s cannot look: %s", name, problem.code, extra={"code": problem.code})
        return (Finding("data.missing", "", name, f"{name} cannot look: {problem.code}", now),)


def _budgets(
    charter_of: Callable[[Deployment, Release], Charter | None],
    deployment: Deployment,
    tx: Transaction,
    now: datetime,
) -> list[BudgetFact]:
    first = date(now.year, now.month, 1)
    limits = month_limits(lambda release: charter_of(deployment, release), deployment, tx)
    spent = deployment.store.observed.spent(tx, first)
    found = [
        BudgetFact(use_case, "of cases", limit, spent.get(use_case, 0), now)
        for use_case, limit in limits.items()
    ]
    for level in (Level.PLATFORM, Level.UNIT, Level.USE_CASE):
        for row in deployment.store.metering.budgets(tx, level=level, limit=MOST_BUDGETS).rows:
            name, _, month = row.id.partition("@")
            if month == now.strftime("%Y-%m"):
                use_case = name.partition(":")[2] if level is Level.USE_CASE else ""
                found.append(BudgetFact(use_case, f"of calls ({name})", row.limit, row.spent, now))
    return found


def _backlogs(rows: Iterable[Waiting]) -> list[Backlog]:
    return [Backlog(row.labels[0], row.count, row.oldest, row.cases) for row in rows]


def _behind(deployment: Deployment, tx: Transaction) -> list[tuple[str, datetime]]:
    """Feeds that have more to read, by when they last moved."""
    newest = deployment.store.observed.newest(tx)
    found = []
    for feed in (FIGURES, ROLLUP, TRACES, WATCHED):
        position = deployment.store.observed.position(tx, feed)
        if position is not None and position[0] < newest:
            found.append((feed, position[1]))
    return found


def _notice(notice: Notice) -> Mapping[str, object]:
    return {
        "channel": notice.channel,
        "state": notice.state.value,
        "attempts": notice.attempts,
        "sent_at": notice.sent_at.isoformat() if notice.sent_at else None,
        "problem": notice.problem,
    }
