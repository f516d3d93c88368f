"""A desk with one of everything, and the address of every page over it."""

from __future__ import annotations

from datetime import timedelta

from tests.server.desk import PEOPLE, Desk, reply
from tests.server.evaluated import evaluated

from roadworthy.gate import Waiver
from roadworthy.operate import outcomes, stopping
from roadworthy.operate.ideas import begin_idea
from roadworthy.principal import Approval, Kind, Principal, Role
from roadworthy.server.screens import PAGES
from roadworthy.stage import Stage

OWNER = PEOPLE[Role.OWNER]
EVERY = Principal("every", "Every role", Kind.PERSON, frozenset(Role) - {Role.CLIENT})
"""Somebody who may see every page."""


def furnish(desk: Desk) -> dict[str, str]:
    """Fill the desk; answers an address for the name of every page, also of pages that are added later."""
    release = desk.office.release(reply)
    desk.office.release(reply, stage=Stage.CANARY, share=0.5, number=2)
    desk.office.submit("T-1", "refund 0.9")
    desk.office.submit("T-2", "refund 0.3")
    desk.work()
    outcomes.record_outcome(desk.deployment, OWNER, "desk", "T-1", truth="refund", source="crm")
    stopping.stop(desk.deployment, PEOPLE[Role.BUILDER], "tool:fax.send", reason="paper jam")
    now = desk.office.clock.now()
    with desk.office.store.write() as tx:
        desk.office.store.people.add(tx, EVERY)
        evidence = desk.office.store.evidence
        approval = Approval(
            id="A-1", use_case="desk", kind="release", digest=release.digest, role=Role.OWNER, principal="olga",
            demo=True, reason="figures read", at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        evidence.add_approval(tx, approval)
        evidence.add_waiver(tx, "desk", Waiver("data.checks", "books", "moving", "ben", "rita", True, now + timedelta(days=9)))  # fmt: skip
    desk.work()
    case, review = desk.office.case("T-1").id, desk.open_review("T-2").id
    begin_idea(desk.deployment, OWNER, "returns-desk", "Returns desk")
    named = {"/cases/": case, "/ideas/": "returns-desk"}
    found = {}
    for page in PAGES:
        name = next((one for start, one in named.items() if page.path.startswith(start)), "desk")
        found[page.name] = page.path.format(name=name, id=review, release="r2", seq="0")
    return {**found, "evaluation": f"/evaluations/{evaluated(desk)}"}
