"""Every operation of the API: who may ask, and that what comes back is what the document says."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator
from tests.operate.office import BEN
from tests.server.desk import PEOPLE, Browser, Desk, Machine, reply

from roadworthy.casework.vocabulary import Passage
from roadworthy.operate import stopping
from roadworthy.principal import Kind, Principal, Role
from roadworthy.server.api import OPERATIONS
from roadworthy.server.openapi import document
from roadworthy.server.operations import PREFIX, Operation
from roadworthy.stage import Stage

R = Role
ALL = frozenset(R)
STAFF = ALL - {R.CLIENT}
REVIEWS = frozenset({R.REVIEWER, R.RISK_OFFICER, R.OWNER, R.OPERATOR})
DECIDE = frozenset({R.REVIEWER, R.RISK_OFFICER, R.OWNER})
ASSIGN = frozenset({R.RISK_OFFICER, R.OWNER})
STOPS = frozenset({R.OWNER, R.BUILDER, R.RISK_OFFICER, R.OPERATOR, R.ADMIN})
GATEWAY = frozenset({R.BUILDER, R.OPERATOR, R.OWNER, R.ADMIN})
LEDGER = frozenset({R.RISK_OFFICER, R.AUDITOR, R.OPERATOR, R.ADMIN, R.OWNER})
ADMIN = frozenset({R.ADMIN})
DESCRIBED = {one.name: one for one in OPERATIONS}
DOCUMENT = document(OPERATIONS, title="Test")
CODE = "RW-ACCESS-001"
"""What somebody is told whose role may not ask at all."""


class Asked(NamedTuple):
    """A request of an operation, and the roles that may make it."""

    address: str
    roles: frozenset[Role]
    body: dict[str, Any] | None = None


PERSON = Principal("nora", "Nora", Kind.PERSON, frozenset({R.REVIEWER}))
D = "/use-cases/desk"
WHY = {"reason": "a test"}
ASKED: dict[str, Asked] = {
    "submitCase": Asked("/cases", frozenset({R.CLIENT, R.BUILDER, R.OPERATOR, R.OWNER}),
                        {"use_case": "desk", "key": "N-1", "data": {"text": "refund 0.9"}}),
    "listCases": Asked("/cases?limit=1", STAFF),
    "recordOutcome": Asked("/cases/T-1/outcome?use_case=desk", frozenset({R.CLIENT, R.REVIEWER, R.OPERATOR, R.OWNER}),
                           {"truth": "refund", "source": "crm"}),
    "rateCase": Asked("/cases/T-1/rating?use_case=desk", frozenset({R.CLIENT, R.OPERATOR, R.OWNER}), {"stars": 4}),
    "explainCase": Asked("/cases/T-1", STAFF),
    "explainPolicies": Asked("/policies/cases/T-1", STAFF),
    "readLineage": Asked("/lineage/cases/T-1", STAFF),
    "listUses": Asked("/lineage/model/intent?limit=1", STAFF),
    "listReviews": Asked("/reviews?limit=1", REVIEWS),
    "showReview": Asked("/reviews/{review}", REVIEWS),
    "decideReview": Asked("/reviews/{second}/decide", DECIDE, {"verdict": "approve", "seen": "{proposal}"}),
    "readInbox": Asked("/inbox?view=all&limit=1", REVIEWS),
    "claimNext": Asked("/inbox/next?use_case=desk", REVIEWS, {}),
    "decideTogether": Asked("/inbox/decide", ALL, {"verdict": "approve", "seen": {"none": "x"}}),
    "listAlike": Asked("/reviews/{review}/alike", DECIDE),
    "claimReview": Asked("/reviews/{review}/claim", DECIDE, {}),
    "releaseReview": Asked("/reviews/{review}/release", DECIDE, {}),
    "assignReview": Asked("/reviews/{review}/assign", ASSIGN, {"to": "nora"}),
    "delegateReview": Asked("/reviews/{review}/delegate", DECIDE, {"to": "the-reviewer", "reason": "away"}),
    "answerFirst": Asked("/reviews/{review}/own-answer", DECIDE, {"answer": "refund"}),
    "undoDecision": Asked("/reviews/{review}/undo", DECIDE, {}),
    "noteAbsence": Asked("/absences", ASSIGN, {
        "person": "nora", "deputy": "the-owner",
        "starts": "2026-05-04T09:00+00:00", "ends": "2026-05-05T09:00+00:00"}),
    "endAbsence": Asked("/absences/{absence}/end", ASSIGN, {}),
    "setSkill": Asked("/skills", ASSIGN, {"person": "the-reviewer", "skill": "french"}),
    "readReviewers": Asked(f"{D}/reviewers", frozenset({R.OWNER})),
    "listEffects": Asked("/effects?limit=1", STAFF),
    "showEffect": Asked("/effects/{effect}", STAFF),
    "retryEffect": Asked("/effects/{effect}/retry", DECIDE, WHY),
    "confirmEffect": Asked("/effects/{effect}/confirm", DECIDE, WHY),
    "parkEffect": Asked("/effects/{effect}/park", frozenset({R.OPERATOR, R.OWNER, R.RISK_OFFICER, R.BUILDER}), WHY),
    "releaseEffect": Asked("/effects/{effect}/release", frozenset({R.OPERATOR, R.OWNER, R.RISK_OFFICER}), WHY),
    "listTools": Asked(f"{D}/tools?limit=2", STAFF),
    "checkTool": Asked(f"{D}/tools/mail.reply/check", frozenset({R.BUILDER, R.OPERATOR, R.OWNER, R.RISK_OFFICER}), {}),
    "releaseTool": Asked(f"{D}/tools/mail.reply/release", ASSIGN, WHY),
    "listUseCases": Asked("/use-cases", STAFF),
    "showUseCase": Asked(D, STAFF),
    "readVerdict": Asked(f"{D}/verdict?stage=canary", STAFF),
    "listEvidence": Asked(f"{D}/evidence", STAFF),
    "listCertificates": Asked(f"{D}/certificates?release=r1", STAFF),
    "listEvaluations": Asked(f"{D}/evaluations", STAFF),
    "listWaivers": Asked(f"{D}/waivers", STAFF),
    "grantWaiver": Asked(f"{D}/waivers", frozenset({R.RISK_OFFICER, R.OWNER}), {
        "requirement": "data.personal", "subject": "books", "asked_by": "ben", "reason": "a test", "days": 3}),
    "withdrawWaiver": Asked(f"{D}/waivers/withdraw", frozenset({R.RISK_OFFICER, R.OWNER}), {
        "requirement": "data.personal", "subject": "books", **WHY}),
    "listReleases": Asked(f"{D}/releases?limit=1", STAFF),
    "readAssignment": Asked(f"{D}/assignment?case=T-9", ALL),
    "showRelease": Asked(f"{D}/releases/r1", STAFF),
    "compareReleases": Asked(f"{D}/difference?before=r1&after=r2", STAFF),
    "approveRelease": Asked(f"{D}/releases/r1/approve", ASSIGN, WHY),
    "promoteRelease": Asked(f"{D}/releases/r1/promote", frozenset({R.OWNER, R.BUILDER, R.OPERATOR}), {"to": "production"}),
    "abortRelease": Asked(f"{D}/releases/r2/abort", STOPS, WHY),
    "rollBack": Asked(f"{D}/rollback", STOPS, WHY),
    "listStops": Asked("/stop", STAFF),
    "stop": Asked("/stop", STOPS, {"scope": "tool:post.send", "reason": "a test"}),
    "resume": Asked("/stop/{stop}/resume", ASSIGN, WHY),
    "listAlerts": Asked("/alerts", STAFF),
    "showAlert": Asked("/alerts/none", STAFF),
    "acknowledgeAlert": Asked("/alerts/none/acknowledge", ALL, WHY),
    "showIncident": Asked("/incident?from=2026-01-01T00:00:00Z", STAFF),
    "readCosts": Asked("/costs?use_case=desk", STAFF),
    "readForecast": Asked(f"{D}/forecast", STAFF),
    "searchKnowledge": Asked(f"{D}/knowledge/handbook?q=refund", frozenset({R.OWNER, R.BUILDER, R.REVIEWER, R.RISK_OFFICER})),
    "readCheckpoint": Asked("/ledger/checkpoint", LEDGER),
    "listEntries": Asked("/ledger/entries?limit=2", LEDGER),
    "readEntry": Asked("/ledger/entries/0", LEDGER),
    "proveEntry": Asked("/ledger/entries/1/proof", LEDGER),
    "whoAmI": Asked("/me", ALL),
    "listAccounts": Asked("/accounts?limit=2", ADMIN),
    "addAccount": Asked("/accounts", ADMIN, {"id": "robot", "name": "Robot", "kind": "service", "roles": ["client"]}),
    "setRoles": Asked("/accounts/crm/roles", ADMIN, {"roles": ["client", "auditor"], "was": ["client"]}),
    "disableAccount": Asked("/accounts/crm/disable", ADMIN, {}),
    "enableAccount": Asked("/accounts/crm/enable", ADMIN, {}),
    "listKeys": Asked("/keys?limit=1", ADMIN),
    "issueKey": Asked("/keys", ADMIN, {"principal": "crm", "use_case": "desk"}),
    "revokeKey": Asked("/keys/{key}/revoke", ADMIN, {}),
    "listGatewayKeys": Asked("/gateway/keys", GATEWAY),
    "issueGatewayKey": Asked("/gateway/keys", GATEWAY, {"use_case": "desk", "release": "r1", "stage": "pilot"}),
    "revokeGatewayKey": Asked("/gateway/keys/{gateway}/revoke", GATEWAY, {}),
}  # fmt: skip
NOTHING_THERE = {
    "showAlert", "acknowledgeAlert", "undoDecision", "answerFirst", "retryEffect", "confirmEffect", "parkEffect",
    "releaseEffect", "releaseTool", "promoteRelease", "rollBack", "delegateReview", "abortRelease",
    "decideTogether", "assignReview",
}  # fmt: skip
"""Here there is nothing of the kind, or somebody else has it: what comes back is a problem that says so."""


class Handbook:
    """The port ``Retriever``."""

    def search(self, query: str, *, top_k: int, subject: str = "") -> tuple[Passage, ...]:
        return (Passage("doc", "Refunds", f"about {query}", 0.5, "sha256:1", "2026-05-01"),)[:top_k]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A desk with a bit of everything, machines of all roles, and the names that addresses need."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.office.retrievers["handbook"] = Handbook()
    desk.office.release(reply)
    desk.office.release(reply, number=2, stage=Stage.HALTED, share=0.0)
    for key, text in (("T-1", "refund 0.9"), ("T-2", "refund 0.3"), ("T-3", "refund 0.2")):
        desk.office.submit(key, text)
    with desk.office.store.write() as tx:
        for person in (PERSON, BEN):
            desk.office.store.people.add(tx, person)
        desk.office.store.people.add(tx, Principal("crm", "CRM", Kind.SERVICE, frozenset({R.CLIENT})))
    desk.work()
    stop = stopping.stop(desk.deployment, PEOPLE[R.BUILDER], "tool:fax.send", reason="a test")
    machines = {role: desk.machine(PEOPLE[role]) for role in R}
    second = desk.open_review("T-3")
    made = machines[R.OWNER].post(f"{PREFIX}/absences", ASKED["noteAbsence"].body)
    names = {
        "review": desk.open_review("T-2").id,
        "second": second.id,
        "proposal": second.proposal,
        "effect": machines[R.OWNER].get(f"{PREFIX}/effects?state=confirmed").json()["effects"][0]["id"],
        "stop": stop.id,
        "absence": made.json()["absence"]["id"],
        "key": machines[R.ADMIN].post(f"{PREFIX}/keys", {"principal": "crm"}).json()["id"],
        "gateway": machines[R.OWNER].post(f"{PREFIX}/gateway/keys", ASKED["issueGatewayKey"].body).json()["id"],
    }  # fmt: skip
    yield SimpleNamespace(desk=desk, machines=machines, names=names)
    desk.office.store.close()


def ask(machine: Machine | Browser, name: str, names: dict[str, str], **headers: str) -> Any:
    row = ASKED[name]
    address = PREFIX + re.sub(r"\{(\w+)\}", lambda found: names[found[1]], row.address)
    if row.body is None:
        return machine.client.get(address, headers=headers)
    text = re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], found[0]), json.dumps(row.body))
    return machine.client.post(address, json=json.loads(text), headers=headers)


def closed(schema: Any) -> Any:
    """The schema with nothing allowed that it does not name: what is sent has to be described."""
    if isinstance(schema, dict):
        made = {name: closed(part) for name, part in schema.items()}
        return {"additionalProperties": False, **made} if isinstance(made.get("properties"), dict) else made
    return [closed(part) for part in schema] if isinstance(schema, list) else schema


CLOSED = closed(copy.deepcopy(DOCUMENT["components"]["schemas"]))


def check(answer: Any, operation: Operation) -> None:
    """The answer fits its description, whichever it is."""
    shape = operation.answer.__name__ if answer.status_code < 400 else "Problem"
    validator = Draft202012Validator(
        {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": CLOSED}}
    )
    problems = [
        f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer.json())
    ]
    assert not problems, problems
    kind = "application/json" if answer.status_code < 400 else "application/problem+json"
    assert answer.headers["content-type"] == kind
    described = DOCUMENT["paths"][PREFIX + re.sub(r":\w+}", "}", operation.path)][operation.method.lower()]
    assert str(answer.status_code) in described["responses"]


def test_every_operation_is_asked_here() -> None:
    """A new operation fails here until it says who may use it."""
    assert set(ASKED) == set(DESCRIBED)


@pytest.mark.parametrize("name", DESCRIBED)
def test_an_operation_is_for_the_roles_that_may(there: SimpleNamespace, name: str) -> None:
    refused, done = set(), False
    for role, machine in sorted(there.machines.items(), key=lambda row: row[0] in ASKED[name].roles):
        answer = ask(machine, name, there.names)
        assert answer.status_code not in {401, 500}, answer.text
        check(answer, DESCRIBED[name])
        if answer.status_code == 403 and answer.json()["code"] == CODE:
            refused.add(role)
        done = done or answer.status_code < 300
    assert {role.value for role in ALL - refused} == {role.value for role in ASKED[name].roles}
    assert done or name in NOTHING_THERE
    stranger = Browser(there.desk.app)
    assert ask(stranger, name, there.names).status_code == 401
