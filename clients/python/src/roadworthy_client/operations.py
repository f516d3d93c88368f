"""The client. Written by clients/python/generate.py; change the API, not this file."""
# fmt: off

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from roadworthy_client.sending import Sender
from roadworthy_client.shapes import (
    AbsenceKept,
    AccountKept,
    AccountList,
    AccountRow,
    AlertList,
    AlertSeen,
    AlikeList,
    Approved,
    AssignmentTold,
    CaseList,
    CaseRow,
    CaseTold,
    CertificateList,
    CertificateTold,
    CheckpointTold,
    CostLine,
    CostReport,
    DecidedTogether,
    DifferenceList,
    EffectList,
    EffectRow,
    EffectTold,
    EntryList,
    EntryTold,
    EvaluationList,
    EvaluationRow,
    EvidenceList,
    ForecastTold,
    Grounds,
    InboxPage,
    IncidentTold,
    KeyIssued,
    KeyList,
    KeyRevoked,
    KeyRow,
    LineageTold,
    ListedReview,
    LookList,
    MeasurementTold,
    Moved,
    OutcomesKept,
    OwnAnswer,
    PassageList,
    ProofTold,
    RatingKept,
    ReleaseList,
    ReleaseRow,
    ReleaseTold,
    ReviewChanged,
    ReviewerList,
    ReviewFound,
    ReviewList,
    ReviewRow,
    ReviewTold,
    SkillKept,
    StopLifted,
    StopList,
    StopNow,
    StopThrown,
    TakenIn,
    ToldAlert,
    ToolFreed,
    ToolList,
    ToolRow,
    UseCaseList,
    UseCaseRow,
    UseCaseTold,
    UseList,
    UseTold,
    VerdictTold,
    WaiverKept,
    WaiverList,
    WaiverTold,
    WhoTold,
)


class Roadworthy(Sender):
    """Everything that the API offers, one method for each operation."""

    def submit_case(
        self,
        *,
        use_case: str,
        key: str,
        data: dict[str, Any],
        idempotency_key: str = "",
    ) -> TakenIn:
        """Take in a case; the same key again finds the same case."""
        return cast(TakenIn, self._send(
            "POST", "/api/v1/cases", {},
            body={"use_case": use_case, "key": key, "data": data},
            idempotency_key=idempotency_key,
        ))

    def list_cases(
        self,
        *,
        use_case: str | None = None,
        state: str | None = None,
        stage: str | None = None,
        release: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> CaseList:
        """Cases, newest first."""
        return cast(CaseList, self._send(
            "GET", "/api/v1/cases", {},
            query={"use_case": use_case, "state": state, "stage": stage, "release": release, "after": after, "limit": limit},
        ))

    def iter_cases(
        self,
        *,
        use_case: str | None = None,
        state: str | None = None,
        stage: str | None = None,
        release: str | None = None,
        limit: int | None = None,
    ) -> Iterator[CaseRow]:
        """Cases, newest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_cases(use_case=use_case, state=state, stage=stage, release=release, limit=limit, after=after), "cases")

    def record_outcome(
        self,
        key: str,
        *,
        truth: str,
        source: str,
        use_case: str,
        idempotency_key: str = "",
    ) -> OutcomesKept:
        """Note what the right answer was; the same source again changes nothing."""
        return cast(OutcomesKept, self._send(
            "POST", "/api/v1/cases/{key}/outcome", {"key": key},
            query={"use_case": use_case},
            body={"truth": truth, "source": source},
            idempotency_key=idempotency_key,
        ))

    def rate_case(
        self,
        key: str,
        *,
        stars: int,
        use_case: str,
        idempotency_key: str = "",
    ) -> RatingKept:
        """Say how content somebody was, 1 to 5 stars; rating again replaces it. It proves nothing about what was right."""
        return cast(RatingKept, self._send(
            "POST", "/api/v1/cases/{key}/rating", {"key": key},
            query={"use_case": use_case},
            body={"stars": stars},
            idempotency_key=idempotency_key,
        ))

    def explain_case(
        self,
        name: str,
        *,
        use_case: str | None = None,
    ) -> CaseTold:
        """Everything on record about a case, by id or key."""
        return cast(CaseTold, self._send(
            "GET", "/api/v1/cases/{name}", {"name": name},
            query={"use_case": use_case},
        ))

    def explain_policies(
        self,
        name: str,
        *,
        use_case: str | None = None,
    ) -> Grounds:
        """For every effect of a case: what policies said of it, by which rules, and what they say now."""
        return cast(Grounds, self._send(
            "GET", "/api/v1/policies/cases/{name}", {"name": name},
            query={"use_case": use_case},
        ))

    def read_lineage(
        self,
        name: str,
        *,
        use_case: str | None = None,
        form: str | None = None,
    ) -> LineageTold:
        """What a case's decision rests on, and what it caused."""
        return cast(LineageTold, self._send(
            "GET", "/api/v1/lineage/cases/{name}", {"name": name},
            query={"use_case": use_case, "form": form},
        ))

    def list_uses(
        self,
        kind: str,
        name: str,
        *,
        version: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> UseList:
        """Decisions that used a document, a model or a tool, newest first."""
        return cast(UseList, self._send(
            "GET", "/api/v1/lineage/{kind}/{name}", {"kind": kind, "name": name},
            query={"version": version, "after": after, "limit": limit},
        ))

    def iter_uses(
        self,
        kind: str,
        name: str,
        *,
        version: str | None = None,
        limit: int | None = None,
    ) -> Iterator[UseTold]:
        """Decisions that used a document, a model or a tool, newest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_uses(kind, name, version=version, limit=limit, after=after), "uses")

    def list_reviews(
        self,
        *,
        use_case: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> ReviewList:
        """Open reviews, the longest waiting first."""
        return cast(ReviewList, self._send(
            "GET", "/api/v1/reviews", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        ))

    def iter_reviews(
        self,
        *,
        use_case: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ListedReview]:
        """Open reviews, the longest waiting first. Page after page, until the end."""
        return self._pages(lambda after: self.list_reviews(use_case=use_case, limit=limit, after=after), "reviews")

    def show_review(
        self,
        id: str,
    ) -> ReviewTold:
        """One review: case, proposal, reasons, possible answers."""
        return cast(ReviewTold, self._send(
            "GET", "/api/v1/reviews/{id}", {"id": id},
        ))

    def decide_review(
        self,
        id: str,
        *,
        verdict: str,
        seen: str,
        reason: str | None = None,
        edits: dict[str, Any] | None = None,
        answer: str | None = None,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Answer a review, bound to the proposal that was seen."""
        return cast(ReviewChanged, self._send(
            "POST", "/api/v1/reviews/{id}/decide", {"id": id},
            body={"verdict": verdict, "seen": seen, "reason": reason, "edits": edits, "answer": answer},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def read_inbox(
        self,
        *,
        view: str | None = None,
        queue: str | None = None,
        use_case: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> InboxPage:
        """One part of the inbox, the most urgent first, and how much there is."""
        return cast(InboxPage, self._send(
            "GET", "/api/v1/inbox", {},
            query={"view": view, "queue": queue, "use_case": use_case, "after": after, "limit": limit},
        ))

    def iter_inbox(
        self,
        *,
        view: str | None = None,
        queue: str | None = None,
        use_case: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ReviewRow]:
        """One part of the inbox, the most urgent first, and how much there is. Page after page, until the end."""
        return self._pages(lambda after: self.read_inbox(view=view, queue=queue, use_case=use_case, limit=limit, after=after), "reviews")

    def claim_next(
        self,
        *,
        use_case: str | None = None,
        idempotency_key: str = "",
    ) -> ReviewFound:
        """Claim what comes first."""
        return cast(ReviewFound, self._send(
            "POST", "/api/v1/inbox/next", {},
            query={"use_case": use_case},
            body={},
            idempotency_key=idempotency_key,
        ))

    def decide_together(
        self,
        *,
        verdict: str,
        seen: dict[str, str],
        reason: str | None = None,
        idempotency_key: str = "",
    ) -> DecidedTogether:
        """Answer reviews that ask the same."""
        return cast(DecidedTogether, self._send(
            "POST", "/api/v1/inbox/decide", {},
            body={"verdict": verdict, "seen": seen, "reason": reason},
            idempotency_key=idempotency_key,
        ))

    def list_alike(
        self,
        id: str,
    ) -> AlikeList:
        """Open reviews that ask the same as this one."""
        return cast(AlikeList, self._send(
            "GET", "/api/v1/reviews/{id}/alike", {"id": id},
        ))

    def claim_review(
        self,
        id: str,
        *,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Claim a review, or renew the claim."""
        return cast(ReviewChanged, self._send(
            "POST", "/api/v1/reviews/{id}/claim", {"id": id},
            body={},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def release_review(
        self,
        id: str,
        *,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Give a review back to its queue."""
        return cast(ReviewChanged, self._send(
            "POST", "/api/v1/reviews/{id}/release", {"id": id},
            body={},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def assign_review(
        self,
        id: str,
        *,
        to: str,
        reason: str | None = None,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Have somebody do it."""
        return cast(ReviewChanged, self._send(
            "POST", "/api/v1/reviews/{id}/assign", {"id": id},
            body={"to": to, "reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def delegate_review(
        self,
        id: str,
        *,
        to: str,
        reason: str | None = None,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Hand on what one has."""
        return cast(ReviewChanged, self._send(
            "POST", "/api/v1/reviews/{id}/delegate", {"id": id},
            body={"to": to, "reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def answer_first(
        self,
        id: str,
        *,
        answer: str,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> OwnAnswer:
        """Give an answer of one's own before the proposal is shown."""
        return cast(OwnAnswer, self._send(
            "POST", "/api/v1/reviews/{id}/own-answer", {"id": id},
            body={"answer": answer},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def undo_decision(
        self,
        id: str,
        *,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> ReviewChanged:
        """Take an approval back before its effect leaves."""
        return cast(ReviewChanged, self._send(
            "POST", "/api/v1/reviews/{id}/undo", {"id": id},
            body={},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def note_absence(
        self,
        *,
        person: str | None = None,
        deputy: str | None = None,
        starts: str,
        ends: str,
        idempotency_key: str = "",
    ) -> AbsenceKept:
        """Say who is away and who stands in."""
        return cast(AbsenceKept, self._send(
            "POST", "/api/v1/absences", {},
            body={"person": person, "deputy": deputy, "starts": starts, "ends": ends},
            idempotency_key=idempotency_key,
        ))

    def end_absence(
        self,
        id: str,
        *,
        idempotency_key: str = "",
    ) -> AbsenceKept:
        """Somebody is back."""
        return cast(AbsenceKept, self._send(
            "POST", "/api/v1/absences/{id}/end", {"id": id},
            body={},
            idempotency_key=idempotency_key,
        ))

    def set_skill(
        self,
        *,
        person: str,
        skill: str,
        has: bool | None = None,
        idempotency_key: str = "",
    ) -> SkillKept:
        """Say what a reviewer can do beside their role."""
        return cast(SkillKept, self._send(
            "POST", "/api/v1/skills", {},
            body={"person": person, "skill": skill, "has": has},
            idempotency_key=idempotency_key,
        ))

    def read_reviewers(
        self,
        name: str,
        *,
        reviewer: str | None = None,
        days: str | None = None,
    ) -> ReviewerList:
        """Figures of reviewers, for themselves and the owner."""
        return cast(ReviewerList, self._send(
            "GET", "/api/v1/use-cases/{name}/reviewers", {"name": name},
            query={"reviewer": reviewer, "days": days},
        ))

    def list_effects(
        self,
        *,
        use_case: str | None = None,
        state: str | None = None,
        tool: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> EffectList:
        """Effects, newest first, without content."""
        return cast(EffectList, self._send(
            "GET", "/api/v1/effects", {},
            query={"use_case": use_case, "state": state, "tool": tool, "after": after, "limit": limit},
        ))

    def iter_effects(
        self,
        *,
        use_case: str | None = None,
        state: str | None = None,
        tool: str | None = None,
        limit: int | None = None,
    ) -> Iterator[EffectRow]:
        """Effects, newest first, without content. Page after page, until the end."""
        return self._pages(lambda after: self.list_effects(use_case=use_case, state=state, tool=tool, limit=limit, after=after), "effects")

    def show_effect(
        self,
        id: str,
    ) -> EffectTold:
        """One effect: where it stands, what holds it, who is in front of it, how its receiver does."""
        return cast(EffectTold, self._send(
            "GET", "/api/v1/effects/{id}", {"id": id},
        ))

    def retry_effect(
        self,
        id: str,
        *,
        reason: str,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> EffectTold:
        """A person says that a dead or unknown effect is to be sent."""
        return cast(EffectTold, self._send(
            "POST", "/api/v1/effects/{id}/retry", {"id": id},
            body={"reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def confirm_effect(
        self,
        id: str,
        *,
        reason: str,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> EffectTold:
        """A person says that an unknown or dead effect was felt."""
        return cast(EffectTold, self._send(
            "POST", "/api/v1/effects/{id}/confirm", {"id": id},
            body={"reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def park_effect(
        self,
        id: str,
        *,
        reason: str,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> EffectTold:
        """Hold a ready effect until somebody releases it."""
        return cast(EffectTold, self._send(
            "POST", "/api/v1/effects/{id}/park", {"id": id},
            body={"reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def release_effect(
        self,
        id: str,
        *,
        reason: str,
        behind: bool | None = None,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> EffectTold:
        """Let go an effect that a person parked, or those that wait behind it."""
        return cast(EffectTold, self._send(
            "POST", "/api/v1/effects/{id}/release", {"id": id},
            body={"reason": reason, "behind": behind},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def list_tools(
        self,
        name: str,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> ToolList:
        """Tools of the release that works, and what is known of them."""
        return cast(ToolList, self._send(
            "GET", "/api/v1/use-cases/{name}/tools", {"name": name},
            query={"after": after, "limit": limit},
        ))

    def iter_tools(
        self,
        name: str,
        *,
        limit: int | None = None,
    ) -> Iterator[ToolRow]:
        """Tools of the release that works, and what is known of them. Page after page, until the end."""
        return self._pages(lambda after: self.list_tools(name, limit=limit, after=after), "tools")

    def check_tool(
        self,
        name: str,
        tool: str,
        *,
        idempotency_key: str = "",
    ) -> LookList:
        """Look at a tool now: its definition, and the sample call of the charter."""
        return cast(LookList, self._send(
            "POST", "/api/v1/use-cases/{name}/tools/{tool}/check", {"name": name, "tool": tool},
            body={},
            idempotency_key=idempotency_key,
        ))

    def release_tool(
        self,
        name: str,
        tool: str,
        *,
        reason: str,
        idempotency_key: str = "",
    ) -> ToolFreed:
        """Set a tool going again that is held back; it is looked at first."""
        return cast(ToolFreed, self._send(
            "POST", "/api/v1/use-cases/{name}/tools/{tool}/release", {"name": name, "tool": tool},
            body={"reason": reason},
            idempotency_key=idempotency_key,
        ))

    def list_use_cases(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> UseCaseList:
        """Use cases: how far their newest release is, and what waits."""
        return cast(UseCaseList, self._send(
            "GET", "/api/v1/use-cases", {},
            query={"after": after, "limit": limit},
        ))

    def iter_use_cases(
        self,
        *,
        limit: int | None = None,
    ) -> Iterator[UseCaseRow]:
        """Use cases: how far their newest release is, and what waits. Page after page, until the end."""
        return self._pages(lambda after: self.list_use_cases(limit=limit, after=after), "use_cases")

    def show_use_case(
        self,
        name: str,
        *,
        stage: str | None = None,
        release: str | None = None,
    ) -> UseCaseTold:
        """One use case: charter, verdict, releases, certificates, stops, spot checks."""
        return cast(UseCaseTold, self._send(
            "GET", "/api/v1/use-cases/{name}", {"name": name},
            query={"stage": stage, "release": release},
        ))

    def read_verdict(
        self,
        name: str,
        *,
        stage: str | None = None,
        release: str | None = None,
    ) -> VerdictTold:
        """What the gate concludes now; of any stage and release, to see what would be asked there."""
        return cast(VerdictTold, self._send(
            "GET", "/api/v1/use-cases/{name}/verdict", {"name": name},
            query={"stage": stage, "release": release},
        ))

    def list_evidence(
        self,
        name: str,
        *,
        kind: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> EvidenceList:
        """The newest 2,000 measurements, newest first."""
        return cast(EvidenceList, self._send(
            "GET", "/api/v1/use-cases/{name}/evidence", {"name": name},
            query={"kind": kind, "after": after, "limit": limit},
        ))

    def iter_evidence(
        self,
        name: str,
        *,
        kind: str | None = None,
        limit: int | None = None,
    ) -> Iterator[MeasurementTold]:
        """The newest 2,000 measurements, newest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_evidence(name, kind=kind, limit=limit, after=after), "measurements")

    def list_certificates(
        self,
        name: str,
        *,
        release: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> CertificateList:
        """Proofs of a release: from which score on cases may be automatic, and why one does not hold."""
        return cast(CertificateList, self._send(
            "GET", "/api/v1/use-cases/{name}/certificates", {"name": name},
            query={"release": release, "after": after, "limit": limit},
        ))

    def iter_certificates(
        self,
        name: str,
        *,
        release: str | None = None,
        limit: int | None = None,
    ) -> Iterator[CertificateTold]:
        """Proofs of a release: from which score on cases may be automatic, and why one does not hold. Page after page, until the end."""
        return self._pages(lambda after: self.list_certificates(name, release=release, limit=limit, after=after), "certificates")

    def list_evaluations(
        self,
        name: str,
        *,
        suite: str | None = None,
        release: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> EvaluationList:
        """Evaluations, newest first."""
        return cast(EvaluationList, self._send(
            "GET", "/api/v1/use-cases/{name}/evaluations", {"name": name},
            query={"suite": suite, "release": release, "after": after, "limit": limit},
        ))

    def iter_evaluations(
        self,
        name: str,
        *,
        suite: str | None = None,
        release: str | None = None,
        limit: int | None = None,
    ) -> Iterator[EvaluationRow]:
        """Evaluations, newest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_evaluations(name, suite=suite, release=release, limit=limit, after=after), "evaluations")

    def list_waivers(
        self,
        name: str,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> WaiverList:
        """Exceptions that were granted."""
        return cast(WaiverList, self._send(
            "GET", "/api/v1/use-cases/{name}/waivers", {"name": name},
            query={"after": after, "limit": limit},
        ))

    def iter_waivers(
        self,
        name: str,
        *,
        limit: int | None = None,
    ) -> Iterator[WaiverTold]:
        """Exceptions that were granted. Page after page, until the end."""
        return self._pages(lambda after: self.list_waivers(name, limit=limit, after=after), "waivers")

    def grant_waiver(
        self,
        name: str,
        *,
        requirement: str,
        subject: str | None = None,
        asked_by: str,
        reason: str,
        days: int,
        idempotency_key: str = "",
    ) -> WaiverKept:
        """Grant an exception that somebody else asked for."""
        return cast(WaiverKept, self._send(
            "POST", "/api/v1/use-cases/{name}/waivers", {"name": name},
            body={"requirement": requirement, "subject": subject, "asked_by": asked_by, "reason": reason, "days": days},
            idempotency_key=idempotency_key,
        ))

    def list_releases(
        self,
        name: str,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> ReleaseList:
        """Releases with their stages and approvals, newest first."""
        return cast(ReleaseList, self._send(
            "GET", "/api/v1/use-cases/{name}/releases", {"name": name},
            query={"after": after, "limit": limit},
        ))

    def iter_releases(
        self,
        name: str,
        *,
        limit: int | None = None,
    ) -> Iterator[ReleaseRow]:
        """Releases with their stages and approvals, newest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_releases(name, limit=limit, after=after), "releases")

    def read_assignment(
        self,
        name: str,
        *,
        case: str,
    ) -> AssignmentTold:
        """Which release the case of a key has, or would get; the same key gets the same answer."""
        return cast(AssignmentTold, self._send(
            "GET", "/api/v1/use-cases/{name}/assignment", {"name": name},
            query={"case": case},
        ))

    def show_release(
        self,
        name: str,
        release: str,
    ) -> ReleaseTold:
        """One release: signature, files, and how its canary stands."""
        return cast(ReleaseTold, self._send(
            "GET", "/api/v1/use-cases/{name}/releases/{release}", {"name": name, "release": release},
        ))

    def compare_releases(
        self,
        name: str,
        *,
        before: str,
        after: str,
    ) -> DifferenceList:
        """What tells two releases apart, in words."""
        return cast(DifferenceList, self._send(
            "GET", "/api/v1/use-cases/{name}/difference", {"name": name},
            query={"before": before, "after": after},
        ))

    def approve_release(
        self,
        name: str,
        release: str,
        *,
        reason: str,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> Approved:
        """A person's yes to a release, as business owner or risk officer; never its author's."""
        return cast(Approved, self._send(
            "POST", "/api/v1/use-cases/{name}/releases/{release}/approve", {"name": name, "release": release},
            body={"reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def promote_release(
        self,
        name: str,
        release: str,
        *,
        to: str,
        share: float | None = None,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> Moved:
        """Move a release one stage on, or its canary one step, if the gate passes."""
        return cast(Moved, self._send(
            "POST", "/api/v1/use-cases/{name}/releases/{release}/promote", {"name": name, "release": release},
            body={"to": to, "share": share},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def abort_release(
        self,
        name: str,
        release: str,
        *,
        reason: str,
        idempotency_key: str = "",
        if_match: str = "",
    ) -> Moved:
        """Halt a release at once."""
        return cast(Moved, self._send(
            "POST", "/api/v1/use-cases/{name}/releases/{release}/abort", {"name": name, "release": release},
            body={"reason": reason},
            idempotency_key=idempotency_key,
            if_match=if_match,
        ))

    def roll_back(
        self,
        name: str,
        *,
        reason: str,
        idempotency_key: str = "",
    ) -> Moved:
        """Halt what is in production and bring back the release before it."""
        return cast(Moved, self._send(
            "POST", "/api/v1/use-cases/{name}/rollback", {"name": name},
            body={"reason": reason},
            idempotency_key=idempotency_key,
        ))

    def list_stops(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> StopList:
        """What is stopped now."""
        return cast(StopList, self._send(
            "GET", "/api/v1/stop", {},
            query={"after": after, "limit": limit},
        ))

    def iter_stops(
        self,
        *,
        limit: int | None = None,
    ) -> Iterator[StopNow]:
        """What is stopped now. Page after page, until the end."""
        return self._pages(lambda after: self.list_stops(limit=limit, after=after), "stops")

    def stop(
        self,
        *,
        scope: str,
        reason: str,
        idempotency_key: str = "",
    ) -> StopThrown:
        """Throw the stop switch for a scope."""
        return cast(StopThrown, self._send(
            "POST", "/api/v1/stop", {},
            body={"scope": scope, "reason": reason},
            idempotency_key=idempotency_key,
        ))

    def resume(
        self,
        id: str,
        *,
        reason: str | None = None,
        idempotency_key: str = "",
    ) -> StopLifted:
        """Lift a stop; needs a second person."""
        return cast(StopLifted, self._send(
            "POST", "/api/v1/stop/{id}/resume", {"id": id},
            body={"reason": reason},
            idempotency_key=idempotency_key,
        ))

    def list_alerts(
        self,
        *,
        use_case: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> AlertList:
        """Alerts, newest first, and who was told."""
        return cast(AlertList, self._send(
            "GET", "/api/v1/alerts", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        ))

    def iter_alerts(
        self,
        *,
        use_case: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ToldAlert]:
        """Alerts, newest first, and who was told. Page after page, until the end."""
        return self._pages(lambda after: self.list_alerts(use_case=use_case, limit=limit, after=after), "alerts")

    def show_alert(
        self,
        id: str,
    ) -> AlertSeen:
        """One alert."""
        return cast(AlertSeen, self._send(
            "GET", "/api/v1/alerts/{id}", {"id": id},
        ))

    def acknowledge_alert(
        self,
        id: str,
        *,
        reason: str | None = None,
        idempotency_key: str = "",
    ) -> AlertSeen:
        """Say that somebody looks at it; it fires on until it is over."""
        return cast(AlertSeen, self._send(
            "POST", "/api/v1/alerts/{id}/acknowledge", {"id": id},
            body={"reason": reason},
            idempotency_key=idempotency_key,
        ))

    def show_incident(
        self,
        *,
        from_: str,
        to: str | None = None,
        use_case: str | None = None,
    ) -> IncidentTold:
        """Releases, alerts, stops and actions of a period, and the cases they touched."""
        return cast(IncidentTold, self._send(
            "GET", "/api/v1/incident", {},
            query={"from": from_, "to": to, "use_case": use_case},
        ))

    def read_costs(
        self,
        *,
        use_case: str | None = None,
        since: str | None = None,
        until: str | None = None,
        by: str | None = None,
        every: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> CostReport:
        """What was spent, per case and of the budgets; of all use cases, or of one."""
        return cast(CostReport, self._send(
            "GET", "/api/v1/costs", {},
            query={"use_case": use_case, "since": since, "until": until, "by": by, "every": every, "after": after, "limit": limit},
        ))

    def iter_costs(
        self,
        *,
        use_case: str | None = None,
        since: str | None = None,
        until: str | None = None,
        by: str | None = None,
        every: str | None = None,
        limit: int | None = None,
    ) -> Iterator[CostLine]:
        """What was spent, per case and of the budgets; of all use cases, or of one. Page after page, until the end."""
        return self._pages(lambda after: self.read_costs(use_case=use_case, since=since, until=until, by=by, every=every, limit=limit, after=after), "lines")

    def read_forecast(
        self,
        name: str,
        *,
        volume: str | None = None,
    ) -> ForecastTold:
        """Where this month will end, and what a month of so many cases costs."""
        return cast(ForecastTold, self._send(
            "GET", "/api/v1/use-cases/{name}/forecast", {"name": name},
            query={"volume": volume},
        ))

    def search_knowledge(
        self,
        name: str,
        base: str,
        *,
        q: str,
        limit: int | None = None,
    ) -> PassageList:
        """Passages of a knowledge source, best first, with the rights of the release that works."""
        return cast(PassageList, self._send(
            "GET", "/api/v1/use-cases/{name}/knowledge/{base}", {"name": name, "base": base},
            query={"q": q, "limit": limit},
        ))

    def read_checkpoint(
        self,
    ) -> CheckpointTold:
        """The newest signed head of the ledger, to be kept elsewhere."""
        return cast(CheckpointTold, self._send(
            "GET", "/api/v1/ledger/checkpoint", {},
        ))

    def list_entries(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> EntryList:
        """Entries of the ledger, oldest first."""
        return cast(EntryList, self._send(
            "GET", "/api/v1/ledger/entries", {},
            query={"after": after, "limit": limit},
        ))

    def iter_entries(
        self,
        *,
        limit: int | None = None,
    ) -> Iterator[EntryTold]:
        """Entries of the ledger, oldest first. Page after page, until the end."""
        return self._pages(lambda after: self.list_entries(limit=limit, after=after), "entries")

    def read_entry(
        self,
        seq: str,
    ) -> EntryTold:
        """One entry of the ledger."""
        return cast(EntryTold, self._send(
            "GET", "/api/v1/ledger/entries/{seq}", {"seq": seq},
        ))

    def prove_entry(
        self,
        seq: str,
    ) -> ProofTold:
        """That an entry lies under the newest signed head, checkable without this server."""
        return cast(ProofTold, self._send(
            "GET", "/api/v1/ledger/entries/{seq}/proof", {"seq": seq},
        ))

    def who_am_i(
        self,
    ) -> WhoTold:
        """Whom this key stands for, and what it may ask for."""
        return cast(WhoTold, self._send(
            "GET", "/api/v1/me", {},
        ))

    def list_accounts(
        self,
        *,
        after: str | None = None,
        limit: int | None = None,
    ) -> AccountList:
        """Accounts by id."""
        return cast(AccountList, self._send(
            "GET", "/api/v1/accounts", {},
            query={"after": after, "limit": limit},
        ))

    def iter_accounts(
        self,
        *,
        limit: int | None = None,
    ) -> Iterator[AccountRow]:
        """Accounts by id. Page after page, until the end."""
        return self._pages(lambda after: self.list_accounts(limit=limit, after=after), "accounts")

    def add_account(
        self,
        *,
        id: str,
        name: str,
        kind: str,
        roles: list[str],
        idempotency_key: str = "",
    ) -> AccountKept:
        """Add an account; a person of it signs in by a link."""
        return cast(AccountKept, self._send(
            "POST", "/api/v1/accounts", {},
            body={"id": id, "name": name, "kind": kind, "roles": roles},
            idempotency_key=idempotency_key,
        ))

    def list_keys(
        self,
        *,
        use_case: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> KeyList:
        """Keys of the API by id, without their secrets."""
        return cast(KeyList, self._send(
            "GET", "/api/v1/keys", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        ))

    def iter_keys(
        self,
        *,
        use_case: str | None = None,
        limit: int | None = None,
    ) -> Iterator[KeyRow]:
        """Keys of the API by id, without their secrets. Page after page, until the end."""
        return self._pages(lambda after: self.list_keys(use_case=use_case, limit=limit, after=after), "keys")

    def issue_key(
        self,
        *,
        principal: str,
        use_case: str | None = None,
        idempotency_key: str = "",
    ) -> KeyIssued:
        """A key for a program, or for oneself. It is told once."""
        return cast(KeyIssued, self._send(
            "POST", "/api/v1/keys", {},
            body={"principal": principal, "use_case": use_case},
            idempotency_key=idempotency_key,
        ))

    def revoke_key(
        self,
        id: str,
        *,
        idempotency_key: str = "",
    ) -> KeyRevoked:
        """Take a key back; it is good for nothing from then on."""
        return cast(KeyRevoked, self._send(
            "POST", "/api/v1/keys/{id}/revoke", {"id": id},
            body={},
            idempotency_key=idempotency_key,
        ))

    def list_gateway_keys(
        self,
        *,
        use_case: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> KeyList:
        """Keys for calls to models by id, without their secrets."""
        return cast(KeyList, self._send(
            "GET", "/api/v1/gateway/keys", {},
            query={"use_case": use_case, "after": after, "limit": limit},
        ))

    def iter_gateway_keys(
        self,
        *,
        use_case: str | None = None,
        limit: int | None = None,
    ) -> Iterator[KeyRow]:
        """Keys for calls to models by id, without their secrets. Page after page, until the end."""
        return self._pages(lambda after: self.list_gateway_keys(use_case=use_case, limit=limit, after=after), "keys")

    def issue_gateway_key(
        self,
        *,
        use_case: str,
        release: str,
        stage: str,
        principal: str | None = None,
        idempotency_key: str = "",
    ) -> KeyIssued:
        """A key for programs of a use case that call models. It is told once."""
        return cast(KeyIssued, self._send(
            "POST", "/api/v1/gateway/keys", {},
            body={"use_case": use_case, "release": release, "stage": stage, "principal": principal},
            idempotency_key=idempotency_key,
        ))

    def revoke_gateway_key(
        self,
        id: str,
        *,
        idempotency_key: str = "",
    ) -> KeyRevoked:
        """No gateway takes this key any more."""
        return cast(KeyRevoked, self._send(
            "POST", "/api/v1/gateway/keys/{id}/revoke", {"id": id},
            body={},
            idempotency_key=idempotency_key,
        ))
