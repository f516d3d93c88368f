"""Verdicts: put the charter of a release to the evidence and to what is on record about people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from roadworthy.charter import Charter
from roadworthy.evidence import Evidence, Measurement
from roadworthy.gate import RequirementSet, Verdict, Waiver, decide
from roadworthy.operate import answers
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.words import check_words
from roadworthy.ports import Transaction
from roadworthy.principal import Approval, Principal, Role, require, require_person, require_second
from roadworthy.quantities import Digest, digest_of
from roadworthy.release import Release, Rollout
from roadworthy.stage import Stage

APPROVAL_VALID = timedelta(days=30)
LONGEST_WAIVER = timedelta(days=90)
_WHOLE = ("answer.", "quality.suite_not_worse", "trust.certificate")
"""Where the newest may not count and an older one does: answers by whom the charter names, and what `_that_still_speak` leaves out."""


def verdict(
    deployment: Deployment, principal: Principal, use_case: str, release_name: str, stage: Stage
) -> Verdict:
    """What the gate concludes now. Reading it changes nothing; asking twice may differ as evidence expires."""
    require(principal, "gate.read", use_case=use_case)
    with deployment.store.read() as tx:
        release = deployment.store.releases.rollout(tx, use_case).named(release_name)
        return judge(deployment, tx, release, stage)


def judge(deployment: Deployment, tx: Transaction, release: Release, stage: Stage) -> Verdict:
    """The verdict on one release, within a transaction (so that a promotion acts on what it read)."""
    return weigh(deployment, tx, release).verdict(stage)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A release and everything the gate looks at, read at one moment: any of its questions is answered from here."""

    release: Release
    charter: Charter
    evidence: Evidence
    waivers: tuple[Waiver, ...]
    notes: tuple[str, ...]
    requirements: RequirementSet
    now: datetime

    def verdict(self, stage: Stage, *, charter: Charter | None = None) -> Verdict:
        """What the gate concludes. With a ``charter``: what it would, had that been promised."""
        return decide(
            charter or self.charter,
            self.evidence,
            stage,
            self.now,
            requirements=self.requirements,
            release=self.release.digest,
            waivers=self.waivers,
            notes=self.notes,
        )


def weigh(
    deployment: Deployment, tx: Transaction, release: Release, *, rollout: Rollout | None = None
) -> Weighed:
    """Read what the gate looks at. Errors: as the loader, where the charter cannot be read.

    ``rollout`` is that of the use case, where it is known already.
    """
    now = deployment.now()
    charter = deployment.loader.charter(release.digest)
    approvals = deployment.store.evidence.approvals(tx, release.use_case, digest=release.digest)
    measured = deployment.store.evidence.newest(
        tx, release.use_case, release=release.digest, now=now, whole=_WHOLE
    )
    standing, answered = answers.standing(deployment, tx, charter, measured)
    measurements = [
        *_that_still_speak(deployment, tx, release, standing, now, rollout),
        *_about_people(deployment, tx, charter, release, approvals, now),
    ]
    demo = sorted({approval.principal for approval in approvals if approval.demo})
    return Weighed(
        release=release,
        charter=charter,
        evidence=Evidence.gather(measurements, now=now, release=release.digest),
        waivers=deployment.store.evidence.waivers(tx, release.use_case),
        notes=(*(f"approval given by demo account {name}" for name in demo), *answered),
        requirements=deployment.requirements,
        now=now,
    )


def approve(
    deployment: Deployment, principal: Principal, use_case: str, release_name: str, *, reason: str
) -> Approval:
    """A person's yes to a release, as business owner or risk officer of its charter. Never the author's.

    Errors: ``InputProblem`` RW-WORDS-001 for a reason that is no text to keep.
    """
    require(principal, "release.approve", use_case=use_case)
    require_person(principal, "an approval")
    check_words(reason=reason)
    with deployment.store.write() as tx:
        release = deployment.store.releases.rollout(tx, use_case).named(release_name)
        require_second(principal, release.author, "the approval of a release")
        role = Role.RISK_OFFICER if Role.RISK_OFFICER in principal.roles else Role.OWNER
        now = deployment.now()
        approval = Approval(
            id=deployment.new_id(),
            use_case=use_case,
            kind="release",
            digest=release.digest,
            role=role,
            principal=principal.id,
            demo=principal.demo,
            reason=reason,
            at=now,
            expires_at=now + APPROVAL_VALID,
        )
        deployment.store.evidence.add_approval(tx, approval)
        deployment.record(
            tx,
            "release.approved",
            principal.id,
            {"use_case": use_case, "release": release.digest},
            {"role": role, "reason": reason, "demo": principal.demo},
        )
    return approval


def waive(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    requirement: str,
    subject: str,
    *,
    asked_by: str,
    reason: str,
    valid_for: timedelta,
) -> Waiver:
    """An exception with a reason and an end, granted by a second person.

    Errors: ``InputProblem`` RW-WORDS-001 for words that are no text to keep.
    """
    require(principal, "waiver.grant", use_case=use_case)
    require_person(principal, "a waiver")
    require_second(principal, asked_by, "a waiver")
    check_words(requirement=requirement, subject=subject, asked_by=asked_by, reason=reason)
    with deployment.store.write() as tx:
        waiver = Waiver(
            requirement=requirement,
            subject=subject,
            reason=reason,
            asked_by=asked_by,
            granted_by=principal.id,
            demo=principal.demo,
            expires_at=deployment.now() + min(valid_for, LONGEST_WAIVER),
        )
        keep_waiver(deployment, tx, use_case, waiver)
    return waiver


def keep_waiver(deployment: Deployment, tx: Transaction, use_case: str, waiver: Waiver) -> None:
    """Keep a waiver that its second person granted, and say so in the ledger."""
    deployment.store.evidence.add_waiver(tx, use_case, waiver)
    deployment.record(
        tx,
        "waiver.granted",
        waiver.granted_by,
        {"use_case": use_case},
        {
            "requirement": waiver.requirement,
            "subject": waiver.subject,
            "asked_by": waiver.asked_by,
            "reason": waiver.reason,
        },
    )


def _that_still_speak(
    deployment: Deployment,
    tx: Transaction,
    release: Release,
    measured: Sequence[Measurement],
    now: datetime,
    rollout: Rollout | None,
) -> list[Measurement]:
    """Measurements whose object is still what it was.

    A comparison speaks of the release that ran then, and a certificate's bound of a certificate that is
    in force: with another release in production, or the certificate suspended, they say nothing.
    """
    rollout = rollout or deployment.store.releases.rollout(tx, release.use_case)
    running = rollout.at(Stage.PRODUCTION)
    beside = running.digest if running and running.digest != release.digest else ""
    issued = deployment.store.evidence.certificates(tx, release.use_case, release=release.digest)
    in_force = {one.error_kind for one in issued if one.suspended_at is None and now < one.expires_at}

    def speaks(one: Measurement) -> bool:
        if one.kind == "quality.suite_not_worse":
            return one.detail.get("against_release", "") == beside
        unproven = one.value >= 1  # says that there is no certificate, which needs none
        return one.kind != "trust.certificate" or unproven or one.subject in in_force

    return [one for one in measured if speaks(one)]


def _about_people(
    deployment: Deployment,
    tx: Transaction,
    charter: Charter,
    release: Release,
    approvals: Sequence[Approval],
    now: datetime,
) -> list[Measurement]:
    """Facts about accounts and approvals, read at the moment of the decision."""
    owner = deployment.store.people.get(tx, charter.owners.business)
    accountable = owner is not None and not owner.disabled and Role.OWNER in owner.roles
    standing = [
        approval
        for approval in approvals
        if now < approval.expires_at and approval.principal != release.author
    ]
    by_owner = any(a.role is Role.OWNER and a.principal == charter.owners.business for a in standing)
    by_risk = any(a.role is Role.RISK_OFFICER and a.principal == charter.owners.risk for a in standing)

    def fact(kind: str, holds: bool, inputs: Digest) -> Measurement:
        return Measurement(
            id=deployment.new_id(),
            use_case=release.use_case,
            kind=kind,
            subject="",
            value=float(holds),
            unit="yes",
            n=1,
            method="read from the accounts and approvals on record",
            inputs=inputs,
            at=now,
            valid_for=timedelta(minutes=1),
            release=release.digest if kind.startswith("compliance") else "",
        )

    seen = digest_of([approval.id for approval in standing])
    return [
        fact("business.accountable_owner", accountable, digest_of(charter.owners.business)),
        fact("compliance.approved_by_owner", by_owner, seen),
        fact("compliance.approved_by_risk", by_risk, seen),
    ]
