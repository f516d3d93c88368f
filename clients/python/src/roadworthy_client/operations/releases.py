"""What a client may ask for: releases. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator

from roadworthy_client.sending import Sender
from roadworthy_client.shapes.releases import (
    Approved,
    AssignmentTold,
    CertificateList,
    CertificateTold,
    DifferenceList,
    EvaluationList,
    EvaluationRow,
    EvidenceList,
    MeasurementTold,
    Moved,
    ReleaseList,
    ReleaseRow,
    ReleaseTold,
    UseCaseList,
    UseCaseRow,
    UseCaseTold,
    VerdictTold,
    WaiverKept,
    WaiverList,
    WaiverTold,
    WaiverWithdrawn,
)


class Releases(Sender):
    """What the API offers on releases."""

    def list_use_cases(self, *, after: str | None = None, limit: int | None = None) -> UseCaseList:
        """Use cases: how far their newest release is, and what waits."""
        return self._send(
            UseCaseList, "GET", "/api/v1/use-cases", {}, query={"after": after, "limit": limit},
        )

    def iter_use_cases(self, *, limit: int | None = None) -> Iterator[UseCaseRow]:
        """Use cases: how far their newest release is, and what waits. Page after page, until the end."""
        return self._pages(lambda after: self.list_use_cases(limit=limit, after=after), "use_cases")

    def show_use_case(
        self, name: str, *, stage: str | None = None, release: str | None = None,
    ) -> UseCaseTold:
        """One use case: charter, verdict, releases, certificates, stops, spot checks."""
        return self._send(
            UseCaseTold, "GET", "/api/v1/use-cases/{name}", {"name": name},
            query={"stage": stage, "release": release},
        )

    def read_verdict(
        self, name: str, *, stage: str | None = None, release: str | None = None,
    ) -> VerdictTold:
        """What the gate concludes now; of any stage and release, to see what would be asked there."""
        return self._send(
            VerdictTold, "GET", "/api/v1/use-cases/{name}/verdict", {"name": name},
            query={"stage": stage, "release": release},
        )

    def list_evidence(
        self, name: str, *, kind: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> EvidenceList:
        """The newest 2,000 measurements, newest first."""
        return self._send(
            EvidenceList, "GET", "/api/v1/use-cases/{name}/evidence", {"name": name},
            query={"kind": kind, "after": after, "limit": limit},
        )

    def iter_evidence(
        self, name: str, *, kind: str | None = None, limit: int | None = None,
    ) -> Iterator[MeasurementTold]:
        """The newest 2,000 measurements, newest first. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_evidence(name, kind=kind, limit=limit, after=after), "measurements",
        )

    def list_certificates(
        self, name: str, *, release: str | None = None, after: str | None = None, limit: int | None = None,
    ) -> CertificateList:
        """Proofs of a release: from which score on cases may be automatic, and why one does not hold."""
        return self._send(
            CertificateList, "GET", "/api/v1/use-cases/{name}/certificates", {"name": name},
            query={"release": release, "after": after, "limit": limit},
        )

    def iter_certificates(
        self, name: str, *, release: str | None = None, limit: int | None = None,
    ) -> Iterator[CertificateTold]:
        """Proofs of a release: from which score on cases may be automatic, and why one does not hold. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_certificates(name, release=release, limit=limit, after=after),
            "certificates",
        )

    def list_evaluations(
        self, name: str, *, suite: str | None = None, release: str | None = None, after: str | None = None,
        limit: int | None = None,
    ) -> EvaluationList:
        """Evaluations, newest first."""
        return self._send(
            EvaluationList, "GET", "/api/v1/use-cases/{name}/evaluations", {"name": name},
            query={"suite": suite, "release": release, "after": after, "limit": limit},
        )

    def iter_evaluations(
        self, name: str, *, suite: str | None = None, release: str | None = None, limit: int | None = None,
    ) -> Iterator[EvaluationRow]:
        """Evaluations, newest first. Page after page, until the end."""
        return self._pages(
            lambda after: self.list_evaluations(name, suite=suite, release=release, limit=limit, after=after),
            "evaluations",
        )

    def list_waivers(self, name: str, *, after: str | None = None, limit: int | None = None) -> WaiverList:
        """Exceptions that were granted."""
        return self._send(
            WaiverList, "GET", "/api/v1/use-cases/{name}/waivers", {"name": name},
            query={"after": after, "limit": limit},
        )

    def iter_waivers(self, name: str, *, limit: int | None = None) -> Iterator[WaiverTold]:
        """Exceptions that were granted. Page after page, until the end."""
        return self._pages(lambda after: self.list_waivers(name, limit=limit, after=after), "waivers")

    def grant_waiver(
        self, name: str, *, requirement: str, subject: str | None = None, asked_by: str, reason: str,
        days: int, idempotency_key: str = "",
    ) -> WaiverKept:
        """Grant an exception that somebody else asked for."""
        return self._send(
            WaiverKept, "POST", "/api/v1/use-cases/{name}/waivers", {"name": name},
            body={"requirement": requirement, "subject": subject, "asked_by": asked_by, "reason": reason, "days": days},
            idempotency_key=idempotency_key,
        )

    def withdraw_waiver(
        self, name: str, *, requirement: str, subject: str | None = None, reason: str,
        idempotency_key: str = "",
    ) -> WaiverWithdrawn:
        """End an exception before its day; one person is enough."""
        return self._send(
            WaiverWithdrawn, "POST", "/api/v1/use-cases/{name}/waivers/withdraw", {"name": name},
            body={"requirement": requirement, "subject": subject, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def list_releases(
        self, name: str, *, after: str | None = None, limit: int | None = None,
    ) -> ReleaseList:
        """Releases with their stages and approvals, newest first."""
        return self._send(
            ReleaseList, "GET", "/api/v1/use-cases/{name}/releases", {"name": name},
            query={"after": after, "limit": limit},
        )

    def iter_releases(self, name: str, *, limit: int | None = None) -> Iterator[ReleaseRow]:
        """Releases with their stages and approvals, newest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_releases(name, limit=limit, after=after), "releases")

    def read_assignment(self, name: str, *, case: str) -> AssignmentTold:
        """Which release the case of a key has, or would get; the same key gets the same answer."""
        return self._send(
            AssignmentTold, "GET", "/api/v1/use-cases/{name}/assignment", {"name": name},
            query={"case": case},
        )

    def show_release(self, name: str, release: str) -> ReleaseTold:
        """One release: signature, files, and how its canary stands."""
        return self._send(
            ReleaseTold, "GET", "/api/v1/use-cases/{name}/releases/{release}",
            {"name": name, "release": release},
        )

    def compare_releases(self, name: str, *, before: str, after: str) -> DifferenceList:
        """What tells two releases apart, in words."""
        return self._send(
            DifferenceList, "GET", "/api/v1/use-cases/{name}/difference", {"name": name},
            query={"before": before, "after": after},
        )

    def approve_release(
        self, name: str, release: str, *, reason: str, idempotency_key: str = "", if_match: str = "",
    ) -> Approved:
        """A person's yes to a release, as business owner or risk officer; never its author's."""
        return self._send(
            Approved, "POST", "/api/v1/use-cases/{name}/releases/{release}/approve",
            {"name": name, "release": release}, body={"reason": reason}, idempotency_key=idempotency_key,
            if_match=if_match,
        )

    def promote_release(
        self, name: str, release: str, *, to: str, share: float | None = None, idempotency_key: str = "",
        if_match: str = "",
    ) -> Moved:
        """Move a release one stage on, or its canary one step, if the gate passes."""
        return self._send(
            Moved, "POST", "/api/v1/use-cases/{name}/releases/{release}/promote",
            {"name": name, "release": release}, body={"to": to, "share": share},
            idempotency_key=idempotency_key, if_match=if_match,
        )

    def abort_release(
        self, name: str, release: str, *, reason: str, idempotency_key: str = "", if_match: str = "",
    ) -> Moved:
        """Halt a release at once."""
        return self._send(
            Moved, "POST", "/api/v1/use-cases/{name}/releases/{release}/abort",
            {"name": name, "release": release}, body={"reason": reason}, idempotency_key=idempotency_key,
            if_match=if_match,
        )

    def roll_back(self, name: str, *, reason: str, idempotency_key: str = "") -> Moved:
        """Halt what is in production and bring back the release before it."""
        return self._send(
            Moved, "POST", "/api/v1/use-cases/{name}/rollback", {"name": name}, body={"reason": reason},
            idempotency_key=idempotency_key,
        )
