"""Use cases, releases, verdicts and evidence."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from roadworthy.server.operations import Shape


class ApprovalTold(Shape):
    """A person's yes to a release."""

    role: str
    principal: str
    demo: bool
    reason: str
    at: str
    expires_at: str
    expired: bool


class ReleaseRow(Shape):
    """A release and who approved it."""

    name: str
    use_case: str
    digest: str
    short: str
    stage: str
    share: float
    author: str
    note: str
    reason: str
    created_at: str
    stage_since: str
    approvals: list[ApprovalTold]


class ReleaseList(Shape):
    """Releases, newest first."""

    use_case: str
    releases: list[ReleaseRow]
    after: str


class CanaryMetric(Shape):
    """One figure of a canary, beside the cases that it did not get."""

    metric: str
    state: str
    cases: int
    cases_beside: int
    mean: float | None
    mean_beside: float | None
    margin: float
    tolerance: float
    cases_of_step: int


class CanaryTold(Shape):
    """How a canary stands."""

    step: int
    of: int
    state: str
    passed: bool
    missing: list[str]
    metrics: list[CanaryMetric]


class ReleaseNow(Shape):
    """A release where it stands."""

    release: str
    digest: str
    use_case: str
    stage: str
    share: float
    step: int
    since: str
    author: str
    note: str
    reason: str
    fit_until: str | None
    signed_by: str


class ReleaseTold(ReleaseNow):
    """One release: its files by digest, its signature verified, how its canary stands."""

    files: dict[str, str]
    canary: CanaryTold | None


class ReleaseMoved(ReleaseNow):
    """A release that moved, and from which stage."""

    before: str = Field(alias="from")


class Moved(Shape):
    """Every release that moved."""

    moved: list[ReleaseMoved]


class Approved(Shape):
    """The approval that was given."""

    approval: ApprovalTold


class AssignmentTold(Shape):
    """Which release does a case; null where people do it, and why."""

    use_case: str
    case: str
    release: str | None
    digest: str | None
    stage: str
    shadow: str | None
    share: float
    taken: bool
    why: str
    stopped: str


class DifferenceTold(Shape):
    """One thing that tells two releases apart, in words."""

    kind: str
    about: str
    sentence: str
    before: Any
    after: Any


class DifferenceList(Shape):
    """What tells two releases apart."""

    use_case: str
    before: str
    after: str
    differences: list[DifferenceTold]


class FindingTold(Shape):
    """One requirement: whether it holds, why, and the next step."""

    requirement: str
    theme: str
    subject: str
    asks: str
    mark: str
    reason: str
    value: float | None
    threshold: float | None
    unit: str
    n: int
    measured_at: str | None
    valid_until: str | None
    simulated: list[str]
    next_step: str


class VerdictTold(Shape):
    """What the gate concludes; what does not hold comes first."""

    use_case: str
    release: str
    stage: str
    verdict: str
    sentence: str
    policy_version: str
    decided_at: str
    notes: list[str]
    findings: list[FindingTold]
    headline: str
    open: int


class WaiverTold(Shape):
    """An exception with a reason and an end."""

    requirement: str
    subject: str
    reason: str
    asked_by: str
    granted_by: str
    demo: bool
    expires_at: str
    holds: bool


class WaiverKept(Shape):
    """The waiver that was granted."""

    waiver: WaiverTold


class WaiverWithdrawn(Shape):
    """What no waiver is in force for any more."""

    use_case: str
    requirement: str
    subject: str


class WaiverList(Shape):
    """Waivers of a use case."""

    use_case: str
    waivers: list[WaiverTold]
    after: str


class MeasurementTold(Shape):
    """One measured fact with its interval, method and how long it is believed."""

    id: str
    kind: str
    subject: str
    value: float | None
    unit: str
    n: int
    low: float | None
    high: float | None
    method: str
    inputs: str
    release: str
    simulated: list[str]
    at: str
    valid_until: str


class EvidenceList(Shape):
    """Measurements, newest first."""

    use_case: str
    measurements: list[MeasurementTold]
    after: str


class CertificateTold(Shape):
    """A proof from which score on cases may be automatic. ``why_not`` is empty while it holds."""

    id: str
    use_case: str
    release: str
    error_kind: str
    alpha: float
    delta: float
    threshold: float | None
    n: int
    accepted: int
    wrong: int
    upper: float | None
    automation: float | None
    data_digest: str
    certified_at: str
    expires_at: str
    mix: dict[str, Any]
    grader: str
    effects: list[str]
    slice: str
    suspended_at: str | None
    suspended_because: str
    why_not: str


class CertificateList(Shape):
    """Certificates of a release, newest first."""

    use_case: str
    release: str
    certificates: list[CertificateTold]
    after: str


class EvaluationRow(Shape):
    """An evaluation of a release on a suite; ``finished_at`` is null while it goes on."""

    id: str
    use_case: str
    suite: str
    suite_digest: str
    target: str
    release: str
    repeats: int
    principal: str
    started_at: str
    finished_at: str | None
    digest: str


class EvaluationList(Shape):
    """Evaluations, newest first."""

    use_case: str
    evaluations: list[EvaluationRow]
    after: str


class UseCaseRow(Shape):
    """A use case, how far its newest release is, and what waits."""

    name: str
    stage: str
    release: str
    releases: int
    open_reviews: int
    stopped: bool


class UseCaseList(Shape):
    """Use cases by name."""

    use_cases: list[UseCaseRow]
    after: str


class UseCaseTold(Shape):
    """One use case: charter, road, releases, certificates, stops, verdict, spot checks."""

    name: str
    road: list[dict[str, str]]
    release: dict[str, Any]
    releases: list[ReleaseRow]
    certificates: list[CertificateTold]
    suites: list[dict[str, Any]]
    waivers: list[WaiverTold]
    cases: dict[str, int]
    open_reviews: int
    stops: list[dict[str, Any]]
    you_may_stop: bool
    charter: dict[str, Any]
    verdict: VerdictTold
    canary: dict[str, Any] | None
    spot_checks: dict[str, Any]
