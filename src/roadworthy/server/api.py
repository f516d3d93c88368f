"""The API under ``/api/v1``: one table of operations, from which routes and the OpenAPI document come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from roadworthy.casework.review import Review, Verdict
from roadworthy.errors import InputProblem, Problem
from roadworthy.operate import intake, outcomes, reviewing, stopping
from roadworthy.operate import rating as rating_verbs
from roadworthy.operate.explain import case_json
from roadworthy.principal import require
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.views import cases, reviews, rollouts, use_case, watching
from roadworthy.server.views.shared import active_stops, plain, stop_json

PREFIX = "/api/v1"


class NewCase(Body):
    """One unit of business work. The same key names the same case for ever."""

    use_case: str
    key: str
    data: dict[str, Any]


class NewOutcome(Body):
    """What turned out to be right, and who knows (``crm``, ``agent``)."""

    truth: str
    source: str


class NewRating(Body):
    """How content somebody was: 1 (not at all) to 5 stars."""

    stars: int


class NewDecision(Body):
    """A person's answer to a review. ``seen`` is the ``proposal`` digest of the review as it was shown."""

    verdict: str
    seen: str
    reason: str = ""
    edits: dict[str, Any] = Field(default_factory=dict)
    answer: str = ""


class NewStop(Body):
    """What to stop: ``all``, ``use_case:NAME``, ``release:USE_CASE/r2`` or ``release:DIGEST``, ``tool:NAME`` or
    ``model:NAME`` of a task or a language model."""

    scope: str
    reason: str


class NewResume(Body):
    """Why it may go on."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers: status and JSON object."""

    status: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a machine may ask for. ``query`` names its parameters, each with what it means."""

    method: str
    path: str
    name: str
    summary: str
    act: Callable[[Ask, Any], Reply]
    body: type[Body] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    statuses: tuple[int, ...] = (200,)


def submit_case(ask: Ask, body: NewCase) -> Reply:
    """Take in a case: 202 when it is new, 200 when its key was taken in before."""
    receipt = intake.submit(ask.deployment, ask.principal, body.use_case, body.key, body.data)
    content = {"case": plain(case_json(receipt.case)), "again": receipt.again}
    return Reply(200 if receipt.again else 202, content)


def record_outcome(ask: Ask, body: NewOutcome) -> Reply:
    """Note what was right; the answer lists what was recorded, nothing where it was known."""
    recorded = outcomes.record_outcome(
        ask.deployment, ask.principal, ask.use_case, ask.path["key"], truth=body.truth, source=body.source
    )
    return Reply(
        200,
        {
            "outcomes": [
                {
                    "case": outcome.case,
                    "truth": outcome.truth,
                    "judgement": outcome.judgement,
                    "source": outcome.source,
                    "at": outcome.at.isoformat(),
                }
                for outcome in recorded
            ]
        },
    )


def rate_case(ask: Ask, body: NewRating) -> Reply:
    """Keep how content somebody was with a case."""
    rating = rating_verbs.rate_case(
        ask.deployment, ask.principal, ask.use_case, ask.path["key"], stars=body.stars
    )
    return Reply(200, {"rating": {"case": rating.case, "stars": rating.stars, "at": rating.at.isoformat()}})


def decide(ask: Ask, body: NewDecision) -> Reply:
    """Answer a review; see ``decide_review``."""
    decided = decide_review(ask, ask.path["id"], body)
    return Reply(200, {"review": reviews.review_json(decided, now=ask.deployment.now())})


def decide_review(ask: Ask, review: str, body: NewDecision) -> Review:
    """Pass a decision on; the pages do it through here too. Errors: RW-REVIEW-003 for an unknown verdict."""
    if body.verdict not in set(Verdict):
        raise InputProblem(
            "RW-REVIEW-003",
            Problem(f"`{body.verdict}` is no answer", hint=f"possible: {', '.join(Verdict)}"),
        )
    return reviewing.decide_review(
        ask.deployment,
        ask.principal,
        review,
        Verdict(body.verdict),
        seen=body.seen,
        reason=body.reason,
        edits=body.edits,
        answer=body.answer,
    )


def stop(ask: Ask, body: NewStop) -> Reply:
    """Throw the stop switch."""
    thrown = stopping.stop(ask.deployment, ask.principal, body.scope, reason=body.reason)
    return Reply(200, {"stop": stop_json(thrown)})


def resume(ask: Ask, body: NewResume) -> Reply:
    """Lift a stop."""
    lifted = stopping.resume(ask.deployment, ask.principal, ask.path["id"], reason=body.reason)
    return Reply(200, {"stop": stop_json(lifted)})


def stops(ask: Ask, _body: None) -> Reply:
    """What is stopped now, as far as this principal's use case is concerned."""
    require(ask.principal, "gate.read", use_case=ask.principal.use_case)
    with ask.deployment.store.read() as tx:
        return Reply(200, {"stops": active_stops(ask, tx, use_case=ask.principal.use_case)})


def _showing(view: Callable[[Ask], dict[str, Any]]) -> Callable[[Ask, None], Reply]:
    """An operation that answers with what the page of the same name shows."""
    return lambda ask, _body: Reply(200, view(ask))


def _doing(act: Callable[[Ask, Any], dict[str, Any]]) -> Callable[[Ask, Any], Reply]:
    """An operation that changes something and answers with what it changed."""
    return lambda ask, body: Reply(200, act(ask, body))


_PAGED = {"after": "cursor: `after` of the page before", "limit": "rows, 1 to 200 (default 50)"}
_WHICH = {
    "stage": "pilot, shadow, canary or production (default: the next one)",
    "release": "name such as `r2`, or digest (default: the newest that has not ended)",
}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST", "/cases", "submitCase", "Take in a case; the same key again finds the same case.",
        submit_case, NewCase, statuses=(202, 200),
    ),
    Operation(
        "GET", "/cases", "listCases", "Cases, newest first.",
        _showing(cases.cases),
        query={
            "use_case": "only this one", "state": "open, waiting, delivering, parked or closed",
            "stage": "stage the case was taken in at", "release": "digest, or name together with `use_case`",
            **_PAGED,
        },
    ),
    Operation(
        "POST", "/cases/{key:path}/outcome", "recordOutcome",
        "Note what the right answer was; the same source again changes nothing.",
        record_outcome, NewOutcome, query={"use_case": "whose case the key names"}, required=frozenset({"use_case"}),
    ),
    Operation(
        "POST", "/cases/{key:path}/rating", "rateCase",
        "Say how content somebody was, 1 to 5 stars; rating again replaces it. It proves nothing about what was right.",
        rate_case, NewRating, query={"use_case": "whose case the key names"}, required=frozenset({"use_case"}),
    ),
    Operation(
        "GET", "/cases/{name:path}", "explainCase", "Everything on record about a case, by id or key.",
        _showing(cases.explained), query={"use_case": "whose case the key names"},
    ),
    Operation(
        "GET", "/reviews", "listReviews", "Open reviews, the longest waiting first.",
        _showing(reviews.inbox), query={"use_case": "only this one", **_PAGED},
    ),
    Operation(
        "GET", "/reviews/{id}", "showReview", "One review: case, proposal, reasons, possible answers.",
        _showing(reviews.review),
    ),
    Operation(
        "POST", "/reviews/{id}/decide", "decideReview", "Answer a review, bound to the proposal that was seen.",
        decide, NewDecision,
    ),
    Operation(
        "GET", "/use-cases/{name}/verdict", "readVerdict", "What the gate concludes now.",
        _showing(use_case.gate_verdict), query=_WHICH,
    ),
    Operation(
        "GET", "/use-cases/{name}/releases", "listReleases", "All releases with their stages and approvals.",
        _showing(use_case.releases),
    ),
    Operation(
        "GET", "/use-cases/{name}/assignment", "readAssignment",
        "Which release the case of a key has, or would get; the same key gets the same answer.",
        _showing(rollouts.assignment), query={"case": "external key of the case"}, required=frozenset({"case"}),
    ),
    Operation(
        "GET", "/use-cases/{name}/releases/{release}", "showRelease",
        "One release: signature, files, and how its canary stands.", _showing(rollouts.shown),
    ),
    Operation(
        "GET", "/use-cases/{name}/difference", "compareReleases", "What tells two releases apart, in words.",
        _showing(rollouts.difference), query={"before": "name or digest", "after": "name or digest"},
        required=frozenset({"before", "after"}),
    ),
    Operation(
        "POST", "/use-cases/{name}/releases/{release}/promote", "promoteRelease",
        "Move a release one stage on, or its canary one step, if the gate passes.",
        _doing(rollouts.promoted), rollouts.NewPromotion,
    ),
    Operation(
        "POST", "/use-cases/{name}/releases/{release}/abort", "abortRelease", "Halt a release at once.",
        _doing(rollouts.aborted), rollouts.NewReason,
    ),
    Operation(
        "POST", "/use-cases/{name}/rollback", "rollBack",
        "Halt what is in production and bring back the release before it.",
        _doing(rollouts.went_back), rollouts.NewReason,
    ),
    Operation(
        "GET", "/lineage/cases/{name:path}", "readLineage", "What a case's decision rests on, and what it caused.",
        _showing(watching.of_case),
        query={"use_case": "whose case the key names", "form": "`edges` (default) or `prov` for PROV-JSON"},
    ),
    Operation(
        "GET", "/lineage/{kind}/{name:path}", "listUses", "Decisions that used a document, a model or a tool, newest first.",
        _showing(watching.uses), query={"version": "only this digest", **_PAGED},
    ),
    Operation(
        "GET", "/alerts", "listAlerts", "Alerts, newest first, and who was told.",
        _showing(watching.alerts), query={"use_case": "only this one", **_PAGED},
    ),
    Operation(
        "POST", "/alerts/{id}/acknowledge", "acknowledgeAlert", "Say that somebody looks at it; it fires on until it is over.",
        _doing(watching.acknowledged), NewResume,
    ),
    Operation(
        "GET", "/incident", "showIncident", "Releases, alerts, stops and actions of a period, and the cases they touched.",
        _showing(watching.incident_of),
        query={"from": "time with zone", "to": "time with zone (default: now)", "use_case": "only this one"},
        required=frozenset({"from"}),
    ),
    Operation("GET", "/stop", "listStops", "What is stopped now.", stops),
    Operation("POST", "/stop", "stop", "Throw the stop switch for a scope.", stop, NewStop),
    Operation(
        "POST", "/stop/{id}/resume", "resume", "Lift a stop; needs a second person.", resume, NewResume,
    ),
)  # fmt: skip
