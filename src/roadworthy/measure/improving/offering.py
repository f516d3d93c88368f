"""Offering: the winner becomes a release in stage draft, with its measurements bound to it."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.measure.fact import Fact, keep
from roadworthy.measure.improving.comparing import Compared
from roadworthy.measure.improving.proposal import Proposal
from roadworthy.measure.improving.report import Improvement
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.rollout import build
from roadworthy.operate.words import LONGEST
from roadworthy.principal import Principal
from roadworthy.release import Archive, Release
from roadworthy.stage import ENDED

COMPARED = "improve.compared"
EXPECTED = "improve.expected_automation"


def offer_release(
    deployment: Deployment, principal: Principal, found: Improvement, winner: Proposal, running: Archive
) -> Improvement:
    """Build the release, keep what was measured of it, and put the proposal on the ledger.

    Run twice: the second finds the release and its measurements, and adds nothing. After a crash
    between the two it adds what is missing. A release that was offered, tried and ended is not offered
    again.
    """
    archive = Archive({**running.files, **winner.files})
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, found.use_case)
        measured = deployment.store.evidence.measurements(tx, found.use_case)
    known = next((release for release in rollout.releases if release.digest == archive.digest), None)
    if known is not None and known.stage in ENDED:
        why = f"{known.name} is the same, and it is {known.stage}: {known.reason or 'it ended'}"
        return replace(found, winner="", words=(), why_not=why)
    if known is not None and any(one.kind == COMPARED and one.release == known.digest for one in measured):
        return replace(found, release=known.name, digest=known.digest, again=True)
    if winner.blob:
        deployment.models.put(winner.blob)
    note = f"proposed by improve over {found.running}: {'; '.join(found.words)}"
    release = build(deployment, principal, archive, note=note[:LONGEST])
    chosen = next(one for one in found.compared if one.name == found.winner)
    keep(deployment, principal, release, _facts(found, chosen))
    _record(deployment, principal, found, chosen, release)
    return replace(found, release=release.name, digest=release.digest)


def _facts(found: Improvement, chosen: Compared) -> list[Fact]:
    inputs = [found.labels.digest, found.running_digest, found.task]
    told = chosen.comparison
    facts = [
        Fact(
            kind=COMPARED, subject=found.task, value=told.difference, unit="share", n=told.n,
            method=f"accuracy against {found.running}, {told.method}", interval=told.interval, inputs=inputs,
            of_release=True,
            detail={
                "verdict": told.verdict, "over": found.running_digest, "proposal": found.winner,
                "accuracy": chosen.accuracy, "accuracy_before": chosen.accuracy_before,
                "clusters": told.clusters, "slices": [look.as_json() for look in chosen.looks],
                "labels": found.labels.digest, "changes": list(found.words),
            },
        )
    ]  # fmt: skip
    for one in found.expected:
        facts.append(
            Fact(
                kind=EXPECTED, subject=one.after.kind, value=one.after.share, unit="share", n=one.after.n,
                method="Learn-then-Test on labelled cases that nothing else has seen; an expectation, no certificate",
                inputs=inputs, of_release=True,
                detail={
                    "before": one.before.share, "threshold": one.after.threshold, "bound": one.after.upper,
                    "threshold_before": one.before.threshold, "gain": [one.gain.low, one.gain.high],
                    "labels_needed": one.after.labels_needed,
                },
            )
        )  # fmt: skip
    return facts


def _record(
    deployment: Deployment, principal: Principal, found: Improvement, chosen: Compared, release: Release
) -> None:
    interval = chosen.comparison.interval
    with deployment.store.write() as tx:
        deployment.record(
            tx,
            "release.proposed",
            principal.id,
            {"use_case": found.use_case, "release": release.digest},
            {
                "name": release.name,
                "over": found.running_digest,
                "proposal": found.winner,
                "verdict": chosen.comparison.verdict,
                "difference": repr(chosen.comparison.difference),
                "interval": [repr(interval.low), repr(interval.high)] if interval else [],
                "n": chosen.comparison.n,
                "labels": found.labels.digest,
                "parts": {
                    name: len(rows)
                    for name, rows in (
                        ("fit", found.parts.fit), ("compare", found.parts.compare), ("certify", found.parts.certify),
                    )
                },
            },
        )  # fmt: skip
