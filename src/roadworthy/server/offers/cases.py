"""Cases: taken in, listed, explained; outcomes, ratings, lineage, and what policies said."""

from __future__ import annotations

from typing import Any

from roadworthy.operate import intake, outcomes
from roadworthy.operate import rating as rating_verbs
from roadworthy.operate.explain import case_json, find_case
from roadworthy.operate.policies.explaining import explain_effects
from roadworthy.ports import Transaction
from roadworthy.server.answers import cases as told
from roadworthy.server.asking import Ask
from roadworthy.server.bodies import Body
from roadworthy.server.operations import PAGED, Operation, Reply, showing
from roadworthy.server.views import cases, watching
from roadworthy.server.views.shared import plain

_WHOSE = {"use_case": "whose case the key names"}


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


def grounds(ask: Ask) -> dict[str, Any]:
    """What policies said of the effects of a case, and what they say now."""
    found = explain_effects(ask.deployment, ask.principal, ask.path["name"], use_case=ask.use_case)
    return {"effects": [plain(one.as_json()) for one in found]}


def version_of_case(ask: Ask, tx: Transaction) -> str:
    """The version of the case that the path names."""
    return str(find_case(ask.deployment, tx, ask.path["name"], use_case=ask.use_case).version)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST", "/cases", "submitCase", "Take in a case; the same key again finds the same case.",
        submit_case, NewCase, statuses=(202, 200), answer=told.TakenIn,
    ),
    Operation(
        "GET", "/cases", "listCases", "Cases, newest first.",
        showing(cases.cases),
        query={
            "use_case": "only this one", "state": "open, waiting, delivering, parked or closed",
            "stage": "stage the case was taken in at", "release": "digest, or name together with `use_case`",
            **PAGED,
        },
        answer=told.CaseList,
    ),
    Operation(
        "POST", "/cases/{key:path}/outcome", "recordOutcome",
        "Note what the right answer was; the same source again changes nothing.",
        record_outcome, NewOutcome, query=_WHOSE, required=frozenset({"use_case"}), answer=told.OutcomesKept,
    ),
    Operation(
        "POST", "/cases/{key:path}/rating", "rateCase",
        "Say how content somebody was, 1 to 5 stars; rating again replaces it. It proves nothing about what was right.",
        rate_case, NewRating, query=_WHOSE, required=frozenset({"use_case"}), answer=told.RatingKept,
    ),
    Operation(
        "GET", "/cases/{name:path}", "explainCase", "Everything on record about a case, by id or key.",
        showing(cases.explained), query=_WHOSE, answer=told.CaseTold, version=version_of_case,
    ),
    Operation(
        "GET", "/policies/cases/{name:path}", "explainPolicies",
        "For every effect of a case: what policies said of it, by which rules, and what they say now.",
        showing(grounds), query=_WHOSE, answer=told.Grounds,
    ),
    Operation(
        "GET", "/lineage/cases/{name:path}", "readLineage", "What a case's decision rests on, and what it caused.",
        showing(watching.of_case),
        query={**_WHOSE, "form": "`edges` (default) or `prov` for PROV-JSON"}, answer=told.LineageTold,
    ),
    Operation(
        "GET", "/lineage/{kind}/{name:path}", "listUses", "Decisions that used a document, a model or a tool, newest first.",
        showing(watching.uses), query={"version": "only this digest", **PAGED}, answer=told.UseList,
    ),
)  # fmt: skip
