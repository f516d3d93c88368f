"""The watchers of a running installation: they read the ledger on, and say what is not as it was promised.

What needs no label suspends the certificates that rest on it; labels decide what follows: spot checks before
it, and the answers of people afterwards, with which it is certified again.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from roadworthy.alerting import Finding
from roadworthy.business.costs.anomalies import Unusual
from roadworthy.charter import Charter
from roadworthy.errors import RoadworthyError
from roadworthy.gate.decide import Mark
from roadworthy.measure.costs import unusual_by_day
from roadworthy.measure.watching import inputs, objectives
from roadworthy.operate.at_work import at_work
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.spotchecks.watching import watched
from roadworthy.operate.verdicts import judge
from roadworthy.operate.watching.alarms import WATCHED
from roadworthy.operate.watching.feed import Batch, Reader
from roadworthy.ports import Transaction
from roadworthy.ports.costs import Costs
from roadworthy.principal import SYSTEM
from roadworthy.release import Release
from roadworthy.stage import LIVE, Stage
from roadworthy.telemetry import CaseFacts

MOST_OF_BATCH: Final = 100
"""Cases of one release whose predictions are read from one batch; of more, every so many-th."""
LOOK_EVERY: Final = timedelta(seconds=60)
_WATCHED: Final = frozenset({Stage.CANARY, Stage.PRODUCTION})
_THEMES: Final = frozenset({"data", "knowledge"})
_log = logging.getLogger("roadworthy.watching")


class Watchers:
    """Input drift, sources, outcomes, burn rates, costs, and silence. Shared by the feed and the alarms."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._known = inputs.Known()
        self._charters: dict[str, Charter] = {}
        self._found: tuple[datetime, tuple[Finding, ...]] | None = None
        self._days: dict[str, tuple[date, Unusual]] = {}

    # ── reading the ledger on ──

    def step(self, deployment: Deployment, reader: Reader) -> bool:
        """One batch. Twice at once: one of both keeps it. Errors: as the store."""
        observed = deployment.store.observed
        with deployment.store.read() as tx:
            position = observed.position(tx, WATCHED)
            newest = observed.newest(tx)
        start = position[0] if position else 0
        if position and start >= newest and (deployment.now() - position[1]) < LOOK_EVERY:
            return False
        batch = reader.batch(start) if start < newest else Batch(start, start, ())
        live = [
            facts
            for facts in reader.facts(batch.closed)
            if facts.case.stage in LIVE and not facts.case.twin
        ]
        with deployment.store.write() as tx:
            before = start if position else None
            if not observed.move(tx, WATCHED, before=before, to=batch.end, at=deployment.now()):
                return False
            self._keep(deployment, tx, live)
        return batch.end > batch.start

    def _keep(self, deployment: Deployment, tx: Transaction, live: Sequence[CaseFacts]) -> None:
        by_release: dict[tuple[str, str], list[CaseFacts]] = defaultdict(list)
        minutes: dict[str, objectives.Minutes] = defaultdict(dict)
        for facts in live:
            case = facts.case
            charter = self._charter(deployment, case.release)
            if charter is None:
                continue  # people did it, or its release cannot be read: nothing was promised about it
            by_release[case.use_case, case.release].append(facts)
            broken = objectives.breaks(facts, charter)
            counts = minutes[case.use_case].setdefault(
                objectives.minute_of(case.updated_at), [0] * (1 + len(broken))
            )
            counts[0] += 1
            for place, one in enumerate(broken, start=1):
                counts[place] += one
        # One order, so that two that write at once never wait for each other.
        for (use_case, release), some in sorted(by_release.items()):
            self._keep_inputs(deployment, tx, use_case, release, some)
        for use_case, found in sorted(minutes.items()):
            objectives.add_minutes(deployment, tx, use_case, found, deployment.now())

    def _keep_inputs(
        self,
        deployment: Deployment,
        tx: Transaction,
        use_case: str,
        release: str,
        some: Sequence[CaseFacts],
    ) -> None:
        names = inputs.names_for(deployment, release)
        if not names:
            return
        since = inputs.certified_since(deployment, tx, use_case, release)
        state = inputs.read_inputs(deployment, tx, use_case, release)
        if state is None or state.since != since or state.names != names:
            state = inputs.Inputs(since, names)
        every = -(-len(some) // MOST_OF_BATCH)
        picked = sorted(some[::every], key=lambda facts: facts.case.created_at)
        rows = [
            inputs.cells_of(deployment, tx, facts, names)
            for facts in picked
            if facts.case.created_at.isoformat() >= since
        ]
        inputs.save_inputs(deployment, tx, use_case, release, state.with_rows(rows))

    # ── what holds now ──

    def __call__(self, deployment: Deployment, now: datetime) -> Sequence[Finding]:
        """What holds, looked at anew once a minute. Certificates are suspended on the way. Errors: as the store."""
        if self._found is None or not timedelta(0) <= now - self._found[0] < LOOK_EVERY:
            self._found = (now, tuple(self._look(deployment, now)))
        return self._found[1]

    def _look(self, deployment: Deployment, now: datetime) -> Iterator[Finding]:
        releases = at_work(deployment, _WATCHED)
        for release in releases:
            for what, sentence in (*self._inputs(deployment, release), *self._sources(deployment, release)):
                suspend(deployment, release, sentence)
                yield Finding("drift.alarm", release.use_case, f"{release.name} {what}", sentence, now)
            yield from self._outcomes(deployment, release, now)
        for use_case in sorted({release.use_case for release in releases}):
            yield from self._burning(deployment, use_case, now)
            yield from self._silent(deployment, use_case, releases, now)
            yield from self._unusual(deployment, use_case, now)

    def _inputs(self, deployment: Deployment, release: Release) -> Iterator[tuple[str, str]]:
        with deployment.store.read() as tx:
            state = inputs.read_inputs(deployment, tx, release.use_case, release.digest)
            since = inputs.certified_since(deployment, tx, release.use_case, release.digest)
        # A certificate that is newer than what was watched rests on cases that the watch has not seen.
        if state is not None and state.since == since:
            yield from inputs.told(inputs.alarms(state, self._known, release.digest))

    def _sources(self, deployment: Deployment, release: Release) -> Iterator[tuple[str, str]]:
        """What the gate asks of data and knowledge and was measured to hold no longer."""
        with deployment.store.read() as tx:
            verdict = judge(deployment, tx, release, release.stage)
        for one in verdict.findings:
            if one.theme in _THEMES and one.mark is Mark.FAIL:
                yield f"{one.requirement} {one.subject}".strip(), f"{one.asks} {one.subject}: {one.reason}"

    def _outcomes(self, deployment: Deployment, release: Release, now: datetime) -> Iterator[Finding]:
        """Spot checks that rang: they suspended their certificate when they did."""
        charter = self._charter(deployment, release.digest)
        for kind in charter.certificates if charter else ():
            with deployment.store.read() as tx:
                known = watched(deployment, tx, release.use_case, release.digest, kind)
            if known is not None and known.watch.fires:
                subject = f"{release.name} outcomes {kind}"
                yield Finding("drift.alarm", release.use_case, subject, known.watch.sentence, now)

    def _burning(self, deployment: Deployment, use_case: str, now: datetime) -> Iterator[Finding]:
        with deployment.store.read() as tx:
            minutes = objectives.read_minutes(deployment, tx, use_case)
        for objective, found in objectives.burning(minutes, now):
            sentence = (
                f"{found.bad} of {found.events} cases in {found.rule.long // 60} h {objective.broken}: "
                f"{found.long or 0:.1f} times what the objective of {objective.objective.value:.0%} allows"
            )
            yield Finding(f"burn_rate.{found.rule.urgency}", use_case, objective.name, sentence, now)

    def _silent(
        self, deployment: Deployment, use_case: str, at_work: Sequence[Release], now: datetime
    ) -> Iterator[Finding]:
        for release in at_work:
            if release.use_case != use_case or release.stage is not Stage.PRODUCTION:
                continue
            with deployment.store.read() as tx:
                state = inputs.read_inputs(deployment, tx, use_case, release.digest)
                newest = deployment.store.cases.list(tx, use_case, limit=1).rows
            quiet = inputs.silence(state, newest[0].created_at, now) if state and newest else ""
            if quiet:
                yield Finding("data.missing", use_case, "cases", quiet, now)

    def _unusual(self, deployment: Deployment, use_case: str, now: datetime) -> Iterator[Finding]:
        """What yesterday's books say; read once a day."""
        today = now.date()
        known = self._days.get(use_case)
        if known is None or known[0] != today:
            found = unusual_by_day(deployment, use_case, costs=self._costs, today=today)
            known = self._days[use_case] = (today, found)
        for one in known[1].alarms:
            if one.day == today - timedelta(days=1):
                rule = "data.missing" if one.figure == "missing" else "cost.unusual"
                yield Finding(rule, use_case, one.figure, one.sentence, now)

    def _charter(self, deployment: Deployment, release: str) -> Charter | None:
        if release and release not in self._charters:
            try:
                self._charters[release] = deployment.loader.charter(release)
            except RoadworthyError as problem:
                _log.warning("a release is not watched: %s", problem.code)
                return None
        return self._charters.get(release)


def suspend(deployment: Deployment, release: Release, sentence: str) -> int:
    """Suspend what is in force of a release; returns how many. Again: nothing is left to suspend."""
    reason = f"not what was certified: {sentence}"
    count = 0
    with deployment.store.read() as tx:
        found = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    for one in found:
        if one.suspended_at is not None or one.expires_at <= deployment.now():
            continue
        with deployment.store.write() as tx:
            deployment.store.evidence.suspend(tx, one.id, at=deployment.now(), reason=reason)
            deployment.record(
                tx,
                "certificate.suspended",
                SYSTEM.id,
                {"use_case": one.use_case, "release": one.release, "certificate": one.id},
                {"kind": one.error_kind, "reason": reason},
            )
        count += 1
    return count
